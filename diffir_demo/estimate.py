"""What a run will take, told before it starts: seconds and memory, from the network's size and this machine's pace.

The multiplications of a run are known beforehand, and so is how the picture would be cut. How quick the machine is, the
runs tell that this process has finished; before the first of them, one small painting of an untrained network of that
size, which takes as long as a trained one.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from . import exemplar, shake
from .devices import lock_for
from .events import Restoration
from .model import DiffIR, FastDIRformer, ModelConfig, fold
from .model.cost import Cost, cost_of
from .tasks import Fill, undoes_path
from .tiling import MEMORY_BUDGET, Tile, around_hole, painting_bytes, plan

FIRST_PACE = 0.02
"""Seconds per 10^9 multiplications where nothing could be measured yet: a slow processor in float32."""
NEWEST = 0.5
"""Weight of the newest run in the pace; the runs before share the rest."""
LEAST_WORK = 0.5
"""10^9 multiplications. Smaller runs say more about the overhead than about the pace."""
SAVING, READING = 0.15, 0.04
"""Seconds per megapixel for a PNG of the result, and for opening the photo, until runs here have told better."""
TRIAL = 2.0
"""10^9 multiplications of the painting that measures the machine, about."""
TRIALS = 4
"""Such paintings. The first one warms up."""


@dataclass(frozen=True)
class Estimate:
    """Of one run. Seconds by stage, in the order in which they pass."""

    input_size: tuple[int, int]
    """(width, height) of the photo."""
    output_size: tuple[int, int]
    read: float
    encode: float
    paint: float
    """The painting of the result, once."""
    previews: float
    """All of them together."""
    save: float
    bytes: int
    """Memory that the process needs on top of what it has, at its peak; on the safe side."""
    tiles: int
    """Paintings that the picture is put together from; 1 if it is painted as a whole."""
    copy: float = 0.0
    """Filling holes with texture, between painting and saving."""
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
        """As `Engine.strips`."""
        return self.precision if self.device.type == "cpu" else None


class Paces:
    """Seconds per unit of work, learned from finished runs. One per process, shared by its threads."""

    def __init__(self) -> None:
        self._known: dict[object, float] = {}
        self._lock = threading.Lock()

    def learn(self, key: object, work: float, seconds: float) -> None:
        """Takes in that `work` took that long."""
        if work <= 0 or seconds <= 0:
            return
        with self._lock:
            before = self._known.get(key)
            newest = seconds / work
            self._known[key] = newest if before is None else NEWEST * newest + (1 - NEWEST) * before

    def get(self, *keys: object) -> float | None:
        """The pace of the first of these that is known."""
        with self._lock:
            return next((self._known[key] for key in keys if key in self._known), None)

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
    padded = [-(-side // config.multiple_of) * config.multiple_of for side in seen]
    tiles = plan(padded[0], padded[1], config, memory_budget, machine.strips)
    painted = tiles if hole is None or len(tiles) == 1 else [tile for tile in tiles if hole[tile.window].any()]
    per_pixel = _cost_per_pixel(config)
    pixels, painted_pixels = (sum(tile.height * tile.width for tile in some) for some in (tiles, painted))
    encode_pace, paint_pace = _paces(config, machine)
    paint = paint_pace * per_pixel.paint * painted_pixels
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
        copy=0.0 if mask is None or fill == "network" else sum(each.seconds for each in exemplar.parts(mask)),
        undo=shake.SEARCH + shake.SHARPEN * width * height if mask is None and undoes_path(fill, config) else 0.0,
    )


def _bytes(config: ModelConfig, tiles: list[Tile], pixels: int, output: int, machine: Machine) -> int:
    """The painting, and what is there beside it: photo, network input, canvas of the tiles, result and its file."""
    largest = max(painting_bytes(tile.height, tile.width, config, machine.strips) for tile in tiles)
    beside = (3 + 4 * config.input_channels) * pixels if len(tiles) > 1 else 3 * pixels
    canvas = 16 * output if len(tiles) > 1 else 0
    return largest + beside + canvas + 6 * output


def learn(config: ModelConfig, machine: Machine, run: Restoration) -> None:
    """Takes a finished run into the pace of its network on its machine."""
    parts = sum(height * width for height, width in run.painted)
    per_pixel = _cost_per_pixel(config)
    paintings = per_pixel.paint * parts
    if paintings >= LEAST_WORK:
        PACES.learn(("paint", config, machine), paintings, run.seconds.paint)
        PACES.learn(("paint", machine), paintings, run.seconds.paint)
        PACES.learn(("encode", machine), per_pixel.encoder * parts, run.seconds.encode)


@lru_cache(maxsize=64)
def _cost_per_pixel(config: ModelConfig) -> Cost:
    """10^9 multiplications per pixel of the input. They grow with the pixels: attention is between channels."""
    side = 16 * config.multiple_of
    cost = cost_of(config, side, side)
    return Cost(cost.paint / side**2, cost.encoder / side**2, cost.diffusion)


def _paces(config: ModelConfig, machine: Machine) -> tuple[float, float]:
    """Seconds per 10^9 multiplications of prior encoder and painting; measured where they are not known."""
    run, trial = ("paint", config, machine), ("trial", config, machine)
    if PACES.get(run, trial) is None:
        _try(config, machine)
    paint = PACES.get(run, trial, ("paint", machine)) or FIRST_PACE
    return PACES.get(("encode", machine), ("trial encode", machine)) or 2 * paint, paint


@torch.inference_mode()
def _try(config: ModelConfig, machine: Machine) -> None:
    """Paints a little with an untrained network, unless a run has the device: both would be slowed down.

    The quickest of some paintings counts: an app that starts shares its machine with the browser that opens its page.
    What is found stands only until a run tells more.
    """
    turn = lock_for(machine.device)
    if machine.device.type != "cpu" or not turn.acquire(blocking=False):
        return
    try:
        side = max(1, round((TRIAL / _cost_per_pixel(config).paint) ** 0.5 / config.multiple_of))
        side *= config.multiple_of
        model = DiffIR(config).eval()
        damaged, ipr = torch.rand(1, config.input_channels, side, side), torch.zeros(1, config.ipr_length)
        walk = FastDIRformer(model.painter, machine.precision).walk
        encoding, painting = list[float](), list[float]()
        for _ in range(TRIALS):
            began = time.perf_counter()
            pooled = model.encoder(damaged.to(machine.precision))
            encoded = time.perf_counter()
            fold(model.paint(damaged, ipr + pooled, walk))
            encoding.append(encoded - began)
            painting.append(time.perf_counter() - encoded)
    finally:
        turn.release()
    per_pixel = _cost_per_pixel(config)
    PACES.learn(("trial", config, machine), per_pixel.paint * side**2, min(painting))
    PACES.learn(("trial encode", machine), per_pixel.encoder * side**2, min(encoding))
