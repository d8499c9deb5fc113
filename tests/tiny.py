"""Networks small enough for tests: every structural choice of the real ones, a few thousand parameters."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import torch

from diffir_demo.api import Model
from diffir_demo.model import COMPACT, DiffIR, ModelConfig, Teacher
from diffir_demo.tasks import TASKS, Preset
from diffir_demo.tasks.damage import SEVERITIES
from diffir_demo.weights import Directions, WeightsInfo
from diffir_demo.weights.directions import SHAPES

SMALL = {"width": 8, "blocks": (1, 1, 1, 1), "refinement_blocks": 1, "prior_width": 8, "prior_blocks": 1}
CONFIGS: dict[str, ModelConfig] = {
    "inpaint": dataclasses.replace(COMPACT["compact_inpaint"], **SMALL),
    "clean": dataclasses.replace(COMPACT["compact_clean"], **SMALL),
    "sr": dataclasses.replace(COMPACT["compact_sr_x4"], **SMALL),
    "deblur": dataclasses.replace(COMPACT["compact_deblur"], **SMALL),
}
WITH_PATH = dataclasses.replace(COMPACT["compact_deblur_path"], **SMALL)


def network(task: str, seed: int = 0, config: ModelConfig | None = None) -> DiffIR:
    """A tiny untrained network whose IPR matters: its vectors start around one, as in training."""
    torch.manual_seed(seed)
    model = DiffIR(config or CONFIGS[task])
    torch.nn.init.ones_(model.denoiser.hidden[-1].bias)
    return model.eval().requires_grad_(False)


def network_of(preset: Preset, seed: int = 0) -> DiffIR:
    """As `network`, for a preset of any task and scale."""
    torch.manual_seed(seed)
    model = DiffIR(dataclasses.replace(preset.config, **SMALL))
    torch.nn.init.ones_(model.denoiser.hidden[-1].bias)
    return model.eval().requires_grad_(False)


def training(task: str) -> dict[str, Any]:
    """The record of a tiny network: one that reads tells how."""
    return {"directions": directions().to_dict()} if TASKS[task].reads else {}


def teacher(task: str, seed: int = 0) -> Teacher:
    """The stage-1 network of the same size, untrained."""
    torch.manual_seed(seed)
    return Teacher(CONFIGS[task]).eval().requires_grad_(False)


def directions(seed: int = 0) -> Directions:
    """Random regressions that read all there is off the IPR of a tiny network, whose numbers lie around one."""
    rng = np.random.default_rng(seed)
    sizes = {"k": 3, "n": 256, "h": 4}
    arrays = {
        name: rng.normal(size=[sizes[side] for side in shape])
        for name, shape in SHAPES.items()
        if "n" in shape or "h" in shape
    }
    most = np.array([40.0, 3.0, 75.0], np.float32)
    weight, out = (arrays.pop(name) * most[:, None] / 100 for name in ("weight", "out"))
    rest = {"bias": most / 2, "error": most / 20, "r2": np.full(3, 0.9), "most": most}
    values = {"weight": weight, "out": out, **arrays, **rest}
    return Directions(SEVERITIES, **{name: value.astype(np.float32) for name, value in values.items()})


def engine(task: str, precision: torch.dtype = torch.float32, config: ModelConfig | None = None) -> Model:
    """A tiny untrained network of that task, ready to run on the CPU."""
    model = network(task, config=config)
    info = WeightsInfo(
        name="tiny",
        task=TASKS[task].key,
        stage=2,
        config=model.config,
        provenance="untrained",
        training=training(task),
        sha256="0" * 64,
        parameters=sum(p.numel() for p in model.parameters()),
        file="tiny.safetensors",
    )
    return Model(TASKS[task], model, info, torch.device("cpu"), precision)
