"""What a run shows while it goes on: a line of JSON per row, TensorBoard's events, and a sheet to look at.

In the run's folder: `recipe.json`, `history.jsonl`, `progress.png`, and TensorBoard's event files where the package is
installed (requirements-training.txt): `tensorboard --logdir RUNS`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..disk import write_whole
from .curves import TERMS, Row
from .sheet import Sample, save_sheet


class Monitor:
    """Writes down the rows of one run. Use it as a context, or `close` it."""

    def __init__(self, folder: Path, task: str, recipe: Mapping[str, Any], *, headline: str) -> None:
        """task: its key, for the title; recipe: plain values, kept beside the rows; headline: the score in dB to draw.

        A resumed run goes on with the rows that are there already.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.task, self.recipe, self.headline = folder, task, dict(recipe), headline
        (folder / "recipe.json").write_text(json.dumps(self.recipe, indent=1) + "\n", encoding="utf-8")
        self._file = folder / "history.jsonl"
        self.history: list[Row] = list(_rows(self._file))
        self._resumed = True
        self._board: Any = None

    def add(self, row: Row) -> None:
        """row: step, minutes, and any numbers more; on the disk when this returns."""
        if self._resumed:
            self._take_up(int(row["step"]))
        self.history.append(row)
        with self._file.open("a", encoding="utf-8") as file:
            file.write(_line(row))
        if self._board is None:
            return
        for name, value in row.items():
            if name not in ("step", "minutes"):
                group = "loss" if name in TERMS or name == "loss" else "run"
                self._board.add_scalar(f"{group}/{name}", value, int(row["step"]))
        self._board.flush()

    def sheet(self, samples: Sequence[Sample]) -> Path:
        """Draws `progress.png` anew: curves so far, and the samples at 100 %, cut where they were damaged most."""
        path = self.folder / "progress.png"
        save_sheet(self.history, self.headline, samples, self._title(), path)
        return path

    def close(self) -> None:
        if self._board is not None:
            self._board.close()

    def __enter__(self) -> Monitor:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take_up(self, step: int) -> None:
        """Rows from `step` on are of steps that a kill undid, or of another run in this folder: they go."""
        self._resumed = False
        self.history = [row for row in self.history if row["step"] < step]
        write_whole(self._file, "".join(map(_line, self.history)))
        self._board = _board(self.folder, step)

    def _title(self) -> str:
        title = f"{self.task}, stage {self.recipe['stage']}" if "stage" in self.recipe else self.task
        if not self.history:
            return title
        latest = self.history[-1]
        return f"{title}: step {int(latest['step']):,}, {latest['minutes']:.1f} minutes"


def _line(row: Row) -> str:
    """JSON knows no infinities: they become null."""
    return json.dumps({name: value if math.isfinite(value) else None for name, value in row.items()}) + "\n"


def _rows(file: Path) -> Iterator[Row]:
    """Rows already there, as far as they are whole: a kill may have cut the last one."""
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
        try:
            values = json.loads(line)
        except json.JSONDecodeError:
            return
        yield {name: value for name, value in values.items() if value is not None}


def _board(folder: Path, step: int) -> Any:
    """TensorBoard's writer, or None where the package is missing: it is an extra. Older events from `step` on go."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder), purge_step=step)
