"""Grain: a fill carries the noise of the photo around it, and a clean photo gets none."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from diffir_demo.grain import FEWEST, INVISIBLE, SIDE, VISIBLE, Grain, drawn, grain_of
from diffir_demo.texture import textured


def meadow(height: int = 160, width: int = 192) -> np.ndarray:
    """(height, width, 3) float64: slow changes of colour, nothing fine."""
    y, x = np.mgrid[:height, :width]
    return np.stack([120 + 40 * np.sin(x / 40) + y / 8, 110 + 30 * np.cos(y / 50) + x / 9, 100 + x / 6 + 0 * y], axis=2)


def noise(deviation: float, blur: float = 0, alike: float = 0, shape: tuple[int, int] = (160, 192)) -> np.ndarray:
    """alike: how much of the deviation the channels have in common, from 0 to 1."""
    rng = np.random.default_rng(0)
    white = (1 - alike) * rng.standard_normal((*shape, 3)) + alike * rng.standard_normal((*shape, 1))
    coarse = cv2.GaussianBlur(white, (0, 0), blur) if blur else white
    return coarse * deviation / coarse.std()


def photo(grain: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(meadow() + grain), 0, 255).astype(np.uint8)


def square(shape: tuple[int, int] = (160, 192)) -> np.ndarray:
    hole = np.zeros(shape, bool)
    hole[50:110, 60:130] = True
    return hole


def fine(pixels: np.ndarray, where: np.ndarray) -> float:
    """Deviation of what is finer than about three pixels."""
    pixels = pixels.astype(np.float64)
    return float((pixels - cv2.GaussianBlur(pixels, (0, 0), 1.5))[where].std())


KINDS = [(3, 0, 0), (8, 0, 0), (8, 0, 0.6), (8, 0.7, 0.3), (15, 1.0, 0)]


@pytest.mark.parametrize(("deviation", "blur", "alike"), KINDS)
@pytest.mark.parametrize("fill", ["auto", "texture"])
def test_a_fill_is_as_grainy_as_what_is_around(deviation: float, blur: float, alike: float, fill: str) -> None:
    """With a network that paints the very scene, but for its noise."""
    grainy, hole = photo(noise(deviation, blur, alike)), square()
    painted = np.where(hole[..., None], photo(np.zeros((160, 192, 3))), grainy)
    found = textured(grainy, hole, painted, fill, 5)  # pyright: ignore[reportArgumentType]
    inner = cv2.erode(hole.astype(np.uint8), np.ones((7, 7))) > 0  # so that no pixel from outside is measured with it
    outside = cv2.erode((~hole).astype(np.uint8), np.ones((7, 7))) > 0
    assert fine(painted, inner) < 0.5
    assert fine(found.pixels, inner) == pytest.approx(fine(grainy, outside), rel=0.25)
    assert np.array_equal(found.pixels[~hole], grainy[~hole])


@pytest.mark.parametrize(("deviation", "blur", "alike"), KINDS)
def test_new_grain_is_like_the_old(deviation: float, blur: float, alike: float) -> None:
    old = noise(deviation, blur, alike)
    found = grain_of(photo(old), ~square())
    assert found is not None and found.strength == 1
    new = drawn(found, np.ones((160, 192), np.float32), 1)
    everywhere = np.ones((160, 192), bool)
    assert fine(new, everywhere) == pytest.approx(fine(old, everywhere), rel=0.2)
    colours = [float(np.corrcoef(each[..., 0].ravel(), each[..., 1].ravel())[0, 1]) for each in (old, new)]
    assert colours[1] == pytest.approx(colours[0], abs=0.15)


def test_a_clean_photo_gets_none() -> None:
    hole, clean = square(), photo(np.zeros((160, 192, 3)))
    found = grain_of(clean, ~hole)
    assert found is not None and found.deviation < 0.5 and found.strength == 0
    painted = np.where(hole[..., None], np.uint8(90), clean)
    assert np.array_equal(textured(clean, hole, painted, "auto").pixels, painted)


def test_texture_in_places_does_not_count() -> None:
    """Half of the photo is a coarse pattern, the rest is clean."""
    pixels = photo(np.zeros((160, 192, 3)))
    pixels[:80] = np.random.default_rng(0).integers(60, 200, (20, 48, 3), np.uint8).repeat(4, 0).repeat(4, 1)
    found = grain_of(pixels, np.ones((160, 192), bool))
    assert found is not None and found.strength == 0


def test_what_is_hidden_or_cut_off_does_not_count() -> None:
    hole, clean = square(), photo(np.zeros((160, 192, 3)))
    covered = np.where(hole[..., None], noise(60).astype(np.uint8), clean)
    assert grain_of(covered, ~hole).deviation == grain_of(clean, ~hole).deviation  # pyright: ignore[reportOptionalMemberAccess]
    grainy = photo(noise(8))
    grainy[:100] = 255  # a blown-out sky
    found = grain_of(grainy, np.ones((160, 192), bool))
    assert found is not None and found.deviation > 6


def test_too_little_to_measure() -> None:
    side = int(FEWEST**0.5) * SIDE
    assert grain_of(photo(noise(8))[:side, :side], np.ones((side, side), bool)) is None


@pytest.mark.parametrize(("deviation", "strength"), [(0, 0), (INVISIBLE, 0), (VISIBLE, 1), (9, 1)])
def test_faint_grain_is_left_out(deviation: float, strength: float) -> None:
    assert Grain(np.eye(3) * deviation**2, 0.0).strength == pytest.approx(strength)


def test_the_seed_decides() -> None:
    grain, everywhere = Grain(np.eye(3) * 25, 0.5), np.ones((40, 40), np.float32)
    first, again, other = (drawn(grain, everywhere, seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert not drawn(grain, 0 * everywhere, 1).any()
