"""This photo as if something else were wrong with it: what an IPR has to tell of, and nothing besides."""

from __future__ import annotations

import numpy as np
from PIL import Image

from ..errors import InputError
from ..imaging import Picture
from ..tasks import get_task

FINE = "fine"
KINDS = ("noise", "soft", "jpeg", FINE)
"""What a photo can be told to be: the sets of the task that cleans photos, and a photo that nothing is wrong with."""
SEED = 4
"""Of the damage, so that the same photo gives the same numbers."""


def as_if(kind: str, photo: Picture, restored: Picture) -> Picture:
    """A picture of the photo's size whose damage is of that kind.

    restored: the best that is known of the photo, its result or its original, of any size: what stands for a photo that
    is fine. The other kinds come on top of what is wrong with the photo already. Raises `InputError` for another kind.
    """
    if kind not in KINDS:
        raise InputError(f"A photo can be told to be {', '.join(KINDS)}, not '{kind[:40]}'.")
    if kind == FINE:
        image = Image.fromarray(restored.pixels)
        size = (photo.width, photo.height)
        return Picture(np.asarray(image if image.size == size else image.resize(size, Image.Resampling.LANCZOS)))
    damage = get_task("clean").sets[kind]
    return Picture(damage(Picture(photo.pixels), np.random.default_rng(SEED)).request.picture.pixels)
