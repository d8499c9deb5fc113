"""The IPR lab: experiments on the numbers that steer a painting. Every one runs through `restore.stream`.

numbers: the vector itself, compared, blended, kept as a file. estimate: an IPR without its painting. seeds, steps,
influence: the experiments. as_if: the same photo with other damage. difference: of two pictures. small: a piece of a
large photo to try them on. colours: heat maps for people.
"""

from __future__ import annotations

from .as_if import FINE, KINDS, as_if
from .colours import heat_colours, over
from .difference import Difference, differ
from .estimate import Run, estimate_ipr, hear_ipr, ipr_of, runs_of
from .influence import Moved, move, steering
from .numbers import LARGEST, Likeness, blend, check_numbers, likeness, read_ipr, write_ipr
from .seeds import MAX_SEEDS, Sweep, sweep
from .small import RIM, Glimpse, Small, glimpse, small_enough
from .steps import StepRow, try_steps

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
    "estimate_ipr",
    "glimpse",
    "hear_ipr",
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
