"""Experiments on the numbers that steer a network: its own on other seeds, in other steps, with one number moved.

Every one runs through a `Run`, which is `restore.stream` with everything fixed but the request and what is varied.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Protocol

import cv2
import numpy as np
import torch

from ..api import Model
from ..errors import InputError
from ..events import Encoding, Event, Finished, Painting, Started
from ..imaging import Picture
from ..messages import Message
from ..metrics import psnr, spread
from ..restoration import PriorStep, Restoration
from ..settings import AS_ESTIMATED, MAX_STEPS
from ..tasks import Request, Task
from ..tick import Stages, Tick, no_tick
from .numbers import Likeness, likeness

MAX_SEEDS = 64
WINDOW = 9
"""Side of the squares, in pixels, over which a heat map is averaged: 8-bit pixels move in whole levels, so a small
change shows in how many of them do."""


class Run(Protocol):
    """`stream` with everything fixed but the request and what an experiment varies."""

    def __call__(
        self, request: Request, *, ipr: np.ndarray | None = None, steps: int | None = None
    ) -> Generator[Event, None, object]: ...


def runs_of(model: Model) -> Run:
    """How `model` is run outside the app, which has its own queue."""

    def run(
        request: Request, *, ipr: np.ndarray | None = None, steps: int | None = None
    ) -> Generator[Event, None, object]:
        return model.stream(request.changed(**AS_ESTIMATED | {"ipr": ipr, "steps": steps}))

    return run


def ipr_of(events: Generator[Event, None, object], tick: Tick = no_tick) -> np.ndarray:
    """Follows a run up to its last diffusion step and ends it there, before anything is decoded.

    Ticks with the share encoded so far, for large photos. A network that was trained without diffusion gives its IPR
    only with the picture, so that run goes to its end.
    """
    expected = 0
    with closing(events):
        for event in events:
            match event:
                case Started(steps=steps):
                    expected = steps
                case Encoding(fraction=fraction) | Painting(fraction=fraction):
                    tick(fraction)
                case PriorStep(number=number, ipr=ipr) if number == expected:
                    return ipr
                case Finished(restoration):
                    return restoration.ipr
    raise RuntimeError("the run ended without an IPR")


def finish(events: Generator[Event, None, object], tick: Tick = no_tick) -> Restoration:
    """Follows a run to its end and gives what came back. Ticks with the share done; what that raises ends the run."""
    with closing(events):
        tick(0.0)
        for event in events:
            match event:
                case Painting(fraction=fraction):
                    tick(fraction)
                case Finished(restoration):
                    return restoration
    raise RuntimeError("the run ended without a result")


@dataclass(frozen=True, eq=False)
class Sweep:
    """The IPRs that one photo gets from different noise."""

    seeds: tuple[int, ...]
    iprs: np.ndarray = field(repr=False)
    """(seeds, n) float32."""

    @property
    def mean(self) -> np.ndarray:
        """(n,)"""
        return self.iprs.mean(axis=0)

    @property
    def deviations(self) -> np.ndarray:
        """Standard deviation of each number over the seeds, (n,)."""
        return self.iprs.std(axis=0)

    @property
    def spread(self) -> float:
        """How far the estimates lie from their mean, root mean square, as a share of the mean's length.

        The same measure as `IprStudy.spread`, which has it between photos: both can be compared.
        """
        return spread(self.iprs)

    @property
    def distances(self) -> np.ndarray:
        """(seeds, seeds) Euclidean, of each to each."""
        return np.linalg.norm(self.iprs[:, None] - self.iprs[None], axis=2)

    @property
    def mean_distance(self) -> float:
        """Over all pairs of different seeds."""
        count = len(self.seeds)
        return float(self.distances.sum() / (count * (count - 1)))

    @property
    def most_distant(self) -> tuple[int, int]:
        """The places of the two seeds whose IPRs differ most."""
        first, second = np.unravel_index(int(self.distances.argmax()), self.distances.shape)
        return int(first), int(second)


def sweep(run: Run, request: Request, count: int, tick: Tick = no_tick) -> Sweep:
    """Estimates the IPR from `count` seeds, the request's own first; nothing is decoded. Ticks with the share done.

    Raises `InputError` for a count that is not 2 .. `MAX_SEEDS`.
    """
    if isinstance(count, bool) or count != int(count) or not 2 <= count <= MAX_SEEDS:
        raise InputError(
            Message(
                "The number of seeds must be a whole number from 2 to {most}, not {count}.", most=MAX_SEEDS, count=count
            )
        )
    seeds = tuple((request.settings.seed + i) % 2**63 for i in range(int(count)))
    iprs: list[np.ndarray] = []
    for seed in seeds:
        iprs.append(ipr_of(run(request.changed(seed=seed))))
        tick(len(iprs) / len(seeds))
    return Sweep(seeds, np.stack(iprs))


@dataclass(frozen=True, eq=False)
class StepRow:
    """One number of steps."""

    steps: int
    trained: bool
    """Whether this is the number that the network was trained with."""
    likeness: Likeness
    """Of its IPR to that of the trained number."""
    agreement: float
    """PSNR in dB of its picture against that of the trained number; infinite where they are the same."""
    scores: dict[str, float]
    """Against the clean original; {} where there is none."""
    picture: Picture = field(repr=False)


def try_steps(
    run: Run, request: Request, task: Task, reference: Picture | None = None, tick: Tick = no_tick
) -> list[StepRow]:
    """Restores with every number of steps from 1 to `MAX_STEPS`, and the trained one. Ticks with the share done.

    Raises `InputError` for a network without a schedule to resample.
    """
    stages = Stages(tick, MAX_STEPS + 1)
    trained = finish(run(request), stages.stage(1))
    own = len(trained.steps)
    if own < 2:
        raise InputError(
            Message("This network was trained with {own} diffusion steps: there is nothing to vary.", own=own)
        )
    others = [count for count in range(1, MAX_STEPS + 1) if count != own]
    runs = {own: trained} | {count: finish(run(request, steps=count), stages.stage(1)) for count in others}
    tick(1.0)
    return [_row(count, runs[count], trained, task, reference) for count in sorted(runs)]


def _row(count: int, done: Restoration, trained: Restoration, task: Task, reference: Picture | None) -> StepRow:
    found = {}
    if reference is not None:
        found = task.scores(done.picture.pixels, reference.pixels, done.request.mask)
    return StepRow(
        count,
        done is trained,
        likeness(done.ipr, trained.ipr),
        psnr(done.picture.pixels, trained.picture.pixels),
        found,
        done.picture,
    )


def steering(engine: Model) -> np.ndarray:
    """How strongly each number moves the U-Net: (n,) float32, a fact of the weights alone.

    Every block's two norms turn the IPR into a scale and a shift per channel by a matrix without bias
    (`ModulatedNorm.steer`). This is the length of the number's columns in all those matrices together: by how much all
    scales and shifts, taken as one vector, move when the number moves by one. What the layers behind make of it, and
    whether it matters for a photo, only decoding shows (`move`).
    """
    with torch.inference_mode():
        squares = [
            parameter.double().square().sum(dim=0)
            for name, parameter in engine.diffir.unet.named_parameters()
            if name.endswith("norm.steer.weight")
        ]
        return torch.stack(squares).sum(dim=0).sqrt().float().cpu().numpy()


@dataclass(frozen=True, eq=False)
class Moved:
    """What a number's change does to a picture."""

    dimension: int
    delta: float
    """How far the number was moved, up and down."""
    heat: np.ndarray = field(repr=False)
    """(h, w) float32, levels of 255: half the mean absolute difference of the channels between up and down, averaged
    over `WINDOW` squares."""
    up: Picture = field(repr=False)
    """The picture with the number moved up."""
    mean: float
    """Of the heat over the whole picture, levels."""
    share: float
    """Of the pixels, 0 .. 1, that differ between up and down at all."""


