"""The authors' state dicts: the network is described by what is read off the tensors, then each tensor is placed.

Nothing is guessed from file names. Two names for one tensor must agree, and the diffusion's constants must be the
closed form; both are then dropped, and what remains must be exactly one network.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from math import ceil, floor
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..errors import WeightsError
from ..messages import Message
from ..model import ModelConfig, Schedule
from .store import cannot_be, expected_shapes, readable, require_shapes, some

STEM = "G.patch_embed.proj.weight"
_LEVELS = ("G.encoder_level1", "G.encoder_level2", "G.encoder_level3", "G.latent")
_STEM_CHANNELS = {3: (3, 1), 4: (4, 1), 12: (3, 2), 48: (3, 4)}  # -> channels of the picture, fold
_TARGET_CHANNELS = 3 * 4**2  # the official teacher sees the ground truth folded by 4, whatever the scale
_MAX_DIGITS = 12
_OTHER = "Use another file."
_AGAIN = "Download or copy it again."
_ALIASES = {"diffusion.condition.": "condition.", "diffusion.model.": "denoise."}
_BLOCK = {
    "norm1.body.weight": "attention.norm.weight",
    "norm1.body.bias": "attention.norm.bias",
    "attn.temperature": "attention.temperature",
    "attn.kernel.0.weight": "attention.norm.steer.weight",
    "attn.qkv.weight": "attention.qkv.weight",
    "attn.qkv_dwconv.weight": "attention.depthwise.weight",
    "attn.project_out.weight": "attention.out.weight",
    "norm2.body.weight": "feed_forward.norm.weight",
    "norm2.body.bias": "feed_forward.norm.bias",
    "ffn.project_in.weight": "feed_forward.project.weight",
    "ffn.dwconv.weight": "feed_forward.depthwise.weight",
    "ffn.project_out.weight": "feed_forward.out.weight",
    "ffn.kernel.0.weight": "feed_forward.norm.steer.weight",
}
_FRAME = {
    "patch_embed.proj.weight": "stem.weight",
    "down1_2.body.0.weight": "down.0.0.weight",
    "down2_3.body.0.weight": "down.1.0.weight",
    "down3_4.body.0.weight": "down.2.0.weight",
    "up2_1.body.0.weight": "up.0.0.weight",
    "up3_2.body.0.weight": "up.1.0.weight",
    "up4_3.body.0.weight": "up.2.0.weight",
    "reduce_chan_level2.weight": "reduce.0.weight",
    "reduce_chan_level3.weight": "reduce.1.weight",
}
_HEADS = {"conv": {"output": "head"}, "upsampler": {"tail.0.0": "head.0", "tail.0.2": "head.2", "tail.1": "head.4"}}


def read_official(state: Mapping[str, Tensor]) -> tuple[ModelConfig, int, dict[str, Tensor]]:
    """A bare official state dict: `G.*` with `E.*`, or `G.*` with `condition.*`, `denoise.*` and `diffusion.*`.

    Returns its config, its stage (1 or 2) and the same tensors under our names; 1x1 convolutions become matrices.
    Raises `WeightsError` for another network, and for a DiffIR with anything missing, left over or contradictory.
    """
    if STEM not in state:
        raise WeightsError(
            Message("this is not a DiffIR file: it lacks {stem}, and holds {names}.", stem=STEM, names=some(state)),
            "Use another file.",
        )
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
            raise WeightsError(
                Message("the two copies of {name} in this file differ.", name=readable(name)),
                "Download or copy it again.",
            )
        merged[name] = tensor
    return merged


def _as_matrix(tensor: Tensor, expected: torch.Size | None) -> Tensor:
    """Our 1x1 convolutions are `Linear` layers: the same numbers without two dimensions of one."""
    return tensor.reshape(expected) if expected is not None and tensor.shape == (*expected, 1, 1) else tensor


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
        raise WeightsError(
            Message(
                "the U-Net takes {stem_channels} channels; 3, 4, 12 or 48 were expected.", stem_channels=stem_channels
            ),
            _OTHER,
        )
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
        raise cannot_be(error) from error


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
            raise WeightsError(Message("this DiffIR file is incomplete: it lacks {name}.", name=name), _AGAIN)
        shape = self.weights[name].shape
        if len(shape) != rank or 0 in shape:
            raise WeightsError(
                Message(
                    "{name} has the shape {shape}; {rank} dimensions were expected.",
                    name=name,
                    shape=tuple(shape),
                    rank=rank,
                ),
                _OTHER,
            )
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


def schedule_buffers(config: ModelConfig) -> dict[str, np.ndarray]:
    """All twelve, by their official name without `diffusion.`, in closed form: float64 (T,)."""
    schedule = Schedule.from_config(config)
    bar, before = schedule.alpha_bars, schedule.alpha_bars_before
    variance = schedule.betas * (1.0 - before) / (1.0 - bar)
    return {
        "betas": schedule.betas,
        "alphas_cumprod": bar,
        "alphas_cumprod_prev": before,
        "sqrt_alphas_cumprod": np.sqrt(bar),
        "sqrt_one_minus_alphas_cumprod": np.sqrt(1.0 - bar),
        "log_one_minus_alphas_cumprod": np.log(1.0 - bar),
        "sqrt_recip_alphas_cumprod": np.sqrt(1.0 / bar),
        "sqrt_recipm1_alphas_cumprod": np.sqrt(1.0 / bar - 1.0),
        "posterior_variance": variance,
        "posterior_log_variance_clipped": np.log(np.maximum(variance, 1e-20)),
        "posterior_mean_coef1": schedule.x0_weights,
        "posterior_mean_coef2": schedule.xt_weights,
    }


def check_buffers(found: Mapping[str, Tensor], config: ModelConfig) -> None:
    """Raises `WeightsError` for a constant that DiffIR does not have, or that its own betas contradict."""
    closed_form = {f"diffusion.{name}": torch.from_numpy(values) for name, values in schedule_buffers(config).items()}
    for name, tensor in found.items():
        expected = closed_form.get(name)
        if expected is None or tensor.shape != expected.shape:
            raise WeightsError(
                Message("{name} is no part of the diffusion that DiffIR uses.", name=readable(name)),
                "Use another file.",
            )
        tolerance = max(1e-5, 4 * torch.finfo(tensor.dtype).eps)
        if not torch.allclose(tensor.double(), expected, rtol=tolerance, atol=tolerance):
            raise WeightsError(
                Message("{name} contradicts the schedule that diffusion.betas sets.", name=name), "Use another file."
            )


def official_names(config: ModelConfig, stage: int) -> dict[str, str]:
    """Every parameter of the network: official name -> our name. Aliases and schedule buffers are not in it.

    `config.head` must be one that the authors' code has: "conv" or "upsampler" (`KeyError` otherwise).
    """
    encoder = "E" if stage == 1 else "condition"
    parts = [("G", "painter", _unet(config)), (encoder, "encoder", _encoder(config))]
    if stage == 2:
        parts.append(("denoise", "denoiser", _denoiser(config)))
    return {f"{theirs}.{a}": f"{ours}.{b}" for theirs, ours, names in parts for a, b in names}


def _unet(config: ModelConfig) -> Iterator[tuple[str, str]]:
    yield from _FRAME.items()
    for layer, ours in _HEADS[config.head].items():
        yield f"{layer}.weight", f"{ours}.weight"
        if config.head == "upsampler":
            yield f"{layer}.bias", f"{ours}.bias"
    levels = [("latent", "latent", config.blocks[3]), ("refinement", "refinement", config.refinement_blocks)]
    for side in ("encoder", "decoder"):
        levels += [(f"{side}_level{i + 1}", f"{side}.{i}", config.blocks[i]) for i in range(3)]
    for level, ours, count in levels:
        for i in range(count):
            for a, b in _BLOCK.items():
                if config.norm == "with_bias" or not a.endswith(".bias"):
                    yield f"{level}.{i}.{a}", f"{ours}.{i}.{b}"


def _encoder(config: ModelConfig) -> Iterator[tuple[str, str]]:
    """In the authors' Sequential, 0 is the stem, 2..n+1 are the residual blocks, and n+2, n+4 and n+6 widen."""
    count = config.prior_blocks
    layers = {"E.0": "stem", "mlp.0": "mlp.0", "mlp.2": "mlp.1"}
    layers |= {f"E.{count + 2 + 2 * i}": f"widen.{i}" for i in range(3)}
    for i in range(count):
        layers |= {f"E.{i + 2}.body.0": f"blocks.{i}.conv1", f"E.{i + 2}.body.2": f"blocks.{i}.conv2"}
    return _with_bias(layers)


def _denoiser(config: ModelConfig) -> Iterator[tuple[str, str]]:
    layers = {"resmlp.0": "stem"}
    layers |= {f"resmlp.{i + 2}.resmlp.0": f"hidden.{i}" for i in range(config.denoiser_blocks)}
    return _with_bias(layers)


def _with_bias(layers: dict[str, str]) -> Iterator[tuple[str, str]]:
    for theirs, ours in layers.items():
        for parameter in ("weight", "bias"):
            yield f"{theirs}.{parameter}", f"{ours}.{parameter}"
