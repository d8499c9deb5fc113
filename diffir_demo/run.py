"""From a request to restored pixels: `run` does it and reports events; `Model.restore` and `.stream` are built on it.

The command line, the app, the API, batches, tests and training's validation all go through this one function.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from .devices import lock_for, precision_name
from .errors import DeviceError, InputError, WeightsError
from .events import (
    COPYING,
    UNDOING,
    Encoding,
    Event,
    Finished,
    Painting,
    PathFound,
    Started,
    Waiting,
)
from .imaging import (
    BLOCK,
    Picture,
    first_blocks,
    grey_of,
    in_own_levels,
    is_grey,
    visible_colours,
    with_new_levels,
)
from .messages import Message
from .model import seeded_noise
from .model.config import ModelConfig
from .model.pixels import pad_to_multiple, to_pixels, to_tensor
from .network import Network, checked_ipr, checked_steps
from .notices import hole_notice, part_notice, path_notice, precision_notice, steered_notice, tile_notice
from .restoration import PriorStep, Restoration, Seconds
from .shake import Shake, Undone, undo
from .tasks import Request, Task
from .texture import textured
from .tick import Tick, no_tick
from .tiling import Tile, TileBlender, around_hole, plan

MAX_OUTPUT_MEGAPIXELS = 200
"""A result takes some 20 bytes of memory per pixel while it is put together."""
BREATH = 0.05
"""Seconds that pass between two events of a stage, where its pieces are shorter."""
STAGES = ("encode", "denoise", "paint", "previews", "copy", "undo")
OnEvent = Callable[[Event], None]
T = TypeVar("T")


class _NotFiniteError(ArithmeticError):
    """A network gave NaN or infinite numbers: there is no picture in them, and a black one would look like a result."""


def no_event(event: Event) -> None:
    """For runs whose events are of no interest."""


@torch.inference_mode()
def run(network: Network, request: Request, on_event: OnEvent = no_event, *, found: Shake | None = None) -> Restoration:
    """Restores one picture. Reports `Started`, a `PriorStep` per diffusion step, `Painting`, and `Finished` at the end.

    on_event: takes these; before and between them `Waiting` for the device, `PathFound` and `Encoding`. Events come
    every tenth of a second or so; with 24 megapixels the longest gap is half a second (docs/speed.md). What it raises,
    such as `Cancelled`, ends the run and frees the device. Its own time counts for no stage.
    found: the camera's path that a former run has found in this very photo (`Restoration.undone`), which saves the
    search; it changes no pixel.

    Where a smaller precision than float32 gives NaN or infinite numbers, the run begins again in float32, from another
    `Started` on, and a notice says so.
    The same request gives the same pixels. The device is held from `Started` to the end.
    Raises `InputError` before any work for a request that cannot be run, `WeightsError` for settings that want more of
    the network than it was taught and for a network whose numbers are not finite, `DeviceError` when memory runs out.
    """
    going = _Run.checked(network, request, on_event)
    going.found = found
    with going.on_the_device():
        return going.finite(_Run.result)


def require_runnable(task: Task, config: ModelConfig, request: Request) -> None:
    """Raises `InputError` for a request that `run` refuses with a network of that config, which need not be loaded.

    What only the network's file says, which amounts its IPR can be moved by, is not looked at.
    """
    task.check(request)
    _require_path(task, request, config)
    _require_room(request.picture, config.scale)
    if request.settings.ipr is not None:
        checked_ipr(request.settings.ipr, config.ipr_length)
    checked_steps(request.settings.steps, config.timesteps)


@torch.inference_mode()
def estimate(network: Network, request: Request) -> np.ndarray:
    """The IPR that the diffusion estimates, (n,) float32: prior encoder and denoiser only. Raises as `run` does."""
    going = _Run.checked(network, request, no_event)
    with going.on_the_device():
        return going.finite(_Run.prepared_estimate)


@dataclass(eq=False)
class _Run:
    """One run, from its checks to its result."""

    network: Network
    request: Request
    on_event: OnEvent
    given: Tensor | None
    """The IPR (1, n) to decode with instead of an estimate."""
    asked: int | None
    """Diffusion steps, if not the trained number."""
    found: Shake | None = None
    begun_again: bool = False
    """In float32, as the precision that was asked for gave no finite numbers."""
    _spent: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))
    """Seconds per stage."""
    _away: float = 0.0
    """Seconds that `on_event` took."""

    @classmethod
    def checked(cls, network: Network, request: Request, on_event: OnEvent) -> _Run:
        """Raises what `run` says for a request that does not fit."""
        settings, config = request.settings, network.config
        if settings.fill is None:
            request = request.changed(fill=network.fill)
        require_runnable(network.task, config, request)
        given = None if settings.ipr is None else checked_ipr(settings.ipr, config.ipr_length)
        network.require_steerable(settings.steered)
        return cls(network, request, on_event, given, checked_steps(settings.steps, config.timesteps))

    @contextmanager
    def on_the_device(self) -> Iterator[None]:
        """Waits for the device and holds it. Memory that runs out becomes a `DeviceError`."""
        turn = lock_for(self.network.device)
        while not turn.acquire(timeout=BREATH):
            self.emit(Waiting())
        try:
            yield
        except (RuntimeError, MemoryError) as error:
            if not _is_out_of_memory(error):
                raise
            size = f"{self.request.picture.width} x {self.request.picture.height}"
            raise DeviceError(
                Message("The memory ran out at {size}.", size=size), "Lower the memory budget or use a smaller picture."
            ) from error
        finally:
            turn.release()

    def finite(self, work: Callable[[_Run], T]) -> T:
        """What `work` makes of this run, or of the same in float32. Raises `WeightsError` where neither is finite."""
        try:
            return work(self)
        except _NotFiniteError as error:
            if self.network.precision is not torch.float32:
                network = replace(self.network, precision=torch.float32)
                return replace(self, network=network, begun_again=True).finite(work)
            raise WeightsError(
                Message(
                    "The network of '{file}' gave NaN or infinite numbers for this photo.", file=self.network.info.file
                ),
                "Its weights are damaged, or not trained; use others.",
            ) from error

    def emit(self, event: Event) -> None:
        """Reports an event. No mode of torch that holds here holds for who takes it."""
        began = time.perf_counter()
        with torch.inference_mode(mode=False), torch.autocast(self.network.device.type, enabled=False):
            self.on_event(event)
        self._away += time.perf_counter() - began

    def paced(self, event: Callable[[float], Event]) -> Tick:
        """Makes events of ticks, one every `BREATH` seconds; the pieces between may be far shorter, or longer."""
        until = time.perf_counter() + BREATH

        def tick(share: float) -> None:
            nonlocal until
            if time.perf_counter() >= until:
                self.emit(event(share))
                until = time.perf_counter() + BREATH

        return tick

    @contextmanager
    def measuring(self, stage: str) -> Iterator[Callable[[], float]]:
        """Adds the seconds of the work inside to `stage`; gives a function that returns them afterwards."""
        began, away, spent = time.perf_counter(), self._away, 0.0
        try:
            yield lambda: spent
        finally:
            spent = time.perf_counter() - began - (self._away - away)
            self._spent[stage] += spent

    def result(self) -> Restoration:
        """All stages."""
        config, request = self.network.config, self.request
        with self.measuring("encode"):
            self.prepare()
        facts: dict[str, Any] = {
            "task": self.network.task.key,
            "weights": self.network.info.badge,
            "device": str(self.network.device),
        }
        facts |= {"precision": precision_name(self.network.precision)}
        size = (request.picture.width, request.picture.height)
        self.emit(
            Started(
                **facts,
                input_size=size,
                output_size=(size[0] * config.scale, size[1] * config.scale),
                tiles=len(self.decoded),
                steps=self.count,
                noise=_numbers(self.noise),
            )
        )
        undone = self.undo() if config.wants_path else None
        ipr, steps = self.estimate()
        estimate = _numbers(ipr)
        if self.request.settings.steered:
            ipr = torch.from_numpy(self.network.steered(estimate, **self.request.settings.steered))[None].to(
                self.network.device
            )
        pixels, copied, found = self.pixels(ipr, "paint", Painting), None, path_notice(undone, request)
        seen = self.seen
        # "network" gets no grain either: what is faithful is not made up, and grain is, however well it matches.
        if seen.mask is not None and seen.settings.fill != "network":
            tick = self.paced(lambda share: Painting(share, COPYING))
            with self.measuring("copy"):
                filled = textured(
                    seen.picture.pixels, seen.mask, pixels, seen.settings.fill or "network", seen.settings.seed, tick
                )
            pixels, copied, found = self.coloured(filled.pixels), filled.copied, filled.notices
        picture = self.picture(pixels, "paint")
        self.emit(Painting(1.0))
        restoration = Restoration(
            **facts,
            picture=picture,
            request=request,
            ipr=_numbers(ipr),
            seconds=Seconds(**self._spent, total=sum(self._spent.values())),
            tiles=len(self.decoded),
            steps=tuple(steps),
            notices=(
                *request.picture.notices,
                *part_notice(self.part),
                *tile_notice(self.tiles, self.decoded),
                *hole_notice(request),
                *steered_notice(self.request.settings.steered),
                *found,
                *precision_notice(self.begun_again),
            ),
            painted=tuple((tile.height, tile.width) for tile in self.decoded),
            info=self.network.info,
            steered=self.request.settings.steered,
            unsteered=estimate if self.request.settings.steered else None,
            undone=undone,
            copied=copied if copied is None or self.part is None else _placed(copied, self.part, request),
        )
        self.emit(Finished(restoration))
        return restoration

    def prepared_estimate(self) -> np.ndarray:
        """The IPR (n,) float32, and nothing else."""
        self.prepare()
        return _numbers(self.estimate()[0])

    def prepare(self) -> None:
        """The network's input, its tiles, and x_T."""
        config, request = self.network.config, self.request
        self.part = None if request.settings.whole or request.mask is None else around_hole(request.mask)
        self.work = _in_fitting_colours(request, self.part)
        self.seen = _seen(self.work, self.part)
        self.grey = is_grey(request.picture, request.mask)
        before = _before_blocks(self.seen.picture.pixels) if config.shrinkage else (0, 0)
        self.damaged, self.fit = pad_to_multiple(self.network.task.encode(self.seen), config.multiple_of, before)
        height, width = self.damaged.shape[-2:]
        self.tiles = plan(height, width, config, self.request.settings.memory_budget, self.network.strips)
        self.decoded = _worth_decoding(self.damaged, self.tiles)
        self.noise = seeded_noise(config.ipr_length, request.settings.seed)
        self.count = (self.asked or config.timesteps) if self.given is None else 0

    def undo(self) -> Undone:
        """Finds the camera's path and undoes it; the deconvolved photo and its share join the network's input."""
        multiple, seen = self.network.config.multiple_of, self.seen
        tick = self.paced(lambda share: Painting(share, UNDOING))
        with self.measuring("undo"):
            undone = undo(
                seen.picture.pixels, self.request.settings.blur, self.request.settings.strength, self.found, tick
            )
        with self.measuring("encode"):
            others = to_tensor(undone.sharp), torch.from_numpy(undone.shares)[None, None]
            padded = [pad_to_multiple(each, multiple)[0] for each in others]
        self.emit(PathFound(undone.shake, undone.strength))  # here, as a large photo takes long on either side
        with self.measuring("encode"):
            self.damaged = torch.cat([self.damaged, *padded], dim=1)
        return undone

    def estimate(self) -> tuple[Tensor, list[PriorStep]]:
        """The IPR (1, n) from the diffusion, and its steps; the given one without any."""
        model, device = self.network.diffir, self.network.device
        if self.given is not None:
            return self.given.to(device), []
        with self.measuring("encode"):
            ipr = _condition(self.network, self.damaged, self.tiles, self.paced(Encoding))
        _require_finite(ipr)
        steps, going = list[PriorStep](), model.denoise(ipr, self.noise.to(device), self.asked)
        for number in range(1, self.count + 1):
            with self.measuring("denoise") as spent:
                step = next(going)
                x0_numbers, numbers = _numbers(step.x0), _numbers(step.ipr)
            ipr = step.ipr
            _require_finite(ipr)
            preview = None
            if self.request.settings.previews and step.t > 0:  # the last step's picture is the result
                label = Message("preview {number} of {total}", number=number, total=self.count - 1)
                pixels = self.pixels(ipr, "previews", lambda share, label=label: Painting(share, label))
                preview = self.picture(pixels, "previews")
                self.emit(Painting(1.0, label))
            steps.append(PriorStep(number, step.t, x0_numbers, numbers, spent(), preview))
            self.emit(steps[-1])
        return ipr, steps

    def pixels(self, ipr: Tensor, stage: str, event: Callable[[float], Event]) -> np.ndarray:
        """The pixels (h, w, 3) that `ipr` leads to, tile by tile where the whole would be too large at once."""
        network, scale, count = self.network, self.network.config.scale, len(self.decoded)
        height, width = self.damaged.shape[-2:]
        blender = TileBlender(height, width, scale) if len(self.tiles) > 1 else None
        image = self.damaged
        for i, tile in enumerate(self.decoded):
            tick = self.paced(lambda share, i=i: event((i + share) / count))
            with self.measuring(stage):
                with network.computing():
                    image = network.diffir.decode(tile.cut(self.damaged).to(network.device), ipr, network.unet, tick)
                image = image.cpu()  # on a GPU this is where the work is waited for
                _require_finite(image)
                if blender is not None:
                    blender.add(tile, image)
        with self.measuring(stage):
            image = self.fit.undo(blender.picture() if blender else image, scale)
            return self.coloured(to_pixels(image, self.paced(lambda share: event(1.0))))

    def coloured(self, pixels: np.ndarray) -> np.ndarray:
        """Without the colour that the network gave to a photo that has none."""
        return grey_of(pixels) if self.grey else pixels

    def picture(self, pixels: np.ndarray, stage: str) -> Picture:
        """The restored picture: pixels of what was seen -> all of the photo."""
        with self.measuring(stage):
            whole = pixels if self.part is None else _laid_in(pixels, self.part, self.work)
            made = self.network.task.decode(whole, self.work)
            return made if self.work is self.request else with_new_levels(self.request.picture, made)


