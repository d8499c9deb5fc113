"""What a run will take, known before it starts: seconds and memory, from the network's size and this machine's pace.

The multiplications of a run are known beforehand, and so is how the picture would be cut. How quick the machine is, the
runs say that this process has finished; before the first of them, one small decoding of an untrained network of that
size, which takes as long as a trained one.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from statistics import median_low

import numpy as np
import torch

from . import exemplar, shake
from .devices import lock_for
from .model import CpuDIRformer, DiffIR, ModelConfig
from .model.cost import Cost, cost_of
from .restoration import Restoration
from .tasks import Fill
from .tiling import MEMORY_BUDGET, Tile, around_hole, decoding_bytes, plan

FIRST_PACE = 0.02
"""Seconds per 10^9 multiplications where nothing could be measured yet: a slow processor in float32."""
KEPT = 7
"""Runs whose median is the pace: a moment in which the machine had other work changes nothing, a change for good does
after four runs."""
LEAST_MEGAPIXELS = 0.2
"""Smaller photos say more about what every file costs than about the pace of reading and saving."""
LEAST_WORK = 0.5
"""10^9 multiplications. Smaller runs say more about the overhead than about the pace."""
SAVING, READING = 0.15, 0.04
"""Seconds per megapixel for a PNG of the result, and for opening the photo, until runs here have measured it."""
TRIAL = 2.0
"""10^9 multiplications of the pass that measures the machine, about."""
TRIALS = 4
"""Such passes. The first one warms up."""


@dataclass(frozen=True)
class Estimate:
    """Of one run. Seconds by stage, in the order in which they pass."""

    input_size: tuple[int, int]
    """(width, height) of the photo."""
    output_size: tuple[int, int]
    read: float
    encode: float
    paint: float
    """The U-Net for the result, once."""
    previews: float
    """All of them together."""
    save: float
    bytes: int
    """Memory that the process needs on top of what it has, at its peak; on the safe side."""
    tiles: int
    """Tiles that the picture is put together from; 1 if it is made as a whole."""
    copy: float = 0.0
    """Filling holes with texture, between U-Net and saving."""
    undo: float = 0.0
    """Undoing the camera's path, there as well."""

    @property
    def seconds(self) -> float:
        return self.read + self.encode + self.previews + self.paint + self.copy + self.undo + self.save


@dataclass(frozen=True)
class Machine:
    """Where a run would take place."""

    device: torch.device
    precision: torch.dtype

    @property
    def strips(self) -> torch.dtype | None:
        """As `Network.strips`."""
        return self.precision if self.device.type == "cpu" else None


class Paces:
    """Seconds per unit of work, the median of the last `KEPT` finished runs. One per process, shared by its threads.

    Of two runs the quicker one counts: what slows a run down is other work, as a rule, and nothing speeds it up.
    """

    def __init__(self) -> None:
        self._known: dict[object, deque[float]] = {}
        self._lock = threading.Lock()

    def learn(self, key: object, work: float, seconds: float) -> None:
        """Takes in that `work` took that long."""
        if work <= 0 or seconds <= 0:
            return
        with self._lock:
            self._known.setdefault(key, deque(maxlen=KEPT)).append(seconds / work)

    def get(self, *keys: object) -> float | None:
        """The pace of the first of these that is known."""
        with self._lock:
            return next((median_low(self._known[key]) for key in keys if key in self._known), None)

    def forget(self) -> None:
        """Everything, as in a new process."""
        with self._lock:
            self._known.clear()


PACES = Paces()


def estimate(
    config: ModelConfig,
    size: tuple[int, int],
    machine: Machine,
    *,
    mask: np.ndarray | None = None,
    previews: bool = False,
    steps: int | None = None,
    fill: Fill = "network",
    memory_budget: int = MEMORY_BUDGET,
) -> Estimate:
    """What `stream` will take for a photo of `size` (width, height) in pixels; the other arguments are those of a run.

    mask: (h, w) bool where one is known; without it a mask is taken to touch everything. Takes milliseconds, but may
    measure the machine first, which takes a fraction of a second, once for a network's config.
    """
    width, height = size
    part = None if mask is None else around_hole(mask)
    hole = mask if part is None or mask is None else mask[part.window]
    seen = (height, width) if part is None else (part.height, part.width)
    tiles = _tiles(config, seen, machine, memory_budget)
    painted = tiles if hole is None or len(tiles) == 1 else [tile for tile in tiles if hole[tile.window].any()]
    per_pixel = _cost_per_pixel(config)
    pixels, painted_pixels = (sum(tile.height * tile.width for tile in some) for some in (tiles, painted))
    encode_pace, paint_pace = _paces(config, machine)
    paint = paint_pace * per_pixel.unet * painted_pixels
    count = (config.timesteps if steps is None else steps) - 1 if previews else 0
    output = width * height * config.scale**2
    return Estimate(
        input_size=size,
        output_size=(width * config.scale, height * config.scale),
        read=(PACES.get("read") or READING) * width * height / 1e6,
        encode=encode_pace * per_pixel.encoder * pixels,
        paint=paint,
        previews=max(count, 0) * paint,
        save=(PACES.get("save") or SAVING) * output / 1e6,
        bytes=_bytes(config, tiles, width * height, output, machine),
        tiles=len(painted),
        copy=0.0 if mask is None or fill == "network" else _of_this_machine("copy") * _copying(mask),
        undo=_of_this_machine("undo") * shake.seconds(width * height) if config.wants_path else 0.0,
    )


