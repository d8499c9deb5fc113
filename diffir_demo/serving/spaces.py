"""Hosted GPUs that are lent for the length of a call (Hugging Face ZeroGPU).

The host wants its library imported before torch, so `app.py` does that first.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

LONGEST = 60
"""Seconds of GPU per call: what an anonymous visitor's quota allows at once."""


def accelerator() -> Callable[[Any], Any] | None:
    """The host's wrapper for functions that need the GPU; None anywhere else."""
    if not os.environ.get("SPACES_ZERO_GPU"):
        return None
    try:
        import spaces
    except ImportError:
        return None
    return spaces.GPU(duration=LONGEST)  # pyright: ignore[reportAttributeAccessIssue]