def _condition(network: Network, damaged: Tensor, tiles: list[Tile], tick: Tick = no_tick) -> Tensor:
    """The diffusion's condition (1, n), in float32 but for convolutions on a CPU, which compute as the U-Net does.

    Where the picture is tiled, the encoder's pooled features are averaged over the tiles, so there is one IPR for all.
    """
    encoder, pooled, area = network.diffir.encoder, torch.zeros(1, device=network.device), 0
    for i, tile in enumerate(tiles):
        pixels, seen = tile.height * tile.width, tile.cut(damaged).to(network.device, network.strips or torch.float32)
        pooled = pooled + pixels * encoder.pool(seen, tick=lambda share, i=i: tick((i + share) / len(tiles)))
        area += pixels
    return encoder.project(pooled / area)


def _require_path(task: Task, request: Request, config: ModelConfig) -> None:
    given = request.settings.blur is not None or request.settings.strength is not None
    if given and not config.wants_path:
        named = next((preset.key for preset in task.presets if preset.wants_path), None)
        hint = (
            Message("Choose the preset '{preset}'.", preset=named) if named else Message("Leave path and strength out.")
        )
        raise InputError("This network does not look at the camera's path.", hint)


def _require_room(picture: Picture, scale: int) -> None:
    megapixels = picture.megapixels * scale**2
    if megapixels > MAX_OUTPUT_MEGAPIXELS:
        size = f"{picture.width * scale} x {picture.height * scale}"
        raise InputError(
            Message(
                "The result would be {size}, {megapixels:.0f} megapixels; {most} is the most.",
                size=size,
                megapixels=megapixels,
                most=MAX_OUTPUT_MEGAPIXELS,
            ),
            "Crop the picture or make it smaller first.",
        )


