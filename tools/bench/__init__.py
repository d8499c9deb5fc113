"""How fast is the U-Net on this machine, and how much memory does it take? On a CPU our backend for it against the form
it is published in, and against our readable one.

Networks are untrained: time and memory do not depend on what the weights are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch

from diffir_demo.errors import InputError
from diffir_demo.model import PRESETS
from diffir_demo.model.cost import cost_of
from diffir_demo.tasks import TASKS
from tools.machine import CPU, conditions

from .report import Bench, efficiency
from .timing import Profile, Timed, gemm_peak, measure, peak_memory, profiled
from .variants import variants_for


def chosen_presets(tasks: Sequence[str] | None, presets: Sequence[str] | None, paper: bool) -> list[str]:
    """The presets named, else one for every task named, else one for every task there is."""
    if presets:
        if tasks or paper:
            raise InputError("--preset names the networks, so --task and --paper say nothing beside it.")
        return list(dict.fromkeys(presets))
    chosen = [TASKS[key] for key in dict.fromkeys(tasks or TASKS)]
    return [task.official if paper else task.network for task in chosen]


def bench(
    presets: Sequence[str],
    sizes: Sequence[int],
    threads: int | None = None,
    rounds: int = 5,
    device: torch.device = CPU,
) -> Iterator[Bench]:
    """Measures every preset at every size (side of a square input, pixels), giving all that is known after each.

    threads: None leaves what torch chose. rounds: how often each variant is timed, after a warm-up.
    """
    _require_sides(presets, sizes)
    with _threads(threads):
        variants = variants_for(device)
        facts, peaks = conditions(rounds, device), {each.precision: gemm_peak(each, device) for each in variants}
        cases: list[Timed] = []
        for name in presets:
            for size in sizes:
                memory = {each.name: peak_memory(name, size, each, device) for each in variants}
                times, prior = measure(PRESETS[name], size, variants, rounds, device)
                cases.append(Timed(name, size, cost_of(PRESETS[name], size, size), prior, times, memory))
                facts_of_cost = tuple(efficiency(case.preset, case.size, case.cost) for case in cases)
                yield Bench(facts, peaks, tuple(cases), facts_of_cost)


def profiles(presets: Sequence[str], sizes: Sequence[int], threads: int | None = None) -> Iterator[Profile]:
    """Where the time of the CPU backend goes, in every precision that this processor multiplies; as for `bench`."""
    _require_sides(presets, sizes)
    with _threads(threads):
        for name in presets:
            for size in sizes:
                for variant in variants_for(CPU):
                    if variant.network == "fast":
                        yield profiled(name, size, variant)


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
