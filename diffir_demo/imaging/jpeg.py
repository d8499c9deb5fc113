"""A JPEG file taken apart, and put together: what its decoder needs, and what stands about the photo in segments."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from .exif import PREFIX

END = b"\xff\xd9"
_EXIF, _XMP = PREFIX, b"http://ns.adobe.com/xap/1.0/\0"
_APP1, _APP13, _COMMENT, _SCAN = 0xE1, 0xED, 0xFE, 0xDA
_LONGEST = 65_533
"""Bytes of a segment's content."""
_ALONE = frozenset([0x01, *range(0xD0, 0xD9)])
"""Markers without a length."""


@dataclass
class Parts:
    """The first of each kind of segment, without its name."""

    pixels: bytes
    """The file without them."""
    exif: bytes | None = None
    xmp: bytes | None = None
    photoshop: bytes | None = None
    """Its resources, without the name in front."""
    comment: bytes | None = None


def taken_apart(data: bytes) -> Parts:
    """The parts of a whole file's bytes. Where its segments end or break, the decoder has the rest."""
    view, kept, parts, at, begin = memoryview(data), list[memoryview](), Parts(data), 2, 0
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF or marker in _ALONE:  # filling, or nothing behind it
            at += 1 if marker == 0xFF else 2
            continue
        end = at + 2 + struct.unpack_from(">H", data, at + 2)[0]
        if marker == _SCAN or end > len(data) or end < at + 4:
            break
        if marker in (_APP1, _APP13, _COMMENT) and _take(parts, marker, data[at + 4 : end]):
            kept.append(view[begin:at])
            begin = end
        at = end
    if begin:
        parts.pixels = b"".join([*kept, view[begin:]])
    return parts


def with_segments(
    data: bytes, exif: bytes | None, xmp: Sequence[bytes], photoshop: bytes | None, comment: bytes | None
) -> bytes:
    """A file with these put in behind its first header. What no segment can hold is left out.

    exif: `PREFIX` first; photoshop: its name first. Pillow's encoder writes them through a buffer that two long ones
    fill, and fails.
    """
    found = [(_APP1, exif), *((_APP1, _XMP + packet) for packet in xmp), (_APP13, photoshop), (_COMMENT, comment)]
    segments = [
        struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content
        for marker, content in found
        if content and len(content) <= _LONGEST
    ]
    at = 2 + (2 + struct.unpack_from(">H", data, 4)[0] if data[2:4] == b"\xff\xe0" else 0)
    return b"".join([data[:at], *segments, memoryview(data)[at:]])


def _take(parts: Parts, marker: int, content: bytes) -> bool:
    """Whether that is a segment that the decoder can do without."""
    if marker == _COMMENT:
        parts.comment = parts.comment or content.rstrip(b"\0") or None
    elif marker == _APP13 and content.startswith(b"Photoshop 3.0\0"):
        parts.photoshop = (parts.photoshop or b"") + content[14:]
    elif marker == _APP1 and content.startswith(_EXIF):
        parts.exif = parts.exif or content[len(_EXIF) :]
    elif marker == _APP1 and content.startswith(_XMP):
        parts.xmp = parts.xmp or content[len(_XMP) :]
    return marker in (_APP1, _COMMENT) or content.startswith(b"Photoshop 3.0\0")
