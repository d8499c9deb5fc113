"""Measures weights, baselines and peers on photos damaged on purpose: `python -m diffir_demo evaluate --data DIR`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from diffir_demo.cli.options import add_device, count
from diffir_demo.errors import DiffIRError
from diffir_demo.tasks import TASKS, Task, get_task
from diffir_demo.weights import inspect
from tools.arguments import require_folder

from . import evaluate, tasks_of
from .report import Report
from .sets import chosen_sets
from .tables import markdown, matrix, plain

PROGRAM = "python -m diffir_demo evaluate"


def main(arguments: Sequence[str] | None = None) -> int:
    """2 where the call cannot be done, with a sentence on standard error."""
    try:
        return _run(_parser().parse_args(arguments))
    except DiffIRError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=PROGRAM, description="Measure weights and baselines on damaged photos.")
    parser.add_argument("--task", choices=list(TASKS), action="append", help="default: all, or that of --weights")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="clean photos")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="this network; default: all in checkpoints/")
    parser.add_argument("--teacher", type=Path, metavar="FILE", action="append", default=[], help="stage 1, as oracle")
    parser.add_argument(
        "--scale", type=count, metavar="N", help="the sets of that scale (default: that of --weights, else the largest)"
    )
    parser.add_argument("--set", metavar="NAME", action="append", help="default: all; 'mix' is all damage at once")
    parser.add_argument("--pictures", type=count, metavar="N", help="only the first N photos")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the numbers there")
    parser.add_argument("--report", type=Path, metavar="FILE.md", help="write a report with pictures")
    add_device(parser)
    return parser


def _run(options: argparse.Namespace) -> int:
    require_folder(options.json)
    teachers = tasks_of(options.task, options.weights, options.teacher)
    tasks = {key: _measured_as(get_task(key), options) for key in teachers}
    report = Report(options.report, _command(options)) if options.report else None
    tables = []
    for key, sets in chosen_sets(list(tasks.values()), options.set).items():
        for measured in evaluate(
            tasks[key],
            options.data,
            options.weights,
            teacher=teachers[key],
            sets=sets,
            pictures=options.pictures,
            device=options.device,
            precision=options.precision,
        ):
            tables.append(measured.table)
            print(markdown(measured.table), flush=True)
            if report:
                report.add(measured)
        if swaps := matrix([table for table in tables if table.task == key]):
            print(swaps, flush=True)
    if options.json:
        options.json.write_text(json.dumps([plain(table) for table in tables], indent=1) + "\n")
    if report:
        report.write()
        for key in report.missing_notes:
            print(f"{report.notes_file.name} does not say why '{key}' fails", file=sys.stderr)
    return 0


def _measured_as(task: Task, options: argparse.Namespace) -> Task:
    """With the sets that the asked scale, or the named weights, are measured on."""
    of_weights = inspect(options.weights).config.scale if options.weights else task.config.scale
    return task.at_scale(options.scale or of_weights)


def _command(options: argparse.Namespace) -> str:
    """The call that a report shows: of folders and files only the names, so that it holds on any machine."""
    parts = [PROGRAM]
    parts += [f"--task {key}" for key in options.task or []]
    parts += [f"--data {options.data.resolve().name.upper()}_FOLDER"]
    parts += [f"--weights {options.weights.name}"] if options.weights else []
    parts += [f"--scale {options.scale}"] if options.scale else []
    parts += [f"--teacher {file.name}" for file in options.teacher]
    parts += [f"--set {name}" for name in options.set or []]
    parts += [f"--pictures {options.pictures}"] if options.pictures else []
    shown = options.report.name if options.report.is_absolute() else options.report.as_posix()
    return " ".join([*parts, f"--report {shown}"])


if __name__ == "__main__":
    raise SystemExit(main())
