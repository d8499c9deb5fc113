"""Whole restorations as a visitor meets them: shipped weights, a photo of any size, and how soon one could leave.

Each in a process of its own, like `memory`, so that the peak is its own.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from PIL import Image

from ..errors import DiffIRError, InputError
from ..events import Finished
from ..imaging import Picture
from ..restore import load, stream
from ..tasks import TASKS, Request
from .memory import STATUS, apart, highest

SHAPE = 3, 2
"""Width to height, as cameras have it."""
REFUSED = 3
"""Exit code of a process that was asked for what the core refuses."""
HEAD = (
    "| task | photo | seconds | first event, s | longest wait for a cancel, s | telling | memory at rest -> peak, GB |"
)


@dataclass(frozen=True)
class Whole:
    """One restoration. seconds: from the picture in memory to the picture in memory."""

    task: str
    size: tuple[int, int]
    """(width, height) of the photo that goes in."""
    seconds: float
    first: float
    """Seconds until the first event."""
    gap: float
    """The longest time between two events, seconds: a run can be left at each."""
    telling: float
    """Share of the seconds that no stage worked in: making events, passing them on, and all else between."""
    at_rest: float
    """Resident memory before the run, with network and photo, GB; 0 where the system does not tell."""
    peak: float

    @property
    def row(self) -> str:
        width, height = self.size
        memory = f"{self.at_rest:.2f} -> {self.peak:.2f}" if self.peak else "–"
        times = f"{self.seconds:.1f} | {self.first:.2f} | {self.gap:.2f} | {self.telling:.1%}"
        return f"| {self.task} | {width} x {height} | {times} | {memory} |"


def whole_runs(tasks: Sequence[str] | None, megapixels: Sequence[float]) -> Iterator[Whole]:
    """For each task, and each size of its result. Raises `InputError` for sizes that cannot be held."""
    for key in dict.fromkeys(tasks or TASKS):
        for wanted in megapixels:
            yield _apart(key, wanted)


def table(found: Sequence[Whole]) -> str:
    """Markdown."""
    return "\n".join([HEAD, "|---" * (HEAD.count("|") - 1) + "|", *(each.row for each in found)])


def _apart(key: str, megapixels: float) -> Whole:
    asked = f"{key} at {megapixels:g} megapixels"
    done = apart(__name__, key, megapixels)
    if done.returncode == -signal.SIGKILL:  # what Linux does to a process that takes too much
        raise InputError(f"{asked} takes more memory than there is.", "Measure smaller ones.")
    if done.returncode == REFUSED:
        raise InputError(f"{asked} is refused: {done.stdout.strip()}")
    if done.returncode:
        raise RuntimeError(f"the process that measures {asked} failed: {done.stderr}")
    facts = json.loads(done.stdout.splitlines()[-1])
    return Whole(**facts | {"size": tuple(facts["size"])})


def child() -> None:
    """What runs in the process of its own; its arguments are a task's key, and megapixels of its result."""
    key, megapixels = sys.argv[1], float(sys.argv[2])
    try:
        print(json.dumps(asdict(measure(key, megapixels))))
    except DiffIRError as error:
        print(error)
        sys.exit(REFUSED)


def measure(key: str, megapixels: float) -> Whole:
    """In this process. megapixels: of the result; for inpainting, four bars across the photo are missing."""
    engine = load(key)
    request = request_of(key, megapixels, engine.model.config.scale)
    width, height = request.picture.width, request.picture.height
    at_rest = _gigabytes()
    began = last = time.perf_counter()
    first = gap = worked = 0.0
    for event in stream(key, request, engine):
        now = time.perf_counter()
        first, gap, last = first or now - began, max(gap, now - last), now
        worked = event.restoration.seconds.total if isinstance(event, Finished) else worked
    spent = last - began
    return Whole(key, (width, height), spent, first, gap, 1 - worked / spent, at_rest, _gigabytes())


def request_of(key: str, megapixels: float, scale: int) -> Request:
    """A picture of soft colours, its result of so many megapixels; for inpainting, four bars across it are missing."""
    short = (megapixels * 1e6 / (SHAPE[0] * SHAPE[1])) ** 0.5 / scale
    width, height = (max(16, round(side * short)) for side in SHAPE)
    rng = np.random.default_rng(0)
    coarse = Image.fromarray(rng.integers(0, 256, (32, 48, 3), dtype=np.uint8))
    pixels = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))
    mask = None
    if TASKS[key].wants_mask:
        mask = np.zeros((height, width), bool)
        for bar in range(1, 5):
            mask[:, bar * width // 5 : bar * width // 5 + max(1, width // 100)] = True
    return Request(Picture(pixels), mask)


def _gigabytes() -> float:
    return highest() * 2**20 / 1e9 if STATUS.exists() else 0.0
