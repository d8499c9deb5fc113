"""The server that is visited: started here with folders of its own, and watched from outside."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx

PATIENCE = 180.0
"""Seconds for the server to start, or to end."""
TRACE = 80
"""Lines of a traceback that are kept; those of a web server are long."""
BEHIND_PROXY = "--behind-proxy"
"""So that every visitor has an address of their own, as on the web."""


@dataclass(frozen=True)
class Sample:
    """What a server took at one moment."""

    seconds: float
    """Since the visitors came."""
    megabytes: float
    """Resident."""
    in_use: float
    """Megabytes of the heaps that something holds: without what is free between. 0 where the system does not say."""
    threads: int
    handles: int
    files: int
    """In the folder of uploads and results."""
    file_megabytes: float
    cpu: float
    """Seconds of processor time, since it started."""


@dataclass(frozen=True)
class Server:
    """process, folder: None for one that runs elsewhere, of which only /metrics is known."""

    url: str
    process: subprocess.Popen[bytes] | None = None
    folder: Path | None = None
    log: Path | None = None

    def config(self) -> dict[str, Any]:
        """What Gradio gives a page that opens."""
        return httpx.get(f"{self.url}/config", trust_env=False, timeout=60).json()

    def sample(self, began: float) -> Sample:
        """began: by `time.monotonic`."""
        text = httpx.get(f"{self.url}/metrics", trust_env=False, timeout=60).text
        figures = dict(re.findall(r"^((?:process|diffir_heap)_\w+) (\S+)$", text, re.MULTILINE))
        files = [each for each in self.folder.rglob("*") if each.is_file()] if self.folder else []
        return Sample(
            time.monotonic() - began,
            float(figures.get("process_resident_memory_bytes", "nan")) / 1e6,
            float(figures.get("diffir_heap_bytes", 0)) / 1e6,
            self._threads(),
            int(float(figures.get("process_open_fds", 0))),
            len(files),
            sum(_size(each) for each in files) / 1e6,
            float(figures.get("process_cpu_seconds_total", "nan")),
        )

    def _threads(self) -> int:
        """0 where the system does not say."""
        try:
            status = Path(f"/proc/{self.process.pid if self.process else 0}/status").read_text()
        except OSError:
            return 0
        found = re.search(r"^Threads:\s+(\d+)", status, re.MULTILINE)
        return int(found[1]) if found else 0

    @property
    def traces(self) -> list[str]:
        """The tracebacks that it has logged, each as `TRACE` lines at most; `log` has them as long as it runs."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log else []
        return traces_in(lines)

    @property
    def left(self) -> int:
        """Temporary files outside of its own folder."""
        other = self.folder.parent / "other" if self.folder else None
        return sum(each.is_file() for each in other.rglob("*")) if other else 0


def traces_in(lines: list[str]) -> list[str]:
    """The tracebacks in a log, each as `TRACE` lines at most; [] where there are none."""
    starts = [i for i, line in enumerate(lines) if "Traceback (most recent call last)" in line]
    ends = [min(start + TRACE, after) for start, after in pairwise([*starts, len(lines)])]
    return ["\n".join(lines[start:end]) for start, end in zip(starts, ends, strict=True)]


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:  # it was deleted a moment ago
        return 0


@contextmanager
def started(*options: str) -> Iterator[Server]:
    """`diffir serve` with the weights that ship, until the block ends. options: further ones of `serve`."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port = trial.getsockname()[1]
    with tempfile.TemporaryDirectory() as place:
        folder, other, log = Path(place) / "own", Path(place) / "other", Path(place) / "log"
        other.mkdir()
        command = [sys.executable, "-m", "diffir_demo", "serve", "--no-browser", "--port", str(port), *options]
        environment = os.environ | {"GRADIO_TEMP_DIR": str(folder), "TMPDIR": str(other)}
        with log.open("wb") as lines:
            process = subprocess.Popen(command, env=environment, stdout=lines, stderr=subprocess.STDOUT)
        try:
            yield Server(_when_up(f"http://127.0.0.1:{port}", process), process, folder, log)
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()


def _when_up(url: str, process: subprocess.Popen[bytes]) -> str:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx.get(f"{url}/healthz", trust_env=False).is_success:
                return url
        except httpx.TransportError:
            time.sleep(0.2)
    raise SystemExit("The server did not start.")
