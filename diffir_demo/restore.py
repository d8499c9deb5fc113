"""The straight path from a request to restored pixels. `stream` is the truth; `restore` is its fold.

The command line, the app, the API, batches, tests and training's validation all listen to this one generator.
"""

from __future__ import annotations

import operator
import os
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from .devices import choose_device, choose_precision, lock_for, precision_name, require_compiler
from .errors import DeviceError, InputError, WeightsError
from .events import (
    COPYING,
    UNDOING,
    Encoding,
    Event,
    Finished,
    Painting,
    PathFound,
    PriorStep,
    Restoration,
    Seconds,
    Started,
    Waiting,
    last,
)
from .imaging import BLOCK, Picture, convert, first_blocks, pad_to_multiple, to_tensor
from .model import DiffIR, DIRformer, FastDIRformer, seeded_noise
from .model.compiled import compile_blocks
from .model.config import ModelConfig
from .model.cost import Cost, cost_of
from .shake import Shake, Undone, path_in_words, undo
from .tasks import Request, Task, get_task
from .texture import expectation, textured
from .tiling import MEMORY_BUDGET, Canvas, Tile, around_hole, plan
from .weights import Directions, Reading, WeightsInfo, find_default
from .weights import load as load_weights

Y = TypeVar("Y")
Z = TypeVar("Z")
R = TypeVar("R")
MAX_OUTPUT_MEGAPIXELS = 200
"""A result takes some 20 bytes of memory per pixel while it is put together."""
BREATH = 0.05
"""Seconds that pass between two events of a stage, where its pieces are shorter."""
MAX_STEPS = 8
"""Diffusion steps that may be asked for; the schedule of four is stretched to no more than twice as many."""


@dataclass(frozen=True)
class Engine:
    """A loaded network on its device: what `stream` runs."""

    model: DiffIR
    info: WeightsInfo
    device: torch.device
    precision: torch.dtype

    @property
    def painter(self) -> DIRformer | FastDIRformer:
        """The U-Net as this device runs it best: its fast twin on a CPU, the plain one elsewhere."""
        plain = self.model.painter
        return FastDIRformer(plain, self.precision) if self.device.type == "cpu" else plain

    @property
    def strips(self) -> torch.dtype | None:
        """The type in which the fast twin paints; None where the plain network does. It decides the memory needed."""
        return self.precision if isinstance(self.painter, FastDIRformer) else None

    @property
    def directions(self) -> Directions:
        """How this network's IPR is read and steered. Raises `WeightsError` for networks that were never taught to."""
        found = self.info.directions
        if found is None:
            raise WeightsError(
                f"The numbers of '{self.info.file}' were never measured against known damage, so they cannot be read.",
                "Use weights that say so, such as those that ship for cleaning up.",
            )
        return found

    def reading(self, ipr: np.ndarray) -> Reading:
        """What an IPR (n,) says is wrong with its photo. Raises `WeightsError` as `directions` does."""
        return self.directions.reading(_checked(ipr, self.model.config.ipr_length)[0].numpy())

    def steered(self, ipr: np.ndarray, **amounts: float) -> np.ndarray:
        """The IPR (n,) moved so that it tells of more, or less: `steered(ipr, noise=+1.0)`, in standard deviations.

        Clamped to +-`FURTHEST` (1.5). Paint with it by `restore(..., ipr=...)`. Raises `WeightsError` as `directions`
        does, and `InputError` for something that the network does not tell of, or amounts that are no finite numbers.
        """
        self.require_steerable(amounts)
        return self.directions.steered(_checked(ipr, self.model.config.ipr_length)[0].numpy(), amounts)

    def require_steerable(self, amounts: Mapping[str, float]) -> None:
        """Raises what `steered` raises for these amounts."""
        names = self.directions.names if amounts else ()
        for name, amount in amounts.items():
            if name not in names or not np.isfinite(amount):
                known = ", ".join(names)
                raise InputError(f"This IPR can be moved by finite amounts of {known}, not by {name}={amount}.")

    def cost(self, run: Restoration) -> Cost:
        """What that run of this network multiplied, previews and tiles that needed no painting left out."""
        parts = [cost_of(self.model.config, *size, steps=len(run.steps)) for size in run.painted]
        paint, encoder = sum(part.paint for part in parts), sum(part.encoder for part in parts)
        return Cost(paint, encoder, parts[0].diffusion if parts else 0.0)

    def computing(self) -> AbstractContextManager[object]:
        """The context that a piece of network runs in; never held across a yield."""
        if self.precision == torch.float32 or self.strips:
            return nullcontext()  # the twin rounds by itself, where it does no harm
        return torch.autocast(self.device.type, dtype=self.precision)


