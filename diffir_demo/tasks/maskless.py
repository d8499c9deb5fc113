"""What tasks share whose request is a picture and nothing else."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from ..errors import InputError
from ..imaging.picture import Picture, to_tensor
from .task import Request


def check(name: str, request: Request) -> None:
    """Raises `InputError` for a request with a mask. name: of the task, as a sentence begins with it."""
    if request.mask is not None:
        raise InputError(f"{name} takes no mask.", "Leave it out, or choose inpainting.")


def encode(request: Request) -> Tensor:
    """RGB, (1, 3, h, w) float32 in [0, 1]."""
    return to_tensor(request.picture.pixels)


def decode(pixels: np.ndarray, request: Request) -> Picture:
    """A picture of the same size, with the alpha that it had."""
    return request.picture.restored(pixels, request.picture.alpha)
