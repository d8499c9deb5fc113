"""Networks and our own weight files: safetensors under our parameter names, with description and history inside.

A state becomes a network with nothing missing, nothing left over, nothing bent to fit.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialize
from torch import Tensor

from ..disk import write_whole
from ..errors import WeightsError
from ..messages import APART, Message, joined
from ..model import DiffIR, ModelConfig, Teacher
from .info import PROVENANCES, Provenance, WeightsInfo, sha256_of

FORMAT = "diffir-studio/1"
MOST_PARAMETERS = 200_000_000
"""Seven times the largest network that the authors released; in float32 800 MB."""
PLAIN = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
_LONGEST_TEXT = 1 << 20  # characters of a description; the longest of the shipped ones has 22,000
_SHOWN = 3
_LONGEST = 80


def blank(config: ModelConfig, stage: int) -> DiffIR | Teacher:
    """The network on the meta device: names and shapes without memory."""
    with torch.device("meta"):
        return Teacher(config) if stage == 1 else DiffIR(config)


def expected_shapes(config: ModelConfig, stage: int) -> dict[str, torch.Size]:
    """Our name -> shape, for every parameter of the network."""
    return {name: tensor.shape for name, tensor in blank(config, stage).state_dict().items()}


def assemble(
    config: ModelConfig, stage: int, state: Mapping[str, Tensor], device: torch.device | str = "cpu"
) -> DiffIR | Teacher:
    """A float32 network in eval mode without gradients. Tensors are copied, so their file can be replaced at once."""
    model = blank(config, stage)
    copies = {name: tensor.to(device, torch.float32, copy=True) for name, tensor in state.items()}
    model.load_state_dict(copies, strict=True, assign=True)
    return model.eval().requires_grad_(False)


def require_shapes(found: Mapping[str, Tensor], expected: Mapping[str, torch.Size]) -> None:
    """Raises `WeightsError`, naming up to three tensors, unless names and shapes agree exactly."""
    complaints = [
        (Message("it lacks {names}"), [name for name in expected if name not in found]),
        (Message("it also holds {names}"), [name for name in found if name not in expected]),
        (
            Message("of another shape: {names}"),
            [
                Message(
                    "{name} {found} instead of {wanted}",
                    name=name,
                    found=tuple(tensor.shape),
                    wanted=tuple(expected[name]),
                )
                for name, tensor in found.items()
                if name in expected and tensor.shape != expected[name]
            ],
        ),
    ]
    wrong = joined((what.format(names=some(names)) for what, names in complaints if names), APART)
    if wrong:
        raise WeightsError(
            Message("this file does not hold exactly one DiffIR network: {wrong}.", wrong=wrong),
            "It may be damaged, cut, or from a changed version of the code.",
        )


def require_plain(state: Mapping[str, Tensor], size: int, copies: int = 1) -> None:
    """Raises `WeightsError` unless these are arrays of decimal numbers that a file of `size` bytes can hold.

    A pickled tensor may say that it repeats one stored number a billion times: nothing may be computed with tensors
    from outside, or copied, before this. copies: how often the file may name the same numbers.
    """
    for name, tensor in state.items():
        plain = tensor.dtype in PLAIN and tensor.is_cpu and tensor.layout is torch.strided
        if not plain or not tensor.is_contiguous():
            raise no_weights(name)
    if sum(tensor.numel() * tensor.element_size() for tensor in state.values()) > copies * size:
        raise WeightsError("this file describes more numbers than it holds.", "Use another file.")
    count, most = sum(tensor.numel() for tensor in state.values()), copies * MOST_PARAMETERS
    if count > most:
        raise WeightsError(
            Message(
                "this file holds {count:,.0f} million numbers; {most:,.0f} million is the most.",
                count=count / 1e6,
                most=most / 1e6,
            ),
            "Use a smaller network.",
        )


def no_weights(name: str) -> WeightsError:
    """For what a file holds under that name."""
    return WeightsError(
        Message("this file is not a plain set of weights: {name} is no array of decimal numbers.", name=readable(name)),
        "Choose the file that holds the weights, not the one that holds the state of training.",
    )


def require_finite(state: Mapping[str, Tensor]) -> None:
    """Raises `WeightsError` where a value is NaN or infinite."""
    spoilt = [name for name, tensor in state.items() if not torch.isfinite(tensor).all()]
    if spoilt:
        raise WeightsError(
            Message("these weights hold NaN or infinite values, in {names}.", names=some(spoilt)),
            "Training diverged, or the numbers do not fit the file's number format; use an earlier or wider file.",
        )


def some(names: Iterable[str]) -> str:
    """The first three, and how many more there are."""
    names = list(names)
    more = len(names) - _SHOWN
    shown = ", ".join(map(readable, names[:_SHOWN]))
    return Message("{names} and {more} more", names=shown, more=more) if more > 0 else shown


def readable(name: str) -> str:
    """A name that a file made up, as part of a sentence: one line, not endless, and nothing that a page would obey."""
    return re.sub(r"[^\w ,()./-]", "?", name[:_LONGEST])


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
        raise WeightsError(
            Message("{name} cannot be written.", name=path.name), "Check the folder and the space left on disk."
        ) from error


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
            Message(
                "this file is in the format {name}; this program reads {format}.",
                name=readable(metadata["format"]),
                format=FORMAT,
            ),
            "Update the program.",
        )
    if sum(map(len, metadata.values())) > _LONGEST_TEXT:
        raise WeightsError("the description inside this file is longer than any network needs.", "Use another file.")
    config = _config(metadata.get("config", ""))
    try:
        info = WeightsInfo(
            name=metadata["name"],
            task=metadata["task"] or None,
            stage={"1": 1, "2": 2}[metadata["stage"]],
            config=config,
            provenance=_provenance(metadata["provenance"]),
            training=_record(metadata["training"]),
            sha256=sha256_of(path),
            parameters=sum(tensor.numel() for tensor in state.values()),
            file=path.name,
        )
    except (KeyError, ValueError, TypeError, RecursionError) as error:
        raise WeightsError("the description inside this file is damaged.", "Download or copy it again.") from error
    require_shapes(state, expected_shapes(info.config, info.stage))
    return info


def _record(text: str) -> dict[str, Any]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise TypeError("a record of training has names")
    return found


def _config(text: str) -> ModelConfig:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise WeightsError("the description inside this file is damaged.", "Download or copy it again.") from error
    try:
        return ModelConfig.from_dict(fields)
    except (ValueError, TypeError, AttributeError) as error:
        raise cannot_be(error) from error


def cannot_be(error: Exception) -> WeightsError:
    """For a config that a file describes, and what `ModelConfig` says of it."""
    return WeightsError(
        Message("this file describes a network that cannot be: {error}.", error=str(error)), "Use another file."
    )


def _provenance(text: str) -> Provenance:
    if text not in PROVENANCES:
        raise ValueError(text)
    return text  # pyright: ignore[reportReturnType]
