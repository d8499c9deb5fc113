"""What a result's format cannot keep of a photo: one function says it, before any work and after it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from ..messages import AND, Message, joined
from .exif import Exif
from .metadata import Metadata
from .opening import Opened, header_of
from .packed import Packed
from .picture import Picture
from .save import QUALITY, Part, format_of

HeaderSource: TypeAlias = Path | Packed
_WEBP_HEAD = 100_000
"""Bytes in which a WebP says how its pixels are packed: behind its profile."""
_NAMES: dict[Part, str] = {
    "exif": Message("camera data (EXIF)"),
    "xmp": Message("XMP"),
    "iptc": Message("captions (IPTC)"),
    "comment": Message("comment"),
    "texts": Message("texts (PNG)"),
}


@dataclass(frozen=True)
class Source:
    """What is known of a photo by its header."""

    width: int
    """Of the upright picture, pixels."""
    height: int
    has_alpha: bool
    """Whether something may be transparent in it."""
    says: frozenset[Part] = frozenset()
    """The kinds of metadata in it."""
    has_profile: bool = False
    """Whether its colours are not in sRGB."""
    is_lossless_webp: bool = False
    """The one format of which people have both kinds under one name."""

    def quality(self, suffix: str) -> int:
        """Of a result whose quality was not chosen: what is lossless stays so where its format stays."""
        return 100 if self.is_lossless_webp and suffix.lower() == ".webp" else QUALITY


def source_of(photo: HeaderSource | Picture) -> Source | None:
    """By the header of a file, without decoding it; None where that says nothing. Exact for a picture in memory."""
    if isinstance(photo, Picture):
        says = _kinds(photo.exif is not None, photo.metadata)
        return Source(
            photo.width, photo.height, photo.alpha is not None, says, photo.own is not None or photo.before is not None
        )
    with header_of(photo) as opened:
        return None if opened is None else _by_header(opened)


def losses(
    source: Source, target: Path, *, scale: int = 1, has_mask: bool = False, quality: int = QUALITY
) -> tuple[str, ...]:
    """What a file of that name cannot keep, one sentence each.

    scale: output side over input side. has_mask: only a part is to change.
    """
    form, found = format_of(target.suffix), []
    if over := over_the_limit(source, target, scale):
        found.append(over)
    if source.has_alpha and not form.has_alpha:
        found.append(
            Message("{format} has no transparency: the picture is laid on white.", format=form.label or form.name)
        )
    if has_mask and form.is_lossy(quality):
        found.append(
            Message(
                "{format} stores every pixel anew, so those outside the mask change a little; PNG keeps them.",
                format=form.label or form.name,
            )
        )
    if source.has_profile and not form.has_profile:
        found.append(
            Message("{format} holds no colour profile: colours are converted to sRGB.", format=form.label or form.name)
        )
    missing = [_NAMES[part] for part in _NAMES if part in source.says - form.holds]
    if missing:
        found.append(
            Message(
                "{format} does not hold the photo's {missing}.",
                format=form.label or form.name,
                missing=_listed(missing),
            )
        )
    return tuple(found)


def over_the_limit(source: Source, target: Path, scale: int) -> str | None:
    """Why a file of that name cannot hold the result at all; None where it can."""
    form, width, height = format_of(target.suffix), source.width * scale, source.height * scale
    if not form.longest_side or max(width, height) <= form.longest_side:
        return None
    return Message(
        "{format} holds at most {most} pixels a side, not {width} x {height}.",
        format=form.name,
        most=form.longest_side,
        width=width,
        height=height,
    )


def _by_header(opened: Opened) -> Source:
    exif = (opened.exif or Exif()).kept()
    says = _kinds(bool(exif.main or exif.camera or exif.place), opened.metadata)
    foreign = opened.described is not None and opened.described.profile is not None
    whole = opened.image.format == "WEBP" and b"VP8L" in opened.data[:_WEBP_HEAD]
    return Source(*opened.upright_size, bool(opened.image.has_transparency_data), says, foreign, whole)


def _kinds(exif: bool, about: Metadata) -> frozenset[Part]:
    held: dict[Part, object] = {
        "exif": exif,
        "xmp": about.xmp,
        "iptc": about.iptc,
        "comment": about.comment,
        "texts": about.texts,
    }
    return frozenset(part for part, value in held.items() if value)


def _listed(words: Collection[str]) -> str:
    *first, last = words
    return joined((joined(first), last), AND) if first else last
