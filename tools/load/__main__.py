"""`python -m tools.load`: so many visitors for so many minutes; what came of it, as JSON and in docs/reliability.md.

Without --url it starts a server with the weights that ship. Gives 1 if anybody was given what is not theirs, or
something broke.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from diffir_demo.api import load
from diffir_demo.tasks import TASKS

from .photos import Register, pixels_of
from .report import summary, table, write
from .server import BEHIND_PROXY, Sample, Server, started
from .visitor import Deed, Visitor

EVERY = 5.0
"""Seconds between two looks at the server."""
SETTLES = 20.0
"""Seconds after which what visitors left behind is over."""


async def visited(server: Server, count: int, seconds: float, seed: int) -> tuple[list[Deed], list[Sample]]:
    """All that they did, and what the server took, the last time once all are gone."""
    register = await asyncio.to_thread(Register, count, seed=seed)
    config = await asyncio.to_thread(server.config)
    visitors = [Visitor(number, server.url, register, config, seed) for number in range(count)]
    began = time.monotonic()
    until = began + seconds
    samples = [await asyncio.to_thread(server.sample, began)]

    async def watch() -> None:
        while True:
            await asyncio.sleep(EVERY)
            samples.append(await asyncio.to_thread(server.sample, began))

    watching = asyncio.create_task(watch())
    await asyncio.gather(*(visitor.stay(until) for visitor in visitors))
    watching.cancel()
    await asyncio.sleep(SETTLES)
    await asyncio.to_thread(server.config)  # threads that are idle end as the next visitor comes: anyio's pool does so
    samples.append(await asyncio.to_thread(server.sample, began))
    return [deed for visitor in visitors for deed in visitor.deeds], samples


def compared(deeds: list[Deed], most: int) -> tuple[int, int]:
    """(how many, how many of them exactly) of the programs' results are what the library gives, pixel by pixel."""
    done = [deed for deed in deeds if deed.picture]
    chosen = done[:: max(1, len(done) // most)][:most] if most else []
    models, same = {key: load(key) for key in TASKS}, 0
    for deed in chosen:
        assert deed.photo is not None
        mask = {"mask": _read(deed.photo.mask)} if deed.task == "inpaint" else {}
        again = models[deed.task].restore(pixels_of(deed.photo.data), **mask, seed=deed.seed)
        same += again.picture.pixels.tobytes() == pixels_of(deed.picture).tobytes()
    return len(chosen), same


def _read(mask: bytes) -> Any:
    return pixels_of(mask)[:, :, 0]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.load", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--visitors", type=int, default=50, metavar="N")
    parser.add_argument("--minutes", type=float, default=10, metavar="M")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--exact", type=int, default=100, metavar="N", help="results to compare with the library's")
    parser.add_argument("--url", help="a server that runs already, behind a proxy or with --behind-proxy")
    parser.add_argument("--report", type=Path, metavar="FILE.md", help="write figures into it, and into FILE.json")
    options = parser.parse_args()
    asked = options.visitors, 60 * options.minutes, options.seed
    left, traces = 0, list[str]()
    if options.url:
        server = Server(options.url.rstrip("/"))
        deeds, samples = asyncio.run(visited(server, *asked))
    else:
        with started(BEHIND_PROXY) as server:
            deeds, samples = asyncio.run(visited(server, *asked))
            left, traces = server.left, server.traces
    found = summary(deeds, samples, options.visitors, asked[1])
    found["exact"] = dict(zip(("compared", "same"), compared(deeds, options.exact), strict=True))
    if not options.url:
        found |= {"left": left, "traces": len(traces)}
    found["conditions"] = {"cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1)}
    print(table(found))
    for said in found["wrong"]:
        print(said)
    for trace in traces:
        print(trace, file=sys.stderr)
    if options.report:
        write(options.report, found, [asdict(each) for each in samples])
    wrong = found["foreign"] + found["broken"] + found["exact"]["compared"] - found["exact"]["same"]
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
