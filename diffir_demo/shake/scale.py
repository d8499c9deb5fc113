"""One rung of the ladder from coarse to fine: a small grey picture, its transform, and the search for its blur."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from ..deconvolve import divergence, gradients, power_of, roughness, surrounded, transfer
from . import kernels

RATIO = 0.5**0.5
"""Of the sides of two neighbouring scales."""
COARSEST = 5
"""Least side of the kernel at the coarsest scale, pixels."""
ROUNDS = 5
"""Times that picture and kernel are found from each other at each scale."""
STRICTEST, GROWTH = 1e3, 4.0
"""The last weight of the coupling between picture and sparse gradients, and how it grows to there."""
SLACKEST, DECAY = 5e-4, 1.1
"""The price of an edge falls by `DECAY` each round, down to `SLACKEST`: fine edges come in late."""
STIFFNESS = 4.0 / 2**18
"""Penalty on the squared kernel, per pixel of the picture."""
LOYALTY = 5.0, 0.03
"""Penalty on the squared difference from a kernel to stay near, in `STIFFNESS` and in the mean energy of the picture's
gradients: the fewer edges there are, the less a kernel leaves it. On seven blurs of training photos, with the best
share of each part, kernels held like this gained 0.5 dB over the photo's; not held at all, they lost up to 3 dB."""
RIM = 2
"""Pixels at the border whose gradients are left out."""


@dataclass(frozen=True, eq=False)
class Scale:
    """A grey picture at one size, prepared for `rounds`."""

    seen: Tensor
    """(h, w) light in [0, 1]."""
    side: int
    """Of the kernel, odd."""
    wide: Tensor
    """`seen` with its surroundings, (H, W)."""
    inside: Tensor
    """(H, W), 1 where gradients count."""
    spectrum: Tensor
    slopes: tuple[Tensor, Tensor]
    """Transforms of the gradients that count, down and right."""
    rough: Tensor

    @classmethod
    def of(cls, grey: Tensor, step: int, side: int) -> Scale:
        """grey: (h, w) at full size; step: 0 is that, 1 the next smaller. side: of the kernel at that scale, odd."""
        share = RATIO**step
        if step:
            grey = torch.from_numpy(cv2.resize(grey.numpy(), None, fx=share, fy=share, interpolation=cv2.INTER_AREA))
        wide, top, left = surrounded(grey, side)
        inside = torch.zeros_like(wide)
        inside[top + RIM : top + grey.shape[0] - 1 - RIM, left + RIM : left + grey.shape[1] - 1 - RIM] = 1
        down, right = (torch.fft.rfft2(slope * inside) for slope in gradients(wide))
        return cls(grey, side, wide, inside, torch.fft.rfft2(wide), (down, right), roughness(*wide.shape))

    def sharp(self, kernel: Tensor, price: float) -> Tensor:
        """(H, W): the picture of few edges that `kernel` blurs to what is seen.

        Minimises |k * x - y|^2 + price |grad x|_0 (Xu, Zheng and Jia, "Unnatural L0 sparse representation for natural
        image deblurring", CVPR 2013) by half-quadratic splitting.
        """
        blur = transfer(kernel, *self.wide.shape)
        data, power = self.spectrum * blur.conj(), power_of(blur) + 1e-9
        x, weight = self.wide, 2 * price
        while weight < STRICTEST:
            down, right = gradients(x)
            edge = down.square().addcmul_(right, right).ge_(price / weight)  # 1 where there is one, 0 elsewhere
            sparse = torch.fft.rfft2(divergence(down.mul_(edge), right.mul_(edge)))
            inverse = torch.add(power, self.rough, alpha=weight).reciprocal_()
            x = torch.fft.irfft2(torch.add(data, sparse, alpha=weight).mul_(inverse), s=self.wide.shape)
            weight *= GROWTH
        return x

    def blur_of(self, sharp: Tensor, like: Tensor | None = None) -> Tensor:
        """(side, side), not yet cleaned: least squares between the gradients of `sharp` (H, W) and those seen.

        like: a kernel (side, side) that it stays near, the nearer the less there is to see.
        """
        above = below = torch.zeros(())
        for slope, seen in zip(gradients(sharp), self.slopes, strict=True):
            own = torch.fft.rfft2(slope * self.inside)
            above, below = above + own * seen.conj(), below + power_of(own)
        stiff = STIFFNESS * self.wide.numel()
        if like is not None:
            stiff = LOYALTY[0] * stiff + LOYALTY[1] * below.mean()
            above = above + stiff * transfer(like, *self.wide.shape).conj()
        found = torch.fft.irfft2(above * (below + stiff).reciprocal_(), s=self.wide.shape)
        return found.roll((self.side // 2,) * 2, (0, 1))[: self.side, : self.side].contiguous()

    def round(
        self, kernel: Tensor, price: float, last: bool = False, like: Tensor | None = None
    ) -> tuple[Tensor, float]:
        """The picture from the kernel, then the kernel from the picture; and the price of an edge in the next round."""
        found = self.blur_of(self.sharp(kernel, price), like)
        faint = kernels.FAINT if like is None else kernels.HELD
        return kernels.cleaned(found, last, faint), max(price / DECAY, SLACKEST)


def steps_for(side: int) -> int:
    """The scales from `COARSEST` to full size, for a kernel of that side there."""
    return int(np.floor(np.log(COARSEST / side) / np.log(RATIO))) + 1
