"""End to end: whole restorations with the shipped weights, how soon one can be cancelled, and what all methods cost.

Restorations run in a process each, so that the peak of memory is their own.
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

from diffir_demo.api import load
from diffir_demo.errors import DiffIRError, InputError
from diffir_demo.events import Finished
from diffir_demo.figures import markdown_table
from diffir_demo.imaging import Picture
from diffir_demo.tasks import TASKS, Case, Request
from tools.evaluation.methods import methods_for

from .timing import STATUS, Times, highest, run_in_subprocess

SHAPE = 3, 2
"""Width to height, as cameras have it."""
REFUSED = 3
"""Exit code of a process that was asked for what the core refuses."""
HEAD = ("task", "photo", "seconds", "first event, s", "longest wait for a cancel, s", "between stages")
HEAD_OF_METHODS = ("task", "method", "result", "seconds per megapixel", "quickest and slowest")
UNTIMED = ("nothing", "oracle")


@dataclass(frozen=True)
class EndToEnd:
    """One restoration. seconds: from the picture in memory to the picture in memory."""

    task: str
    size: tuple[int, int]
    """(width, height) of the photo that goes in."""
    seconds: float
    first: float
    """Seconds until the first event."""
    gap: float
    """The longest time between two events, seconds: a run can be left at each."""
    between: float
    """Share of the seconds that no stage worked in: making events, passing them on, and all else between."""
    at_rest: float
    """Resident memory before the run, with network and photo, GB; 0 where the system does not say."""
    peak: float

    @property
    def row(self) -> list[str]:
        width, height = self.size
        memory = f"{self.at_rest:.2f} -> {self.peak:.2f}" if self.peak else "–"
        times = f"{self.seconds:.1f}", f"{self.first:.2f}", f"{self.gap:.2f}", f"{self.between:.1%}"
        return [self.task, f"{width} x {height}", *times, memory]


def end_to_end_runs(tasks: Sequence[str] | None, megapixels: Sequence[float]) -> Iterator[EndToEnd]:
    """For each task, and each size of its result. Raises `InputError` for sizes that cannot be held."""
    for key in dict.fromkeys(tasks or TASKS):
        for wanted in megapixels:
            yield _run(key, wanted)


def run_table(found: Sequence[EndToEnd]) -> str:
    """Markdown."""
    return markdown_table([*HEAD, "memory at rest -> peak, GB"], (each.row for each in found))


def _run(key: str, megapixels: float) -> EndToEnd:
    asked = f"{key} at {megapixels:g} megapixels"
    done = run_in_subprocess(__name__, key, megapixels)
    if done.returncode == -signal.SIGKILL:  # what Linux does to a process that takes too much
        raise InputError(f"{asked} takes more memory than there is.", "Measure smaller ones.")
    if done.returncode == REFUSED:
        raise InputError(f"{asked} is refused: {done.stdout.strip()}")
    if done.returncode:
        raise RuntimeError(f"the process that measures {asked} failed: {done.stderr}")
    facts = json.loads(done.stdout.splitlines()[-1])
    return EndToEnd(**facts | {"size": tuple(facts["size"])})


def child() -> None:
    """What runs in the process of its own; its arguments are a task's key, and megapixels of its result."""
    key, megapixels = sys.argv[1], float(sys.argv[2])
    try:
        print(json.dumps(asdict(measure(key, megapixels))))
    except DiffIRError as error:
        print(error)
        sys.exit(REFUSED)


def measure(key: str, megapixels: float) -> EndToEnd:
    """In this process. megapixels: of the result; for inpainting, four bars across the photo are missing."""
    engine = load(key)
    request = request_of(key, megapixels, engine.config.scale)
    width, height = request.picture.width, request.picture.height
    at_rest = _gigabytes()
    began = last = time.perf_counter()
    first = gap = worked = 0.0
    for event in engine.stream(request):
        now = time.perf_counter()
        first, gap, last = first or now - began, max(gap, now - last), now
        worked = event.restoration.seconds.total if isinstance(event, Finished) else worked
    spent = last - began
    return EndToEnd(key, (width, height), spent, first, gap, 1 - worked / spent, at_rest, _gigabytes())


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


@dataclass(frozen=True)
class MethodCost:
    """One method of a task on one picture."""

    task: str
    method: str
    size: tuple[int, int]
    """(width, height) of the result."""
    times: Times
    """Of the whole run, from the picture in memory to the picture in memory."""

    @property
    def row(self) -> list[str]:
        width, height = self.size
        megapixels = width * height / 1e6
        median, low, high = (each / megapixels for each in (self.times.median, self.times.low, self.times.high))
        return [self.task, self.method, f"{width} x {height}", f"{median:.2f}", f"{low:.2f}, {high:.2f}"]


def method_costs(tasks: Sequence[str] | None, megapixels: float, rounds: int) -> Iterator[MethodCost]:
    """Task by task, at its own scale. megapixels: of the result. rounds: turns of each method, after a warm-up.

    Peers that are not installed are left out. Raises `InputError` for a size that a method cannot hold.
    """
    for key in dict.fromkeys(tasks or TASKS):
        task = TASKS[key]
        request = request_of(key, megapixels, task.config.scale)
        case = Case(request, request.picture)  # nothing here looks at the reference
        found = [method for method in methods_for(task)[0] if method.kind not in UNTIMED]
        spent: dict[str, list[float]] = {method.name: [] for method in found}
        size = request.picture.width * task.config.scale, request.picture.height * task.config.scale
        for turn in range(rounds + 1):
            for method in found:
                began = time.perf_counter()
                method.run(case)
                if turn:
                    spent[method.name].append(time.perf_counter() - began)
        for name, each in spent.items():
            yield MethodCost(key, name, size, Times.of(each))


def method_table(found: Sequence[MethodCost]) -> str:
    """Markdown."""
    return markdown_table(HEAD_OF_METHODS, (each.row for each in found))
