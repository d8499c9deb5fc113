"""Shapes -> pixels, exactly: a pixel is inside where its centre is, at any size. Browsers smooth the very same edge.

A shape is told by where each row of pixels crosses its outline: a column, and +1 where the row goes in or -1 where it
comes out. Sorted and summed up, they give the runs of pixels inside: outlines may cross themselves and each other, and
the work depends on the outline's length, not on the picture's size.
"""

from __future__ import annotations

import numpy as np

_AT_ONCE = 500_000
"""Rows that are worked on together: bounds the memory."""


def fill_capsules(canvas: np.ndarray, points: np.ndarray, radius: float, value: int) -> None:
    """Sets everything within `radius` of a polyline. points: (n, 2) float64 in pixels, from the picture's corner.

    canvas: (h, w) uint8, changed. However thin it is, the line's ends take the pixels that they lie in.
    """
    starts = np.vstack(
        [points[:1], points[:-1]]
    )  # of a single point: a disc; else the first disc is in the first piece
    low = np.minimum(starts[:, 1], points[:, 1]) - radius
    high = np.maximum(starts[:, 1], points[:, 1]) + radius
    first, count = _rows(low, high, canvas.shape[0])
    for few in _portions(count):
        piece, rows = _spread(first[few], count[few])
        left, right = _extent(rows + 0.5, starts[few][piece], points[few][piece], radius)
        columns = np.ceil(np.concatenate([left, right]) - 0.5)
        turns = np.repeat(np.array([1, -1]), len(rows))
        _fill(canvas, np.concatenate([rows, rows]), columns, turns, value)
    for x, y in np.floor(points[[0, -1]]):
        if 0 <= x < canvas.shape[1] and 0 <= y < canvas.shape[0]:
            canvas[int(y), int(x)] = value


def fill_polygon(canvas: np.ndarray, points: np.ndarray, value: int) -> None:
    """Sets everything that the closed outline goes around, in loops of loops, too. points: as for `fill_capsules`."""
    starts, ends = points, np.roll(points, -1, axis=0)
    low, high = np.minimum(starts[:, 1], ends[:, 1]), np.maximum(starts[:, 1], ends[:, 1])
    first, count = _rows(low, high, canvas.shape[0])
    edge, rows = _spread(first, count)
    a, b = starts[edge], ends[edge]
    columns = np.ceil(_crossing(rows + 0.5, a, b) - 0.5)
    _fill(canvas, rows, columns, np.where(b[:, 1] > a[:, 1], 1, -1), value)


def rows_passed(rows: np.ndarray, reach: float, height: int) -> float:
    """How many rows the pieces of a line pass, all together: the work to fill it. rows: (n,) y of its points.

    reach: how much further each piece goes, both up and down.
    """
    lengths = np.abs(np.diff(rows, prepend=rows[:1]))
    return float(np.minimum(lengths + 2 * reach + 1, height).sum())


def _rows(low: np.ndarray, high: np.ndarray, height: int) -> tuple[np.ndarray, np.ndarray]:
    """(first, count) of the rows whose centres lie between, for each pair."""
    first = np.clip(np.ceil(low - 0.5), 0, height).astype(np.int64)
    return first, np.clip(np.ceil(high - 0.5), 0, height).astype(np.int64) - first


def _portions(count: np.ndarray) -> list[slice]:
    """Cuts a list of pieces where about `_AT_ONCE` rows are together."""
    total = np.cumsum(count)
    cuts = np.searchsorted(total, np.arange(_AT_ONCE, total[-1], _AT_ONCE), side="right")
    edges = np.unique([0, *cuts, len(count)])
    return [slice(a, b) for a, b in zip(edges[:-1], edges[1:], strict=True)]


def _spread(first: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(piece, row) of every row of every piece."""
    piece = np.repeat(np.arange(len(count)), count)
    before = np.cumsum(count) - count
    return piece, first[piece] + np.arange(len(piece)) - before[piece]


def _extent(y: np.ndarray, a: np.ndarray, b: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """(leftmost, rightmost) x at height `y` of what lies within `radius` of the pieces from `a` to `b`; all (n,)."""
    along = b - a
    length = np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-9)[:, None]
    aside = radius * np.stack([-along[:, 1], along[:, 0]], axis=1) / length
    left, right = np.full(len(y), np.inf), np.full(len(y), -np.inf)
    for centre in (a, b):
        squared = radius**2 - (y - centre[:, 1]) ** 2
        half = np.sqrt(np.maximum(squared, 0))
        left = np.where(squared >= 0, np.minimum(left, centre[:, 0] - half), left)
        right = np.where(squared >= 0, np.maximum(right, centre[:, 0] + half), right)
    for c, d in ((a + aside, b + aside), (a - aside, b - aside)):
        beside = (np.minimum(c[:, 1], d[:, 1]) <= y) & (y <= np.maximum(c[:, 1], d[:, 1])) & (c[:, 1] != d[:, 1])
        x = _crossing(y, c, d)
        left = np.where(beside, np.minimum(left, x), left)
        right = np.where(beside, np.maximum(right, x), right)
    return left, right


def _crossing(y: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """x at height `y` of the lines through `a` and `b`; any number where those are level."""
    rise = b[:, 1] - a[:, 1]
    share = (y - a[:, 1]) / np.where(rise == 0, 1, rise)
    return a[:, 0] + share * (b[:, 0] - a[:, 0])


def _fill(canvas: np.ndarray, rows: np.ndarray, columns: np.ndarray, turns: np.ndarray, value: int) -> None:
    """Sets the runs between crossings; in every row the `turns` add up to nothing."""
    height, width = canvas.shape
    places = rows * (width + 1) + np.clip(np.nan_to_num(columns), 0, width).astype(np.int64)
    order = np.argsort(places)
    places, depth = places[order], np.cumsum(turns[order])
    was = np.concatenate([[0], depth[:-1]])
    starts, ends = places[(was == 0) & (depth != 0)], places[(was != 0) & (depth == 0)]
    some = ends > starts
    flat = canvas.reshape(-1)
    row = starts[some] // (width + 1)
    for start, end in zip((starts[some] - row).tolist(), (ends[some] - row).tolist(), strict=True):
        flat[start:end] = value
