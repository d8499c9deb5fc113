"""The library's front door: `load` a network, `restore` photos with it, or `stream` a run as it happens."""

from __future__ import annotations

import io
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from .devices import choose_device, choose_precision, require_compiler
from .errors import InputError, WeightsError
from .events import Event
from .imaging import Picture, load_mask, load_picture
from .messages import Message
from .model import DiffIR
from .model.compiled import compile_blocks
from .network import Network
from .restoration import Restoration
from .run import OnEvent, estimate, no_event, run
from .settings import Settings
from .shake import Shake
from .shipped import find_default
from .tasks import TASKS, Request, Task, get_task, task_of
from .tick import streamed
from .weights import inspect
from .weights import load as load_weights

Photo = str | os.PathLike[str] | Image.Image | np.ndarray | Picture | Request
"""A file, a picture of Pillow's, an array (h, w, 3) or (h, w) uint8 in sRGB, a `Picture`, or a whole `Request`."""
Mask = str | os.PathLike[str] | Image.Image | np.ndarray
"""White (128 and above), or True, marks the hole: a file, a picture of Pillow's, or an array (h, w) bool or uint8."""


class Model(Network):
    """A network and its task, ready to restore photos: what `load` gives."""

    def restore(
        self,
        photo: Photo,
        mask: Mask | None = None,
        settings: Settings | None = None,
        *,
        on_event: OnEvent = no_event,
        found: Shake | None = None,
        **options: Any,
    ) -> Restoration:
        """Restores one photo.

        settings: how (`Settings`); None: as usual. options: single settings by name, which go before those:
        `model.restore("small.jpg", seed=1)`. on_event, found, and what is raised: see `run.run`; also `InputError` for
        a photo or a mask that cannot be read.
        """
        return run(self, as_request(photo, mask, settings, **options), on_event, found=found)

    def stream(
        self,
        photo: Photo,
        mask: Mask | None = None,
        settings: Settings | None = None,
        *,
        found: Shake | None = None,
        **options: Any,
    ) -> Generator[Event, None, Restoration]:
        """`restore` as a generator of its events, which goes on only while the next one is waited for.

        It runs in a thread of its own, begun by the first `next`; no mode of torch leaks to the caller. Closing the
        generator early frees the device and everything else, so close it before the same thread starts another run.
        """
        request = as_request(photo, mask, settings, **options)
        return streamed(lambda emit: run(self, request, emit, found=found))

    def estimate(
        self, photo: Photo, mask: Mask | None = None, settings: Settings | None = None, **options: Any
    ) -> np.ndarray:
        """The IPR (n,) float32 that the diffusion estimates: prior encoder and denoiser only, nothing is painted.

        The arguments are those of `restore`. Inpainting needs its hole here, too: the encoder sees where it is.
        """
        return estimate(self, as_request(photo, mask, settings, **options))


def load(
    task: str | os.PathLike[str] | Task,
    weights: str | os.PathLike[str] | None = None,
    *,
    preset: str | None = None,
    scale: int | None = None,
    device: str = "auto",
    precision: str = "auto",
    compiled: bool = False,
) -> Model:
    """The network of a task: a preset that ships, or a file of yours (safetensors, or the authors' .pth and .ckpt).

    task: a key of `TASKS`, or a weight file, off which the task is read. preset: the name of one of `task.presets`;
    None: the first whose file is there. scale: how far it enlarges, where presets differ in that; with a file of yours,
    what it must be made for. device, precision: as `choose_device` and `choose_precision` take them.
    compiled: on a GPU, let the network's blocks compile themselves (`compile_blocks`): the first photo of a size waits
    for that, for the next ones' sake. A CPU has its own backend instead.
    Raises `InputError` for a task, a preset or a scale that there is not, `WeightsError` for a file that is missing,
    damaged, unsafe, or made for another task, stage or scale, and `DeviceError` for a device that is not there, or that
    does not compile.
    """
    if not isinstance(task, Task):
        task, weights = _named(task, weights)
    if weights is not None and preset is not None:
        raise InputError("A preset names its own weight file, so no other can be named beside it.", "Give one of them.")
    path, fill = _shipped(task, preset, scale) if weights is None else (Path(weights), "network")
    where = choose_device(device)
    if compiled:
        require_compiler(where)
    loaded = load_weights(path, task=task.key, scale=scale, device=where)
    assert isinstance(loaded.model, DiffIR)  # `load_weights` refuses a teacher where stage 2 is asked for
    model = Model(task, loaded.model, loaded.info, where, choose_precision(precision, where), fill)
    if compiled:
        compile_blocks(model.diffir.unet)
    return model


