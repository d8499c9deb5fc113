"""Before a run and while it goes: sentences, progress, smaller photos; without a page."""

from __future__ import annotations

import dataclasses
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from diffir_demo.errors import InputError
from diffir_demo.imaging import load_mask, load_picture
from diffir_demo.planning import Estimate
from diffir_demo.ui.photo.canvas import MaskValue, StrokeData
from diffir_demo.ui.photo.photos import file_data
from diffir_demo.ui.preflight import about, is_worth_saying, memory, question, region_of, sentence, smaller_size
from diffir_demo.ui.preflight.resize import cut, size_of, sketch_of, smaller
from diffir_demo.ui.run.progress import Progress

QUICK = Estimate((512, 512), (512, 512), read=0.0, encode=0.1, paint=0.8, previews=0.0, save=0.1, bytes=10**8, tiles=1)
LONG = Estimate((6000, 4000), (6000, 4000), 1.0, 9.0, 240.0, 0.0, 0.0, bytes=28 * 10**8, tiles=1)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "about a second"),
        (2.2, "about 2 seconds"),
        (17, "about 15 seconds"),
        (21.4, "about 20 seconds"),
        (61, "about a minute"),
        (131, "about 2 minutes"),
        (250, "about 4 minutes"),
        (3700, "about an hour"),
        (8000, "about 2 hours"),
    ],
)
def test_time_is_told_as_exactly_as_it_is_known(seconds: float, said: str) -> None:
    assert about(seconds) == said


@pytest.mark.parametrize(
    ("count", "said"), [(1, "50 MB"), (2.8e8, "300 MB"), (1e9, "1 GB"), (2.2e9, "2.5 GB"), (3e9, "3 GB")]
)
def test_memory_is_rounded_up(count: float, said: str) -> None:
    assert memory(count) == said


def test_only_what_takes_long_or_much_is_worth_a_line() -> None:
    assert not is_worth_saying(QUICK)
    assert is_worth_saying(LONG)
    for change in ({"paint": 6.0}, {"bytes": 2 * 10**9}, {"tiles": 2}, {"output_size": (20_000, 20_000)}):
        assert is_worth_saying(dataclasses.replace(QUICK, **change))


def test_the_sentence_says_size_time_and_memory() -> None:
    text = sentence(LONG, has_hole=True, is_part=False)
    assert text == "6000 × 4000: about 4 minutes, 3 GB of memory."
    larger = dataclasses.replace(LONG, output_size=(24_000, 8000), tiles=6, previews=900.0)
    text = sentence(larger, has_hole=True, is_part=False)
    assert "to 24000 × 8000" in text and "in 6 tiles" in text and "previews take most" in text
    assert "around the hole" in sentence(LONG, has_hole=True, is_part=True)
    assert "up to about 4 minutes" in sentence(LONG, has_hole=False, is_part=False)
    huge = dataclasses.replace(LONG, output_size=(24_000, 16_000))
    assert "more than can be held" in sentence(huge, has_hole=True, is_part=False)


def test_long_runs_and_those_that_may_not_fit_are_asked_about() -> None:
    assert question(QUICK, 10**9) is None and question(QUICK, None) is None
    asked = question(LONG, 16 * 10**9)
    assert asked is not None and "about 4 minutes" in asked
    asked = question(dataclasses.replace(QUICK, bytes=8 * 10**8), 10**9)
    assert asked is not None and "800 MB" in asked and "1 GB" in asked
    assert question(dataclasses.replace(QUICK, bytes=6 * 10**8), 10**9) is None


def test_a_smaller_photo_takes_moments_and_keeps_its_shape() -> None:
    size = smaller_size(LONG)
    assert size is not None and size[0] / size[1] == pytest.approx(1.5, rel=1e-2)
    assert size[0] * size[1] == pytest.approx(1e6, rel=1e-2)  # no smaller than that, whatever the machine
    assert smaller_size(QUICK) is None
    slow = dataclasses.replace(QUICK, paint=6.0)
    assert smaller_size(slow) is None  # it is small already
    assert smaller_size(dataclasses.replace(LONG, output_size=(12_000, 8_000))) is None  # made x2, smaller than it is
    huge = dataclasses.replace(LONG, output_size=(24_000, 16_000))  # made x4, more than can be held
    assert smaller_size(huge) == (3000, 2000)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_progress_only_rises_and_ends_at_one() -> None:
    progress = Progress(LONG)
    asked = [("encode", 0.5), ("paint", 0.2), ("paint", 0.1), ("encode", 1.0), ("paint", 1.0), ("save", 1.0)]
    shares = [progress.at(*each).share for each in asked]
    assert shares == sorted(shares) and shares[-1] == 1
    assert shares[0] == pytest.approx((1 + 4.5) / 250)


