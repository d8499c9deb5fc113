"""The paper's point in numbers: what diffusion on the IPR costs, and what diffusion on pixels would."""

from __future__ import annotations

from dataclasses import dataclass

from ..model import PRESETS
from ..model.cost import Cost

IMAGE_SPACE_STEPS = 1000
"""Steps of the usual diffusion on pixels (Ho et al., 2020), every one of which runs a network over the whole image."""


@dataclass(frozen=True)
class Efficiency:
    """What diffusion on the IPR costs, and what it would cost on pixels. 10^9 MACs."""

    preset: str
    size: int
    steps: int
    diffusion: float
    paint: float
    image_space: float
    """`IMAGE_SPACE_STEPS` times the image network: the same U-Net, run at every step of a diffusion on pixels."""


def efficiency(preset: str, size: int, cost: Cost) -> Efficiency:
    steps = PRESETS[preset].timesteps
    return Efficiency(preset, size, steps, cost.diffusion, cost.paint, IMAGE_SPACE_STEPS * cost.paint)
