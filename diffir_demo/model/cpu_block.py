"""A transformer block for inference on a CPU: the numbers of `dirformer.Block`, in an order that suits a cache.

On a CPU the plain block waits for memory: its wide tensors (three times the channels in attention, up to four in the
feed-forward) are written to memory and read back at every step. Here

- the norm's weights and the IPR's scale and shift become one scale and one shift, once per picture;
- wide tensors exist for a few rows at a time (`Lane`), so that they never leave the cache, and a run can end between
  strips. They come in lanes (q, k and v; gate and value), each with memory of its own: a depthwise convolution is up to
  twice as quick where a pixel's numbers lie close together;
- attention's second half (weights @ v, output layer, residual) is one matrix of channels x channels.

Nothing is stored: the plain block's weights are read at every call, so there is nothing to keep in step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from ..tick import Tick
from .dirformer import EPS, Attention, Block, FeedForward, ModulatedNorm
from .strips import strip_slices

ATTENTION, GATHERING = 0.5, 0.9
"""Share of a block's time that its attention takes, and of that, the strips that q, k and v come from: so that the
progress is steady."""
VECTOR = 16
"""Channels of the gate, and of the value, are filled up to a multiple of this, a vector of the widest processors. With
the 127 that published networks have, matrix product and convolution took a fifth to a quarter more time."""


def block_in_place(block: Block, x: Tensor, ipr: Tensor, spare: Tensor, tick: Tick) -> None:
    """x, spare (b, h, w, c) contiguous, ipr (b, n) float32. Turns x into the block's output; overwrites spare.

    A level needs no more than these two. Ticks after every strip with the share of the block that is done, in (0, 1].
    """
    for i, (picture, numbers, buffer) in enumerate(zip(x, ipr, spare, strict=True)):  # the folded weights are its own

        def attending(share: float, i: int = i) -> None:
            tick((i + ATTENTION * share) / len(x))

        def feeding(share: float, i: int = i) -> None:
            tick((i + ATTENTION + (1 - ATTENTION) * share) / len(x))

        _attend(block.attention, picture, numbers, buffer, attending)
        _feed_forward(block.feed_forward, picture, numbers, feeding)


def _attend(layer: Attention, x: Tensor, ipr: Tensor, spare: Tensor, tick: Tick) -> None:
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
        tick(GATHERING * rows.stop / height)
    # Cosines: dividing the small matrix by the lengths of q's and k's channels equals normalising q and k themselves.
    lengths = squares.sqrt().clamp_min(1e-12).view(2, heads, -1)
    similarity /= lengths[0, :, :, None] * lengths[1, :, None, :]
    weights = torch.softmax(similarity * layer.temperature, dim=-1)
    # The output layer takes its input head by head, so it can be multiplied with each head's weights beforehand.
    out = layer.out.weight.view(channels, heads, -1).transpose(0, 1) @ weights
    mix = out.transpose(0, 1).reshape(channels, channels).to(x.dtype)
    for rows in strip_slices(height, width * channels * x.itemsize):
        x[rows].view(-1, channels).addmm_(spare[rows].view(-1, channels), mix.t())
        tick(GATHERING + (1 - GATHERING) * rows.stop / height)


def _feed_forward(layer: FeedForward, x: Tensor, ipr: Tensor, tick: Tick) -> None:
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
        tick(rows.stop / height)


def _filled(weight: Tensor, missing: int) -> Tensor:
    """weight (f, ..) with zeros for the missing channels: (f + missing, ..)."""
    return torch.cat((weight, weight.new_zeros(missing, *weight.shape[1:]))) if missing else weight


class Lane:
    """Some of the wide channels, strip after strip from the top down."""

    def __init__(self, project: Tensor, depthwise: Tensor, slices: Sequence[slice], x: Tensor) -> None:
        """project (f, c), depthwise (f, 1, 3, 3), x (h, w, c) in the type to work in; slices: its strips."""
        self.weight, self.kernel = project.to(x.dtype).t(), depthwise.to(x.dtype)
        self.height = len(x)
        # One row more above and below: the convolution sees the neighbouring strips, or zeros beyond the picture. The
        # zeros stand after the 1x1 layer, for the shift would not be zero out there.
        self.rows = x.new_empty(slices[0].stop + 2, x.shape[1], len(project))
        self.rows[0] = 0

    def __call__(self, rows: slice, normed: Tensor) -> Tensor:
        """normed (n, w, c): the rows that `normed_strips` gives with `rows`. Returns (rows, w, f), contiguous."""
        strip = self.rows[: rows.stop - rows.start + 2]
        known = 1 if rows.start == 0 else 2
        if rows.start > 0:  # the strip above was a whole one; what it ends with is what this one begins with
            strip[:2] = self.rows[-2:]
        if rows.stop == self.height:
            strip[-1] = 0
        new = strip[known : known + len(normed)]
        torch.mm(normed.flatten(0, 1), self.weight, out=new.view(-1, new.shape[-1]))
        image = strip[None].permute(0, 3, 1, 2)  # in this order: only so torch knows it for channels-last memory
        return F.conv2d(image, self.kernel, padding=(0, 1), groups=len(self.kernel))[0].permute(1, 2, 0)


def normed_strips(
    norm: ModulatedNorm, x: Tensor, ipr: Tensor, slices: Sequence[slice]
) -> Iterator[tuple[slice, Tensor]]:
    """Rows of x (h, w, c), and the normed rows (n, w, c) that a `Lane` has not seen yet: to one row below `rows`.

    ipr (n,). Those rows of x may be changed in place then: the strips to come have seen what they need of them.
    """
    scale, shift = _modulation(norm, ipr)
    for rows in slices:
        first = rows.start + 1 if rows.start > 0 else 0
        yield rows, _normed(x[first : rows.stop + 1], scale, shift, centred=norm.bias is not None)


def _modulation(norm: ModulatedNorm, ipr: Tensor) -> tuple[Tensor, Tensor]:
    """The norm's weights and the IPR's scale and shift as one scale and one shift (c,), worked out once per picture.

    They could be worked into the 1x1 layer as well. But then that layer has a bias, which a matrix product on a CPU
    begins with by writing it to every pixel of its wide output: slower than shifting the few channels before it.
    """
    scale, shift = (norm.steer.weight @ ipr).chunk(2)
    if norm.bias is not None:
        shift = torch.addcmul(shift, norm.bias, scale)
    return norm.weight * scale, shift


def _normed(x: Tensor, scale: Tensor, shift: Tensor, centred: bool) -> Tensor:
    """`ModulatedNorm` of x (.., c), contiguous. scale, shift (c,) float32; statistics are as well."""
    if centred:
        return torch.native_layer_norm(x, x.shape[-1:], scale, shift, EPS)[0]
    # `var` over the innermost dimension is slow; layer norm finds the deviation on its way, in the weights' type.
    ones, zeros = torch.ones_like(scale), torch.zeros_like(scale)
    normed, _, inverse_deviation = torch.native_layer_norm(x, x.shape[-1:], ones, zeros, EPS)
    torch.mul(x, inverse_deviation, out=normed)
    return torch.addcmul(shift.to(x.dtype), normed, scale.to(x.dtype), out=normed)
