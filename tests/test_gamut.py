"""Holes in colours that sRGB has not are filled with such colours."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from diffir_demo import load
from diffir_demo.baselines import baselines_for
from diffir_demo.imaging import in_own_levels, load_picture, with_new_levels
from diffir_demo.imaging.colour import own_levels
from diffir_demo.imaging.described import by_codes
from tests.test_imaging import encoded


def patch(colour: tuple[int, int, int], profile: bytes | None) -> bytes:
    flat = np.clip(np.array(colour) + np.random.default_rng(1).normal(0, 2, (96, 96, 3)), 0, 255).round()
    return encoded(Image.fromarray(flat.astype(np.uint8)), "PNG", icc_profile=profile)


P3, BT2020 = by_codes(12, 13).profile, by_codes(9, 13).profile
HOLE = np.zeros((96, 96), bool)
HOLE[40:56, 40:56] = True


@pytest.mark.parametrize(("colour", "profile"), [((250, 30, 20), P3), ((20, 240, 30), BT2020), ((128, 120, 90), P3)])
@pytest.mark.parametrize("preset", ["auto", "faithful"])
def test_a_hole_goes_on_as_its_surroundings(colour: tuple[int, int, int], profile: bytes, preset: str) -> None:
    picture = load_picture(patch(colour, profile))
    result = load("inpaint", preset=preset).restore(picture, HOLE).picture
    saved = own_levels(result)
    assert np.array_equal(saved[~HOLE], own_levels(picture)[~HOLE])
    assert np.array_equal(result.pixels[~HOLE], picture.pixels[~HOLE])
    assert np.abs(saved[HOLE].mean(axis=0) - colour).max() <= 4


def test_baselines_fill_them_as_well() -> None:
    picture = load_picture(patch((250, 30, 20), P3))
    for baseline in baselines_for("inpaint"):
        result = baseline.run(picture, HOLE, 1)
        assert np.abs(own_levels(result)[HOLE].mean(axis=0) - (250, 30, 20)).max() <= 4, baseline.key
        assert np.array_equal(own_levels(result)[~HOLE], own_levels(picture)[~HOLE])


def test_pictures_that_srgb_can_hold_are_worked_on_in_it() -> None:
    assert in_own_levels(load_picture(patch((128, 120, 90), P3))) is None
    assert in_own_levels(load_picture(patch((250, 30, 20), None))) is None
    wide = load_picture(patch((250, 30, 20), P3))
    own = in_own_levels(wide)
    assert own is not None and np.array_equal(own.pixels, wide.levels)
    same = with_new_levels(wide, own)
    assert np.array_equal(same.pixels, wide.pixels) and np.array_equal(same.levels, wide.levels)
