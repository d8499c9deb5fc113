"""What a run tells while it goes: a few frozen events, numpy only, so that no face needs torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from .imaging import Picture, fill_map
from .shake import Shake, Undone
from .tasks.task import Request
from .weights.directions import Reading
from .weights.info import WeightsInfo

COPYING = "copying texture"
"""The label of `Painting` while holes are filled with copies from elsewhere in the photo."""
UNDOING = "undoing the camera's path"
"""While the camera's path is looked for and undone, before the network sees the photo."""


@dataclass(frozen=True)
class Waiting:
    """Another run has the device. Only before `Started`, and only if one has."""


@dataclass(frozen=True, eq=False)
class Started:
    """The request is sound and the network is ready."""

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
class PriorStep:
    """One denoising step of the IPR."""

    number: int
    """1 .. steps, in the order they happen."""
    t: int
    """Steps to come, steps-1 .. 0: the paper's time where the number of steps is the trained one."""
    x0: np.ndarray = field(repr=False)
    """(n,) float32, the denoiser's estimate of the clean IPR."""
    ipr: np.ndarray = field(repr=False)
    """(n,) float32, the posterior mean: what the next step starts from, and after the last step the result."""
    seconds: float
    preview: Picture | None = field(default=None, repr=False)
    """The picture that `ipr` leads to, when previews were asked for (each costs a full painting). None at the last
    step: that step's picture is the result."""


@dataclass(frozen=True, eq=False)
class PathFound:
    """The camera's path was looked for, or told, and undone. Before the first `PriorStep`, where a run does so."""

    shake: Shake
    strength: float
    """Share of the deconvolved photo that goes on, in [0, 1], as `Undone.strength`."""


@dataclass(frozen=True)
class Encoding:
    """Progress from inside the prior encoder. Small photos are through before there is anything to tell."""

    fraction: float
    """Share done, in (0, 1]; never falls."""


@dataclass(frozen=True)
class Painting:
    """Progress from inside the U-Net, told some twenty times a second: a run can be left between any two events."""

    fraction: float
    """Share painted, in [0, 1]; never falls under one label."""
    label: str = "painting"


@dataclass(frozen=True)
class Seconds:
    """Where the time went."""

    encode: float
    """Pixels to tensors, and the prior encoder (CPEN)."""
    denoise: float
    """All diffusion steps on the IPR."""
    paint: float
    """The U-Net, previews left out."""
    previews: float
    total: float
    copy: float = 0.0
    """Looking for texture elsewhere in the photo, and copying it into holes."""
    undo: float = 0.0
    """Looking for the camera's path, and undoing it."""


@dataclass(frozen=True, eq=False)
class Restoration:
    """What came back."""

    picture: Picture = field(repr=False)
    request: Request = field(repr=False)
    task: str
    weights: str
    ipr: np.ndarray = field(repr=False)
    """(n,) float32, the IPR that steered the painting."""
    seconds: Seconds
    device: str
    precision: str
    tiles: int
    steps: tuple[PriorStep, ...] = field(repr=False, default=())
    notices: tuple[str, ...] = ()
    """What people should know about this result, one sentence each."""
    info: WeightsInfo | None = field(repr=False, default=None)
    """The network's file; None for a baseline."""
    painted: tuple[tuple[int, int], ...] = ()
    """(height, width) of every input that the U-Net saw: the padded picture, or its tiles. For `Engine.cost`."""
    steered: Mapping[str, float] = field(default_factory=dict)
    """How the IPR was moved before the painting, in standard deviations of what it tells of; {} where it was not."""
    unsteered: np.ndarray | None = field(repr=False, default=None)
    """(n,) float32, the IPR before it was moved; None where it was not."""
    copied: np.ndarray | None = field(repr=False, default=None)
    """(h, w) bool: what was copied from elsewhere in the photo rather than painted by the network. None where holes
    are the network's alone."""

    undone: Undone | None = field(repr=False, default=None)
    """The camera's path and the photo without it; None where it was not looked for."""

    @cached_property
    def deconvolved(self) -> Picture | None:
        """The photo without its blur, as if that were sure; no network has seen it. None where it was not undone."""
        if self.undone is None or self.undone.strength == 0:
            return None
        return self.request.picture.with_pixels(self.undone.sharp, self.request.picture.alpha)

    @property
    def copied_share(self) -> float | None:
        """How much of the hole was copied rather than painted by the network, in [0, 1]; None where there is no hole,
        or no network."""
        hole = self.request.mask
        if hole is None or self.info is None:
            return None
        return 0.0 if self.copied is None else float(self.copied[hole].mean())

    @property
    def fill_map(self) -> Picture | None:
        """`imaging.fill_map` of this result; None where `copied_share` is."""
        hole = self.request.mask
        if hole is None or self.info is None:
            return None
        return fill_map(hole, np.zeros_like(hole) if self.copied is None else self.copied)

    @property
    def estimate(self) -> np.ndarray:
        """(n,) float32: what the diffusion found, or was given in its place, before anyone moved it."""
        return self.ipr if self.unsteered is None else self.unsteered

    @property
    def reading(self) -> Reading | None:
        """What the IPR says is wrong with the photo; None where the network was not taught to tell."""
        directions = None if self.info is None else self.info.directions
        return None if directions is None else directions.reading(self.ipr)


@dataclass(frozen=True, eq=False)
class Finished:
    """The last event of every run that was not closed early."""

    restoration: Restoration


Event = Waiting | Started | Encoding | PathFound | PriorStep | Painting | Finished


def last(events: Iterable[Event]) -> Restoration:
    """Listens to a run to its end and gives what came back."""
    for event in events:
        if isinstance(event, Finished):
            return event.restoration
    raise RuntimeError("the run ended without a result")
