"""Strokes become masks by one rule: geometry, order, bounds."""

from __future__ import annotations

import numpy as np
import pytest

from diffir_demo.errors import InputError
from diffir_demo.imaging import load_mask, mask_picture, save_picture
from diffir_demo.imaging.strokes import MAX_POINTS, MAX_STROKES, Stroke, rasterise


def test_a_click_is_a_disc_of_the_brush_size():
    mask = rasterise([Stroke(0.1, [(0.5, 0.5)])], 101, 201)
    rows, columns = np.nonzero(mask)
    assert mask.sum() == pytest.approx(np.pi * 20.1**2, rel=0.04)
    assert (rows.mean(), columns.mean()) == pytest.approx((50, 100), abs=0.5)


def test_a_line_has_its_length_width_and_round_caps():
    mask = rasterise([Stroke(0.05, [(0.2, 0.5), (0.8, 0.5)])], 100, 200)
    assert mask[:, 100].sum() == pytest.approx(20, abs=1)
    assert mask[50].sum() == pytest.approx(120 + 20, abs=2)
    assert mask[50, 32] and not mask[42, 32], "the cap is round, not square"


def test_x_is_of_the_width_and_y_of_the_height():
    mask = rasterise([Stroke(0.02, [(0.25, 0.75)])], 400, 100)
    rows, columns = np.nonzero(mask)
    assert (rows.mean(), columns.mean()) == pytest.approx((299.5, 24.5), abs=0.5)


def test_the_same_strokes_cover_the_same_part_at_any_size():
    strokes = [Stroke(0.06, [(0.1, 0.2), (0.6, 0.5), (0.9, 0.1)]), Stroke(0.03, [(0.4, 0.45)], erase=True)]
    small, large = rasterise(strokes, 150, 200), rasterise(strokes, 600, 800)
    assert small.mean() == pytest.approx(large.mean(), rel=0.05)
    assert (large[2::4, 2::4] != small).mean() < 0.02


def test_the_eraser_takes_away_and_the_brush_puts_back_in_order():
    paint, erase = Stroke(0.2, [(0.5, 0.5)]), Stroke(0.1, [(0.5, 0.5)], erase=True)
    assert not rasterise([paint, erase], 90, 90)[45, 45]
    assert rasterise([paint, erase], 90, 90)[45, 45 - 14]
    assert rasterise([erase, paint], 90, 90)[45, 45]


def test_undo_is_exact():
    first, second = Stroke(0.05, [(0.1, 0.1), (0.9, 0.9)]), Stroke(0.05, [(0.9, 0.1), (0.1, 0.9)])
    once = rasterise([first], 64, 64)
    assert not np.array_equal(once, rasterise([first, second], 64, 64))
    assert np.array_equal(once, rasterise([first], 64, 64))


def test_strokes_go_over_an_uploaded_mask_and_leave_it_unchanged():
    base = np.zeros((40, 40), bool)
    base[:20] = True
    before = base.copy()
    mask = rasterise([Stroke(0.1, [(0.5, 0.1)], erase=True), Stroke(0.1, [(0.5, 0.9)])], 40, 40, base)
    assert mask[36, 20] and not mask[4, 20] and mask[4, 2]
    assert np.array_equal(base, before)


def test_painted_equals_uploaded(tmp_path):
    painted = rasterise([Stroke(0.07, [(0.2, 0.3), (0.7, 0.8)])], 77, 91)
    saved = save_picture(mask_picture(painted), tmp_path / "mask.png")
    assert np.array_equal(load_mask(saved), painted)


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1)])
def test_the_smallest_pictures_can_be_painted(size):
    assert rasterise([Stroke(0.5, [(0.5, 0.5)])], *size).any()


@pytest.mark.parametrize(
    ("radius", "points"),
    [
        (0.0, [(0.5, 0.5)]),
        (0.6, [(0.5, 0.5)]),
        (float("nan"), [(0.5, 0.5)]),
        (float("inf"), [(0.5, 0.5)]),
        (0.1, []),
        (0.1, [(float("nan"), 0.5)]),
        (0.1, [(0.5, 1e9)]),
        (0.1, [(0.5, 0.5, 0.5)]),
    ],
)
def test_values_that_no_canvas_makes_are_refused(radius, points):
    with pytest.raises(InputError):
        Stroke(radius, points)


@pytest.mark.parametrize(
    "strokes",
    [
        [Stroke(0.01, [(0.5, 0.5)])] * (MAX_STROKES + 1),
        [Stroke(0.01, [(0.5, 0.5)] * (MAX_POINTS + 1))],
        [Stroke(0.5, [(0.5, 0.5)] * 30_000)],
    ],
    ids=["strokes", "points", "work"],
)
def test_more_than_a_hand_paints_is_refused(strokes):
    with pytest.raises(InputError, match="too many brush strokes"):
        rasterise(strokes, 1000, 1000)
