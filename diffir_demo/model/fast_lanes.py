"""What attention and feed-forward begin with, a few rows at a time: norm, steering, 1x1 layer, depthwise convolution.

The wide channels come in lanes (q, k and v; gate and value), each with memory of its own: a depthwise convolution is up
to twice as quick where a pixel's numbers lie close together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from .dirformer import EPS, SteeredNorm


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


def normed_strips(norm: SteeredNorm, x: Tensor, ipr: Tensor, slices: Sequence[slice]) -> Iterator[tuple[slice, Tensor]]:
    """Rows of x (h, w, c), and the normed rows (n, w, c) that a `Lane` has not seen yet: to one row below `rows`.

    ipr (n,). Those rows of x may be changed in place then: the strips to come have seen what they need of them.
    """
    scale, shift = _steering(norm, ipr)
    for rows in slices:
        first = rows.start + 1 if rows.start > 0 else 0
        yield rows, _normed(x[first : rows.stop + 1], scale, shift, centred=norm.bias is not None)


def _steering(norm: SteeredNorm, ipr: Tensor) -> tuple[Tensor, Tensor]:
    """The norm's weights and the IPR's scale and shift as one scale and one shift (c,), worked out once per picture.

    They could be worked into the 1x1 layer as well. But then that layer has a bias, which a matrix product on a CPU
    begins with by writing it to every pixel of its wide output: slower than shifting the few channels before it.
    """
    scale, shift = (norm.steer.weight @ ipr).chunk(2)
    if norm.bias is not None:
        shift = torch.addcmul(shift, norm.bias, scale)
    return norm.weight * scale, shift


def _normed(x: Tensor, scale: Tensor, shift: Tensor, centred: bool) -> Tensor:
    """`SteeredNorm` of x (.., c), contiguous. scale, shift (c,) float32; statistics are as well."""
    if centred:
        return torch.native_layer_norm(x, x.shape[-1:], scale, shift, EPS)[0]
    # `var` over the innermost dimension is slow; layer norm finds the deviation on its way, in the weights' type.
    ones, zeros = torch.ones_like(scale), torch.zeros_like(scale)
    normed, _, inverse_deviation = torch.native_layer_norm(x, x.shape[-1:], ones, zeros, EPS)
    torch.mul(x, inverse_deviation, out=normed)
    return torch.addcmul(shift.to(x.dtype), normed, scale.to(x.dtype), out=normed)
