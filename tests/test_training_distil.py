"""Photos drawn towards another network's picture: mixed by the share that is asked for, and reducing to the same."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from diffir_demo.imaging import Picture, load_picture
from diffir_demo.tasks.damage import reduced
from tools.training import distil

from .pictures import noise, noise_file


def cubic(picture: Picture) -> Picture:
    height, width = picture.pixels.shape[:2]
    size = 4 * width, 4 * height
    return picture.with_pixels(cv2.resize(picture.pixels, size, interpolation=cv2.INTER_CUBIC))


def small(pixels: np.ndarray) -> np.ndarray:
    return reduced(torch.from_numpy(pixels).permute(2, 0, 1)[None].float(), 4)[0].permute(1, 2, 0).numpy()


def test_photos_are_mixed_with_what_their_reduction_is_enlarged_to() -> None:
    photo = cv2.GaussianBlur(noise(67, 94), (0, 0), 1.5)
    (half,), (none,), (whole,) = (list(distil.mixtures(iter([photo]), cubic, share)) for share in (0.5, 0.0, 1.0))
    sharp = photo[:64, :92]
    assert np.array_equal(none, sharp)
    assert not np.array_equal(whole, sharp)
    assert np.abs(half - (whole / 2 + sharp / 2)).max() <= 0.5
    assert np.abs(small(half) - (small(whole) + small(sharp)) / 2).max() < 0.5


def test_the_folder_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Cubic:
        missing: tuple[str, ...] = ()
        open = staticmethod(lambda: cubic)

    monkeypatch.setattr(distil, "_teacher", Cubic)
    (tmp_path / "photos" / "more").mkdir(parents=True)
    noise_file(tmp_path / "photos" / "one.png", 24, 16)
    noise_file(tmp_path / "photos" / "more" / "two.png", 18, 20)
    assert distil.main(["--data", str(tmp_path / "photos"), "--out", str(tmp_path / "mixed")]) == 0
    shapes = [load_picture(each).pixels.shape for each in sorted((tmp_path / "mixed").iterdir())]
    assert sorted(shapes) == [(16, 24, 3), (20, 16, 3)]


@pytest.mark.parametrize("without_network", [True, False], ids=["without the network", "without photos"])
def test_what_is_not_there_is_named(
    without_network: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Teacher:
        missing = ("ncnn",) if without_network else ()
        install = "-r requirements-evaluation.txt"
        open = staticmethod(lambda: cubic)

    monkeypatch.setattr(distil, "_teacher", Teacher)
    with pytest.raises(SystemExit) as end:
        distil.main(["--data", str(tmp_path), "--out", str(tmp_path / "mixed")])
    assert end.value.code == 2
    said = capsys.readouterr().err
    assert ("ncnn must be installed" if without_network else "There are no photos") in said
    assert not (tmp_path / "mixed").exists()
