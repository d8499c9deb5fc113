"""Exemplar fill: a hole is filled with copies from elsewhere in the photo. Needs no network."""

from __future__ import annotations

from .fill import Filled, Part, cost, fill, parts
from .level import depth_of

__all__ = ["Filled", "Part", "cost", "depth_of", "fill", "parts"]
