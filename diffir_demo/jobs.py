"""Many pictures, one recipe: which file goes where with which mask, so run that a bad one stops no other."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from .baselines import Baseline
from .errors import DiffIRError, InputError
from .events import Event, Finished, Restoration, Seconds
from .imaging import FORMATS, READABLE, Packed, load_mask, load_picture, pictures_in_zip, save_picture
from .recipe import Recipe, recipe_of, text_of
from .tasks import Request, Task, get_task

MASK_ENDING = "_mask"

Source: TypeAlias = Path | Packed
"""A picture file on disk, or in a zip."""


@dataclass(frozen=True)
class Job:
    """One picture to restore."""

    source: Source
    target: Path
    mask: Source | None


Ask: TypeAlias = Callable[[Job], Request]
"""What is asked of the network for a job; reads its files."""
Run: TypeAlias = Callable[[Request], Iterator[Event]]
"""`restore.stream` with everything but the request chosen, or a baseline's likeness of it."""
Save: TypeAlias = Callable[[Job, Restoration], object]
"""Takes what came back."""


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
        raise InputError(f"{task.title} needs --mask FILE_OR_FOLDER", "(white marks the hole).")
    try:
        return _plan(inputs, output, mask, task, also_read)
    except OSError as error:
        name = Path(str(error.filename or output)).name
        raise InputError(
            f"'{name[:80]}' cannot be used ({error.strerror}).", "Check the name and its rights."
        ) from error


def _plan(inputs: Sequence[Path], output: str, mask: Path | None, task: Task, also_read: Sequence[Path]) -> list[Job]:
    if not task.wants_mask and mask is not None:
        raise InputError(f"{task.title} takes no mask.", "Leave --mask out.")
    if mask is not None and not mask.exists():
        raise InputError(f"There is no mask '{mask.name}'.", "Check the name.")
    if not output:
        raise InputError("The output has no name.", "Name a file, or a folder for several pictures.")
    sources = [file for path in inputs for file in _pictures(path, mask)]
    target = Path(output)
    many = len(sources) > 1 or inputs[0].is_dir() or is_zip(inputs[0])
    to_folder = many or is_zip(target) or output.endswith(("/", os.sep)) or target.is_dir()
    if to_folder and target.is_file() and not is_zip(target):
        raise InputError(f"'{target.name}' is a file, but {len(sources)} pictures need a folder.", "Name a folder.")
    targets = _in_folder(target, sources) if to_folder else [writable(target)]
    find = _mask_finder(mask)
    jobs = [Job(source, goal, find(source)) for source, goal in zip(sources, targets, strict=True)]
    _refuse_collisions(jobs, also_read)
    return jobs


def run_jobs(jobs: Iterable[Job], ask: Ask, run: Run, save: Save) -> Generator[Event | Done, None, None]:
    """Runs one after the other: each one's events, then its `Done`. Bad pictures become a `Done` with an error.

    Nothing of a picture is held here once its `Done` was taken.
    """
    for job in jobs:
        yield from _run_one(job, ask, run, save)


def _run_one(job: Job, ask: Ask, run: Run, save: Save) -> Iterator[Event | Done]:
    try:
        restoration = None
        for event in run(ask(job)):
            yield event
            if isinstance(event, Finished):
                restoration = event.restoration
        assert restoration is not None  # the event grammar: every run that is heard to its end finishes
        save(job, restoration)
    except DiffIRError as error:
        yield Done(job, error=error)
    except OSError as error:  # what only shows when the file is touched: rights, names that are too long
        yield Done(job, error=InputError(f"'{job.source.name[:80]}' cannot be read ({error.strerror})."))
    else:
        yield Done(job, replace(restoration, notices=restoration.notices + _losses(restoration, job.target)))


def request_of(job: Job, recipe: Recipe) -> Request:
    """What the recipe asks for the job's picture, with its own mask if it has one; `InputError` for unusable files."""
    picture = load_picture(job.source)
    if job.mask is None and get_task(recipe.task).wants_mask and not recipe.has_mask:
        raise InputError(f"No mask for '{job.source.name}' was found.", f"Name it {job.source.stem}{MASK_ENDING}.png.")
    return recipe.request(picture, None if job.mask is None else load_mask(job.mask))


def save_file(job: Job, restoration: Restoration, recipe: Recipe) -> None:
    """Writes the job's target."""
    save_picture(restoration.picture, job.target, text=text_for(job, restoration, recipe))


def text_for(job: Job, restoration: Restoration, recipe: Recipe) -> dict[str, str]:
    """What the result says about itself: the recipe of this very run."""
    return text_of(recipe_for(job, restoration, recipe))


def recipe_for(job: Job, restoration: Restoration, recipe: Recipe) -> Recipe | None:
    """What repeats the job: a mask that was given beside the recipe is in it."""
    name = job.source.name
    return recipe.done(restoration, name) if job.mask is None else recipe_of(restoration, name)


