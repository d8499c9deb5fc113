"""Trains the networks: one stage of one task, or a campaign over tasks and stages within one budget.

Under `torchrun` the same commands train on several processes or GPUs.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import MISSING, fields
from pathlib import Path

import torch

from ..checkout import tool
from ..errors import DiffIRError, InputError
from ..tasks import TASKS, Task, get_task
from . import directions
from .config import TrainConfig
from .data import TrainData
from .distributed import Distributed, join
from .init_from import InitFrom
from .progress import draw
from .runs import Plan, TrainContext, campaign, export, open_pool, print_row, run
from .state import read_state
from .validation import Validator


def main(arguments: Sequence[str] | None = None) -> int:
    began = time.monotonic()
    options = _parser().parse_args(arguments)
    if getattr(options, "threads", None):
        torch.set_num_threads(options.threads)
    try:
        options.run(options, began)
    except DiffIRError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; the same command goes on from the last save", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m diffir_demo.training", description=__doc__)
    commands = parser.add_subparsers(dest="task", required=True, metavar="COMMAND")
    for task in TASKS.values():
        one = commands.add_parser(task.key, help=f"train one stage of: {task.title}")
        one.set_defaults(run=_train)
        one.add_argument("--stage", type=int, choices=[1, 2, 3], default=1)
        one.add_argument("--out", type=Path, required=True, metavar="RUN", help="folder of the run")
        add_init_options(one)
        add_training_options(one, minutes=10)

    whole = commands.add_parser("campaign", help="every task and stage within one budget, weight files at the end")
    whole.set_defaults(run=_campaign)
    whole.add_argument("--tasks", nargs="+", choices=list(TASKS), default=list(TASKS))
    whole.add_argument("--stages", nargs="+", type=int, choices=[1, 2, 3], default=[1, 2])
    whole.add_argument("--start", type=Path, metavar="DIR", help="a folder of weight files to go on from")
    whole.add_argument("--out", type=Path, required=True, metavar="DIR")
    whole.add_argument("--note", default="{}", metavar="JSON", help="facts to add to the training record")
    add_training_options(whole, minutes=60)

    # What follows goes to the tools as it is: no prefix makes an option of it here.
    for name, module, about in (
        ("ablate", "ablations", "train variants for a short time each and compare them (needs a clone)"),
        ("throughput", "throughput", "pictures per second and where the time goes (needs a clone)"),
    ):
        study = commands.add_parser(name, help=about, prefix_chars="\0", add_help=False)
        study.set_defaults(run=_study, tool=f"training.{module}")
        study.add_argument("arguments", nargs="*")

    file = commands.add_parser("export", help="a finished run as a weight file")
    file.set_defaults(run=_export)
    file.add_argument("--run", dest="runs", type=Path, action="append", required=True, help="in order, once per run")
    file.add_argument("--out", type=Path, required=True, metavar="FILE.safetensors")
    file.add_argument("--before", type=Path, metavar="FILE", help="the weight file that the first run started from")
    file.add_argument("--blend", type=Path, metavar="FILE", help="a file of the same network to interpolate with")
    file.add_argument("--share", type=float, default=0.8, help="of --blend: the run's part (default %(default)g)")
    file.add_argument("--note", default="{}", metavar="JSON", help="facts to add to the training record")

    fitting = commands.add_parser(
        "directions", help="fit what a finished network's IPR says, and write it into its file"
    )
    fitting.set_defaults(run=_directions)
    fitting.add_argument("--weights", type=Path, required=True, metavar="FILE.safetensors", help="a finished stage 2")
    fitting.add_argument("--data", type=Path, required=True, metavar="DIR", help="photos to fit to")
    fitting.add_argument("--held-out", type=Path, required=True, metavar="DIR", help="clean photos to judge by")
    fitting.add_argument("--pairs", type=int, default=directions.PAIRS, metavar="N", help="crops (default %(default)d)")
    fitting.add_argument("--seed", type=int, default=0, metavar="N", help="of crops and damage (default %(default)d)")
    fitting.add_argument("--out", type=Path, metavar="FILE.safetensors", help="another file (default: the same)")
    fitting.add_argument("--device", default="auto")
    fitting.add_argument("--threads", type=int, help="CPU threads")

    curves = commands.add_parser("curves", help="loss and validation of runs as a PNG")
    curves.set_defaults(run=_curves)
    curves.add_argument("--run", dest="runs", type=Path, action="append", required=True, help="in order, once per run")
    curves.add_argument("--out", type=Path, required=True, metavar="FILE.png")
    return parser


def add_init_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--teacher", type=Path, metavar="RUN_OR_FILE", help="stage 2: the finished stage 1; needless with --start"
    )
    parser.add_argument("--start", type=Path, metavar="RUN_OR_FILE", help="weights to go on from")
    parser.add_argument(
        "--prior", type=Path, metavar="RUN_OR_FILE", help="stage 2: whose IPR the U-Net of --start is to decode with"
    )


def add_training_options(parser: argparse.ArgumentParser, minutes: float) -> None:
    usual = {f.name: f.default for f in fields(TrainConfig) if f.default is not MISSING}
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="photos to learn from")
    parser.add_argument("--estimates", type=Path, metavar="DIR", help="of training.estimates, for the preset path")
    parser.add_argument("--validation", type=Path, required=True, metavar="DIR", help="photos to validate on")
    parser.add_argument("--validation-pictures", type=int, metavar="N", help="only the first N of them")
    parser.add_argument("--minutes", type=float, default=minutes, help="wall-clock budget (default %(default)g)")
    parser.add_argument("--patch", type=int, nargs="+", default=usual["patch"], help="crop sizes, one per phase")
    parser.add_argument("--batch", type=int, nargs="+", default=usual["batch"], help="crops per step, one per phase")
    for name, value in usual.items():
        if type(value) in (int, float):
            parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value, metavar="N")
    parser.add_argument("--optimiser", choices=["adamw", "muon"], default=usual["optimiser"])
    parser.add_argument("--pixel-loss", choices=["l1", "charbonnier", "psnr"], default=usual["pixel_loss"])
    parser.add_argument("--ipr-loss", choices=["l1", "l2"], default=usual["ipr_loss"])
    for name in ("steer_rate", "alone_rate"):
        parser.add_argument(f"--{name.replace('_', '-')}", type=float, metavar="N")
    parser.add_argument("--timesteps", type=int, help="diffusion steps, 0: none (default: the network's own)")
    parser.add_argument("--preset", metavar="NAME", help="the network and the damage of one of the task's presets")
    parser.add_argument("--scale", type=int, metavar="N", help="where presets of that name differ in it")
    parser.add_argument("--refit", action="store_true", help="fit probe and first restoration anew to begin with")
    parser.add_argument("--reverse-noise", action="store_true", help="noise in the reverse process")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, help="CPU threads")


def config_of(options: argparse.Namespace, task: Task, stage: int) -> TrainConfig:
    given = {f.name: getattr(options, f.name) for f in fields(TrainConfig) if f.name not in ("task", "stage")}
    config = TrainConfig.from_dict({"task": task.key, "stage": stage, **given})
    task = config.trained
    multiple = task.config.multiple_of * task.config.scale
    if any(patch % multiple or patch < multiple for patch in config.patch):
        raise InputError(f"--patch must be multiples of {multiple} for {task.key}, not {options.patch}.")
    return config


def _folders(options: argparse.Namespace) -> None:
    for name in ("data", "validation"):
        if not getattr(options, name).is_dir():
            raise InputError(f"--{name} must be a folder of photos; there is no '{getattr(options, name).name}'.")


def context_of(options: argparse.Namespace, task: Task, dist: Distributed) -> TrainContext:
    _folders(options)
    validator = Validator(task, options.validation, options.validation_pictures)
    data = TrainData.prepare(task, open_pool(options.data, dist), options.estimates)
    return TrainContext(data, validator, dist, getattr(options, "compile", None))


def init_of(options: argparse.Namespace) -> InitFrom:
    return InitFrom(options.teacher, options.start, options.prior)


def _train(options: argparse.Namespace, began: float) -> None:
    config = config_of(options, get_task(options.task), options.stage)
    task = config.trained
    with join(options.device) as dist:
        context = context_of(options, task, dist)
        for row in run(context, config, init_of(options), options.out, began=began):
            print_row(row)


def _campaign(options: argparse.Namespace, began: float) -> None:
    recipes = [config_of(options, get_task(key), 1) for key in options.tasks]
    base, tasks = recipes[0], tuple(config.trained for config in recipes)
    plan = Plan(tasks, tuple(options.stages), options.minutes, options.out, options.start, options.note)
    with join(options.device) as dist:
        _folders(options)
        pool = open_pool(options.data, dist)
        for _, row in campaign(plan, base, pool, options.validation, options.validation_pictures, dist, began):
            print_row(row)


def _study(options: argparse.Namespace, began: float) -> None:
    tool(options.tool).main(options.arguments)


def _export(options: argparse.Namespace, began: float) -> None:
    info = export(
        options.runs,
        options.out,
        note=options.note,
        before=options.before,
        blend=options.blend,
        share=options.share,
    )
    print(f"{options.out.name} written: {info.badge}, {info.training['minutes']} minutes")


def _directions(options: argparse.Namespace, began: float) -> None:
    info = directions.add_directions(
        options.weights,
        options.data,
        options.held_out,
        target=options.out,
        pairs=options.pairs,
        seed=options.seed,
        device=options.device,
    )
    print(directions.markdown(info))


def _curves(options: argparse.Namespace, began: float) -> None:
    states = [read_state(run / "state.pt") for run in options.runs]
    names = [f"stage {state['config']['stage']} ({run.name})" for run, state in zip(options.runs, states, strict=True)]
    histories = [state["progress"]["history"] for state in states]
    metric = get_task(states[-1]["config"]["task"]).headline
    draw(list(zip(names, histories, strict=True)), metric, options.out)


if __name__ == "__main__":
    sys.exit(main())