def load(
    task: str | Task,
    weights: str | os.PathLike[str] | None = None,
    *,
    preset: str | None = None,
    scale: int | None = None,
    device: str = "auto",
    precision: str = "auto",
    compiled: bool = False,
) -> Engine:
    """The network of a task: a preset that ships, or a file of yours (safetensors, or the authors' .pth and .ckpt).

    preset: the name of one of `task.presets`; None: the first whose file is there. scale: how far it enlarges, where
    presets differ in that; with a file of yours, what it must be made for.
    compiled: on a GPU, let the network's blocks compile themselves (`compile_blocks`): the first photo of a size waits
    for that, for the next ones' sake. A CPU has its fast twin instead.
    Raises `InputError` for a preset or a scale that the task does not have, `WeightsError` for a file that is missing,
    damaged, unsafe, or made for another task, stage or scale, and `DeviceError` for a device that is not there, or that
    does not compile.
    """
    task = get_task(task) if isinstance(task, str) else task
    if weights is not None and preset is not None:
        raise InputError("A preset names its own weight file, so no other can be named beside it.", "Give one of them.")
    path = _shipped(task, preset, scale) if weights is None else Path(weights)
    where = choose_device(device)
    if compiled:
        require_compiler(where)
    loaded = load_weights(path, task=task.key, scale=scale, device=where)
    assert isinstance(loaded.model, DiffIR)  # `load_weights` refuses a teacher where stage 2 is asked for
    engine = Engine(loaded.model, loaded.info, where, choose_precision(precision, where))
    _require_structure(task, engine)
    if compiled:
        compile_blocks(engine.model.painter)
    return engine


def _shipped(task: Task, key: str | None, scale: int | None) -> Path:
    meant = task.preset(key, scale)
    path = find_default(meant.weights)
    if path is None:
        asked = f", {task.title_of(meant)}," if key else f" at x{scale}" if scale else ""
        raise WeightsError(
            f"No weights for {task.title}{asked} are shipped here.", "Name a weight file with --weights FILE."
        )
    return path


def restore(
    task: str | Task,
    request: Request,
    engine: Engine | None = None,
    *,
    ipr: np.ndarray | None = None,
    steered: Mapping[str, float] | None = None,
    steps: int | None = None,
    previews: bool = False,
    memory_budget: int = MEMORY_BUDGET,
    whole: bool = False,
) -> Restoration:
    """Runs `stream` to its end."""
    return last(
        stream(
            task,
            request,
            engine,
            ipr=ipr,
            steered=steered,
            steps=steps,
            previews=previews,
            memory_budget=memory_budget,
            whole=whole,
        )
    )


def estimate(task: str | Task, request: Request, engine: Engine) -> np.ndarray:
    """The IPR that the diffusion estimates, (n,) float32, without the painting. Raises as `stream` does."""
    with closing(stream(task, request, engine)) as events:
        for event in events:
            match event:
                case PriorStep(t=0):
                    return event.ipr
                case Finished():  # a network without diffusion has no steps
                    return event.restoration.ipr
    raise RuntimeError("the run ended without an IPR")


