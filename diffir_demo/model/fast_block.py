"""A transformer block for inference on a CPU: the numbers of `dirformer.Block`, in an order that suits a cache.

On a CPU the plain block waits for memory: its wide tensors (three times the channels in attention, up to four in the
feed-forward) are written to memory and read back at every step. Here

- the norm's weights and the IPR's scale and shift become part of the 1x1 layer that follows, once per picture;
- wide tensors exist for a few rows at a time, so that they never leave the cache, and a run can stop between strips;
- attention's second half (weights @ v, output layer, residual) is one matrix of channels x channels.

Nothing is stored: the plain block's weights are read at every call, so there is nothing to keep in step.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from .dirformer import EPS, Attention, Block, Depthwise, FeedForward, SteeredNorm
from .rows import strip_slices

ATTENTION, GATHERING = 0.5, 0.9
"""Share of a block's time that its attention takes, and of that, the strips that q, k and v come from: so that the
progress is steady."""


def fast_block(block: Block, x: Tensor, ipr: Tensor, spare: Tensor) -> Iterator[float]:
    """x, spare (b, h, w, c) contiguous, ipr (b, n) float32. Writes the block's output into spare, and into x, too.

    The two buffers take turns: a level needs no more than these. Stops after every strip, to yield the share of the
    block that is done, in (0, 1].
    """
    for i, (picture, numbers, buffer) in enumerate(zip(x, ipr, spare, strict=True)):  # the folded weights are its own
        for share in _attend(block.attention, picture, numbers, buffer):
            yield (i + ATTENTION * share) / len(x)
        for share in _feed_forward(block.feed_forward, picture, numbers, buffer):
            yield (i + ATTENTION + (1 - ATTENTION) * share) / len(x)


def _attend(layer: Attention, x: Tensor, ipr: Tensor, spare: Tensor) -> Iterator[float]:
    """Adds the attention's residual to x (h, w, c) in place. spare: same shape, overwritten with v."""
    height, width, channels = x.shape
    heads = layer.heads
    similarity = x.new_zeros(heads, channels // heads, channels // heads, dtype=torch.float32)
    squares = x.new_zeros(2 * channels, dtype=torch.float32)
    for rows, wide in _strips(layer.norm, layer.qkv.weight, layer.depthwise, x, ipr):
        spare[rows] = wide[..., 2 * channels :]
        qk = wide.flatten(0, 1)[:, : 2 * channels]
        squares += qk.square().sum(dim=0)  # over a strip; torch adds up in float32 whatever the type
        q, k = qk.view(len(qk), 2, heads, channels // heads).permute(1, 2, 0, 3)  # each (heads, pixels, c / heads)
        similarity += q.transpose(1, 2) @ k
        yield GATHERING * rows.stop / height
    # Cosines: dividing the small matrix by the lengths of q's and k's channels equals normalising q and k themselves.
    lengths = squares.sqrt().clamp_min(1e-12).view(2, heads, -1)
    similarity /= lengths[0, :, :, None] * lengths[1, :, None, :]
    weights = torch.softmax(similarity * layer.temperature, dim=-1)
    # The output layer takes its input head by head, so it can be multiplied with each head's weights beforehand.
    out = layer.out.weight.view(channels, heads, -1).transpose(0, 1) @ weights
    mix = out.transpose(0, 1).reshape(channels, channels).to(x.dtype)
    for rows in strip_slices(height, width * channels):
        x[rows].view(-1, channels).addmm_(spare[rows].view(-1, channels), mix.t())
        yield GATHERING + (1 - GATHERING) * rows.stop / height


def _feed_forward(layer: FeedForward, x: Tensor, ipr: Tensor, spare: Tensor) -> Iterator[float]:
    """Writes x plus the feed-forward's residual into spare, both (h, w, c); x stays: its rows are the next strip's."""
    height, _, channels = x.shape
    out = layer.out.weight.to(x.dtype).t()
    for rows, wide in _strips(layer.norm, layer.project.weight, layer.depthwise, x, ipr):
        gate, value = wide.flatten(0, 1).chunk(2, dim=-1)
        gated = F.gelu(gate).mul_(value)
        torch.addmm(x[rows].view(-1, channels), gated, out, out=spare[rows].view(-1, channels))
        yield rows.stop / height


def _strips(
    norm: SteeredNorm, project: Tensor, depthwise: Depthwise, x: Tensor, ipr: Tensor
) -> Iterator[tuple[slice, Tensor]]:
    """What attention and feed-forward begin with: norm, steering, 1x1 layer, depthwise convolution.

    x (h, w, c), ipr (n,), project (wide, c). Yields rows of x and the convolution's output there, (rows, w, wide).
    """
    height, width, channels = x.shape
    weight, bias = _folded(norm, project, ipr)
    weight, bias = weight.to(x.dtype).t(), bias.to(x.dtype)
    kernel = depthwise.weight.to(x.dtype)
    slices = list(strip_slices(height, width * len(project)))
    # One row more above and below: the convolution sees the neighbouring strips, or zeros beyond the picture. The
    # zeros stand after the 1x1 layer, whose bias would not be zero out there.
    buffer = x.new_empty(slices[0].stop + 2, width, len(project))
    for rows in slices:
        first, end = max(rows.start - 1, 0), min(rows.stop + 1, height)
        wide = buffer[: rows.stop - rows.start + 2]
        if rows.start == 0:
            wide[0] = 0
        if rows.stop == height:
            wide[-1] = 0
        inner = wide[first - rows.start + 1 :][: end - first]
        normed = _normed(x[first:end], centred=norm.bias is not None)
        torch.addmm(bias, normed.view(-1, channels), weight, out=inner.view(-1, len(project)))
        image = wide[None].permute(0, 3, 1, 2)  # in this order: only so torch knows it for channels-last memory
        yield rows, F.conv2d(image, kernel, padding=(0, 1), groups=len(project))[0].permute(1, 2, 0)


def _folded(norm: SteeredNorm, project: Tensor, ipr: Tensor) -> tuple[Tensor, Tensor]:
    """The 1x1 layer (wide, c) with the norm's weights and the IPR's scale and shift worked in: weight, bias (wide,).

    In float32, whatever the pictures are in: it costs next to nothing, and every pixel depends on it.
    """
    scale, shift = (norm.steer.weight @ ipr).chunk(2)
    if norm.bias is not None:
        shift = torch.addcmul(shift, norm.bias, scale)
    return project * (norm.weight * scale), project @ shift


def _normed(x: Tensor, centred: bool) -> Tensor:
    """The layer norm of `SteeredNorm` before its weights, (..., c) contiguous. Statistics are kept in float32."""
    if centred:
        return F.layer_norm(x, x.shape[-1:], eps=EPS)
    # `var` over the innermost dimension is slow; layer norm finds the deviation on its way, in the weights' type.
    ones, zeros = x.new_ones(x.shape[-1], dtype=torch.float32), x.new_zeros(x.shape[-1], dtype=torch.float32)
    normed, _, inverse_deviation = torch.native_layer_norm(x, x.shape[-1:], ones, zeros, EPS)
    return torch.mul(x, inverse_deviation, out=normed)
