"""The IPR lab: experiments on the numbers that steer a network.

numbers: the vector itself, compared, blended, kept as a file. experiments: other seeds, other steps, one number moved.
pictures: a piece of a large photo to try them on, the same photo with other damage, differences and heat maps.
"""

from __future__ import annotations

from .experiments import (
    MAX_SEEDS,
    Moved,
    Run,
    StepRow,
    Sweep,
    finish,
    ipr_of,
    move,
    runs_of,
    steering,
    sweep,
    try_steps,
)
from .numbers import LARGEST, Likeness, blend, check_numbers, likeness, read_ipr, write_ipr
from .pictures import (
    FINE,
    KINDS,
    RIM,
    Difference,
    Glimpse,
    Small,
    as_if,
    differ,
    glimpse,
    heat_colours,
    over,
    small_enough,
)

__all__ = [
    "FINE",
    "KINDS",
    "LARGEST",
    "MAX_SEEDS",
    "RIM",
    "Difference",
    "Glimpse",
    "Likeness",
    "Moved",
    "Run",
    "Small",
    "StepRow",
    "Sweep",
    "as_if",
    "blend",
    "check_numbers",
    "differ",
    "finish",
    "glimpse",
    "heat_colours",
    "ipr_of",
    "likeness",
    "move",
    "over",
    "read_ipr",
    "runs_of",
    "small_enough",
    "steering",
    "sweep",
    "try_steps",
    "write_ipr",
]
