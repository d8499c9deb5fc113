"""Time and memory of one network's variants: seconds by turns in one process, peak memory each in its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch.profiler import ProfilerActivity, profile

from diffir_demo.figures import markdown_table
from diffir_demo.model import PRESETS, ModelConfig
from diffir_demo.model.cost import Cost
from tools.machine import CPU

from .variants import Variant, case, ipr_of, rounding

GEMM_SIDE = {"cpu": 2048, "cuda": 8192, "mps": 4096}
GEMM_TRIES = 8
STATUS = Path("/proc/self/status")
"""Linux keeps the highest resident memory here. `getrusage` has such a number, too, but a child's starts at its
parent's, so that it says nothing about the child."""
KINDS = {
    "matrix products": ("mm", "addmm", "addmm_", "bmm", "baddbmm", "addmv_", "mkldnn_linear"),
    "convolutions": ("mkldnn_convolution", "convolution", "thnn_conv2d", "slow_conv2d_forward"),
    "GELU": ("gelu",),
    "norms": ("native_layer_norm",),
    "copies": ("copy_", "cat", "pixel_shuffle", "pixel_unshuffle", "fill_", "zero_"),
    "sums and products": ("mul", "mul_", "add", "add_", "addcmul", "addcmul_", "pow", "sum", "div_", "rsqrt"),
}
"""torch's operators by what they do; convolutions are depthwise ones, but for stem, changes of level and head."""
REST = "the rest"


@dataclass(frozen=True)
class Times:
    """Wall seconds of several rounds."""

    median: float
    low: float
    high: float
    """Quickest and slowest round."""

    @classmethod
    def of(cls, spent: Sequence[float]) -> Times:
        """spent: seconds of each round, one at least."""
        return cls(float(np.median(spent)), min(spent), max(spent))


@dataclass(frozen=True)
class Memory:
    """MiB: resident memory, or on a GPU what tensors take of its own."""

    peak: float
    at_rest: float
    """Before restoring: Python, torch and the network itself."""


@dataclass(frozen=True)
class Timed:
    """One network at one size, all variants."""

    preset: str
    size: int
    """Side of the square input, pixels."""
    cost: Cost
    prior: dict[str, Times]
    """Prior encoder and diffusion, by the encoder's precision."""
    decode: dict[str, Times]
    """Base picture and U-Net, by the variant's name."""
    memory: dict[str, Memory | None]
    """Of a process that restores one picture and does nothing else, by the variant's name."""

    def whole(self, variant: str) -> float:
        """Seconds of the whole pipeline: IPR and decoding."""
        return self.prior[Variant.named(variant).encoder_precision].median + self.decode[variant].median


@torch.inference_mode()
def measure(
    config: ModelConfig, size: int, variants: Sequence[Variant], rounds: int, device: torch.device = CPU
) -> tuple[dict[str, Times], dict[str, Times]]:
    """Seconds of decoding by the variant's name, and of prior encoder and diffusion by the encoder's precision."""
    model, damaged, noise = case(config, size, device)
    ipr = ipr_of(model, damaged, noise)
    priors = list(dict.fromkeys(variant.encoder_precision for variant in variants))
    work: dict[str, Callable[[], object]] = {p: partial(ipr_of, model, damaged, noise, p) for p in priors}
    work |= {variant.name: partial(variant.decoder(model), damaged, ipr) for variant in variants}
    found: dict[str, list[float]] = {name: [] for name in work}
    for turn in range(rounds + 1):
        for name, run in work.items():
            spent = seconds(run, device)
            if turn:  # the first is the warm-up
                found[name].append(spent)
    times = {name: Times.of(spent) for name, spent in found.items()}
    return {variant.name: times[variant.name] for variant in variants}, {
        precision: times[precision] for precision in priors
    }


@torch.inference_mode()
def gemm_peak(variant: Variant, device: torch.device = CPU) -> float:
    """GFLOP/s of the quickest of several large matrix products in a variant's precision: the most there can be."""
    side = GEMM_SIDE[device.type]
    a, b = (torch.randn(side, side, device=device).to(variant.dtype) for _ in range(2))
    with rounding(variant.precision):
        best = min(seconds(lambda: a @ b, device) for _ in range(GEMM_TRIES))
    return 2 * side**3 / best / 1e9


def seconds(work: Callable[[], object], device: torch.device = CPU) -> float:
    """Until the device has done it: a GPU takes orders long before it carries them out."""
    began = time.perf_counter()
    work()
    if device.type != "cpu":
        torch.accelerator.synchronize(device)
    return time.perf_counter() - began


def peak_memory(preset: str, size: int, variant: Variant, device: torch.device = CPU) -> Memory | None:
    """None where the system does not say, or where its memory ran out. size: side of the square input, pixels."""
    if device.type == "mps" or not (device.type == "cuda" or STATUS.exists()):
        return None
    arguments = [preset, size, variant.network, variant.precision, torch.get_num_threads(), device]
    done = run_in_subprocess(__name__, *arguments)
    if done.returncode == -signal.SIGKILL:  # what Linux does to a process that takes too much
        return None
    if done.returncode:
        raise RuntimeError(f"the process that measures memory failed: {done.stderr}")
    return Memory(**json.loads(done.stdout))


def run_in_subprocess(module: str, *arguments: object) -> subprocess.CompletedProcess[str]:
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
    print(json.dumps(asdict(_measure(preset, int(size), Variant(network, precision), torch.device(device)))))


@torch.inference_mode()
def _measure(preset: str, size: int, variant: Variant, device: torch.device) -> Memory:
    model, damaged, noise = case(PRESETS[preset], size, device)
    at_rest = _highest_on(device)
    variant.decoder(model)(damaged, ipr_of(model, damaged, noise, variant.encoder_precision))
    return Memory(_highest_on(device), at_rest)


def _highest_on(device: torch.device) -> float:
    return torch.cuda.max_memory_allocated(device) / 2**20 if device.type == "cuda" else highest()


def highest() -> float:
    """The process's highest resident memory so far, MiB."""
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


@dataclass(frozen=True)
class Profile:
    """Of one decoding. shares: of its time, by kind; they add up to 1."""

    preset: str
    size: int
    variant: str
    seconds: float
    shares: dict[str, float]


@torch.inference_mode()
def profiled(preset: str, size: int, variant: Variant) -> Profile:
    """The second decoding of a process' network; the first is the warm-up."""
    model, damaged, noise = case(PRESETS[preset], size)
    decode, ipr = variant.decoder(model), ipr_of(model, damaged, noise)
    decode(damaged, ipr)
    with profile(activities=[ProfilerActivity.CPU]) as found:
        decode(damaged, ipr)
    kinds = {f"aten::{operator}": kind for kind, operators in KINDS.items() for operator in operators}
    spent: Counter[str] = Counter()
    for event in found.key_averages():
        spent[kinds.get(event.key, REST)] += event.self_cpu_time_total
    total = sum(spent.values())
    return Profile(preset, size, variant.name, total / 1e6, {kind: spent[kind] / total for kind in (*KINDS, REST)})


def profile_table(found: Sequence[Profile]) -> str:
    """Markdown."""
    rows = [
        [
            p.preset,
            f"{p.size} x {p.size}",
            p.variant,
            f"{p.seconds:.2f}",
            *(f"{share:.0%}" for share in p.shares.values()),
        ]
        for p in found
    ]
    return markdown_table(["network", "input", "variant", "seconds", *KINDS, REST], rows)
