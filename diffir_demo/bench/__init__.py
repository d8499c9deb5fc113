"""How fast is painting on this machine, and how much memory does it take? On a CPU the fast twin of the U-Net
against the form it is published in, and against our readable one.

Networks are untrained: time and memory do not depend on what the weights are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch

from ..errors import InputError
from ..model import COMPACT, PRESETS
from ..model.cost import Cost, cost_of
from ..tasks import TASKS
from .cost import Efficiency, efficiency
from .memory import peak_memory
from .methods import MethodCost, method_costs, method_table
from .profile import Profile, profile_table, profiled
from .report import Bench, conditions, draw, markdown, plain
from .timing import Timed, Times, gemm_peak, measure
from .ways import CPU, Way, ways_on
from .whole import Whole, table, whole_runs

__all__ = [
    "Bench",
    "Cost",
    "Efficiency",
    "MethodCost",
    "Profile",
    "Timed",
    "Times",
    "Way",
    "Whole",
    "bench",
    "chosen_presets",
    "conditions",
    "draw",
    "markdown",
    "method_costs",
    "method_table",
    "plain",
    "profile_table",
    "profiles",
    "table",
    "whole_runs",
]

PAPER = {"inpaint": "inpainting", "clean": "sr_x1", "sr": "sr_x4", "deblur": "deblur"}
"""Task -> the authors' variant that `--paper` measures."""


def chosen_presets(tasks: Sequence[str] | None, presets: Sequence[str] | None, paper: bool) -> list[str]:
    """The presets named, else one for every task named, else one for every task there is."""
    if presets:
        if tasks or paper:
            raise InputError("--preset names the networks, so --task and --paper say nothing beside it.")
        return list(dict.fromkeys(presets))
    compact = {key: next(name for name, config in COMPACT.items() if config == TASKS[key].config) for key in TASKS}
    return [(PAPER if paper else compact)[key] for key in dict.fromkeys(tasks or TASKS)]


def bench(
    presets: Sequence[str],
    sizes: Sequence[int],
    threads: int | None = None,
    rounds: int = 5,
    device: torch.device = CPU,
) -> Iterator[Bench]:
    """Measures every preset at every size (side of a square input, pixels), telling all there is after each.

    threads: None leaves what torch chose. rounds: how often each way is timed, after a warm-up.
    """
    _require_sides(presets, sizes)
    with _threads(threads):
        ways = ways_on(device)
        facts, peaks = conditions(rounds, device), {way.precision: gemm_peak(way, device) for way in ways}
        cases: list[Timed] = []
        for name in presets:
            for size in sizes:
                memory = {way.name: peak_memory(name, size, way, device) for way in ways}
                times, prior = measure(PRESETS[name], size, ways, rounds, device)
                cases.append(Timed(name, size, cost_of(PRESETS[name], size, size), prior, times, memory))
                facts_of_cost = tuple(efficiency(case.preset, case.size, case.cost) for case in cases)
                yield Bench(facts, peaks, tuple(cases), facts_of_cost)


def profiles(presets: Sequence[str], sizes: Sequence[int], threads: int | None = None) -> Iterator[Profile]:
    """Where the time of the fast twin goes, in every precision that this processor multiplies; as for `bench`."""
    _require_sides(presets, sizes)
    with _threads(threads):
        for name in presets:
            for size in sizes:
                for way in ways_on(CPU):
                    if way.network == "fast":
                        yield profiled(name, size, way)


def _require_sides(presets: Sequence[str], sizes: Sequence[int]) -> None:
    for name in presets:
        wrong = [size for size in sizes if size % PRESETS[name].multiple_of]
        if wrong:
            raise InputError(f"{name} takes sides that are multiples of {PRESETS[name].multiple_of}, not {wrong[0]}.")


@contextmanager
def _threads(count: int | None) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
