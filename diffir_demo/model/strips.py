"""Convolutions on a few rows at a time: what is wide stays in the cache, and a run can end between two strips."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..tick import Tick

STRIP = 4 * 2**20
"""Bytes of all wide channels of a strip. Twice as many are nearly as quick, half as many are not."""
LEAST_ROWS = 4
"""Of a strip, however wide the picture: `apply_in_strips` works out the rows above and below it anew every time, and
blocks keep two of them."""


def strip_slices(height: int, row: int, least: int = LEAST_ROWS) -> Iterator[slice]:
    """Cuts `height` rows of `row` bytes each into even strips of about `STRIP` bytes, from the top down."""
    count = -(-height // max(least, STRIP // row))
    rows = -(-height // count)
    for top in range(0, height, rows):
        yield slice(top, min(top + rows, height))


def apply_in_strips(
    layers: Sequence[nn.Module],
    x: Tensor,
    out: Tensor,
    row: int,
    *,
    least: int = LEAST_ROWS,
    final: bool = False,
    tick: Tick,
) -> None:
    """Writes what `layers` make of x (b, c, h, w) into out (b, c', h', w').

    row: bytes per row of the widest tensor between, on the coarser of both grids; the finer has a whole number of its
    rows for each of them. final: as for `layer_rows`.
    """
    grid = min(x.shape[2], out.shape[2])
    finer = out.shape[2] // grid
    for rows in strip_slices(grid, row, least):
        top, bottom = rows.start * finer, rows.stop * finer
        for picture, target in zip(x, out, strict=True):
            target[:, top:bottom] = layer_rows(layers, picture[None], top, bottom, final=final)[0]
        tick(rows.stop / grid)


def layer_rows(layers: Sequence[nn.Module], x: Tensor, top: int, bottom: int, *, final: bool = False) -> Tensor:
    """Rows `top` to `bottom` of what `layers` make of x (1, c, h, w), worked out from the rows they depend on only.

    layers: 1x1 and 3x3 convolutions that keep the size, and pixel shuffles either way. final: the last convolution
    among them is done in float32, for its output is what people see.
    """
    if not layers:
        return x[:, :, top:bottom]
    *before, last = layers
    if isinstance(last, nn.PixelShuffle):
        factor = last.upscale_factor
        first, end = top // factor, -(-bottom // factor)
        rows = last(layer_rows(before, x, first, end, final=final))
        return rows[:, :, top - first * factor : bottom - first * factor]
    if isinstance(last, nn.PixelUnshuffle):
        factor = last.downscale_factor
        return last(layer_rows(before, x, top * factor, bottom * factor, final=final))
    assert isinstance(last, nn.Conv2d)
    height = int(x.shape[2] * math.prod(map(_enlarged, before)))
    first, end = max(top - 1, 0), min(bottom + 1, height)
    rows = layer_rows(before, x, first, end)
    # The convolution pads: rightly at the picture's edge, and elsewhere only rows that are cut off again.
    rows = _convolve(last, rows.float() if final else rows)
    return rows[:, :, top - first : bottom - first]


def _enlarged(layer: nn.Module) -> float:
    """How many rows a layer makes of one."""
    if isinstance(layer, nn.PixelShuffle):
        return layer.upscale_factor
    return 1 / layer.downscale_factor if isinstance(layer, nn.PixelUnshuffle) else 1


def _convolve(conv: nn.Conv2d, x: Tensor) -> Tensor:
    """`conv` in the type of x, on channels-last memory."""
    x = x.contiguous(memory_format=torch.channels_last)
    weight = conv.weight.to(x.dtype, memory_format=torch.channels_last)
    bias = None if conv.bias is None else conv.bias.to(x.dtype)
    return F.conv2d(x, weight, bias, padding=conv.padding)  # pyright: ignore[reportArgumentType]
