"""What a megapixel costs: every method of a task, ours, classical and peers, taking turns on one picture."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..evaluation import methods_for
from ..tasks import TASKS, Damaged
from .timing import Times
from .whole import request_of

UNTIMED = ("nothing", "oracle")
HEAD = "| task | method | result | seconds per megapixel | quickest and slowest |"


@dataclass(frozen=True)
class MethodCost:
    """One method of a task on one picture."""

    task: str
    method: str
    size: tuple[int, int]
    """(width, height) of the result."""
    times: Times
    """Of the whole run, from the picture in memory to the picture in memory."""

    @property
    def row(self) -> str:
        width, height = self.size
        megapixels = width * height / 1e6
        median, low, high = (each / megapixels for each in (self.times.median, self.times.low, self.times.high))
        return f"| {self.task} | {self.method} | {width} x {height} | {median:.2f} | {low:.2f}, {high:.2f} |"


def method_costs(tasks: Sequence[str] | None, megapixels: float, rounds: int) -> Iterator[MethodCost]:
    """Task by task, at its own scale. megapixels: of the result. rounds: turns of each method, after a warm-up.

    Peers that are not installed are left out. Raises `InputError` for a size that a method cannot hold.
    """
    for key in dict.fromkeys(tasks or TASKS):
        task = TASKS[key]
        request = request_of(key, megapixels, task.config.scale)
        case = Damaged(request, request.picture)  # nobody here looks at the truth
        found = [method for method in methods_for(task)[0] if method.kind not in UNTIMED]
        spent: dict[str, list[float]] = {method.name: [] for method in found}
        size = request.picture.width * task.config.scale, request.picture.height * task.config.scale
        for turn in range(rounds + 1):
            for method in found:
                began = time.perf_counter()
                method.run(case)
                if turn:
                    spent[method.name].append(time.perf_counter() - began)
        for name, each in spent.items():
            yield MethodCost(key, name, size, Times.of(each))


def method_table(found: Sequence[MethodCost]) -> str:
    """Markdown."""
    return "\n".join([HEAD, "|---" * (HEAD.count("|") - 1) + "|", *(each.row for each in found)])
