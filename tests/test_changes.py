"""Where two pictures differ most: the places are the largest differences there are, and lie apart."""

from __future__ import annotations

import numpy as np
import pytest

from diffir_demo.imaging import Picture
from diffir_demo.trace.changes import CELL, SIDE, most_changed


def plain(height: int, width: int) -> np.ndarray:
    return np.full((height, width, 3), 100, np.uint8)


def test_the_largest_difference_comes_first() -> None:
    before, after = plain(300, 500), plain(300, 500)
    after[40:104, 320:384] = 140  # 64 x 64 pixels, on whole cells
    after[200:264, 80:144] = 110
    first, second = most_changed(Picture(before), Picture(after))
    assert (first.left, first.top, first.width, first.height) == (320, 40, SIDE, SIDE)
    assert (second.left, second.top) == (80, 200)
    assert first.difference == pytest.approx(40) and second.difference == pytest.approx(10)
    assert (first.of(Picture(after)).pixels == 140).all()


def test_places_lie_apart_and_in_the_picture() -> None:
    rng = np.random.default_rng(0)
    for height, width in ((64, 64), (70, 203), (512 + 30, 130), (5, 9), (1, 1)):
        before, after = (Picture(rng.integers(0, 256, (height, width, 3), np.uint8)) for _ in range(2))
        found = most_changed(before, after, count=4)
        assert 1 <= len(found) <= 4
        seen = np.zeros((height, width), int)
        for place in found:
            part = slice(place.top, place.top + place.height), slice(place.left, place.left + place.width)
            seen[part] += 1
            exact = np.abs(before.pixels[part].astype(int) - after.pixels[part]).mean()
            assert place.difference == pytest.approx(exact)
            assert place.of(before).pixels.shape == (place.height, place.width, 3)
        assert seen.max() == 1
        assert [each.difference for each in found] == sorted((each.difference for each in found), reverse=True)


def test_none_is_larger_than_what_was_found() -> None:
    rng = np.random.default_rng(1)
    before, after = (Picture(rng.integers(0, 256, (160, 176, 3), np.uint8)) for _ in range(2))
    (best,) = most_changed(before, after, count=1)
    distance = np.abs(before.pixels.astype(int) - after.pixels)
    everywhere = [
        distance[top : top + SIDE, left : left + SIDE].mean()
        for top in range(0, 160 - SIDE + 1, CELL)
        for left in range(0, 176 - SIDE + 1, CELL)
    ]
    assert best.difference == pytest.approx(max(everywhere))


def test_pictures_of_two_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="one size"):
        most_changed(Picture(plain(8, 8)), Picture(plain(8, 16)))
