"""Distances between a painted picture and its target. Pictures are (b, 3, h, w) in [0, 1], computed in float32."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from .data import Batch
from .recipe import PixelLoss, PriorLoss

KNOWN_WEIGHT = 0.05
"""Weight of a known pixel beside a hole's pixel, in inpainting."""
LOG_SCALE = 0.02
"""Brings the logarithm of `psnr` to about the size of an L1, so that the other terms keep their weights."""


def weights(batch: Batch) -> Tensor | None:
    """(b, 1, h, w): with a mask nearly all weight is inside the hole, since known pixels are put back anyway."""
    return batch.damaged[:, 3:].clamp_min(KNOWN_WEIGHT) if batch.damaged.shape[1] == 4 else None


def pixel_loss(
    picture: Tensor,
    batch: Batch,
    kind: PixelLoss = "l1",
    softness: float = 1e-3,
    target: Tensor | None = None,
    floor: float = 40.0,
) -> Tensor:
    """Mean error per pixel and channel; target: instead of the batch's own. Zero for equal pictures.

    softness: Charbonnier's epsilon (Charbonnier et al., 1994): errors well below it count by their square. `psnr` is
    NAFNet's loss (Chen et al., ECCV 2022), with the squares weighed as in the other kinds. floor: the PSNR, dB, above
    which it asks for hardly any more.
    """
    error = picture.float() - (batch.target if target is None else target.float())
    weight = weights(batch)
    if kind == "psnr":
        squares = error * error
        mean = (
            squares.mean((1, 2, 3))
            if weight is None
            else (squares * weight).sum((1, 2, 3)) / (3 * weight.sum((1, 2, 3)))
        )
        return LOG_SCALE * torch.log1p(mean * 10 ** (floor / 10)).mean()
    error = error.abs() if kind == "l1" else torch.sqrt(error * error + softness**2) - softness
    return error.mean() if weight is None else (error * weight).sum() / (3 * weight.sum())


def spectrum_loss(picture: Tensor, batch: Batch) -> Tensor:
    """Mean magnitude of the error's spectrum (Cho et al., MIMO-UNet, ICCV 2021): blur damages whole frequency bands.

    With a mask the error counts where it is weighed.
    """
    error = picture.float() - batch.target
    weight = weights(batch)
    if weight is not None:
        error = error * (weight / weight.mean())
    spectrum = torch.view_as_real(torch.fft.rfft2(error, norm="ortho"))
    return spectrum.abs().mean()


def prior_loss(ipr: Tensor, oracle: Tensor, kind: PriorLoss = "l1") -> Tensor:
    """Distance between the estimated IPR and the teacher's, (b, n) each."""
    return F.l1_loss(ipr.float(), oracle) if kind == "l1" else F.mse_loss(ipr.float(), oracle)
