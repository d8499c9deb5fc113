"""A transformer block for inference on a CPU: the numbers of `dirformer.Block`, in an order that suits a cache.

On a CPU the plain block waits for memory: its wide tensors (three times the channels in attention, up to four in the
feed-forward) are written to memory and read back at every step. Here

- the norm's weights and the IPR's scale and shift become one scale and one shift, once per picture;
- wide tensors exist for a few rows at a time (`fast_lanes.py`), so that they never leave the cache, and a run can stop
  between strips;
- attention's second half (weights @ v, output layer, residual) is one matrix of channels x channels.

Nothing is stored: the plain block's weights are read at every call, so there is nothing to keep in step.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from .dirformer import Attention, Block, FeedForward
from .fast_lanes import Lane, normed_strips
from .rows import strip_slices

ATTENTION, GATHERING = 0.5, 0.9
"""Share of a block's time that its attention takes, and of that, the strips that q, k and v come from: so that the
progress is steady."""
VECTOR = 16
"""Channels of the gate, and of the value, are filled up to a multiple of this, a vector of the widest processors. With
the 127 that published networks have, matrix product and convolution took a fifth to a quarter more time."""


def fast_block(block: Block, x: Tensor, ipr: Tensor, spare: Tensor) -> Iterator[float]:
    """x, spare (b, h, w, c) contiguous, ipr (b, n) float32. Turns x into the block's output; overwrites spare.

    A level needs no more than these two. Stops after every strip, to yield the share of the block that is done, in
    (0, 1].
    """
    for i, (picture, numbers, buffer) in enumerate(zip(x, ipr, spare, strict=True)):  # the folded weights are its own
        for share in _attend(block.attention, picture, numbers, buffer):
            yield (i + ATTENTION * share) / len(x)
        for share in _feed_forward(block.feed_forward, picture, numbers):
            yield (i + ATTENTION + (1 - ATTENTION) * share) / len(x)


def _attend(layer: Attention, x: Tensor, ipr: Tensor, spare: Tensor) -> Iterator[float]:
    """Adds the attention's residual to x (h, w, c) in place. spare: same shape, overwritten with v."""
    height, width, channels = x.shape
    heads = layer.heads
    similarity = x.new_zeros(heads, channels // heads, channels // heads, dtype=torch.float32)
    squares = x.new_zeros(2, channels, dtype=torch.float32)
    slices = list(strip_slices(height, width * 3 * channels * x.itemsize))
    parts = zip(layer.qkv.weight.chunk(3), layer.depthwise.weight.chunk(3), strict=True)
    to_q, to_k, to_v = (Lane(project, depthwise, slices, x) for project, depthwise in parts)
    for rows, normed in normed_strips(layer.norm, x, ipr, slices):
        spare[rows] = to_v(rows, normed)
        q, k = to_q(rows, normed).flatten(0, 1), to_k(rows, normed).flatten(0, 1)
        for lengths, part in zip(squares, (q, k), strict=True):
            lengths += part.square().sum(dim=0)  # over a strip; torch adds up in float32 whatever the type
        q, k = (part.unflatten(-1, (heads, -1)).transpose(0, 1) for part in (q, k))  # each (heads, pixels, c / heads)
        similarity += q.transpose(1, 2) @ k
        yield GATHERING * rows.stop / height
    # Cosines: dividing the small matrix by the lengths of q's and k's channels equals normalising q and k themselves.
    lengths = squares.sqrt().clamp_min(1e-12).view(2, heads, -1)
    similarity /= lengths[0, :, :, None] * lengths[1, :, None, :]
    weights = torch.softmax(similarity * layer.temperature, dim=-1)
    # The output layer takes its input head by head, so it can be multiplied with each head's weights beforehand.
    out = layer.out.weight.view(channels, heads, -1).transpose(0, 1) @ weights
    mix = out.transpose(0, 1).reshape(channels, channels).to(x.dtype)
    for rows in strip_slices(height, width * channels * x.itemsize):
        x[rows].view(-1, channels).addmm_(spare[rows].view(-1, channels), mix.t())
        yield GATHERING + (1 - GATHERING) * rows.stop / height


def _feed_forward(layer: FeedForward, x: Tensor, ipr: Tensor) -> Iterator[float]:
    """Adds the feed-forward's residual to x (h, w, c) in place."""
    height, width, channels = x.shape
    missing = -layer.out.weight.shape[1] % VECTOR
    out = F.pad(layer.out.weight, (0, missing)).to(x.dtype).t()
    slices = list(strip_slices(height, width * 2 * len(out) * x.itemsize))
    parts = zip(layer.project.weight.chunk(2), layer.depthwise.weight.chunk(2), strict=True)
    to_gate, to_value = (
        Lane(_filled(project, missing), _filled(depthwise, missing), slices, x) for project, depthwise in parts
    )
    for rows, normed in normed_strips(layer.norm, x, ipr, slices):
        gated = F.gelu(to_gate(rows, normed)).mul_(to_value(rows, normed))
        x[rows].view(-1, channels).addmm_(gated.flatten(0, 1), out)
        yield rows.stop / height


def _filled(weight: Tensor, missing: int) -> Tensor:
    """weight (f, ..) with zeros for the missing channels: (f + missing, ..)."""
    return torch.cat((weight, weight.new_zeros(missing, *weight.shape[1:]))) if missing else weight
