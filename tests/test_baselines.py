"""Baselines: what they must keep, what they must improve, and what they must refuse."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from diffir_demo.baselines import (
    BASELINES,
    Baseline,
    baselines_for,
    get_baseline,
)
from diffir_demo.errors import InputError
from diffir_demo.imaging import Picture, noise_level
from diffir_demo.metrics import psnr

INPAINT, SR, DEBLUR = baselines_for("inpaint"), baselines_for("sr"), baselines_for("deblur")
CLEAN = baselines_for("clean")


def each(baselines: tuple[Baseline, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("baseline", baselines, ids=lambda baseline: baseline.key)


def noise(height: int, width: int, seed: int = 0) -> Picture:
    """Random pixels and alpha: any value that moves is seen."""
    rng = np.random.default_rng(seed)
    pixels, alpha = rng.integers(0, 256, (height, width, 3), np.uint8), rng.integers(0, 256, (height, width), np.uint8)
    return Picture(pixels, alpha, notices=("Turned upright.",), exif=b"Exif\0\0")


def flat(value: int, height: int = 24, width: int = 32) -> Picture:
    return Picture(np.full((height, width, 3), value, np.uint8))


def scene() -> Picture:
    """Sharp-edged shapes on a gradient, 96 x 128."""
    rows, columns = np.mgrid[:96, :128]
    pixels = np.stack([rows + 60, columns + 40, 160 - rows], axis=-1).astype(np.uint8)
    for i in range(12):
        corner = np.array([7 * i % 100, 31 * i % 70])
        colour = (37 * i % 256, 91 * i % 256, 153 * i % 256)
        cv2.rectangle(pixels, tuple(map(int, corner)), tuple(map(int, corner + 17)), colour, cv2.FILLED)
    return Picture(pixels)


def hole(height: int, width: int) -> np.ndarray:
    """A block inside, a scratch across and a bite out of the border."""
    mask = np.zeros((height, width), bool)
    mask[8:14, 6:16] = mask[:, 20] = mask[-3:, :9] = True
    return mask


def blurred(picture: Picture, kernel: np.ndarray) -> Picture:
    light = cv2.filter2D((picture.pixels / 255.0) ** 2.2, -1, kernel, borderType=cv2.BORDER_REFLECT)
    return picture.with_pixels(np.rint(np.clip(light, 0, 1) ** (1 / 2.2) * 255).astype(np.uint8))


class TestRegistry:
    def test_every_task_has_company(self) -> None:
        assert [baseline.key for baseline in SR] == ["bicubic", "lanczos"]
        assert [baseline.key for baseline in INPAINT] == ["telea", "navier-stokes", "harmonic", "exemplar"]
        assert [baseline.key for baseline in CLEAN] == ["non-local-means", "bilateral", "unsharp"]
        assert [baseline.key for baseline in DEBLUR] == ["unsharp", "blind"]

    def test_names_are_told_apart(self) -> None:
        assert len({baseline.key for baseline in BASELINES}) == len({b.title for b in BASELINES}) == len(BASELINES)

    def test_a_baseline_is_found_by_its_name(self) -> None:
        assert get_baseline("telea", "inpaint").title == "Telea"

    def test_the_wrong_task_is_refused_with_the_names_there_are(self) -> None:
        with pytest.raises(InputError, match=r"'telea' for 'deblur'.*unsharp, blind"):
            get_baseline("telea", "deblur")

    def test_an_unknown_task_has_none(self) -> None:
        assert baselines_for("dehaze") == ()
        with pytest.raises(InputError, match="no baselines"):
            get_baseline("telea", "dehaze")

    @each(BASELINES)
    def test_what_goes_with_a_picture_stays_with_it(self, baseline: Baseline) -> None:
        picture = noise(24, 32)
        result = baseline.run(picture, hole(24, 32), 1)
        assert (result.notices, result.exif) == (picture.notices, picture.exif)
        assert np.array_equal(result.alpha, picture.alpha)

    @each(BASELINES)
    @pytest.mark.parametrize("value", [0, 90, 255])
    def test_a_flat_picture_stays_flat(self, baseline: Baseline, value: int) -> None:
        result = baseline.run(flat(value), hole(24, 32), 1).pixels
        assert np.abs(result.astype(int) - value).max() <= 2  # Telea rounds as it marches


@each(SR)
class TestSuperResolution:
    @pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 7), (5, 3)])
    @pytest.mark.parametrize("scale", [1, 2, 4])
    def test_size(self, baseline: Baseline, height: int, width: int, scale: int) -> None:
        result = baseline.run(noise(height, width), None, scale)
        assert result.pixels.shape == (height * scale, width * scale, 3)
        assert result.alpha is not None and result.alpha.shape == (height * scale, width * scale)

    def test_alpha_grows_by_the_same_kernel(self, baseline: Baseline) -> None:
        picture = noise(9, 11)
        picture = picture.with_pixels(np.maximum(picture.pixels, 9))  # below 9, something else is put under it
        result = baseline.run(replace(picture, alpha=picture.pixels[..., 1].copy()), None, 4)
        assert np.array_equal(result.alpha, result.pixels[..., 1])

    def test_a_slope_beats_its_own_stairs(self, baseline: Baseline) -> None:
        fine = np.repeat(np.arange(64, dtype=np.uint8)[None, :, None] * 4, 32, axis=0).repeat(3, axis=2)
        coarse = fine.reshape(8, 4, 16, 4, 3).mean(axis=(1, 3)).astype(np.uint8)
        stairs = coarse.repeat(4, axis=0).repeat(4, axis=1)
        assert psnr(baseline.run(Picture(coarse), None, 4).pixels, fine) > psnr(stairs, fine) + 6


@each(INPAINT)
class TestInpainting:
    def test_known_pixels_are_bit_identical_and_the_hole_is_not(self, baseline: Baseline) -> None:
        picture, mask = noise(40, 50), hole(40, 50)
        result = baseline.run(picture, mask, 1).pixels
        assert np.array_equal(result[~mask], picture.pixels[~mask])
        assert np.mean(result[mask] != picture.pixels[mask]) > 0.9

    @pytest.mark.parametrize("hidden", [0, 255])
    def test_what_was_painted_over_is_never_seen(self, baseline: Baseline, hidden: int) -> None:
        picture, mask = scene(), hole(96, 128)
        covered = picture.with_pixels(np.where(mask[..., None], np.uint8(hidden), picture.pixels))
        assert np.array_equal(baseline.run(covered, mask, 1).pixels, baseline.run(picture, mask, 1).pixels)

    def test_a_gradient_is_continued(self, baseline: Baseline) -> None:
        rows, columns = np.mgrid[:40, :50]
        picture = Picture(np.stack([rows * 3, columns * 3, rows + columns], axis=-1).astype(np.uint8))
        mask = np.zeros((40, 50), bool)
        mask[15:22, 10:40] = True
        assert psnr(baseline.run(picture, mask, 1).pixels, picture.pixels, mask=mask) > 30

    def test_masks_that_leave_nothing_to_do_are_refused(self, baseline: Baseline) -> None:
        picture = flat(9)
        for mask, problem in [
            (None, "needs a mask"),
            (np.zeros((24, 32), bool), "empty"),
            (np.ones((24, 32), bool), "whole picture"),
            (np.ones((32, 24), bool), "24 x 32"),
        ]:
            with pytest.raises(InputError, match=problem):
                baseline.run(picture, mask, 1)


class TestDeblurring:
    @each(DEBLUR)
    @pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 7), (50, 3)])
    def test_size(self, baseline: Baseline, height: int, width: int) -> None:
        assert baseline.run(noise(height, width), None, 1).pixels.shape == (height, width, 3)

    @each(DEBLUR)
    def test_edges_get_steeper_and_the_picture_no_worse(self, baseline: Baseline) -> None:
        sharp = scene()
        line = cv2.getGaussianKernel(9, 1.2)
        gaussian = line @ line.T
        soft = blurred(sharp, gaussian)
        result = baseline.run(soft, None, 1)

        def steepness(picture: Picture) -> float:
            return float(np.abs(np.diff(picture.pixels.astype(float), axis=1)).max(axis=1).mean())

        assert steepness(result) > steepness(soft) * 1.1
        assert psnr(result.pixels, sharp.pixels) > psnr(soft.pixels, sharp.pixels)


def noisy(picture: Picture, deviation: float, seed: int = 0) -> Picture:
    grain = np.random.default_rng(seed).normal(0, deviation, picture.pixels.shape)
    return picture.with_pixels(np.clip(np.rint(picture.pixels + grain), 0, 255).astype(np.uint8))


class TestCleaning:
    @each(CLEAN)
    @pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 7), (50, 3)])
    def test_size(self, baseline: Baseline, height: int, width: int) -> None:
        assert baseline.run(noise(height, width), None, 1).pixels.shape == (height, width, 3)

    @each(CLEAN[:2])
    @pytest.mark.parametrize("deviation", [10, 25])
    def test_noise_goes_and_edges_stay(self, baseline: Baseline, deviation: float) -> None:
        clean = scene()
        damaged = noisy(clean, deviation)
        result = baseline.run(damaged, None, 1)
        assert psnr(result.pixels, clean.pixels) > psnr(damaged.pixels, clean.pixels) + 3
        contrast = np.abs(np.diff(result.pixels.astype(float), axis=1)).max(axis=1).mean()
        assert contrast > 0.7 * np.abs(np.diff(clean.pixels.astype(float), axis=1)).max(axis=1).mean()

    @pytest.mark.parametrize("deviation", [2, 10, 30])
    def test_the_noise_level_is_estimated_from_the_picture(self, deviation: float) -> None:
        smooth = Picture(np.full((128, 160, 3), 128, np.uint8))
        assert noise_level(noisy(smooth, deviation).pixels) == pytest.approx(deviation, rel=0.06)
        assert noise_level(noisy(scene(), deviation).pixels) == pytest.approx(deviation, rel=0.3)
        assert noise_level(smooth.pixels) == noise_level(smooth.pixels[:1, :1]) == 0
