"""What copies cost and what they are worth: the measuring itself, on little."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from diffir_demo.exemplar import cost
from diffir_demo.imaging import Picture, save_picture
from tests.pictures import noise
from tests.tiny import engine
from tools.bench import holes
from tools.evaluation import fills


def fill_of(parts: int, hole: int, seen: int, seconds: float) -> holes.Fill:
    return holes.Fill("", (1, 1), parts, hole, seen, seconds, 0.0, 0.0)


def test_the_constants_that_made_the_seconds_are_found() -> None:
    known = [(1, 1000, 5000), (3, 900, 90000), (1, 50000, 200000), (2, 300, 1000000)]
    found = holes.constants([fill_of(*each, 0.1 * each[0] + 2e-5 * each[1] + 3e-7 * each[2]) for each in known])
    assert found == pytest.approx((0.1, 2e-5, 3e-7))


def test_no_constant_is_negative() -> None:
    """Windows that seem to save time count for nothing."""
    found = holes.constants([fill_of(1, 100, 1000, 1.0), fill_of(1, 100, 9000, 0.5), fill_of(2, 100, 9000, 1.5)])
    assert min(found) == 0 and max(found) > 0


def test_a_fill_is_timed_between_its_stops(capsys: pytest.CaptureFixture[str]) -> None:
    assert holes.main(["--case", "box of 40"]) == 0
    told = capsys.readouterr().out
    row = next(line for line in told.splitlines() if line.startswith("| box of 40"))
    seconds, longest, foreseen = (float(cell) for cell in row.split("|")[5:8])
    assert 0 < longest <= seconds and foreseen == pytest.approx(cost(1600, 128 * 128), abs=0.01)
    assert "Best constants" in told


@pytest.mark.parametrize("name", holes.CASES)
def test_every_case_has_a_hole_that_leaves_something(name: str) -> None:
    width, height, hole = holes.CASES[name]
    found = hole(height, width)
    assert found.shape == (height, width) and found.dtype == bool and 0 < found.mean() <= 0.5


def test_crops_are_the_same_each_time_and_kinds_take_turns(tmp_path: Path) -> None:
    pixels = noise(400, 500)
    save_picture(Picture(pixels), tmp_path / "photo.png")
    kinds = [fills.cut(tmp_path / "photo.png", seed)[0] for seed in range(5)]
    assert kinds == ["thin", "medium", "thick", "scribble", "thin"]
    (_, first, clean), (_, again, _) = (fills.cut(tmp_path / "photo.png", 3) for _ in range(2))
    assert first.mask is not None and again.mask is not None and np.array_equal(first.mask, again.mask)
    assert clean.shape == (fills.SIDE, fills.SIDE, 3)
    assert np.array_equal(first.picture.pixels[~first.mask], clean[~first.mask])
    assert (first.picture.pixels[first.mask] == 255).all()


def test_all_variants_are_measured_on_the_same_crop() -> None:
    class Metric:
        def against(self, reference: np.ndarray):  # noqa: ANN202
            return lambda pixels: float(np.abs(pixels.astype(float) - reference).mean())

    rng = np.random.default_rng(0)
    clean = rng.integers(60, 200, (16, 16, 3), np.uint8).repeat(6, 0).repeat(6, 1)
    hole = np.zeros((96, 96), bool)
    hole[40:60, 30:70] = True
    request = fills.Request(Picture(np.where(hole[..., None], np.uint8(255), clean)), hole)
    found = dict(fills.scores(request, clean, engine("inpaint"), Metric()))  # pyright: ignore[reportArgumentType]
    assert list(found) == list(fills.VARIANTS)
    assert all(5 < score[0] < 100 and 0 < score[1] < 255 and score[2] >= 0 for score in found.values())
    assert found["copies"][2] > found["network"][2], "the network was run before"


def test_a_folder_that_is_none_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        fills.main(["--data", str(tmp_path / "nothing")])
    assert stopped.value.code == 2 and "is no folder" in capsys.readouterr().err
