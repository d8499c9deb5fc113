"""What happens in a run, as it happens: a few frozen events, numpy only, so that no listener needs torch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from .restoration import PriorStep, Restoration
from .shake import Shake

COPYING = "copying texture"
"""The label of `Painting` while holes are filled with copies from elsewhere in the photo."""
UNDOING = "undoing the camera's path"
"""While the camera's path is looked for and undone, before the network sees the photo."""


@dataclass(frozen=True)
class Waiting:
    """Another run has the device, or what runs this one is not ready. Only before a `Started`, and only if so."""


@dataclass(frozen=True, eq=False)
class Started:
    """The request is sound and the network is ready. Where there is a second one, the run begins again: in float32, or
    with another replica after the first one was killed."""

    task: str
    weights: str
    """The badge of the weights: official, trained here, or untrained."""
    device: str
    precision: str
    input_size: tuple[int, int]
    """(width, height) of the picture that goes in."""
    output_size: tuple[int, int]
    """(width, height) of the picture that will come out."""
    tiles: int
    """1 when the network sees the whole picture at once."""
    steps: int
    """Diffusion steps to come."""
    noise: np.ndarray = field(repr=False)
    """x_T, (n,) float32: the vector that the diffusion starts from."""


@dataclass(frozen=True, eq=False)
class PathFound:
    """The camera's path was looked for, or given, and undone. Before the first `PriorStep`, where a run does so."""

    shake: Shake
    strength: float
    """Share of the deconvolved photo that goes on, in [0, 1], as `Undone.strength`."""


@dataclass(frozen=True)
class Encoding:
    """Progress from inside the prior encoder. Small photos are through before the first one."""

    fraction: float
    """Share done, in (0, 1]; never falls."""


@dataclass(frozen=True)
class Painting:
    """Progress of the U-Net, some twenty times a second: a run can be closed between any two events."""

    fraction: float
    """Share done, in [0, 1]; never falls under one label."""
    label: str = "painting"


@dataclass(frozen=True, eq=False)
class Finished:
    """The last event of every run that was not closed early."""

    restoration: Restoration


Event = Waiting | Started | Encoding | PathFound | PriorStep | Painting | Finished


def last(events: Iterable[Event]) -> Restoration:
    """Takes all events of a run and gives what came back."""
    for event in events:
        if isinstance(event, Finished):
            return event.restoration
    raise RuntimeError("the run ended without a result")
