"""Super-resolution: a small photo, four times as wide and as high."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..errors import InputError
from ..imaging.picture import Picture, to_tensor
from ..model.config import COMPACT_SR_X4, ModelConfig
from .batched import BatchDamage, shrink
from .task import Damaged, Request, Task

SCALE = 4


def accepts(config: ModelConfig) -> bool:
    return (
        config.in_channels == 3 and config.head != "conv" and config.stem_fold * config.scale == config.head_scale == 4
    )


def check(request: Request) -> None:
    if request.mask is not None:
        raise InputError("Super-resolution takes no mask.", "Leave it out, or choose inpainting.")


def encode(request: Request) -> Tensor:
    return to_tensor(request.picture.pixels)


def decode(pixels: np.ndarray, request: Request) -> Picture:
    alpha = request.picture.alpha
    if alpha is not None:
        size = (pixels.shape[1], pixels.shape[0])
        alpha = np.asarray(Image.fromarray(alpha).resize(size, Image.Resampling.BICUBIC))
    return request.picture.restored(pixels, alpha)


def degrade(sharp: Picture, rng: np.random.Generator) -> Damaged:
    """Antialiased bicubic x1/4, as MATLAB's `imresize` and the papers do; sides are first cut to multiples of 4."""
    if min(sharp.height, sharp.width) < SCALE:
        raise InputError(f"The picture is {sharp.width} x {sharp.height}; making it {SCALE} times smaller needs more.")
    height, width = (side // SCALE * SCALE for side in (sharp.height, sharp.width))
    reference = sharp.with_pixels(np.ascontiguousarray(sharp.pixels[:height, :width]))
    small = Image.fromarray(reference.pixels).resize((width // SCALE, height // SCALE), Image.Resampling.BICUBIC)
    return Damaged(Request(sharp.with_pixels(np.asarray(small)), seed=int(rng.integers(2**31))), reference)


def batched(device: torch.device, rng: np.random.Generator) -> BatchDamage:
    """`degrade` for batches; nothing in it is random."""
    return lambda sharp, generator: shrink(sharp, SCALE)


TASK = Task(
    key="sr",
    title="Super-resolution",
    summary="Enlarge a small photo to four times its width and height.",
    config=COMPACT_SR_X4,
    accepts=accepts,
    check=check,
    encode=encode,
    decode=decode,
    degrade=degrade,
    batched=batched,
    sets={"x4": degrade},
    headline="psnr_y",
)
