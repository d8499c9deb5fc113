"""The training loop, read top to bottom: set up, resume; then step, look, validate, save until the time is up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from torch import nn

from .data import Material, PairStream, Stream
from .estimate_stream import EstimateStream
from .learner import Learner
from .pace import Clock, Pace
from .recipe import Recipe
from .stages import Stage
from .state import Guard, RunState
from .world import World

Validate = Callable[[nn.Module], dict[str, float]]
Row = dict[str, float]
LOOK_EVERY = 15.0
"""Seconds between looks at loss and gradients; in between, nothing waits for the device."""


def train(
    recipe: Recipe,
    material: Material,
    stage: Stage,
    folder: Path,
    validate: Validate,
    world: World,
    *,
    began: float | None = None,
    compiled: bool | None = None,
) -> Iterator[Row]:
    """Trains `stage.network` in place, leaving the averaged weights in it; yields one row of `Progress.history` a time.

    folder: `state.pt` (weights, optimiser, averages, step, random states) is saved there atomically every
    `recipe.save_every` minutes; a killed run loses at most that, and a resumed one goes on with the same schedule.
    began: the moment (`time.monotonic`) from which the budget counts, where work was done for the run before.
    compiled: torch.compile for the blocks; None: on CUDA only, since on a CPU a minute's compiling gains little.
    Rows are the leader's; in a world of several processes the others yield none.
    """
    streams = streams_of(recipe, material, world)
    compiled = world.device.type == "cuda" if compiled is None else compiled
    learner = Learner(stage, recipe, list(streams.values()), world, compiled)
    network, average, tally = learner.network, learner.average, learner.tally
    run = RunState(recipe, stage, average, learner.optimiser)
    file = folder / "state.pt"
    if file.exists():
        for number, state in run.restore(file).items():
            if number in streams:
                streams[number].restore(state)
    progress = run.progress
    if progress.finished:
        network.load_state_dict(average.state_dict())
        return
    pace = Pace(recipe, progress, world, Clock(progress.seconds, began))

    def validated() -> Row:
        return validate(average) if world.leads else {}

    def save() -> None:
        progress.seconds = pace.elapsed()
        states = world.gather({number: stream.state() for number, stream in streams.items()})
        if world.leads:
            run.save(file, states)

    def row(**values: float) -> Row:
        progress.history.append({"step": progress.step, "minutes": pace.elapsed() / 60, **values})
        return progress.history[-1]

    before = time.monotonic()
    if not progress.step:
        latest = row(**validated())
        if world.leads:
            yield latest
    pace.start(time.monotonic() - before)  # what validation, and whoever listens, will take again at the end
    guard, images = Guard(run), progress.images

    while (share := pace.share()) < 1:
        learner.step(share, progress)
        if pace.due("look", LOOK_EVERY):
            sound = tally.sound()
            found = world.mean(tally.take())
            if sound:
                guard.keep()
            else:
                guard.roll_back()
                found |= {"rollbacks": progress.rollbacks}
            found["images_per_second"] = (progress.images - images) / pace.did("look")
            images = progress.images
            if pace.due("validation", recipe.validate_every * 60) and share < 0.95:
                found |= validated()
                pace.did("validation")
            latest = row(**found)
            if world.leads:
                yield latest
            pace.did("look")
        if pace.due("save", recipe.save_every * 60) and tally.sound():
            save()
            pace.did("save")

    if not tally.sound():
        guard.roll_back()
    latest = row(**world.mean(tally.take()), **validated())
    progress.finished = True
    save()
    network.load_state_dict(average.state_dict())
    if world.leads:
        yield latest


def streams_of(recipe: Recipe, material: Material, world: World) -> dict[int, Stream]:
    """This process's sources of crops, by number."""
    numbers = world.mine(recipe.streams)
    if material.estimates is not None:
        task, folder, device = material.task, material.estimates, material.pool.pixels.device
        return {number: EstimateStream(task, folder, device, recipe.seed, number) for number in numbers}
    return {number: PairStream(material, recipe.seed, number) for number in numbers}
