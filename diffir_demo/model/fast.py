"""The U-Net for inference on a CPU: what `DIRformer` computes, several times faster in a fraction of its memory.

`dirformer.py` is the definition; this twin has no weights of its own and the same `walk`, and a test holds the two
together. Only two buffers of a level's size exist beside the skip connections; everything wider lives in strips of rows
(`fast_block.py`), the enlarging head included.

In bfloat16 the stream between blocks is rounded; all statistics, the stem and the head's last
convolution stay in float32. No autocast is needed, and none may be on.
"""

from __future__ import annotations

from collections.abc import Generator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .config import ModelConfig
from .dirformer import DIRformer
from .fast_block import fast_block
from .memory import release_freed
from .rows import apply_in_strips

HEAD_ROWS = 16
"""Least rows of a head's strip, on the U-Net's grid; up to two more on each side are worked out anew for each."""

LARGE = 16 * 2**20
"""Bytes of a level's picture from which on it is worth the milliseconds to give back what levels before have freed."""


class FastDIRformer:
    """A trained `DIRformer` on the CPU. No gradients pass through it."""

    def __init__(self, plain: DIRformer, dtype: torch.dtype = torch.float32) -> None:
        """dtype: of the pictures inside, float32 or bfloat16. The weights of `plain` are read anew at every walk."""
        self.plain = plain
        self.dtype = dtype

    @torch.no_grad()
    def walk(self, x: Tensor, ipr: Tensor) -> Generator[float, None, Tensor]:
        """As `DIRformer.walk`: x (b, c, h, w) float32, ipr (b, n) float32; the correction comes back in float32.

        Stops after every strip rather than every block, so that a run on a large picture can be left within moments.
        """
        plain, before = self.plain, 0.0
        milestones = iter(plain.milestones())

        def run(blocks: nn.ModuleList, x: Tensor) -> Generator[float, None, Tensor]:
            nonlocal before
            spare = torch.empty_like(x)
            if spare.nbytes > LARGE:
                release_freed()  # before the pages of `spare` are used for the first time
            for block in blocks:
                after = next(milestones)
                for share in fast_block(block, x, ipr, spare):  # pyright: ignore[reportArgumentType]
                    yield after - (1 - share) * (after - before)
                before = after
            return x

        def resample(layers: nn.Module, x: Tensor, out: Tensor) -> Generator[float, None, None]:
            """A change of level, a convolution and a pixel shuffle, both (b, h, w, c)."""
            row = max(x[0, :2].nbytes, out[0, 0].nbytes)
            for _ in apply_in_strips(list(layers.children()), x.permute(0, 3, 1, 2), out.permute(0, 3, 1, 2), row):
                yield before

        b, _, height, width = x.shape
        grid, channels = (height // plain.config.stem_fold, width // plain.config.stem_fold), plain.config.width
        layers, numbers = [nn.PixelUnshuffle(plain.config.stem_fold), plain.stem], max(channels, plain.stem.in_channels)
        seen, x = x, x.new_empty(b, *grid, channels, dtype=self.dtype)
        for _ in apply_in_strips(layers, seen, x.permute(0, 3, 1, 2), grid[1] * numbers * seen.itemsize):
            yield before
        skips: list[Tensor] = []
        for blocks, down in zip(plain.encoder, plain.down, strict=True):
            x = yield from run(blocks, x)  # pyright: ignore[reportArgumentType]
            skips.append(x)
            smaller = x.new_empty(b, x.shape[1] // 2, x.shape[2] // 2, 2 * x.shape[3])
            yield from resample(down, x, smaller)
            x = smaller
            del smaller
        x = yield from run(plain.latent, x)
        for i in (2, 1, 0):
            skip = skips.pop()
            joined = skip.new_empty(*skip.shape[:3], 2 * skip.shape[3])
            joined[..., skip.shape[3] :] = skip
            yield from resample(plain.up[i], x, joined[..., : skip.shape[3]])
            x = joined
            del skip, joined
            if i:
                x = F.linear(x, plain.reduce[i - 1].weight.to(x.dtype))  # pyright: ignore[reportCallIssue, reportArgumentType]
            x = yield from run(plain.decoder[i], x)  # pyright: ignore[reportArgumentType]
        x = yield from run(plain.refinement, x)
        layers, scale = list(plain.head.children()) or [plain.head], plain.config.head_scale
        out = x.new_empty(b, plain.config.painted_channels, grid[0] * scale, grid[1] * scale, dtype=torch.float32)
        row = grid[1] * head_numbers(plain.config) * x.itemsize
        for share in apply_in_strips(layers, x.permute(0, 3, 1, 2), out, row, least=HEAD_ROWS, final=True):
            yield 1 - (1 - share) * (1 - before)
        return out


def head_numbers(config: ModelConfig) -> int:
    """Numbers per pixel of the U-Net's grid in the head's widest tensor."""
    wide, out = 2 * config.width, config.painted_channels
    return {"conv": wide, "shuffle": max(wide, out * config.head_scale**2), "upsampler": 16 * wide}[config.head]
