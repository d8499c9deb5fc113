"""`python -m diffir_demo.training TASK --stage 1 ...`, then `--stage 2 --teacher RUN`, `export`, `curves`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from ..errors import DiffIRError, InputError
from ..model import DiffIR, Teacher
from ..tasks import TASKS, Task, get_task
from ..weights import store
from .curves import draw
from .data import photo_files, read_photos
from .loop import train
from .stages import Stage1, Stage2
from .state import Recipe
from .validation import Validator


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    if options.threads:
        torch.set_num_threads(options.threads)
    try:
        {"export": _export, "curves": _curves}.get(options.task, _train)(options)
    except DiffIRError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m diffir_demo.training", description=__doc__)
    parser.add_argument("task", choices=[*TASKS, "export", "curves"])
    parser.add_argument("--stage", type=int, choices=[1, 2], default=1)
    parser.add_argument("--data", type=Path, metavar="DIR", help="photos to learn from, any depth of folders")
    parser.add_argument("--validation", type=Path, metavar="DIR", help="photos to validate on")
    parser.add_argument("--validation-pictures", type=int, metavar="N", help="only the first N of them")
    parser.add_argument("--minutes", type=float, default=10, help="wall-clock budget, resumed parts included")
    parser.add_argument("--out", type=Path, metavar="RUN", help="folder of the run (export, curves: the file to write)")
    parser.add_argument("--teacher", type=Path, metavar="RUN", help="stage 2: the finished stage-1 run")
    parser.add_argument("--start", type=Path, metavar="RUN", help="start from another run of the same stage")
    parser.add_argument("--run", type=Path, action="append", metavar="RUN", help="export, curves: the runs, in order")
    parser.add_argument("--note", default="{}", metavar="JSON", help="export: facts to add to the training record")
    parser.add_argument("--patch", type=int, default=64)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--validate-every", type=float, default=10.0, metavar="MINUTES")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, help="CPU threads")
    return parser


def _train(options: argparse.Namespace) -> None:
    task = get_task(options.task)
    for name in ("data", "validation", "out"):
        if getattr(options, name) is None:
            raise InputError(f"Training needs --{name}.")
    multiple = task.config.multiple_of * task.config.scale
    if options.patch % multiple or options.patch < multiple:
        raise InputError(f"--patch must be a multiple of {multiple} for {task.key}, not {options.patch}.")
    if not options.validation.is_dir() or not options.data.is_dir():
        raise InputError("--data and --validation must be folders of photos.")
    recipe = Recipe(
        task.key,
        options.stage,
        options.minutes,
        patch=options.patch,
        batch=options.batch,
        learning_rate=options.learning_rate,
        seed=options.seed,
        validate_every=options.validate_every,
    )
    stage = _stage(task, options)
    photos = read_photos(photo_files(options.data), smallest=options.patch + 2 * task.margin)
    validator = Validator(task, options.validation, options.validation_pictures)
    with tqdm(total=round(options.minutes, 2), unit="min", disable=None) as bar:
        for row in train(recipe, task, stage, photos, options.out, validator, device=options.device):
            bar.n = round(row["minutes"], 2)
            bar.refresh()
            with bar.external_write_mode(file=sys.stdout):
                print(json.dumps({name: round(value, 5) for name, value in row.items()}), flush=True)


def _stage(task: Task, options: argparse.Namespace) -> Stage1 | Stage2:
    if options.stage == 1:
        stage: Stage1 | Stage2 = Stage1(task.config)
    elif options.teacher is None:
        raise InputError("Stage 2 learns from a teacher.", "Name the finished stage-1 run with --teacher RUN.")
    else:
        teacher = Teacher(task.config)
        teacher.load_state_dict(read_run(options.teacher, (task.key, 1))["average"])
        stage = Stage2(task.config, teacher)
    if options.start is not None:
        stage.network.load_state_dict(read_run(options.start, (task.key, options.stage))["average"])
    return stage


def read_run(folder: Path, wanted: tuple[str, int] | None = None) -> dict[str, Any]:
    """The saved state of a run; raises `InputError` where it is missing, or not of the wanted task and stage."""
    path = folder / "state.pt"
    if not path.exists():
        raise InputError(f"There is no saved run in '{folder.name}'.", "Name the --out folder of a finished run.")
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    found = state["recipe"]["task"], state["recipe"]["stage"]
    if wanted and found != wanted:
        raise InputError(
            f"'{folder.name}' is a run of {found[0]}, stage {found[1]}; {wanted[0]}, stage {wanted[1]} is needed."
        )
    return state


def _export(options: argparse.Namespace) -> None:
    """The last run's averaged weights as a file for `checkpoints/`, with the record of all runs that led to them."""
    if not options.run or options.out is None:
        raise InputError("Export needs --run RUN (once per run, in order) and --out FILE.")
    states = [read_run(run) for run in options.run]
    task = get_task(states[-1]["recipe"]["task"])
    model = (DiffIR if states[-1]["recipe"]["stage"] == 2 else Teacher)(task.config)
    model.load_state_dict(states[-1]["average"])
    record = {
        "steps": sum(state["progress"]["step"] for state in states),
        "minutes": round(sum(state["progress"]["seconds"] for state in states) / 60, 1),
        "runs": [state["recipe"] | {"steps": state["progress"]["step"]} for state in states],
        **_note(options.note),
    }
    store.save(options.out, model, task=task.key, provenance="trained", name=options.out.stem, training=record)
    print(f"{options.out.name} written: {record['steps']} steps, {record['minutes']} minutes")


def _note(text: str) -> dict[str, Any]:
    try:
        note = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"--note is no JSON ({error.msg}).") from error
    if not isinstance(note, dict):
        raise InputError("--note must be a JSON object.")
    return note


def _curves(options: argparse.Namespace) -> None:
    """Loss and validation of the runs as a PNG."""
    if not options.run or options.out is None:
        raise InputError("Curves need --run RUN (once per run, in order) and --out FILE.")
    states = [read_run(run) for run in options.run]
    names = [f"stage {state['recipe']['stage']} ({run.name})" for run, state in zip(options.run, states, strict=True)]
    histories = [state["progress"]["history"] for state in states]
    metric = get_task(states[-1]["recipe"]["task"]).headline
    draw(list(zip(names, histories, strict=True)), metric, options.out)


if __name__ == "__main__":
    sys.exit(main())