@torch.inference_mode()
def stream(
    task: str | Task,
    request: Request,
    engine: Engine | None = None,
    *,
    ipr: np.ndarray | None = None,
    steered: Mapping[str, float] | None = None,
    steps: int | None = None,
    previews: bool = False,
    memory_budget: int = MEMORY_BUDGET,
    whole: bool = False,
    found: Shake | None = None,
) -> Generator[Event, None, None]:
    """Restores one picture, telling what happens: `Started`, a `PriorStep` per diffusion step, `Painting`, `Finished`.

    Before and between these: `Waiting` for the device, and `Encoding`. Events come every tenth of a second or so,
    for whoever wants to stop; with 24 megapixels the longest gap is half a second (docs/speed.md).

    ipr: (n,) finite numbers to paint with instead of the diffusion's estimate; there are no steps then.
    steered: standard deviations by which that IPR, estimated or given, is moved before the painting, by what it tells
    of (`Engine.steered`): {"noise": 0.5}. For networks that were taught to tell; previews are painted unmoved.
    steps: 1 .. `MAX_STEPS` diffusion steps instead of the number that the network was trained with, over the same range
    of noise (`Schedule.resampled`); the trained number changes nothing.
    previews: also paint the picture that every step's IPR leads to; each costs as much time as the result itself.
    memory_budget: bytes; a picture whose painting would take more is painted in overlapping tiles.
    whole: let the network see all of the photo, even where it is large and the hole is small (`around_hole`).
    found: the camera's path that a former run has found in this very photo (`Restoration.undone`), so that nobody waits
    for it again; it changes no pixel.

    The same request gives the same pixels. The device is held from `Started` to the end; closing the generator early
    frees it and everything else, so close it before the same thread starts another run.
    Raises `InputError` before any work for a request that cannot be run, `WeightsError` for an engine of another task,
    `DeviceError` when memory runs out.
    """
    task = get_task(task) if isinstance(task, str) else task
    task.check(request)
    engine = engine or load(task)
    _require_structure(task, engine)
    _require_path(task, request, engine.model.config)
    _require_room(request.picture, engine.model.config.scale)
    given = None if ipr is None else _checked(ipr, engine.model.config.ipr_length)
    amounts = {name: float(amount) for name, amount in (steered or {}).items()}
    engine.require_steerable(amounts)
    steps = _checked_steps(steps, engine.model.config.timesteps)
    turn = lock_for(engine.device)
    while not turn.acquire(timeout=BREATH):
        yield Waiting()
    try:
        yield from _run(task, request, engine, given, amounts, steps, previews, memory_budget, whole, found)
    except (RuntimeError, MemoryError) as error:
        if not _is_out_of_memory(error):
            raise
        size = f"{request.picture.width} x {request.picture.height}"
        raise DeviceError(
            f"The memory ran out at {size}.", "Lower the memory budget or use a smaller picture."
        ) from error
    finally:
        turn.release()


def _require_structure(task: Task, engine: Engine) -> None:
    if not task.accepts(engine.model.config):
        raise WeightsError(
            f"'{engine.info.file}' has another structure than {task.title} needs.", "Use weights that were made for it."
        )


def _require_path(task: Task, request: Request, config: ModelConfig) -> None:
    told = request.blur is not None or request.strength is not None
    if told and not config.wants_path:
        named = next((preset.key for preset in task.presets if preset.wants_path), None)
        hint = f"Choose the preset '{named}'." if named else "Leave path and strength out."
        raise InputError("This network does not look at the camera's path.", hint)


def _require_room(picture: Picture, scale: int) -> None:
    megapixels = picture.megapixels * scale**2
    if megapixels > MAX_OUTPUT_MEGAPIXELS:
        size = f"{picture.width * scale} x {picture.height * scale}"
        raise InputError(
            f"The result would be {size}, {megapixels:.0f} megapixels; {MAX_OUTPUT_MEGAPIXELS} is the most.",
            "Crop the picture or make it smaller first.",
        )


def _checked(ipr: np.ndarray, length: int) -> Tensor:
    """An IPR from outside, (n,) -> (1, n) float32."""
    vector = np.asarray(ipr)
    if vector.shape != (length,) or vector.dtype.kind not in "fiu" or not np.isfinite(vector).all():
        raise InputError(f"An IPR for this network is {length} finite numbers, not {vector.shape} {vector.dtype}.")
    return torch.tensor(vector, dtype=torch.float32)[None]


