"""Which mask belongs to which photo: the one beside it first, by its name, and none where two could be meant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from ..errors import InputError
from ..imaging import Packed, pictures_in
from ..messages import AND, Message, joined
from .names import same_letters

MASK_ENDING = "_mask"
Source: TypeAlias = Path | Packed
"""A picture file on disk, or in a zip."""
Find: TypeAlias = Callable[[Source], Source | None]
"""From a photo to its mask. Raises `InputError` where several fit."""


def is_mask(source: Source) -> bool:
    """By its name alone."""
    return same_letters(source.stem).endswith(MASK_ENDING)


def photo_stem(mask: Source) -> str:
    """What a mask's name says of its photo's: without the ending, if it has one."""
    return mask.stem[: -len(MASK_ENDING)] if is_mask(mask) else mask.stem


def brought_along(masks: Sequence[Source], photos: Iterable[Source]) -> Find:
    """For files that were brought together. A mask beside a photo of its name is that photo's, and no other's."""
    places: dict[str, set[object]] = defaultdict(set)
    for photo in photos:
        places[same_letters(photo.stem)].add(_place(photo))
    owned = {mask for mask in masks if _place(mask) in places[same_letters(photo_stem(mask))]}

    def find(photo: Source) -> Source | None:
        fitting = [mask for mask in masks if same_letters(photo_stem(mask)) == same_letters(photo.stem)]
        beside = [mask for mask in fitting if _place(mask) == _place(photo)]
        elsewhere = [mask for mask in fitting if mask not in owned]
        if not beside and len(elsewhere) == 1 and len(places[same_letters(photo.stem)]) > 1:
            raise InputError(
                Message("{name} fits several photos called '{stem}'.", name=elsewhere[0].name, stem=photo.stem),
                "Put it beside the one that is meant.",
            )
        return _only(photo, beside or elsewhere)

    return find


def in_folder(folder: Path) -> Find:
    """For a folder of masks: of the photo's name, `_mask` after it preferred, in a folder as the photo's in its zip."""

    @cache
    def masks(inside: tuple[str, ...]) -> list[Path]:
        place = folder.joinpath(*inside)
        return pictures_in(place) if ".." not in inside and place.is_dir() else []

    def find(photo: Source) -> Source | None:
        itself = photo.resolve() if isinstance(photo, Path) else None
        inside = PurePosixPath(photo.member.replace("\\", "/")).parent.parts if isinstance(photo, Packed) else ()
        for place in dict.fromkeys((inside, ())):
            found = [mask for mask in masks(place) if mask.resolve() != itself]
            for stem in (photo.stem + MASK_ENDING, photo.stem):
                if fitting := [mask for mask in found if same_letters(mask.stem) == same_letters(stem)]:
                    return _only(photo, fitting)
        return None

    return find


def _only(photo: Source, fitting: Sequence[Source]) -> Source | None:
    """The one that fits; among several the one whose letters are the photo's very own."""
    if len(fitting) > 1:
        exact = [mask for mask in fitting if photo_stem(mask) == photo.stem]
        fitting = exact if len(exact) == 1 else fitting
    if len(fitting) > 1:
        names = joined((mask.name for mask in fitting[:2]), AND)
        raise InputError(
            Message("Two masks fit '{name}': {names}.", name=photo.name, names=names), "Leave one of them."
        )
    return fitting[0] if fitting else None


def _place(source: Source) -> object:
    """Where it lies: a folder on disk, or in a zip."""
    if isinstance(source, Packed):
        return source.archive, source.member.replace("\\", "/").rpartition("/")[0]
    return source.parent
