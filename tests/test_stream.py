"""The run as its listeners see it: the grammar of events, seeds, early close, modes, turns, tiles."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch

from diffir_demo.devices import lock_for
from diffir_demo.errors import InputError
from diffir_demo.events import Finished, Painting, PriorStep, Started
from diffir_demo.imaging import Picture
from diffir_demo.restore import restore, stream
from diffir_demo.tasks import TASKS, Request
from tests.tiny import engine

KEYS = list(TASKS)


def photo(height: int = 40, width: int = 56, seed: int = 0) -> Picture:
    rng = np.random.default_rng(seed)
    smooth = np.linspace(0, 200, width)[None, :, None] + rng.uniform(0, 55, (height, width, 3))
    return Picture(smooth.astype(np.uint8))


def case(key: str, height: int = 40, width: int = 56, seed: int = 0) -> Request:
    picture = photo(height, width)
    if not TASKS[key].wants_mask:
        return Request(picture, seed=seed)
    mask = np.zeros((height, width), bool)
    mask[height // 4 : height // 2, width // 4 : width // 2] = True
    return Request(picture, mask, seed)


@pytest.mark.parametrize("key", KEYS)
def test_grammar_of_events(key: str) -> None:
    events = list(stream(key, case(key), engine(key)))
    kinds = [type(event) for event in events]
    assert kinds[0] is Started and kinds[-1] is Finished
    assert kinds[1:5] == [PriorStep] * 4
    assert set(kinds[5:-1]) == {Painting}
    steps = [event for event in events if isinstance(event, PriorStep)]
    assert [step.t for step in steps] == [3, 2, 1, 0]
    assert [step.number for step in steps] == [1, 2, 3, 4]
    assert np.array_equal(steps[-1].x0, steps[-1].ipr)
    fractions = [event.fraction for event in events if isinstance(event, Painting)]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0 and fractions[0] > 0
    result = events[-1].restoration
    assert np.array_equal(result.ipr, steps[-1].ipr)
    assert result.steps == tuple(steps)
    assert result.seconds.total > 0 and result.seconds.paint > 0 and result.seconds.previews == 0
    assert events[0].output_size == (result.picture.width, result.picture.height)


@pytest.mark.parametrize("key", KEYS)
def test_the_seed_alone_decides_the_pixels(key: str) -> None:
    model = engine(key)
    first, again = (restore(key, case(key, seed=7), model).picture.pixels for _ in range(2))
    assert np.array_equal(first, again)
    other = [event for event in stream(key, case(key, seed=8), model) if isinstance(event, Started | Finished)]
    assert not np.array_equal(other[0].noise, next(iter(stream(key, case(key, seed=7), model))).noise)
    assert not np.array_equal(other[1].restoration.ipr, restore(key, case(key, seed=7), model).ipr)


@pytest.mark.parametrize("after", [Started, PriorStep, Painting])
def test_closing_early_gives_the_device_back(after: type) -> None:
    model = engine("deblur")
    events = stream("deblur", case("deblur"), model)
    for event in events:
        if isinstance(event, after):
            break
    assert lock_for(model.device).locked()
    events.close()
    assert not lock_for(model.device).locked()
    assert restore("deblur", case("deblur"), model).picture.width == 56


def test_no_mode_leaks_to_the_listener() -> None:
    for _ in stream("deblur", case("deblur"), engine("deblur", torch.bfloat16)):
        assert not torch.is_inference_mode_enabled()
        assert not torch.is_autocast_enabled("cpu")
        assert torch.is_grad_enabled()


def test_two_runs_take_turns_and_threads_may_resume() -> None:
    model, log = engine("deblur"), []

    def listen(name: str) -> None:
        for event in stream("deblur", case("deblur"), model):
            log.append((name, type(event)))

    threads = [threading.Thread(target=listen, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    starts = [i for i, (_, kind) in enumerate(log) if kind is Started]
    ends = [i for i, (_, kind) in enumerate(log) if kind is Finished]
    assert starts[0] < ends[0] < starts[1] < ends[1]


def test_a_step_can_be_resumed_from_another_thread() -> None:
    events, got = stream("sr", case("sr", 16, 16), engine("sr")), []
    got.append(next(events))
    thread = threading.Thread(target=lambda: got.extend(events))
    thread.start()
    thread.join()
    assert isinstance(got[-1], Finished)


def test_previews_are_pictures_and_change_nothing() -> None:
    model = engine("sr")
    events = list(stream("sr", case("sr", 16, 24), model, previews=True))
    steps = [event for event in events if isinstance(event, PriorStep)]
    assert [step.preview is not None for step in steps] == [True, True, True, False]
    assert all((s.preview.width, s.preview.height) == (96, 64) for s in steps[:3] if s.preview)
    assert events[-1].restoration.seconds.previews > 0
    assert np.array_equal(
        events[-1].restoration.picture.pixels, restore("sr", case("sr", 16, 24), model).picture.pixels
    )


@pytest.mark.parametrize("key", KEYS)
def test_tiles_agree_with_the_whole_picture_where_nothing_looks_far(key: str) -> None:
    """Tiles see other attention statistics, so they may differ a little, but no seam and no shift may show."""
    model = engine(key)
    request = case(key, 150, 200)
    whole = restore(key, request, model)
    tiled = restore(key, request, model, memory_budget=1)
    assert whole.tiles == 1 and not whole.notices
    assert tiled.tiles >= 1 and "tile" in tiled.notices[-1]
    assert tiled.picture.pixels.shape == whole.picture.pixels.shape
    difference = np.abs(tiled.picture.pixels.astype(int) - whole.picture.pixels.astype(int))
    assert difference.mean() < 6


def test_only_tiles_that_touch_the_hole_are_painted() -> None:
    model, request = engine("inpaint"), case("inpaint", 300, 400)
    request.mask[:] = False
    request.mask[5:9, 5:9] = True
    tiled = restore("inpaint", request, model, memory_budget=1)
    assert tiled.tiles == 1
    assert np.array_equal(tiled.picture.pixels[~request.mask], request.picture.pixels[~request.mask])


def test_bf16_is_close_to_fp32() -> None:
    exact = restore("deblur", case("deblur"), engine("deblur")).picture.pixels.astype(int)
    quick = restore("deblur", case("deblur"), engine("deblur", torch.bfloat16)).picture.pixels.astype(int)
    assert 0 <= np.abs(exact - quick).max() <= 8


def test_a_bad_request_fails_before_any_work() -> None:
    with pytest.raises(InputError, match="mask"):
        next(stream("inpaint", Request(photo()), engine("inpaint")))
    assert not lock_for(torch.device("cpu")).locked()
    with pytest.raises(InputError, match="no task"):
        next(stream("dehaze", Request(photo())))