def as_request(photo: Photo, mask: Mask | None = None, settings: Settings | None = None, **options: Any) -> Request:
    """What is asked of a network. Raises `InputError` for what is no photo, no mask, or no setting."""
    unknown = set(options) - set(Settings.__dataclass_fields__)
    if unknown:
        names = ", ".join(Settings.__dataclass_fields__)
        raise InputError(
            Message("There is no setting '{name}'.", name=min(unknown)), Message("There are: {names}.", names=names)
        )
    if isinstance(photo, Request):
        if mask is not None or settings is not None:
            raise InputError("A request has its own mask and settings.", "Change them with `request.changed(...)`.")
        return photo.changed(**options) if options else photo
    name = Path(photo).name if isinstance(photo, str | os.PathLike) else ""
    request = Request(_picture(photo), None if mask is None else _hole(mask), settings or Settings(), name)
    return request.changed(**options) if options else request


def _picture(photo: str | os.PathLike[str] | Image.Image | np.ndarray | Picture) -> Picture:
    if isinstance(photo, Picture):
        return photo
    if isinstance(photo, Image.Image):
        return load_picture(_encoded(photo))
    if not isinstance(photo, np.ndarray):
        return load_picture(photo)
    if photo.dtype != np.uint8 or not (photo.ndim == 2 or (photo.ndim == 3 and photo.shape[2] == 3)):
        raise InputError(
            Message(
                "A photo is an array (height, width, 3) or (height, width) of uint8, not {shape} {dtype}.",
                shape=photo.shape,
                dtype=photo.dtype,
            ),
            "Scale it to 0 .. 255 and use `.astype(np.uint8)`.",
        )
    return Picture(np.ascontiguousarray(photo if photo.ndim == 3 else np.stack([photo] * 3, axis=-1)))


def _hole(mask: Mask) -> np.ndarray:
    if isinstance(mask, Image.Image):
        return load_mask(_encoded(mask))
    if not isinstance(mask, np.ndarray):
        return load_mask(mask)
    return mask >= 128 if mask.dtype == np.uint8 and mask.ndim == 2 else mask


def _encoded(image: Image.Image) -> bytes:
    """As a file, so that colour profile, orientation and modes are read in the one place that knows them."""
    buffer = io.BytesIO()
    kept = {name: image.info[name] for name in ("icc_profile", "exif", "transparency") if name in image.info}
    try:
        image.save(buffer, "PNG", **kept)
    except OSError as error:
        raise InputError(
            Message("A picture of mode {mode} cannot be used.", mode=image.mode), "Convert it to RGB first."
        ) from error
    return buffer.getvalue()


def _named(task: str | os.PathLike[str], weights: str | os.PathLike[str] | None) -> tuple[Task, Path | None]:
    """A task by its key, or by a weight file that was made for it."""
    given = None if weights is None else Path(weights)
    if isinstance(task, str) and (task in TASKS or given is not None or not Path(task).suffix):
        return get_task(task), given
    info = inspect(task)
    fitting = get_task(info.task) if info.task in TASKS else task_of(info.config)
    if fitting is None:
        raise WeightsError(
            Message("No task is made for a network like that in '{file}'.", file=info.file),
            Message("Tasks: {names}.", names=", ".join(TASKS)),
        )
    return fitting, Path(task)


def _shipped(task: Task, key: str | None, scale: int | None) -> tuple[Path, Any]:
    """The file of the preset that is meant, and what fills holes in it."""
    meant = task.preset(key, scale)
    path = find_default(meant.weights)
    if path is None:
        asked = (
            Message(", {preset},", preset=task.title_of(meant))
            if key
            else Message(" at x{scale}", scale=scale)
            if scale
            else ""
        )
        raise WeightsError(
            Message("No weights for {title}{asked} are shipped here.", title=task.title, asked=asked),
            "Name a weight file with --weights FILE.",
        )
    return path, meant.fill
