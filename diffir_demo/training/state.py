"""Everything a run needs to go on after it was stopped, saved whole or not at all; its time; and the way back from a
bad step."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..disk import replacing
from ..errors import DiffIRError, InputError
from .config import TrainConfig, differences, renamed
from .distributed import Distributed
from .stages import Stage

RESERVE = 1.4
"""Times the first validation's duration that is kept free for the last one and the last save."""


@dataclass
class Progress:
    """Where a run is, and what it has seen."""

    step: int = 0
    images: int = 0
    """Crops learned from."""
    seconds: float = 0.0
    lead: float = 0.0
    """Seconds of the budget that were over before the first step."""
    reserve: float = 0.0
    """Seconds of the budget that are kept for the last validation."""
    rollbacks: int = 0
    """Times that a step spoilt the weights and the run went back."""
    lr_scale: float = 1.0
    """Factor on the learning rate, lowered by every rollback."""
    finished: bool = False
    history: list[dict[str, float]] = field(default_factory=list)
    """One row per log line: step, minutes, loss and its parts, and validation scores where there are any."""


@dataclass
class RunState:
    """A run at one moment."""

    config: TrainConfig
    stage: Stage
    average: nn.Module
    """The averaged weights of the stage's network."""
    optimiser: Optimisers
    progress: Progress = field(default_factory=Progress)

    def save(self, path: Path, streams: dict[int, Tensor]) -> None:
        """A kill while writing leaves the former save. streams: the random state of each source of crops."""
        state: dict[str, Any] = {
            "config": self.config.to_dict(),
            "network": self.stage.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "extra": self.stage.extra_state(),
            "progress": asdict(self.progress),
            "streams": streams,
        }
        with replacing(path) as partial:
            torch.save(state, partial)

    def restore(self, path: Path) -> dict[int, Tensor]:
        """Takes up a saved run and gives its streams' random states; `InputError` where its config was another."""
        state = read_state(path)
        differing = differences(state["config"], self.config)
        if differing:
            raise InputError(
                f"The saved run in '{path.parent.name}' was made with another {', '.join(differing)}.",
                "Use the same options, or another --out folder.",
            )
        self.stage.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.stage.load_extra_state(state["extra"])
        self.progress = Progress(**state["progress"])
        return state["streams"]


def read_state(path: Path) -> dict[str, Any]:
    """The file of a run, on the CPU; raises `InputError` where there is none."""
    if not path.exists():
        raise InputError(f"There is no saved run in '{path.parent.name}'.", "Name the --out folder of a run.")
    state = torch.load(path, map_location="cpu", weights_only=True)
    if "recipe" in state:  # so earlier versions saved it
        state["config"] = state.pop("recipe")
    progress = renamed(state["progress"])
    progress["history"] = [renamed(row) for row in progress["history"]]
    return state | {"progress": progress, "extra": renamed(state["extra"])}


class RollbackGuard:
    """Keeps the last sound weights in memory, so that a step that spoilt them can be undone."""

    MOST = 5
    LR_SCALE = 0.5
    """What a rollback does to the learning rate."""

    def __init__(self, run: RunState) -> None:
        self.run = run
        self.in_a_row = 0
        self._kept = self._copy()

    def keep(self) -> None:
        """The weights of now are sound."""
        self.in_a_row = 0
        self._kept = self._copy()

    def roll_back(self) -> None:
        """Back to the last sound weights, at a lower rate; `DiffIRError` after more than `MOST` times in a row."""
        self.in_a_row += 1
        if self.in_a_row > self.MOST:
            raise DiffIRError(
                f"The loss became infinite {self.in_a_row} times in a row; the run cannot go on.",
                "Start again with a lower --learning-rate. The last saved state is sound.",
            )
        network, average, optimiser, extra = self._kept
        self.run.stage.network.load_state_dict(network)
        self.run.average.load_state_dict(average)
        self.run.optimiser.load_state_dict(optimiser)
        self.run.stage.load_extra_state(extra)
        self.run.progress.rollbacks += 1
        self.run.progress.lr_scale *= self.LR_SCALE

    def _copy(self) -> list[dict[str, Any]]:
        parts = (self.run.stage.network, self.run.average, self.run.optimiser)
        return [_cloned(state) for state in (*(part.state_dict() for part in parts), self.run.stage.extra_state())]


