"""A run's diffusion, gathered: the facts of each step against their definitions, and the files for others."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

from diffir_demo.errors import InputError
from diffir_demo.events import Finished, Started, Waiting
from diffir_demo.figures import large, seconds, times
from diffir_demo.imaging import Picture
from diffir_demo.metrics import cosine
from diffir_demo.restoration import PriorStep
from diffir_demo.tasks import TASKS
from diffir_demo.trace import SHOWN, Trace, mean_difference, reduced
from diffir_demo.trace.sheet import (
    DARK,
    FRAME,
    LIGHT,
    _indexed,
    bars_image,
    colours,
    encode_trace,
    map_image,
    save_trace,
    side_of,
)
from tests.test_stream import case
from tests.tiny import engine


@pytest.fixture(scope="module")
def previewed() -> Trace:
    return Trace.of(engine("inpaint").stream(case("inpaint"), previews=True))


@pytest.fixture(scope="module")
def plain() -> Trace:
    return Trace.of(engine("deblur").stream(case("deblur")))


def test_facts_are_what_they_are_called(plain: Trace) -> None:
    moments, run = plain.timeline, plain.restoration
    assert run is not None and [moment.number for moment in moments] == [0, 1, 2, 3, 4]
    assert np.array_equal(moments[0].ipr, plain.noise) and np.array_equal(moments[-1].ipr, run.ipr)
    assert moments[0].change is None and moments[0].seconds is None
    for before, moment, step in zip(moments, moments[1:], run.steps, strict=False):
        assert moment.norm == pytest.approx(np.sqrt((step.ipr.astype(float) ** 2).sum()))
        assert moment.change == pytest.approx(np.sqrt(((step.ipr - before.ipr).astype(float) ** 2).sum()))
        assert moment.cosine == pytest.approx(step.ipr @ run.ipr / np.linalg.norm(step.ipr) / np.linalg.norm(run.ipr))
        assert moment.seconds == step.seconds
    assert moments[-1].cosine == pytest.approx(1) and moments[-1].difference == 0
    assert plain.bound == max(np.abs(moment.ipr).max() for moment in moments)


def test_a_trace_grows_with_its_run() -> None:
    """Cosines need the final IPR, which is there after the last step and before the painting."""
    seen = []
    trace = None
    for event in engine("sr").stream(case("sr"), steps=2):
        trace = Trace.started(event) if isinstance(event, Started) else trace.after(event)  # pyright: ignore
        if isinstance(event, Started | PriorStep | Finished):
            seen.append((len(trace.timeline), trace.timeline[0].cosine is not None, trace.restoration is not None))
    assert seen == [(1, False, False), (2, False, False), (3, True, False), (3, True, True)]


def test_pictures_are_measured_against_the_result_in_the_hole(previewed: Trace) -> None:
    run = previewed.restoration
    assert run is not None and run.request.mask is not None
    assert sorted(previewed.pictures) == [1, 2, 3, 4]
    for moment, step in zip(previewed.timeline[1:-1], run.steps, strict=False):
        assert step.preview is not None and moment.picture is not None
        assert np.array_equal(moment.picture.pixels, step.preview.pixels)
        apart = np.abs(step.preview.pixels.astype(int) - run.picture.pixels)
        assert moment.difference == pytest.approx(apart[run.request.mask].mean())
    assert previewed.timeline[0].picture is None
    noise = engine("inpaint").restore(run.request, ipr=previewed.noise).picture
    assert (previewed.with_picture(0, noise).timeline[0].difference or 0) > 0
    assert 0 not in previewed.pictures, "frozen: the former trace is as it was"


def test_pictures_wait_for_the_result() -> None:
    events = engine("deblur").stream(case("deblur"))
    started = next(events)
    events.close()  # pyright: ignore
    assert isinstance(started, Started)
    with pytest.raises(ValueError, match="not there yet"):
        Trace.started(started).with_picture(0, case("deblur").picture)
    with pytest.raises(ValueError, match="Started"):
        Trace.of([Finished(engine("deblur").restore(case("deblur")))])
    assert len(Trace.of([Waiting(), started]).timeline) == 1
    with pytest.raises(ValueError, match="events"):
        Trace.of([])


def test_a_run_with_a_given_ipr_has_no_steps(plain: Trace) -> None:
    given = Trace.of(engine("deblur").stream(case("deblur"), ipr=plain.noise))
    assert len(given.timeline) == 1 and given.timeline[0].cosine == pytest.approx(1)
    assert given.pictures == {} and Image.open(BytesIO(encode_trace(given, ".png"))).width > 256


def test_differences_of_large_pictures_are_summed_in_strips() -> None:
    rng = np.random.default_rng(0)
    a, b = (Picture(rng.integers(0, 256, (600, 9, 3), dtype=np.uint8)) for _ in range(2))
    mask = rng.random((600, 9)) > 0.9
    apart = np.abs(a.pixels.astype(float) - b.pixels)
    assert mean_difference(a, b) == pytest.approx(apart.mean())
    assert mean_difference(a, b, mask) == pytest.approx(apart[mask].mean())
    assert mean_difference(a, b, np.zeros_like(mask)) == pytest.approx(apart.mean())


def test_zeros_have_no_direction() -> None:
    assert cosine(np.zeros(4), np.ones(4)) is None
    assert cosine(np.array([1.0, 0]), np.array([-2.0, 0])) == -1


def test_only_large_pictures_are_reduced() -> None:
    small, large_one = (Picture(np.zeros((10, width, 3), np.uint8)) for width in (SHOWN, SHOWN + 1))
    assert reduced(small, SHOWN).width == SHOWN and reduced(small, SHOWN).height == 10
    assert reduced(large_one, SHOWN).width == SHOWN


# --- drawings --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_the_scale_is_symmetric_in_lightness_and_never_turns_back(palette: tuple[str, ...]) -> None:
    """Who sees no hue still sees how far from zero; blue against orange is for those who confuse red and green."""
    light = colours(np.linspace(-1, 1, 201), palette) @ np.array([0.299, 0.587, 0.114])
    away = np.abs(light - light[100])
    assert (np.diff(away[100:]) >= -1).all() and (np.diff(away[100::-1]) >= -1).all()
    assert away[0] == pytest.approx(away[200], abs=30) and away[0] > 120
    ends = colours(np.array([-0.3, 0.3]), palette).astype(int)
    assert ends[0, 2] > ends[0, 0] + 50 and ends[1, 0] > ends[1, 2] + 50


def test_beyond_the_bound_is_the_end_of_the_scale() -> None:
    assert np.array_equal(colours(np.array([-9.0])), colours(np.array([-1.0])))


def test_the_map_reads_like_text() -> None:
    numbers = np.zeros(256, np.float32)
    numbers[17] = -2
    pixels = np.asarray(map_image(numbers, 2, 4))
    assert pixels.shape == (64, 64, 3) and side_of(256) == 16 and side_of(250) == 16
    marked = (pixels == colours(np.array(-1.0))).all(axis=-1)
    assert marked[4:8, 4:8].all() and marked.sum() == 16


def test_bars_rise_and_fall() -> None:
    paper = (255, 255, 255)
    pixels = np.asarray(bars_image(np.array([1.0, -1.0]), 1, 40, 40, paper)).astype(int)
    drawn = (np.abs(pixels - 255) > 20).any(axis=-1)
    assert drawn[5, 2:14].all() and not drawn[30, :15].any()
    assert drawn[30, 22:34].all() and not drawn[5, 20:].any()


# --- files -----------------------------------------------------------------------------------------------


def test_numbers_for_programs(previewed: Trace, tmp_path: Path) -> None:
    path = save_trace(previewed, tmp_path / "made" / "steps.npy")
    array = np.load(path)
    assert array.dtype == np.float32 and array.shape == (5, 256)
    assert np.array_equal(array[0], previewed.noise)
    assert previewed.restoration is not None and np.array_equal(array[-1], previewed.restoration.ipr)


def test_an_animation_has_a_frame_per_moment(previewed: Trace) -> None:
    with Image.open(BytesIO(encode_trace(previewed, ".gif"))) as animation:
        held = [frame.info["duration"] for frame in ImageSequence.Iterator(animation)]
        assert animation.size == FRAME and animation.info["loop"] == 0
    assert len(held) == 5 and held[-1] > held[0] > 0


def test_small_areas_of_strong_colour_keep_it() -> None:
    """Seen from afar, as dithered pictures are: the mean over an area. All frames have one palette."""
    rows, columns = np.mgrid[0 : FRAME[1], 0 : FRAME[0]]
    page = np.stack([90 + rows / 6, 100 + columns / 9, 80 + (rows + columns) / 12], axis=-1).round().astype(np.uint8)
    strong = {
        (40, 60): (230, 20, 30),
        (200, 300): (250, 220, 10),
        (300, 500): (20, 60, 220),
        (120, 640): (170, 20, 190),
    }
    for (top, left), colour in strong.items():
        page[top : top + 12, left : left + 12] = colour
    first, second = _indexed([Image.fromarray(page), Image.fromarray(page[::-1].copy())])
    assert first.getpalette() == second.getpalette()
    shown = np.asarray(first.convert("RGB")).astype(float)
    for (top, left), colour in strong.items():
        mean = shown[top + 2 : top + 10, left + 2 : left + 10].mean((0, 1))
        assert np.abs(mean - colour).max() < 12, colour
    whole = np.abs(shown.reshape(-1, 7, shown.shape[1], 3).mean(1) - page.reshape(-1, 7, page.shape[1], 3).mean(1))
    assert np.median(whole) < 6


def test_a_strip_has_a_column_per_moment(previewed: Trace, plain: Trace) -> None:
    """And shows the colours of the noise in its first."""
    pixels = np.asarray(Image.open(BytesIO(encode_trace(previewed, ".png"))))
    assert pixels.shape[1] == 2 * 28 + 5 * 276 - 20
    first = map_image(previewed.noise, previewed.bound, 16)
    rows = [y for y in range(pixels.shape[0] - 256) if np.array_equal(pixels[y, 28:284], np.asarray(first)[0])]
    assert any(np.array_equal(pixels[y : y + 256, 28:284], np.asarray(first)) for y in rows)
    short = Trace.of(engine("deblur").stream(case("deblur"), steps=1))
    assert Image.open(BytesIO(encode_trace(short, ".PNG"))).width < pixels.shape[1]


@pytest.mark.parametrize("name", ["steps.txt", "steps"])
def test_other_formats_are_refused(name: str, plain: Trace, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.gif"):
        save_trace(plain, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_told(plain: Trace, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        save_trace(plain, tmp_path / "file" / "steps.npy")


# --- figures ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (980, "980"),
        (12_345, "12,345"),
        (787_456, "0.79 million"),
        (99.99e6, "100 million"),
        (4.254e9, "4.25 billion"),
        (68.04e9, "68 billion"),
        (750.6e9, "751 billion"),
        (1.876e12, "1.88 trillion"),
    ],
)
def test_large_numbers_in_words(value: float, text: str) -> None:
    assert large(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(5402, "5,400"), (21_640, "22,000"), (12.4, "12"), (2.06, "2.1"), (0.34, "0.34")]
)
def test_ratios_have_two_digits(value: float, text: str) -> None:
    assert times(value) == text


def test_durations() -> None:
    assert [seconds(value) for value in (0.0004, 0.0213, 1.26, 75.2)] == ["0.4 ms", "21 ms", "1.3 s", "75 s"]


def test_every_task_can_be_traced() -> None:
    for key in TASKS:
        assert len(encode_trace(Trace.of(engine(key).stream(case(key))), ".gif")) > 1000
