"""Weight files made for tests: tiny networks in the authors' structure, written the way the authors' code would."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from diffir_demo.errors import WeightsError
from diffir_demo.model import DiffIR, ModelConfig, Teacher
from diffir_demo.weights import load

from . import official

TINY = ModelConfig(
    width=8, blocks=(1, 1, 1, 2), refinement_blocks=1, heads=(1, 2, 2, 4), prior_width=4, prior_blocks=2, ipr_length=8
)
TINY_INPAINT = replace(TINY, in_channels=4, base="none", refinement_blocks=0)
TINY_SR = replace(TINY, norm="bias_free", head="upsampler", head_scale=4, prior_fold=1)
TINY_CLEAN = replace(TINY_SR, stem_fold=4, prior_fold=4)


def network(config: ModelConfig = TINY, stage: int = 2) -> DiffIR | Teacher:
    """Always the same random weights."""
    torch.manual_seed(0)
    return DiffIR(config) if stage == 2 else Teacher(config)


def official_state(config: ModelConfig = TINY, stage: int = 2) -> dict[str, Tensor]:
    """`network` as a bare official state dict, with aliases and schedule buffers."""
    return official.as_official(network(config, stage).state_dict(), config, stage)


def saved(folder: Path, content: object, name: str = "weights.pth", **options: Any) -> Path:
    torch.save(content, folder / name, **options)
    return folder / name


def assert_same(found: torch.nn.Module, expected: torch.nn.Module) -> None:
    torch.testing.assert_close(found.state_dict(), expected.state_dict(), rtol=0, atol=0)


def refusal(path: Path, **wanted: Any) -> str:
    """What `load` says about a file it refuses: one line that names the file and not its folder."""
    with pytest.raises(WeightsError) as caught:
        load(path, **wanted)
    text = str(caught.value)
    assert text.startswith(f"{path.name}: ") and str(path.parent) not in text and "\n" not in text
    return text
