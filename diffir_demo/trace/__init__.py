"""The diffusion as it went: the vectors that a run went through, and what is known of each. numpy and Pillow only.

Every listener that looks at steps collects the run's events in a `Trace`: norm, distance and cosine are computed here
and nowhere else. `sheet` draws a trace and writes it to files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from PIL import Image

from ..events import Event, Finished, Started, Waiting
from ..imaging import Picture
from ..metrics import cosine
from ..restoration import PriorStep, Restoration
from ..weights import Directions, Reading

STRIP = 64
"""Rows that are compared at a time: few enough to stay in the cache."""
SHOWN = 768
"""Longest side of the pictures that a finished trace keeps, pixels; their differences are measured before."""


@dataclass(frozen=True, eq=False)
class TimelineEntry:
    """The IPR at one point of the run: the noise, or what it is after a step."""

    number: int
    """0 for the noise x_T, then 1 .. T, as `PriorStep.number`."""
    ipr: np.ndarray = field(repr=False)
    """(n,) float32."""
    norm: float
    """Euclidean length."""
    change: float | None
    """Euclidean distance to the entry before; None for the noise."""
    cosine: float | None
    """To the final IPR; None while that is not known, and for a vector of zeros."""
    seconds: float | None
    """What the step took; None for the noise."""
    picture: Picture | None = field(repr=False)
    """What `ipr` decodes to; None where it was not decoded."""
    difference: float | None
    """Mean absolute difference of that picture to the result, in levels of 255; inside the hole where there is one."""


@dataclass(frozen=True, eq=False)
class Trace:
    """Frozen: each event, and each picture that is decoded afterwards, gives a new one."""

    noise: np.ndarray = field(repr=False)
    """x_T, (n,) float32."""
    expected: int
    """Steps that the run takes; 0 where its IPR came from outside."""
    steps: tuple[PriorStep, ...] = ()
    """Those taken so far; their pictures are in `pictures`."""
    restoration: Restoration | None = None
    """None until the run is finished."""
    pictures: Mapping[int, Picture] = field(repr=False, default_factory=dict)
    """By number of the entry; reduced to `SHOWN` once the run is finished."""
    differences: Mapping[int, float] = field(repr=False, default_factory=dict)
    """Of the pictures to the result, by number; see `TimelineEntry.difference`."""

    @classmethod
    def started(cls, event: Started) -> Trace:
        return cls(event.noise, event.steps)

    @classmethod
    def of(cls, events: Iterable[Event]) -> Trace:
        """Collects a run. Raises `ValueError` for events without a `Started` before whatever it starts."""
        trace = None
        for event in events:
            match event:
                case Waiting():
                    pass
                case Started():
                    trace = cls.started(event)
                case _ if trace is None:
                    raise ValueError("a run begins with Started")
                case _:
                    trace = trace.after(event)
        if trace is None:
            raise ValueError("a run has events")
        return trace

    def after(self, event: Event) -> Trace:
        """With what that event brings."""
        match event:
            case PriorStep():
                kept = self.pictures if event.preview is None else {**self.pictures, event.number: event.preview}
                return replace(self, steps=(*self.steps, replace(event, preview=None)), pictures=kept)
            case Finished(restoration):
                finished = replace(self, restoration=restoration, pictures={})
                last = {self.expected: restoration.picture} if self.expected else {}
                for number, picture in {**self.pictures, **last}.items():
                    finished = finished.with_picture(number, picture)
                return finished
        return self

    def with_picture(self, number: int, picture: Picture) -> Trace:
        """With the picture, of the result's size, that the IPR of that entry leads to."""
        if self.restoration is None:
            raise ValueError("the result is what pictures are measured against; it is not there yet")
        request = self.restoration.request
        difference = mean_difference(picture, self.restoration.picture, request.mask)
        return replace(
            self,
            pictures={**self.pictures, number: reduced(picture, SHOWN)},
            differences={**self.differences, number: difference},
        )

    @property
    def final(self) -> np.ndarray | None:
        """(n,) float32, the IPR that the diffusion ends with; known as soon as the last step is taken."""
        if self.restoration is not None:
            return self.restoration.estimate
        return self.steps[-1].ipr if self.steps and len(self.steps) == self.expected else None

    @property
    def timeline(self) -> tuple[TimelineEntry, ...]:
        """The noise, and every step so far."""
        rows, final = self.array(), self.final
        return tuple(
            TimelineEntry(
                number=i,
                ipr=row,
                norm=float(np.linalg.norm(row)),
                change=float(np.linalg.norm(row - rows[i - 1])) if i else None,
                cosine=None if final is None else cosine(row, final),
                seconds=self.steps[i - 1].seconds if i else None,
                picture=self.pictures.get(i),
                difference=self.differences.get(i),
            )
            for i, row in enumerate(rows)
        )

    @property
    def bound(self) -> float:
        """The largest number there is, whatever its sign: the end of the scale that all entries share."""
        return float(np.abs(self.array()).max()) or 1.0

    def array(self) -> np.ndarray:
        """(steps + 1, n) float32: row 0 is the noise x_T, row i the IPR after step i, the last row the final IPR."""
        return np.stack([self.noise, *(step.ipr for step in self.steps)]).astype(np.float32)


def mean_difference(a: Picture, b: Picture, mask: np.ndarray | None = None) -> float:
    """Mean |a - b| over pixels and colours, 0 .. 255. mask: (h, w) bool, where to look; None, or all False: everywhere.

    Goes through large pictures in strips.
    """
    total, count = 0, 0
    looked = mask if mask is not None and mask.any() else None
    for top in range(0, a.height, STRIP):
        rows = slice(top, top + STRIP)
        distance = np.abs(a.pixels[rows].astype(np.int16) - b.pixels[rows])
        distance = distance if looked is None else distance[looked[rows]]
        total, count = total + int(distance.sum()), count + distance.size
    return total / count


def reduced(picture: Picture, longest: int) -> Picture:
    """The picture as it is where it fits, else a smaller copy, `longest` pixels at its longer side. No alpha."""
    if max(picture.width, picture.height) <= longest:
        return Picture(picture.pixels)
    image = Image.fromarray(picture.pixels)
    image.thumbnail((longest, longest))
    return Picture(np.asarray(image))


def readings_over(directions: Directions, steps: Iterable[PriorStep]) -> tuple[Reading, ...]:
    """One reading a step, of the denoiser's estimate `x0`; the last is that of the final IPR.

    The steps' own `ipr` is still mixed with noise, which cannot be read; nor can x_T, where the diffusion starts.
    """
    return tuple(directions.reading(step.x0) for step in steps)
