"""An IPR as a vector: checked, compared, blended, and kept as a file that NumPy reads."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..messages import Message
from ..metrics import cosine

LARGEST = 1000.0
"""The largest number, up or down, that may be decoded with; estimates of our networks stay below ten."""
LARGEST_FILE = 1 << 20
"""Bytes of an .npy file; one of 256 numbers has 1.2 kilobytes."""
HINT = "Use a file that “Save these numbers” made, or numpy.save."


@dataclass(frozen=True)
class Likeness:
    """How one IPR relates to another."""

    distance: float
    """Euclidean."""
    relative: float
    """The distance as a share of the other's length; infinite where that is zero."""
    cosine: float
    """Of the angle between both, -1 .. 1; 0 where one has no direction."""


def likeness(ipr: np.ndarray, other: np.ndarray) -> Likeness:
    """ipr measured against `other`, both (n,)."""
    ipr, other = np.asarray(ipr, np.float64), np.asarray(other, np.float64)
    distance, length = (float(np.linalg.norm(v)) for v in (ipr - other, other))
    relative = distance / length if length else (0.0 if not distance else float("inf"))
    return Likeness(distance, relative, cosine(ipr, other) or 0.0)


def blend(ipr: np.ndarray, other: np.ndarray, share: float) -> np.ndarray:
    """On the straight line from `ipr` (share 0) to `other` (1) and beyond (2 lies as far again): (n,) float32."""
    return (ipr + share * (other - ipr)).astype(np.float32)


def check_numbers(values: Sequence[float] | np.ndarray, length: int) -> np.ndarray:
    """(length,) float32. Raises `InputError` unless there are so many, finite and within `LARGEST`."""
    try:
        vector = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        vector = np.empty(0)
    if vector.shape != (length,):
        raise InputError(
            Message("This network paints with {length} numbers, not {size}.", length=length, size=vector.size),
            "Reset them.",
        )
    if not np.isfinite(vector).all() or np.abs(vector).max(initial=0.0) > LARGEST:
        raise InputError(Message("Each number must lie between -{most:.0f} and {most:.0f}.", most=LARGEST))
    return vector.astype(np.float32)


def write_ipr(ipr: np.ndarray) -> bytes:
    """The bytes of an .npy file with (n,) float32."""
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(ipr, np.float32), allow_pickle=False)
    return buffer.getvalue()


def read_ipr(data: bytes, length: int) -> np.ndarray:
    """(length,) float32 from the bytes of an .npy file, of shape (length,) or (1, length) and any real type.

    Nothing is unpickled, and no memory is taken before the header was found to promise the right size. Raises
    `InputError` for every other file, and for numbers that `check_numbers` refuses.
    """
    if len(data) > LARGEST_FILE:
        raise InputError("This file is too large to hold an IPR.", HINT)
    file = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(file)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, kind = read_header(file)
    except (ValueError, EOFError) as error:
        raise InputError("This is no .npy file, or it is damaged.", HINT) from error
    if shape not in ((length,), (1, length)) or kind.kind not in "fiu":
        size = " x ".join(map(str, shape)) or Message("a single number")
        raise InputError(
            Message(
                "This network needs {length} real numbers; the file has {size} of {kind}.",
                length=length,
                size=size,
                kind=kind,
            ),
            HINT,
        )
    body = data[file.tell() :]
    if len(body) < length * kind.itemsize:
        raise InputError("This .npy file is cut off.", HINT)
    return check_numbers(np.frombuffer(body, kind, length), length)
