"""Where the fast twin's time goes, by kind of operation, as torch's own profiler sees it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.profiler import ProfilerActivity, profile

from ..model import PRESETS
from .ways import Way, case, ipr_of

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
class Profile:
    """Of one painting. shares: of its time, by kind; they add up to 1."""

    preset: str
    size: int
    way: str
    seconds: float
    shares: dict[str, float]


@torch.inference_mode()
def profiled(preset: str, size: int, way: Way) -> Profile:
    """The second painting of a process' network; the first is the warm-up."""
    model, damaged, noise = case(PRESETS[preset], size)
    paint, ipr = way.painter(model), ipr_of(model, damaged, noise)
    paint(damaged, ipr)
    with profile(activities=[ProfilerActivity.CPU]) as found:
        paint(damaged, ipr)
    kinds = {f"aten::{operator}": kind for kind, operators in KINDS.items() for operator in operators}
    spent: Counter[str] = Counter()
    for event in found.key_averages():
        spent[kinds.get(event.key, REST)] += event.self_cpu_time_total
    total = sum(spent.values())
    return Profile(preset, size, way.name, total / 1e6, {kind: spent[kind] / total for kind in (*KINDS, REST)})


def profile_table(found: Sequence[Profile]) -> str:
    """Markdown."""
    head = ["network", "input", "way", "seconds", *KINDS, REST]
    rows = [
        [p.preset, f"{p.size} x {p.size}", p.way, f"{p.seconds:.2f}", *(f"{share:.0%}" for share in p.shares.values())]
        for p in found
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])
