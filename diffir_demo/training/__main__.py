"""Teaches the networks: one stage of one task, or a campaign over tasks and stages within one budget.

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

from ..errors import DiffIRError, InputError
from ..tasks import TASKS, Task, get_task
from . import ablations, directions, throughput
from .campaign import Plan, campaign
from .curves import draw
from .data import Material
from .export import export
from .recipe import Recipe
from .runs import Workshop, open_pool, run, say
from .starts import Sources
from .state import read_state
from .validation import Validator
from .world import World, join


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
        _add_sources(one)
        _add_training(one, minutes=10)

    whole = commands.add_parser("campaign", help="every task and stage within one budget, weight files at the end")
    whole.set_defaults(run=_campaign)
    whole.add_argument("--tasks", nargs="+", choices=list(TASKS), default=list(TASKS))
    whole.add_argument("--stages", nargs="+", type=int, choices=[1, 2, 3], default=[1, 2])
    whole.add_argument("--start", type=Path, metavar="DIR", help="a folder of weight files to go on from")
    whole.add_argument("--out", type=Path, required=True, metavar="DIR")
    whole.add_argument("--note", default="{}", metavar="JSON", help="facts to add to the training record")
    _add_training(whole, minutes=60)

    study = commands.add_parser("ablate", help="train variants for a short time each and compare them")
    study.set_defaults(run=_ablate)
    study.add_argument("of", choices=list(TASKS))
    study.add_argument("--question", choices=["stage2", "learning"], default="stage2")
    study.add_argument("--out", type=Path, required=True, metavar="DIR")
    _add_sources(study)
    _add_training(study, minutes=2)

    speed = commands.add_parser("throughput", help="pictures per second and where the time goes")
    speed.set_defaults(run=_throughput)
    speed.add_argument("of", choices=list(TASKS))
    speed.add_argument("--stage", type=int, choices=[1, 2, 3], default=1)
    speed.add_argument("--compile", action="store_true", help="blocks through torch.compile")
    _add_sources(speed)
    _add_training(speed, minutes=1)

    file = commands.add_parser("export", help="a finished run as a weight file")
    file.set_defaults(run=_export)
    file.add_argument("--run", dest="runs", type=Path, action="append", required=True, help="in order, once per run")
    file.add_argument("--out", type=Path, required=True, metavar="FILE.safetensors")
    file.add_argument("--before", type=Path, metavar="FILE", help="the weight file that the first run started from")
    file.add_argument("--blend", type=Path, metavar="FILE", help="a file of the same network to interpolate with")
    file.add_argument("--share", type=float, default=0.8, help="of --blend: the run's part (default %(default)g)")
    file.add_argument("--note", default="{}", metavar="JSON", help="facts to add to the training record")

    told = commands.add_parser("directions", help="fit what a finished network's IPR tells, and write it into its file")
    told.set_defaults(run=_directions)
    told.add_argument("--weights", type=Path, required=True, metavar="FILE.safetensors", help="a finished stage 2")
    told.add_argument("--data", type=Path, required=True, metavar="DIR", help="photos to fit to")
    told.add_argument("--held-out", type=Path, required=True, metavar="DIR", help="clean photos to judge by")
    told.add_argument("--pairs", type=int, default=directions.PAIRS, metavar="N", help="crops (default %(default)d)")
    told.add_argument("--seed", type=int, default=0, metavar="N", help="of crops and damage (default %(default)d)")
    told.add_argument("--out", type=Path, metavar="FILE.safetensors", help="another file (default: the same)")
    told.add_argument("--device", default="auto")
    told.add_argument("--threads", type=int, help="CPU threads")

    curves = commands.add_parser("curves", help="loss and validation of runs as a PNG")
    curves.set_defaults(run=_curves)
    curves.add_argument("--run", dest="runs", type=Path, action="append", required=True, help="in order, once per run")
    curves.add_argument("--out", type=Path, required=True, metavar="FILE.png")
    return parser


def _add_sources(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--teacher", type=Path, metavar="RUN_OR_FILE", help="stage 2: the finished stage 1; needless with --start"
    )
    parser.add_argument("--start", type=Path, metavar="RUN_OR_FILE", help="weights to go on from")
    parser.add_argument(
        "--prior", type=Path, metavar="RUN_OR_FILE", help="stage 2: whose IPR the U-Net of --start is to paint with"
    )


def _add_training(parser: argparse.ArgumentParser, minutes: float) -> None:
    usual = {f.name: f.default for f in fields(Recipe) if f.default is not MISSING}
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


def _recipe(options: argparse.Namespace, task: Task, stage: int) -> Recipe:
    given = {f.name: getattr(options, f.name) for f in fields(Recipe) if f.name not in ("task", "stage")}
    recipe = Recipe.from_dict({"task": task.key, "stage": stage, **given})
    task = recipe.trained
    multiple = task.config.multiple_of * task.config.scale
    if any(patch % multiple or patch < multiple for patch in recipe.patch):
        raise InputError(f"--patch must be multiples of {multiple} for {task.key}, not {options.patch}.")
    return recipe


def _folders(options: argparse.Namespace) -> None:
    for name in ("data", "validation"):
        if not getattr(options, name).is_dir():
            raise InputError(f"--{name} must be a folder of photos; there is no '{getattr(options, name).name}'.")


def _workshop(options: argparse.Namespace, task: Task, world: World) -> Workshop:
    _folders(options)
    validator = Validator(task, options.validation, options.validation_pictures)
    material = Material.prepare(task, open_pool(options.data, world), options.estimates)
    return Workshop(material, validator, world, getattr(options, "compile", None))


def _sources(options: argparse.Namespace) -> Sources:
    return Sources(options.teacher, options.start, options.prior)


def _train(options: argparse.Namespace, began: float) -> None:
    recipe = _recipe(options, get_task(options.task), options.stage)
    task = recipe.trained
    with join(options.device) as world:
        workshop = _workshop(options, task, world)
        for row in run(workshop, recipe, _sources(options), options.out, began=began):
            say(row)


def _campaign(options: argparse.Namespace, began: float) -> None:
    recipes = [_recipe(options, get_task(key), 1) for key in options.tasks]
    base, tasks = recipes[0], tuple(recipe.trained for recipe in recipes)
    plan = Plan(tasks, tuple(options.stages), options.minutes, options.out, options.start, options.note)
    with join(options.device) as world:
        _folders(options)
        pool = open_pool(options.data, world)
        for _, row in campaign(plan, base, pool, options.validation, options.validation_pictures, world, began):
            say(row)


def _ablate(options: argparse.Namespace, began: float) -> None:
    task = get_task(options.of)
    variants = {"stage2": ablations.STAGE2, "learning": ablations.LEARNING}[options.question]
    recipe = _recipe(options, task, 2 if options.question == "stage2" else 1)
    task = recipe.trained
    with join(options.device) as world:
        workshop = _workshop(options, task, world)
        found = list(ablations.ablate(workshop, recipe, variants, _sources(options), options.out))
    print(ablations.markdown(task.key, recipe, found))


def _throughput(options: argparse.Namespace, began: float) -> None:
    recipe = _recipe(options, get_task(options.of), options.stage)
    task = recipe.trained
    with join(options.device) as world:
        rows = throughput.measure(_workshop(options, task, world), recipe, _sources(options))
    print(throughput.markdown(task.key, options.stage, rows))


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
    names = [f"stage {state['recipe']['stage']} ({run.name})" for run, state in zip(options.runs, states, strict=True)]
    histories = [state["progress"]["history"] for state in states]
    metric = get_task(states[-1]["recipe"]["task"]).headline
    draw(list(zip(names, histories, strict=True)), metric, options.out)


if __name__ == "__main__":
    sys.exit(main())
