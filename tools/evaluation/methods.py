"""What is compared: our networks, every classical method, peers, doing nothing, and who knows the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from diffir_demo.api import Model, load
from diffir_demo.baselines import Baseline, baselines_for
from diffir_demo.deconvolve import deconvolve, fidelity_for, spread
from diffir_demo.errors import InputError
from diffir_demo.imaging import Picture, noise_level
from diffir_demo.shake import undo
from diffir_demo.shipped import checkpoint_folder, find_default
from diffir_demo.tasks import Case, Fill, Task
from diffir_demo.weights import WeightsInfo, survey

from .peers import peers_for

Kind = Literal["ours", "classical", "peer", "nothing", "oracle"]
NOTHING = "nothing done"
ORACLE = "True path (oracle)"


@dataclass(frozen=True, eq=False)
class Made:
    """What a method made of a case."""

    picture: Picture
    ipr: np.ndarray | None = None
    """The numbers that steered it, (n,) float32; None for methods without any."""
    path: np.ndarray | None = None
    """The kernel that it believes the photo was blurred with, (k, k); None for methods that do not look for one."""


@dataclass(frozen=True, eq=False)
class Method:
    """One row of a table."""

    name: str
    kind: Kind
    run: Callable[[Case], Made] = field(repr=False)
    """What it makes of a case. None but an oracle looks at more than the case's request."""
    note: str = ""
    """One sentence for people: what it is."""
    engine: Model | None = field(default=None, repr=False)
    """The network, where it is one of ours and works alone: its IPR is studied."""


def methods_for(
    task: Task, weights: Path | None = None, *, device: str = "auto", precision: str = "auto"
) -> tuple[list[Method], list[str]]:
    """The methods that can run here, ours first, and a sentence for each that cannot.

    weights: only this network of ours; without it, every one in the checkpoint folder that fits, the default first.
    """
    files = [weights] if weights is not None else _shipped(task)
    methods = [method for file in files for method in _ours(task, file, device, precision)]
    methods += [_classical(baseline, task.config.scale) for baseline in baselines_for(task.key)]
    missing: list[str] = []
    for peer in peers_for(task.key, task.config.scale):
        if peer.missing:
            missing.append(f"{peer.title}: not installed (pip install --no-deps {peer.install}).")
        else:
            methods.append(Method(peer.title, "peer", _plain(peer.open()), peer.note))
    if task.config.scale == 1 and not task.wants_mask:
        methods.append(Method(NOTHING, "nothing", _plain(lambda picture: picture), "The damaged picture as it is."))
    if task.measures_blur:
        methods.append(Method(ORACLE, "oracle", _true_path, "The same deconvolution, given the true blur."))
    return methods, missing


def _shipped(task: Task) -> list[Path | None]:
    """Files of the checkpoint folder that this task can run at its scale; [None], for which `load` has a sentence."""

    def fits(info: object) -> bool:
        return (
            isinstance(info, WeightsInfo)
            and (info.stage, info.task) == (2, task.key)
            and task.accepts(info.config)
            and info.config.scale == task.config.scale
        )

    default = find_default(*(preset.weights for preset in task.presets if preset.scale == task.config.scale))
    others = [path for path, info in survey(checkpoint_folder()).items() if path != default and fits(info)]
    return [*([default] if default else []), *others] or [None]


def _ours(task: Task, file: Path | None, device: str, precision: str) -> Iterator[Method]:
    """The network of a file alone, then as the presets that share the file fill holes with it."""
    scale_of_shipped = task.config.scale if file is None else None
    engine = load(task, file, scale=scale_of_shipped, device=device, precision=precision)
    engine = replace(engine, fill="network")  # where nothing is said, it is the network alone that is measured
    found, scale = engine.config.scale, task.config.scale
    if found != scale:
        raise InputError(
            f"The set is made for x{scale}, these weights enlarge x{found}.", f"Evaluate x{scale} weights."
        )

    def run(fill: Fill, case: Case) -> Made:
        done = engine.restore(case.request, fill=fill)
        return Made(done.picture, done.ipr)

    stem = Path(engine.info.file).stem
    note = (
        f"{engine.info.badge}, {engine.info.parameters / 1e6:.1f} million parameters, sha256 {engine.info.fingerprint}."
    )
    yield Method(f"DiffIR {stem}", "ours", partial(run, "network"), note, engine)
    for preset in task.presets_of(engine.info.file, found):
        if preset.fill != "network":
            yield Method(f"DiffIR {stem}, {preset.key}", "ours", partial(run, preset.fill), preset.summary)


def _classical(baseline: Baseline, scale: int) -> Method:
    def run(case: Case) -> Made:
        return Made(baseline.run(case.request.picture, case.request.mask, scale))

    def blind(case: Case) -> Made:
        """As the baseline does it, without forgetting the path."""
        picture = case.request.picture
        found = undo(picture.pixels)
        return Made(picture.restored(found.mixed, picture.alpha), path=found.shake.kernel)

    return Method(baseline.title, "classical", blind if baseline.key == "blind" else run, baseline.note)


def _true_path(case: Case) -> Made:
    picture = case.request.picture
    kernel = blur_of(case)
    if kernel is None:
        return Made(picture)
    fidelity = fidelity_for(noise_level(picture.pixels))
    return Made(picture.with_pixels(deconvolve(picture.pixels, kernel, "linear", fidelity)))


def blur_of(case: Case) -> np.ndarray | None:
    """The kernel that the case was blurred with, (k, k); None where it was not, which a point says, too."""
    blurred = case.kernel is not None and spread(torch.from_numpy(case.kernel)) > 0
    return case.kernel if blurred else None


def _plain(run: Callable[[Picture], Picture]) -> Callable[[Case], Made]:
    return lambda case: Made(run(case.request.picture))
