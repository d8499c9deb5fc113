"""Names of results: different from each other on every system, short enough for each, and text that can be written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from ..disk import shown_name
from ..imaging import FORMATS, READABLE

LONGEST_NAME = 200
"""Bytes in UTF-8; systems take 255, and people add to names."""
_UNFIT = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')
"""What some system does not allow in a file's name."""


def same_letters(name: str) -> str:
    """What two names have in common that mean the same: accents are composed in different ways, and case may differ."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def writable(target: Path) -> Path:
    """The target as named, or as PNG where its name asks for no format that can be written."""
    if target.suffix.lower() in FORMATS:
        return target
    known = target.suffix.lower() in READABLE
    return target.with_suffix(".png") if known else target.with_name(target.name + ".png")


def fitting(stem: str, ending: str) -> str:
    """`stem` and `ending` as a name that every system takes."""
    text = _UNFIT.sub("_", shown_name(stem))
    short = text.encode()[: LONGEST_NAME - len(ending.encode())].decode(errors="ignore")
    return (short.strip(" .") or "photo") + ending


def distinct(names: Sequence[str]) -> list[str]:
    """Names that differ, also where capitals do not count: the second `cat.png` becomes `cat (2).png`."""
    taken, different = set[str](), []
    for name in names:
        path, number, unique = Path(name), 2, name
        while same_letters(unique) in taken:
            unique = f"{path.stem} ({number}){path.suffix}"
            number += 1
        taken.add(same_letters(unique))
        different.append(unique)
    return different
