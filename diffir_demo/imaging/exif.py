"""EXIF as the bytes that a camera wrote: values are copied as they stand, so that no text, type or byte order is lost.

An EXIF block is a small TIFF file: directories of entries, each with a tag, a type, a count and a value. What cannot be
followed is left out entry by entry, and no block raises anything. BigTIFF, which has 64-bit offsets, is read as well;
what is written is TIFF as of old.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from PIL.ExifTags import IFD, Base

PREFIX = b"Exif\0\0"
LONGEST = 65_000
"""Bytes: a JPEG segment holds no more."""
BYTE, SHORT, LONG, _RATIONAL, UNDEFINED = 1, 3, 4, 5, 7
SRGB, ADOBE_RGB, UNCALIBRATED = 1, 2, 0xFFFF
"""Values of ColorSpace; the second is no standard's, but cameras write it."""
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 129: 1}
"""Bytes of one value of each type."""
_WIDE = {16: 8, 17: 8, 18: 8}
"""The same of BigTIFF's own: integers of 64 bits, which an EXIF block cannot hold."""
_POINTERS = {4: "I", 13: "I", 16: "Q", 18: "Q"}
"""Types of an offset, and how `struct` reads them: LONG and IFD; LONG8 and IFD8, which BigTIFF alone has, and which no
value that is kept needs."""
_PROFILE = 34675
_MOST_ENTRIES = 1_000
_INTEROPERABILITY_INDEX = 1
_TITLES = range(0x9C9B, 0x9CA0)
"""Title, comment, author, keywords and subject, as Windows writes them."""
_RATING, _RATING_PERCENT = 0x4746, 0x4749
_DESCRIBES = frozenset(
    [
        Base.ImageDescription,
        Base.DateTime,
        Base.Artist,
        Base.Copyright,
        Base.XResolution,
        Base.YResolution,
        Base.ResolutionUnit,
        _RATING,
        _RATING_PERCENT,
        *_TITLES,
    ]
)
_KEPT = _DESCRIBES | {Base.Make, Base.Model, Base.Software, Base.HostComputer}
"""What describes the photograph. The rest is how one file stores it: orientation, strips, profile, thumbnail."""
_STALE = frozenset([Base.MakerNote, Base.ExifImageWidth, Base.ExifImageHeight, Base.ExifInteroperabilityOffset])
"""Not true of the result: a maker note points into the old file and may hold a preview of what is now covered."""
_PUBLIC = frozenset(
    [
        *range(0x829A, 0x829E),  # exposure time and aperture
        *range(0x8822, 0x8834),  # programme and sensitivity
        *range(0x9000, 0x9213),  # dates, time zones, exposure, distance, focal length
        *range(0x9290, 0x9293),  # fractions of seconds
        Base.ColorSpace,
        *range(0xA402, 0xA40D),  # exposure mode, white balance, scene
    ]
)
"""Of the camera's directory, what says neither where a photo was taken nor with which camera, nor by whom."""


@dataclass(frozen=True)
class _Layout:
    """How a kind of TIFF writes its numbers down, for `struct`."""

    first: int
    """Where the offset of the main directory stands."""
    offset: str
    entries: str
    """The number of entries in a directory."""

    @property
    def inline(self) -> int:
        """Bytes of a value that stands in its entry, where else an offset does."""
        return struct.calcsize("=" + self.offset)


_TIFF, _BIG_TIFF = _Layout(4, "I", "H"), _Layout(8, "Q", "Q")
_MAGIC = {
    b"II*\0": ("<", _TIFF),
    b"MM\0*": (">", _TIFF),
    b"II+\0\b\0\0\0": ("<", _BIG_TIFF),  # eight bytes an offset, and two that are always zero
    b"MM\0+\0\b\0\0": (">", _BIG_TIFF),
}


@dataclass(frozen=True)
class Entry:
    """One value, in the byte order of its block."""

    kind: int
    count: int
    value: bytes


Directory: TypeAlias = Mapping[int, Entry]