def _checked_steps(steps: int | None, trained: int) -> int | None:
    """A number of steps from outside; None, and the trained number itself, leave the schedule as it is."""
    try:
        count = trained if steps is None else operator.index(steps)
    except TypeError:
        count = 0
    if count == trained:
        return None
    if not 1 <= count <= MAX_STEPS:
        raise InputError(f"The number of diffusion steps must be a whole number from 1 to {MAX_STEPS}, not {steps}.")
    if trained < 2:
        raise InputError(
            f"This network was trained with {trained} diffusion steps: there is no schedule to stretch.",
            "Leave the number of steps as trained.",
        )
    return count


def _is_out_of_memory(error: BaseException) -> bool:
    """Only CUDA has an exception of its own for it."""
    known = isinstance(error, torch.OutOfMemoryError | MemoryError)
    return known or any(words in str(error) for words in ("out of memory", "can't allocate memory"))


def _run(
    task: Task,
    request: Request,
    engine: Engine,
    given: Tensor | None,
    amounts: Mapping[str, float],
    asked: int | None,
    previews: bool,
    budget: int,
    whole: bool,
    found: Shake | None,
) -> Generator[Event, None, None]:
    model, config, clock = engine.model, engine.model.config, _Clock()
    count = (asked or config.timesteps) if given is None else 0
    with clock.measuring("encode"):
        part = None if whole or request.mask is None else around_hole(request.mask)
        seen = request if part is None else _cut(request, part)
        before = _before_blocks(seen.picture.pixels) if config.shrinkage else (0, 0)
        damaged, fit = pad_to_multiple(task.encode(seen), config.multiple_of, before)
        height, width = damaged.shape[-2:]
        tiles = plan(height, width, config, budget, engine.strips)
        painted_tiles = _worth_painting(damaged, tiles)
        noise = seeded_noise(config.ipr_length, request.seed)
    facts = {"task": task.key, "weights": engine.info.badge, "device": str(engine.device)}
    facts |= {"precision": precision_name(engine.precision)}
    size = (request.picture.width, request.picture.height)
    enlarged = (size[0] * config.scale, size[1] * config.scale)
    yield Started(
        **facts,
        input_size=size,
        output_size=enlarged,
        tiles=len(painted_tiles),
        steps=count,
        noise=_numbers(noise),
    )
    undone = None
    if config.wants_path:
        undoing = _mapped(undo(seen.picture.pixels, request.blur, request.strength, found), _undoing)
        undone = yield from _paced(undoing, lambda: clock.measuring("undo"))
        yield PathFound(undone.shake, undone.strength)
        with clock.measuring("encode"):
            others = to_tensor(undone.sharp), torch.from_numpy(undone.shares)[None, None]
            damaged = torch.cat([damaged, *(pad_to_multiple(each, config.multiple_of)[0] for each in others)], dim=1)

    def paint(ipr: Tensor, stage: str) -> Generator[float, None, np.ndarray]:
        """The pixels that `ipr` leads to, tile by tile where one painting would be too large."""

        def working() -> AbstractContextManager[object]:
            return _both(clock.measuring(stage), engine.computing())

        canvas = Canvas(height, width, config.scale) if len(tiles) > 1 else None
        painted = damaged
        for i, tile in enumerate(painted_tiles):
            walk = model.paint(tile.cut(damaged).to(engine.device), ipr, engine.painter.walk)
            for_all = _mapped(walk, lambda share, i=i: (i + share) / len(painted_tiles))
            painted = yield from _paced(for_all, working)
            with clock.measuring(stage):
                painted = painted.cpu()  # on a GPU this is where the work is waited for
                if canvas is not None:
                    canvas.add(tile, painted)
        with clock.measuring(stage):
            painted = fit.undo(canvas.picture() if canvas else painted, config.scale)
        return (yield from _paced(_mapped(convert(painted), lambda _: 1.0), lambda: clock.measuring(stage)))

    def decoded(pixels: np.ndarray, stage: str) -> Picture:
        with clock.measuring(stage):
            return task.decode(pixels if part is None else _laid_in(pixels, part, request), request)

    if given is None:
        encoding = _mapped(_condition(model, damaged, tiles, engine), Encoding)
        ipr = yield from _paced(encoding, lambda: clock.measuring("encode"))
    else:
        ipr = given.to(engine.device)
    steps: list[PriorStep] = []
    walk = model.denoise(ipr, noise.to(engine.device), asked)
    for number in range(1, count + 1):
        with clock.measuring("denoise") as spent:
            step = next(walk)
            x0_numbers, numbers = _numbers(step.x0), _numbers(step.ipr)
        ipr = step.ipr
        preview = None
        if previews and step.t > 0:  # the last step's picture is the result
            label = f"preview {number} of {count - 1}"
            shown = yield from _mapped(paint(ipr, "previews"), lambda share, label=label: Painting(share, label))
            preview = decoded(shown, "previews")
            yield Painting(1.0, label)
        steps.append(PriorStep(number, step.t, x0_numbers, numbers, spent(), preview))
        yield steps[-1]
    estimate = _numbers(ipr)
    if amounts:
        ipr = torch.from_numpy(engine.steered(estimate, **amounts))[None].to(engine.device)
    pixels, copied, told = (yield from _mapped(paint(ipr, "paint"), Painting)), None, _path_notice(undone, request)
    # "network" gets no grain either: what is faithful is not made up, and grain is, however well it matches.
    if seen.mask is not None and seen.fill != "network":
        filling = _mapped(textured(seen.picture.pixels, seen.mask, pixels, seen.fill, seen.seed), _copying)
        filled = yield from _paced(filling, lambda: clock.measuring("copy"))
        pixels, copied, told = filled.pixels, filled.copied, filled.notices
    picture = decoded(pixels, "paint")
    yield Painting(1.0)
    yield Finished(
        Restoration(
            **facts,
            picture=picture,
            request=request,
            ipr=_numbers(ipr),
            seconds=clock.seconds(),
            tiles=len(painted_tiles),
            steps=tuple(steps),
            notices=(
                *request.picture.notices,
                *_part_notice(part),
                *_tile_notice(tiles, painted_tiles),
                *_hole_notice(request),
                *_steered_notice(amounts),
                *told,
            ),
            painted=tuple((tile.height, tile.width) for tile in painted_tiles),
            info=engine.info,
            steered=amounts,
            unsteered=estimate if amounts else None,
            undone=undone,
            copied=copied if copied is None or part is None else _placed(copied, part, request),
        )
    )


