"""The run as its listeners see it: the grammar of events, seeds, early close, modes, turns, tiles."""

from __future__ import annotations

import dataclasses
import sys
import threading

import numpy as np
import pytest
import torch

from diffir_demo import tiling
from diffir_demo.api import Model, load
from diffir_demo.devices import lock_for
from diffir_demo.errors import DeviceError, InputError, WeightsError
from diffir_demo.events import Encoding, Finished, Painting, Started, Waiting
from diffir_demo.imaging import Picture
from diffir_demo.model import OFFICIAL, CpuDIRformer, DiffIR, DIRformer
from diffir_demo.model.cost import cost_of
from diffir_demo.restoration import PriorStep
from diffir_demo.run import run
from diffir_demo.settings import Settings
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
        return Request(picture, settings=Settings(seed=seed))
    mask = np.zeros((height, width), bool)
    mask[height // 4 : height // 2, width // 4 : width // 2] = True
    return Request(picture, mask, Settings(seed=seed))


@pytest.mark.parametrize("key", KEYS)
def test_grammar_of_events(key: str) -> None:
    events = list(engine(key).stream(case(key)))
    kinds = [type(event) for event in events]
    assert kinds[0] is Started and kinds[-1] is Finished
    assert kinds[1:5] == [PriorStep] * 4
    assert set(kinds[5:-1]) == {Painting}
    steps = [event for event in events if isinstance(event, PriorStep)]
    assert [step.t for step in steps] == [3, 2, 1, 0]
    assert [step.number for step in steps] == [1, 2, 3, 4]
    assert np.array_equal(steps[-1].x0, steps[-1].ipr)
    fractions = [event.fraction for event in events if isinstance(event, Painting)]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0 and fractions[0] >= 0
    result = events[-1].restoration
    assert np.array_equal(result.ipr, steps[-1].ipr)
    assert result.steps == tuple(steps)
    assert result.seconds.total > 0 and result.seconds.paint > 0 and result.seconds.previews == 0
    assert events[0].output_size == (result.picture.width, result.picture.height)


@pytest.mark.parametrize("key", KEYS)
def test_the_seed_alone_decides_the_pixels(key: str) -> None:
    model = engine(key)
    first, again = (model.restore(case(key, seed=7)).picture.pixels for _ in range(2))
    assert np.array_equal(first, again)
    other = [event for event in model.stream(case(key, seed=8)) if isinstance(event, Started | Finished)]
    assert not np.array_equal(other[0].noise, next(iter(model.stream(case(key, seed=7)))).noise)
    assert not np.array_equal(other[1].restoration.ipr, model.restore(case(key, seed=7)).ipr)


@pytest.mark.parametrize("after", [Started, PriorStep, Painting])
def test_closing_early_gives_the_device_back(after: type) -> None:
    model = engine("deblur")
    events = model.stream(case("deblur"))
    for event in events:
        if isinstance(event, after):
            break
    assert lock_for(model.device).locked()
    events.close()
    assert not lock_for(model.device).locked()
    assert model.restore(case("deblur")).picture.width == 56


def test_every_event_is_a_chance_to_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    """With no time to wait for, all stages tell of themselves, encoder, base picture and pixels included."""
    monkeypatch.setattr(sys.modules[run.__module__], "BREATH", 0.0)
    model = engine("inpaint")
    events = list(model.stream(case("inpaint", 160, 224)))
    encodings = [event.fraction for event in events if isinstance(event, Encoding)]
    paintings = [event.fraction for event in events if isinstance(event, Painting)]
    assert encodings == sorted(encodings) and encodings[-1] == 1 and len(encodings) > 10
    assert paintings == sorted(paintings) and paintings[-1] == 1
    assert paintings.count(0.0) > 5 and paintings.count(1.0) > 3  # the hole is filled first; pixels come last
    assert len(paintings) > 3 * len(model.diffir.unet.milestones)


def test_who_waits_for_the_device_may_leave() -> None:
    model = engine("deblur")
    first, second = (model.stream(case("deblur")) for _ in range(2))
    assert isinstance(next(first), Started)
    assert isinstance(next(second), Waiting) and isinstance(next(second), Waiting)
    second.close()
    assert lock_for(model.device).locked()  # the first still has it
    first.close()
    assert not lock_for(model.device).locked()


def test_a_small_hole_in_a_large_photo_is_filled_from_around_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """As its surroundings alone would be, pixel for pixel; the rest is the photo's, bit for bit."""
    monkeypatch.setattr(tiling, "SEEN_WHOLE", 10_000)
    monkeypatch.setattr(tiling, "SURROUNDINGS", 32)
    model, picture, mask = engine("inpaint"), photo(200, 300), np.zeros((200, 300), bool)
    mask[90:120, 40:60] = True
    run = model.restore(Request(picture, mask, Settings(seed=3)))
    window = slice(58, 152), slice(8, 92)
    alone = model.restore(Request(Picture(picture.pixels[window].copy()), mask[window], Settings(seed=3)))
    assert np.array_equal(run.picture.pixels[window], alone.picture.pixels) and np.array_equal(run.ipr, alone.ipr)
    assert np.array_equal(run.picture.pixels[~mask], picture.pixels[~mask])
    assert "84 x 94 pixels around the hole" in run.notices[-1] and run.request.mask is mask
    seen = model.restore(Request(picture, mask, Settings(seed=3)), whole=True)
    assert not seen.notices and seen.painted[0] > run.painted[0]


def test_no_mode_leaks_to_the_listener() -> None:
    for _ in engine("deblur", torch.bfloat16).stream(case("deblur")):
        assert not torch.is_inference_mode_enabled()
        assert not torch.is_autocast_enabled("cpu")
        assert torch.is_grad_enabled()


def test_two_runs_take_turns_and_threads_may_resume() -> None:
    model, log = engine("deblur"), []

    def listen(name: str) -> None:
        for event in model.stream(case("deblur")):
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
    events, got = engine("sr").stream(case("sr", 16, 16)), []
    got.append(next(events))
    thread = threading.Thread(target=lambda: got.extend(events))
    thread.start()
    thread.join()
    assert isinstance(got[-1], Finished)


def test_previews_are_pictures_and_change_nothing() -> None:
    model = engine("sr")
    events = list(model.stream(case("sr", 16, 24), previews=True))
    steps = [event for event in events if isinstance(event, PriorStep)]
    assert [step.preview is not None for step in steps] == [True, True, True, False]
    assert all((s.preview.width, s.preview.height) == (96, 64) for s in steps[:3] if s.preview)
    assert events[-1].restoration.seconds.previews > 0
    assert np.array_equal(events[-1].restoration.picture.pixels, model.restore(case("sr", 16, 24)).picture.pixels)


@pytest.mark.parametrize("key", KEYS)
def test_as_many_steps_as_trained_change_nothing(key: str) -> None:
    model, request = engine(key), case(key)
    trained, same = model.restore(request), model.restore(request, steps=4)
    assert np.array_equal(trained.ipr, same.ipr)
    assert np.array_equal(trained.picture.pixels, same.picture.pixels)


@pytest.mark.parametrize("count", [1, 2, 8])
def test_another_number_of_steps(count: int) -> None:
    model = engine("deblur")
    events = list(model.stream(case("deblur"), steps=count, previews=True))
    steps = [event for event in events if isinstance(event, PriorStep)]
    assert isinstance(events[0], Started) and events[0].steps == count
    assert [step.t for step in steps] == list(range(count))[::-1]
    assert [step.preview is None for step in steps] == [False] * (count - 1) + [True]
    assert not np.array_equal(steps[-1].ipr, model.restore(case("deblur")).ipr)


@pytest.mark.parametrize("count", [0, -1, 9, 2.5, "4", float("nan")])
def test_steps_out_of_range_are_refused_before_any_work(count: object) -> None:
    events = engine("deblur").stream(case("deblur"), steps=count)  # pyright: ignore[reportArgumentType]
    with pytest.raises(InputError, match="from 1 to 8"):
        next(iter(events))


def test_a_network_without_diffusion_has_no_steps_to_change() -> None:
    plain = engine("deblur")
    config = dataclasses.replace(plain.config, timesteps=0)
    without = dataclasses.replace(plain, diffir=DiffIR(config).eval())
    assert without.restore(case("deblur")).steps == ()
    with pytest.raises(InputError, match="no schedule to stretch"):
        without.restore(case("deblur"), steps=4)


@pytest.mark.parametrize("key", KEYS)
def test_tiles_agree_with_the_whole_picture_where_nothing_looks_far(key: str) -> None:
    """Tiles see other attention statistics, so they may differ a little, but no seam and no shift may show."""
    model = engine(key)
    request = case(key, 150, 200)
    whole = model.restore(request)
    tiled = model.restore(request, memory_budget=1)
    assert whole.tiles == 1 and not whole.notices
    assert tiled.tiles >= 1 and "tile" in tiled.notices[-1]
    assert tiled.picture.pixels.shape == whole.picture.pixels.shape
    difference = np.abs(tiled.picture.pixels.astype(int) - whole.picture.pixels.astype(int))
    assert difference.mean() < 6


def test_only_tiles_that_touch_the_hole_are_painted() -> None:
    model, request = engine("inpaint"), case("inpaint", 300, 400)
    request.mask[:] = False
    request.mask[5:9, 5:9] = True
    tiled = model.restore(request, memory_budget=1)
    assert tiled.tiles == 1
    assert np.array_equal(tiled.picture.pixels[~request.mask], request.picture.pixels[~request.mask])


def test_bf16_is_close_to_fp32() -> None:
    exact = engine("deblur").restore(case("deblur")).picture.pixels.astype(int)
    quick = engine("deblur", torch.bfloat16).restore(case("deblur")).picture.pixels.astype(int)
    assert np.abs(exact - quick).max() <= 8
    floats = [list(engine("deblur", p).stream(case("deblur")))[1].x0 for p in (torch.float32, torch.bfloat16)]
    assert 0 < np.linalg.norm(floats[1] - floats[0]) < 0.01 * np.linalg.norm(floats[0])
    painted = [step for step in engine("deblur", torch.bfloat16).stream(case("deblur"))]
    assert painted[0].precision == "bf16"


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("budget", [2**30, 1], ids=["whole", "tiles"])
def test_a_cpu_paints_by_the_fast_twin(key: str, budget: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without being told to, in tiles too; the plain network gives the same picture."""
    model, request = engine(key), case(key, 150, 200)
    ipr = np.random.default_rng(0).normal(size=model.config.ipr_length)

    def forbidden(*_: object) -> None:
        raise AssertionError("the plain network was used")

    with monkeypatch.context() as patch:
        patch.setattr(DIRformer, "forward", forbidden)
        quick = model.restore(request, ipr=ipr, memory_budget=budget)
    monkeypatch.setattr(Model, "unet", property(lambda self: self.diffir.unet))
    plain = model.restore(request, ipr=ipr, memory_budget=budget)
    assert quick.tiles == plain.tiles
    difference = np.abs(quick.picture.pixels.astype(int) - plain.picture.pixels)
    assert difference.max() <= 1 and (difference > 0).mean() < 1e-3  # where a value lies on the border of two levels


@pytest.mark.parametrize("task", KEYS)
@pytest.mark.parametrize("other", KEYS)
def test_a_network_of_another_task_is_refused(task: str, other: str) -> None:
    if task == other:
        assert next(iter(engine(other).stream(case(task)))).task == task
    else:
        with pytest.raises(WeightsError, match="another structure"):
            dataclasses.replace(engine(other), task=TASKS[task])


@pytest.mark.parametrize("scale", [1, 2])
def test_official_networks_that_enlarge_less_run_end_to_end(scale: int) -> None:
    small = {"width": 8, "blocks": (1, 1, 1, 1), "refinement_blocks": 1, "prior_width": 8, "prior_blocks": 1}
    config = dataclasses.replace(OFFICIAL[f"sr_x{scale}"], **small)
    torch.manual_seed(0)
    task = {1: "clean", 2: "sr"}[scale]  # one that keeps the size cleans up
    model = dataclasses.replace(engine(task), diffir=DiffIR(config).eval())
    result = model.restore(case(task, 19, 33))
    assert (result.picture.height, result.picture.width) == (19 * scale, 33 * scale)


def test_what_goes_wrong_inside_frees_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(*_: object) -> None:
        raise RuntimeError("a bug")

    model = engine("deblur")
    monkeypatch.setattr(CpuDIRformer, "__call__", explode)
    with pytest.raises(RuntimeError, match="a bug"):
        model.restore(case("deblur"))
    assert not lock_for(model.device).locked()


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA"), MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")]
)
def test_memory_that_runs_out_is_one_sentence(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise error

    monkeypatch.setattr(CpuDIRformer, "__call__", full)
    with pytest.raises(DeviceError, match="memory ran out at 56 x 40"):
        engine("deblur").restore(case("deblur"))


def test_results_too_large_to_hold_are_refused_at_once() -> None:
    huge = Request(Picture(np.zeros((4000, 4000, 3), np.uint8)))
    with pytest.raises(InputError, match="16000 x 16000"):
        next(engine("sr").stream(huge))


@pytest.mark.parametrize(
    "wrong",
    [
        {"mask": np.full((40, 56), 255, np.uint8)},
        {"mask": np.ones((40, 56, 1), bool)},
        {"settings": {"seed": -1}},
        {"settings": {"seed": 2**64}},
        {"settings": {"seed": 1.5}},
    ],
)
def test_requests_are_checked_when_they_are_made(wrong: dict) -> None:
    with pytest.raises(InputError):
        Request(photo(), **{name: Settings(**value) if name == "settings" else value for name, value in wrong.items()})


def test_a_numpy_seed_is_a_seed() -> None:
    assert Settings(seed=np.int64(3)).seed == 3  # pyright: ignore[reportArgumentType]


def test_a_bad_request_fails_before_any_work() -> None:
    with pytest.raises(InputError, match="mask"):
        next(engine("inpaint").stream(Request(photo())))
    assert not lock_for(torch.device("cpu")).locked()
    with pytest.raises(InputError, match="no task"):
        load("dehaze")


@pytest.mark.parametrize("key", KEYS)
def test_an_ipr_from_outside_takes_the_diffusions_place(key: str) -> None:
    """Its own IPR gives the same pixels without a single step; another one gives another picture."""
    request, model = case(key, seed=7), engine(key)
    own = model.restore(request)
    events = list(model.stream(request, ipr=own.ipr, previews=True))
    assert not [event for event in events if isinstance(event, PriorStep)]
    assert isinstance(events[0], Started) and events[0].steps == 0
    assert isinstance(events[-1], Finished)
    again = events[-1].restoration
    assert np.array_equal(again.picture.pixels, own.picture.pixels)
    assert np.array_equal(again.ipr, own.ipr) and again.steps == ()
    other = model.restore(request, ipr=np.zeros(model.config.ipr_length))
    assert not other.ipr.any()
    assert not np.array_equal(other.picture.pixels, own.picture.pixels)


@pytest.mark.parametrize("wrong", [np.zeros(255), np.zeros((1, 256)), np.full(256, np.nan), np.zeros(256, complex)])
def test_an_ipr_that_does_not_fit_is_refused_before_any_work(wrong: np.ndarray) -> None:
    with pytest.raises(InputError, match="finite numbers"):
        next(iter(engine("sr").stream(case("sr", seed=1), ipr=wrong)))


def test_a_run_tells_what_it_multiplied() -> None:
    """For the very size that the network saw: 40 x 56 is padded to 48 x 64."""
    small = engine("deblur")
    whole = small.restore(case("deblur"), steps=2)
    assert whole.painted == ((48, 64),)
    cost = small.cost(whole)
    assert cost == cost_of(small.config, 48, 64, steps=2)
    assert cost.diffusion * 1e9 == pytest.approx(2 * (513 * 256 + 256 * 256))
    tiled = small.restore(case("deblur", 160, 96), memory_budget=1)
    assert len(tiled.painted) == tiled.tiles > 1
    assert small.cost(tiled).unet > small.cost(small.restore(case("deblur", 160, 96))).unet
