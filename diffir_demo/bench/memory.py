"""Peak memory of one restoration, each in a process of its own: nothing that ran before can blur it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from ..model import PRESETS
from .ways import CPU, Way, case, ipr_of

STATUS = Path("/proc/self/status")
"""Linux keeps the highest resident memory here. `getrusage` has such a number, too, but a child's starts at its
parent's, so that it says nothing about the child."""


@dataclass(frozen=True)
class Memory:
    """MiB: resident memory, or on a GPU what tensors take of its own."""

    peak: float
    at_rest: float
    """Before restoring: Python, torch and the network itself."""


def peak_memory(preset: str, size: int, way: Way, device: torch.device = CPU) -> Memory | None:
    """None where the system does not tell, or where its memory ran out. size: side of the square input, pixels."""
    if device.type == "mps" or not (device.type == "cuda" or STATUS.exists()):
        return None
    arguments = [preset, size, way.network, way.precision, torch.get_num_threads(), device]
    done = apart(__name__, *arguments)
    if done.returncode == -signal.SIGKILL:  # what Linux does to a process that takes too much
        return None
    if done.returncode:
        raise RuntimeError(f"the process that measures memory failed: {done.stderr}")
    return Memory(**json.loads(done.stdout))


def apart(module: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Runs that module's `child` in a process of its own, to its end."""
    return subprocess.run(
        [sys.executable, "-c", f"from {module} import child; child()", *map(str, arguments)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )


def child() -> None:
    """What runs in the process of its own; its arguments are those of `peak_memory`, and the threads."""
    preset, size, network, precision, threads, device = sys.argv[1:]
    torch.set_num_threads(int(threads))
    print(json.dumps(asdict(_measure(preset, int(size), Way(network, precision), torch.device(device)))))


@torch.inference_mode()
def _measure(preset: str, size: int, way: Way, device: torch.device) -> Memory:
    model, damaged, noise = case(PRESETS[preset], size, device)
    at_rest = _highest_on(device)
    way.painter(model)(damaged, ipr_of(model, damaged, noise, way.encoder_precision))
    return Memory(_highest_on(device), at_rest)


def _highest_on(device: torch.device) -> float:
    return torch.cuda.max_memory_allocated(device) / 2**20 if device.type == "cuda" else highest()


def highest() -> float:
    """The process's highest resident memory so far, MiB."""
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024
