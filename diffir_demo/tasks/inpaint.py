"""Inpainting: what was painted over is filled; every other pixel comes back bit for bit.

With a feather, the hole's outermost pixels fade from the result into the photo.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError
from ..imaging.mask import blended, check_mask, soft_mask
from ..imaging.picture import Picture
from ..model.config import ModelConfig
from ..model.pixels import to_tensor
from ..settings import Settings
from .damage import Damage, MaskBank, Parameters, hide
from .masks import mask_of, random_mask
from .task import Case, Preset, Request, Task

MASKS, MASK_SIDE = 1000, 512
"""Masks that a training run crops its holes from, and the sides of the photos they were made for."""


def accepts(config: ModelConfig) -> bool:
    return config.wants_mask


def check(request: Request) -> None:
    if request.mask is None:
        raise InputError("Inpainting needs a mask.", "Paint over what should go, or give a mask file (white = hole).")
    check_mask(request.mask, request.picture)


def encode(request: Request) -> Tensor:
    """RGB with the hole zeroed, and the mask as fourth channel (1 = hole)."""
    hole = torch.from_numpy(_mask(request))[None, None]
    return torch.cat([to_tensor(request.picture.pixels).masked_fill_(hole, 0), hole.float()], dim=1)


def decode(pixels: np.ndarray, request: Request) -> Picture:
    share, original = soft_mask(_mask(request), request.settings.feather), request.picture
    whole = blended(pixels, original.pixels, share)
    return original.restored(whole, original.alpha, fresh=share)


def degrade(sharp: Picture, rng: np.random.Generator) -> Case:
    """Random damage of one or two kinds."""
    return _hidden(sharp, random_mask(sharp.height, sharp.width, rng), rng)


def degrade_with(kind: str, sharp: Picture, rng: np.random.Generator) -> Case:
    """Damage of one kind, a key of `masks.KINDS`."""
    return _hidden(sharp, mask_of(kind, sharp.height, sharp.width, rng), rng)


def _hidden(sharp: Picture, mask: np.ndarray, rng: np.random.Generator) -> Case:
    """The hole's pixels turn white, as a scratch or a pen would leave them (no network ever sees them)."""
    pixels = np.where(mask[..., None], np.uint8(255), sharp.pixels)
    request = Request(sharp.with_pixels(pixels, sharp.alpha), mask, Settings(seed=int(rng.integers(2**31))))
    return Case(request, sharp)


def damage(device: torch.device, rng: np.random.Generator) -> Damage:
    """Crops of `MASKS` masks of whole photos."""
    bank = MaskBank([random_mask(MASK_SIDE, MASK_SIDE, rng) for _ in range(MASKS)], device)

    def apply(sharp: Tensor, parameters: Parameters, generator: torch.Generator) -> Tensor:
        return hide(sharp, bank.draw(len(sharp), sharp.shape[-1], generator))

    return Damage(lambda count, generator: Parameters(), apply)


def _mask(request: Request) -> np.ndarray:
    if request.mask is None:
        raise InputError("Inpainting needs a mask.")
    return request.mask


FAITHFUL = Preset(
    key="faithful",
    title="Faithful",
    summary="The network alone. It adds nothing that it cannot be sure of, so large holes come back smooth.",
    weights="compact-inpaint.safetensors",
    network="compact_inpaint",
)
TEXTURE = replace(
    FAITHFUL,
    key="texture",
    title="Texture",
    summary="Holes are filled with copies from elsewhere in the photo, which the network matches to what is around.",
    fill="texture",
)
AUTO = replace(
    FAITHFUL,
    key="auto",
    title="Auto",
    summary="Smooth ground by the network, rough ground with texture from the photo.",
    fill="auto",
)
TASK = Task(
    key="inpaint",
    title="Inpaint",
    summary="Paint over a scratch, a wire or writing, and have it filled in.",
    noun="inpainting",
    official="inpainting",
    network=FAITHFUL.network,
    config=FAITHFUL.config,
    weights=FAITHFUL.weights,
    presets=(AUTO, TEXTURE, FAITHFUL),
    accepts=accepts,
    check=check,
    encode=encode,
    decode=decode,
    degrade=degrade,
    damage=damage,
    sets={kind: partial(degrade_with, kind) for kind in ("thin", "medium", "thick", "scribble")},
    headline="hole_psnr",
    perceptual=True,
    sets_text="LaMa's thin, medium and thick masks, by the integers of its 512-pixel tables, and a hand's scribbles.",
)
