"""How much memory the U-Net takes, and what to do when that is more than there may be: overlapping tiles.

On a CPU the network works in strips of rows, which change nothing in the result and leave little to save. Tiles are not
exact (the U-Net's attention looks at the whole tile), so they are a last resort, and the result says so. The IPR stays
global: the prior encoder pools over all tiles before anything is decoded. A hole larger than a tile is filled from the
tile's own surroundings only.

A small hole in a large photo needs neither: the network looks at its surroundings only, and the rest comes back as it
was. That is as good as looking at all of it: on 16 Kodak photos with one hole each, the hole's PSNR was 0.05 to 0.12 dB
higher on average (-0.7 to +0.9) for margins of 48 to 192 pixels.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .imaging.boxes import around, box_of, sides
from .model.config import ModelConfig
from .model.cpu import HEAD_ROWS, head_numbers
from .model.strips import LEAST_ROWS, STRIP

MEMORY_BUDGET = 4 * 2**30
"""Bytes that one pass may take before tiles are used, by default: enough for 24 megapixels in one piece."""
OVERLAP = 32
"""Pixels that neighbouring tiles share at least, on the input side; rounded up to the network's multiple."""
SURROUNDINGS = 256
"""Pixels on each side of a hole that the network should see, at least; half the hole's longer side if that is more."""
SEEN_WHOLE = 2_000_000
"""Pixels. Photos up to this size are always seen whole: that takes no time."""


@dataclass(frozen=True)
class Tile:
    """A rectangle of the padded input, or of a photo."""

    top: int
    left: int
    height: int
    width: int

    def cut(self, image: Tensor, scale: int = 1) -> Tensor:
        """The tile's part of (b, c, h * scale, w * scale), a view."""
        rows = slice(self.top * scale, (self.top + self.height) * scale)
        columns = slice(self.left * scale, (self.left + self.width) * scale)
        return image[..., rows, columns]

    @property
    def window(self) -> tuple[slice, slice]:
        """The same of an array (h, w, ..)."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)


def around_hole(mask: np.ndarray) -> Tile | None:
    """The part of a photo that filling `mask` (h, w) bool should look at; None where that is all of it.

    It depends on the mask alone, so that a request means the same pixels on every machine.
    """
    hole = None if mask.size <= SEEN_WHOLE else box_of(mask)
    if hole is None:
        return None
    margin = max(SURROUNDINGS, (max(sides(hole)) - 1) // 2)
    seen = around(hole, margin, mask.shape)
    part = Tile(seen[0].start, seen[1].start, *sides(seen))
    return part if 2 * part.height * part.width <= mask.size else None


def bytes_per_pixel(config: ModelConfig) -> int:
    """Estimated peak bytes of a float32 pass of the plain network, per input pixel, on the safe side.

    The widest point is a feed-forward layer after the decoder, at twice the width: the stream, its norm, the projected
    pair before and after its depthwise convolution, and the gated product live together, over the folded grid. Peaks
    measured on seven presets and variants were 0.9 to 1.35 times that sum; hence the factor.
    """
    wide = 2 * config.width
    hidden = int(wide * config.ffn_expansion)
    block = 4 * (3 * wide + 5 * hidden)
    enlarge = config.head_scale**2 if config.head == "shuffle" else 16 * (wide + 3) if config.head == "upsampler" else 3
    head = 4 * (wide + 2 * config.correction_channels * enlarge) if config.head != "upsampler" else 4 * 2 * enlarge
    return int(1.4 * max(block, head)) // config.stem_fold**2


def strip_bytes(height: int, width: int, config: ModelConfig, dtype: torch.dtype) -> int:
    """Estimated peak bytes of one input (height, width) on the CPU backend, inside in `dtype`; on the safe side.

    The largest of four stages:
    - a level after the decoder: two buffers of its size and an eighth of that for what led there, the strip that is
      being worked on, some five times its widest tensor, and the base picture;
    - the head: the level's output, a strip of the head, the base and the correction;
    - the end: base, correction and their sum;
    - before all that, the prior encoder's last convolution: its input, its output, and that in float32 for the mean.
    Small pictures feel the copy of a layer's weights, too: the largest belongs to the layer up from the latent level.
    Tensors took at most 0.85 times this on eight presets, 128 to 384 pixels a side; the rest is for what the allocator
    cannot reuse. A process grows by some 50 MiB more when it runs for the first time, whatever the size.
    """
    size, wide = dtype.itemsize, 2 * config.width
    pixels, columns = height * width, width // config.stem_fold
    grid = pixels // config.stem_fold**2
    picture = config.correction_channels * 4 * config.scale**2 * pixels
    row = columns * max(3 * wide, 2 * int(wide * config.ffn_expansion))
    blocks = 2.25 * wide * size * grid + 5 * max(STRIP, LEAST_ROWS * row * size) + picture
    row = columns * head_numbers(config)
    head_strip = (size + 4) * (max(STRIP / size, HEAD_ROWS * row) + 4 * row)
    head = wide * size * grid + head_strip + 2 * picture
    copies = 1 if config.prior_padding == "zeros" else 4  # of the input: with its border, and in the order of the sum
    features = size * copies * 2 * config.prior_width + (size + 4) * config.ipr_length
    encoder = features * pixels // config.prior_fold**2
    damaged = 4 * config.unet_channels * pixels
    weights = size * 8 * config.width * 16 * config.width * config.resample_kernel**2
    return int(1.3 * (max(blocks, head, 3 * picture, encoder) + 2 * damaged + weights))


def decoding_bytes(height: int, width: int, config: ModelConfig, strips: torch.dtype | None = None) -> int:
    """Estimated peak bytes of decoding one input. strips: the CPU backend's type; None: the plain network does it."""
    if strips is None:
        return height * width * bytes_per_pixel(config)
    return strip_bytes(height, width, config, strips)


