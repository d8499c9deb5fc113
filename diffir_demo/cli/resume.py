"""`restore --resume`: the results that are there already stay."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from ..batch import Job, Journal, is_zip
from ..errors import InputError
from ..recipe import Recipe
from ..version import VERSION
from ..weights.info import sha256_of
from .report import kept_lines
from .runner import Runner

DECIDING = (
    "task",
    "then",
    "baseline",
    "scale",
    "precision",
    "device",
    "memory_budget",
    "place_and_camera",
    "boxes",
    "bits",
)
"""Options that change results and are in no recipe, or not in all."""


def check_resume(options: argparse.Namespace, jobs: Sequence[Job]) -> None:
    """Raises `InputError` where nothing can be kept of an earlier call."""
    if options.resume and is_zip(Path(options.output)):
        raise InputError("A zip appears as a whole or not at all, so --resume finds nothing.", "Name a folder.")
    if options.resume and jobs[0].target == Path(options.output):
        raise InputError("--resume goes on with a folder of results, and this is a single one.", "Leave it out.")


def journal_of(
    options: argparse.Namespace, recipes: Sequence[Recipe], runner: Runner, jobs: Sequence[Job]
) -> Journal | None:
    """Where results go to a folder, of a call that may want to go on with it later."""
    if jobs[0].target == Path(options.output) or not (options.resume or options.workers):
        return None
    asked = {name: str(getattr(options, name)) for name in DECIDING}
    asked["path"] = sha256_of(options.path) if options.path else ""
    asked["networks"] = " ".join(model.info.sha256 for model in runner.models)
    asked["recipes"] = " ".join(each.to_json() for each in recipes)
    return Journal(Path(options.output), json.dumps(asked | {"version": VERSION}, sort_keys=True))


def without_kept(jobs: list[Job], journal: Journal | None, options: argparse.Namespace) -> list[Job]:
    """The jobs that are still to be done; the others are reported."""
    if journal is None or not options.resume:
        return jobs
    kept = journal.finished(jobs)
    for job, is_kept in zip(jobs, kept, strict=True):
        if is_kept:
            kept_lines(job, options).show()
    return [job for job, is_kept in zip(jobs, kept, strict=True) if not is_kept]
