"""`restore`: one picture, several, or a folder."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ..batch import (
    Archive,
    Done,
    Folder,
    encoded,
    entry_of,
    foreseen,
    is_zip,
    plan_jobs,
    request_of,
    run_jobs,
    text_for,
)
from ..chain import FINDS
from ..deconvolve import LARGEST
from ..events import Event, Painting, Started
from ..imaging import BITS
from ..recipe import Recipe
from ..restoration import PriorStep
from ..settings import MAX_STEPS
from ..tasks import TASKS, get_task
from ..tiling import MEMORY_BUDGET
from ..trace import Trace
from ..trace.sheet import save_trace
from .checks import check_options
from .many import Workshop, restored_by_workers
from .options import add_compile, add_device, add_memory_budget, box, count, seed, share
from .recipes import CHAIN, recipes_of, recorded
from .report import note, report
from .resume import check_resume, journal_of, without_kept
from .runner import Runner


def add_restore(parser: argparse.ArgumentParser) -> None:
    """The options of `restore`, and what runs it."""
    parser.set_defaults(run=_restore)
    tasks = [f"{task.key}: {task.summary}" for task in TASKS.values()]
    tasks.append(f"{CHAIN}: several in a row, those of --recipe, or as each photo seems to need them.")
    parser.add_argument("task", choices=[*TASKS, CHAIN], help="; ".join(tasks))
    parser.add_argument("inputs", nargs="+", type=Path, metavar="INPUT", help="files, folders, or zips of pictures")
    parser.add_argument("-o", "--output", required=True, help="a file for one input, else a folder or a .zip")
    parser.add_argument("--mask", type=Path, metavar="FILE_OR_FOLDER", help="inpaint: white marks the hole")
    parser.add_argument(
        "--box",
        action="append",
        type=box,
        default=[],
        dest="boxes",
        metavar="X,Y,W,H",
        help="inpaint: what to remove, in pixels from the upper left corner; may be repeated, and stand beside a mask",
    )
    parser.add_argument("--preset", metavar="NAME", help=f"which of the shipped networks: {_presets()}")
    parser.add_argument("--scale", type=count, metavar="N", help="how far to enlarge, where there is a choice")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="instead of the shipped weights")
    parser.add_argument(
        "--recipe",
        type=Path,
        metavar="FILE",
        help="settings and mask of a former run: a result that was saved here, or a recipe as JSON; other options win",
    )
    parser.add_argument(
        "--then",
        action="append",
        default=[],
        metavar="TASK[:PRESET]",
        help="another task on the result, and so on: restore clean IN -o OUT --then sr:real",
    )
    parser.add_argument("--seed", type=seed, metavar="N", help="start of the diffusion (default 0)")
    parser.add_argument(
        "--steps",
        type=count,
        choices=range(1, MAX_STEPS + 1),
        metavar="K",
        help=f"diffusion steps, 1 to {MAX_STEPS} (default: as the network was trained)",
    )
    parser.add_argument(
        "--trace",
        type=Path,
        metavar="OUT.gif|.png|.npy",
        help="also save the diffusion: an animation, a strip (both paint every step), or its numbers as "
        "float32 (steps + 1, 256), row 0 the noise",
    )
    parser.add_argument(
        "--fill-map",
        type=Path,
        metavar="OUT.png",
        help="inpaint: also save where what is in the hole comes from: white was copied from elsewhere in the photo, "
        "grey painted by the network",
    )
    parser.add_argument(
        "--strength",
        type=share,
        metavar="S",
        help="deblur --preset path: how much of the deconvolved photo is used, 0 to 1 (default: as far as the camera's "
        "path can be trusted)",
    )
    parser.add_argument(
        "--path",
        type=Path,
        metavar="PICTURE",
        help=f"deblur --preset path: the camera's path, light on black, {LARGEST} pixels a side at most, instead of "
        "looking for it",
    )
    parser.add_argument(
        "--path-map",
        type=Path,
        metavar="OUT.png",
        help="deblur --preset path: also save the camera's path as a picture that --path takes",
    )
    parser.add_argument("--baseline", metavar="NAME", help="a classical method instead of the network")
    parser.add_argument(
        "--no-place-and-camera",
        dest="place_and_camera",
        action="store_false",
        help="leave out of the result where a photo was taken and with which camera; title, author and date stay",
    )
    parser.add_argument(
        "--bits",
        type=int,
        choices=BITS,
        default=8,
        help="per channel of results that are PNG or TIFF (default %(default)s); what a photo of 16 bits holds below 8 "
        "is carried over, as the networks see 8",
    )
    parser.add_argument("--json", action="store_true", help="print one line of JSON per picture")
    parser.add_argument(
        "--workers",
        type=count,
        metavar="N",
        help="so many processes, of one thread each: on N cores many photos take up to an Nth of the time",
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="into a folder: keep the results that the same call made there, if it had --resume or --workers as well",
    )
    add_memory_budget(parser, MEMORY_BUDGET)
    add_device(parser)
    add_compile(parser)


def _presets() -> str:
    """sr: real (x4, x2), faithful (x4) ..; of the tasks that have a choice."""
    found = []
    for task in TASKS.values():
        if len(task.presets) > 1:
            keys = dict.fromkeys(preset.key for preset in task.presets)
            scales = {key: ", ".join(f"x{each.scale}" for each in task.presets if each.key == key) for key in keys}
            many = len(task.scales) > 1
            found.append(f"{task.key}: " + ", ".join(f"{key} ({scales[key]})" if many else key for key in keys))
    return "; ".join(found)


def _restore(options: argparse.Namespace) -> int:
    recipes = recipes_of(options)
    first, last = (recipes[0], recipes[-1]) if recipes else (None, None)
    task = get_task(first.task if first else FINDS)
    also_read = [file for file in (options.recipe, options.path) if file]
    has_mask = first is not None and (first.has_mask or bool(options.boxes))
    jobs = plan_jobs(options.inputs, options.output, options.mask, task, has_mask=has_mask, also_read=also_read)
    check_resume(options, jobs)
    previews = check_options(options, task, first or Recipe(task.key), jobs)
    last = last and recorded(last, options)
    runner = Runner(options, previews, note)
    run, scale = runner.run(recipes)
    output, many = Path(options.output), len(jobs) > 1
    jobs, ahead = foreseen(jobs, scale, has_mask=task.wants_mask, may_change=jobs[0].target != output, place=output)
    for sentence in ahead:
        note(sentence)
    private: dict[str, Any] = {"place_and_camera": options.place_and_camera, "bits": options.bits}
    if is_zip(output):
        files = {"recipe.json": last.to_json(indent=1)} if last else {}
        results = Archive(output, text=partial(text_for, recipe=last), files=files, spare=0, **private)
    else:
        results = Folder(partial(encoded, recipe=last, **private), journal_of(options, recipes, runner, jobs))
        jobs = without_kept(jobs, results.journal, options)
    with results:
        if options.workers and len(jobs) > 1:
            failed = restored_by_workers(jobs, Workshop(options, recipes, previews), results, runner)
        else:
            ask = partial(request_of, recipe=first or Recipe(task.key), boxes=options.boxes)
            events = _noted(run_jobs(jobs, ask, run, results.save, keep_going=many), results)
            failed = _followed(_traced(events, options.trace), len(jobs), options)
    if not failed:
        return 0
    return 1 if many else 2


def _noted(events: Iterator[Event | Done], results: Archive | Folder) -> Iterator[Event | Done]:
    """Passes a run on as it is; every `Done` is noted in the zip's report."""
    for event in events:
        if isinstance(event, Done):
            results.note(entry_of(event))
        yield event


def _followed(events: Iterator[Event | Done], total: int, options: argparse.Namespace) -> int:
    """Shows a progress bar and reports each picture; gives how many failed."""
    failed = finished = 0
    with tqdm(total=total, unit="picture", disable=None, leave=False) as bar:
        for event in events:
            match event:
                case PriorStep():
                    bar.set_postfix_str(f"denoising, step {event.number}")
                case Painting():
                    bar.set_postfix_str(event.label, refresh=False)
                    bar.n = finished + round(event.fraction, 2)
                    bar.refresh()
                case Done():
                    finished += 1
                    bar.n = finished
                    bar.refresh()
                    failed += event.error is not None
                    with bar.external_write_mode(file=sys.stdout):
                        report(event, options)
    return failed


def _traced(events: Iterator[Event | Done], path: Path | None) -> Iterator[Event | Done]:
    """Passes a run on as it is; before its `Done`, what its diffusion did is written to `path`."""
    trace: Trace | None = None
    for event in events:
        match event:
            case Done():
                if path and trace and event.restoration:
                    save_trace(trace, path)
            case Started() if path:
                trace = Trace.started(event)
            case _ if trace:
                trace = trace.after(event)
        yield event
