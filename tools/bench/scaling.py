"""How many visitors so many replicas serve: `python -m tools.bench.scaling` measures runs, then simulates crowds.

A server with one replica restores photos of every task that are sent to its API. What its replica and its page's
process compute for each is read off the processor time that the system counts, which other programs do not add to. The
crowds are those of `queueing`; all kinds of runs are equally frequent in them.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from PIL import Image

from diffir_demo.cli.options import count, positive
from diffir_demo.figures import markdown_table
from diffir_demo.tasks import TASKS
from diffir_demo.ui import LONGEST_QUEUE
from tools.machine import conditions

from .end_to_end import request_of
from .pages import put
from .processor import children, spent
from .queueing import Crowd, Seen, simulate
from .serving import Client, served

ROOT = Path(__file__).parent.parent.parent
PAGE, NUMBERS, TOGETHER = (ROOT / "docs" / name for name in ("scaling.md", "scaling.json", "workers.json"))
MEGAPIXELS = (0.25, 1.0)
"""Of results."""
REPLICAS = (1, 2, 4, 8, 16, 32, 64)
VISITORS = (10, 30, 100, 300, 1000)


@dataclass(frozen=True)
class Kind:
    """A kind of run and its cost: seconds of one core."""

    task: str
    size: tuple[int, int]
    """(width, height) of the photo."""
    replica: float
    page: float


def measured(rounds: int) -> list[Kind]:
    """Of every task and size."""
    found = []
    with served("--workers", "1", "--device", "cpu", "--max-requests", "0", "--max-uploads", "0") as server:
        for key in TASKS:
            for megapixels in MEGAPIXELS:
                found.append(_kind(server, key, megapixels, rounds))
                print(found[-1], file=sys.stderr)
    return found


def _kind(server: Client, key: str, megapixels: float, rounds: int) -> Kind:
    request = request_of(key, megapixels, TASKS[key].presets[0].scale)
    image = server.uploaded(Image.fromarray(request.picture.pixels))
    given = {} if request.mask is None else {"mask": server.uploaded(Image.fromarray(255 * np.uint8(request.mask)))}
    costs = []
    for seed in range(rounds + 1):  # the first one loads the network
        before = spent(children(server.pid)), spent([server.pid])
        answer = server.http.get(server.call(key, image, seed=seed, **given)).text
        if "event: complete" not in answer:
            raise SystemExit(f"{key} at {megapixels:g} megapixels failed: {answer[-300:]}")
        costs.append((spent(children(server.pid)) - before[0], spent([server.pid]) - before[1]))
    replica, page = (sorted(each)[rounds // 2] for each in zip(*costs[1:], strict=True))
    return Kind(key, (request.picture.width, request.picture.height), round(replica, 3), round(page, 3))


def crowds(kinds: Sequence[Kind], think: float, dearer: float) -> list[dict[str, Any]]:
    """What becomes of every crowd. dearer: how much more a run costs while the other core of its machine computes."""

    def draw(rng: random.Random) -> tuple[float, float]:
        kind = rng.choice(kinds)
        return kind.replica * dearer, kind.page

    found = []
    for replicas in REPLICAS:
        for visitors in VISITORS:
            seen = simulate(Crowd(visitors, replicas, think, LONGEST_QUEUE * replicas), draw)
            found.append({"replicas": replicas, "visitors": visitors} | _facts(seen))
    return found


def _facts(seen: Seen) -> dict[str, float]:
    facts = {
        "wait_p50": seen.wait(0.5),
        "wait_p95": seen.wait(0.95),
        "total_p50": seen.total(0.5),
        "total_p95": seen.total(0.95),
        "replicas_busy": seen.replicas_busy,
        "page_busy": seen.page_busy,
        "refused": seen.refused / max(1, seen.refused + seen.runs),
        "runs_a_minute": seen.runs / 120,
    }
    return {name: round(value, 4) for name, value in facts.items()}


def markdown(found: dict[str, Any]) -> str:
    kinds = [Kind(**each) for each in found["kinds"]]
    rows = [[k.task, f"{k.size[0]} x {k.size[1]}", f"{k.replica:.2f}", f"{k.page:.2f}"] for k in kinds]
    rows.append(
        ["mean", "", *(f"**{mean(values):.2f}**" for values in zip(*((k.replica, k.page) for k in kinds), strict=True))]
    )
    parts = [
        f"Measured on {found['conditions']['processor']}, one thread, medians of {found['conditions']['rounds']} runs; "
        f"a run costs {found['dearer']:.2f} times as much while the other core computes (`docs/workers.json`). Seconds "
        "of one core:",
        markdown_table(("task", "photo", "replica", "page"), rows),
        f"Simulated: every visitor looks {found['think']:g} s at a result on average, two hours are watched. "
        "**Wait for a replica**, median / 95th percentile, in seconds:",
        _grid(found, lambda each: f"{each['wait_p50']:.1f} / {each['wait_p95']:.1f}"),
        "**From asking to having the result**, likewise:",
        _grid(found, lambda each: f"{each['total_p50']:.1f} / {each['total_p95']:.1f}"),
        "**Busy**, replicas / the page's process:",
        _grid(found, lambda each: f"{each['replicas_busy']:.0%} / {each['page_busy']:.0%}"),
        "**Refused**, as the line was full:",
        _grid(found, lambda each: f"{each['refused']:.0%}"),
    ]
    return "\n\n".join(parts)


def _grid(found: dict[str, Any], cell: Any) -> str:
    by_place = {(each["replicas"], each["visitors"]): cell(each) for each in found["crowds"]}
    rows = [[str(replicas), *(by_place[replicas, visitors] for visitors in VISITORS)] for replicas in REPLICAS]
    return markdown_table(("replicas", *(f"{visitors} visitors" for visitors in VISITORS)), rows)


def main() -> int:
    purpose = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m tools.bench.scaling", description=purpose)
    parser.add_argument("--rounds", type=count, default=5, metavar="N", help="runs of each kind (default %(default)s)")
    parser.add_argument("--think", type=positive, default=60.0, metavar="S", help="of a visitor (default %(default)g)")
    parser.add_argument("--again", action="store_true", help="simulate with the costs in docs/scaling.json")
    options = parser.parse_args()
    if options.again:
        before = json.loads(NUMBERS.read_text())
        kinds, facts = [Kind(**each | {"size": tuple(each["size"])}) for each in before["kinds"]], before["conditions"]
    else:
        kinds, facts = measured(options.rounds), conditions(options.rounds)
    together = json.loads(TOGETHER.read_text())
    dearer = max(1.0, round(together["workers"] / together["gain_by_processor_time"], 3))
    found = {
        "conditions": facts,
        "think": options.think,
        "dearer": dearer,
        "kinds": [asdict(each) for each in kinds],
        "crowds": crowds(kinds, options.think, dearer),
    }
    NUMBERS.write_text(json.dumps(found, indent=1) + "\n")
    put(PAGE, "scaling", markdown(found))
    print(markdown(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
