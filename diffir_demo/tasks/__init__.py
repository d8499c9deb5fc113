"""What a user may ask for: the one list that tabs, commands, training and swept tests read."""

from __future__ import annotations

from ..errors import InputError
from ..messages import Message
from ..model.config import ModelConfig
from . import clean, deblur, inpaint, sr
from .task import Case, Fill, Preset, Request, Task

TASKS: dict[str, Task] = {task.key: task for task in (inpaint.TASK, clean.TASK, sr.TASK, deblur.TASK)}


def get_task(key: str) -> Task:
    """The task of that name; raises `InputError` listing the names there are."""
    if key not in TASKS:
        raise InputError(
            Message("There is no task '{key}'.", key=key), Message("Choose one of: {names}.", names=", ".join(TASKS))
        )
    return TASKS[key]


def task_of(config: ModelConfig) -> Task | None:
    """The first task that a network with this config was made for: what is to be guessed of a file that does not say.

    A mask means inpainting, the authors' upsampling tail super-resolution; where folding takes back what that tail
    enlarges, the network was trained on RealSR at the same size: it cleans up.
    """
    return next((task for task in TASKS.values() if task.accepts(config)), None)


__all__ = ["TASKS", "Case", "Fill", "Preset", "Request", "Task", "get_task", "task_of"]
