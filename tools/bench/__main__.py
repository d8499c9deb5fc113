"""Measures speed and memory on this machine: `python -m diffir_demo bench`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Protocol, TypeVar

from tqdm import tqdm

from diffir_demo.cli.options import count, positive
from diffir_demo.devices import choose_device
from diffir_demo.errors import DiffIRError, InputError
from diffir_demo.figures import markdown_row
from diffir_demo.model import PRESETS
from diffir_demo.tasks import TASKS
from tools.arguments import require_folder
from tools.machine import conditions

from . import bench, chosen_presets, profiles
from .end_to_end import end_to_end_runs, method_costs, method_table, run_table
from .report import draw, markdown, plain
from .timing import profile_table


def main(arguments: Sequence[str] | None = None) -> int:
    """2 where the call cannot be done, with a sentence on standard error."""
    options = _parser().parse_args(arguments)
    try:
        return _bench(options)
    except DiffIRError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m diffir_demo bench", description="Measure speed and memory.")
    parser.add_argument("--task", choices=list(TASKS), action="append", help="default: all")
    parser.add_argument("--preset", choices=list(PRESETS), action="append", help="these networks, whatever the task")
    parser.add_argument("--paper", action="store_true", help="the tasks' networks at the size of the paper's")
    parser.add_argument("--sizes", type=count, nargs="+", default=[128, 256], metavar="N", help="sides of the input")
    parser.add_argument("--threads", type=count, metavar="N", help="default: as torch chooses")
    parser.add_argument("--device", default="cpu", help="cpu (default), or a GPU: cuda, cuda:N or mps")
    parser.add_argument("--rounds", type=count, default=5, metavar="N", help="timings of each (default %(default)s)")
    parser.add_argument(
        "--whole",
        type=positive,
        nargs="+",
        metavar="MEGAPIXELS",
        help="instead: whole restorations with the shipped weights, by the size of the result",
    )
    parser.add_argument(
        "--methods",
        type=positive,
        metavar="MEGAPIXELS",
        help="instead: seconds per megapixel of all methods, ours, classical and peers, by the size of the result",
    )
    parser.add_argument("--profile", action="store_true", help="instead: where the CPU backend's time goes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the numbers there")
    parser.add_argument("--plot", type=Path, metavar="FILE.png", help="also draw time against megapixels")
    return parser


def _bench(options: argparse.Namespace) -> int:
    for file in (options.json, options.plot):
        require_folder(file)
    if options.whole or options.methods:
        return _end_to_end(options)
    presets = chosen_presets(options.task, options.preset, options.paper)
    if options.profile:
        if options.plot or options.json or options.device != "cpu":
            raise InputError(
                "--profile prints one table, of this machine's CPU.", "Leave out --json, --plot, --device."
            )
        print(profile_table(list(profiles(presets, options.sizes, options.threads))))
        return 0
    found = None
    with tqdm(total=len(presets) * len(options.sizes), unit="case", disable=None, leave=False) as bar:
        for found in bench(presets, options.sizes, options.threads, options.rounds, choose_device(options.device)):
            bar.update()
            if options.json:  # after every case, so that a long run that is stopped leaves what it knew
                options.json.write_text(json.dumps(plain(found), indent=1) + "\n")
    assert found is not None  # there is a task and a size at least
    print(markdown(found))
    if options.plot:
        draw(found, options.plot)
    return 0


def _end_to_end(options: argparse.Namespace) -> int:
    rest = options.profile, options.preset, options.paper, options.plot, options.threads, options.device != "cpu"
    if any(rest) or (options.whole and options.methods):
        raise InputError(
            "--whole and --methods measure what ships as it runs.",
            "Use one of them, with --task, --rounds and --json only.",
        )
    if options.whole:
        found = _reported(end_to_end_runs(options.task, options.whole))
        print(run_table(found))
    else:
        found = _reported(method_costs(options.task, options.methods, options.rounds))
        print(method_table(found))
    if options.json:
        facts = {
            "conditions": conditions(options.rounds if options.methods else 1),
            "whole" if options.whole else "methods": [asdict(each) for each in found],
        }
        options.json.write_text(json.dumps(facts, indent=1) + "\n")
    return 0


class _Row(Protocol):
    """A line of a table."""

    @property
    def row(self) -> list[str]: ...


R = TypeVar("R", bound=_Row)


def _reported(measured: Iterable[R]) -> list[R]:
    """All of them; each is printed as it comes, as the long ones take minutes."""
    found = []
    for each in measured:
        found.append(each)
        print(markdown_row(each.row), file=sys.stderr)
    return found


if __name__ == "__main__":
    raise SystemExit(main())
