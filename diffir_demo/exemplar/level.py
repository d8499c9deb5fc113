"""One scale of the photo around a hole: colours, texture, which patches can be copied and which want a match.

All maps carry a border of `BORDER` pixels on each side, flattened to one axis: a step sideways is +-1, a step down
+-width, and no step that the search takes leaves the arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ..imaging.boxes import Box, around, box_of
from ..tick import Tick, no_tick

REACH = 3
"""Pixels from a patch's centre to its edge; patches are 7 x 7, as in Newson et al. (2014)."""
SIDE = 2 * REACH + 1
PATCH = np.ones((SIDE, SIDE), np.uint8)
BORDER = 8
"""Pixels around every map: more than a patch's reach, and as far as propagation steps."""
TEXTURE = 1.0
"""Weight of the two texture features beside colour. Newson et al. (2014) have 50. Beside a hole they are means over few
pixels, and break lines: a perfect pattern of bricks comes out as mist with 10, and exactly with 2 and less."""
LOSS = 1.15
"""A hole's pixel is trusted less by this factor for every pixel that lies between it and the rim (Wexler et al., 2007),
down to `LEAST_TRUST`."""
LEAST_TRUST = 0.1
GUIDED = 0.5
"""Share of what the hole's low frequencies lack against a guide's that each vote makes up for, near the rim. With the
network's result as guide, on 24 crops of training photos, copies matched to it went from 19.24 to 19.53 dB and from
0.0682 to 0.0665 ST-LPIPS, better in thin, medium and thick strokes and scribbles; 1.0 does no better. That was before
height counted (`ROWS`), which does some of the same."""
GUIDE_LOW = 2.0
"""Standard deviation of the Gaussian that separates them, pixels of each scale."""
CLOSE, LOST = 4.0, 20.0
"""Pixels of the photo, from the rim, up to which a guide has all of its say, and from which on it has none."""
COMPONENTS = 13
"""Numbers that a patch's 147 are projected to for the search; with two of texture and one of height they fill one line
of a cache."""
ROWS, ROWS_OF_FEW = 300.0, 2500.0
"""Weight of height: by how many levels patches count as different, in one number, if one lies as far above the other
as the level is long. Photos have layers, sky over sea over sand: a hole across a horizon is not to be filled with sky
below it. Small scales, which compare few whole patches, decide what lies where, so there it counts much more; with 2000
at all of them surfaces get stripes, as too few rows are left to copy from."""
FEATURES = COMPONENTS + 3
"""Of a patch in the search."""
SAMPLES = 3000
"""Patches that the projection is learned from."""
AWAY = 1e6
"""Stands in for the features of what cannot be copied: too far from everything to be chosen."""
ROWS_AT_ONCE = 100_000
"""Pixels whose features are worked out together: bounds memory and the time between two stops."""


@dataclass(frozen=True, eq=False)
class Scale:
    """The photo at one scale, before anything is filled."""

    colour: np.ndarray
    """(h, w, 3) float32, levels of 255; 0 where nothing is known."""
    texture: np.ndarray
    """(h, w, 2) float32: mean strength of the gradient, across and down."""
    known: np.ndarray
    """(h, w) bool; False is to be filled."""
    source: np.ndarray
    """(h, w) bool: may be copied from. Known, and not what another fill made."""
    guide: np.ndarray | None = None
    """(h, w, 3) float32, levels of 255: what the hole looks like from afar, where that is known."""
    factor: int = 1
    """Pixels of the photo, either way, that one pixel here stands for."""

    def halved(self, tick: Tick) -> Scale:
        """Means over 2 x 2 known pixels. Known where half of them are, a source where no pixel is barred."""
        count = _cells(self.known)[..., None]
        means = list[np.ndarray]()
        for plane in (self.colour, self.texture):  # both are 0 where nothing is known
            means.append(_cells(plane) / np.maximum(count, 1))
            tick(0.0)
        guide = None
        if self.guide is not None:
            guide = _cells(self.guide) / _cells(np.ones_like(self.known))[..., None]
            tick(0.0)
        known = count[..., 0] >= 2
        barred = _cells(self.known & ~self.source) > 0
        return Scale(means[0], means[1], known, known & ~barred, guide, 2 * self.factor)


def _cells(plane: np.ndarray) -> np.ndarray:
    """Sums of (h, w, ..) over cells of 2 x 2, float32; beyond the last row and column there is nothing."""
    grown = np.pad(plane.astype(np.float32), [(0, plane.shape[0] % 2), (0, plane.shape[1] % 2), (0, 0)][: plane.ndim])
    rows = grown[::2] + grown[1::2]
    return rows[:, ::2] + rows[:, 1::2]


