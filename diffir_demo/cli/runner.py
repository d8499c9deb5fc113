"""From recipes to what runs a request: one network, several in a row, or what each photo seems to need."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache, cached_property, partial
from math import prod
from pathlib import Path
from typing import Any

from ..api import Model, load
from ..baselines import get_baseline
from ..batch import Job, Run, classical
from ..chain import FINDS, NOTHING_TO_MEND, Link, chained, in_sentence, propose
from ..errors import InputError
from ..events import Event
from ..imaging import source_of
from ..memory import LOADING
from ..planning import Machine, needed_bytes
from ..recipe import Recipe
from ..tasks import Request, get_task
from .options import memory_budget


class Runner:
    """Loads each network once. say: takes sentences that are no errors."""

    def __init__(self, options: argparse.Namespace, previews: bool, say: Callable[[str], None]) -> None:
        self.options, self.previews, self.say = options, previews, say
        self.models: list[Model] = []
        """Those of the recipes, in order."""
        self._single = cache(self._made)

    def run(self, recipes: Sequence[Recipe]) -> tuple[Run, int]:
        """(What runs a request, how far it enlarges): one run, several in a row, or what each photo seems to need.

        How far the last will enlarge is not known before the photo is: 1.
        """
        if not recipes:
            return self._proposed, 1
        made = [self._single(each, self.options.weights if each is recipes[0] else None) for each in recipes]
        runs, scales = zip(*made, strict=True)
        return runs[0] if len(runs) == 1 else chained(list(map(Link, recipes, runs))), prod(scales)

    @cached_property
    def _reader(self) -> Model:
        """What says of each photo what is wrong with it."""
        return self._model(FINDS)

    def _proposed(self, request: Request) -> Iterator[Event]:
        found = propose(request.picture, self._reader)
        if not found:
            raise InputError(NOTHING_TO_MEND, "Name the task that you want instead of 'chain'.")
        self.say(f"{request.name or 'photo'}: {in_sentence(found)}")
        recipes = [each.recipe for each in found]
        links = [Link(each, self._single(replace(each, mask=None))[0]) for each in recipes]
        return chained(links)(recipes[0].request(request.picture, name=request.name))

    def _made(self, recipe: Recipe, weights: Path | None = None) -> tuple[Run, int]:
        options, task = self.options, get_task(recipe.task)
        if options.baseline:
            scale = recipe.scale or task.config.scale
            task.preset(scale=scale)  # refuses a scale that is none of the task's
            return classical(task, get_baseline(options.baseline, task.key), scale), scale
        asked: dict[str, Any] = {"weights": weights or recipe.find_weights()}
        if weights is None and (options.preset or options.scale):
            asked = {"preset": recipe.preset, "scale": recipe.scale}
        model = self._model(recipe.task, **asked)
        self.models.append(model)
        for notice in () if weights else recipe.notices(model.info):
            self.say(notice)
        run = partial(model.stream, previews=self.previews, memory_budget=memory_budget(options))
        return run, model.config.scale

    def _model(self, key: str, **asked: Any) -> Model:
        options = self.options
        return load(key, **asked, device=options.device, precision=options.precision, compiled=options.compile)

    def needed_bytes(self, jobs: Sequence[Job]) -> int:
        """Memory that the run of the largest photo takes, on the safe side."""
        budget = memory_budget(self.options)
        sources = [source for job in jobs if (source := source_of(job.source))]
        largest = max(sources, key=lambda each: each.width * each.height, default=None)
        if largest is None or not self.models:
            return budget
        needed, width, height = [], largest.width, largest.height
        for model in self.models:
            machine = Machine(model.device, model.precision)
            needed.append(needed_bytes(model.config, (width, height), machine, budget))
            width, height = width * model.config.scale, height * model.config.scale
        return max(*needed, LOADING * largest.width * largest.height)
