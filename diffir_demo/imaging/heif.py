"""HEIC and HEIF, as phones take photos: which files they are, and what libheif says of their colours.

Pillow opens them through pi-heif, which decodes only. Turning and mirroring are properties of such a file, and libheif
has applied them; EXIF in it turns nothing, as the format has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pi_heif

_HEVC_BRANDS = frozenset([b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"])
_ANY_CODEC = frozenset([b"mif1", b"msf1"])
"""Brands of the container alone: what is in it may be AVIF."""
_LONGEST_BRANDS = 1_000
_HEAD = 1_000_000
"""Bytes in which the description of what a file holds is looked for."""

# Thumbnails, depth maps and other company of a photo are never looked at.
pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)


def is_heif(data: bytes) -> bool:
    """Whether these bytes, or the file that they begin, are a HEIF picture that is coded as HEVC."""
    found = _brands(data)
    return bool(found & _HEVC_BRANDS) or (bool(found & _ANY_CODEC) and b"hvcC" in data[:_HEAD])


def code_points(info: Mapping[Any, Any]) -> tuple[int, int] | None:
    """(primaries, transfer function) of ITU-T H.273, from what Pillow says of a picture; None where it has none."""
    named = info.get("nclx_profile")
    return (named["color_primaries"], named["transfer_characteristics"]) if isinstance(named, Mapping) else None


def bits(info: Mapping[Any, Any]) -> int:
    """Bits per channel."""
    found = info.get("bit_depth")
    return found if isinstance(found, int) else 8


def _brands(data: bytes) -> frozenset[bytes]:
    if data[4:8] != b"ftyp":
        return frozenset()
    end = min(int.from_bytes(data[:4], "big"), _LONGEST_BRANDS)
    return frozenset([data[8:12], *(data[at : at + 4] for at in range(16, end - 3, 4))])