def _cloned(value: Any) -> Any:
    """Tensors cloned where they are, at any depth."""
    if isinstance(value, Tensor):
        return value.clone()
    if isinstance(value, dict):
        return {key: _cloned(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_cloned(part) for part in value]
    return value


class Clock:
    """Seconds of a run, those of earlier parts included."""

    def __init__(self, before: float, began: float | None = None) -> None:
        """began: the moment (`time.monotonic`) this part of the run counts from; by default now."""
        self._zero = (time.monotonic() if began is None else began) - before

    def elapsed(self) -> float:
        return time.monotonic() - self._zero


class Pace:
    """Lays the schedule over the budget; all processes see the main one's clock."""

    def __init__(self, config: TrainConfig, progress: Progress, dist: Distributed, clock: Clock) -> None:
        self.config, self.progress, self.dist, self.clock = config, progress, dist, clock
        self._last: dict[str, float] = {}
        self._before = self.elapsed()

    def elapsed(self) -> float:
        return self.dist.broadcast(self.clock.elapsed())

    def start(self, validation_seconds: float) -> None:
        """Training begins. What went before counts as used up; a last validation's time is kept free at the end."""
        progress, now = self.progress, self.elapsed()
        if not progress.step:
            progress.lead = now
            progress.reserve = self.dist.broadcast(RESERVE * validation_seconds)
        self._before = now

    def share(self) -> float:
        """Share of the training time that is over; 1 or more when another step would not end in time."""
        now = self.elapsed()
        lead, end = self.progress.lead, self.config.minutes * 60 - self.progress.reserve
        step, self._before = now - self._before, now
        if now + step > end:
            return 1.0
        return min((now - lead) / max(end - lead, 1e-6), 1.0)

    def due(self, what: str, seconds: float) -> bool:
        """Whether `seconds` have passed since `what` was last done; the first question starts the count."""
        now = self.elapsed()
        return now - self._last.setdefault(what, now) > seconds

    def did(self, what: str) -> float:
        """It has been done just now; gives the seconds since the time before."""
        now = self.elapsed()
        passed = now - self._last.get(what, now)
        self._last[what] = now
        return passed


class MeanMeter:
    """Sums of the loss's terms, and whether every gradient was finite; read, and so waited for, only now and then."""

    def __init__(self, device: torch.device) -> None:
        self._finite = torch.ones((), device=device)
        self._sums: dict[str, Tensor | float] = {}
        self._counts: dict[str, int] = {}

    def add(self, values: dict[str, Tensor] | dict[str, float]) -> None:
        for name, value in values.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
            self._counts[name] = self._counts.get(name, 0) + 1

    def watch(self, norm: Tensor) -> None:
        """norm: of the gradient, before it was clipped."""
        self._finite = self._finite * torch.isfinite(norm)

    def sound(self) -> bool:
        """Whether all gradients since the last `take` were finite."""
        return bool(self._finite)

    def take(self) -> dict[str, float]:
        """Means since the last time; starts anew."""
        means = {name: float(total) / self._counts[name] for name, total in self._sums.items()}
        self._sums, self._counts = {}, {}
        self._finite = torch.ones_like(self._finite)
        return means


class Optimisers:
    """Several optimisers as one: what the loop, the rollback and the saved state need of it."""

    def __init__(self, *parts: torch.optim.Optimizer) -> None:
        self.parts = parts

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        return [group for part in self.parts for group in part.param_groups]

    def step(self) -> None:
        for part in self.parts:
            part.step()

    def zero_grad(self, set_to_none: bool = True) -> None:
        for part in self.parts:
            part.zero_grad(set_to_none=set_to_none)

    def state_dict(self) -> dict[str, Any]:
        return {str(number): part.state_dict() for number, part in enumerate(self.parts)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for number, part in enumerate(self.parts):
            part.load_state_dict(state[str(number)])