def test_the_time_left_follows_the_pace_without_jumping() -> None:
    """Foreseen: 250 s; it takes 500. The first word is the estimate, then the pace wins, and it never flickers."""
    clock, told = Clock(), []
    progress = Progress(LONG, clock)
    for second in range(1, 491):
        clock.now += 1.0
        told.append(progress.at("paint", second / 490).left)
    assert None not in told
    assert told[0] == pytest.approx(250 * (1 - 10.5 / 250), rel=0.1)
    assert told[245] == pytest.approx(245, rel=0.2) and told[-1] < 15
    rises = sum(after > before for before, after in pairwise(told))
    assert rises <= 5


def test_what_is_over_in_moments_has_no_time_left() -> None:
    clock = Clock()
    progress = Progress(QUICK, clock)
    clock.now += 0.4
    assert progress.at("paint", 0.4).left is None


def test_an_unforeseen_run_is_told_by_its_pace() -> None:
    clock = Clock()
    progress = Progress(None, clock)
    clock.now += 30
    left = progress.at("paint", 0.5).left
    assert left == pytest.approx(30 * (1 - 0.45) / 0.45, rel=0.01)


@pytest.fixture
def canvas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MaskValue:
    """120 x 80, red on the left half; a stroke in the middle of the right half."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    pixels = np.zeros((80, 120, 3), np.uint8)
    pixels[:, :60] = (200, 0, 0)
    file = tmp_path / "photo.png"
    Image.fromarray(pixels).save(file)
    stroke = StrokeData(r=0.05, p=[(0.75, 0.25), (0.75, 0.75)])
    return MaskValue(file=file_data(str(file)), strokes=[stroke], feather=0.02)


def test_a_smaller_photo_keeps_its_mask(canvas: MaskValue) -> None:
    opening = smaller(canvas, 60, 40)
    photo = load_picture(opening.value.file.path)
    assert (photo.width, photo.height) == (60, 40) and opening.reference is None
    assert photo.pixels[20, 10, 0] > 180 and photo.pixels[20, 50, 0] < 20
    assert opening.value.strokes == canvas.strokes and opening.value.feather == canvas.feather


def test_a_part_keeps_its_part_of_the_mask(canvas: MaskValue) -> None:
    opening = cut(canvas, (0.5, 0.0, 1.0, 1.0))
    photo = load_picture(opening.value.file.path)
    assert (photo.width, photo.height) == (60, 80) and photo.pixels.max() == 0
    assert not opening.value.strokes
    assert np.array_equal(load_mask(opening.value.mask.path), canvas.rasterised(80, 120)[:, 60:])
    assert opening.value.feather_pixels(60) == canvas.feather_pixels(120)
    assert cut(canvas, (0.0, 0.0, 0.4, 1.0)).value.mask is None


def test_all_of_a_photo_is_no_part_of_it(canvas: MaskValue) -> None:
    with pytest.raises(InputError, match="Zoom in"):
        cut(canvas, (0.0, 0.0, 1.0, 1.0))
    assert size_of(cut(canvas, (0.5, 0.5, 0.5001, 0.5001)).value) == (16, 16)


@pytest.mark.parametrize("sent", ["", "null", "[0, 0, 1]", "[1, 0, 0, 1]", "[NaN, 0, 1, 1]", '["a", 0, 1, 1]', "{}"])
def test_only_a_region_is_a_region(sent: str) -> None:
    with pytest.raises(InputError):
        region_of(sent)


def test_regions_stay_within_the_photo() -> None:
    assert region_of("[-3, 0.25, 9, 0.5]") == (0.0, 0.25, 1.0, 0.5)


def test_sizes_are_those_of_the_upright_photo(tmp_path: Path) -> None:
    image = Image.new("RGB", (40, 30))
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(tmp_path / "side.jpg", exif=exif)
    assert size_of(MaskValue(file=file_data(str(tmp_path / "side.jpg")))) == (30, 40)
    (tmp_path / "text.png").write_text("no picture")
    assert size_of(MaskValue(file=file_data(str(tmp_path / "text.png")))) is None
    assert size_of(MaskValue(file=file_data(str(tmp_path / "gone.png")))) is None and size_of(MaskValue()) is None


def test_a_sketch_of_the_mask_lies_where_the_mask_does(canvas: MaskValue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diffir_demo.ui.preflight.resize.SKETCH", 2400)  # every second pixel
    sketch, exact = sketch_of(canvas, (120, 80)), canvas.rasterised(80, 120)
    assert sketch is not None and sketch.shape == exact.shape
    assert (sketch != exact).mean() < 0.02
    assert sketch_of(MaskValue(file=canvas.file), (120, 80)) is None