def texture_of(pixels: np.ndarray, known: np.ndarray, reach: int, tick: Tick) -> np.ndarray:
    """Mean absolute gradient of the grey picture, across and down, over windows of known pixels: (h, w, 2) float32."""
    grey = pixels.astype(np.float32).mean(axis=2)
    size, planes = (2 * reach + 1, 2 * reach + 1), list[np.ndarray]()
    tick(0.0)
    for axis in (1, 0):
        pairs = np.zeros(known.shape, np.float32)
        first, second = (slice(None),) * axis + (slice(1, None),), (slice(None),) * axis + (slice(-1),)
        pairs[first] = known[first] & known[second]
        steps = np.abs(np.diff(grey, axis=axis, prepend=np.take(grey, [0], axis))) * pairs
        mean, share = (cv2.blur(plane, size, borderType=cv2.BORDER_REFLECT) for plane in (steps, pairs))
        planes.append(mean / np.maximum(share, 1e-3))
        tick(0.0)
    return np.stack(planes, axis=2)


def depth_of(hole: np.ndarray, border: int = 0) -> np.ndarray:
    """(h + 2 border, w + 2 border) float32: distance to the nearest known pixel. The picture's edge is none.

    Where nothing is known: large numbers.
    """
    grown = np.pad(hole, border + 1, mode="edge").astype(np.uint8)
    return cv2.distanceTransform(grown, cv2.DIST_L2, 5)[1:-1, 1:-1]


