"""What visitors cost a server: `python -m tools.bench.serving` starts one and reads its memory off /metrics.

Three trials: many pages that open and are left; results that pages keep; and a huge photo whose sender leaves, before
somebody else's small one. Prints one line of figures each.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import numpy as np
from PIL import Image

from diffir_demo.tasks import get_task
from diffir_demo.ui.api import parameters
from tools.load.server import started

SETTLES = 20.0
"""Seconds after which what was left is over."""
LEAVES_AFTER = 3.0
"""Seconds after which the sender of the huge photo leaves."""


class Client:
    """A server that was started, and what is asked of it. pid: of its process."""

    def __init__(self, url: str, pid: int) -> None:
        self.pid = pid
        self.http = httpx.Client(base_url=url, trust_env=False, timeout=300)
        self.config = self.http.get("/config").json()

    def resident(self) -> float:
        """Megabytes."""
        found = re.search(r"^process_resident_memory_bytes (\S+)$", self.http.get("/metrics").text, re.MULTILINE)
        return float(found[1]) / 1e6 if found else float("nan")

    def uploaded(self, image: Image.Image) -> dict[str, Any]:
        file = io.BytesIO()
        image.save(file, "PNG")
        file.seek(0)
        path = self.http.post("/gradio_api/upload", files={"files": ("photo.png", file)}).json()[0]
        return {"path": path, "orig_name": "photo.png", "meta": {"_type": "gradio.FileData"}}

    def call(self, name: str, image: dict[str, Any], **given: Any) -> str:
        """Asks for a restoration; gives the address of its events. given: further parameters, by name."""
        data = [(given | {"image": image}).get(parameter) for parameter in parameters(get_task(name))]
        event = self.http.post(f"/gradio_api/call/{name}", json={"data": data}).json()["event_id"]
        return f"/gradio_api/call/{name}/{event}"

    def open_page(self, session: str) -> None:
        """What makes the server remember a page."""
        handler = next(each["id"] for each in self.config["dependencies"] if not each["queue"])
        self.http.post("/gradio_api/run/predict", json={"data": [], "fn_index": handler, "session_hash": session})


@contextmanager
def served(*options: str) -> Iterator[Client]:
    """options: of `serve`."""
    with started(*options) as there:
        assert there.process
        yield Client(there.url, there.process.pid)


def pages(server: Client, count: int) -> None:
    before = server.resident()
    for number in range(count):
        server.open_page(f"bench-{number}")
        if (number + 1) % (count // 4) == 0:
            print(f"pages {number + 1}: {server.resident() - before:+.0f} MB")


def results(server: Client, count: int) -> None:
    rng, before = np.random.default_rng(0), server.resident()
    for number in range(count):
        coarse = rng.integers(0, 256, (24, 32, 3), dtype=np.uint8)
        image = server.uploaded(Image.fromarray(np.kron(coarse, np.ones((16, 16, 1), np.uint8))))
        assert "event: complete" in server.http.get(server.call("deblur", image)).text
        if (number + 1) % (count // 4) == 0:
            print(f"results {number + 1}: {server.resident() - before:+.0f} MB")


def left(server: Client) -> None:
    huge = server.uploaded(Image.new("RGB", (9900, 9900), (90, 120, 150)))
    small = server.uploaded(Image.new("RGB", (64, 48), (90, 120, 150)))
    began = time.monotonic()
    with server.http.stream("GET", server.call("deblur", huge)) as stream:
        for _ in stream.iter_bytes():
            if time.monotonic() - began > LEAVES_AFTER:
                break
    began = time.monotonic()
    server.http.get(server.call("deblur", small))
    print(f"after a huge photo that was left, a small one takes {time.monotonic() - began:.1f} s")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pages", type=int, default=160)
    parser.add_argument("--results", type=int, default=24)
    options = parser.parse_args()
    with served() as server:
        print(f"at the start: {server.resident():.0f} MB")
        pages(server, options.pages)
        results(server, options.results)
        left(server)
        time.sleep(SETTLES)
        print(f"at the end: {server.resident():.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
