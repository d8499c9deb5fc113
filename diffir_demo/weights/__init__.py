"""Weight files: opened safely, recognised by what is inside them, loaded strictly or refused in one sentence."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from ..errors import WeightsError
from ..messages import Message
from ..model import DiffIR, Teacher
from ..tasks import TASKS, Task, get_task
from .directions import Directions, Reading, Value, in_words
from .files import list_weights, named_in_errors, open_weights, survey
from .hub import fetched, local_file
from .info import Provenance, WeightsInfo
from .store import assemble, readable, require_finite, save, write

__all__ = [
    "Directions",
    "LoadedModel",
    "Provenance",
    "Reading",
    "Value",
    "WeightsInfo",
    "annotate",
    "convert",
    "in_words",
    "inspect",
    "list_weights",
    "load",
    "local_file",
    "save",
    "survey",
]

FilePath = str | os.PathLike[str]


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A network ready to run: float32, eval mode, no gradients. And the facts about its file."""

    model: DiffIR | Teacher
    info: WeightsInfo


def load(
    path: FilePath,
    *,
    task: str | None = None,
    stage: int = 2,
    scale: int | None = None,
    device: torch.device | str = "cpu",
) -> LoadedModel:
    """Loads our safetensors files and the authors' .pth and .ckpt files, from this machine or from the Hub
    (`hf://owner/repo@revision/file`).

    task, scale: what the weights must be made for, where it matters. stage: 2 restores, 1 is the teacher.
    Raises `WeightsError` for a file that is missing, damaged, unsafe, another network, or made for something else.
    """
    path, source = fetched(path)
    with named_in_errors(path):
        opened = open_weights(path)
        _require_fit(opened.info, task, stage, scale)
        require_finite(opened.state)
        model = assemble(opened.info.config, stage, opened.state, device)
        return LoadedModel(model, replace(opened.info, source=source))


def inspect(path: FilePath) -> WeightsInfo:
    """What a weight file is, without building its network. Raises `WeightsError` as `load` does."""
    path, source = fetched(path)
    with named_in_errors(path):
        return replace(open_weights(path).info, source=source)


def convert(
    source: FilePath, target: FilePath, task: str | None = None, *, dtype: torch.dtype = torch.float32
) -> WeightsInfo:
    """Rewrites any readable weight file as our safetensors, keeping its history; returns the facts of the new file.

    task: overrides what the source says or looks like. dtype: float32 loses nothing of an official file.
    """
    return _rewrite(fetched(source)[0], Path(target), task, {}, dtype)


def annotate(source: FilePath, target: FilePath, facts: Mapping[str, Any]) -> WeightsInfo:
    """Writes a weight file anew with `facts` (anything JSON can hold) added to its training record.

    The tensors stay as they are stored, byte for byte, and so does all that the file says of itself otherwise. Source
    and target may be one file: a reader sees the old one or the new one. Raises `WeightsError` as `convert` does.
    """
    return _rewrite(Path(source), Path(target), None, facts, None)


def _rewrite(
    source: Path, target: Path, task: str | None, facts: Mapping[str, Any], dtype: torch.dtype | None
) -> WeightsInfo:
    if target.suffix != ".safetensors":
        raise WeightsError(
            Message("{name} does not end in .safetensors.", name=target.name), "Give the new file that ending."
        )
    with named_in_errors(source):
        opened = open_weights(source)
    info = opened.info
    write(
        target,
        opened.state,
        info.config,
        stage=info.stage,
        task=task or info.task,
        provenance=info.provenance,
        name=info.name,
        training={**info.training, **facts},
        dtype=dtype,
    )
    return inspect(target)


def _require_fit(info: WeightsInfo, task: str | None, stage: int, scale: int | None) -> None:
    if info.stage != stage:
        raise _wrong_stage(info)
    if task and info.task and info.task != task:
        raise _wrong_task(info, get_task(task))
    if scale and info.config.scale != scale:
        raise WeightsError(
            Message("this file enlarges x{found}; x{scale} was asked for.", found=info.config.scale, scale=scale),
            Message("Ask for x{found}, or use a file made for x{scale}.", found=info.config.scale, scale=scale),
        )


def _wrong_stage(info: WeightsInfo) -> WeightsError:
    if info.stage == 1:
        return WeightsError(
            "this is a stage-1 (teacher) file: its prior encoder needs the sharp original, which a restoration lacks.",
            "Use the stage-2 file (for example SISR-DiffIRS2.pth).",
        )
    return WeightsError(
        "this is a stage-2 file; the teacher of stage 1 was asked for.",
        "Use the stage-1 file (for example SISR-DiffIRS1.pth).",
    )


def _wrong_task(info: WeightsInfo, task: Task) -> WeightsError:
    made_for = readable(info.task or "")
    noun = TASKS[made_for].noun if made_for in TASKS else made_for
    hint = Message("It looks like {noun} weights: use it with the {made_for} task.", noun=noun, made_for=made_for)
    expected, found = task.config.in_channels, info.config.in_channels
    if expected != found:
        return WeightsError(
            Message(
                "`{key}` expects {expected} input channels; this file has {found}.",
                key=task.key,
                expected=expected,
                found=found,
            ),
            hint,
        )
    if (max(task.scales) > 1) != (info.config.scale > 1):
        what = (
            Message("enlarges x{found}", found=info.config.scale)
            if info.config.scale > 1
            else Message("keeps the picture's size")
        )
        return WeightsError(Message("this file {what}, so it is none for `{key}`.", what=what, key=task.key), hint)
    return WeightsError(Message("this file was not made for `{key}`.", key=task.key), hint)
