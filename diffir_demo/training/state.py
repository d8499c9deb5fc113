"""Everything a run needs to go on after it was stopped, saved whole or not at all."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ..errors import InputError


@dataclass(frozen=True)
class Recipe:
    """One run of one stage. Everything that changes its result, and nothing else."""

    task: str
    stage: int
    minutes: float
    """Wall-clock budget of the whole run, resumed parts included; the schedule is laid over it."""
    patch: int = 128
    """Side of the target crops, pixels."""
    batch: int = 16
    learning_rate: float = 1e-3
    """Peak, after the warm-up; it falls along a cosine to a hundredth."""
    prior_rate: float = 0.1
    """Factor on the learning rate of everything that makes or reads the IPR. Its 256 numbers enter those layers
    together, so an Adam step moves their outputs many times further than a convolution's, and loss spikes followed."""
    warm_up: float = 0.02
    """Share of the budget in which the learning rate rises from zero."""
    gradient_clip: float = 1.0
    """Largest norm of the gradient."""
    ema: float = 0.999
    """Decay of the averaged weights, which are the ones that are validated and kept."""
    ipr_weight: float = 1.0
    """Stage 2 only: weight of the L1 between the estimated IPR and the teacher's."""
    prior_only: float = 0.1
    """Stage 2 only: share of the budget in which only prior encoder and denoiser learn. A few cheap steps, without
    painting, that spare the U-Net the nonsense of an untrained prior; the authors do so for deblurring and RealSR."""
    seed: int = 0
    save_every: float = 2.0
    """Minutes between saves: what a killed run loses at most."""
    validate_every: float = 10.0
    """Minutes between validations."""


@dataclass
class Progress:
    """Where a run is, and what it has seen."""

    step: int = 0
    skipped: int = 0
    """Batches whose gradient was not finite, and that taught nothing therefore."""
    seconds: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)
    """One row per log line: step, minutes, loss and its parts, and validation scores where there are any."""


MAY_CHANGE = ("minutes", "save_every", "validate_every")
"""Fields of a recipe that a resumed run may have otherwise."""


@dataclass
class RunState:
    """A run at one moment."""

    recipe: Recipe
    network: nn.Module
    average: nn.Module
    """The averaged weights."""
    optimiser: torch.optim.Optimizer
    rng: np.random.Generator
    """Draws crops and damage; torch's generators are saved beside it."""
    progress: Progress = field(default_factory=Progress)

    def save(self, path: Path) -> None:
        """A kill while writing leaves the former save."""
        state: dict[str, Any] = {
            "recipe": asdict(self.recipe),
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "progress": asdict(self.progress),
            "torch_rng": torch.get_rng_state(),
            "cuda_rng": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
            "numpy_rng": json.dumps(self.rng.bit_generator.state),
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        torch.save(state, part)
        os.replace(part, path)

    def restore(self, path: Path) -> None:
        """Takes up a saved run; raises `InputError` where it was made with another recipe."""
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        wanted = {k: v for k, v in asdict(self.recipe).items() if k not in MAY_CHANGE}
        differing = [k for k, v in wanted.items() if state["recipe"].get(k) != v]
        if differing:
            raise InputError(
                f"The saved run in '{path.parent.name}' was made with another {', '.join(differing)}.",
                "Use the same options, or another --out folder.",
            )
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.progress = Progress(**state["progress"])
        torch.set_rng_state(state["torch_rng"])
        if len(state["cuda_rng"]) == torch.cuda.device_count():
            torch.cuda.set_rng_state_all(state["cuda_rng"])
        self.rng.bit_generator.state = json.loads(state["numpy_rng"])
