"""From an outcome to what the compare board shows: every method of the task, run already or not."""

from __future__ import annotations

import numpy as np

from ..baselines import baselines_for
from ..events import Restoration
from ..imaging import Picture
from ..shake import RATIO, path_in_words
from ..weights import in_words
from ..weights.directions import FURTHEST
from . import views, words
from .compare_board import (
    BoardValue,
    ColumnData,
    KernelData,
    MethodData,
    OriginsData,
    PathData,
    ReadingData,
    ScoreData,
    SliderData,
    ViewData,
)
from .gallery import Gallery
from .opening import file_data
from .outcome import DECONVOLVED, INPUT, ORIGINAL, RESULT, Outcome
from .studio import WeightsChoice
from .words import board as texts
from .words import path as path_words
from .words import steering

LOWER_IS_BETTER = {"st_lpips"}


def board_of(outcome: Outcome, gallery: Gallery) -> BoardValue:
    run, columns = outcome.restoration, _columns(outcome)
    notes = [] if outcome.reference else [texts.REFERENCE_INFO.format(damage=words.for_task(run.task).damage)]
    mask = run.request.mask
    if run.copied_share == 0:
        notes = [texts.ALL_PAINTED, *notes]
    return BoardValue(
        size=(run.picture.width, run.picture.height),
        line=outcome.line,
        methods=[_completed(method, outcome, columns, gallery) for method in methods(outcome)],
        columns=[ColumnData(title=title, note=note) for title, note in map(words.score, columns)],
        notes=[*notes, views.stages(run)],
        mask=None if mask is None else file_data(gallery.mask(mask)),
        origins=origins_of(run, gallery),
        reading=reading_of(run),
        path=path_of(outcome),
    )


def origins_of(run: Restoration, gallery: Gallery) -> OriginsData | None:
    """What of the hole was copied; None where nothing was."""
    if not run.copied_share or run.copied is None:
        return None
    copied = min(99, max(1, round(100 * run.copied_share))) if run.copied_share < 1 else 100
    return OriginsData(
        copied=file_data(gallery.mask(run.copied)),
        copied_text=texts.COPIED.format(percent=copied),
        painted_text=texts.PAINTED.format(percent=100 - copied),
    )


def reading_of(run: Restoration) -> ReadingData | None:
    """What the run's IPR says, and how far it was moved; None for networks whose IPR cannot be read."""
    directions = run.info.directions if run.info else None
    if directions is None:
        return None
    reading = directions.reading(run.estimate)
    moves = steering.moves(run.steered)
    return ReadingData(
        says=in_words(reading) + ".",
        errors=steering.ERRORS.format(errors=steering.errors(reading)),
        moved=steering.MOVED.format(moves=moves) if moves else "",
        sliders=[
            SliderData(name=name, label=steering.NAMES.get(name, name), amount=run.steered.get(name, 0.0))
            for name in directions.names
        ],
        furthest=FURTHEST,
    )


def path_of(outcome: Outcome) -> PathData | None:
    """The camera's path that the run has undone, and how it was changed; None where it was not looked for."""
    undone = outcome.run.undone
    if undone is None:
        return None
    shares = [RATIO**coarser for coarser in reversed(range(len(undone.shake.steps)))]
    return PathData(
        says=path_in_words(undone, outcome.run.request.strength),
        bent=path_words.bent(outcome.bend),
        kernel=_kernel(undone.shake.kernel),
        steps=[_kernel(step, share) for step, share in zip(undone.shake.steps, shares, strict=True)],
        strength=round(100 * undone.strength),
        bend=outcome.bend,
    )


def _kernel(kernel: np.ndarray, share: float = 1.0) -> KernelData:
    levels = np.rint(255 * (kernel / kernel.max())).astype(int)
    return KernelData(side=len(kernel), levels=levels.ravel().tolist(), share=share)


def methods(outcome: Outcome) -> list[MethodData]:
    """What there is to compare: given, ours, classical and, where it is known, the clean photo."""
    run = outcome.restoration
    made_it = (outcome.weights, run.request.fill)
    others = [each for each in outcome.networks if (each.path, each.fill) != made_it and each.scale == outcome.scale]
    used = next((each for each in outcome.networks if (each.path, each.fill) == made_it), None)
    given = MethodData(key=INPUT, title=words.for_task(run.task).input, kind="given")
    result = MethodData(
        key=RESULT,
        title=network_title(used, bool(others)),
        note=f"{texts.MODEL}, {run.weights}",
        kind="network",
    )
    rivals = [
        MethodData(key=each.key, title=network_title(each, True), note=f"{texts.MODEL}, {each.badge}", kind="network")
        for each in others
    ]
    classical = [
        MethodData(key=each.key, title=each.title, note=each.note, kind="classical") for each in baselines_for(run.task)
    ]
    undone = [
        MethodData(key=DECONVOLVED, title=path_words.DECONVOLVED, note=path_words.DECONVOLVED_NOTE, kind="classical")
    ]
    clean = [MethodData(key=ORIGINAL, title=words.ORIGINAL, kind="truth")] if outcome.reference else []
    return [given, *(undone if run.deconvolved else []), result, *rivals, *classical, *clean]


def network_title(choice: WeightsChoice | None, has_company: bool) -> str:
    """The weights are named where there are several to choose from."""
    if choice is None or not has_company:
        return texts.MODEL
    return texts.NETWORK.format(model=texts.MODEL, weights=choice.title)


def _completed(method: MethodData, outcome: Outcome, columns: list[str], gallery: Gallery) -> MethodData:
    """With its picture, its time and its scores, as far as they are there."""
    picture, seconds = outcome.pictures.get(method.key), outcome.seconds(method.key)
    found = outcome.measured.get(method.key, {})
    method.view = None if picture is None else _view(picture, gallery)
    method.time = "" if seconds is None else views.seconds(seconds)
    method.scores = [_score(outcome, name, found[name]) if name in found else None for name in columns]
    return method


def _view(picture: Picture, gallery: Gallery) -> ViewData:
    view = gallery.view(picture)
    return ViewData(file=file_data(view.path), width=view.width, token=view.token)


def _columns(outcome: Outcome) -> list[str]:
    """The names of the scores, in the order in which they were found."""
    return list(dict.fromkeys(name for found in outcome.measured.values() for name in found))


def _score(outcome: Outcome, name: str, value: float) -> ScoreData:
    return ScoreData(text=views.score(name, value), best=value == outcome.best(name, name in LOWER_IS_BETTER))
