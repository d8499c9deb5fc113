"""Seams between copies are spread out: a picture with the copies' gradients that meets the rim (Perez et al., 2003).

Only known pixels hold the picture; at the photo's own edge it is free. What is looked for is the correction to the
copies, which is small and smooth but for the seams, by conjugate gradients behind a multigrid cycle.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..tick import Tick, no_tick

DAMPING = 0.7
"""Of the Jacobi sweeps."""
STEPS = 40
"""Of conjugate gradients, at most."""
GOOD = 0.02
"""Levels of 255, root mean square of what a further sweep would change: where the steps end."""
LARGE = 10_000
"""Numbers in a grid that is worth a second visit in each cycle."""
SMALLEST = 4
"""Cells of the coarsest grid, either way."""
LAST_SWEEPS = 8
"""On that grid."""


@dataclass(frozen=True, eq=False)
class Grid:
    """Laplace's equation as a grid of springs: between neighbours, and to the rim."""

    across: np.ndarray
    """(h, w - 1) float32: springs between a cell and the next one to the right."""
    down: np.ndarray
    """(h - 1, w) float32."""
    total: np.ndarray
    """(h, w) float32: all that hold a cell, those to the rim too; 0 for cells that are none of the hole's."""

    @classmethod
    def of(cls, hole: np.ndarray, inside: np.ndarray) -> Grid:
        """One spring from each pixel of the hole to each of its four neighbours that the picture has."""
        edges = inside[:, 1:] & inside[:, :-1], inside[1:] & inside[:-1]
        total = np.zeros(hole.shape, np.float32)
        for axis, edge in ((1, edges[0]), (0, edges[1])):
            total += np.pad(edge, [(0, axis == 0), (0, axis == 1)])
            total += np.pad(edge, [(int(axis == 0), 0), (int(axis == 1), 0)])
        within = hole[:, 1:] & hole[:, :-1], hole[1:] & hole[:-1]
        across, down = (edge.astype(np.float32) for edge in within)
        return cls(across, down, total * hole)

    def coarser(self) -> Grid:
        """2 x 2 cells as one: springs between them add up, those inside are gone."""
        inside = np.zeros_like(self.total)
        inside[:, :-1] += self.across * (np.arange(self.across.shape[1]) % 2 == 0)
        inside[:-1] += self.down * (np.arange(self.down.shape[0]) % 2 == 0)[:, None]
        across = _cells(self.across[:, 1::2], rows=True, columns=False)
        down = _cells(self.down[1::2], rows=False, columns=True)
        return Grid(across, down, _cells(self.total - 2 * inside))

    @cached_property
    def inverse(self) -> np.ndarray:
        return np.where(self.total > 0, DAMPING / np.maximum(self.total, 1e-6), 0).astype(np.float32)

    def pull(self, u: np.ndarray) -> np.ndarray:
        """(3, h, w) displacements -> the forces that bring them about."""
        force = u * self.total
        force[:, :, :-1] -= self.across * u[:, :, 1:]
        force[:, :, 1:] -= self.across * u[:, :, :-1]
        force[:, :-1] -= self.down * u[:, 1:]
        force[:, 1:] -= self.down * u[:, :-1]
        return force


def _cells(plane: np.ndarray, rows: bool = True, columns: bool = True) -> np.ndarray:
    """Sums over pairs of the last two axes."""
    if rows:
        plane = np.pad(plane, [(0, 0)] * (plane.ndim - 2) + [(0, plane.shape[-2] % 2), (0, 0)])
        plane = plane[..., ::2, :] + plane[..., 1::2, :]
    if columns:
        plane = np.pad(plane, [(0, 0)] * (plane.ndim - 1) + [(0, plane.shape[-1] % 2)])
        plane = plane[..., ::2] + plane[..., 1::2]
    return plane


def _cycle(grids: list[Grid], force: np.ndarray, share: float, tick: Tick) -> np.ndarray:
    """One multigrid cycle from nothing, symmetric: a sweep, what the coarser grid says of the rest, a sweep."""
    grid, u = grids[0], grids[0].inverse * force
    if len(grids) == 1:
        for _ in range(LAST_SWEEPS):
            u += grid.inverse * (force - grid.pull(u))
        return u
    tick(share)
    rest = _cells(force - grid.pull(u))
    tick(share)
    coarse = _cycle(grids[1:], rest, share, tick)
    if rest.size > LARGE:
        coarse += _cycle(grids[1:], rest - grids[1].pull(coarse), share, tick)
    u += coarse.repeat(2, axis=1).repeat(2, axis=2)[:, : u.shape[1], : u.shape[2]] * (grid.total > 0)
    tick(share)
    return u + grid.inverse * (force - grid.pull(u))


def blend(
    copy: np.ndarray,
    across: np.ndarray,
    down: np.ndarray,
    hole: np.ndarray,
    inside: np.ndarray,
    tick: Tick = no_tick,
) -> np.ndarray:
    """copy (h, w, 3) float32, wanted steps to the next pixel (h, w - 1, 3) and (h - 1, w, 3); hole, inside (h, w) bool.

    Returns the picture (h, w, 3): `copy` outside the hole, least squares inside. What is not inside the photo counts
    for nothing.
    """
    planes = copy.transpose(2, 0, 1)
    force = np.zeros(planes.shape, np.float32)
    seam = (across.transpose(2, 0, 1) - np.diff(planes, axis=2)) * (inside[:, 1:] & inside[:, :-1])
    force[:, :, 1:] += seam
    force[:, :, :-1] -= seam
    tick(0.0)
    seam = (down.transpose(2, 0, 1) - np.diff(planes, axis=1)) * (inside[1:] & inside[:-1])
    force[:, 1:] += seam
    force[:, :-1] -= seam
    tick(0.0)
    correction = _solve(Grid.of(hole, inside), force * hole, tick)
    return copy + correction.transpose(1, 2, 0)


def _solve(grid: Grid, force: np.ndarray, tick: Tick) -> np.ndarray:
    """(3, h, w) forces -> displacements, by preconditioned conjugate gradients for each colour."""
    grids = [grid]
    while max(grids[-1].total.shape) > SMALLEST:
        tick(0.0)
        grids.append(grids[-1].coarser())
    u = np.zeros_like(force)
    along, last = u, np.zeros((3, 1, 1))
    cells = 3 * max(np.count_nonzero(grid.total), 1)
    for number in range(STEPS):
        better = _cycle(grids, force, number / STEPS, tick)
        if float(np.sum(better**2, dtype=np.float64)) < cells * GOOD**2:
            break
        gain = _products(force, better)
        along = better + _ratio(gain, last) * along
        pulled = grid.pull(along)
        tick(number / STEPS)
        step = _ratio(gain, _products(along, pulled))
        u += step * along
        force = force - step * pulled
        last = gain
        tick((number + 1) / STEPS)
    return u


def _products(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(3, 1, 1) float64 of (3, h, w): scalar products."""
    return np.asarray(np.sum(a * b, axis=(1, 2), dtype=np.float64, keepdims=True))


def _ratio(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(3, 1, 1) float32; 0 for a colour that has nothing left to solve."""
    return np.divide(a, b, out=np.zeros_like(a), where=b > 1e-20).astype(np.float32)
