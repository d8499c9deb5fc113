"""What goes into a batch: pictures and zips of pictures, within limits that are told in plain words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from ..imaging import READABLE, pictures_in_zip
from ..jobs import MASK_ENDING, Job, Source, writable

MAX_PHOTOS = 200
MAX_MEGABYTES = 2_000
"""Of all files together, as large as they are once out of their zips."""
_LONGEST_NAME = 100
_UNFIT = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')
"""What some system does not allow in a file's name."""


@dataclass(frozen=True)
class Gathered:
    """Photos in the order they came, and the masks among them."""

    photos: tuple[Source, ...] = ()
    masks: tuple[Source, ...] = ()
    left_out: int = 0
    """Files that are no pictures."""

    def mask_of(self, photo: Source) -> Source | None:
        """The mask that was brought for this photo."""
        return next((mask for mask in self.masks if mask.stem == photo.stem + MASK_ENDING), None)

    def without(self, i: int) -> Gathered:
        """All but photo i, counted from 0."""
        return Gathered(self.photos[:i] + self.photos[i + 1 :], self.masks, self.left_out)


def gather(files: Iterable[Path], with_masks: bool, before: Gathered | None = None) -> Gathered:
    """Adds uploaded files to what was gathered before; the same file counts once.

    with_masks: files whose stem ends in `_mask` are the masks of photos of that stem. Raises `InputError`, and then
    nothing of these files is taken, for zips that cannot be opened, beyond the limits, and where there is no picture.
    """
    before = before or Gathered()
    found, left_out = list[Source](), 0
    for file in files:
        if file.suffix.lower() == ".zip":
            inside, others = pictures_in_zip(file)
            found += inside
            left_out += others
        elif file.suffix.lower() in READABLE:
            found.append(file)
        else:
            left_out += 1
    if not found:
        raise InputError("There are no pictures among these files.", "Take JPEG, PNG, WebP and such, or zips of them.")
    masks = [source for source in found if with_masks and source.stem.endswith(MASK_ENDING)]
    photos = [source for source in found if source not in masks]
    gathered = Gathered(
        tuple(dict.fromkeys([*before.photos, *photos])),
        tuple(dict.fromkeys([*before.masks, *masks])),
        before.left_out + left_out,
    )
    _check_amount(gathered)
    return gathered


def plan(gathered: Gathered, verb: str, suffix: str) -> list[Job]:
    """A job per photo, with its own mask if there is one, and a target that is no other's: `photo-VERB.png`.

    suffix: of the results, a key of `FORMATS`; "" keeps each photo's own format where it can be written.
    """
    names = [_target(source, verb, suffix) for source in gathered.photos]
    return [
        Job(source, Path(name), gathered.mask_of(source))
        for source, name in zip(gathered.photos, _apart(names), strict=True)
    ]


def megabytes(source: Source) -> float:
    """0 for a file that is gone; its turn will tell."""
    if isinstance(source, Path):
        return source.stat().st_size / 1e6 if source.is_file() else 0.0
    return source.size / 1e6


def _check_amount(gathered: Gathered) -> None:
    if len(gathered.photos) > MAX_PHOTOS:
        raise InputError(
            f"That would be {len(gathered.photos)} photos, and {MAX_PHOTOS} is the most at once.", "Take fewer."
        )
    total = sum(megabytes(source) for source in (*gathered.photos, *gathered.masks))
    if total > MAX_MEGABYTES:
        raise InputError(
            f"Together the photos have {total:.0f} megabytes, and {MAX_MEGABYTES} is the most at once.", "Take fewer."
        )


def _target(source: Source, verb: str, suffix: str) -> str:
    """cat.jpeg -> cat-inpainted.png"""
    stem = _UNFIT.sub("_", source.stem)[:_LONGEST_NAME].strip(" .") or "photo"
    return f"{stem}-{verb}{suffix or writable(Path(f'_{source.suffix}')).suffix.lower()}"


def _apart(names: Sequence[str]) -> list[str]:
    """Names that differ, also where capitals do not count: the second `cat.png` becomes `cat (2).png`."""
    taken, different = set[str](), []
    for name in names:
        path, number, unique = Path(name), 2, name
        while unique.casefold() in taken:
            unique = f"{path.stem} ({number}){path.suffix}"
            number += 1
        taken.add(unique.casefold())
        different.append(unique)
    return different
