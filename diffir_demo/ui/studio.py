"""What all tabs share: networks kept ready, weight files found, results written where the browser may fetch them."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Generator, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from gradio.processing_utils import save_bytes_to_cache
from gradio.utils import get_upload_folder, is_in_or_equal
from gradio_client.utils import strip_invalid_filename_characters

from ..devices import choose_device, choose_precision, lock_for, precision_name, require_compiler
from ..errors import WeightsError
from ..estimate import Estimate, Machine, estimate, learn
from ..events import Event, Finished
from ..lab import steering
from ..model import ModelConfig, Teacher
from ..oracle import Oracle, consult
from ..recipe import Recipe
from ..restore import Engine, load, stream
from ..shake import Shake
from ..tasks import Damaged, Fill, Request, Task
from ..tiling import MEMORY_BUDGET
from ..weights import Directions, WeightsInfo, inspect, survey
from ..weights import load as load_weights
from . import words
from .answers import Answers, key_of
from .gallery import Gallery
from .searches import Searches
from .turns import Line

KEPT = 4
"""Networks in memory at once: one per task, and one of a visitor's own."""


@dataclass(frozen=True)
class WeightsChoice:
    """A file that a tab offers. `key` is what the browser sees; paths stay on the server."""

    key: str
    label: str
    badge: str
    path: str
    title: str
    """The short name."""
    scale: int
    untrained: bool = False
    sha256: str = ""
    """Of the file."""
    preset: str | None = None
    """The name of the preset that it is; None for all other files."""
    fill: Fill = "network"
    """What fills holes with it."""
    wants_path: bool = False
    """Whether the camera's path is looked for with it: and what is told of it is of use."""


