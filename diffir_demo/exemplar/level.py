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

REACH = 3
"""Pixels from a patch's centre to its edge; patches are 7 x 7, as in Newson et al. (2014)."""
SIDE = 2 * REACH + 1
PATCH = np.ones((SIDE, SIDE), np.uint8)
BORDER = 8
"""Pixels around every map: more than a patch's reach, and as far as propagation steps."""
TEXTURE = 1.0
"""Weight of the two texture features beside colour. Newson et al. (2014) have 50. Beside a hole they are means over few
pixels, and tear lines apart: a perfect pattern of bricks comes out as mist with 10, and exactly with 2 and less."""
LOSS = 1.15
"""A hole's pixel is trusted less by this factor for every pixel that lies between it and the rim (Wexler et al., 2007),
down to `LEAST_TRUST`."""
LEAST_TRUST = 0.1
COMPONENTS = 14
"""Numbers that a patch's 147 are projected to for the search; with two of texture they fill one line of a cache."""
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

    def halved(self) -> Scale:
        """Means over 2 x 2 known pixels. Known where half of them are, a source where no pixel is barred."""
        h, w = (-(-side // 2) for side in self.known.shape)
        wide = ((0, 2 * h - self.known.shape[0]), (0, 2 * w - self.known.shape[1]))

        def cells(plane: np.ndarray) -> np.ndarray:
            grown = np.pad(plane.astype(np.float32), wide + ((0, 0),) * (plane.ndim - 2))
            return grown.reshape(h, 2, w, 2, -1).sum((1, 3))

        count = cells(self.known)
        colour, texture = (cells(plane * self.known[..., None]) / np.maximum(count, 1) for plane in self.seen)
        known = count[..., 0] >= 2
        return Scale(colour, texture, known, known & (cells(self.known & ~self.source)[..., 0] == 0))

    @property
    def seen(self) -> tuple[np.ndarray, np.ndarray]:
        return self.colour, self.texture


def texture_of(pixels: np.ndarray, known: np.ndarray, reach: int) -> np.ndarray:
    """Mean absolute gradient of the grey picture, across and down, over windows of known pixels: (h, w, 2) float32."""
    grey = pixels.astype(np.float32).mean(axis=2)
    size, planes = (2 * reach + 1, 2 * reach + 1), list[np.ndarray]()
    for axis in (1, 0):
        pairs = np.zeros(known.shape, np.float32)
        first, second = (slice(None),) * axis + (slice(1, None),), (slice(None),) * axis + (slice(-1),)
        pairs[first] = known[first] & known[second]
        steps = np.abs(np.diff(grey, axis=axis, prepend=np.take(grey, [0], axis))) * pairs
        mean, share = (cv2.blur(plane, size, borderType=cv2.BORDER_REFLECT) for plane in (steps, pairs))
        planes.append(mean / np.maximum(share, 1e-3))
    return np.stack(planes, axis=2)


def depth_of(hole: np.ndarray, border: int = 0) -> np.ndarray:
    """(h + 2 border, w + 2 border) float32: distance to the nearest known pixel. The picture's edge is none.

    Where nothing is known: large numbers.
    """
    grown = np.pad(hole, border + 1, mode="edge").astype(np.uint8)
    return cv2.distanceTransform(grown, cv2.DIST_L2, 5)[1:-1, 1:-1]


class Level:
    """A `Scale` that is being filled. Capitals (H, W) count the border."""

    def __init__(self, scale: Scale) -> None:
        h, w = scale.known.shape
        self.height, self.width = h + 2 * BORDER, w + 2 * BORDER
        self.inner = slice(BORDER, BORDER + h), slice(BORDER, BORDER + w)
        """The level without its border."""
        self.image = torch.ones(self.height * self.width, 4)
        """(pixels, 4): colours, levels of 255, and 1: what is summed up with weights tells their sum as well."""
        self.texture = torch.zeros(self.height * self.width, 2)
        self.grid(self.image)[self.inner][..., :3] = torch.from_numpy(scale.colour)
        self.grid(self.texture)[self.inner] = torch.from_numpy(scale.texture)
        self.inside = np.pad(np.ones((h, w), bool), BORDER)
        """(H, W) bool: what belongs to the picture."""
        self.hidden = np.pad(~scale.known, BORDER)
        """(H, W) bool: the hole."""
        self.whole = cv2.erode(np.pad(scale.source, BORDER).astype(np.uint8), PATCH, borderValue=0) > 0
        """(H, W) bool: centres of patches that can be copied."""
        self.hole, self.targets, self.sources = (
            torch.from_numpy(np.flatnonzero(mask)) for mask in (self.hidden, self.touching(self.hidden), self.whole)
        )
        """Places of the hole's pixels, of the centres of all patches that touch it, of those that can be copied."""
        depth = depth_of(~scale.known, BORDER)
        self.depth = torch.from_numpy(depth).flatten()
        """(pixels,) float32: distance to what is known."""
        share = np.where(self.hidden, np.maximum(LOSS**-depth, LEAST_TRUST), 1) * self.inside
        self.share = torch.from_numpy(share.astype(np.float32)).flatten()
        """(pixels,) float32 in [0, 1]: trust in each pixel; 0 outside the picture."""
        trust = cv2.blur(share.astype(np.float32), (SIDE, SIDE), borderType=cv2.BORDER_CONSTANT)
        self.trust = torch.from_numpy(trust).flatten()
        """(pixels,) float32 in [0, 1]: its mean over the patch around."""
        rows, columns = np.mgrid[-REACH : REACH + 1, -REACH : REACH + 1]
        self.steps = torch.from_numpy((rows * self.width + columns).ravel())
        """(49,): from a patch's centre to its pixels."""

    @property
    def side(self) -> int:
        return max(self.height, self.width)

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

    def take_over(self, coarse: Level) -> None:
        """Starts the hole with the level of half the size, enlarged."""
        for mine, theirs in ((self.image, coarse.image), (self.texture, coarse.texture)):
            small = coarse.grid(theirs)[coarse.inner].numpy()
            large = cv2.resize(np.ascontiguousarray(small), None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)
            place = self.grid(torch.arange(len(mine)))[self.inner]
            hidden = torch.from_numpy(self.hidden[self.inner])
            mine[place[hidden]] = torch.from_numpy(large)[: hidden.shape[0], : hidden.shape[1]][hidden]
        self.mirror()

    def mirror(self) -> None:
        """Lets the border repeat the picture, so that patches which leave it look like the picture goes on."""
        for plane in (self.image, self.texture):
            grid = self.grid(plane).numpy()
            around = cv2.copyMakeBorder(grid[self.inner].copy(), REACH, REACH, REACH, REACH, cv2.BORDER_REFLECT)
            near = slice(BORDER - REACH, REACH - BORDER)
            grid[near, near] = around

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
        """(rows, W - 2 REACH, COMPONENTS + 2) of the patches whose centres lie in the rows `top` to `bottom` - 1."""
        seen = self.grid(self.image)[top - REACH : bottom + REACH, :, :3].permute(2, 0, 1)[None]
        kernel = self.projection.contiguous(memory_format=torch.channels_last)
        found = F.conv2d(seen.contiguous(memory_format=torch.channels_last), kernel)[0].permute(1, 2, 0)
        texture = self.grid(self.texture)[top:bottom, REACH : self.width - REACH] * (SIDE * TEXTURE**0.5)
        return torch.cat([found, texture], dim=2)

    def strips(self, top: int, bottom: int) -> list[tuple[int, int]]:
        """Rows (from, to) in portions of `ROWS_AT_ONCE` pixels, about."""
        step = max(1, ROWS_AT_ONCE // self.width)
        return [(row, min(row + step, bottom)) for row in range(top, bottom, step)]
