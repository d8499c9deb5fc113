"""How fast is painting on this machine's CPU, and how much memory does it take? The fast twin of the U-Net
against the form it is published in, and against our readable one.

Networks are untrained: time and memory do not depend on what the weights are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from ..errors import InputError
from ..model import COMPACT, PRESETS
from ..model.cost import Cost, cost_of
from ..tasks import TASKS
from .cost import Efficiency, efficiency
from .memory import peak_memory
from .report import Bench, conditions, draw, markdown, plain
from .timing import Timed, Times, gemm_peak, measure
from .ways import WAYS, Way, ways_here
from .whole import Whole, table, whole_runs

__all__ = [
    "WAYS",
    "Bench",
    "Cost",
    "Efficiency",
    "Timed",
    "Times",
    "Way",
    "Whole",
    "bench",
    "chosen_presets",
    "conditions",
    "draw",
    "markdown",
    "plain",
    "table",
    "whole_runs",
]

PAPER = {"inpaint": "inpainting", "sr": "sr_x4", "deblur": "deblur"}
"""Task -> the authors' variant that `--paper` measures."""


def chosen_presets(tasks: Sequence[str] | None, presets: Sequence[str] | None, paper: bool) -> list[str]:
    """The presets named, else one for every task named, else one for every task there is."""
    if presets:
        if tasks or paper:
            raise InputError("--preset names the networks, so --task and --paper say nothing beside it.")
        return list(dict.fromkeys(presets))
    compact = {key: next(name for name, config in COMPACT.items() if config == TASKS[key].config) for key in TASKS}
    return [(PAPER if paper else compact)[key] for key in dict.fromkeys(tasks or TASKS)]


def bench(presets: Sequence[str], sizes: Sequence[int], threads: int | None = None, rounds: int = 5) -> Iterator[Bench]:
    """Measures every preset at every size (side of a square input, pixels), telling all there is after each.

    threads: None leaves what torch chose. rounds: how often each way is timed, after a warm-up.
    """
    for name in presets:
        wrong = [size for size in sizes if size % PRESETS[name].multiple_of]
        if wrong:
            raise InputError(f"{name} takes sides that are multiples of {PRESETS[name].multiple_of}, not {wrong[0]}.")
    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    try:
        ways = ways_here()
        facts, peaks = conditions(rounds), {way.precision: gemm_peak(way.dtype) for way in ways}
        cases: list[Timed] = []
        for name in presets:
            for size in sizes:
                memory = {way.name: peak_memory(name, size, way) for way in ways}
                times, prior = measure(PRESETS[name], size, ways, rounds)
                cases.append(Timed(name, size, cost_of(PRESETS[name], size, size), prior, times, memory))
                facts_of_cost = tuple(efficiency(case.preset, case.size, case.cost) for case in cases)
                yield Bench(facts, peaks, tuple(cases), facts_of_cost)
    finally:
        torch.set_num_threads(before)