class Studio:
    """One per app. device, precision: as the command line takes them; a wrong one raises `DeviceError` here.

    memory_budget: bytes, as `stream` takes it; compiled: as `load` does.
    """

    def __init__(
        self,
        device: str = "auto",
        precision: str = "auto",
        memory_budget: int = MEMORY_BUDGET,
        compiled: bool = False,
    ) -> None:
        self.asked: dict[str, Any] = {"device": device, "precision": precision, "compiled": compiled}
        self.memory_budget = memory_budget
        where = choose_device(device)
        if compiled:
            require_compiler(where)
        self.device = str(where).upper()
        self.machine = Machine(where, choose_precision(precision, where))
        self.precision = precision_name(self.machine.precision)
        self.perform = self.events
        """`events`, or a wrapped version of it where a host lends GPUs per call."""
        self.answers = Answers()
        self.gallery = Gallery(keep)
        self.searches = Searches()
        self.line = Line()
        self._engines: OrderedDict[tuple[str, str, float], Engine] = OrderedDict()
        self._lock = threading.Lock()
        self._files = survey()

    def weights_for(self, task: Task) -> list[WeightsChoice]:
        """The usable files of the checkpoints folder: presets in their order, the default first, then all others.

        A file that several presets share is there once for each.
        """
        ranks = {(preset.key, preset.scale): rank for rank, preset in enumerate(task.presets)}
        found = [each for path, info in self._usable(task).items() for each in choices(path, info, task)]
        found.sort(key=lambda each: (ranks.get((each.preset or "", each.scale), len(ranks)), each.key))
        return [
            replace(each, label=words.preset_label(each.title, Path(each.path).name, is_default=not number))
            if each.preset
            else each
            for number, each in enumerate(found)
        ]

    def shipped(self, task: Task, preset: str | None, scale: int | None) -> WeightsChoice:
        """The file of the preset that `Task.preset` finds. Raises `InputError`, and `WeightsError` without the file."""
        meant = task.preset(preset, scale)
        found = [each for each in self.weights_for(task) if (each.preset, each.scale) == (meant.key, meant.scale)]
        if not found:
            raise WeightsError(words.PRESET_MISSING.format(title=task.title_of(meant)), words.PRESET_MISSING_HINT)
        return found[0]

    def own_weights(self, path: str, task: Task) -> WeightsChoice:
        """A file that a visitor brought, loaded once to be sure. Raises `WeightsError`."""
        info = inspect(path)
        self.engine(task, path)
        return _own(Path(path), info)

    def weights_of(self, recipe: Recipe, task: Task, own: Iterable[WeightsChoice] = ()) -> WeightsChoice | None:
        """The file that the recipe names, among the task's and a visitor's own, as `Recipe.among` finds it."""
        offered, fill = [*self.weights_for(task), *own], task.fill_of(recipe.preset)
        offered.sort(key=lambda each: each.fill != fill)  # the first of those that share a file is found
        return recipe.among((each, each.sha256, Path(each.path).name) for each in offered)

    def teachers_for(self, task: Task) -> list[WeightsChoice]:
        """The stage-1 files of the checkpoints folder that taught a network of this task, if there are any."""
        usable = self._usable(task, stage=1)
        return [choice(path, usable[path], path.name) for path in sorted(usable)]

    def own_teacher(self, path: str, task: Task) -> WeightsChoice:
        """A stage-1 file that a visitor brought, loaded once to be sure. Raises `WeightsError`."""
        info = inspect(path)
        self._teacher(task, path)
        return _own(Path(path), info)

    def consult(self, task: Task, path: str, case: Damaged) -> Generator[float, None, Oracle]:
        """`oracle.consult` with the teacher of that file, which takes its turn on the device as every run does."""
        teacher = self._teacher(task, path)
        with lock_for(choose_device(self.asked["device"])):
            return (yield from consult(task, teacher, case))

    def _teacher(self, task: Task, path: str) -> Teacher:
        """Not kept: a teacher is asked once in a while, and reading it takes a moment."""
        file = self._there(path)
        loaded = load_weights(file, task=task.key, stage=1, device=choose_device(self.asked["device"]))
        assert isinstance(loaded.model, Teacher)  # `load` refuses anything else where stage 1 is asked for
        return loaded.model

    def directions(self, task: Task, path: str) -> Directions | None:
        """How that file's network tells of damage; None for one that was not taught to."""
        return self.engine(task, path).info.directions

    def steering(self, task: Task, path: str) -> np.ndarray:
        """`lab.steering` of that file's network."""
        return steering(self.engine(task, path))

    def is_loaded(self, task: Task, path: str) -> bool:
        return self._key(task, path) in self._engines

    def engine(self, task: Task, path: str) -> Engine:
        """The network, loaded at its first use and kept while it is among the `KEPT` last used."""
        with self._lock:
            key = self._key(task, path)
            if key not in self._engines:
                self._engines[key] = load(task, path, **self.asked)
            self._engines.move_to_end(key)
            while len(self._engines) > KEPT:
                self._engines.popitem(last=False)
            return self._engines[key]

    def run(
        self,
        task: Task,
        request: Request,
        path: str,
        previews: bool = False,
        ipr: np.ndarray | None = None,
        steps: int | None = None,
        steered: Mapping[str, float] | None = None,
        found: Shake | None = None,
    ) -> Generator[Event, None, None]:
        """What `perform` tells; for a request that was answered lately, that answer again, without the wait."""
        key = key_of(request, self._key(task, path), previews, ipr, steps, sorted((steered or {}).items()))
        kept = self.answers.get(key)
        if kept is not None:
            yield from kept
            return
        with closing(self.perform(task, request, path, previews, ipr, steps, steered, found)) as events:
            yield from self.answers.listen(key, events)

    def events(
        self,
        task: Task,
        request: Request,
        path: str,
        previews: bool = False,
        ipr: np.ndarray | None = None,
        steps: int | None = None,
        steered: Mapping[str, float] | None = None,
        found: Shake | None = None,
    ) -> Generator[Event, None, None]:
        """`restore.stream` with the network of that file. Finished runs teach what the next ones will take."""
        engine = self.engine(task, path)
        asked: dict[str, Any] = {"ipr": ipr, "steps": steps, "steered": steered, "previews": previews, "found": found}
        asked["memory_budget"] = self.memory_budget
        with closing(stream(task, request, engine, **asked)) as run:
            for event in run:
                if isinstance(event, Finished):
                    learn(engine.model.config, self.machine, event.restoration)
                yield event

    @property
    def is_busy(self) -> bool:
        """Whether a run has the device."""
        return lock_for(self.machine.device).locked()

    def foresee(self, task: Task, path: str, size: tuple[int, int], **asked: Any) -> Estimate:
        """`estimate` for the network of that file, which need not be loaded. size: (width, height) of the photo."""
        return estimate(self._config(task, path), size, self.machine, memory_budget=self.memory_budget, **asked)

    def warm(self, task: Task) -> None:
        """Makes the first run of a task as quick as the next ones: loads its network and measures the machine by it."""
        offered = self.weights_for(task)
        if offered:
            config = self.engine(task, offered[0].path).model.config
            estimate(config, (64, 64), self.machine)

    def _config(self, task: Task, path: str) -> ModelConfig:
        info = self._files.get(Path(path))
        return info.config if isinstance(info, WeightsInfo) else self.engine(task, path).model.config

    def _usable(self, task: Task, stage: int = 2) -> dict[Path, WeightsInfo]:
        """The files of the checkpoints folder that are of this task and stage."""
        return {p: i for p, i in self._files.items() if isinstance(i, WeightsInfo) and fits(i, task, stage)}

    def _key(self, task: Task, path: str) -> tuple[str, str, float]:
        return task.key, path, self._there(path).stat().st_mtime

    def _there(self, path: str) -> Path:
        file = Path(path)
        if not file.is_file():
            raise WeightsError(f"{file.name} is no longer there.", "Choose other weights.")
        return file


