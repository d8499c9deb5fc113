"""Deconvolution: undoing a blur whose kernel is known, or believed to be."""

from __future__ import annotations

from .blur import GAMMA, LARGEST, Blur, Light, blur_of, drawn, grey, picture_of, rasterised, span, to_levels, to_light
from .photo import deconvolve, fidelity_for
from .solve import (
    centroid,
    divergence,
    gradients,
    hyper_laplacian,
    power_of,
    roughness,
    spread,
    surrounded,
    transfer,
    wiener,
)

__all__ = [
    "GAMMA",
    "LARGEST",
    "Blur",
    "Light",
    "blur_of",
    "centroid",
    "deconvolve",
    "divergence",
    "drawn",
    "fidelity_for",
    "gradients",
    "grey",
    "hyper_laplacian",
    "picture_of",
    "power_of",
    "rasterised",
    "roughness",
    "span",
    "spread",
    "surrounded",
    "to_levels",
    "to_light",
    "transfer",
    "wiener",
]
