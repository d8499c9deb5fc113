"""A blur that is told: its kernel, and what it has averaged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from .light import Light

LARGEST = 101
"""Side of a kernel, pixels."""
ONE = 1e-6
"""By which the sum of a kernel in float32 may miss 1."""


@dataclass(frozen=True, eq=False)
class Blur:
    """What a photo was blurred with: the path of its camera, or a lens out of focus. Any sum; it is made 1."""

    kernel: np.ndarray
    """(side, side) float32 summing to 1, side odd: as `cv2.filter2D` applies it, so not flipped."""
    light: Light = "linear"
    exact: bool = True
    """Whether it was measured. What was found or drawn is right more or less, and its errors act like noise."""

    def __post_init__(self) -> None:
        """Raises `InputError` for a kernel of another shape, without light, or with values that are none."""
        kernel = np.asarray(self.kernel)
        square = kernel.ndim == 2 and kernel.shape[0] == kernel.shape[1]
        if not square or kernel.shape[0] % 2 == 0 or not 3 <= kernel.shape[0] <= LARGEST:
            raise InputError(
                f"A camera path must be a square kernel with an odd side of 3 to {LARGEST} pixels, not {kernel.shape}."
            )
        plain = kernel.dtype.kind in "fiu" and bool(np.isfinite(kernel).all())
        if not plain or kernel.min() < 0 or not kernel.sum() > 0:
            raise InputError("A camera path must be finite numbers of 0 and more, and not 0 everywhere.")
        if self.light not in ("linear", "sRGB"):
            raise InputError(f"A blur averages 'linear' light or 'sRGB' levels, not '{self.light}'.")
        kernel = kernel.astype(np.float64)
        total = float(kernel.sum())  # what is 1 already stays as it is to the last bit, so that a run can be repeated
        light = kernel if abs(total - 1) < ONE else kernel / total
        object.__setattr__(self, "kernel", light.astype(np.float32))
