"""The U-Net for inference on a CPU: what `DIRformer` computes, several times faster in a fraction of its memory.

`dirformer.py` is the definition; this backend has no weights of its own, and a test holds the two together. Only two
buffers of a level's size exist beside the skip connections; everything wider lives in strips of rows (`cpu_block.py`),
the enlarging head included.

In bfloat16 the stream between blocks is rounded; all statistics, the stem and the head's last convolution stay in
float32. No autocast is needed, and none may be on.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..tick import Tick, no_tick
from .config import ModelConfig
from .cpu_block import block_in_place
from .dirformer import DIRformer, Pass
from .strips import apply_in_strips

HEAD_ROWS = 16
"""Least rows of a head's strip, on the U-Net's grid; up to two more on each side are worked out anew for each."""
LARGE = 16 * 2**20
"""Bytes of a level's picture from which on it is worth the milliseconds to give back what levels before have freed."""


class CpuDIRformer:
    """A trained `DIRformer` on the CPU. No gradients pass through it."""

    def __init__(self, plain: DIRformer, dtype: torch.dtype = torch.float32) -> None:
        """dtype: of the pictures inside, float32 or bfloat16. The weights of `plain` are read anew at every call."""
        self.plain = plain
        self.dtype = dtype

    @torch.no_grad()
    def __call__(self, x: Tensor, ipr: Tensor, tick: Tick = no_tick) -> Tensor:
        """As `DIRformer.forward`: x (b, c, h, w) float32, ipr (b, n) float32; the correction comes back in float32.

        Ticks after every strip rather than every block, so that a run on a large picture can end at once.
        """
        return CpuPass(self.plain, ipr, self.dtype, tick)(x)


class CpuPass(Pass):
    """Pictures (b, h, w, c) contiguous, changed in place where that is possible."""

    def __init__(self, net: DIRformer, ipr: Tensor, dtype: torch.dtype, tick: Tick) -> None:
        super().__init__(net, ipr, tick)
        self.dtype = dtype

    @property
    def done(self) -> float:
        """The share at the last milestone."""
        return self.net.milestones[self.passed - 1] if self.passed else 0.0

    def still(self, share: float) -> None:
        """The tick of layers whose work counts with the next block's."""
        self.tick(self.done)

    def stem(self, x: Tensor) -> Tensor:
        b, _, height, width = x.shape
        fold, channels = self.config.stem_fold, self.config.width
        row = width // fold * max(channels, self.net.stem.in_channels) * x.itemsize
        out = x.new_empty(b, height // fold, width // fold, channels, dtype=self.dtype)
        layers = [nn.PixelUnshuffle(fold), self.net.stem]
        apply_in_strips(layers, x, out.permute(0, 3, 1, 2), row, tick=self.still)
        return out

    def blocks(self, blocks: nn.Module, x: Tensor) -> Tensor:
        spare = torch.empty_like(x)
        if spare.nbytes > LARGE:
            release_freed()  # before the pages of `spare` are used for the first time
        for block in blocks.children():
            before, after = self.done, self.net.milestones[self.passed]

            def within(share: float, before: float = before, after: float = after) -> None:
                self.tick(after - (1 - share) * (after - before))

            block_in_place(block, x, self.ipr, spare, within)  # pyright: ignore[reportArgumentType]
            self.passed += 1
        return x

    def down(self, layers: nn.Module, x: Tensor) -> Tensor:
        smaller = x.new_empty(x.shape[0], x.shape[1] // 2, x.shape[2] // 2, 2 * x.shape[3])
        self._resample(layers, x, smaller)
        return smaller

    def up(self, layers: nn.Module, x: Tensor, skip: Tensor) -> Tensor:
        channels = skip.shape[3]
        joined = skip.new_empty(*skip.shape[:3], 2 * channels)
        joined[..., channels:] = skip
        self._resample(layers, x, joined[..., :channels])
        return joined

    def _resample(self, layers: nn.Module, x: Tensor, out: Tensor) -> None:
        """A change of level, a convolution and a pixel shuffle, both (b, h, w, c)."""
        row = max(x[0, :2].nbytes, out[0, 0].nbytes)
        apply_in_strips(list(layers.children()), x.permute(0, 3, 1, 2), out.permute(0, 3, 1, 2), row, tick=self.still)

    def reduce(self, layer: nn.Module, x: Tensor) -> Tensor:
        return F.linear(x, layer.weight.to(x.dtype))  # pyright: ignore[reportCallIssue, reportArgumentType]

    def head(self, x: Tensor) -> Tensor:
        b, height, width, _ = x.shape
        config, before = self.config, self.done
        layers, scale = list(self.net.head.children()) or [self.net.head], config.head_scale
        out = x.new_empty(b, config.correction_channels, height * scale, width * scale, dtype=torch.float32)
        row = width * head_numbers(config) * x.itemsize

        def within(share: float) -> None:
            self.tick(1 - (1 - share) * (1 - before))

        apply_in_strips(layers, x.permute(0, 3, 1, 2), out, row, least=HEAD_ROWS, final=True, tick=within)
        return out


def head_numbers(config: ModelConfig) -> int:
    """Numbers per pixel of the U-Net's grid in the head's widest tensor."""
    wide, out = 2 * config.width, config.correction_channels
    return {"conv": wide, "shuffle": max(wide, out * config.head_scale**2), "upsampler": 16 * wide}[config.head]


def _trimmer() -> Callable[[int], int] | None:
    """glibc's `malloc_trim`; other C libraries have no such thing, or no need of it."""
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # the last: Windows
        return None


_trim = _trimmer()


def release_freed() -> None:
    """Gives the system what was freed. Takes some milliseconds, so it is for the time between levels.

    glibc cuts tensors of up to 32 MiB out of one heap and returns their pages late or never: after a level of 24 MiB
    tensors, the next would begin with 50 to 70 MiB that nothing uses.
    """
    if _trim is not None:
        _trim(0)
