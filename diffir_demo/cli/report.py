"""What `restore` prints about each picture: a sentence, or a line of JSON."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass

from ..batch import Done, Job
from ..deconvolve import picture_of
from ..disk import shown_name
from ..imaging import save_picture
from ..restoration import Restoration
from ..shake import path_facts
from ..tasks import Preset, get_task
from ..weights import in_words


@dataclass(frozen=True)
class Lines:
    """What is printed about one picture."""

    out: tuple[str, ...] = ()
    err: tuple[str, ...] = ()

    def show(self) -> None:
        for line in self.out:
            print(line, flush=True)
        for line in self.err:
            print(line, file=sys.stderr)


def note(sentence: str) -> None:
    """What people should know and what is no error."""
    print(f"note: {sentence}", file=sys.stderr)


def report(done: Done, options: argparse.Namespace) -> None:
    """Prints how one picture ended, and saves what was asked for beside it."""
    if done.restoration is not None:
        if options.fill_map and (found := done.restoration.fill_map):
            save_picture(found, options.fill_map)
        if options.path_map and (undone := done.restoration.undone):
            save_picture(picture_of(undone.shake.kernel), options.path_map)
    lines_of(done, options).show()


def lines_of(done: Done, options: argparse.Namespace) -> Lines:
    """What `report` prints."""
    if done.restoration is None:
        return error_lines(done.job, str(done.error), options)
    if options.json:
        return Lines((json.dumps(_record(done.job, done.restoration)),))
    beside = {"diffusion": options.trace, "fill map": options.fill_map, "path": options.path_map}
    named = [f"  {what} -> {path}" for what, path in beside.items() if path]
    return Lines((_sentence(done.job, done.restoration), *named))


def error_lines(job: Job, sentence: str, options: argparse.Namespace) -> Lines:
    """For a picture without a result."""
    record = json.dumps({"file": str(job.source), "task": options.task, "error": sentence})
    name = shown_name(job.source.name)
    text = f"error: {sentence if name in sentence else f'{name}: {sentence}'}"
    return Lines((record,) if options.json else (), (text,))


def kept_lines(job: Job, options: argparse.Namespace) -> Lines:
    """For a picture whose result was there."""
    if options.json:
        record = {"file": str(job.source), "output": str(job.target), "task": options.task, "kept": True}
        return Lines((json.dumps(record),))
    return Lines((f"{shown_name(job.source.name)} -> {job.target} (was there already)",))


def _record(job: Job, restoration: Restoration) -> dict[str, object]:
    picture, preset = restoration.picture, _preset_of(restoration)
    return {
        "file": str(job.source),
        "output": str(job.target),
        "task": restoration.task,
        "weights": restoration.weights,
        "preset": preset.key if preset else None,
        "scale": picture.width // restoration.request.picture.width,
        "seed": restoration.request.settings.seed,
        "seconds": {stage: round(value, 4) for stage, value in asdict(restoration.seconds).items()},
        "size": [picture.width, picture.height],
        "device": restoration.device,
        "precision": restoration.precision,
        "notices": list(restoration.notices),
        **({} if (copied := restoration.copied_share) is None else {"copied": round(copied, 4)}),
        **({"path": path_facts(undone)} if (undone := restoration.undone) else {}),
        **({"reading": reading.to_dict()} if (reading := restoration.reading) else {}),
        **({"runs": runs} if len(runs := _runs(restoration)) > 1 else {}),
    }


def _sentence(job: Job, restoration: Restoration) -> str:
    picture = restoration.picture
    notices = "".join(f"\n  note: {notice}" for notice in restoration.notices)
    size, seconds = f"{picture.width} x {picture.height}", f"{restoration.seconds.total:.2f} s"
    runs, whose, comma = _runs(restoration), "", ","
    if len(runs) > 1:
        seconds += f" for the last of {len(runs)} runs: {', '.join(runs)}"
        whose, comma = " of the last run", ";"
    numbers = (
        f"\n  the {len(restoration.ipr)} numbers{whose} say: {in_words(reading)}"
        if (reading := restoration.reading)
        else ""
    )
    preset = _preset_of(restoration)
    named = f"{get_task(restoration.task).title_of(preset)}, " if preset else ""
    made = f"{size}, {seconds}{comma} {named}{restoration.weights}"
    return f"{shown_name(job.source.name)} -> {job.target} ({made}){numbers}{notices}"


def _runs(restoration: Restoration) -> list[str]:
    """The tasks of all runs that led to it, in order."""
    before = restoration.before
    return [*(run.task for run in before.runs), restoration.task] if before else [restoration.task]


def _preset_of(restoration: Restoration) -> Preset | None:
    """The preset that made it; None for weights of the user's own, and for baselines."""
    info = restoration.info
    fill = restoration.request.settings.fill
    return get_task(restoration.task).preset_behind(info.file, info.config.scale, fill) if info else None
