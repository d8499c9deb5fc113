"""Many photos through the same settings, one in memory at a time: jobs, what is known of them ahead, and their zip."""

from __future__ import annotations

from .ahead import foreseen
from .archive import Archive, Entry, entry_of
from .folder import Folder
from .jobs import (
    MAX_MEGABYTES,
    MAX_PHOTOS,
    Done,
    Gathered,
    Job,
    gather,
    is_zip,
    mask_target,
    megabytes,
    plan,
    plan_jobs,
)
from .journal import Journal
from .running import Run, Working, classical, compared_with, encoded, request_of, run_batch, run_jobs, text_for

__all__ = [
    "MAX_MEGABYTES",
    "MAX_PHOTOS",
    "Archive",
    "Done",
    "Entry",
    "Folder",
    "Gathered",
    "Job",
    "Journal",
    "Run",
    "Working",
    "classical",
    "compared_with",
    "encoded",
    "entry_of",
    "foreseen",
    "gather",
    "is_zip",
    "mask_target",
    "megabytes",
    "plan",
    "plan_jobs",
    "request_of",
    "run_batch",
    "run_jobs",
    "text_for",
]
