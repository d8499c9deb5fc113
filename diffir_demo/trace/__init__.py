"""The diffusion as it went: gathered from a run's events, drawn, and written to files. numpy and Pillow only."""

from __future__ import annotations

from .gather import SHOWN, Moment, Trace, cosine, mean_difference, reduced
from .readings import readings_over
from .write import check_suffix, encode_trace, save_trace

__all__ = [
    "SHOWN",
    "Moment",
    "Trace",
    "check_suffix",
    "cosine",
    "encode_trace",
    "mean_difference",
    "readings_over",
    "reduced",
    "save_trace",
]
