"""What a file says about its photo besides pixels and colour: kept as the bytes that it is.

EXIF has a module of its own. Here are XMP packets, IPTC captions, comments, the texts of a PNG, and the resolution.
"""

from __future__ import annotations

import base64
import re
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from . import exif as exif_block
from .exif import Entry, Exif
from .jpeg import Parts as JpegParts
from .png import Parts as PngParts
from .png import inflated

_IPTC_RESOURCE = 0x0404
_PHOTOSHOP = b"Photoshop 3.0\0"
_XMP_TAG, _IPTC_TAG = 700, 33723
LONGEST_XMP = 65_502
"""Bytes of an XMP packet in JPEG, behind the name of its kind."""
_LONGEST_RAW = 4_000_000
_MOST_DPI = 30_000
_STUDIO = "urn:diffir-studio:text:1"
_DESCRIPTION = '<rdf:Description rdf:about="" xmlns:studio="urn:diffir-studio:text:1">{}</rdf:Description>'
_PACKET = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    "{}</rdf:RDF></x:xmpmeta>"
)
_STALE_XMP = (
    rb'<rdf:Description rdf:about="" xmlns:studio="urn:diffir-studio:text:1">.*?</rdf:Description>',
    rb"<xmp:Thumbnails>.*?</xmp:Thumbnails>",  # may show what is covered now
    rb'\s[\w-]+:HasExtendedXMP="[^"]*"',
)
_TURNED_XMP = (rb'\stiff:Orientation="[0-9]*"', rb"<tiff:Orientation>[0-9]*</tiff:Orientation>")
_PADDING = re.compile(rb"\s+(<\?xpacket end)")


@dataclass(frozen=True)
class Metadata:
    """As the bytes that the file had; what depends on its pixels or on a former run is taken out."""

    xmp: bytes | None = None
    iptc: bytes | None = None
    """The records alone, without the other resources of Photoshop, which may hold a preview."""
    comment: bytes | None = None
    texts: tuple[tuple[bytes, bytes], ...] = ()
    """(kind, content) of PNG's text chunks."""
    dpi: tuple[float, float] | None = None

    def without_place_and_camera(self) -> Metadata:
        """XMP and IPTC may name places in many ways, so they go; plain texts and comments stay."""
        plain = tuple((kind, content) for kind, content in self.texts if not content.startswith(b"Raw profile type"))
        return replace(self, xmp=None, iptc=None, texts=plain)


def of_png(parts: PngParts, turned: bool) -> tuple[Exif | None, Metadata]:
    """(its EXIF, the rest). ImageMagick's hexadecimal texts are read as what they stand for."""
    block, iptc, texts = parts.single.get(b"eXIf"), None, []
    for kind, content in parts.texts:
        keyword = content.split(b"\0", 1)[0]
        if keyword in (b"Raw profile type exif", b"Raw profile type APP1"):
            block = block or _raw_profile(kind, content)
        elif keyword in (b"Raw profile type iptc", b"Raw profile type 8bim"):
            iptc = iptc or _iptc_in(_raw_profile(kind, content) or b"")
        else:
            texts.append((kind, content))
    found = Metadata(_cleaned(parts.xmp, turned), iptc, texts=tuple(texts), dpi=_sensible(parts.dpi))
    return (None if block is None else exif_block.parse(block)), found


def of_jpeg(parts: JpegParts, info: Mapping[Any, Any], turned: bool) -> Metadata:
    """info: as Pillow hands it out, for the resolution in its header."""
    return Metadata(
        _cleaned(parts.xmp, turned),
        _iptc_in(parts.photoshop or b""),
        parts.comment,
        dpi=_sensible(info.get("dpi")),
    )


def of_tiff(exif: Exif, turned: bool) -> Metadata:
    """Of the entries of a whole TIFF file."""
    xmp, iptc = exif.main.get(_XMP_TAG), exif.main.get(_IPTC_TAG)
    return Metadata(_cleaned(xmp.value if xmp else None, turned), iptc.value if iptc else None)


def of_image(info: Mapping[Any, Any], turned: bool) -> Metadata:
    """As Pillow hands it out, from every other format."""
    xmp, comment = info.get("xmp"), info.get("comment")
    return Metadata(
        _cleaned(xmp, turned) if isinstance(xmp, bytes) else None,
        comment=comment if isinstance(comment, bytes) and comment else None,
        dpi=_sensible(info.get("dpi")),
    )


