"""A PNG file taken apart: the chunks that make its pixels for the decoder, what they say about the picture for us.

A decoder that reads texts and profiles refuses a good picture because of a long or a damaged one. So it is given none.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST_CHUNKS = 100_000
_PIXELS = frozenset([b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"acTL", b"fcTL", b"fdAT"])
_TEXTS = frozenset([b"tEXt", b"zTXt", b"iTXt"])
_LONGEST_TEXTS = 16_000_000
"""Bytes of all texts together, as the file has them: compressed ones are never unpacked."""
_OURS = b"DiffIR"
"""What our own keywords begin with: they speak of the run before."""
_XMP = b"XML:com.adobe.xmp"


@dataclass
class Parts:
    """What stands in a PNG file besides its pixels. Chunks that are damaged, or come twice, are not in it."""

    pixels: bytes
    """The file, with the chunks of its pixels only."""
    single: dict[bytes, bytes] = field(default_factory=dict)
    """The first chunk of each other kind: eXIf, iCCP, cICP, gAMA, cHRM, sRGB, pHYs .."""
    texts: list[tuple[bytes, bytes]] = field(default_factory=list)
    """(kind, content) of the text chunks in the file's order, as they are."""
    xmp: bytes | None = None
    dropped: bool = False
    """Whether some text was damaged, or too long."""

    @property
    def profile(self) -> bytes | None:
        """The ICC profile; b"" for one that cannot be unpacked."""
        chunk = self.single.get(b"iCCP")
        if chunk is None:
            return None
        name, _, packed = chunk.partition(b"\0")
        return inflated(packed[1:], _LONGEST_PROFILE) or b"" if len(name) < 80 else b""

    @property
    def numbers(self) -> tuple[float | None, tuple[float, ...] | None]:
        """(gAMA, cHRM) as fractions: the exponent, and x, y of white, red, green, blue."""
        gamma, corners = self.single.get(b"gAMA", b""), self.single.get(b"cHRM", b"")
        return (
            struct.unpack(">I", gamma)[0] / 1e5 if len(gamma) == 4 else None,
            tuple(each / 1e5 for each in struct.unpack(">8I", corners)) if len(corners) == 32 else None,
        )

    @property
    def dpi(self) -> tuple[float, float] | None:
        chunk = self.single.get(b"pHYs", b"")
        if len(chunk) != 9 or chunk[8] != 1:
            return None
        across, down = struct.unpack(">II", chunk[:8])
        return (across * 0.0254, down * 0.0254) if across and down else None


_LONGEST_PROFILE = 4_000_001


def taken_apart(data: bytes) -> Parts:
    """The parts of a whole file's bytes. What follows a chunk that is cut off goes to the decoder as it is."""
    view, pixels, parts = memoryview(data), [memoryview(data)[: len(SIGNATURE)]], Parts(b"")
    room = _LONGEST_TEXTS
    for kind, start, length in chunks(data):
        end = start + 8 + length + 4
        if kind in _PIXELS or end > len(data):
            pixels.append(view[start:end])
            continue
        content = data[start + 8 : end - 4]
        sound = zlib.crc32(content, zlib.crc32(kind)) == int.from_bytes(view[end - 4 : end], "big")
        if kind in _TEXTS:
            room -= length
            _take_text(parts, kind, content, sound and room >= 0)
        elif sound:
            parts.single.setdefault(kind, content)
    parts.pixels = b"".join(pixels)
    return parts


def chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """(kind, offset, bytes of its content) of each, up to the end of the picture."""
    at = len(SIGNATURE)
    for _ in range(MOST_CHUNKS):
        if at + 8 > len(data):
            return
        length, kind = struct.unpack_from(">I4s", data, at)
        yield kind, at, length
        if kind == b"IEND":
            return
        at += 12 + length


def exif_before_pixels(data: bytes) -> bytes | None:
    """The EXIF block in the first part of a file, up to its pixels: where browsers look for the orientation."""
    for kind, start, length in chunks(data):
        if kind == b"IDAT":
            return None
        if kind == b"eXIf":
            return data[start + 8 : start + 8 + length]
    return None


def inflated(packed: bytes, longest: int) -> bytes | None:
    """What was packed with zlib; None where it is damaged, or has more than that many bytes."""
    unpacker = zlib.decompressobj()
    try:
        found = unpacker.decompress(packed, longest + 1)
    except zlib.error:
        return None
    return found if len(found) <= longest and unpacker.eof else None


def _take_text(parts: Parts, kind: bytes, content: bytes, sound: bool) -> None:
    keyword, separator, rest = content.partition(b"\0")
    if not sound or not separator or not 0 < len(keyword) < 80:
        parts.dropped = True
    elif keyword == _XMP and kind == b"iTXt":
        packed, _, text = rest[:1], rest[1:2], rest[2:].split(b"\0", 2)[-1]
        parts.xmp = inflated(text, _LONGEST_TEXTS) if packed == b"\1" else text
        parts.dropped |= parts.xmp is None
    elif not keyword.startswith(_OURS):
        parts.texts.append((kind, content))
