"""The base picture: what the U-Net's correction is added to (the global residual of the paper's figure 2)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from .config import ModelConfig

SWEEPS = 8
"""Jacobi sweeps per level of `harmonic_fill`; more gain nothing that Kodak pictures show."""


def base_picture(damaged: Tensor, config: ModelConfig) -> Tensor | None:
    """(b, c, h, w) in [0, 1] -> (b, 3, h * scale, w * scale), or None where the network paints from nothing."""
    rgb = damaged[:, :3]
    match config.base:
        case "none":
            return None
        case "nearest":
            return rgb if config.scale == 1 else F.interpolate(rgb, scale_factor=config.scale, mode="nearest")
        case "bicubic":
            # antialias=True selects the usual cubic (a = -0.5), the one Pillow and MATLAB use; it widens nothing here.
            return F.interpolate(rgb.float(), scale_factor=config.scale, mode="bicubic", antialias=True).to(rgb.dtype)
        case "fill":
            return harmonic_fill(rgb.float(), 1 - damaged[:, 3:].float()).to(rgb.dtype)


def harmonic_fill(rgb: Tensor, known: Tensor) -> Tensor:
    """Fills unknown pixels as a soap film would span them: each close to the mean of its neighbours.

    Push-pull (Gortler et al., "The Lumigraph", 1996) from the coarsest level down, with `SWEEPS` Jacobi sweeps of
    Laplace's equation at each, which a few sweeps nearly solve because the coarser level starts them well.

    rgb (b, 3, h, w), known (b, 1, h, w), 1 where known. Known pixels come back unchanged; a picture without any known
    pixel comes back grey (0.5).
    """
    if min(rgb.shape[-2:]) == 1:
        weight = known.sum(dim=(2, 3), keepdim=True)
        mean = (rgb * known).sum(dim=(2, 3), keepdim=True) / weight.clamp_min(1e-6)
        mean = torch.where(weight > 0, mean, torch.full_like(mean, 0.5))
        return torch.where(known > 0, rgb, mean)
    weight = F.avg_pool2d(known, 2, ceil_mode=True)
    colour = F.avg_pool2d(rgb * known, 2, ceil_mode=True) / weight.clamp_min(1e-6)
    coarse = harmonic_fill(colour, (weight > 0).to(known.dtype))
    filled = F.interpolate(coarse, size=rgb.shape[-2:], mode="bilinear", align_corners=False)
    filled = torch.where(known > 0, rgb, filled)
    for _ in range(SWEEPS):
        near = F.pad(filled, (1, 1, 1, 1), mode="replicate")
        near = near[..., :-2, 1:-1] + near[..., 2:, 1:-1] + near[..., 1:-1, :-2] + near[..., 1:-1, 2:]
        filled = torch.where(known > 0, rgb, near / 4)
    return filled
