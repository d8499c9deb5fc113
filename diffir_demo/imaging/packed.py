"""Pictures inside a stranger's zip, read one at a time straight out of it: nothing is ever unpacked to disk.

So no member can choose a path, and none takes memory before its turn. The list of members is bounded before it is read.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..errors import InputError

READABLE = frozenset(
    [".png", ".jpg", ".jpeg", ".webp", ".avif", ".tif", ".tiff", ".bmp", ".gif", ".ppm", ".pgm", ".jp2"]
)
"""Suffixes that count as pictures where a folder or a zip is given."""
_LONGEST_LIST = 4_000_000
"""Bytes of a zip's list of members, some 40,000 of them; the list is parsed as a whole."""
_END = struct.Struct("<4s4H2LH")
"""The record at a zip's end: signature, two disks, two counts, the list's size and place, the comment's length."""
_ERRORS = (zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, RuntimeError, ValueError, LookupError)
"""What `zipfile` raises on files that are damaged, locked or made up."""


@dataclass(frozen=True)
class Packed:
    """One picture file in a zip. `load_picture` and `load_mask` take it like an open file."""

    archive: Path
    member: str
    size: int
    """Bytes it will have, as the zip says; it is never read beyond them."""

    @property
    def name(self) -> str:
        """Without the folders inside the zip, whichever way their slashes lean."""
        return re.split(r"[/\\]", self.member)[-1]

    @property
    def stem(self) -> str:
        return PurePosixPath(self.name).stem

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.name).suffix

    def read(self, limit: int = -1) -> bytes:
        """At most `limit` bytes from its start, or all. Raises `InputError` where the zip does not give them."""
        try:
            with zipfile.ZipFile(self.archive) as archive, archive.open(self.member) as file:
                return file.read(limit)
        except _ERRORS as error:
            raise InputError(f"{self.name} is damaged inside its zip.", "Make the zip again.") from error


def pictures_in_zip(path: Path) -> tuple[list[Packed], int]:
    """(its pictures in order of name, how many other files it holds besides what systems leave there).

    Folders inside are walked through; zips inside are other files. Raises `InputError` for what is no zip, for one that
    is locked, and for one packed in a way that few programs use.
    """
    if _list_size(path) > _LONGEST_LIST:
        raise InputError(f"{path.name} holds too many files.", "Pack only the photos.")
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if not _is_clutter(member)]
    except _ERRORS as error:
        raise _broken(path) from error
    found = [member for member in members if PurePosixPath(member.filename).suffix.lower() in READABLE]
    if any(member.flag_bits & 1 for member in found):
        raise InputError(f"{path.name} is locked with a password.", "Pack the photos without one.")
    if any(member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for member in found):
        raise _unusual(path)
    pictures = {member.filename: Packed(path, member.filename, member.file_size) for member in found}
    return sorted(pictures.values(), key=lambda each: each.member), len(members) - len(found)


def _is_clutter(member: zipfile.ZipInfo) -> bool:
    """Folders, and what systems add by themselves: hidden files, and a Mac's shadow of every file."""
    steps = [step for step in re.split(r"[/\\]", member.filename) if step not in (".", "..")]
    return member.is_dir() or any(step.startswith(".") or step == "__MACOSX" for step in steps)


def _list_size(path: Path) -> int:
    """Bytes of the list of members; `zipfile` would read it whatever its size."""
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _END.size - 65_535))  # a comment may follow
            tail = file.read()
        end = tail.rindex(b"PK\5\6")
        record = _END.unpack_from(tail, end)
    except (OSError, ValueError, struct.error) as error:
        raise _broken(path) from error
    if tail[max(0, end - 20) : end].startswith(b"PK\6\7"):  # a second record, for sizes that no upload has
        raise _unusual(path)
    return record[5]


def _unusual(path: Path) -> InputError:
    return InputError(f"{path.name} is packed in a way that is not known here.", "Use your system's own zip.")


def _broken(path: Path) -> InputError:
    return InputError(f"{path.name} is not a zip that can be opened, or it is damaged.", "Make it again.")
