"""Everything a run needs to go on after it was stopped, saved whole or not at all; and the way back from a bad step."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..disk import replacing
from ..errors import DiffIRError, InputError
from .optimiser import Optimisers
from .recipe import Recipe, differences
from .stages import Stage


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
    caution: float = 1.0
    """Factor on the learning rate, lowered by every rollback."""
    finished: bool = False
    history: list[dict[str, float]] = field(default_factory=list)
    """One row per log line: step, minutes, loss and its parts, and validation scores where there are any."""


@dataclass
class RunState:
    """A run at one moment."""

    recipe: Recipe
    stage: Stage
    average: nn.Module
    """The averaged weights of the stage's network."""
    optimiser: Optimisers
    progress: Progress = field(default_factory=Progress)

    def save(self, path: Path, streams: dict[int, Tensor]) -> None:
        """A kill while writing leaves the former save. streams: the random state of each source of crops."""
        state: dict[str, Any] = {
            "recipe": self.recipe.to_dict(),
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
        """Takes up a saved run and gives its streams' random states; `InputError` where its recipe was another."""
        state = read_state(path)
        differing = differences(state["recipe"], self.recipe)
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
    return torch.load(path, map_location="cpu", weights_only=True)


class Guard:
    """Keeps the last sound weights in memory, so that a step that spoilt them can be undone."""

    MOST = 5
    CAUTION = 0.5
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
        self.run.progress.caution *= self.CAUTION

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