def move(run: Run, request: Request, ipr: np.ndarray, dimension: int, delta: float, tick: Tick = no_tick) -> Moved:
    """Decodes with one number moved up, then down, by `delta`. Ticks with the share done.

    dimension: 0 .. n-1. Raises `InputError` for one that is not there, and for a delta that is not above zero.
    """
    if not 0 <= dimension < len(ipr):
        raise InputError(
            Message("There is no number {number}; they go from 1 to {count}.", number=dimension + 1, count=len(ipr))
        )
    if not np.isfinite(delta) or delta <= 0:
        raise InputError("A number must be moved by more than zero.")
    step = np.zeros_like(ipr)
    step[dimension] = delta
    stages = Stages(tick, 2)
    up, down = (finish(run(request, ipr=moved), stages.stage(1)) for moved in (ipr + step, ipr - step))
    difference = np.abs(up.picture.pixels.astype(np.int16) - down.picture.pixels)
    levels = difference.mean(axis=2, dtype=np.float32) / 2
    heat = _averaged(levels)
    return Moved(dimension, float(delta), heat, up.picture, float(levels.mean()), float(difference.any(axis=2).mean()))


def _averaged(plane: np.ndarray) -> np.ndarray:
    """(h, w) float32: the mean over a square around each pixel, mirrored at the border."""
    return cv2.blur(plane, (WINDOW, WINDOW), borderType=cv2.BORDER_REFLECT)
