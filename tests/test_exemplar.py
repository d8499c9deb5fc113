"""Exemplar fill: textures go on, known pixels stay, and whatever the hole, something sensible comes back."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
import torch

from diffir_demo.baselines import get_baseline
from diffir_demo.exemplar import Filled, cost, fill
from diffir_demo.exemplar.fill import CONTEXT, PIECE, parts
from diffir_demo.exemplar.level import BORDER, REACH, Level
from diffir_demo.exemplar.poisson import blend
from diffir_demo.exemplar.pyramid import MOST_SEARCHED, scales
from diffir_demo.imaging import Picture
from diffir_demo.metrics import psnr
from diffir_demo.tick import streamed
from tests.pictures import noise


def stripes(side: int = 96) -> np.ndarray:
    x = np.arange(side)
    wave = 128 + 80 * np.sin(2 * np.pi * x / 8)
    return np.stack([np.broadcast_to(wave, (side, side)), *[np.full((side, side), 90.0)] * 2], axis=2).astype(np.uint8)


def checkerboard(side: int = 96) -> np.ndarray:
    y, x = np.mgrid[:side, :side] // 6
    return np.where(((y + x) % 2 == 0)[..., None], (230, 200, 60), (40, 60, 110)).astype(np.uint8)


def brick(side: int = 96) -> np.ndarray:
    y, x = np.mgrid[:side, :side]
    joint = (y % 8 == 0) | ((x + 8 * (y // 8 % 2)) % 16 == 0)
    return np.where(joint[..., None], (210, 205, 200), (150, 70, 50)).astype(np.uint8)


def block(side: int = 96, top: int = 36, left: int = 40, size: int = 22) -> np.ndarray:
    hole = np.zeros((side, side), bool)
    hole[top : top + size, left : left + size] = True
    return hole


def harmonic(pixels: np.ndarray, hole: np.ndarray) -> np.ndarray:
    return get_baseline("harmonic", "inpaint").run(Picture(pixels), hole, 1).pixels


def filled(pixels: np.ndarray, hole: np.ndarray, seed: int = 0) -> Filled:
    before = pixels.copy()
    result = fill(pixels, hole, seed)
    assert np.array_equal(pixels, before)
    assert result.pixels.shape == pixels.shape and result.pixels.dtype == np.uint8
    assert np.array_equal(result.pixels[~hole], pixels[~hole])
    assert not (result.copied & ~hole).any()
    return result


class TestTexture:
    @pytest.mark.parametrize(("texture", "least"), [(stripes, 60), (checkerboard, 60), (brick, 60)])
    def test_a_pattern_goes_on_in_the_hole(self, texture: Callable[[], np.ndarray], least: float) -> None:
        clean, hole = texture(), block()
        covered = np.where(hole[..., None], np.uint8(255), clean)
        result = filled(covered, hole)
        score = psnr(result.pixels, clean, mask=hole)
        assert score > least
        assert score > psnr(harmonic(covered, hole), clean, mask=hole) + 8
        assert result.copied[hole].all() and result.notice is None

    def test_the_hole_shows_no_more_than_the_rest_has(self) -> None:
        """Colours are copied and shifted a little, not mixed from far apart."""
        result = filled(checkerboard(), block())
        assert result.pixels.reshape(-1, 3)[block().ravel()].std(axis=0).min() > 15

    def test_what_was_painted_over_is_never_seen(self) -> None:
        clean, hole = brick(), block(top=0, left=70)
        two = [filled(np.where(hole[..., None], np.uint8(value), clean), hole).pixels for value in (0, 255)]
        assert np.array_equal(*two)

    def test_brightness_meets_the_rim_where_the_light_changes(self) -> None:
        light = np.linspace(60, 190, 96)[None, :, None] + np.zeros((96, 1, 3))
        grain = np.random.default_rng(1).normal(0, 4, light.shape)
        clean, hole = (light + grain).astype(np.uint8), block()
        assert abs(float((filled(clean, hole).pixels[hole].astype(float) - light.repeat(1, 0)[hole]).mean())) < 4


@pytest.mark.parametrize("seed", range(3))
def test_copies_come_from_the_same_height_rather_than_from_below(seed: int) -> None:
    """The same ground lies beside the hole, a little noisier, and far below, exact: sea, where this is sky."""
    rng = np.random.default_rng(0)
    ground, hole = rng.integers(60, 190, (64, 64)), np.zeros((192, 128), bool)
    picture = rng.integers(60, 190, hole.shape)
    picture[:64, :64] = picture[128:, :64] = ground
    picture[:64, 64:] = beside = ground + rng.integers(-8, 9, ground.shape)
    hole[20:44, 20:44] = True
    covered = np.where(hole, 0, picture).astype(np.uint8)[..., None].repeat(3, axis=2)
    found = filled(covered, hole, seed).pixels[..., 0].astype(int)
    apart = [np.abs(found[:64, :64] - each)[hole[:64, :64]].mean() for each in (beside, ground)]
    assert apart[0] < 1 < apart[1]


class TestGuide:
    def test_copies_are_chosen_by_the_guides_colours(self) -> None:
        """Left of the hole it is dark, right of it bright, and only the guide says where the dark side ends."""
        shape, hole = (64, 160), np.zeros((64, 160), bool)
        hole[:, 62:98] = True
        bright = np.isin(np.searchsorted([24, 48, 72, 124], np.arange(160), side="right"), (1, 3))[None, :, None]
        grain = np.random.default_rng(0).normal(0, 12, (*shape, 3))
        clean = np.clip(np.where(bright, 190, 60) + grain, 0, 255).astype(np.uint8)
        guide = np.where(hole[..., None], np.where(bright, 190, 60), clean).astype(np.uint8)
        covered = np.where(hole[..., None], np.uint8(0), clean)
        alone, guided = (fill(covered, hole, 0, each).pixels for each in (None, guide))
        assert psnr(guided, clean, mask=hole) > psnr(alone, clean, mask=hole) + 0.5
        assert guided[hole].std() > 0.8 * clean[hole].std(), "and they still bring texture"
        assert np.array_equal(guided[~hole], clean[~hole])

    def test_what_a_guide_shows_outside_the_hole_does_not_count(self) -> None:
        clean, hole = brick(), block()
        guides = (np.where(hole[..., None], np.uint8(120), np.uint8(level)) for level in (0, 255))
        two = [fill(clean, hole, 0, np.broadcast_to(guide, clean.shape).copy()).pixels for guide in guides]
        assert np.array_equal(*two)

    def test_a_guide_of_another_size_is_refused(self) -> None:
        with pytest.raises(ValueError, match="guide must be"):
            fill(brick(), block(), 0, brick(64))


class TestSeeds:
    def test_the_same_seed_gives_the_same_picture_on_any_number_of_threads(self) -> None:
        photo, hole, before = noise(40, 40), block(40, 14, 14, 9), torch.get_num_threads()
        first = filled(photo, hole, 5).pixels
        try:
            torch.set_num_threads(1 if before > 1 else 2)
            assert np.array_equal(filled(photo, hole, 5).pixels, first)
        finally:
            torch.set_num_threads(before)

    def test_another_seed_gives_another_picture(self) -> None:
        photo, hole = noise(40, 40), block(40, 14, 14, 9)
        assert np.mean(filled(photo, hole, 1).pixels[hole] != filled(photo, hole, 2).pixels[hole]) > 0.5


class TestProgress:
    def test_it_rises_to_one(self) -> None:
        told = list[float]()
        fill(brick(), block(), tick=told.append)
        assert told == sorted(told) and told[0] >= 0 and told[-1] == 1
        assert len(set(told)) > 20
        assert np.diff(told).max() < 0.5

    def test_stopping_midway_leaves_nothing_behind(self) -> None:
        photo, hole = brick(), block()
        before, drawn = photo.copy(), torch.get_rng_state()
        shares = streamed(lambda tick: fill(photo, hole, tick=tick))
        for _ in range(30):
            next(shares)
        shares.close()
        assert np.array_equal(photo, before) and np.array_equal(hole, block())
        assert torch.equal(torch.get_rng_state(), drawn)
        filled(photo, hole)


class TestEdges:
    @pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 9), (9, 1), (5, 6), (7, 7), (8, 40)])
    def test_small_pictures(self, height: int, width: int) -> None:
        photo, hole = noise(height, width), np.zeros((height, width), bool)
        hole[height // 2, width // 2] = True
        result = filled(photo, hole)
        assert (result.notice is None) == bool(result.copied.any())

    def test_too_little_to_copy_from_is_filled_smoothly_and_said(self) -> None:
        hole = np.ones((40, 40), bool)
        hole[:4] = False
        photo = np.full((40, 40, 3), 77, np.uint8)
        result = filled(photo, hole)
        assert np.abs(result.pixels.astype(int) - 77).max() <= 1
        assert not result.copied.any() and result.notice is not None and "the hole was filled" in result.notice

    def test_everything_hidden_comes_back_grey(self) -> None:
        result = filled(noise(30, 20), np.ones((30, 20), bool))
        assert set(result.pixels.ravel().tolist()) <= {127, 128} and result.notice

    def test_nothing_hidden_comes_back_as_it_was(self) -> None:
        result = filled(noise(30, 20), np.zeros((30, 20), bool))
        assert not result.copied.any() and result.notice is None

    @pytest.mark.parametrize("place", ["corner", "edge", "all edges", "cross"])
    def test_holes_at_the_border(self, place: str) -> None:
        clean, hole = brick(), np.zeros((96, 96), bool)
        match place:
            case "corner":
                hole[:20, :20] = True
            case "edge":
                hole[30:60, -12:] = True
            case "all edges":
                hole[:6] = hole[-6:] = hole[:, :6] = hole[:, -6:] = True
            case "cross":
                hole[44:54] = hole[:, 44:54] = True
        result = filled(clean, hole)
        assert result.copied[hole].all()
        assert psnr(result.pixels, clean, mask=hole) > psnr(harmonic(clean, hole), clean, mask=hole) + 1

    def test_arrays_of_other_kinds_are_refused(self) -> None:
        with pytest.raises(ValueError, match="uint8"):
            fill(np.zeros((4, 4, 3), np.float32), np.zeros((4, 4), bool))
        with pytest.raises(ValueError, match="bool"):
            fill(np.zeros((4, 4, 3), np.uint8), np.zeros((4, 5), bool))


class TestParts:
    def test_far_holes_have_parts_of_their_own(self) -> None:
        hole = np.zeros((2000, 3000), bool)
        hole[100:150, 100:160] = hole[1700:1720, 2800:2830] = True
        found = list(parts(hole))
        sizes = [(150 + CONTEXT, 160 + CONTEXT), (20 + 2 * CONTEXT, 200 + CONTEXT)]
        assert [part.hole.shape for part in found] == sizes
        assert [int(part.hole.sum()) for part in found] == [50 * 60, 20 * 30]

    def test_a_hole_in_a_large_photo_looks_at_its_surroundings_only(self) -> None:
        hole = np.zeros((3000, 4000), bool)
        hole[1400:1900, 1700:2200] = True
        (part,) = parts(hole)
        assert part.hole.shape == (500 + 2 * CONTEXT,) * 2

    def test_long_scratches_are_cut(self) -> None:
        hole = np.zeros((3000, 4000), bool)
        hole[np.arange(3000), np.arange(3000)] = hole[np.arange(3000), np.arange(3000) + 1] = True
        found = list(parts(hole))
        assert max(part.hole.size for part in found) <= (PIECE + 2 * CONTEXT) ** 2 <= MOST_SEARCHED
        assert sum(int(part.hole.sum()) for part in found) == hole.sum()

    def test_two_far_holes_are_both_filled(self) -> None:
        clean = np.tile(brick(), (1, 4, 1))
        hole = np.zeros(clean.shape[:2], bool)
        hole[30:50, 20:40] = hole[40:60, 330:350] = True
        assert len(list(parts(hole))) == 2
        result = filled(np.where(hole[..., None], np.uint8(0), clean), hole)
        assert result.copied[hole].all() and psnr(result.pixels, clean, mask=hole) > 20

    def test_larger_holes_cost_more(self) -> None:
        assert 0 < cost(10, 1000) < cost(20, 1000) < cost(20, 90000)


def test_features_of_some_places_are_those_of_all_in_their_rows() -> None:
    known = ~block()
    pixels = noise(96, 96)
    scale = scales(pixels, known, known)[-1]
    level = Level.built(scale)
    places = level.targets[::7]
    row, column = places // level.width, places % level.width - REACH
    together = level.features(int(row[0]), int(row[-1]) + 1)[row - row[0], column]
    torch.testing.assert_close(level.features_at(places), together, atol=0.01, rtol=1e-4)


@pytest.mark.parametrize(("height", "width"), [(1, 2), (5, 9), (40, 30)])
def test_the_border_mirrors_the_picture(height: int, width: int) -> None:
    pixels, known = noise(height, width), np.ones((height, width), bool)
    known[0, 0] = False
    level = Level.built(scales(pixels, known, known)[-1])
    level.mirror()
    near = slice(BORDER - REACH, REACH - BORDER)
    inner = np.ascontiguousarray(level.grid(level.image).numpy()[level.inner])
    wanted = cv2.copyMakeBorder(inner, *[REACH] * 4, cv2.BORDER_REFLECT)
    assert np.array_equal(level.grid(level.image).numpy()[near, near], wanted)


def test_seams_end_at_the_rim_and_not_at_the_photos_edge() -> None:
    """Copies 40 levels too dark, in a hole at the edge, come out as bright as the one known side."""
    hole = np.zeros((20, 30), bool)
    hole[4:, 10:] = True
    copy = np.full((20, 30, 3), 140, np.float32)
    copy[hole] = 100
    still = np.zeros((20, 29, 3), np.float32), np.zeros((19, 30, 3), np.float32)
    assert np.abs(blend(copy, *still, hole, np.ones_like(hole)) - 140).max() < 0.2
