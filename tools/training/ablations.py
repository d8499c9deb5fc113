"""The paper's questions, and some of our own, asked of compact networks within a fixed short budget each.

All variants of one question start from the same weights and see the same crops for the same time; one thing differs.
`python -m diffir_demo.training ablate TASK --question stage2 --teacher RUN --minutes 1 ...`
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from diffir_demo.disk import write_whole
from diffir_demo.figures import markdown_table
from diffir_demo.tasks import TASKS, get_task
from diffir_demo.training.__main__ import add_init_options, add_training_options, config_of, context_of, init_of
from diffir_demo.training.config import TrainConfig
from diffir_demo.training.distributed import join
from diffir_demo.training.init_from import InitFrom
from diffir_demo.training.runs import TrainContext, run

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
    context: TrainContext, base: TrainConfig, variants: dict[str, dict[str, Any]], init: InitFrom, folder: Path
) -> Iterator[Outcome]:
    """Trains every variant for `base.minutes`; those that an earlier call finished are taken from `outcomes.json`."""
    file = folder / "outcomes.json"
    known: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    for number, (name, changes) in enumerate(variants.items()):
        if name not in known:
            config = dataclasses.replace(base, **changes)
            rows = list(run(context, config, init, folder / str(number)))
            headline = context.task.headline
            known[name] = {"before": rows[0][headline], "after": rows[-1][headline], "steps": int(rows[-1]["step"])}
            write_whole(file, json.dumps(known, indent=1))
        yield Outcome(name, **known[name])


def markdown(task: str, base: TrainConfig, outcomes: list[Outcome]) -> str:
    """The table as GitHub shows it, differences against the first row."""
    first = outcomes[0].after
    rows = [[o.name, f"{o.steps:,}", f"{o.before:.2f}", f"{o.after:.2f}", f"{o.after - first:+.2f}"] for o in outcomes]
    title = f"**{task}, stage {base.stage}**, {base.minutes:g} minutes each, validation PSNR in dB"
    return f"{title}\n\n{markdown_table(['variant', 'steps', 'before', 'after', 'against the first'], rows)}\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Trains the variants of a question and prints their table."""
    parser = argparse.ArgumentParser(prog="python -m diffir_demo.training ablate")
    parser.add_argument("of", choices=list(TASKS))
    parser.add_argument("--question", choices=["stage2", "learning"], default="stage2")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    add_init_options(parser)
    add_training_options(parser, minutes=2)
    options = parser.parse_args(arguments)
    if options.threads:
        torch.set_num_threads(options.threads)
    stage, variants = {"stage2": (2, STAGE2), "learning": (1, LEARNING)}[options.question]
    config = config_of(options, get_task(options.of), stage)
    with join(options.device) as dist:
        context = context_of(options, config.trained, dist)
        found = list(ablate(context, config, variants, init_of(options), options.out))
    print(markdown(options.of, config, found))
