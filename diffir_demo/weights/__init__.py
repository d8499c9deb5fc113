"""Weight files: opened safely, told apart by what is inside them, loaded strictly or refused in one sentence."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import torch

from ..errors import WeightsError
from ..model import DiffIR, Teacher
from .assemble import assemble, readable, require_finite
from .files import open_weights, speaking_of
from .folder import checkpoint_folder, find_default, list_weights, survey
from .info import TASK_WORDS, Provenance, WeightsInfo
from .store import save, write

__all__ = [
    "LoadedModel",
    "Provenance",
    "WeightsInfo",
    "checkpoint_folder",
    "convert",
    "find_default",
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
    source, target = Path(source), Path(target)
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
        training=info.training,
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
    return WeightsError(f"this file was not made for `{task}`.", hint)
