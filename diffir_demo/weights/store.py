"""Our own weight files: safetensors under our parameter names, with the network's description and history inside."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialize
from torch import Tensor

from ..disk import write_whole
from ..errors import WeightsError
from ..model import DiffIR, ModelConfig, Teacher
from .assemble import expected_shapes, readable, require_finite, require_shapes
from .info import PROVENANCES, Provenance, WeightsInfo, sha256_of

FORMAT = "diffir-studio/1"


def save(
    path: str | os.PathLike[str],
    model: DiffIR | Teacher,
    *,
    task: str,
    provenance: Provenance,
    name: str,
    training: Mapping[str, Any] | None = None,
    dtype: torch.dtype = torch.float16,
) -> None:
    """Writes a network and its history to a safetensors file, in one step: a reader sees the old file or the new one.

    training: anything JSON can hold. dtype: how numbers are stored; they are read back as float32.
    Raises `WeightsError` for values that are NaN, or infinite in `dtype`, and for a file that cannot be written.
    """
    stage = 1 if isinstance(model, Teacher) else 2
    write(
        path,
        model.state_dict(),
        model.config,
        stage=stage,
        task=task,
        provenance=provenance,
        name=name,
        training=training or {},
        dtype=dtype,
    )


def write(
    path: str | os.PathLike[str],
    state: Mapping[str, Tensor],
    config: ModelConfig,
    *,
    stage: int,
    task: str | None,
    provenance: Provenance,
    name: str,
    training: Mapping[str, Any],
    dtype: torch.dtype | None,
) -> None:
    """`save` for tensors without a network around them. dtype: None keeps every number as it is stored."""
    path = Path(path)
    stored = {key: each.detach().to("cpu", dtype or each.dtype, copy=True).contiguous() for key, each in state.items()}
    require_finite(stored)
    metadata = {
        "format": FORMAT,
        "task": task or "",
        "stage": str(stage),
        "config": json.dumps(config.to_dict()),
        "provenance": provenance,
        "name": name,
        "training": json.dumps(dict(training)),
    }
    _write_at_once(path, _in_fixed_order(serialize(stored, metadata)))


def _in_fixed_order(data: bytes) -> bytes:
    """The same file with a sorted header: safetensors shuffles metadata, and equal networks should be equal files."""
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.dumps(json.loads(data[8:end]), sort_keys=True).encode()
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header + data[end:]


def _write_at_once(path: Path, data: bytes) -> None:
    try:
        write_whole(path, data)
    except OSError as error:
        raise WeightsError(f"{path.name} cannot be written.", "Check the folder and the space left on disk.") from error


def read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Any safetensors file: its tensors, in the number format they are stored in, and its metadata."""
    try:
        with safe_open(path, framework="pt") as file:
            return {key: file.get_tensor(key) for key in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except SafetensorError as error:
        raise WeightsError("this file is damaged or cut off.", "Download or copy it again.") from error


def describe(path: Path, state: Mapping[str, Tensor], metadata: Mapping[str, str]) -> WeightsInfo:
    """What our own file says about itself, checked against its tensors. Raises `WeightsError`."""
    if metadata["format"] != FORMAT:
        raise WeightsError(
            f"this file is in the format {readable(metadata['format'])}; this program reads {FORMAT}.",
            "Update the program.",
        )
    try:
        info = WeightsInfo(
            name=metadata["name"],
            task=metadata["task"] or None,
            stage={"1": 1, "2": 2}[metadata["stage"]],
            config=ModelConfig.from_dict(json.loads(metadata["config"])),
            provenance=_provenance(metadata["provenance"]),
            training=dict(json.loads(metadata["training"])),
            sha256=sha256_of(path),
            parameters=sum(tensor.numel() for tensor in state.values()),
            file=path.name,
        )
    except (KeyError, ValueError, TypeError) as error:
        raise WeightsError("the description inside this file is damaged.", "Download or copy it again.") from error
    require_shapes(state, expected_shapes(info.config, info.stage))
    return info


def _provenance(text: str) -> Provenance:
    if text not in PROVENANCES:
        raise ValueError(text)
    return text  # pyright: ignore[reportReturnType]
