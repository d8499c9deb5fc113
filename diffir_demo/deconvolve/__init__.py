"""Deconvolution: undoing a blur whose kernel is known, or believed to be."""

from __future__ import annotations

from .blur import LARGEST, Blur
from .fourier import centroid, divergence, gradients, roughness, spread, surrounded, transfer
from .light import GAMMA, Light, grey, to_levels, to_light
from .path import blur_of, drawn, picture_of, rasterised, span
from .photo import deconvolve, fidelity_for
from .solve import hyper_laplacian, wiener

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
