"""Networks small enough for tests: every structural choice of the real ones, a few thousand parameters."""

from __future__ import annotations

import dataclasses

import torch

from diffir_demo.model import COMPACT, DiffIR, ModelConfig, Teacher
from diffir_demo.restore import Engine
from diffir_demo.tasks import TASKS
from diffir_demo.weights import WeightsInfo

SMALL = {"width": 8, "blocks": (1, 1, 1, 1), "refinement_blocks": 1, "prior_width": 8, "prior_blocks": 1}
CONFIGS: dict[str, ModelConfig] = {
    "inpaint": dataclasses.replace(COMPACT["compact_inpaint"], **SMALL),
    "sr": dataclasses.replace(COMPACT["compact_sr_x4"], **SMALL),
    "deblur": dataclasses.replace(COMPACT["compact_deblur"], **SMALL),
}


def network(task: str, seed: int = 0) -> DiffIR:
    """A tiny untrained network whose IPR matters: its vectors start around one, as in training."""
    torch.manual_seed(seed)
    model = DiffIR(CONFIGS[task])
    torch.nn.init.ones_(model.denoiser.hidden[-1].bias)
    return model.eval().requires_grad_(False)


def teacher(task: str, seed: int = 0) -> Teacher:
    """The stage-1 network of the same size, untrained."""
    torch.manual_seed(seed)
    return Teacher(CONFIGS[task]).eval().requires_grad_(False)


def engine(task: str, precision: torch.dtype = torch.float32) -> Engine:
    model = network(task)
    info = WeightsInfo(
        name="tiny",
        task=TASKS[task].key,
        stage=2,
        config=model.config,
        provenance="untrained",
        training={},
        sha256="0" * 64,
        parameters=sum(p.numel() for p in model.parameters()),
        file="tiny.safetensors",
    )
    return Engine(model, info, torch.device("cpu"), precision)
