"""What a user may ask for: the one list that tabs, commands, training and swept tests read."""

from __future__ import annotations

from ..errors import InputError
from . import clean, deblur, inpaint, super_resolve
from .task import Damaged, Fill, Preset, Request, Task, undoes_path

TASKS: dict[str, Task] = {task.key: task for task in (inpaint.TASK, clean.TASK, super_resolve.TASK, deblur.TASK)}


def get_task(key: str) -> Task:
    """The task of that name; raises `InputError` listing the names there are."""
    if key not in TASKS:
        raise InputError(f"There is no task '{key}'.", f"Choose one of: {', '.join(TASKS)}.")
    return TASKS[key]


__all__ = ["TASKS", "Damaged", "Fill", "Preset", "Request", "Task", "get_task", "undoes_path"]