class Level:
    """A `Scale` that is being filled. Capitals (H, W) count the border."""

    image: Tensor
    """(pixels, 4): colours, levels of 255, and 1: so a weighted sum holds the sum of the weights as well."""
    texture: Tensor
    """(pixels, 2)."""
    inside: np.ndarray
    """(H, W) bool: what belongs to the picture."""
    hidden: np.ndarray
    """(H, W) bool: the hole."""
    whole: np.ndarray
    """(H, W) bool: centres of patches that can be copied."""
    hole: Tensor
    targets: Tensor
    sources: Tensor
    """(n,) int64: places of the hole's pixels, of the centres of all patches that touch it, of those that can be
    copied."""
    depth: Tensor
    """(pixels,) float32: distance to what is known."""
    share: Tensor
    """(pixels,) float32 in [0, 1]: trust in each pixel; 0 outside the picture."""
    trust: Tensor
    """(pixels,) float32 in [0, 1]: its mean over the patch around."""
    steps: Tensor
    """(49,): from a patch's centre to its pixels."""
    guide: np.ndarray | None
    """(rows, columns, 3) float32: the scale's, in `box`."""
    guidance: np.ndarray
    """(rows, columns, 1) float32: how much it has to say, in `box`: `GUIDED` near the rim, 0 from `LOST` on."""

    def __init__(self, scale: Scale) -> None:
        """Its size; `built` gives it the rest."""
        self.scale = scale
        h, w = scale.known.shape
        self.height, self.width = h + 2 * BORDER, w + 2 * BORDER
        self.inner = slice(BORDER, BORDER + h), slice(BORDER, BORDER + w)
        """The level without its border."""

    @classmethod
    def built(cls, scale: Scale, tick: Tick = no_tick) -> Level:
        """The level as nothing is filled yet."""
        level = cls(scale)
        level.image = torch.ones(level.height * level.width, 4)
        level.texture = torch.zeros(level.height * level.width, 2)
        level.grid(level.image)[level.inner][..., :3] = torch.from_numpy(scale.colour)
        tick(0.2)
        level.grid(level.texture)[level.inner] = torch.from_numpy(scale.texture)
        level.inside = np.pad(np.ones(scale.known.shape, bool), BORDER)
        level.hidden = np.pad(~scale.known, BORDER)
        tick(0.4)
        level.whole = cv2.erode(np.pad(scale.source, BORDER).astype(np.uint8), PATCH, borderValue=0) > 0
        level.hole, level.targets, level.sources = (
            torch.from_numpy(np.flatnonzero(mask)) for mask in (level.hidden, level.touching(level.hidden), level.whole)
        )
        tick(0.6)
        depth = depth_of(~scale.known, BORDER)
        level.depth = torch.from_numpy(depth).flatten()
        tick(0.8)
        share = level.inside.astype(np.float32)
        share[level.hidden] *= np.maximum(LOSS ** -depth[level.hidden], LEAST_TRUST)
        level.share = torch.from_numpy(share).flatten()
        level.trust = torch.from_numpy(cv2.blur(share, (SIDE, SIDE), borderType=cv2.BORDER_CONSTANT)).flatten()
        rows, columns = np.mgrid[-REACH : REACH + 1, -REACH : REACH + 1]
        level.steps = torch.from_numpy((rows * level.width + columns).ravel())
        level.guide = None
        if scale.guide is not None and len(level.hole):
            level.guide = np.pad(scale.guide, [(BORDER, BORDER), (BORDER, BORDER), (0, 0)])[level.box]
            here, hidden = depth[level.box] * scale.factor, level.hidden[level.box]
            near = np.clip((LOST - here) / (LOST - CLOSE), 0, 1)
            level.guidance = (GUIDED * near * hidden).astype(np.float32)[..., None]
        return level

    @cached_property
    def box(self) -> Box:
        """Rows and columns of the hole, with a pixel more on each side."""
        hole = box_of(self.hidden)
        assert hole is not None
        return around(hole, 1, self.hidden.shape)

    @property
    def side(self) -> int:
        return max(self.height, self.width)

    @property
    def rows_of_few(self) -> float:
        """`ROWS_OF_FEW`; at the photo's own scale, where nothing is decided any more, `ROWS`."""
        return ROWS if self.scale.factor == 1 else ROWS_OF_FEW

    def grid(self, flat: Tensor) -> Tensor:
        """The same numbers, (H, W, ..)."""
        return flat.view(self.height, self.width, *flat.shape[1:])

    def touching(self, mask: np.ndarray) -> np.ndarray:
        """(H, W) bool: centres, in the picture, of patches with a pixel of the mask (H, W)."""
        return (cv2.dilate(mask.astype(np.uint8), PATCH) > 0) & self.inside

    def targets_of(self, places: Tensor) -> Tensor:
        """The targets whose patches touch these places of the hole."""
        mask = np.zeros(self.hidden.size, bool)
        mask[places.numpy()] = True
        return torch.from_numpy(np.flatnonzero(self.touching(mask.reshape(self.hidden.shape))))

    def take_over(self, coarse: Level, tick: Tick) -> None:
        """Starts the hole with the level of half the size, enlarged."""
        rows, columns = (slice(side.start - BORDER, side.stop - BORDER) for side in self.box)
        hidden = torch.from_numpy(self.hidden[self.box])
        for mine, theirs in ((self.image, coarse.image), (self.texture, coarse.texture)):
            small = coarse.grid(theirs)[coarse.inner].numpy()
            large = cv2.resize(np.ascontiguousarray(small), None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)
            grown = np.pad(large, [(1, 2), (1, 2), (0, 0)])  # as the box does, where the hole is at the photo's edge
            here = grown[rows.start + 1 : rows.stop + 1, columns.start + 1 : columns.stop + 1]
            self.grid(mine)[self.box][hidden] = torch.from_numpy(here)[hidden]
            tick(0.5)
        self.mirror()

    def mirror(self) -> None:
        """Lets the border repeat the picture, so that patches which leave it look like the picture goes on."""
        for plane in (self.image, self.texture):
            grid = self.grid(plane).numpy()
            for axis, length in ((0, self.height), (1, self.width)):
                lines, inner = grid.swapaxes(0, axis), length - 2 * BORDER
                for place in (*range(-REACH, 0), *range(inner, inner + REACH)):
                    lines[BORDER + place] = lines[BORDER + cv2.borderInterpolate(place, inner, cv2.BORDER_REFLECT)]

    @cached_property
    def projection(self) -> Tensor:
        """(COMPONENTS, 3, 7, 7): the principal components of the patches that can be copied.

        Learned from whole numbers, whose sums are exact, and rounded: so it does not depend on the order of the sums.
        """
        some = self.sources[:: max(1, len(self.sources) // SAMPLES)]
        patches = self.image[some[:, None] + self.steps, :3].flatten(1).round().double()
        total = patches.sum(dim=0)
        spread = patches.T @ patches - total[:, None] * total / len(some)
        vectors = torch.linalg.eigh(spread)[1][:, -COMPONENTS:].T
        vectors = (vectors * 2**12).round() / 2**12
        return vectors.reshape(-1, SIDE, SIDE, 3).permute(0, 3, 1, 2).float()

    def features(self, top: int, bottom: int) -> Tensor:
        """(rows, W - 2 REACH, FEATURES) of the patches whose centres lie in the rows `top` to `bottom` - 1."""
        seen = self.grid(self.image)[top - REACH : bottom + REACH, :, :3].permute(2, 0, 1)[None]
        kernel = self.projection.contiguous(memory_format=torch.channels_last)
        found = F.conv2d(seen.contiguous(memory_format=torch.channels_last), kernel)[0].permute(1, 2, 0)
        texture = self.grid(self.texture)[top:bottom, REACH : self.width - REACH] * (SIDE * TEXTURE**0.5)
        height = torch.arange(top, bottom)[:, None, None].expand(-1, found.shape[1], 1) * (ROWS / self.side)
        return torch.cat([found, texture, height], dim=2)

    def features_at(self, places: Tensor) -> Tensor:
        """(n, FEATURES): the same, of the patches around these places (n,) alone."""
        near = (places[:, None] + self.steps).view(-1)
        patches = self.image.index_select(0, near)[:, :3].reshape(len(places), -1)
        found = patches @ self.projection.permute(2, 3, 1, 0).reshape(-1, COMPONENTS)
        height = (places // self.width)[:, None] * (ROWS / self.side)
        return torch.cat([found, self.texture[places] * (SIDE * TEXTURE**0.5), height], dim=1)

    def strips(self, top: int, bottom: int) -> list[tuple[int, int]]:
        """Rows (from, to) in portions of `ROWS_AT_ONCE` pixels, about."""
        step = max(1, ROWS_AT_ONCE // self.width)
        return [(row, min(row + step, bottom)) for row in range(top, bottom, step)]