def plan(
    height: int, width: int, config: ModelConfig, budget: int = MEMORY_BUDGET, strips: torch.dtype | None = None
) -> list[Tile]:
    """One tile where the whole padded picture fits the budget, else an even grid of overlapping tiles.

    Sides and positions are multiples of `config.multiple_of`, as (height, width) must be. strips: as `decoding_bytes`.
    """
    multiple = config.multiple_of
    if max(height, width) <= 4 * multiple or decoding_bytes(height, width, config, strips) <= budget:
        return [Tile(0, 0, height, width)]
    sides = range(multiple, max(height, width) + 1, multiple)
    fitting = bisect_right(sides, budget, key=lambda side: decoding_bytes(side, side, config, strips))
    side = max(fitting, 4) * multiple
    overlap = -(-OVERLAP // multiple) * multiple
    rows, columns = _cover(height, side, overlap, multiple), _cover(width, side, overlap, multiple)
    return [Tile(top, left, h, w) for top, h in rows for left, w in columns]


def grid(height: int, width: int, side: int, overlap: int = OVERLAP) -> list[Tile]:
    """An even grid of tiles, at most `side` pixels a side, that share at least `overlap` with their neighbours."""
    rows, columns = _cover(height, side, overlap, 1), _cover(width, side, overlap, 1)
    return [Tile(top, left, h, w) for top, h in rows for left, w in columns]


def _cover(length: int, side: int, overlap: int, multiple: int) -> list[tuple[int, int]]:
    """(start, extent) of the fewest equal tiles, at most `side` long, that share at least `overlap`."""
    side = max(side, 2 * overlap + multiple)
    if length <= side:
        return [(0, length)]
    count = -(-(length - overlap) // (side - overlap))
    extent = -(-(length + (count - 1) * overlap) // count)
    extent = min(length, -(-extent // multiple) * multiple)
    last = length - extent
    starts = [round(last * i / (count - 1) / multiple) * multiple for i in range(count)]
    return [(start, extent) for start in starts]


class TileBlender:
    """Gathers decoded tiles, weighted so that each fades into its neighbours."""

    def __init__(self, height: int, width: int, scale: int) -> None:
        self.scale = scale
        self.sums = torch.zeros(1, 3, height * scale, width * scale)
        self.weights = torch.zeros(1, 1, height * scale, width * scale)

    def add(self, tile: Tile, image: Tensor) -> None:
        """image (1, 3, tile.height * scale, tile.width * scale), on the CPU."""
        weight = taper(tile.height * self.scale)[:, None] * taper(tile.width * self.scale)[None, :]
        tile.cut(self.sums, self.scale).add_(image.float() * weight)
        tile.cut(self.weights, self.scale).add_(weight)

    def picture(self) -> Tensor:
        """(1, 3, h * scale, w * scale); zero where no tile was added. No more can be added afterwards."""
        return self.sums.div_(self.weights.clamp_min_(1e-8))


def taper(length: int, ramp: int = OVERLAP) -> Tensor:
    """(length,) weights that rise from each end over `ramp` pixels, and are 1 between."""
    position = torch.arange(length, dtype=torch.float32)
    return ((torch.minimum(position, length - 1 - position) + 1) / (ramp + 1)).clamp_max(1)