def needed_bytes(
    config: ModelConfig, size: tuple[int, int], machine: Machine, memory_budget: int = MEMORY_BUDGET
) -> int:
    """`Estimate.bytes` for a photo of `size` (width, height) in pixels; nothing is measured for it."""
    width, height = size
    tiles = _tiles(config, (height, width), machine, memory_budget)
    return _bytes(config, tiles, width * height, width * height * config.scale**2, machine)


def _tiles(config: ModelConfig, seen: tuple[int, int], machine: Machine, memory_budget: int) -> list[Tile]:
    """seen: (height, width) of what the network looks at."""
    height, width = (-(-side // config.multiple_of) * config.multiple_of for side in seen)
    return plan(height, width, config, memory_budget, machine.strips)


def _bytes(config: ModelConfig, tiles: list[Tile], pixels: int, output: int, machine: Machine) -> int:
    """The U-Net, and what is there beside it: photo, network input, canvas of the tiles, result and its file."""
    largest = max(decoding_bytes(tile.height, tile.width, config, machine.strips) for tile in tiles)
    beside = (3 + 4 * config.input_channels) * pixels if len(tiles) > 1 else 3 * pixels
    canvas = 16 * output if len(tiles) > 1 else 0
    return largest + beside + canvas + 6 * output


def learn(config: ModelConfig, machine: Machine, run: Restoration) -> None:
    """Takes a finished run into the pace of its network on its machine."""
    parts = sum(height * width for height, width in run.painted)
    per_pixel = _cost_per_pixel(config)
    work = per_pixel.unet * parts
    if work >= LEAST_WORK:
        PACES.learn(("paint", config, machine), work, run.seconds.paint)
        PACES.learn(("paint", machine), work, run.seconds.paint)
        PACES.learn(("encode", machine), per_pixel.encoder * parts, run.seconds.encode)
    request = run.request
    if run.seconds.copy and request.mask is not None:
        PACES.learn("copy", _copying(request.mask), run.seconds.copy)
    if run.seconds.undo and request.settings.blur is None:  # else nothing was looked for
        PACES.learn("undo", shake.seconds(request.picture.width * request.picture.height), run.seconds.undo)


def learn_file(what: str, megapixels: float, seconds: float) -> None:
    """Takes in that to "read" or to "save" a picture of that size took so long."""
    if megapixels >= LEAST_MEGAPIXELS:
        PACES.learn(what, megapixels, seconds)


def _copying(mask: np.ndarray) -> float:
    """Seconds that filling the hole with copies takes on the machine that the constants are from."""
    return sum(each.seconds for each in exemplar.parts(mask))


def _of_this_machine(what: str) -> float:
    """How much longer than foreseen that takes here, as far as runs have shown."""
    return PACES.get(what) or 1.0


@lru_cache(maxsize=64)
def _cost_per_pixel(config: ModelConfig) -> Cost:
    """10^9 multiplications per pixel of the input. They grow with the pixels: attention is between channels."""
    side = 16 * config.multiple_of
    cost = cost_of(config, side, side)
    return Cost(cost.unet / side**2, cost.encoder / side**2, cost.diffusion)


def _paces(config: ModelConfig, machine: Machine) -> tuple[float, float]:
    """Seconds per 10^9 multiplications of prior encoder and U-Net; measured where they are not known."""
    run, trial = ("paint", config, machine), ("trial", config, machine)
    if PACES.get(run, trial) is None:
        _try(config, machine)
    paint = PACES.get(run, trial, ("paint", machine)) or FIRST_PACE
    return PACES.get(("encode", machine), ("trial encode", machine)) or 2 * paint, paint


@torch.inference_mode()
def _try(config: ModelConfig, machine: Machine) -> None:
    """Runs an untrained network on a small picture, unless a run has the device: both would be slowed down.

    The quickest of some passes counts: an app that starts shares its machine with the browser that opens its page.
    Of a pass that mostly waited for processors, the time that these worked for it counts, shared by the threads. What
    is found stands only until a run says more.
    """
    turn = lock_for(machine.device)
    if machine.device.type != "cpu" or not turn.acquire(blocking=False):
        return
    try:
        side = max(1, round((TRIAL / _cost_per_pixel(config).unet) ** 0.5 / config.multiple_of))
        side *= config.multiple_of
        model = DiffIR(config).eval()
        damaged, ipr = torch.rand(1, config.input_channels, side, side), torch.zeros(1, config.ipr_length)
        unet = CpuDIRformer(model.unet, machine.precision)
        encoding, decoding = list[float](), list[float]()
        for _ in range(TRIALS):
            began = _clocks()
            pooled = model.encoder(damaged.to(machine.precision))
            encoded = _clocks()
            model.decode(damaged, ipr + pooled, unet)
            encoding.append(_alone(*(encoded - began)))
            decoding.append(_alone(*(_clocks() - encoded)))
    finally:
        turn.release()
    per_pixel = _cost_per_pixel(config)
    PACES.learn(("trial", config, machine), per_pixel.unet * side**2, min(decoding))
    PACES.learn(("trial encode", machine), per_pixel.encoder * side**2, min(encoding))


def _clocks() -> np.ndarray:
    """(2,) seconds, as they pass and as this process has processors at work."""
    return np.array([time.perf_counter(), time.process_time()])


def _alone(passed: float, worked: float) -> float:
    """Seconds that something would have taken on a machine without other work. passed, worked: as `_clocks` has them.

    Where less than one processor was at work on average, it waited for them.
    """
    return float(passed if worked >= passed else worked / torch.get_num_threads())
