"""The authors' networks, as far as tests need them: key lists, computed weights, computed inputs, stored results.

No trained weights are involved: every tensor is filled by a rule from its own name, so a file of results made with the
authors' code can be compared number by number. `fixtures/README.md` has the rules.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from diffir_demo.model import ModelConfig
from diffir_demo.weights.official import official_names, schedule_buffers

FIXTURES = Path(__file__).parent / "fixtures"
GOLDEN = ("inpainting", "sr_x4", "deblur")
ALIASES = {"condition.": "diffusion.condition.", "denoise.": "diffusion.model."}
_1X1 = (
    "qkv.weight",
    "project_out.weight",
    "project_in.weight",
    "reduce_chan_level2.weight",
    "reduce_chan_level3.weight",
)


@lru_cache
def key_list(variant: str) -> dict[str, Any]:
    return json.loads((FIXTURES / f"{variant}.keys.json").read_text())


def results(variant: str, stage: int) -> dict[str, np.ndarray]:
    return dict(np.load(FIXTURES / f"{variant}{'.s1' if stage == 1 else ''}.golden.npz"))


def uniform(seed: int, shape: tuple[int, ...]) -> np.ndarray:
    return np.random.Generator(np.random.PCG64(seed)).random(shape, dtype=np.float32)


def normal(seed: int, shape: tuple[int, ...]) -> np.ndarray:
    return np.random.Generator(np.random.PCG64(seed)).standard_normal(shape, dtype=np.float32)


def fill(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """The weights that the results were made with, from a tensor's official name alone."""
    z = normal(zlib.crc32(name.encode()), shape)
    if name.endswith("temperature"):
        return 1 + np.float32(0.1) * z
    if name.endswith(".bias"):
        return np.float32(0.1) * z
    if len(shape) == 1:
        return 1 + np.float32(0.1) * z
    return z * np.float32(1 / np.sqrt(np.prod(shape[1:])))


def filled_state(variant: str, stage: int) -> dict[str, Tensor]:
    """A complete official state dict: filled weights, their aliases, the schedule's buffers."""
    record = key_list(variant)[f"S{stage}"]
    aliases, buffers = record["aliases"], record["buffers"]
    own = {k: tuple(s) for k, s in record["keys"] if k not in aliases and k not in buffers}
    state = {name: torch.from_numpy(fill(name, shape)) for name, shape in own.items()}
    state |= {alias: state[name] for alias, name in aliases.items()}
    return state | {name: torch.tensor(values) for name, values in buffers.items()}


def fill_hash(state: dict[str, Tensor], variant: str, stage: int) -> str:
    record = key_list(variant)[f"S{stage}"]
    digest = hashlib.sha256()
    for name in sorted(set(state) - set(record["aliases"]) - set(record["buffers"])):
        digest.update(name.encode())
        digest.update(state[name].numpy().astype("<f4").tobytes())
    return digest.hexdigest()


def empty_state(variant: str, stage: int) -> dict[str, Tensor]:
    """The same names and shapes without memory: every weight is one shared zero."""
    record = key_list(variant)[f"S{stage}"]
    state = {name: torch.zeros(()).expand(shape) for name, shape in record["keys"]}
    return state | {name: torch.tensor(values) for name, values in record["buffers"].items()}


def as_official(state: dict[str, Tensor], config: ModelConfig, stage: int) -> dict[str, Tensor]:
    """Our state dict as the authors' code would have written it."""
    named = {theirs: state[ours] for theirs, ours in official_names(config, stage).items()}
    named = {name: t[..., None, None] if name.endswith(_1X1) else t for name, t in named.items()}
    if stage == 1:
        return named
    for name in list(named):
        for canonical, alias in ALIASES.items():
            if name.startswith(canonical):
                named[alias + name.removeprefix(canonical)] = named[name]
    buffers = {f"diffusion.{k}": torch.from_numpy(v).float() for k, v in schedule_buffers(config).items()}
    return named | buffers