def _before_blocks(pixels: np.ndarray) -> tuple[int, int]:
    """Rows and columns to put before a cropped JPEG, so that its blocks lie in the prior encoder's cells.

    It learned from photos whose blocks begin at the corner; the damage of others it does not see, and leaves.
    """
    row, column = first_blocks(pixels)
    return -row % BLOCK, -column % BLOCK


def _cut(request: Request, part: Tile) -> Request:
    """What the network is shown of a large photo with a small hole."""
    assert request.mask is not None
    pixels = np.ascontiguousarray(request.picture.pixels[part.window])
    return replace(request, picture=Picture(pixels), mask=request.mask[part.window])


def _laid_in(pixels: np.ndarray, part: Tile, request: Request) -> np.ndarray:
    """The whole photo with that part of it painted."""
    whole = request.picture.pixels.copy()
    whole[part.window] = pixels
    return whole


def _placed(copied: np.ndarray, part: Tile, request: Request) -> np.ndarray:
    """What was copied in a part of the photo, as a mask of all of it."""
    whole = np.zeros((request.picture.height, request.picture.width), bool)
    whole[part.window] = copied
    return whole


def _undoing(share: float) -> Painting:
    return Painting(share, UNDOING)


def _path_notice(undone: Undone | None, request: Request) -> tuple[str, ...]:
    return () if undone is None else (path_in_words(undone, request.strength),)


def _copying(share: float) -> Painting:
    return Painting(share, COPYING)


