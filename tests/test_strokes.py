"""Strokes become masks by one rule: geometry, order, bounds."""

from __future__ import annotations

import numpy as np
import pytest

from diffir_demo.errors import InputError
from diffir_demo.imaging import blended, grown, load_mask, mask_picture, save_picture, soft_mask
from diffir_demo.imaging.strokes import MAX_POINTS, MAX_STROKES, Stroke, feather_pixels, rasterise


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


def centres(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """(x, y) of every pixel's centre."""
    y, x = np.mgrid[0:height, 0:width] + 0.5
    return x, y


@pytest.mark.parametrize("pixels", [3, 4, 7, 20, 61])
def test_a_line_is_what_lies_within_the_brush(pixels):
    """Pixel by pixel, against the distance to the polyline."""
    corners = np.random.default_rng(pixels).uniform(-0.2, 1.2, (5, 2))
    x, y = centres(90, 140)
    nearest = np.full((90, 140), np.inf)
    for (ax, ay), (bx, by) in zip(corners[:-1] * (140, 90), corners[1:] * (140, 90), strict=True):
        along = ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2)
        along = np.clip(along, 0, 1)
        nearest = np.minimum(nearest, np.hypot(x - ax - along * (bx - ax), y - ay - along * (by - ay)))
    mask = rasterise([Stroke(pixels / 2 / 140, [(a, b) for a, b in corners])], 90, 140)
    assert np.array_equal(mask, nearest <= pixels / 2)


@pytest.mark.parametrize("pixels", [1, 2, 3, 10])
def test_a_level_line_is_as_wide_as_the_brush_wherever_it_lies(pixels):
    for y in (0.5, 0.503, 0.505, 0.51):
        mask = rasterise([Stroke(pixels / 2 / 100, [(0.2, y), (0.8, y)])], 100, 100)
        assert mask[:, 50].sum() == pixels


def test_the_thinnest_click_takes_a_pixel_and_the_thinnest_line_has_no_gaps():
    assert rasterise([Stroke(0.5 / 100, [(0.5, 0.5)])], 100, 100).sum() >= 1, "between four pixels"
    assert rasterise([Stroke(0.5 / 100, [(0.123, 0.456)])], 100, 100).sum() == 1
    mask = rasterise([Stroke(0.5 / 100, [(0.1, 0.13), (0.9, 0.61)])], 100, 100)
    assert mask.any(axis=0)[10:90].all()


def test_a_box_is_exact_and_either_corner_may_come_first():
    expected = np.zeros((60, 80), bool)
    expected[15:30, 20:60] = True
    for corners in ([(0.25, 0.25), (0.75, 0.5)], [(0.75, 0.25), (0.25, 0.5)], [(0.75, 0.5), (0.25, 0.25)]):
        assert np.array_equal(rasterise([Stroke(0, corners, kind="box")], 60, 80), expected)
    beyond = rasterise([Stroke(0, [(-0.5, -1), (1.5, 0.5)], kind="box")], 60, 80)
    assert beyond[:30].all() and not beyond[30:].any()


def test_a_lasso_takes_what_it_goes_around():
    x, y = centres(100, 100)
    mask = rasterise([Stroke(0, [(0.5, 0.097), (0.903, 0.5), (0.5, 0.903), (0.097, 0.5)], kind="lasso")], 100, 100)
    assert np.array_equal(mask, abs(x - 50) + abs(y - 50) < 40.3)
    star = [(0.5 + 0.4 * np.sin(2.4 * np.pi * i / 3), 0.5 - 0.4 * np.cos(2.4 * np.pi * i / 3)) for i in range(5)]
    assert rasterise([Stroke(0, star, kind="lasso")], 100, 100)[50, 50], "in a loop of a loop, too"


def test_a_lasso_that_erases_and_a_box_over_it():
    strokes = [
        Stroke(0, [(0, 0), (1, 1)], kind="box"),
        Stroke(0, [(0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9)], True, "lasso"),
        Stroke(0, [(0.4, 0.4), (0.6, 0.6)], kind="box"),
    ]
    mask = rasterise(strokes, 50, 50)
    assert mask.sum() == 50 * 50 - 40 * 40 + 10 * 10


def test_invert_turns_everything_that_came_before():
    first, second = Stroke(0, [(0, 0), (0.5, 1)], kind="box"), Stroke(0, [(0, 0), (0.5, 1)], True, "box")
    invert = Stroke(kind="invert")
    assert np.array_equal(rasterise([first, invert], 8, 8), ~rasterise([first], 8, 8))
    assert rasterise([invert], 8, 8).all() and not rasterise([invert, invert], 8, 8).any()
    assert rasterise([invert, second], 8, 8).mean() == 0.5
    base = np.eye(8, dtype=bool)
    assert np.array_equal(rasterise([invert], 8, 8, base), ~base)


