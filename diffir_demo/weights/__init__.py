"""Weight files: opened safely, told apart by what is inside them, loaded strictly or refused in one sentence."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ..errors import WeightsError
from ..model import DiffIR, Teacher
from .assemble import assemble, readable, require_finite
from .directions import Directions, Reading, Value, in_words
from .files import open_weights, speaking_of
from .folder import checkpoint_folder, find_default, list_weights, survey
from .info import TASK_WORDS, Provenance, WeightsInfo
from .store import save, write

__all__ = [
    "Directions",
    "LoadedModel",
    "Provenance",
    "Reading",
    "Value",
    "WeightsInfo",
    "annotate",
    "checkpoint_folder",
    "convert",
    "find_default",
    "in_words",
    "inspect",
    "list_weights",
    "load",
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
    """Loads our safetensors files and the authors' .pth and .ckpt files.

    task, scale: what the weights must be made for, where it matters. stage: 2 restores, 1 is the teacher.
    Raises `WeightsError` for a file that is missing, damaged, unsafe, another network, or made for something else.
    """
    path = Path(path)
    with speaking_of(path):
        opened = open_weights(path)
        _require_fit(opened.info, task, stage, scale)
        require_finite(opened.state)
        return LoadedModel(assemble(opened.info.config, stage, opened.state, device), opened.info)


def inspect(path: FilePath) -> WeightsInfo:
    """What a weight file is, without building its network. Raises `WeightsError` as `load` does."""
    path = Path(path)
    with speaking_of(path):
        return open_weights(path).info


def convert(
    source: FilePath, target: FilePath, task: str | None = None, *, dtype: torch.dtype = torch.float32
) -> WeightsInfo:
    """Rewrites any readable weight file as our safetensors, keeping its history; returns the facts of the new file.

    task: overrides what the source says or looks like. dtype: float32 loses nothing of an official file.
    """
    return _rewrite(Path(source), Path(target), task, {}, dtype)


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
        raise WeightsError(f"{target.name} does not end in .safetensors.", "Give the new file that ending.")
    with speaking_of(source):
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
        raise _wrong_task(info, task)
    if scale and info.config.scale != scale:
        raise WeightsError(
            f"this file enlarges x{info.config.scale}; x{scale} was asked for.",
            f"Ask for x{info.config.scale}, or use a file made for x{scale}.",
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


def _wrong_task(info: WeightsInfo, task: str) -> WeightsError:
    made_for = readable(info.task or "")
    hint = f"It looks like {TASK_WORDS.get(made_for, made_for)} weights: use it with the {made_for} task."
    expected, found = (4 if task == "inpaint" else 3), info.config.in_channels
    if expected != found:
        return WeightsError(f"`{task}` expects {expected} input channels; this file has {found}.", hint)
    if (task == "sr") != (info.config.scale > 1):
        what = f"enlarges x{info.config.scale}" if info.config.scale > 1 else "keeps the picture's size"
        return WeightsError(f"this file {what}, so it is none for `{task}`.", hint)
    return WeightsError(f"this file was not made for `{task}`.", hint)
