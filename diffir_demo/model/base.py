"""The base picture: what the U-Net's correction is added to (the global residual of the paper's figure 2)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ..tick import Tick, no_tick
from .config import ModelConfig
from .strips import strip_slices

SWEEPS = 8
"""Jacobi sweeps per level of `harmonic_fill`; more gain nothing that Kodak pictures show."""
Box = tuple[slice, slice]
"""Rows and columns."""


def base_picture(damaged: Tensor, config: ModelConfig, tick: Tick = no_tick) -> Tensor | None:
    """(b, c, h, w) in [0, 1] -> (b, 3, h * scale, w * scale), or None where the network's output is the picture.

    Ticks with 0.0, as the U-Net has not begun: filling the hole of a large picture takes seconds.
    """
    rgb = damaged[:, :3]
    match config.base:
        case "none":
            return None
        case "nearest":
            return rgb if config.scale == 1 else F.interpolate(rgb, scale_factor=config.scale, mode="nearest")
        case "bicubic":
            # antialias=True selects the usual cubic (a = -0.5), the one Pillow and MATLAB use; it widens nothing here.
            return F.interpolate(rgb.float(), scale_factor=config.scale, mode="bicubic", antialias=True).to(rgb.dtype)
        case "deconvolved":
            sharp, strength = damaged[:, 3:6], damaged[:, 6:]
            return torch.lerp(rgb, sharp, strength)
        case "fill":
            return harmonic_fill(rgb.float(), 1 - damaged[:, 3:].float(), tick).to(rgb.dtype)


def harmonic_fill(rgb: Tensor, known: Tensor, tick: Tick = no_tick) -> Tensor:
    """Fills unknown pixels as a soap film would span them: each close to the mean of its neighbours.

    Push-pull (Gortler et al., "The Lumigraph", 1996) from the coarsest level down, with `SWEEPS` Jacobi sweeps of
    Laplace's equation at each, which a few sweeps nearly solve because the coarser level starts them well.

    rgb (b, 3, h, w), known (b, 1, h, w), 1 where known. Known pixels come back unchanged; a picture without any known
    pixel comes back grey (0.5). On a CPU, only what lies around the unknown pixels is worked on. Ticks with 0.0.
    """
    if min(rgb.shape[-2:]) == 1:
        weight = known.sum(dim=(2, 3), keepdim=True)
        mean = (rgb * known).sum(dim=(2, 3), keepdim=True) / weight.clamp_min(1e-6)
        mean = torch.where(weight > 0, mean, torch.full_like(mean, 0.5))
        return torch.where(known > 0, rgb, mean)
    box = _around_unknown(known)
    if box is None:
        return rgb
    weight = F.avg_pool2d(known, 2, ceil_mode=True)
    colour = F.avg_pool2d(rgb * known, 2, ceil_mode=True) / weight.clamp_min(1e-6)
    tick(0.0)
    coarse = harmonic_fill(colour, (weight > 0).to(known.dtype), tick)
    filled = F.interpolate(coarse, size=rgb.shape[-2:], mode="bilinear", align_corners=False)
    tick(0.0)
    filled = torch.where(known > 0, rgb, filled)
    here = (..., *box)
    filled[here] = _swept(filled[here], rgb[here], known[here], tick)
    return filled


def _around_unknown(known: Tensor) -> Box | None:
    """The part of (b, 1, h, w) with all unknown pixels and one more on each side; None where all are known.

    Elsewhere than on a CPU the whole: to look would cost more than to work.
    """
    if known.device.type != "cpu":
        return slice(None), slice(None)
    unknown = (known <= 0).any(dim=0)[0]
    found = [torch.nonzero(unknown.any(dim=i)).flatten() for i in (1, 0)]
    if not len(found[0]):
        return None
    rows, columns = (slice(max(int(places[0]) - 1, 0), int(places[-1]) + 2) for places in found)
    return rows, columns


def _swept(filled: Tensor, rgb: Tensor, known: Tensor, tick: Tick) -> Tensor:
    """`SWEEPS` times, every unknown pixel becomes the mean of its four neighbours; ticks after every few rows.

    The border repeats itself: where it is not the picture's own, it is known and stays.
    """
    b, _, height, width = filled.shape
    row = b * 3 * width * filled.itemsize
    rows_at_once = list(strip_slices(height, row)) if filled.device.type == "cpu" else [slice(0, height)]
    for _ in range(SWEEPS):
        near = F.pad(filled, (1, 1, 1, 1), mode="replicate")
        filled = torch.empty_like(filled)
        for rows in rows_at_once:
            around = near[..., rows.start : rows.stop + 2, :]
            total = around[..., :-2, 1:-1] + around[..., 2:, 1:-1] + around[..., 1:-1, :-2] + around[..., 1:-1, 2:]
            filled[..., rows, :] = torch.where(known[..., rows, :] > 0, rgb[..., rows, :], total / 4)
            tick(0.0)
    return filled
