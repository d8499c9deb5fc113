"""How noisy is a picture?"""

from __future__ import annotations

import cv2
import numpy as np

DETAIL = (-0.4829629131445341, 0.8365163037378079, -0.2241438680420134, -0.1294095225512604)
"""Daubechies' wavelet with two vanishing moments, as a filter."""
MEDIAN = 0.6744897501960817
"""Of the absolute value of a standard normal number."""


def noise_level(pixels: np.ndarray) -> float:
    """Standard deviation of the noise in (h, w, 3) uint8 as levels of 255, the mean over colours; 0 for a flat picture.

    Assumes white noise: the median absolute value of the finest diagonal wavelet coefficients (Donoho and Johnstone,
    "Ideal spatial adaptation by wavelet shrinkage", 1994), as `skimage.restoration.estimate_sigma` has it with
    PyWavelets. Zeros are left out: they come from clipped areas.
    """
    taps = np.array(DETAIL)
    found = cv2.sepFilter2D(pixels.astype(np.float32), -1, taps, taps, borderType=cv2.BORDER_REFLECT)[1::2, 1::2]
    planes = [plane[plane > 1e-3] for plane in np.abs(found).reshape(-1, 3).T]
    return float(np.mean([np.median(plane) / MEDIAN if plane.size else 0.0 for plane in planes]))
