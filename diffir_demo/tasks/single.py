"""Tasks whose request is one picture and nothing else, and single pictures damaged as training batches are."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError
from ..imaging.picture import Picture
from ..messages import Message
from ..model.pixels import to_pixels, to_tensor
from ..settings import Settings
from .damage import Damage
from .task import Case, Request

BAND = 1024
"""Rows that are damaged at a time, without their margin: a photo of any size needs a few hundred megabytes at most."""


def check(name: str, request: Request) -> None:
    """Raises `InputError` for a request with a mask. name: of the task, as a sentence begins with it."""
    if request.mask is not None:
        raise InputError(Message("{title} takes no mask.", title=name), "Leave it out, or choose inpainting.")


def encode(request: Request) -> Tensor:
    """RGB, (1, 3, h, w) float32 in [0, 1]."""
    return to_tensor(request.picture.pixels)


def decode(pixels: np.ndarray, request: Request) -> Picture:
    """A picture of the same size, with the alpha that it had, and with what lies unseen below it."""
    original, alpha = request.picture, request.picture.alpha
    if alpha is not None:
        pixels = np.where(alpha[..., None] > 0, pixels, original.pixels)
    return original.restored(pixels, alpha)


def degraded(sharp: Picture, rng: np.random.Generator, damage: Damage, *, margin: int = 0, scale: int = 1) -> Case:
    """Damages a picture of any size; its sides are first cut to multiples of `scale`.

    margin: pixels around it that the damage looks at, a multiple of `scale`; the picture is mirrored there. Where the
    damage has a grid (JPEG), a multiple of that, too.
    Raises `InputError` for a picture of which nothing would be left.
    """
    if min(sharp.height, sharp.width) < scale:
        raise InputError(
            Message(
                "The picture is {width} x {height}; making it {scale} times smaller needs more.",
                width=sharp.width,
                height=sharp.height,
                scale=scale,
            )
        )
    height, width = (side // scale * scale for side in (sharp.height, sharp.width))
    uncut = (height, width) == (sharp.height, sharp.width)
    alpha = sharp.alpha if uncut else None
    reference = sharp if uncut else sharp.with_pixels(np.ascontiguousarray(sharp.pixels[:height, :width]))
    generator = torch.Generator().manual_seed(int(rng.integers(2**63)))
    parameters = damage.draw(1, generator)
    around = np.pad(reference.pixels, ((margin, margin), (margin, margin), (0, 0)), mode="symmetric")
    bands = []
    for top in range(0, height, BAND):
        bottom = min(top + BAND, height)
        # One margin more: the cells beside a band lend it their colours, and need surroundings of their own.
        first, last = max(top - margin, 0), min(bottom + margin, height)
        small = damage.apply(to_tensor(around[first : last + 2 * margin]), parameters, generator)
        rows = slice((margin + top - first) // scale, (margin + bottom - first) // scale)
        bands.append(to_pixels(small[..., rows, margin // scale : (margin + width) // scale]))
    pixels = np.concatenate(bands)
    request = Request(
        sharp.with_pixels(pixels, alpha if scale == 1 else None), settings=Settings(seed=int(rng.integers(2**31)))
    )
    kernel = None if parameters.kernels is None else parameters.kernels[0].numpy()
    severity = None if parameters.quality is None else parameters.severity(scale)[0].numpy()
    return Case(request, reference, kernel, severity)
