"""Deconvolution: undoing a blur whose kernel is known, or believed to be."""

from __future__ import annotations

from .blur import Blur
from .fourier import centroid, divergence, gradients, roughness, spread, surrounded, transfer
from .light import GAMMA, Light, grey, to_levels, to_light
from .photo import deconvolve, fidelity_for
from .solve import hyper_laplacian, wiener

__all__ = [
    "GAMMA",
    "Blur",
    "Light",
    "centroid",
    "deconvolve",
    "divergence",
    "fidelity_for",
    "gradients",
    "grey",
    "hyper_laplacian",
    "roughness",
    "spread",
    "surrounded",
    "to_levels",
    "to_light",
    "transfer",
    "wiener",
]
