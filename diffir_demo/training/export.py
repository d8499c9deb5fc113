"""From runs to a file for `checkpoints/`: averaged weights and the record of everything that led to them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from ..errors import InputError
from ..model import DiffIR, Teacher
from ..weights import WeightsInfo, inspect, load, save
from ..weights.directions import FIELD
from .recipe import Recipe
from .state import read_state

ALWAYS_TOLD = {"task", "stage", "minutes", "patch", "batch", "learning_rate", "seed"}
"""Fields of a recipe that its record names even where they have their default values."""


def export(
    runs: list[Path],
    target: Path,
    *,
    note: str = "{}",
    before: Path | None = None,
    blend: Path | None = None,
    share: float = 1.0,
) -> WeightsInfo:
    """Writes the last run's averaged weights with the record of all runs, in the order they were trained.

    before: the weight file that the first run started from; its record comes first, without the regressions of its
    IPR, which tell nothing of the new one. note: JSON facts to add, such as the data. blend: a weight file of the same
    network, of which the result takes all but `share`: between a faithful and a crisp network lie such with fewer
    artefacts (network interpolation, Wang et al., ESRGAN, section 3.4).
    Raises `InputError` for a run that is missing, a note that is no JSON object, and a file that cannot be blended.
    """
    if not runs:
        raise InputError("Export needs --run RUN, once per run and in order.")
    states = [read_state(run / "state.pt") for run in runs]
    recipe = Recipe.from_dict(states[-1]["recipe"])
    task = recipe.trained
    model = (Teacher if recipe.stage == 1 else DiffIR)(task.config)
    model.load_state_dict(states[-1]["average"])
    if blend is not None:
        _blend(model, blend, share)
    former = {} if before is None else dict(inspect(before).training)
    former.pop(FIELD, None)
    told = [*former.get("runs", []), *(_told(state) for state in states)]
    record = former | {
        "steps": former.get("steps", 0) + sum(state["progress"]["step"] for state in states),
        "minutes": round(former.get("minutes", 0) + sum(state["progress"]["seconds"] for state in states) / 60, 1),
        "runs": told,
        **({} if recipe.preset is None else {"preset": recipe.preset, "scale": task.config.scale}),
        **({} if blend is None else {"blend": {"with": inspect(blend).fingerprint, "share": share}}),
        **_facts(note),
    }
    save(target, model, task=task.key, provenance="trained", name=target.stem, training=record)
    return inspect(target)


@torch.no_grad()
def _blend(model: DiffIR | Teacher, file: Path, share: float) -> None:
    if not 0 <= share <= 1:
        raise InputError(f"--share must lie between 0 and 1, not {share:g}.")
    info = inspect(file)
    stage = 1 if isinstance(model, Teacher) else 2
    if info.config != model.config or info.stage != stage:
        raise InputError(f"'{file.name}' holds another network.", "Blend with a file of the same task and stage.")
    other = load(file, stage=stage).model.state_dict()
    for name, value in model.state_dict().items():
        value.lerp_(other[name], 1 - share)


def _told(state: dict[str, Any]) -> dict[str, Any]:
    """A run for the record: what differs from the defaults, and how far it got."""
    recipe = Recipe.from_dict(state["recipe"])
    usual = Recipe(recipe.task, recipe.stage, recipe.minutes).to_dict()
    fields = {k: v for k, v in recipe.to_dict().items() if k in ALWAYS_TOLD or v != usual[k]}
    return fields | {"steps": state["progress"]["step"], "images": state["progress"]["images"]}


def _facts(text: str) -> dict[str, Any]:
    try:
        note = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"--note is no JSON ({error.msg}).") from error
    if not isinstance(note, dict):
        raise InputError("--note must be a JSON object.")
    return note
