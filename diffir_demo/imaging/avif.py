"""What Pillow does not hand out of an AVIF file: its colour by code points; and EXIF for which it is refused."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

_MOST_BOXES = 1_000
_EXIF_ITEM = re.compile(rb"(infe\x02\0\0.{5})Exif", re.DOTALL)
"""An entry of the list of what a file holds: version 2, flags, number, protection, kind."""


def code_points(data: bytes) -> tuple[int, int] | None:
    """(primaries, transfer function) of ITU-T H.273, from the first colour box of kind "nclx"; None without one."""
    for _, meta in _boxes(data, b"meta"):
        for _, properties in _boxes(meta[4:], b"iprp"):  # behind its version and flags
            for _, shared in _boxes(properties, b"ipco"):
                for _, colour in _boxes(shared, b"colr"):
                    if colour[:4] == b"nclx" and len(colour) >= 8:
                        return struct.unpack(">HH", colour[4:8])
    return None


def without_damaged_exif(data: bytes) -> bytes:
    """The file itself; one whose EXIF is no TIFF structure, with that renamed, so that the decoder passes over it."""
    if b"avif" not in data[4:64] or not _EXIF_ITEM.search(data) or b"II*\0" in data or b"MM\0*" in data:
        return data
    return _EXIF_ITEM.sub(rb"\1free", data)


def _boxes(data: bytes | memoryview, kind: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(kind, content) of the boxes of that kind that lie side by side."""
    at = 0
    for _ in range(_MOST_BOXES):
        if at + 8 > len(data):
            return
        size, found = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1 and at + 16 <= len(data):
            size, head = struct.unpack_from(">Q", data, at + 8)[0], 16
        end = len(data) if size == 0 else at + size
        if end < at + head:
            return
        if found == kind:
            yield found, bytes(data[at + head : end])
        at = end
