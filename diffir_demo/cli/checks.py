"""What a call of `restore` must not ask for; found before anything is loaded."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..batch import Job
from ..errors import InputError
from ..imaging.save import format_of
from ..recipe import Recipe
from ..tasks import Task
from ..trace.sheet import check_suffix

PATH_OPTIONS = ("strength", "path", "path_map")
"""Those about the camera's path."""


def check_options(options: argparse.Namespace, task: Task, recipe: Recipe, jobs: Sequence[Job]) -> bool:
    """Whether pictures of all steps are wanted. Raises `InputError` for options that contradict each other."""
    for option in ("weights", "preset", "steps", "trace", "fill_map", *PATH_OPTIONS):
        if options.baseline and getattr(options, option) is not None:
            name = option.replace("_", "-")
            raise InputError(f"--baseline runs no network, so --{name} has no use beside it.", "Leave one of them out.")
    if options.preset and options.weights:
        raise InputError("--preset names its own weights, so --weights has no use beside it.", "Leave one of them out.")
    if options.bits > 8 and not any(format_of(job.target.suffix).has_deep for job in jobs):
        raise InputError(f"Only PNG and TIFF hold {options.bits} bits per channel.", "Give the result such a name.")
    if options.boxes and not task.wants_mask:
        raise InputError(f"{task.title} fills no hole, so --box has no use.", "Leave it out.")
    previews = _checked_trace(options.trace, jobs)
    _check_fill_map(options.fill_map, task, jobs)
    _check_path(options, task, recipe, jobs)
    _check_distinct({"trace": options.trace, "fill map": options.fill_map, "path map": options.path_map})
    return previews


def _checked_trace(path: Path | None, jobs: Sequence[Job]) -> bool:
    """Whether the file wants pictures of all steps. Raises `InputError` where it cannot be what --trace is for."""
    if path is None:
        return False
    check_suffix(path.suffix)
    _check_beside("trace", path, jobs)
    return path.suffix.lower() != ".npy"


def _check_fill_map(path: Path | None, task: Task, jobs: Sequence[Job]) -> None:
    if path is None:
        return
    if not task.wants_mask:
        raise InputError(f"{task.title} fills no hole, so --fill-map has nothing to show.", "Leave it out.")
    if path.suffix.lower() != ".png":
        raise InputError(f"A fill map is saved as PNG, not as '{path.name}'.", "Give it a name that ends in .png.")
    _check_beside("fill-map", path, jobs)


def _check_path(options: argparse.Namespace, task: Task, recipe: Recipe, jobs: Sequence[Job]) -> None:
    """Raises `InputError` where an option about the camera's path has no use, before anything is loaded."""
    named = next((name for name in PATH_OPTIONS if getattr(options, name) is not None), None)
    if named is not None:
        _require_path_preset(f"--{named.replace('_', '-')}", options, task, recipe)
    if options.path_map is None:
        return
    if options.path_map.suffix.lower() != ".png":
        name = options.path_map.name
        raise InputError(f"A path is saved as PNG, not as '{name}'.", "Give it a name that ends in .png.")
    _check_beside("path-map", options.path_map, jobs)
    if options.path and options.path.resolve() == options.path_map.resolve():
        raise InputError(f"The path map would overwrite '{options.path.name}'.", "Choose another name for it.")


def _require_path_preset(option: str, options: argparse.Namespace, task: Task, recipe: Recipe) -> None:
    able = list(dict.fromkeys(preset.key for preset in task.presets if preset.wants_path))
    if not able:
        raise InputError(f"{task.title} undoes no camera path, so {option} has no use.", "Leave it out.")
    if not options.weights and recipe.preset not in able:
        key = recipe.preset or task.preset(scale=recipe.scale).key
        raise InputError(
            f"The preset '{key}' undoes no camera path, so {option} has no use.", f"Add --preset {able[0]}."
        )


def _check_distinct(files: Mapping[str, Path | None]) -> None:
    """files: what would be saved there. Raises `InputError` where two would be the same file."""
    there: dict[Path, str] = {}
    for what, path in files.items():
        if path is None:
            continue
        if other := there.get(path.resolve()):
            raise InputError(
                f"{other.capitalize()} and {what} would both be saved as '{path.name}'.", "Give them different names."
            )
        there[path.resolve()] = what


def _check_beside(option: str, path: Path, jobs: Sequence[Job]) -> None:
    """Raises `InputError` where a file about one run cannot be, or would replace a file of the run's own."""
    if len(jobs) > 1:
        raise InputError(f"--{option} shows one run, not {len(jobs)}.", "Give it a single picture.")
    job, what = jobs[0], option.replace("-", " ")
    if path.resolve() in {each.resolve() for each in (job.source, job.target, job.mask) if isinstance(each, Path)}:
        raise InputError(f"The {what} would overwrite '{path.name}'.", "Choose another name for it.")