def xmp_packets(text: Mapping[str, str], own: bytes | None, longest: int | None) -> list[bytes]:
    """The texts as XMP, keyword -> text, joined to the photo's own packet.

    They are base64 inside, so that any text is well-formed. Where both together have more than `longest` bytes, they
    are two packets, the photo's own first; what is too long by itself is left out.
    """
    inner = "".join(
        f"<studio:{key}>{base64.b64encode(value.encode()).decode()}</studio:{key}>" for key, value in text.items()
    )
    ours = _DESCRIPTION.format(inner) if inner else ""
    before, end, after = (own or b"").rpartition(b"</rdf:RDF>")
    joined = before + ours.encode() + end + after
    if own and (not ours or end) and fits(joined, longest):
        return [joined]
    apart = [own or b"", _PACKET.format(ours).encode() if ours else b""]
    return [packet for packet in apart if packet and fits(packet, longest)]


def fits(packet: bytes, longest: int | None) -> bool:
    return longest is None or len(packet) <= longest


def is_ours(packet: bytes) -> bool:
    """Whether texts of `xmp_packet` are in it."""
    return _STUDIO.encode() in packet


def photoshop_resources(iptc: bytes) -> bytes:
    """IPTC records as the content of a segment in JPEG."""
    return _PHOTOSHOP + _resource(iptc)


def raw_profile(iptc: bytes) -> tuple[bytes, bytes]:
    """IPTC records as a text chunk of a PNG: (kind, content), as ImageMagick and ExifTool have it."""
    block = _resource(iptc)
    lines = "\n".join(block.hex()[at : at + 72] for at in range(0, 2 * len(block), 72))
    packed = zlib.compress(f"\niptc\n{len(block):8}\n{lines}\n".encode())
    return b"zTXt", b"Raw profile type iptc\0\0" + packed


def tiff_entries(metadata: Metadata) -> dict[int, Entry]:
    """What of it a TIFF file holds."""
    found = {_XMP_TAG: (exif_block.BYTE, metadata.xmp), _IPTC_TAG: (exif_block.UNDEFINED, metadata.iptc)}
    return {tag: Entry(kind, len(value), value) for tag, (kind, value) in found.items() if value}


def _cleaned(packet: bytes | None, turned: bool) -> bytes | None:
    """Without what is not true any more: where the picture was turned upright, its orientation, too."""
    if not packet or not packet.strip(b"\0 \n"):
        return None
    for pattern in (*_STALE_XMP, *(_TURNED_XMP if turned else ())):
        packet = re.sub(pattern, b"", packet, flags=re.DOTALL)
    return _PADDING.sub(rb"\n\1", packet)


def _sensible(dpi: Any) -> tuple[float, float] | None:
    try:
        across, down = (float(each) for each in dpi)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return (across, down) if 1 <= across <= _MOST_DPI and 1 <= down <= _MOST_DPI else None


def _resource(iptc: bytes) -> bytes:
    head = struct.pack(">4sHHI", b"8BIM", _IPTC_RESOURCE, 0, len(iptc))
    return head + iptc + bytes(len(iptc) % 2)


def _iptc_in(block: bytes) -> bytes | None:
    """The IPTC records among Photoshop's resources, or where they stand alone."""
    if block[:1] == b"\x1c":
        return block
    at = 0
    while block[at : at + 4] == b"8BIM" and at + 12 <= len(block):
        code, name = struct.unpack_from(">HB", block, at + 4)
        start = at + 6 + (name + 2) // 2 * 2
        if start + 4 > len(block):
            return None
        length = struct.unpack_from(">I", block, start)[0]
        if code == _IPTC_RESOURCE:
            return block[start + 4 : start + 4 + length] or None
        at = start + 4 + length + length % 2
    return None


def _raw_profile(kind: bytes, content: bytes) -> bytes | None:
    """What stands in hexadecimal in a text chunk, below its name and its length."""
    rest = content.split(b"\0", 1)[1]
    text = inflated(rest[1:], _LONGEST_RAW) if kind == b"zTXt" else rest
    lines = (text or b"").split(b"\n", 3)
    try:
        return bytes.fromhex(lines[3].decode("ascii")) if len(lines) == 4 else None
    except ValueError:
        return None
