"""What all tabs share: networks kept ready, weight files found, results written where the browser may fetch them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from .. import peers
from ..api import Model, load
from ..batch import compared_with
from ..devices import choose_device, choose_precision, lock_for, precision_name, require_compiler
from ..errors import InputError, WeightsError
from ..events import Event, Finished
from ..lab import steering
from ..lru import LRU
from ..memory import require_memory
from ..messages import Message
from ..model import ModelConfig, Teacher
from ..oracle import Oracle, oracle
from ..peers import Peer
from ..planning import Estimate, Machine, estimate, learn
from ..recipe import Recipe
from ..run import require_runnable
from ..server.metrics import counted_run
from ..shake import Shake
from ..tasks import Case, Fill, Request, Task
from ..tick import Tick, no_tick
from ..tiling import MEMORY_BUDGET
from ..weights import Directions, WeightsInfo, inspect, local_file, survey
from ..weights import load as load_weights
from .cache import ResultCache, Searches, key_of
from .component import words_of
from .files import ImageServer, keep
from .run_queue import RunQueue

WORDS = words_of()
LOG = logging.getLogger(__name__)

KEPT = 1 << 30
"""Bytes of the networks that are kept ready, in float32. Those that ship have 16 to 19 MB; the largest official one has
110 MB, and a visitor's own 800 MB at most."""


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
    is_peer: bool = False
    """Whether it is no DiffIR: it can be compared with, and nothing else."""
    wants_path: bool = False
    """Whether the camera's path is looked for with it: so that what is known of it is of use."""


