"""What several processes gain: `python -m tools.bench.workers` restores photos by one worker and by several.

Both wait in the background from the start and take turns, so that a busy moment of the machine meets both. Every worker
computes in one thread. "By processor time" is what the gain would be if every worker had a core of its own: how many
there are, less what each photo costs more while they share memory and cache. Results have to be the same byte for byte.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image

from diffir_demo.batch import Job
from diffir_demo.cli import parse
from diffir_demo.cli.many import Made, Workshop
from diffir_demo.cli.options import count
from diffir_demo.cli.recipes import recipes_of
from diffir_demo.errors import InputError
from diffir_demo.figures import markdown_row
from diffir_demo.workers.merged import merged
from diffir_demo.workers.pool import Pool
from tools.arguments import require_folder
from tools.machine import conditions

from .pages import put
from .processor import spent as spent_by
from .processor import spent_by_all

QUIET = 0.1
"""Share of all processors that others may take in a round that counts as quiet."""
EXAMPLES = Path(__file__).parent.parent.parent / "examples"


def jobs_in(folder: Path, number: int, side: int) -> list[Job]:
    """So many photos of `side` pixels a side, cut from the examples and each one different."""
    found = [path for path in sorted(EXAMPLES.glob("*.jpg")) if min(Image.open(path).size) >= side]
    if not found:
        raise InputError(f"No example has {side} pixels a side.", "Use a smaller --side.")
    rng, jobs = np.random.default_rng(0), []
    for i in range(number):
        photo = np.asarray(Image.open(found[i % len(found)]).convert("RGB"))
        top, left = (int(rng.integers(0, length - side + 1)) for length in photo.shape[:2])
        path = folder / f"{i}.png"
        Image.fromarray(photo[top : top + side, left : left + side]).save(path)
        jobs.append(Job(path, folder / f"{i}.result.png", None))
    return jobs


def restored(pool: Pool, jobs: list[Job]) -> tuple[float, float, list[bytes]]:
    """(seconds, seconds of processor time, the files of the results)."""
    began, spent = time.perf_counter(), spent_by(pool.pids)
    made = {number: event for number, event in merged(pool, jobs) if isinstance(event, Made)}
    seconds, spent = time.perf_counter() - began, spent_by(pool.pids) - spent
    wrong = next((each.entry.error for each in made.values() if each.data is None), None)
    if wrong:
        raise InputError(wrong)
    return seconds, spent, [made[number].data or b"" for number in range(len(jobs))]


def measured(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """All that is known, after every round."""
    call = parse(["restore", options.task, "in", "-o", "out", "--precision", options.precision])
    workshop = Workshop(call, recipes_of(call), previews=False)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        jobs = jobs_in(Path(folder), options.photos, options.side)
        one, several = (stack.enter_context(Pool(workshop, number)) for number in (1, options.workers))
        for pool in (one, several):  # networks are there, and every worker has worked once
            restored(pool, jobs[: 2 * pool.count])
        rounds = []
        for _ in range(options.rounds):
            rounds.append(_round(one, several, jobs))
            yield _facts(rounds, options)


def _facts(rounds: list[dict[str, Any]], options: argparse.Namespace) -> dict[str, Any]:
    quiet = [each["gain"] for each in rounds if each["others"] <= QUIET]
    return {
        "conditions": conditions(len(rounds)) | {"threads": 1},
        "task": options.task,
        "photos": options.photos,
        "side": options.side,
        "workers": options.workers,
        "rounds": rounds,
        "gain": round(median(each["gain"] for each in rounds), 2),
        "gain_by_processor_time": round(median(each["gain_by_processor_time"] for each in rounds), 2),
        "quiet_rounds": len(quiet),
        "quiet_gain": round(median(quiet), 2) if quiet else None,
        "same_bytes": all(each["same_bytes"] for each in rounds),
    }


def _round(one: Pool, several: Pool, jobs: list[Job]) -> dict[str, Any]:
    began, before = time.perf_counter(), spent_by_all()
    alone, alone_spent, expected = restored(one, jobs)
    together, spent, found = restored(several, jobs)
    others = spent_by_all() - before - alone_spent - spent
    figures = {
        "others": round(max(0.0, others) / (time.perf_counter() - began) / (os.cpu_count() or 1), 2),
        "seconds": [round(alone, 2), round(together, 2)],
        "processor_seconds": [round(alone_spent, 2), round(spent, 2)],
        "gain": round(alone / together, 2),
        "gain_by_processor_time": round(several.count * alone_spent / spent, 2),
        "same_bytes": expected == found,
    }
    print(figures, file=sys.stderr)
    return figures


def table(found: dict[str, Any]) -> str:
    workers = found["workers"]
    head = ["round", "1 worker, s", f"{workers} workers, s", "gain", "gain by processor time", "taken by others"]
    rows = [head, ["---"] * len(head)]
    for number, each in enumerate(found["rounds"], start=1):
        seconds = [f"{value:.2f}" for value in each["seconds"]]
        rows.append([str(number), *seconds, *(f"{each[name]:.2f}" for name in ("gain", "gain_by_processor_time"))])
        rows[-1].append(f"{each['others']:.0%}")
    rows.append(["median", "", "", f"**{found['gain']:.2f}**", f"**{found['gain_by_processor_time']:.2f}**", ""])
    others, quiet = median(each["others"] for each in found["rounds"]), found["quiet_rounds"]
    said = [f"{found['conditions']['processor']}; {found['photos']} photos of {found['side']} pixels a side."]
    said.append(f"Others took {others:.0%} of the processors (median).")
    said.append(f"The gain in the {quiet} quiet rounds: {found['quiet_gain']:.2f}." if quiet else "No round was quiet.")
    said.append("All results are the same bytes." if found["same_bytes"] else "RESULTS DIFFER.")
    return "\n".join([*map(markdown_row, rows), "", " ".join(said)])


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.bench.workers", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--task", default="clean", help="default %(default)s")
    parser.add_argument("--workers", type=count, default=2, metavar="N")
    parser.add_argument("--photos", type=count, default=8, metavar="N")
    parser.add_argument("--side", type=count, default=384, metavar="PIXELS")
    parser.add_argument("--rounds", type=count, default=5, metavar="N")
    parser.add_argument("--precision", default="fp32", choices=["fp32", "bf16"])
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the numbers there")
    parser.add_argument("--page", type=Path, metavar="FILE.md", help="also put the table into this page")
    parser.add_argument("--again", action="store_true", help="make the table of the numbers in --json")
    options = parser.parse_args()
    require_folder(options.json)
    found: dict[str, Any] = json.loads(options.json.read_text()) if options.again else {}
    for found in () if options.again else measured(options):
        if options.json:  # after every round, so that a long run that is stopped leaves what it knew
            options.json.write_text(json.dumps(found, indent=1) + "\n")
    print(table(found))
    if options.page:
        put(options.page, "workers", table(found))
    return 0 if found["same_bytes"] else 1


if __name__ == "__main__":
    sys.exit(main())
