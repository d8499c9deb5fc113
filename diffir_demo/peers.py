"""Networks of others beside ours: NAFNet, SwinIR, Compact, HAT, LaMa and some forty more, by way of spandrel.

Their files are opened by this project's own reader, which runs no code; spandrel gets tensors and says what they are.
They run in float32, in tiles where the whole would not fit the memory budget. What a network needs per pixel is not
known beforehand, so it is bounded by what its layers put out for a small picture, all of it together.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .devices import choose_device, lock_for
from .errors import InputError, WeightsError
from .imaging import Picture, visible_colours
from .imaging.colour import grey_of, is_grey
from .imaging.mask import check_mask
from .messages import Message
from .model.pixels import to_pixels, to_tensor
from .tasks import Task
from .tick import Tick, no_tick
from .tiling import MEMORY_BUDGET, OVERLAP, Tile, TileBlender, grid
from .weights.files import named_in_errors, read_tensors
from .weights.info import sha256_of

PROBE = 64
"""Pixels a side of the picture by which memory is bounded."""
LEAST_SIDE = 96
"""Of a tile: below, borders would be all there is."""
_LOCK = threading.Lock()


def is_available() -> bool:
    """Whether spandrel is installed."""
    return find_spec("spandrel") is not None


@dataclass(frozen=True, eq=False)
class Peer:
    """A network that is not DiffIR. It takes a picture, with a mask where it fills holes, and gives one."""

    name: str
    """The file's, without its ending."""
    architecture: str
    """As spandrel calls it."""
    scale: int
    wants_mask: bool
    sha256: str
    """Of the file."""
    descriptor: Any
    device: torch.device

    @property
    def title(self) -> str:
        return f"{self.name} ({self.architecture})"

    @property
    def size(self) -> int:
        """Bytes of its numbers."""
        return sum(each.numel() * each.element_size() for each in self.descriptor.model.parameters())

    def fits(self, task: Task) -> bool:
        """Whether it does what the task does: fills holes, enlarges, or neither."""
        return self.wants_mask == task.wants_mask and (self.scale > 1) == (max(task.scales) > 1)

    @cached_property
    def bytes_per_pixel(self) -> int:
        """What all its layers put out for one pixel of the input: more than is ever there at once."""
        seen = list[int]()

        def count(module: nn.Module, inputs: Any, output: Any) -> None:
            if isinstance(output, Tensor):
                seen.append(output.numel() * output.element_size())

        layers = [each for each in self.descriptor.model.modules() if not list(each.children())]
        hooks = [each.register_forward_hook(count) for each in layers]
        try:
            self._run(torch.zeros(1, 3, PROBE, PROBE), torch.zeros(1, 1, PROBE, PROBE))
        finally:
            for hook in hooks:
                hook.remove()
        return max(1, sum(seen) // PROBE**2)

    def tiles(self, height: int, width: int, budget: int = MEMORY_BUDGET) -> list[Tile]:
        """Where the picture is cut; one tile where it is not, or where the network wants to see all of it."""
        most = int((budget / self.bytes_per_pixel) ** 0.5)
        if self.descriptor.tiling.name == "INTERNAL" or height * width * self.bytes_per_pixel <= budget:
            return [Tile(0, 0, height, width)]
        return grid(height, width, max(most, LEAST_SIDE), OVERLAP)

    def restore(
        self, picture: Picture, mask: np.ndarray | None = None, budget: int = MEMORY_BUDGET, tick: Tick = no_tick
    ) -> Picture:
        """The same picture made by it. mask: (h, w) bool, True = hole. budget: bytes. Ticks with the share done.

        Raises `InputError` for a missing mask, or one of another size.
        """
        if self.wants_mask:
            if mask is None:
                raise InputError(
                    Message("{title} fills holes, so it needs a mask.", title=self.title), "Paint over what should go."
                )
            check_mask(mask, picture)
        image = to_tensor(visible_colours(picture.pixels, picture.alpha))
        hole = torch.zeros(1, 1, *image.shape[-2:]) if mask is None else torch.from_numpy(mask)[None, None].float()
        tiles = self.tiles(picture.height, picture.width, budget)
        with lock_for(self.device):
            made = self._tiled(image, hole, tiles, tick)
        pixels = to_pixels(made)
        if is_grey(picture, mask):
            pixels = grey_of(pixels)
        if not self.wants_mask or mask is None:
            return picture.restored(pixels, _enlarged(picture.alpha, self.scale))
        return picture.restored(np.where(mask[..., None], pixels, picture.pixels), picture.alpha, fresh=mask)

    def _tiled(self, image: Tensor, hole: Tensor, tiles: list[Tile], tick: Tick) -> Tensor:
        height, width = image.shape[-2:]
        blender = TileBlender(height, width, self.scale) if len(tiles) > 1 else None
        made = image
        for number, tile in enumerate(tiles):
            made = self._run(tile.cut(image), tile.cut(hole))
            if blender:
                blender.add(tile, made)
            tick((number + 1) / len(tiles))
        return blender.picture() if blender else made

    @torch.inference_mode()
    def _run(self, image: Tensor, hole: Tensor) -> Tensor:
        image = image.to(self.device)
        found = self.descriptor(image, hole.to(self.device)) if self.wants_mask else self.descriptor(image)
        return found.float().cpu()


def load_peer(path: str | Path, device: str = "auto") -> Peer:
    """Opens somebody else's network. Raises `WeightsError` for a file that is missing, damaged, unsafe, or of a kind
    that is not known, and where spandrel is not installed."""
    if not is_available():
        raise WeightsError("Networks of others need the package 'spandrel'.", "pip install 'diffir-studio[peers]'")
    file = Path(path)
    with named_in_errors(file):
        found = _described(read_tensors(file))
        where = choose_device(device)
        masked = type(found).__name__ == "MaskedImageModelDescriptor"
        if (found.input_channels, found.output_channels) != (3, 3):
            channels = f"{found.input_channels} channels, not 3"
            raise WeightsError(
                Message("this {name} takes pictures of {channels}.", name=found.architecture.name, channels=channels),
                "Use one for colour.",
            )
        found.to(where).eval()
        name, scale = str(found.architecture.name), 1 if masked else int(found.scale)
        return Peer(file.stem, name, scale, masked, sha256_of(file), found, where)


def _described(tensors: Mapping[str, Tensor]) -> Any:
    """spandrel's description of a network, its tensors in place."""
    with _LOCK, _without_torchvision():
        spandrel = importlib.import_module("spandrel")
    try:
        return spandrel.ModelLoader().load_from_state_dict(dict(tensors))
    except spandrel.UnsupportedModelError as error:
        raise WeightsError("this is no network that is known here.", "Use one that spandrel reads.") from error
    except Exception as error:  # its forty readers raise what they like on tensors that do not fit
        raise WeightsError("this network's tensors do not fit together.", "Download the file again.") from error


@contextmanager
def _without_torchvision() -> Iterator[None]:
    """Lets spandrel be imported where there is no torchvision, of which two of its files want three names.

    Only while it is imported there are modules of that name, so that nothing else takes them for the library.
    """
    if "spandrel" in sys.modules or find_spec("torchvision") is not None:
        yield
        return

    def normalize(tensor: Tensor, mean: list[float], std: list[float]) -> Tensor:
        shape = (-1, 1, 1)
        return (tensor - tensor.new_tensor(mean).view(shape)) / tensor.new_tensor(std).view(shape)

    def rotate(*_: Any, **__: Any) -> Tensor:
        raise WeightsError("A LaMa that turns its input needs torchvision.", "pip install torchvision")

    functional = ModuleType("torchvision.transforms.functional")
    vars(functional).update(normalize=normalize, rotate=rotate, InterpolationMode=SimpleNamespace(BILINEAR="bilinear"))
    names = ("torchvision", "torchvision.transforms", functional.__name__)
    sys.modules.update(zip(names, (ModuleType(names[0]), ModuleType(names[1]), functional), strict=True))
    try:
        yield
    finally:
        for name in names:
            sys.modules.pop(name, None)


def _enlarged(alpha: np.ndarray | None, scale: int) -> np.ndarray | None:
    if alpha is None or scale == 1:
        return alpha
    import cv2

    return cv2.resize(alpha, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
