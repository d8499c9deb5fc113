"""The authors' state dicts: the network is described by what is read off the tensors, then each tensor is placed.

Nothing is guessed from file names. Two names for one tensor must agree, and the diffusion's constants must be the
closed form; both are then dropped, and what remains must be exactly one network.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from ..errors import WeightsError
from ..model import ModelConfig
from .assemble import expected_shapes, readable, require_shapes, some
from .buffers import check_buffers
from .infer import STEM, infer_config, infer_stage
from .names import official_names

_ALIASES = {"diffusion.condition.": "condition.", "diffusion.model.": "denoise."}


def read_official(state: Mapping[str, Tensor]) -> tuple[ModelConfig, int, dict[str, Tensor]]:
    """A bare official state dict: `G.*` with `E.*`, or `G.*` with `condition.*`, `denoise.*` and `diffusion.*`.

    Returns its config, its stage (1 or 2) and the same tensors under our names; 1x1 convolutions become matrices.
    Raises `WeightsError` for another network, and for a DiffIR with anything missing, left over or contradictory.
    """
    if STEM not in state:
        raise WeightsError(f"this is not a DiffIR file: it lacks {STEM}, and holds {some(state)}.", "Use another file.")
    buffers = {name: tensor for name, tensor in state.items() if re.fullmatch(r"diffusion\.\w+", name)}
    weights = _without_aliases({name: tensor for name, tensor in state.items() if name not in buffers})
    stage = infer_stage(weights)
    config = infer_config(weights, buffers.get("diffusion.betas"), stage)
    check_buffers(buffers, config)

    names = official_names(config, stage)
    shapes = expected_shapes(config, stage)
    expected = {theirs: shapes[ours] for theirs, ours in names.items()}
    fitted = {name: _as_matrix(tensor, expected.get(name)) for name, tensor in weights.items()}
    require_shapes(fitted, expected)
    return config, stage, {names[name]: tensor for name, tensor in fitted.items()}


def _without_aliases(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Stage 2 lists the condition encoder and the denoiser twice; either copy is enough, two must agree."""
    merged: dict[str, Tensor] = {}
    for name, tensor in state.items():
        for alias, canonical in _ALIASES.items():
            if name.startswith(alias):
                name = canonical + name.removeprefix(alias)
        if name in merged and not torch.equal(merged[name], tensor):
            raise WeightsError(f"the two copies of {readable(name)} in this file differ.", "Download or copy it again.")
        merged[name] = tensor
    return merged


def _as_matrix(tensor: Tensor, expected: torch.Size | None) -> Tensor:
    """Our 1x1 convolutions are `Linear` layers: the same numbers without two dimensions of one."""
    return tensor.reshape(expected) if expected is not None and tensor.shape == (*expected, 1, 1) else tensor