@dataclass(frozen=True)
class Exif:
    """The directories of a block."""

    order: str = "<"
    """ "<" for Intel's byte order, ">" for Motorola's, as `struct` has them."""
    main: Directory = field(default_factory=dict)
    camera: Directory = field(default_factory=dict)
    place: Directory = field(default_factory=dict)
    interoperability: Directory = field(default_factory=dict)
    damaged: bool = False
    """Whether something in the block could not be followed."""

    @property
    def orientation(self) -> int:
        """1 to 8; 1 where the block does not say, or not as the standard has it."""
        found = self._short(self.main, Base.Orientation)
        return found if found is not None and 1 <= found <= 8 else 1

    @property
    def profile(self) -> bytes | None:
        """The ICC profile, which a TIFF file has among these entries."""
        entry = self.main.get(_PROFILE)
        return entry.value if entry else None

    @property
    def says_adobe_rgb(self) -> bool:
        """As cameras mark their "Adobe RGB" mode, most of them without a colour profile (DCF 2.0, option file)."""
        space = self._short(self.camera, Base.ColorSpace)
        index = self.interoperability.get(_INTEROPERABILITY_INDEX)
        is_option_file = index is not None and index.value[:3] == b"R03"
        return space == ADOBE_RGB or (space == UNCALIBRATED and is_option_file)

    def kept(self) -> Exif:
        """What is still true of another picture made from this one, upright and in sRGB."""
        camera = {tag: entry for tag, entry in self.camera.items() if tag not in _STALE and entry.kind in _SIZES}
        if camera:
            camera[Base.ColorSpace] = self.short(SRGB)
        main = {tag: entry for tag, entry in self.main.items() if tag in _KEPT and entry.kind in _SIZES}
        place = {tag: entry for tag, entry in self.place.items() if entry.kind in _SIZES}
        return Exif(self.order, main, camera, place)

    def in_space(self, space: int) -> Exif:
        """The same, saying that of its colours; as it is where it says nothing of the camera."""
        if not self.camera:
            return self
        return replace(self, camera={**self.camera, Base.ColorSpace: self.short(space)})

    def without_place_and_camera(self) -> Exif:
        """Titles, author, rights, dates and exposure stay."""
        main = {tag: entry for tag, entry in self.main.items() if tag in _DESCRIBES}
        return Exif(self.order, main, {tag: entry for tag, entry in self.camera.items() if tag in _PUBLIC})

    def to_bytes(self) -> bytes | None:
        """The block as files hold it, `PREFIX` first; None where there is nothing in it."""
        if not (self.main or self.camera or self.place):
            return None
        return PREFIX + header(self.order, 8) + self.directories(8)

    def directories(self, at: int, extra: Directory | None = None) -> bytes:
        """All directories as bytes that begin at that offset of a file. extra: goes into the main one."""
        parts = {IFD.Exif: self.camera, IFD.GPSInfo: self.place}
        pointers = {tag: Entry(LONG, 1, bytes(4)) for tag, found in parts.items() if found}
        main = {**self.main, **(extra or {}), **pointers}
        after = at + len(_written(main, at, self.order))
        body = b""
        for tag in pointers:
            main[tag] = Entry(LONG, 1, struct.pack(self.order + "I", after + len(body)))
            body += _written(parts[tag], after + len(body), self.order)
        return _written(main, at, self.order) + body

    def short(self, *values: int) -> Entry:
        """An entry of 16-bit numbers in this block's byte order."""
        return Entry(SHORT, len(values), struct.pack(f"{self.order}{len(values)}H", *values))

    def long(self, *values: int) -> Entry:
        """An entry of 32-bit numbers in this block's byte order."""
        return Entry(LONG, len(values), struct.pack(f"{self.order}{len(values)}I", *values))

    def ratio(self, value: float) -> Entry:
        """An entry of one positive fraction."""
        return Entry(_RATIONAL, 1, struct.pack(f"{self.order}2I", round(value * 1000), 1000))

    def _short(self, directory: Directory, tag: int) -> int | None:
        entry = directory.get(tag)
        if entry is None or entry.kind != SHORT or entry.count < 1:
            return None
        return struct.unpack_from(self.order + "H", entry.value)[0]


def parse(block: bytes) -> Exif:
    """The block, with or without `PREFIX`, or a whole TIFF file; empty and `damaged` for what is none."""
    block = block.removeprefix(PREFIX)
    order, layout = _MAGIC.get(block[:4]) or _MAGIC.get(block[:8]) or ("", _TIFF)
    if not order or len(block) < 2 * layout.first:
        return Exif(damaged=True)
    main, damaged = _read(block, struct.unpack_from(order + layout.offset, block, layout.first)[0], order, layout)
    found: dict[int, Directory] = {}
    for tag, parent in ((IFD.Exif, main), (IFD.GPSInfo, main), (IFD.Interop, None)):
        pointer = (found.get(IFD.Exif, {}) if parent is None else parent).get(tag)
        if pointer is None:
            continue
        if pointer.kind not in _POINTERS or pointer.count != 1:
            damaged = True
            continue
        found[tag], broken = _read(
            block, struct.unpack(order + _POINTERS[pointer.kind], pointer.value)[0], order, layout
        )
        damaged |= broken
    return Exif(order, main, found.get(IFD.Exif, {}), found.get(IFD.GPSInfo, {}), found.get(IFD.Interop, {}), damaged)


def header(order: str, first: int) -> bytes:
    """The eight bytes that a TIFF file or an EXIF block begins with. first: offset of its main directory."""
    return (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", first)


def _read(block: bytes, at: int, order: str, layout: _Layout) -> tuple[dict[int, Entry], bool]:
    """(the directory at that offset, whether something of it could not be followed)."""
    found, damaged = dict[int, Entry](), False
    begin = at + struct.calcsize("=" + layout.entries)
    if begin > len(block):
        return found, True
    count = struct.unpack_from(order + layout.entries, block, at)[0]
    if count > _MOST_ENTRIES:
        return found, True
    head, offset, inline = f"{order}HH{layout.offset}", order + layout.offset, layout.inline
    size_of_one = 4 + 2 * inline
    for start in range(begin, begin + size_of_one * count, size_of_one):
        if start + size_of_one > len(block):
            return found, True
        tag, kind, values = struct.unpack_from(head, block, start)
        size = (_SIZES | _WIDE).get(kind, 0) * values
        place = start + 4 + inline
        where = place if size <= inline else struct.unpack_from(offset, block, place)[0]
        if not size or where + size > len(block):
            damaged |= bool(values)  # an empty value is no damage, and says nothing
            continue
        found[tag] = Entry(kind, values, block[where : where + size])
    return found, damaged


def _written(entries: Directory, at: int, order: str) -> bytes:
    """A directory that begins at that offset, its long values behind it."""
    head, body = struct.pack(order + "H", len(entries)), b""
    after = at + 2 + 12 * len(entries) + 4
    for tag in sorted(entries):
        entry = entries[tag]
        if len(entry.value) <= 4:
            place = entry.value.ljust(4, b"\0")
        else:
            place = struct.pack(order + "I", after + len(body))
            body += entry.value + bytes(len(entry.value) % 2)
        head += struct.pack(order + "HHI", tag, entry.kind, entry.count) + place
    return head + bytes(4) + body
