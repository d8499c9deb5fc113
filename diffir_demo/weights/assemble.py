"""From tensors to a network: nothing missing, nothing left over, nothing bent to fit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from ..errors import WeightsError
from ..model import DiffIR, ModelConfig, Teacher

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
        ("it lacks", [name for name in expected if name not in found]),
        ("it also holds", [name for name in found if name not in expected]),
        (
            "of another shape:",
            [
                f"{name} {tuple(tensor.shape)} instead of {tuple(expected[name])}"
                for name, tensor in found.items()
                if name in expected and tensor.shape != expected[name]
            ],
        ),
    ]
    told = "; ".join(f"{what} {some(names)}" for what, names in complaints if names)
    if told:
        raise WeightsError(
            f"this file does not hold exactly one DiffIR network: {told}.",
            "It may be damaged, cut, or from a changed version of the code.",
        )


def require_finite(state: Mapping[str, Tensor]) -> None:
    """Raises `WeightsError` where a value is NaN or infinite."""
    spoilt = [name for name, tensor in state.items() if not torch.isfinite(tensor).all()]
    if spoilt:
        raise WeightsError(
            f"these weights hold NaN or infinite values, in {some(spoilt)}.",
            "Training diverged, or the numbers do not fit the file's number format; use an earlier or wider file.",
        )


def some(names: Iterable[str]) -> str:
    """The first three, and how many more there are."""
    names = list(names)
    more = len(names) - _SHOWN
    return ", ".join(map(readable, names[:_SHOWN])) + (f" and {more} more" if more > 0 else "")


def readable(name: str) -> str:
    """A name that a file made up, as part of a sentence: one line, not endless, and nothing that a page would obey."""
    return re.sub(r"[^\w ,()./-]", "?", name[:_LONGEST])