def _is_out_of_memory(error: BaseException) -> bool:
    """Only CUDA has an exception of its own for it."""
    known = isinstance(error, torch.OutOfMemoryError | MemoryError)
    return known or any(words in str(error) for words in ("out of memory", "can't allocate memory"))


def _before_blocks(pixels: np.ndarray) -> tuple[int, int]:
    """Rows and columns to put before a cropped JPEG, so that its blocks lie in the prior encoder's cells.

    It learned from photos whose blocks begin at the corner; the damage of others it does not see, and leaves.
    """
    row, column = first_blocks(pixels)
    return -row % BLOCK, -column % BLOCK


def _in_fitting_colours(request: Request, part: Tile | None) -> Request:
    """The request as it is; or where the photo has colours around its hole that sRGB has not, in the photo's own
    levels, so that they are continued into the hole. part: what is looked at of the photo."""
    own = None if request.mask is None else in_own_levels(request.picture, ... if part is None else part.window)
    return request if own is None else replace(request, picture=own)


def _seen(request: Request, part: Tile | None) -> Request:
    """What the network is shown: of a large photo with a small hole the part around it, and nothing below full
    transparency."""
    picture, mask, window = request.picture, request.mask, ... if part is None else part.window
    pixels = visible_colours(picture.pixels[window], None if picture.alpha is None else picture.alpha[window])
    if part is None and pixels is picture.pixels:
        return request
    return replace(request, picture=Picture(np.ascontiguousarray(pixels)), mask=None if mask is None else mask[window])


def _laid_in(pixels: np.ndarray, part: Tile, request: Request) -> np.ndarray:
    """The whole photo with that part of it replaced."""
    whole = request.picture.pixels.copy()
    whole[part.window] = pixels
    return whole


def _placed(copied: np.ndarray, part: Tile, request: Request) -> np.ndarray:
    """What was copied in a part of the photo, as a mask of all of it."""
    whole = np.zeros((request.picture.height, request.picture.width), bool)
    whole[part.window] = copied
    return whole


def _worth_decoding(damaged: Tensor, tiles: list[Tile]) -> list[Tile]:
    """With a mask, only tiles that touch the hole: everything else comes back as it was."""
    if damaged.shape[1] != 4:  # no mask
        return tiles
    return [tile for tile in tiles if bool(tile.cut(damaged)[:, 3].any())]


def _require_finite(numbers: Tensor) -> None:
    """By their sum, which takes a tenth of the time: NaN and infinity spoil it, as do numbers that no picture has."""
    if not bool(torch.isfinite(numbers.sum(dtype=torch.float32))):
        raise _NotFiniteError


def _numbers(vector: Tensor) -> np.ndarray:
    """(1, n) on any device -> (n,) float32."""
    return vector[0].float().cpu().numpy()
