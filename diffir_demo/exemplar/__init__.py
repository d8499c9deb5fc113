"""Exemplar fill: a hole is filled with copies from elsewhere in the photo. Needs no network."""

from __future__ import annotations

from .fill import Filled, cost, fill

__all__ = ["Filled", "cost", "fill"]
