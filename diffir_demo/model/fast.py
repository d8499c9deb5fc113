"""The U-Net for inference on a CPU: what `DIRformer` computes, several times faster in a fraction of its memory.

`dirformer.py` is the definition; this twin has no weights of its own and the same `walk`, and a test holds the two
together. Only two buffers of a level's size exist beside the skip connections; everything wider lives in strips of rows
(`fast_block.py`), the enlarging head included.

In bfloat16 the stream between blocks is rounded; the folded weights, all statistics, the stem and the head's last
convolution stay in float32. No autocast is needed, and none may be on.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .config import ModelConfig
from .dirformer import Block, DIRformer
from .fast_block import fast_block, strip_slices

HEAD_ROWS = 16
"""Least rows of a head's strip, on the U-Net's grid; up to two more on each side are worked out anew for each."""


class FastDIRformer:
    """A trained `DIRformer` on the CPU. No gradients pass through it."""

    def __init__(self, plain: DIRformer, dtype: torch.dtype = torch.float32) -> None:
        """dtype: of the pictures inside, float32 or bfloat16. The weights of `plain` are read anew at every walk."""
        self.plain = plain
        self.dtype = dtype

    @torch.no_grad()
    def walk(self, x: Tensor, ipr: Tensor) -> Generator[float, None, Tensor]:
        """As `DIRformer.walk`: x (b, c, h, w) float32, ipr (b, n) float32; the correction comes back in float32."""
        plain = self.plain
        done, total = 0, sum(isinstance(m, Block) for m in plain.modules())

        def run(blocks: nn.ModuleList, x: Tensor) -> Generator[float, None, Tensor]:
            nonlocal done
            spare = torch.empty_like(x)
            for block in blocks:
                x, spare = fast_block(block, x, ipr, spare)  # pyright: ignore[reportArgumentType]
                done += 1
                yield done / total
            return x

        folded = F.pixel_unshuffle(x, plain.config.stem_fold).contiguous(memory_format=torch.channels_last)
        x = _convolve(plain.stem, folded).to(self.dtype).permute(0, 2, 3, 1).contiguous()
        skips: list[Tensor] = []
        for blocks, down in zip(plain.encoder, plain.down, strict=True):
            x = yield from run(blocks, x)  # pyright: ignore[reportArgumentType]
            skips.append(x)
            x = _resampled(down, x)
        x = yield from run(plain.latent, x)
        for i in (2, 1, 0):
            x = torch.cat([_resampled(plain.up[i], x), skips.pop()], dim=-1)
            if i:
                x = F.linear(x, plain.reduce[i - 1].weight.to(x.dtype))  # pyright: ignore[reportCallIssue, reportArgumentType]
            x = yield from run(plain.decoder[i], x)  # pyright: ignore[reportArgumentType]
        x = yield from run(plain.refinement, x)
        return _painted(plain.head, plain.config, x)


def _convolve(conv: nn.Conv2d, x: Tensor) -> Tensor:
    """`conv` in the type of x, on channels-last memory."""
    weight = conv.weight.to(x.dtype, memory_format=torch.channels_last)
    bias = None if conv.bias is None else conv.bias.to(x.dtype)
    return F.conv2d(x, weight, bias, padding=conv.padding)  # pyright: ignore[reportArgumentType]


def _resampled(layers: nn.Module, x: Tensor) -> Tensor:
    """A change of level, a convolution and a pixel shuffle, on (b, h, w, c)."""
    conv, shuffle = layers.children()
    assert isinstance(conv, nn.Conv2d)
    return shuffle(_convolve(conv, x.permute(0, 3, 1, 2))).permute(0, 2, 3, 1).contiguous()


def _painted(head: nn.Module, config: ModelConfig, x: Tensor) -> Tensor:
    """x (b, h, w, c) -> the head's output (b, 3, h * scale, w * scale) in float32, made a strip at a time."""
    layers, scale = list(head.children()) or [head], config.head_scale
    b, height, width, _ = x.shape
    out = x.new_empty(b, 3, height * scale, width * scale, dtype=torch.float32)
    for rows in strip_slices(height, width * head_numbers(config), HEAD_ROWS):
        top, bottom = rows.start * scale, rows.stop * scale
        for picture, painted in zip(x.permute(0, 3, 1, 2), out, strict=True):
            painted[:, top:bottom] = _head_rows(layers, picture[None], top, bottom)[0]
    return out


def head_numbers(config: ModelConfig) -> int:
    """Numbers per pixel of the U-Net's grid in the head's widest tensor."""
    wide = 2 * config.width
    return {"conv": wide, "shuffle": max(wide, 3 * config.head_scale**2), "upsampler": 16 * wide}[config.head]


def _head_rows(layers: Sequence[nn.Module], x: Tensor, top: int, bottom: int, *, final: bool = True) -> Tensor:
    """Rows `top` to `bottom` of what `layers` make of x (1, c, h, w), worked out from the rows they depend on only.

    final: the last convolution among them is the head's last. It is done in float32: its output is what people see.
    """
    if not layers:
        return x[:, :, top:bottom]
    *before, last = layers
    if isinstance(last, nn.PixelShuffle):
        factor = last.upscale_factor
        first, end = top // factor, -(-bottom // factor)
        rows = last(_head_rows(before, x, first, end, final=final))
        return rows[:, :, top - first * factor : bottom - first * factor]
    assert isinstance(last, nn.Conv2d)
    height = x.shape[2] * math.prod(layer.upscale_factor for layer in before if isinstance(layer, nn.PixelShuffle))
    first, end = max(top - 1, 0), min(bottom + 1, height)
    rows = _head_rows(before, x, first, end, final=False)
    # The convolution pads: rightly at the picture's edge, and elsewhere only rows that are cut off again.
    rows = _convolve(last, rows.float() if final else rows)
    return rows[:, :, top - first : bottom - first]
