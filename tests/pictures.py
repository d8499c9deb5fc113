"""Random pixels: whatever moves, or is taken from elsewhere, shows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image


def noise(height: int = 20, width: int = 30, channels: int = 3, seed: int = 0) -> np.ndarray:
    """(h, w, c) uint8."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)


def noise_file(path: Path, width: int = 24, height: int = 16, seed: int = 0) -> Path:
    """A picture file of noise, in a folder that is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(noise(height, width, seed=seed)).save(path)
    return path