def _part_notice(part: Tile | None) -> tuple[str, ...]:
    if part is None:
        return ()
    return (f"The network looked at {part.width} x {part.height} pixels around the hole; the rest stayed as it was.",)


def _hole_notice(request: Request) -> tuple[str, ...]:
    told = None if request.mask is None else expectation(request.mask, request.fill)
    return (told,) if told else ()


def _condition(model: DiffIR, damaged: Tensor, tiles: list[Tile], engine: Engine) -> Generator[float, None, Tensor]:
    """The diffusion's condition (1, n), in float32 but for convolutions on a CPU, which go along with the fast twin's.

    Where the picture is tiled, the encoder's pooled features are averaged over the tiles, so there is one IPR for all.
    Yields the share that is done.
    """
    pooled, area = torch.zeros(1, device=engine.device), 0
    for i, tile in enumerate(tiles):
        pixels = tile.height * tile.width
        walk = model.encoder.walk(tile.cut(damaged).to(engine.device, engine.strips or torch.float32))
        pooled = pooled + pixels * (yield from _mapped(walk, lambda share, i=i: (i + share) / len(tiles)))
        area += pixels
    return model.encoder.project(pooled / area)


def _worth_painting(damaged: Tensor, tiles: list[Tile]) -> list[Tile]:
    """With a mask, only tiles that touch the hole: everything else comes back as it was."""
    if damaged.shape[1] != 4:  # no mask
        return tiles
    return [tile for tile in tiles if bool(tile.cut(damaged)[:, 3].any())]


def _tile_notice(tiles: list[Tile], painted: list[Tile]) -> tuple[str, ...]:
    if len(tiles) == 1:
        return ()
    count = f"{len(painted)} tile{'s' if len(painted) > 1 else ''}"
    return (f"Painted in {count} of {tiles[0].width} x {tiles[0].height} pixels to fit the memory.",)


def _steered_notice(amounts: Mapping[str, float]) -> tuple[str, ...]:
    moved = ", ".join(f"{name} {amount:+.2g}" for name, amount in amounts.items() if amount)
    return (f"Painted with the IPR moved by hand, in standard deviations: {moved}.",) if moved else ()


def _mapped(walk: Generator[Y, None, R], change: Callable[[Y], Z]) -> Generator[Z, None, R]:
    """Passes what `walk` yields through `change`, and on what it returns."""
    while True:
        try:
            value = next(walk)
        except StopIteration as stop:
            return stop.value
        yield change(value)


def _paced(walk: Generator[Y, None, R], context: Callable[[], AbstractContextManager[object]]) -> Generator[Y, None, R]:
    """Passes on what `walk` yields once every `BREATH` seconds; its pieces may be far shorter, or longer.

    It is resumed inside a fresh `context` each time, so that no mode leaks to whoever listens.
    """
    while True:
        with context():
            until = time.perf_counter() + BREATH
            try:
                value = next(walk)
                while time.perf_counter() < until:
                    value = next(walk)
            except StopIteration as stop:
                return stop.value
        yield value


@contextmanager
def _both(*contexts: AbstractContextManager[object]) -> Iterator[None]:
    with ExitStack() as stack:
        for context in contexts:
            stack.enter_context(context)
        yield


def _numbers(vector: Tensor) -> np.ndarray:
    """(1, n) on any device -> (n,) float32."""
    return vector[0].float().cpu().numpy()


class _Clock:
    """Seconds per stage. Only the work is measured: the time that a listener takes between events is not."""

    def __init__(self) -> None:
        self._spent: dict[str, float] = dict.fromkeys(("encode", "denoise", "paint", "previews", "copy", "undo"), 0.0)

    @contextmanager
    def measuring(self, stage: str) -> Iterator[Callable[[], float]]:
        """Adds the time inside to `stage`; gives a function that tells that time afterwards."""
        began = time.perf_counter()
        spent = 0.0
        try:
            yield lambda: spent
        finally:
            spent = time.perf_counter() - began
            self._spent[stage] += spent

    def seconds(self) -> Seconds:
        return Seconds(**self._spent, total=sum(self._spent.values()))
