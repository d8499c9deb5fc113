"""Colours for heat maps: equal steps of the value look like equal steps, and grey readers lose nothing."""

from __future__ import annotations

from functools import cache

import numpy as np

from ..imaging import Picture

# From Oklab (Ottosson, "A perceptual color space for image processing", 2020) to linear sRGB.
_TO_LMS = np.array(
    [
        [1, 0.3963377774, 0.2158037573],
        [1, -0.1055613458, -0.0638541728],
        [1, -0.0894841775, -1.2914855480],
    ]
)
_TO_RGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


@cache
def _table() -> np.ndarray:
    """(256, 3) uint8 from nearly black violet over red and orange to pale yellow: lightness rises evenly in Oklab."""
    t = np.linspace(0, 1, 256)
    lightness, hue = 0.18 + 0.76 * t, np.deg2rad(292 + 175 * t)
    chroma = np.interp(t, [0, 0.15, 0.45, 0.75, 1], [0.04, 0.11, 0.17, 0.15, 0.10])
    lab = np.stack([lightness, chroma * np.cos(hue), chroma * np.sin(hue)], axis=-1)
    linear = np.clip((lab @ _TO_LMS.T) ** 3 @ _TO_RGB.T, 0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.round(255 * encoded).astype(np.uint8)


def heat_colours(values: np.ndarray) -> np.ndarray:
    """Values of any shape, 0 .. 1 (clipped) -> the same shape with three channels, uint8 sRGB."""
    return _table()[np.round(255 * np.clip(values, 0, 1)).astype(np.intp)]


def over(picture: Picture, heat: np.ndarray, top: float) -> Picture:
    """The heat map (h, w) over the picture in grey: clear where nothing moves, opaque at `top` and above."""
    share = np.clip(heat / top, 0, 1) if top > 0 else np.zeros_like(heat)
    grey = picture.pixels @ np.array([0.299, 0.587, 0.114])
    opacity = 0.85 * np.sqrt(share)[..., None]
    mixed = (1 - opacity) * (0.8 * grey[..., None]) + opacity * heat_colours(share)
    return Picture(np.round(mixed).astype(np.uint8))
