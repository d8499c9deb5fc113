"""Many pictures, one recipe: which file goes where, with which mask.

Files come from the command line (`plan_jobs`), or are gathered from uploads (`gather`, `plan`).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ..errors import DiffIRError, InputError
from ..imaging import QUALITY, READABLE, Packed, pictures_in, pictures_in_zip
from ..messages import Message
from ..restoration import Restoration
from ..tasks import Task
from .masks import MASK_ENDING, Find, Source, brought_along, in_folder, is_mask
from .names import distinct, fitting, writable

MAX_PHOTOS = 200
MAX_MEGABYTES = 2_000
"""Of all files together, as large as they are once out of their zips."""
AS_PNG = Message("{asked} names no format that results are saved in: it is saved as {name}.")


@dataclass(frozen=True)
class Job:
    """One picture to restore."""

    source: Source
    target: Path
    mask: Source | None
    problem: InputError | None = None
    """Why it cannot be run, found before its turn comes."""
    notes: tuple[str, ...] = ()
    """What was decided for it before its turn, one sentence each."""
    quality: int = QUALITY
    """Of the result, as `encode_picture` takes it."""


@dataclass(frozen=True, eq=False)
class Done:
    """How a job ended: a result that is saved, or the sentence that says why there is none."""

    job: Job
    restoration: Restoration | None = None
    error: DiffIRError | None = None


def plan_jobs(
    inputs: Sequence[Path],
    output: str,
    mask: Path | None,
    task: Task,
    *,
    has_mask: bool = False,
    also_read: Sequence[Path] = (),
) -> list[Job]:
    """Pairs every picture with its target and mask; raises `InputError` where the whole call makes no sense.

    inputs: files, or folders and zips whose pictures are taken in order of name. output: a file for a single picture;
    else, or where it ends in a slash, a folder or a zip (.zip) that receives the same names. mask: one file for all, or
    a folder in which masks are found by stem. has_mask: the recipe brings one, so that `mask` may be left out.
    also_read: more files that no result may replace.
    """
    if task.wants_mask and mask is None and not has_mask:
        raise InputError(Message("{title} needs --mask FILE_OR_FOLDER", title=task.title), "(white marks the hole).")
    try:
        return _plan(inputs, output, mask, task, also_read)
    except OSError as error:
        name = Path(str(error.filename or output)).name
        raise InputError(
            Message("'{name}' cannot be used ({reason}).", name=name[:80], reason=error.strerror),
            "Check the name and its rights.",
        ) from error


def _plan(inputs: Sequence[Path], output: str, mask: Path | None, task: Task, also_read: Sequence[Path]) -> list[Job]:
    if not task.wants_mask and mask is not None:
        raise InputError(Message("{title} takes no mask.", title=task.title), "Leave --mask out.")
    if mask is not None and not mask.exists():
        raise InputError(Message("There is no mask '{name}'.", name=mask.name), "Check the name.")
    if not output:
        raise InputError("The output has no name.", "Name a file, or a folder for several pictures.")
    sources = [file for path in inputs for file in _pictures(path, mask)]
    target = Path(output)
    many = len(sources) > 1 or inputs[0].is_dir() or is_zip(inputs[0])
    to_folder = many or is_zip(target) or output.endswith(("/", os.sep)) or target.is_dir()
    if to_folder and target.is_file() and not is_zip(target):
        raise InputError(
            Message("'{name}' is a file, but {count} pictures need a folder.", name=target.name, count=len(sources)),
            "Name a folder.",
        )
    targets = _in_folder(target, sources) if to_folder else [writable(target)]
    find = in_folder(mask) if mask is not None and mask.is_dir() else lambda _: mask
    jobs = [_job(source, goal, find) for source, goal in zip(sources, targets, strict=True)]
    if not to_folder and targets[0] != target:
        jobs = [
            replace(job, notes=(*job.notes, AS_PNG.format(asked=target.name, name=targets[0].name))) for job in jobs
        ]
    _refuse_collisions(jobs, also_read)
    return jobs


def is_zip(path: Path) -> bool:
    """By its name, for it need not exist yet; a folder is none, whatever its name."""
    return path.suffix.lower() == ".zip" and not path.is_dir()


def _pictures(path: Path, mask: Path | None) -> Sequence[Source]:
    """The file itself, or a folder's or zip's pictures; masks that lie beside their pictures are none of them."""
    if not path.is_dir() and not is_zip(path):
        return [path]  # a missing file is reported when its turn comes, beside the others
    files: list[Any] = pictures_in_zip(path)[0] if is_zip(path) else list(pictures_in(path))
    if mask is not None and mask.is_dir() and mask.samefile(path):
        files = [file for file in files if not is_mask(file)]
    if not files:
        raise InputError(
            Message("There are no pictures in '{name}'.", name=path.name),
            "Files ending in .png, .jpg, .webp and such count.",
        )
    return files


def _job(source: Source, target: Path, find: Find) -> Job:
    try:
        return Job(source, target, find(source))
    except InputError as error:
        return Job(source, target, None, error)


def _in_folder(folder: Path, sources: Sequence[Source]) -> list[Path]:
    """The same names. Where a change to PNG makes two alike, the changed one keeps its old ending too.

    In a zip, names are such that every system takes them and keeps them apart; on disk, the disk decides.
    """
    targets = [writable(folder / source.name) for source in sources]
    count = Counter(targets)
    named = [
        folder / f"{source.name}.png" if count[target] > 1 and target.name != source.name else target
        for source, target in zip(sources, targets, strict=True)
    ]
    if not is_zip(folder):
        return named
    return [folder / name for name in distinct([fitting(target.stem, target.suffix) for target in named])]


def mask_target(source: Path, output: str) -> Path:
    """Where the mask of a picture goes: a PNG as named, or in the folder that was named, where `--mask` finds it.

    Raises `InputError` for another format, and where it would replace the picture.
    """
    if not output:
        raise InputError("The output has no name.", "Name a PNG file, or a folder.")
    target = Path(output)
    if output.endswith(("/", os.sep)) or target.is_dir():
        return target / f"{source.stem}{MASK_ENDING}.png"
    target = writable(target)
    if target.suffix.lower() != ".png":
        raise InputError(
            Message("A mask is saved as PNG, not as {suffix}.", suffix=target.suffix),
            "Give it a name that ends in .png.",
        )
    if target.resolve() == source.resolve():
        raise InputError(Message("The result would overwrite '{name}'.", name=target.name), "Choose another output.")
    return target


def _refuse_collisions(jobs: Sequence[Job], also_read: Sequence[Path]) -> None:
    """No result may replace anything that this call reads, nor another result."""
    used = [*also_read, *(source for job in jobs for source in (job.source, job.mask))]
    files = (path.archive if isinstance(path, Packed) else path for path in used if path)
    read = {file.resolve() for file in files}
    for job in jobs:
        written = job.target.parent if is_zip(job.target.parent) else job.target
        if written.resolve() in read:
            raise InputError(
                Message("The result would overwrite '{name}'.", name=written.name), "Choose another output."
            )
    twice = [target.name for target, count in Counter(job.target for job in jobs).items() if count > 1]
    if twice:
        raise InputError(
            Message("Several pictures would be saved as '{name}'.", name=twice[0]), "Give them different names."
        )


@dataclass(frozen=True)
class Gathered:
    """Photos in the order they came, and the masks among them."""

    photos: tuple[Source, ...] = ()
    masks: tuple[Source, ...] = ()
    left_out: tuple[str, ...] = ()
    """Names of files that are no pictures."""

    @cached_property
    def _find(self) -> Find:
        return brought_along(self.masks, self.photos)

    def mask_of(self, photo: Source) -> Source | None:
        """The mask that was brought for this photo; None also where two could be meant, which its job says."""
        return _job(photo, Path(), self._find).mask

    def without(self, i: int) -> Gathered:
        """All but photo i, counted from 0."""
        return Gathered(self.photos[:i] + self.photos[i + 1 :], self.masks, self.left_out)


def gather(files: Iterable[Path], with_masks: bool, before: Gathered | None = None) -> Gathered:
    """Adds uploaded files to what was gathered before; the same file counts once.

    with_masks: files whose stem ends in `_mask` are the masks of photos of that stem (`masks.brought_along`).
    Raises `InputError`, and then nothing of these files is taken, for zips that cannot be opened, beyond the limits,
    and where there is no picture.
    """
    before = before or Gathered()
    found, left_out = list[Source](), list[str]()
    for file in files:
        if file.suffix.lower() == ".zip":
            inside, others = pictures_in_zip(file)
            found += inside
            left_out += others
        elif file.suffix.lower() in READABLE:
            found.append(file)
        else:
            left_out.append(file.name)
    if not found:
        raise InputError("There are no pictures among these files.", "Take JPEG, PNG, WebP and such, or zips of them.")
    masks = [source for source in found if with_masks and is_mask(source)]
    photos = [source for source in found if source not in masks]
    gathered = Gathered(
        tuple(dict.fromkeys([*before.photos, *photos])),
        tuple(dict.fromkeys([*before.masks, *masks])),
        (*before.left_out, *left_out),
    )
    _check_amount(gathered)
    return gathered


def plan(gathered: Gathered, verb: str, suffix: str) -> list[Job]:
    """A job per photo, with its own mask if there is one, and a target that is no other's: `photo-VERB.png`.

    suffix: of the results, a key of `FORMATS`; "" keeps each photo's own format where it can be written.
    """
    names = [_target(source, verb, suffix) for source in gathered.photos]
    return [
        _job(source, Path(name), gathered._find) for source, name in zip(gathered.photos, distinct(names), strict=True)
    ]


def megabytes(source: Source) -> float:
    """0 for a file that is gone; its turn reports that."""
    if isinstance(source, Path):
        return source.stat().st_size / 1e6 if source.is_file() else 0.0
    return source.size / 1e6


def _check_amount(gathered: Gathered) -> None:
    if len(gathered.photos) > MAX_PHOTOS:
        raise InputError(
            Message(
                "That would be {count} photos, and {most} is the most at once.",
                count=len(gathered.photos),
                most=MAX_PHOTOS,
            ),
            "Take fewer.",
        )
    total = sum(megabytes(source) for source in (*gathered.photos, *gathered.masks))
    if total > MAX_MEGABYTES:
        raise InputError(
            Message(
                "Together the photos have {total:.0f} megabytes, and {most} is the most at once.",
                total=total,
                most=MAX_MEGABYTES,
            ),
            "Take fewer.",
        )


def _target(source: Source, verb: str, suffix: str) -> str:
    """cat.jpeg -> cat-inpainted.png"""
    ending = f"-{verb}{suffix or writable(Path(f'_{source.suffix}')).suffix.lower()}"
    return fitting(source.stem, ending)
