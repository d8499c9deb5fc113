"""Text inside picture files: iTXt chunks in PNG, an XMP packet in JPEG and WebP.

It is read from strangers' files, too: reading looks at the file's structure only and never decodes a pixel.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from PIL import Image

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MAX_CHUNKS = 100_000
_LONGEST_JPEG_PACKET = 65_502
"""A JPEG segment without the marker that says "XMP"."""
_HEAD = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:studio="urn:diffir-studio:text:1">'
)
_TAIL = "</rdf:Description></rdf:RDF></x:xmpmeta>"


def xmp_packet(text: Mapping[str, str], form: str) -> bytes | None:
    """The texts as XMP for a JPEG or WebP file, keyword -> text; None where they are too long for `form`.

    XMP is where programs keep their own settings, so the camera's data stays as it is. The texts are base64 inside, so
    that any text is well-formed.
    """
    if not text:
        return None
    inner = "".join(
        f"<studio:{key}>{base64.b64encode(value.encode()).decode()}</studio:{key}>" for key, value in text.items()
    )
    packet = (_HEAD + inner + _TAIL).encode()
    return None if form == "JPEG" and len(packet) > _LONGEST_JPEG_PACKET else packet


def read_text(path: str | os.PathLike[str], keyword: str, longest: int) -> str | None:
    """The text under that keyword in a PNG, JPEG or WebP file; None where there is none, and for any other file.

    longest: bytes; a longer text raises `ValueError`, as a damaged one does. Raises `OSError` for unreadable files.
    """
    with Path(path).open("rb") as file:
        start = file.read(len(_SIGNATURE))
        found = _from_png(file, keyword.encode(), longest) if start == _SIGNATURE else _from_xmp(file, keyword)
    if found is not None and len(found) > longest:
        raise ValueError(f"more than {longest} bytes")
    return None if found is None else found.decode()


def _from_png(file: BinaryIO, keyword: bytes, longest: int) -> bytes | None:
    """The first iTXt chunk of that keyword: wherever it stands, as saving anew may move it behind the pixels."""
    for _ in range(_MAX_CHUNKS):
        head = file.read(8)
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        if len(head) < 8 or kind == b"IEND":
            return None
        name = file.read(min(length, len(keyword) + 1)) if kind == b"iTXt" else b""
        if name == keyword + b"\0":
            if length > longest + 4096:  # room for the keyword, and for a translation of it
                raise ValueError(f"more than {longest} bytes")
            rest = file.read(length - len(name))
            if file.read(4) != zlib.crc32(kind + name + rest).to_bytes(4, "big"):
                raise ValueError("the chunk is damaged")
            return _text_of(rest, longest)
        file.seek(length - len(name) + 4, os.SEEK_CUR)
    return None


def _text_of(chunk: bytes, longest: int) -> bytes:
    """What follows an iTXt keyword: flags, language, translated keyword, text."""
    if len(chunk) < 4:
        raise ValueError("the chunk is cut off")
    *_, text = chunk[2:].split(b"\0", 2)
    if not chunk[0]:
        return text
    try:
        return zlib.decompressobj().decompress(text, longest + 1)
    except zlib.error as error:
        raise ValueError("the chunk is damaged") from error


def _from_xmp(file: BinaryIO, keyword: str) -> bytes | None:
    file.seek(0)
    try:
        with Image.open(file, formats=("JPEG", "WEBP")) as image:
            packet = image.info.get("xmp")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None
    if not isinstance(packet, bytes) or b"urn:diffir-studio:text:1" not in packet:
        return None
    found = re.search(rb"<studio:%s>([A-Za-z0-9+/=]*)</studio:" % re.escape(keyword.encode()), packet)
    try:
        return base64.b64decode(found[1], validate=True) if found else None
    except binascii.Error as error:
        raise ValueError("the packet is damaged") from error
