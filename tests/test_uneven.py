"""Blur that no one path explains: the sets say what they did, and light behaves as it does."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from diffir_demo.imaging import Picture
from diffir_demo.metrics import psnr
from diffir_demo.tasks import Case, motion
from diffir_demo.tasks.damage import blur
from tests.test_deconvolve import large_scene

HEIGHT, WIDTH = 240, 300


@pytest.fixture(autouse=True)
def without_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(motion, "NOISE", 0.0)


def cases(kind: str, count: int) -> list[Case]:
    sharp = Picture(large_scene(HEIGHT, WIDTH))
    return [getattr(motion, kind)(sharp, np.random.default_rng(seed)) for seed in range(count)]


def blurred_with(pixels: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    levels = blur(torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255, torch.from_numpy(kernel)[None])[0]
    return np.rint(255 * levels.permute(1, 2, 0).numpy()).clip(0, 255).astype(np.uint8)


def changed(case: Case) -> np.ndarray:
    """(h, w) bool: pixels that are not what they are without the blur."""
    return np.abs(case.request.picture.pixels.astype(int) - case.reference.pixels).max(axis=2) > 1


def test_a_subject_moves_before_a_camera_that_stands_still_or_does_not() -> None:
    found = cases("moving", 8)
    still = [case for case in found if case.kernel is None]
    assert 0 < len(still) < len(found)
    for case in still:
        share = changed(case).mean()
        assert 0.5 * motion.SHARE[0] < share < motion.SHARE[1] + 0.15
    for case in found:
        if case.kernel is not None:  # behind and beside the subject the path told is the blur
            far = np.abs(blurred_with(case.reference.pixels, case.kernel).astype(int) - case.request.picture.pixels)
            inside = far[30:-30, 30:-30].max(axis=2) <= 2
            assert 0.35 < inside.mean() < 0.95


def test_light_is_lost_nowhere_near_a_subject() -> None:
    """A photo of one colour stays one: what the subject leaves of the scene and what it adds sum to all."""
    plain = Picture(np.full((90, 120, 3), (200, 90, 30), np.uint8))
    for seed in range(4):
        case = motion.moving(plain, np.random.default_rng(seed))
        assert np.abs(case.request.picture.pixels.astype(int) - plain.pixels).max() <= 1


def test_a_turning_camera_has_the_path_told_in_the_middle_alone() -> None:
    for case in cases("roll", 3):
        assert case.kernel is not None and case.kernel.sum() == pytest.approx(1, abs=1e-5)
        one = blurred_with(case.reference.pixels, case.kernel)
        seen = case.request.picture.pixels
        middle = slice(HEIGHT // 2 - 12, HEIGHT // 2 + 12), slice(WIDTH // 2 - 12, WIDTH // 2 + 12)
        corners = [
            (rows, columns) for rows in (slice(30, 60), slice(-60, -30)) for columns in (slice(30, 60), slice(-60, -30))
        ]
        here = psnr(seen[middle], one[middle])
        assert here > max(psnr(seen[corner], one[corner]) for corner in corners) + 3
        assert here > psnr(seen[middle], case.reference.pixels[middle]) + 3


@pytest.mark.parametrize("kind", ["moving", "roll"])
def test_any_size_and_only_slight_noise(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for size in ((1, 1), (5, 40)):
        case = getattr(motion, kind)(Picture(np.full((*size, 3), 90, np.uint8)), np.random.default_rng(0))
        assert case.request.picture.pixels.shape == case.reference.pixels.shape == (*size, 3)
    plain = Picture(np.full((60, 80, 3), 90, np.uint8))
    monkeypatch.setattr(motion, "NOISE", 2.0)
    noise = getattr(motion, kind)(plain, np.random.default_rng(1)).request.picture.pixels.astype(float) - 90
    assert 0 < noise.std() < 2.1