class AppState:
    """One per app. device, precision: as the command line takes them; a wrong one raises `DeviceError` here.

    memory_budget: bytes, as `stream` takes it; compiled: as `load` does. longest: seconds that a run may be expected to
    take; None: any. weights: more files to offer, as `load` takes them; `WeightsError` where one cannot be used.
    """

    def __init__(
        self,
        device: str = "auto",
        precision: str = "auto",
        memory_budget: int = MEMORY_BUDGET,
        compiled: bool = False,
        longest: float | None = None,
        weights: Sequence[str] = (),
    ) -> None:
        self.asked: dict[str, Any] = {"device": device, "precision": precision, "compiled": compiled}
        self.memory_budget, self.longest = memory_budget, longest
        where = choose_device(device)
        if compiled:
            require_compiler(where)
        self.device = str(where).upper()
        self.machine = Machine(where, choose_precision(precision, where))
        self.precision = precision_name(self.machine.precision)
        self.perform = self.events
        """`events`, or a wrapped version of it where a host lends GPUs per call."""
        self.results = ResultCache()
        self.images = ImageServer(keep)
        self.searches = Searches()
        self.queue = RunQueue()
        self.lent = False
        """Whether the device is there inside of `perform` only."""
        self._models: LRU[tuple[str, str, float, str], Model] = LRU(KEPT, bytes_of)
        self._peers: LRU[str, Peer] = LRU(KEPT, lambda peer: peer.size)
        """Networks of others that visitors brought, by path."""
        self._lock = threading.Lock()
        self._files = survey() | {local_file(each): inspect(each) for each in weights}
        for problem in (each for each in self._files.values() if isinstance(each, WeightsError)):
            LOG.warning("A weight file cannot be used: %s", problem)

    def lend(self, accelerate: Callable[[Any], Any]) -> None:
        """Lets a host run `events`, on a device that it lends for the length of a call."""
        self.perform, self.lent = accelerate(self.events), self.machine.device.type != "cpu"

    def weights_for(self, task: Task) -> list[WeightsChoice]:
        """The usable files of the checkpoints folder: presets in their order, the default first, then all others.

        A file that several presets share is there once for each.
        """
        ranks = {(preset.key, preset.scale): rank for rank, preset in enumerate(task.presets)}
        found = [each for path, info in self._usable(task).items() for each in choices(path, info, task)]
        found.sort(key=lambda each: (ranks.get((each.preset or "", each.scale), len(ranks)), each.key))
        return [
            replace(each, label=_label(each, is_default=not number)) if each.preset else each
            for number, each in enumerate(found)
        ]

    def unusable_for(self, task: Task) -> list[str]:
        """A sentence for each file of the task's presets that is there and cannot be used."""
        names = {preset.weights for preset in task.presets}
        found = ((path.name, each) for path, each in self._files.items())
        return [str(each) for name, each in found if name in names and isinstance(each, WeightsError)]

    def chosen(self, task: Task, key: str | None, own: Mapping[str, WeightsChoice]) -> WeightsChoice:
        """The file behind a key; only files that were offered can be named. Raises `WeightsError` without any.

        own: the files that this visitor uploaded, by key.
        """
        offered = {each.key: each for each in self.weights_for(task)} | dict(own)
        if not offered:
            raise WeightsError(WORDS.no_weights)
        return offered.get(key or "") or next(iter(offered.values()))

    def shipped(self, task: Task, preset: str | None, scale: int | None) -> WeightsChoice:
        """The file of the preset that `Task.preset` finds. Raises `InputError`, and `WeightsError` without the file."""
        meant = task.preset(preset, scale)
        found = [each for each in self.weights_for(task) if (each.preset, each.scale) == (meant.key, meant.scale)]
        if not found:
            raise WeightsError(WORDS.preset_missing.format(title=task.title_of(meant)), WORDS.preset_missing_hint)
        return found[0]

    def own_weights(self, path: str, task: Task) -> WeightsChoice:
        """A file that a visitor brought, loaded once to be sure; a network of others (`is_peer`) where it is no DiffIR.

        Raises `WeightsError`."""
        try:
            info = inspect(path)
        except WeightsError:
            if not peers.is_available():
                raise
            return self._own_peer(path, task)
        self.at_hand(task, path)
        return _own(Path(path), info)

    def _own_peer(self, path: str, task: Task) -> WeightsChoice:
        peer = self.peer(path)
        if not peer.fits(task):
            if peer.wants_mask:
                does = Message("{title} fills holes, so it is none for {task}.", title=peer.title, task=task.title)
            elif peer.scale > 1:
                scale = {"scale": peer.scale, "task": task.title}
                does = Message("{title} enlarges x{scale}, so it is none for {task}.", title=peer.title, **scale)
            else:
                does = Message("{title} keeps the size, so it is none for {task}.", title=peer.title, task=task.title)
            raise WeightsError(does, Message("Open it under another tab."))
        key, label = f"own:{peer.sha256[:12]}", f"{Path(path).name} ({WORDS.yours})"
        badge = f"{peer.architecture}, a network of others"
        return WeightsChoice(key, label, badge, path, peer.title, peer.scale, sha256=peer.sha256, is_peer=True)

    def peer(self, path: str) -> Peer:
        """The network of others in that file, kept while there is room. Raises `WeightsError`."""
        with self._lock:
            return self._peers.get(path) or self._peers.put(
                path, peers.load_peer(self._there(path), self._device_at_hand)
            )

    def run_peer(self, task: Task, request: Request, path: str) -> Generator[Event, None, None]:
        """Its run, with the events that a page can follow; closing it ends it between two tiles.

        Raises `DeviceError` where its memory is not free.
        """
        peer, budget = self.peer(path), self.memory_budget
        request = request.changed(memory_budget=budget)
        require_memory(min(budget, peer.bytes_per_pixel * request.picture.width * request.picture.height))
        yield from compared_with(task, peer, request, budget)

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

    def consult(self, task: Task, path: str, case: Case, tick: Tick = no_tick) -> Oracle:
        """`oracle` with the teacher of that file, which takes its turn on the device as every run does."""
        teacher = self._teacher(task, path)
        with lock_for(choose_device(self._device_at_hand)):
            return oracle(task, teacher, case, tick)

    def _teacher(self, task: Task, path: str) -> Teacher:
        """Not kept: a teacher is asked once in a while, and reading it takes a moment."""
        file = self._there(path)
        loaded = load_weights(file, task=task.key, stage=1, device=choose_device(self._device_at_hand))
        assert isinstance(loaded.model, Teacher)  # `load` refuses anything else where stage 1 is asked for
        return loaded.model

    def directions(self, task: Task, path: str) -> Directions | None:
        """How the IPR of that file's network is read; None where it cannot be."""
        return self.at_hand(task, path).info.directions

    def steering(self, task: Task, path: str) -> np.ndarray:
        """`lab.steering` of that file's network."""
        return steering(self.at_hand(task, path))

    def is_loaded(self, task: Task, path: str) -> bool:
        return (*self._key(task, path), self.asked["device"]) in self._models

    def model(self, task: Task, path: str) -> Model:
        """The network, loaded at its first use and kept while those used since then leave it room in `KEPT`."""
        return self._loaded(task, path, self.asked)

    def at_hand(self, task: Task, path: str) -> Model:
        """The same for what is done outside of `perform`: on the CPU where the device is lent."""
        return self._loaded(task, path, self.asked | ({"device": "cpu", "compiled": False} if self.lent else {}))

    def _loaded(self, task: Task, path: str, asked: dict[str, Any]) -> Model:
        with self._lock:
            key = (*self._key(task, path), asked["device"])
            return self._models.get(key) or self._models.put(key, load(task, path, **asked))

    @property
    def _device_at_hand(self) -> str:
        return "cpu" if self.lent else self.asked["device"]

    def run(self, task: Task, request: Request, path: str, found: Shake | None = None) -> Generator[Event, None, None]:
        """The events of `perform`; for a request that was run lately those that were kept, without the wait.

        Finished runs teach what the next ones will take, here and not in `perform`, which may be another process.
        found: as `Model.stream` takes it. Raises `InputError` for what cannot be run, and for what would take more than
        `longest`, before `perform` is called.
        """
        request = request.changed(memory_budget=self.memory_budget)
        key = key_of(request, self._key(task, path))
        kept = self.results.get(key)
        if kept is not None:
            yield from kept
            return
        require_runnable(task, self._config(task, path), request)
        self._require_time(self.expected(task, request, path))
        with counted_run(task.key), closing(self.perform(task, request, path, found)) as events:
            yield from self.results.recording(key, self._learning(task, path, events))

    def events(
        self, task: Task, request: Request, path: str, found: Shake | None = None
    ) -> Generator[Event, None, None]:
        """`Model.stream` with the network of that file."""
        with closing(self.model(task, path).stream(request, found=found)) as run:
            yield from run

    def _learning(self, task: Task, path: str, events: Generator[Event, None, None]) -> Generator[Event, None, None]:
        for event in events:
            if isinstance(event, Finished):
                learn(self._config(task, path), self.machine, event.restoration)
            yield event

    @property
    def is_busy(self) -> bool:
        """Whether a run has the device."""
        return lock_for(self.machine.device).locked()

    def foresee(self, task: Task, path: str, size: tuple[int, int], **asked: Any) -> Estimate:
        """`estimate` for the network of that file, which need not be loaded. size: (width, height) of the photo."""
        return estimate(self._config(task, path), size, self.machine, memory_budget=self.memory_budget, **asked)

    def expected(self, task: Task, request: Request, path: str) -> Estimate:
        """`foresee` for that request."""
        options = {"previews": request.settings.previews, "steps": request.settings.steps}
        fill = request.settings.fill or "network"
        size = (request.picture.width, request.picture.height)
        return self.foresee(task, path, size, mask=request.mask, fill=fill, **options)

    def require_possible(self, task: Task, request: Request, path: str) -> None:
        """For those who cannot be asked. Raises `DeviceError` for a run that needs more memory than is free, and
        `InputError` for one that would take more than `longest`."""
        expected = self.expected(task, request, path)
        require_memory(expected.bytes)
        self._require_time(expected)

    def _require_time(self, expected: Estimate) -> None:
        if self.longest is not None and expected.seconds > self.longest:
            time, most = duration(expected.seconds), duration(self.longest)
            raise InputError(WORDS.too_long.format(time=time, most=most), WORDS.too_long_hint)

    def warm(self, task: Task) -> None:
        """Makes the first run of a task as quick as the next ones: loads its network and measures the machine by it."""
        offered = self.weights_for(task)
        if offered:
            config = self.model(task, offered[0].path).config
            estimate(config, (64, 64), self.machine)

    def _config(self, task: Task, path: str) -> ModelConfig:
        info = self._files.get(Path(path))
        return info.config if isinstance(info, WeightsInfo) else self.at_hand(task, path).config

    def _usable(self, task: Task, stage: int = 2) -> dict[Path, WeightsInfo]:
        """The files of the checkpoints folder that are of this task and stage."""
        return {p: i for p, i in self._files.items() if isinstance(i, WeightsInfo) and fits(i, task, stage)}

    def _key(self, task: Task, path: str) -> tuple[str, str, float]:
        return task.key, path, self._there(path).stat().st_mtime

    def _there(self, path: str) -> Path:
        file = Path(path)
        if not file.is_file():
            raise WeightsError(WORDS.weights_gone.format(file=file.name), WORDS.weights_gone_hint)
        return file


def bytes_of(model: Model) -> int:
    """What a loaded network takes in memory."""
    return model.nbytes


def duration(seconds: float) -> str:
    if seconds < 100:
        return WORDS.time["seconds"].format(seconds=max(1, round(seconds)))
    return WORDS.time["minutes"].format(minutes=round(seconds / 60))


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


def _label(preset: WeightsChoice, is_default: bool) -> str:
    """A preset's file in the list of all weight files."""
    form = WORDS.default_weights if is_default else WORDS.weight_file
    return form.format(title=preset.title, file=Path(preset.path).name)


def _own(path: Path, info: WeightsInfo) -> WeightsChoice:
    """A file that a visitor brought; its name may be that of a file in the folder."""
    return replace(
        choice(path, info, WORDS.weight_file.format(title=path.name, file=WORDS.yours)), key=f"own:{info.fingerprint}"
    )
