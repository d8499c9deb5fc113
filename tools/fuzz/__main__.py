"""`python -m tools.fuzz [TARGET ...] --minutes M`: M minutes of each, one process at a time, and a line of figures.

What it finds lies in FOLDER/found; what reached something new in FOLDER/corpus, from where the next time goes on. Gives
1 where something was found.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from diffir_demo.errors import InputError

NAMES = ("picture", "strokes", "recipe", "zip", "weights")
KEPT = Path(__file__).parents[2] / "tests" / "corpus"
"""Inputs that the tests repeat."""
MEGABYTES, SECONDS = 2500, 30
"""More memory, or a longer run, is a finding."""
PIECE = 150
"""Seconds after which a process ends and another one goes on: the fuzzer itself keeps some 400 bytes of every run."""
MOST_FOUND = 20
"""Findings after which a target is given up for now."""
ONE = "--one"
PREFIX = "-artifact_prefix="
OURS = ("imaging", "recipe", "recipe_file", "weights", "batch", "ui.photo")
INSTRUMENTED = [*(f"diffir_demo.{name}" for name in OURS), "PIL", "tifffile", "zipfile", "json"]
"""Modules in which it is seen what an input reaches."""


def require_fuzzer() -> None:
    """Raises `InputError` without atheris."""
    if importlib.util.find_spec("atheris") is None:
        python = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise InputError(
            f"The fuzzer (atheris) is not installed for Python {python}.",
            "Install the extra 'fuzz' on Linux, with a Python that atheris has a wheel for: 3.11 to 3.13.",
        )


def fuzz_one(name: str, arguments: list[str]) -> None:
    """In a process of its own, which ends with the time, or with what it finds."""
    import atheris  # pyright: ignore[reportMissingImports]

    instrumenting: Any = getattr(atheris, "instrument_imports")  # noqa: B009  not in its types
    with instrumenting(include=INSTRUMENTED):
        from .targets import TARGETS
    found = next(each.partition("=")[2] for each in arguments if each.startswith(PREFIX))
    atheris.Setup([sys.argv[0], *arguments], kept(TARGETS[name], found))
    atheris.Fuzz()


def kept(target: Callable[[bytes], None], prefix: str) -> Callable[[bytes], None]:
    """The same, but what raises is written to a file first, whose path begins with that: not every build of libFuzzer
    does it for what Python raises."""

    def keeping(data: bytes) -> None:
        try:
            target(data)
        except Exception:
            Path(f"{prefix}crash-{hashlib.sha1(data).hexdigest()}").write_bytes(data)
            raise

    return keeping


def fuzzed(name: str, seconds: float, folder: Path) -> tuple[int, float, int]:
    """(runs, seconds of processor time, findings) of one target."""
    from .targets import LONGEST, seeds

    corpus, found = folder / "corpus" / name, folder / "found" / name
    for place in (corpus, found):
        place.mkdir(parents=True, exist_ok=True)
    for title, data in seeds(name):
        (corpus / title[:80]).write_bytes(data)
    before, began, runs = len(list(found.iterdir())), time.monotonic(), 0
    spent = _children()
    while (left := seconds - (time.monotonic() - began)) > 1 and len(list(found.iterdir())) < before + MOST_FOUND:
        limits = [f"-max_total_time={int(min(left, PIECE))}", f"-max_len={LONGEST[name]}", f"-rss_limit_mb={MEGABYTES}"]
        places = [
            f"{PREFIX}{found}/",
            str(corpus),
            *(map(str, [KEPT / name] if (KEPT / name).is_dir() else [])),
        ]
        command = [sys.executable, "-m", "tools.fuzz", ONE, name, f"-timeout={SECONDS}", "-print_final_stats=1"]
        answer = subprocess.run([*command, *limits, *places], stderr=subprocess.PIPE, text=True, errors="replace")
        executed = re.findall(r"(?:number_of_executed_units: +|^#)(\d+)", answer.stderr, re.MULTILINE)
        runs += int(executed[-1]) if executed else 0
        if answer.returncode:
            print(answer.stderr[-3000:], flush=True)
        if answer.returncode and not executed and len(list(found.iterdir())) == before:
            break  # it did not even start
    return runs, _children() - spent, len(list(found.iterdir())) - before


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> int:
    if sys.argv[1:2] == [ONE]:
        fuzz_one(sys.argv[2], sys.argv[3:])
        return 0
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(NAMES)}; all if none is named")
    parser.add_argument("--minutes", type=float, default=5, metavar="M", help="of each (default: 5)")
    parser.add_argument("--folder", type=Path, default=Path("build/fuzz"))
    options = parser.parse_args()
    try:
        require_fuzzer()
        if unknown := set(options.targets) - set(NAMES):
            raise InputError(f"There is no target '{min(unknown)}'.", f"There are: {', '.join(NAMES)}.")
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    os.nice(10)
    total = 0
    for name in options.targets or NAMES:
        runs, spent, found = fuzzed(name, 60 * options.minutes, options.folder)
        print(f"{name}: {runs:,} runs, {spent:.0f} s of processor time, {found} findings", flush=True)
        total += found
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