def _losses(restoration: Restoration, target: Path) -> tuple[str, ...]:
    """What the file's format could not keep, one sentence each."""
    kind, notices = FORMATS[target.suffix.lower()], []
    if restoration.picture.alpha is not None and not kind.has_alpha:
        notices.append(f"{target.suffix} has no transparency: the picture was laid on white.")
    if restoration.request.mask is not None and kind.name == "JPEG":
        notices.append("JPEG stores every pixel anew, so those outside the mask changed a little; PNG keeps them.")
    return tuple(notices)


def classical(task: Task, baseline: Baseline, scale: int) -> Run:
    """A baseline's run in the words of the model's; scale: output side over input side."""

    def run(request: Request) -> Iterator[Event]:
        task.check(request)
        began = time.perf_counter()
        picture = baseline.run(request.picture, request.mask, scale)
        spent = time.perf_counter() - began
        yield Finished(
            Restoration(
                picture=picture,
                request=request,
                task=task.key,
                weights=f"baseline: {baseline.title}",
                ipr=np.zeros(0, np.float32),
                seconds=Seconds(encode=0.0, denoise=0.0, paint=spent, previews=0.0, total=spent),
                device="cpu",
                precision="fp32",
                tiles=1,
                notices=request.picture.notices,
            )
        )

    return run


def pictures_in(folder: Path) -> list[Path]:
    """The folder's picture files, not those of its subfolders; hidden ones are the system's."""
    named = (f for f in folder.iterdir() if f.suffix.lower() in READABLE and not f.name.startswith("."))
    return [f for f in named if f.is_file()]


def is_zip(path: Path) -> bool:
    """By its name, for it need not exist yet; a folder is none, whatever its name."""
    return path.suffix.lower() == ".zip" and not path.is_dir()


def _pictures(path: Path, mask: Path | None) -> Sequence[Source]:
    """The file itself, or a folder's or zip's pictures; masks that lie beside their pictures are none of them."""
    if not path.is_dir() and not is_zip(path):
        return [path]  # a missing file is reported when its turn comes, beside the others
    files: list[Any] = pictures_in_zip(path)[0] if is_zip(path) else sorted(pictures_in(path))
    if mask is not None and mask.is_dir() and mask.samefile(path):
        files = [file for file in files if not file.stem.endswith(MASK_ENDING)]
    if not files:
        raise InputError(
            f"There are no pictures in '{path.name}'.", "Files ending in .png, .jpg, .webp and such count."
        )
    return files


def _in_folder(folder: Path, sources: Sequence[Source]) -> list[Path]:
    """The same names. Where a change to PNG makes two alike, the changed one keeps its old ending too."""
    targets = [writable(folder / source.name) for source in sources]
    count = Counter(targets)
    return [
        folder / f"{source.name}.png" if count[target] > 1 and target.name != source.name else target
        for source, target in zip(sources, targets, strict=True)
    ]


def writable(target: Path) -> Path:
    """The target as named, or as PNG where its name asks for no format that can be written."""
    if target.suffix.lower() in FORMATS:
        return target
    known = target.suffix.lower() in READABLE
    return target.with_suffix(".png") if known else target.with_name(target.name + ".png")


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
        raise InputError(f"A mask is saved as PNG, not as {target.suffix}.", "Give it a name that ends in .png.")
    if target.resolve() == source.resolve():
        raise InputError(f"The result would overwrite '{target.name}'.", "Choose another output.")
    return target


def _mask_finder(mask: Path | None) -> Callable[[Source], Path | None]:
    """From picture to mask: the one file for all, or in a folder that of the same stem, `_mask` after it preferred."""
    if mask is None or not mask.is_dir():
        return lambda _: mask
    masks: dict[str, list[Path]] = {}
    for file in sorted(f for f in mask.iterdir() if f.suffix.lower() in READABLE):
        masks.setdefault(file.stem, []).append(file)

    def find(source: Source) -> Path | None:
        itself = source.resolve() if isinstance(source, Path) else None
        stems = (source.stem + MASK_ENDING, source.stem)
        return next((f for stem in stems for f in masks.get(stem, []) if f.resolve() != itself), None)

    return find


def _refuse_collisions(jobs: Sequence[Job], also_read: Sequence[Path]) -> None:
    """No result may replace anything that this call reads, nor another result."""
    used = [*also_read, *(source for job in jobs for source in (job.source, job.mask))]
    files = (path.archive if isinstance(path, Packed) else path for path in used if path)
    read = {file.resolve() for file in files}
    for job in jobs:
        written = job.target.parent if is_zip(job.target.parent) else job.target
        if written.resolve() in read:
            raise InputError(f"The result would overwrite '{written.name}'.", "Choose another output.")
    twice = [target.name for target, count in Counter(job.target for job in jobs).items() if count > 1]
    if twice:
        raise InputError(f"Several pictures would be saved as '{twice[0]}'.", "Give them different names.")
