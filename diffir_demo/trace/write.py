"""A trace as a file: numbers for programs, a strip or an animation for people."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

import numpy as np

from ..disk import write_whole
from ..errors import InputError
from .gather import Trace
from .sheet import frames, strip_image

HELD, HELD_LAST = 900, 2600
"""Milliseconds that a frame stays, and the last one before the animation begins again."""


def save_trace(trace: Trace, path: str | os.PathLike[str]) -> Path:
    """Writes it in the format of the path's suffix (`encode_trace`) and returns the path; missing folders are made.

    Raises `InputError` for a suffix that says no format, or a place that cannot be written to.
    """
    path = Path(path)
    data = encode_trace(trace, path.suffix)
    try:
        write_whole(path, data)
    except OSError as error:
        raise InputError(f"{path.name} cannot be written ({error.strerror}).", "Choose another place.") from error
    return path


def encode_trace(trace: Trace, suffix: str) -> bytes:
    """The bytes of a file with this suffix.

    .npy: `Trace.array`, (T + 1, n) float32, row 0 the noise x_T, row i the IPR after step i, the last row the final
    IPR; `numpy.load` reads it. .png: all moments side by side. .gif: a frame per moment.
    Raises `InputError` for other suffixes.
    """
    check_suffix(suffix)
    buffer = BytesIO()
    match suffix.lower():
        case ".npy":
            np.save(buffer, trace.array())
        case ".png":
            strip_image(trace).save(buffer, "PNG")
        case ".gif":
            first, *rest = frames(trace)
            held = [HELD] * len(rest) + [HELD_LAST]
            first.save(buffer, "GIF", save_all=True, append_images=rest, duration=held, loop=0)
    return buffer.getvalue()


def check_suffix(suffix: str) -> None:
    """Raises `InputError` where no trace can be written so."""
    if suffix.lower() not in (".npy", ".png", ".gif"):
        asked = f'as "{suffix}"' if suffix else "under a name without a suffix"
        raise InputError(
            f"The diffusion cannot be saved {asked}.", "Use .gif (animation), .png (strip) or .npy (the numbers)."
        )
