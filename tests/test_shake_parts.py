"""One path does not explain all of a photo: parts have paths of their own, and what no path explains stays as it is."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from diffir_demo.deconvolve import Blur, grey
from diffir_demo.metrics import psnr
from diffir_demo.shake import Shake, likeness
from diffir_demo.shake import parts as grid
from diffir_demo.shake.flat import beside_flat
from diffir_demo.shake.judge import Evidence
from diffir_demo.shake.parts import TRACED, USUAL, Grid, Parts, fit_parts, fitted_to, strengths
from diffir_demo.shake.undo import mixed, sharpened, undo
from diffir_demo.tasks.motion import camera_shake
from tests.test_deconvolve import large_scene
from tests.test_shake import shaken

PATH = camera_shake(13, np.random.default_rng(2))
SHARP = large_scene(300, 600)


def shake_of(kernel: np.ndarray) -> Shake:
    return Shake(kernel, "linear", 0.95, (), (slice(0, 300), slice(0, 300)))


@pytest.fixture(scope="module")
def soft() -> np.ndarray:
    return shaken(SHARP, PATH)


class TestGrid:
    @pytest.mark.parametrize("size", [(1, 1), (48, 90), (300, 600), (517, 763), (60, 12_000)])
    def test_the_weights_of_all_parts_sum_to_one_everywhere(self, size: tuple[int, int]) -> None:
        parts = Grid(*size)
        total = np.zeros((*size, 1), np.float32)
        for number in range(parts.count):
            total[parts.around(number)] += parts.weights(number)
        assert np.allclose(total, 1, atol=1e-6)
        assert np.allclose(parts.smooth([0.3] * parts.count, slice(0, size[0])), 0.3)

    def test_parts_cover_the_photo_once_and_are_never_many(self) -> None:
        for size in ((300, 600), (2828, 4243), (6000, 4000), (50, 30_000)):
            parts = Grid(*size)
            areas = [math.prod(side.stop - side.start for side in parts.around(n, 0)) for n in range(parts.count)]
            assert sum(areas) == math.prod(size) and len(areas) <= grid.MOST
        assert Grid(300, 600).shape == (1, 2) and Grid(48, 48).shape == (1, 1)

    def test_a_value_is_whole_in_the_middle_and_half_at_the_border(self) -> None:
        found = Grid(300, 600).smooth([0, 1], slice(10, 12))
        assert found.shape == (2, 600, 1)
        assert found[0, 0, 0] == 0 and found[0, -1, 0] == 1 and found[0, 299:301, 0].mean() == pytest.approx(0.5)
        assert (np.diff(found[0, :, 0]) >= 0).all() and np.diff(found[0, :, 0]).max() < 0.02


def test_a_part_with_another_path_gets_nearer_to_it(soft: np.ndarray) -> None:
    """Started from a wrong path, and from the right one, from which there is nowhere to go."""
    other = camera_shake(13, np.random.default_rng(8))
    seen = grey(soft[:, :300], "linear")
    start, right = (torch.from_numpy(kernel) for kernel in (other, PATH))
    assert likeness(fitted_to(seen, start), right) > likeness(start, right) + 0.05
    assert likeness(fitted_to(seen, right), right) > 0.9


def test_where_nothing_is_seen_the_photos_path_stays() -> None:
    flat = torch.full((200, 200), 0.3)
    assert likeness(fitted_to(flat, torch.from_numpy(PATH)), PATH) > 0.99


def test_fitting_ticks_after_every_round(soft: np.ndarray) -> None:
    shares = list[float]()
    fitted_to(grey(soft[:96, :96], "linear"), torch.from_numpy(PATH), shares.append)
    assert shares == sorted(shares) and shares[-1] == pytest.approx(1) and len(shares) == 10


def evidence_of(
    likelihood: float = 2.0, agreement: float = USUAL, spread: float = 4.0, excess: float = 0.0
) -> Evidence:
    return Evidence(excess, 0.0, likelihood, agreement, spread)


def test_parts_alike_are_believed_as_the_photo_is() -> None:
    shake = replace(shake_of(PATH), confidence=0.6)
    assert strengths([evidence_of()] * 3, 0.6) == pytest.approx([shake.trust] * 3)
    assert strengths([evidence_of()], 1.0) == [1.0]


def test_a_part_is_believed_as_its_evidence_says() -> None:
    usual, missed = strengths([evidence_of(), evidence_of(excess=4.0)], 0.6)
    assert usual > missed > 0
    assert strengths([evidence_of(agreement=0.5)], 0.6) < strengths([evidence_of()], 0.6)
    assert strengths([evidence_of(TRACED[0]), evidence_of(spread=1.0)], 0.95) == [0, 0]
    half = sum(TRACED) / 2
    assert strengths([evidence_of(half)], 0.95) == pytest.approx([strengths([evidence_of()], 0.95)[0] / 2])


def test_a_part_that_stood_still_is_not_believed() -> None:
    sharp = large_scene(300, 900)
    mostly = np.hstack([shaken(sharp, PATH)[:, :560], sharp[:, 560:]])
    parts = fit_parts(mostly, shake_of(PATH), 1.0)
    assert parts.grid.shape == (1, 3)
    assert parts.strengths[0] == parts.most > 0.5 and parts.strengths[2] < 0.2 * parts.most


def test_no_part_leaves_a_seam(soft: np.ndarray) -> None:
    """The same path everywhere, part by part, is what it is at once."""
    parts = Parts(Grid(300, 600), (PATH, PATH), (1.0, 1.0))
    whole, apart = (sharpened(soft, shake_of(PATH), each, 5000) for each in (None, parts))
    assert psnr(apart, whole) > 45
    border = slice(260, 340)
    assert psnr(apart[:, border], whole[:, border]) > 42
    none = Parts(Grid(300, 600), (PATH, PATH), (0.8, 0.0))
    assert np.array_equal(sharpened(soft, shake_of(PATH), none, 5000)[:, 340:], soft[:, 340:])


def test_rows_of_parts_join(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid, "PART", 100)
    blurred = shaken(large_scene(300, 200), PATH)
    own = Grid(300, 200)
    parts = Parts(own, (PATH,) * 6, (1.0,) * 6)
    assert own.shape == (3, 2)
    whole, apart = (sharpened(blurred, shake_of(PATH), each, 5000) for each in (None, parts))
    assert psnr(apart, whole) > 45
    still = Parts(own, (PATH,) * 6, (0.0,) * 6)
    assert np.array_equal(sharpened(blurred, shake_of(PATH), still, 5000), blurred)


def test_strength_and_parts_multiply(soft: np.ndarray) -> None:
    parts = Parts(Grid(300, 600), (PATH, PATH), (0.8, 0.0))
    where = parts.believed
    assert where(slice(0, 3))[:, :260].min() == 1 and where(slice(0, 3))[:, 340:].max() == 0
    joined = mixed(soft, SHARP, 0.5, where)
    assert np.array_equal(joined[:, 340:], soft[:, 340:])
    assert np.array_equal(joined[:, :260], mixed(soft, SHARP, 0.5)[:, :260])
    assert np.array_equal(mixed(soft, SHARP, 1.0, where)[:, :260], SHARP[:, :260])


# --- flat places ---------------------------------------------------------------------------------------------------


def half_flat(height: int = 1400) -> np.ndarray:
    """Sky with a slope and slight noise on the left, an edge every eight rows on the right."""
    rng = np.random.default_rng(5)
    level = np.linspace(90, 130, height)[:, None] * np.ones(400)
    level[:, 200:] += 80 * (np.arange(height)[:, None] // 8 % 2)
    return np.clip(level[..., None] + rng.normal(0, 2, (height, 400, 3)), 0, 255).astype(np.uint8)


def test_flat_places_stay_and_edges_are_sharpened() -> None:
    photo = half_flat()
    sharp = np.full_like(photo, 7)
    found = mixed(photo, sharp, 1.0, beside_flat(photo, length=12, noise=2.0))
    assert np.array_equal(found[:, :160], photo[:, :160])
    assert (found[:, 240:] == 7).all()


def test_flat_places_know_no_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    photo = half_flat(500)
    sharp = np.full_like(photo, 7)
    where = beside_flat(photo, length=9, noise=2.0)
    whole = mixed(photo, sharp, 1.0, where)
    monkeypatch.setitem(mixed.__globals__, "BAND", 100)
    assert np.array_equal(mixed(photo, sharp, 1.0, where), whole)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (5, 2), (49, 51)])
def test_flat_places_of_any_size(shape: tuple[int, int]) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    where = beside_flat(photo, length=40, noise=1.0)
    assert mixed(photo, photo, 1.0, where).shape == photo.shape


@pytest.mark.parametrize("exact", [True, False])
def test_noise_in_the_sky_is_not_sharpened(exact: bool) -> None:
    """But where the blur is known exactly, all of it is taken back."""
    sky = half_flat(300)[:, :160]
    found = undo(sky, Blur(PATH, "linear", exact=exact)).sharp
    assert (np.abs(found.astype(int) - sky).max() > 8) == exact
    assert exact or np.array_equal(found[:, :150], sky[:, :150])
