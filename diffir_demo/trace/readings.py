"""What the IPR says of the photo at every step of the diffusion: lines from the first estimate to the last."""

from __future__ import annotations

from collections.abc import Iterable

from ..events import PriorStep
from ..weights.directions import Directions, Reading


def readings_over(directions: Directions, steps: Iterable[PriorStep]) -> tuple[Reading, ...]:
    """One reading a step, of the denoiser's estimate `x0`; the last is that of the final IPR.

    The steps' own `ipr` is still mixed with noise, which cannot be read; nor can x_T, where the diffusion starts.
    """
    return tuple(directions.reading(step.x0) for step in steps)
