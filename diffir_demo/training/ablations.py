"""The paper's questions, and some of our own, asked of compact networks within a fixed short budget each.

All variants of one question start from the same weights and see the same crops for the same time; one thing differs.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..disk import write_whole
from .recipe import Recipe
from .runs import Workshop, run
from .starts import Sources

STAGE2: dict[str, dict[str, Any]] = {
    "as shipped: 4 steps, joint, L1 on the IPR": {},
    "no diffusion (the encoder's output is the IPR)": {"timesteps": 0},
    "not joint (the U-Net stays as the teacher's)": {"prior_only": 1.0},
    "joint from the first step (no prior-only start)": {"prior_only": 0.0},
    "1 diffusion step": {"timesteps": 1},
    "2 diffusion steps": {"timesteps": 2},
    "8 diffusion steps": {"timesteps": 8},
    "noise in the reverse process": {"reverse_noise": True},
    "L2 on the IPR": {"ipr_loss": "l2"},
    "no loss on the IPR": {"ipr_weight": 0.0},
    "also distilled from the teacher's picture": {"output_weight": 0.5},
}
"""The questions of the paper's ablations: diffusion, joint training, number of steps, noise, kind of IPR loss."""

LEARNING: dict[str, dict[str, Any]] = {
    "base: 64 px x 16, L1, rate 2e-3, EMA 0.999": {},
    "96 px x 8": {"patch": (96,), "batch": (8,)},
    "128 px x 4": {"patch": (128,), "batch": (4,)},
    "64, 96, 128 px in turn": {"patch": (64, 96, 128), "batch": (16, 8, 4)},
    "rate 1e-3": {"learning_rate": 1e-3},
    "rate 4e-3": {"learning_rate": 4e-3},
    "Charbonnier": {"pixel_loss": "charbonnier"},
    "L1 and 0.05 spectrum": {"fft_weight": 0.05},
    "EMA 0.99": {"ema": 0.99},
    "Muon for the matrices": {"optimiser": "muon"},
    "logarithm of the squared error": {"pixel_loss": "psnr"},
}
"""What helps a compact network learn within minutes: stage 1 from untrained weights."""


@dataclass(frozen=True)
class Outcome:
    """One variant's result."""

    name: str
    before: float
    after: float
    """Validation dB, the task's headline."""
    steps: int


def ablate(
    workshop: Workshop, base: Recipe, variants: dict[str, dict[str, Any]], sources: Sources, folder: Path
) -> Iterator[Outcome]:
    """Trains every variant for `base.minutes`; those that an earlier call finished are taken from `outcomes.json`."""
    file = folder / "outcomes.json"
    known: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    for number, (name, changes) in enumerate(variants.items()):
        if name not in known:
            recipe = dataclasses.replace(base, **changes)
            rows = list(run(workshop, recipe, sources, folder / str(number)))
            headline = workshop.task.headline
            known[name] = {"before": rows[0][headline], "after": rows[-1][headline], "steps": int(rows[-1]["step"])}
            write_whole(file, json.dumps(known, indent=1))
        yield Outcome(name, **known[name])


def markdown(task: str, base: Recipe, outcomes: list[Outcome]) -> str:
    """The table as GitHub shows it, differences against the first row."""
    lines = [
        f"**{task}, stage {base.stage}**, {base.minutes:g} minutes each, validation PSNR in dB",
        "",
        "| variant | steps | before | after | against the first |",
        "|---|---|---|---|---|",
    ]
    for each in outcomes:
        gain = each.after - outcomes[0].after
        lines.append(f"| {each.name} | {each.steps:,} | {each.before:.2f} | {each.after:.2f} | {gain:+.2f} |")
    return "\n".join(lines) + "\n"