def fits(info: WeightsInfo, task: Task, stage: int = 2) -> bool:
    return info.stage == stage and task.accepts(info.config) and info.task in (None, task.key)


def choice(path: Path, info: WeightsInfo, label: str) -> WeightsChoice:
    """A file that is no preset."""
    is_untrained = info.provenance == "untrained"
    return WeightsChoice(
        path.name,
        label,
        info.badge,
        str(path),
        path.stem,
        info.config.scale,
        is_untrained,
        info.sha256,
        wants_path=info.config.wants_path,
    )


def choices(path: Path, info: WeightsInfo, task: Task) -> list[WeightsChoice]:
    """A file of the checkpoints folder, as every preset that runs it."""
    plain, presets = choice(path, info, path.name), task.presets_of(path.name, info.config.scale)
    keys = [path.name if len(presets) == 1 else f"{path.name}:{preset.key}" for preset in presets]
    return [
        replace(
            plain,
            key=key,
            title=task.title_of(preset),
            preset=preset.key,
            fill=preset.fill,
            wants_path=preset.wants_path,
        )
        for key, preset in zip(keys, presets, strict=True)
    ] or [plain]


def _own(path: Path, info: WeightsInfo) -> WeightsChoice:
    """A file that a visitor brought; its name may be that of a file in the folder."""
    return replace(choice(path, info, f"{path.name} ({words.YOURS})"), key=f"own:{info.fingerprint}")


def place_for(name: str) -> Path:
    """Where in Gradio's cache a file may be written that the browser is to fetch; nobody can guess the folder."""
    return Path(get_upload_folder()) / secrets.token_hex(16) / name


def is_ours(path: str) -> bool:
    """Whether that lies in Gradio's cache, which is where uploads and results are: no other file may be named."""
    try:
        return is_in_or_equal(path, get_upload_folder())
    except (OSError, ValueError):  # names that no file can have
        return False


def is_kept(path: str) -> bool:
    """Whether that is a file of Gradio's cache, still."""
    return is_ours(path) and Path(path).is_file()


def keep(data: bytes, name: str) -> str:
    """Writes a file into Gradio's cache, from where the browser may fetch it, and gives its path."""
    return save_bytes_to_cache(data, strip_invalid_filename_characters(name), get_upload_folder())
