"""From an outcome to what the compare board shows: every method of the task, run already or not."""

from __future__ import annotations

import numpy as np

from ...baselines import baselines_for
from ...figures import seconds as in_seconds
from ...imaging import Picture
from ...restoration import Restoration
from ...shake import RATIO, path_in_words
from ...weights import Reading, in_words
from ...weights.directions import FURTHEST
from ..component import task_words, words_of
from ..files import ImageServer, file_data
from ..languages import listed, say
from ..outcome import DECONVOLVED, INPUT, OPENED, ORIGINAL, RESULT, Outcome, changes, moves, score_text, score_title
from ..state import WeightsChoice
from .board import (
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

WORDS, ADJUST_WORDS = words_of("compare"), words_of("adjust")
LOWER_IS_BETTER = {"st_lpips"}


def board_of(outcome: Outcome, images: ImageServer) -> BoardValue:
    run, columns = outcome.restoration, _columns(outcome)
    notes = [] if outcome.reference else [WORDS.reference_info.format(damage=task_words(run.task).damage)]
    mask = run.request.mask
    if run.copied_share == 0:
        notes = [WORDS.all_painted, *notes]
    return BoardValue(
        size=(run.picture.width, run.picture.height),
        line=outcome.line,
        methods=[_completed(method, outcome, columns, images) for method in methods(outcome)],
        columns=[ColumnData(title=title, note=note) for title, note in map(score_title, columns)],
        notes=[*notes, stages(run)],
        mask=None if mask is None else file_data(images.mask(mask)),
        origins=origins_of(run, images),
        reading=reading_of(run),
        path=path_of(outcome),
    )


def origins_of(run: Restoration, images: ImageServer) -> OriginsData | None:
    """What of the hole was copied; None where nothing was."""
    if not run.copied_share or run.copied is None:
        return None
    copied = min(99, max(1, round(100 * run.copied_share))) if run.copied_share < 1 else 100
    return OriginsData(
        copied=file_data(images.mask(run.copied)),
        copied_text=WORDS.copied.format(percent=copied),
        painted_text=WORDS.painted.format(percent=100 - copied),
    )


def reading_of(run: Restoration) -> ReadingData | None:
    """What the run's IPR says, and how far it was moved; None for networks whose IPR cannot be read."""
    directions = run.info.directions if run.info else None
    if directions is None:
        return None
    reading = directions.reading(run.estimate)
    moved = moves(run.steered)
    return ReadingData(
        says=WORDS.says.format(says=in_words(reading)),
        errors=ADJUST_WORDS.errors.format(errors=_errors(reading)),
        moved=ADJUST_WORDS.moved.format(moves=moved) if moved else "",
        sliders=[
            SliderData(name=name, label=ADJUST_WORDS.names.get(name, name), amount=run.steered.get(name, 0.0))
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
        says=say(path_in_words(undone, outcome.run.request.settings.strength)),
        bent="" if outcome.bend.is_nothing else ADJUST_WORDS.bent.format(changes=changes(outcome.bend)),
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
    made_it = (outcome.weights, run.request.settings.fill)
    others = [each for each in outcome.networks if (each.path, each.fill) != made_it and each.scale == outcome.scale]
    used = next((each for each in outcome.networks if (each.path, each.fill) == made_it), None)
    given = MethodData(key=INPUT, title=task_words(run.task).input, kind="given")
    opened = [MethodData(key=OPENED, title=WORDS.opened, kind="given")] if outcome.opened else []
    result = MethodData(
        key=RESULT,
        title=network_title(used, len(outcome.networks) > 1),
        note=WORDS.network.format(model=WORDS.model, weights=run.weights),
        kind="network",
    )
    networks = [
        MethodData(
            key=each.key,
            title=network_title(each, True),
            note=WORDS.network.format(model=WORDS.model, weights=each.badge),
            kind="network",
        )
        for each in others
    ]
    classical = [
        MethodData(key=each.key, title=each.title, note=each.note, kind="classical") for each in baselines_for(run.task)
    ]
    undone = [
        MethodData(
            key=DECONVOLVED, title=ADJUST_WORDS.deconvolved, note=ADJUST_WORDS.deconvolved_note, kind="classical"
        )
    ]
    clean = [MethodData(key=ORIGINAL, title=WORDS.original, kind="reference")] if outcome.reference else []
    return [*opened, given, *(undone if run.deconvolved else []), result, *networks, *classical, *clean]


def network_title(choice: WeightsChoice | None, among_several: bool) -> str:
    """The weights are named where there are several to choose from."""
    if choice is None or not among_several:
        return WORDS.model
    return WORDS.network.format(model=WORDS.model, weights=choice.title)


def _completed(method: MethodData, outcome: Outcome, columns: list[str], images: ImageServer) -> MethodData:
    """With its picture, its time and its scores, as far as they are there."""
    picture, seconds = outcome.pictures.get(method.key), outcome.seconds(method.key)
    found = outcome.measured.get(method.key, {})
    method.view = None if picture is None else view_of(picture, images)
    if method.view is not None and picture is not None:
        method.view.enlarged = picture.width < outcome.restoration.picture.width
    method.time = "" if seconds is None else in_seconds(seconds)
    method.scores = [_score(outcome, name, found[name]) if name in found else None for name in columns]
    return method


def view_of(picture: Picture, images: ImageServer) -> ViewData:
    """A picture for a pane of the board."""
    view = images.view(picture)
    return ViewData(file=file_data(view.path), width=view.width, token=view.token)


def _columns(outcome: Outcome) -> list[str]:
    """The names of the scores, in the order in which they were found."""
    return list(dict.fromkeys(name for found in outcome.measured.values() for name in found))


def _score(outcome: Outcome, name: str, value: float) -> ScoreData:
    return ScoreData(text=score_text(name, value), best=value == outcome.best(name, name in LOWER_IS_BETTER))


def stages(run: Restoration) -> str:
    """Where a run's time went, as a sentence."""
    spent = run.seconds
    times = {"encode": spent.encode, "denoise": spent.denoise, "paint": spent.paint}
    said = WORDS.stages.format(**{name: in_seconds(value) for name, value in times.items()})
    said += WORDS.stage_copied.format(copy=in_seconds(spent.copy)) if spent.copy else ""
    return said + (WORDS.stage_undone.format(undo=in_seconds(spent.undo)) if spent.undo else "")


def _errors(reading: Reading) -> str:
    """±3 levels of grain, ±0.3 px of softness"""
    forms = ADJUST_WORDS.error
    return listed(f"±{forms[each.name].format(value=each.error)}" for each in reading.values if each.name in forms)
