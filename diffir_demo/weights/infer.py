"""What an official network looks like, from the names and shapes of its tensors alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import ceil, floor
from typing import Any

import torch
from torch import Tensor

from ..errors import WeightsError
from ..model import ModelConfig

STEM = "G.patch_embed.proj.weight"
_LEVELS = ("G.encoder_level1", "G.encoder_level2", "G.encoder_level3", "G.latent")
_STEM_CHANNELS = {3: (3, 1), 4: (4, 1), 12: (3, 2), 48: (3, 4)}  # -> channels of the picture, fold
_TARGET_CHANNELS = 3 * 4**2  # the official teacher sees the ground truth folded by 4, whatever the scale
_MAX_DIGITS = 12
_OTHER = "Use another file."
_AGAIN = "Download or copy it again."


def infer_stage(weights: Mapping[str, Tensor]) -> int:
    """1 or 2. Raises `WeightsError` for a U-Net alone."""
    if any(name.startswith(("condition.", "denoise.")) for name in weights):
        return 2
    if any(name.startswith("E.") for name in weights):
        return 1
    raise WeightsError("this file holds DiffIR's U-Net without a prior encoder.", "Use the complete file.")


def infer_config(weights: Mapping[str, Tensor], betas: Tensor | None, stage: int) -> ModelConfig:
    """The whole description. Raises `WeightsError` where the tensors contradict each other.

    weights: by canonical official name. betas: (T,), needed in stage 2. Stage-1 files say nothing about the diffusion;
    `ModelConfig`'s defaults, those of every released model, then hold. Shapes that are not read here are left to the
    strict comparison afterwards.
    """
    read = _Reader(weights)
    width, stem_channels = read.shape(STEM, 4)[:2]
    if stem_channels not in _STEM_CHANNELS:
        raise WeightsError(f"the U-Net takes {stem_channels} channels; 3, 4, 12 or 48 were expected.", _OTHER)
    in_channels, stem_fold = _STEM_CHANNELS[stem_channels]
    upsampler = read.count("G.tail.N.weight") > 0
    outs = (read.shape(f"{level}.0.ffn.project_out.weight", 4) for level in _LEVELS)
    values: dict[str, Any] = {
        "in_channels": in_channels,
        "width": width,
        "blocks": tuple(read.count(f"{level}.N.attn.temperature") for level in _LEVELS),
        "refinement_blocks": read.count("G.refinement.N.attn.temperature"),
        "heads": tuple(read.shape(f"{level}.0.attn.temperature", 3)[0] for level in _LEVELS),
        "ffn_expansion": shortest_expansion((channels, hidden) for channels, hidden, _, _ in outs),
        "norm": "with_bias" if read.count("G.latent.N.norm1.body.bias") else "bias_free",
        "stem_fold": stem_fold,
        "head": "upsampler" if upsampler else "conv",
        "head_scale": 4 if upsampler else 1,
        "base": "none" if in_channels == 4 else "nearest",  # leaves no trace in the tensors; the task decides it
        **_prior(read, in_channels, stage),
        **(_diffusion(read, betas) if stage == 2 else {}),
    }
    try:
        return ModelConfig(**values)
    except ValueError as error:
        raise WeightsError(f"this file describes a network that cannot be: {error}.", _OTHER) from error


def shortest_expansion(widths: Iterable[tuple[int, int]]) -> float:
    """The decimal of fewest digits with `int(channels * it) == hidden` for every (channels, hidden).

    Rounding cannot be undone from one level; the intervals of all levels together leave one short decimal.
    Raises `WeightsError` where they have nothing in common.
    """
    pairs = list(widths)
    low = max(Fraction(hidden, channels) for channels, hidden in pairs)
    high = min(Fraction(hidden + 1, channels) for channels, hidden in pairs)
    for digits in range(_MAX_DIGITS):
        unit = 10**digits
        # the upper end belongs to the search: 360 * 2.55 is 918, but int() of it as floats 917
        for count in range(ceil(low * unit), floor(high * unit) + 1):
            if all(int(channels * (count / unit)) == hidden for channels, hidden in pairs):
                return count / unit
    raise WeightsError("the feed-forward layers of this file follow no common expansion factor.", _OTHER)


class _Reader:
    """Asks for shapes by name; a tensor that is not there, or has another rank, is reported."""

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        self.weights = weights

    def shape(self, name: str, rank: int) -> torch.Size:
        if name not in self.weights:
            raise WeightsError(f"this DiffIR file is incomplete: it lacks {name}.", _AGAIN)
        shape = self.weights[name].shape
        if len(shape) != rank or 0 in shape:
            raise WeightsError(f"{name} has the shape {tuple(shape)}; {rank} dimensions were expected.", _OTHER)
        return shape

    def count(self, pattern: str) -> int:
        """How many names match; `N` stands for a number."""
        regex = re.compile(re.escape(pattern).replace("N", r"\d+"))
        return sum(bool(regex.fullmatch(name)) for name in self.weights)


def _prior(read: _Reader, in_channels: int, stage: int) -> dict[str, int]:
    encoder = "E" if stage == 1 else "condition"
    width, channels, _, _ = read.shape(f"{encoder}.E.0.weight", 4)
    if stage == 1:
        channels -= _TARGET_CHANNELS
    fold = round(max(channels / in_channels, 0) ** 0.5)
    if not fold or in_channels * fold**2 != channels:
        raise WeightsError("the prior encoder and the U-Net of this file take different pictures.", _OTHER)
    return {
        "prior_fold": fold,
        "prior_width": width,
        "prior_blocks": read.count(f"{encoder}.E.N.body.0.weight"),
        "ipr_length": read.shape(f"{encoder}.mlp.0.weight", 2)[0],
    }


def _diffusion(read: _Reader, betas: Tensor | None) -> dict[str, int | float]:
    if betas is None or betas.ndim != 1 or not betas.numel():
        raise WeightsError("this stage-2 file lacks diffusion.betas.", _AGAIN)
    return {
        "denoiser_blocks": read.count("denoise.resmlp.N.resmlp.0.weight"),
        "timesteps": len(betas),
        "beta_start": _shortest_decimal(betas[0]),
        "beta_end": _shortest_decimal(betas[-1]),
    }


def _shortest_decimal(stored: Tensor) -> float:
    """The decimal of fewest digits that is stored as this number: 0.1, not 0.10000000149."""
    value = stored.item()
    candidates = (float(f"{value:.{digits}g}") for digits in range(1, 17))
    return next((short for short in candidates if stored.new_tensor(short) == stored), value)
