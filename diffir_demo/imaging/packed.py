"""The picture files of a folder, and those inside an untrusted zip.

A zip's are read one at a time straight out of it, and nothing is ever unpacked to disk: so no member can choose a path,
and none takes memory before its turn. The list of members is bounded before it is read.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..errors import InputError
from ..messages import Message

READABLE = frozenset(
    [".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".pjpeg", ".webp", ".avif", ".heic", ".heif", ".hif"]
    + [".tif", ".tiff", ".bmp", ".dib", ".gif", ".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".j2k", ".jpx"]
)
"""Suffixes that count as pictures where a folder or a zip is given."""
_LONGEST_LIST = 4_000_000
"""Bytes of a zip's list of members, some 40,000 of them; the list is parsed as a whole."""
_END = struct.Struct("<4s4H2LH")
"""The record at a zip's end: signature, two disks, two counts, the list's size and place, the comment's length."""
_JAPANESE = re.compile("[\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uff10-\uff5e]")
_ERRORS = (zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, RuntimeError, ValueError, LookupError)
"""What `zipfile` raises on files that are damaged, locked or made up."""


@dataclass(frozen=True)
class Packed:
    """One picture file in a zip. `load_picture` and `load_mask` take it like an open file."""

    archive: Path
    member: str
    size: int
    """Bytes it will have, as the zip says; it is never read beyond them."""
    path: str = ""
    """The member's name as it was meant, where the zip does not say how its letters are to be read."""

    @property
    def name(self) -> str:
        """Without the folders inside the zip, whichever slashes they use."""
        return re.split(r"[/\\]", self.path or self.member)[-1]

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
            raise InputError(
                Message("{name} is damaged inside its zip.", name=self.name), "Make the zip again."
            ) from error


def pictures_in(folder: Path, *, subfolders: bool = False) -> list[Path]:
    """The folder's picture files in order of name; hidden ones are the system's. Raises `OSError` as `Path.iterdir`."""
    files = folder.rglob("*") if subfolders else folder.iterdir()
    named = (file for file in files if file.suffix.lower() in READABLE and not file.name.startswith("."))
    return sorted(file for file in named if file.is_file())


def pictures_in_zip(path: Path) -> tuple[list[Packed], list[str]]:
    """(its pictures in order of name, the names of other files that it holds besides what systems leave there).

    Folders inside are searched, too; zips inside are other files. Raises `InputError` for what is no zip, for one that
    is locked, and for one packed in a way that few programs use.
    """
    if _list_size(path) > _LONGEST_LIST:
        raise InputError(Message("{name} holds too many files.", name=path.name), "Pack only the photos.")
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if not _is_clutter(member)]
    except _ERRORS as error:
        raise _broken(path) from error
    found = [member for member in members if PurePosixPath(member.filename).suffix.lower() in READABLE]
    if any(member.flag_bits & 1 for member in found):
        raise InputError(Message("{name} is locked with a password.", name=path.name), "Pack the photos without one.")
    if any(member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for member in found):
        raise _unusual(path)
    pictures = {each.filename: Packed(path, each.filename, each.file_size, _as_meant(each)) for each in found}
    others = [PurePosixPath(_as_meant(each)).name for each in members if each not in found]
    return sorted(pictures.values(), key=lambda each: each.member), others


def _as_meant(member: zipfile.ZipInfo) -> str:
    """The name of a member; without a mark it is in the letters of the system that packed it.

    Python takes them for those of MS-DOS. Unix systems write UTF-8, and a Japanese Windows its own code: that is taken
    where nothing but Japanese letters come of it, two of them at least.
    """
    if member.flag_bits & 0x800 or member.filename.isascii():
        return member.filename
    if (meant := _unicode_path(member)) is not None:
        return meant
    try:
        raw = member.filename.encode("cp437")
    except UnicodeEncodeError:
        return member.filename
    for letters in ("utf-8", "cp932"):
        try:
            name = raw.decode(letters)
        except UnicodeDecodeError:
            continue
        foreign = [letter for letter in name if not letter.isascii()]
        if letters == "utf-8" or (len(foreign) > 1 and all(_JAPANESE.match(letter) for letter in foreign)):
            return name
    return member.filename


def _unicode_path(member: zipfile.ZipInfo) -> str | None:
    """As Info-ZIP adds it (extra field 0x7075: version, check sum of the plain name, the name in UTF-8)."""
    extra, at = member.extra, 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 0x7075 and length > 5:
            try:
                return extra[at + 9 : at + 4 + length].decode()
            except UnicodeDecodeError:
                return None
        at += 4 + length
    return None


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
    return InputError(
        Message("{name} is packed in a way that is not known here.", name=path.name), "Use your system's own zip."
    )


def _broken(path: Path) -> InputError:
    return InputError(
        Message("{name} is not a zip that can be opened, or it is damaged.", name=path.name), "Make it again."
    )