@pytest.mark.parametrize("pixels", [1, 4, 12.5])
def test_growing_is_round_and_shrinking_goes_the_other_way(pixels):
    dot = Stroke(10 / 100, [(0.5, 0.5)])
    grow, shrink = Stroke(pixels / 200, kind="grow"), Stroke(-pixels / 200, kind="grow")
    wide, narrow = rasterise([dot, grow], 200, 200), rasterise([dot, shrink], 200, 200)
    assert wide.sum() == pytest.approx(np.pi * (20 + pixels) ** 2, rel=0.02)
    assert narrow.sum() == pytest.approx(np.pi * (20 - pixels) ** 2, rel=0.08)
    assert not rasterise([dot, Stroke(-0.1, kind="grow"), Stroke(-0.1, kind="grow")], 200, 200).any()


def test_growing_by_whole_pixels_is_exact():
    mask = np.zeros((21, 31), bool)
    mask[10, 15] = True
    y, x = np.mgrid[0:21, 0:31]
    for pixels in (1, 2, 3):
        assert np.array_equal(grown(mask, pixels), (y - 10) ** 2 + (x - 15) ** 2 <= pixels**2)
        assert np.array_equal(rasterise([Stroke(pixels / 31, kind="grow")], 21, 31, mask), grown(mask, pixels))
    assert np.array_equal(grown(mask, 0), mask)
    assert not grown(np.zeros((5, 5), bool), 3).any() and grown(np.ones((5, 5), bool), 3).all()


def test_a_hole_does_not_shrink_away_from_the_border():
    mask = np.zeros((20, 20), bool)
    mask[:10] = True
    expected = np.zeros((20, 20), bool)
    expected[:7] = True
    assert np.array_equal(grown(mask, -3), expected)
    assert grown(np.ones((5, 5), bool), -2).all()


def test_the_feather_is_told_in_pixels_of_any_size():
    assert [feather_pixels(share, 400) for share in (0, 0.01, 0.1)] == [0, 4, 40]
    for share in (-0.01, 0.11, float("nan")):
        with pytest.raises(InputError, match="soft edge"):
            feather_pixels(share, 400)


@pytest.mark.parametrize("feather", [0, 1, 6])
def test_the_feather_blends_in_the_rim_only(feather):
    hole = rasterise([Stroke(0, [(0.3, 0), (0.6, 1)], kind="box")], 40, 100)
    mask = grown(hole, feather)
    painted, original = np.full((40, 100, 3), 210, np.uint8), np.full((40, 100, 3), 10, np.uint8)
    pixels = blended(painted, original, soft_mask(mask, feather))
    assert (pixels[hole] == 210).all() and (pixels[~mask] == 10).all()
    rim = pixels[20, 60 : 60 + feather, 0].astype(int)
    share = (rim - 10) / 200
    assert share == pytest.approx(1 - np.arange(1, feather + 1) / (feather + 1), abs=0.003)
    assert np.array_equal(pixels[20, 30 - feather : 30, 0], rim[::-1])


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
    ("kind", "radius", "count"),
    [
        ("box", 0, 1),
        ("box", 0, 3),
        ("lasso", 0, 2),
        ("invert", 0, 1),
        ("grow", 0.01, 1),
        ("grow", 0, 0),
        ("grow", 0.2, 0),
        ("grow", -0.2, 0),
        ("grow", float("nan"), 0),
        ("smudge", 0.1, 1),
    ],
)
def test_every_kind_has_its_own_points_and_radius(kind, radius, count):
    with pytest.raises(InputError):
        Stroke(radius, [(0.5, 0.5)] * count, kind=kind)


@pytest.mark.parametrize(
    "strokes",
    [
        [Stroke(0.01, [(0.5, 0.5)])] * (MAX_STROKES + 1),
        [Stroke(0.01, [(0.5, 0.5)] * (MAX_POINTS + 1))],
        [Stroke(0.5, [(0.5, 0.5)] * 45_000)],
        [Stroke(kind="grow", radius=0.001)] * 900,
    ],
    ids=["strokes", "points", "work", "growing"],
)
def test_more_than_a_hand_paints_is_refused(strokes):
    with pytest.raises(InputError, match="too many brush strokes"):
        rasterise(strokes, 1000, 1000)
