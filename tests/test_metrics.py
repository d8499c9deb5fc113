"""Metrics against values computed by hand, MATLAB's documented luma, and their own definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import ndimage

from diffir_demo.errors import InputError
from diffir_demo.metrics import (
    ALIGNED_BORDER,
    LARGEST_SHIFT,
    SR_BORDER,
    aligned_psnr,
    hole_psnr,
    luma,
    psnr,
    sr_scores,
    ssim,
)
from diffir_demo.tasks import TASKS
from tests.pictures import noise


def grey(value: int, height: int = 32, width: int = 40) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


class TestPSNR:
    @pytest.mark.parametrize(
        ("difference", "decibels"),
        [(1, 48.1308036), (5, 34.1514035), (255, 0.0)],  # 20 log10(255 / difference)
    )
    def test_by_hand(self, difference: int, decibels: float) -> None:
        assert psnr(grey(0), grey(difference)) == pytest.approx(decibels, abs=1e-6)

    def test_bytes_do_not_wrap_around(self) -> None:
        assert psnr(grey(250), grey(2)) == psnr(grey(2), grey(250)) == pytest.approx(20 * math.log10(255 / 248))

    def test_identical_pictures_are_infinitely_alike(self) -> None:
        assert psnr(noise(32, 40, seed=0), noise(32, 40, seed=0)) == math.inf

    def test_errors_are_averaged_over_pixels_and_channels(self) -> None:
        changed = grey(100, 2, 5)
        changed[0, 0, 0] += 30  # one of 30 values: mean squared error 30
        assert psnr(changed, grey(100, 2, 5)) == pytest.approx(10 * math.log10(255**2 / 30))

    def test_a_mask_chooses_the_pixels(self) -> None:
        a, b, mask = grey(10), grey(10), np.zeros((32, 40), bool)
        b[:4], mask[:8] = 30, True  # half of the chosen pixels are off by 20: mean squared error 200
        assert psnr(a, b, mask=mask) == pytest.approx(10 * math.log10(255**2 / 200))
        assert hole_psnr(a, b, mask) == psnr(a, b, mask=mask)
        assert psnr(a, b, mask=~mask) == math.inf

    def test_misfits_are_refused(self) -> None:
        with pytest.raises(InputError, match="40 x 32 x 3 and 32 x 40 x 3"):
            psnr(grey(0), grey(0, 40, 32))
        with pytest.raises(InputError, match="shape"):
            psnr(grey(0), grey(0), mask=np.ones((40, 32), bool))
        with pytest.raises(InputError, match="no pixel"):
            psnr(grey(0), grey(0), mask=np.zeros((32, 40), bool))


class TestAlignedPSNR:
    @staticmethod
    def smooth(down: float, right: float) -> np.ndarray:
        """Soft noise, moved by parts of a pixel."""
        wide = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=(110, 120, 3)), (1.5, 1.5, 0))
        moved = ndimage.shift(127 + 180 * wide, (down, right, 0), order=5, mode="mirror")
        return np.clip(np.rint(moved[15:-15, 15:-15]), 0, 255).astype(np.uint8)

    @pytest.mark.parametrize(("down", "right"), [(0.5, 0), (-1.3, 2.4), (4, -3)])
    def test_a_shift_costs_next_to_nothing(self, down: float, right: float) -> None:
        still, moved = self.smooth(0, 0), self.smooth(down, right)
        aligned = aligned_psnr(moved, still)
        assert aligned is not None and aligned > 38 > psnr(moved, still) + 3

    def test_what_lies_farther_off_is_no_shift(self) -> None:
        far = LARGEST_SHIFT + 3
        random = np.random.default_rng(0).integers(0, 256, (90, 90, 3), np.uint8)
        still, moved = random[:80, :80], random[int(far) :, :80][:80]
        inside = slice(ALIGNED_BORDER, -ALIGNED_BORDER)
        still = still[: len(moved)]
        assert aligned_psnr(moved, still) == psnr(moved[inside, inside], still[inside, inside])

    def test_never_less_than_without(self) -> None:
        a, b = noise(32, 40, seed=1), noise(32, 40, seed=2)
        inside = slice(ALIGNED_BORDER, -ALIGNED_BORDER)
        aligned = aligned_psnr(a, b)
        assert aligned is not None and aligned >= psnr(a[inside, inside], b[inside, inside])
        assert aligned_psnr(a, a) == math.inf

    def test_nothing_is_left_of_tiny_pictures(self) -> None:
        tiny = grey(3, 2 * ALIGNED_BORDER, 40)
        assert aligned_psnr(tiny, tiny) is None
        with pytest.raises(InputError):
            aligned_psnr(grey(3), grey(3, 33))


class TestSSIM:
    def test_identical_pictures_score_one(self) -> None:
        assert ssim(noise(32, 40, seed=0), noise(32, 40, seed=0)) == pytest.approx(1)

    @pytest.mark.parametrize(("a", "b"), [(100, 100), (100, 110), (0, 255)])
    def test_flat_pictures_by_hand(self, a: int, b: int) -> None:
        luminance = (0.01 * 255) ** 2  # without variance only the luminance term of Wang et al. is left
        expected = (2 * a * b + luminance) / (a**2 + b**2 + luminance)
        assert ssim(grey(a), grey(b)) == pytest.approx(expected, abs=1e-9)

    def test_one_window_by_hand(self) -> None:
        a, b = noise(11, 11, seed=1)[..., 0], noise(11, 11, seed=2)[..., 0]
        x = np.arange(-5, 6)
        line = np.exp(-(x**2) / (2 * 1.5**2))
        window = np.outer(line, line) / line.sum() ** 2
        mean_a, mean_b = (window * a).sum(), (window * b).sum()
        centred_a, centred_b = a - mean_a, b - mean_b
        variance_a, variance_b = (window * centred_a**2).sum(), (window * centred_b**2).sum()
        covariance = (window * centred_a * centred_b).sum()
        c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
        numerator = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
        denominator = (mean_a**2 + mean_b**2 + c1) * (variance_a + variance_b + c2)
        assert ssim(a, b) == pytest.approx(numerator / denominator, abs=1e-6)

    def test_colour_is_the_mean_over_channels(self) -> None:
        a, b = noise(32, 40, seed=1), noise(32, 40, seed=2)
        assert ssim(a, b) == pytest.approx(np.mean([ssim(a[..., i], b[..., i]) for i in range(3)]))

    def test_misfits_are_refused(self) -> None:
        with pytest.raises(InputError, match="one size"):
            ssim(grey(0), grey(0, 40, 32))
        with pytest.raises(InputError, match="at least 11 x 11 pixels; this picture has 40 x 10"):
            ssim(grey(0, 10), grey(0, 10))


class TestLuma:
    @pytest.mark.parametrize(
        ("colour", "expected"),
        [
            ((0, 0, 0), 16.0),
            ((255, 255, 255), 235.0),
            ((255, 0, 0), 81.481),
            ((0, 255, 0), 144.553),
            ((0, 0, 255), 40.966),
            ((128, 128, 128), 16 + 219 * 128 / 255),
        ],
    )
    def test_like_matlab(self, colour: tuple[int, int, int], expected: float) -> None:
        y = luma(np.array([[colour]], np.uint8))
        assert (y.shape, y.dtype) == ((1, 1), np.float64)
        assert y.item() == pytest.approx(expected, abs=1e-9)


class TestScores:
    def test_super_resolution_is_measured_on_luma_without_its_border(self) -> None:
        a, b = noise(32, 40, seed=1), noise(32, 40, seed=2)
        inside = slice(SR_BORDER, -SR_BORDER)
        assert sr_scores(a, b) == {
            "psnr_y": psnr(luma(a)[inside, inside], luma(b)[inside, inside]),
            "ssim_y": ssim(luma(a)[inside, inside], luma(b)[inside, inside]),
        }

    def test_the_border_does_not_count(self) -> None:
        framed = grey(50)
        framed[:4] = framed[-4:] = framed[:, :4] = framed[:, -4:] = 200
        assert sr_scores(framed, grey(50)) == {"psnr_y": math.inf, "ssim_y": pytest.approx(1)}

    def test_studio_range_makes_errors_smaller(self) -> None:
        assert sr_scores(grey(100), grey(110))["psnr_y"] == pytest.approx(20 * math.log10(255 / (10 * 219 / 255)))

    @pytest.mark.parametrize(("task", "keys"), [("sr", ["psnr_y", "ssim_y"]), ("deblur", ["psnr", "ssim"])])
    def test_each_task_has_its_own(self, task: str, keys: list[str]) -> None:
        assert list(TASKS[task].scores(noise(32, 40, seed=1), noise(32, 40, seed=2))) == keys

    def test_inpainting_leads_with_the_hole(self) -> None:
        a, b, mask = grey(10), grey(10), np.zeros((32, 40), bool)
        b[:4], mask[:4] = 30, True
        found = TASKS["inpaint"].scores(a, b, mask)
        assert list(found) == ["hole_psnr", "psnr", "ssim"]
        assert found["hole_psnr"] == pytest.approx(20 * math.log10(255 / 20))
        assert found["psnr"] == pytest.approx(found["hole_psnr"] + 10 * math.log10(32 / 4))

    def test_without_a_hole_there_is_no_hole_to_score(self) -> None:
        assert list(
            TASKS["inpaint"].scores(noise(32, 40, seed=1), noise(32, 40, seed=2), np.zeros((32, 40), bool))
        ) == ["psnr", "ssim"]

    @pytest.mark.parametrize(
        ("task", "side", "keys"),
        [
            ("deblur", 10, ["psnr"]),
            ("deblur", 11, ["psnr", "ssim"]),
            ("sr", 8, []),
            ("sr", 18, ["psnr_y"]),
            ("sr", 19, ["psnr_y", "ssim_y"]),
        ],
    )
    def test_small_pictures_go_without_what_they_cannot_have(self, task: str, side: int, keys: list[str]) -> None:
        assert list(TASKS[task].scores(noise(side, side, seed=1), noise(side, side, seed=2))) == keys

    @pytest.mark.parametrize("task", ["sr", "deblur", "inpaint"])
    def test_sizes_must_agree(self, task: str) -> None:
        with pytest.raises(InputError, match="one size"):
            TASKS[task].scores(grey(0), grey(0, 40, 32))
