"""The command line: restore, mask, evaluate, bench, inspect, convert, serve.

Exit code 0: all good; 1: some inputs failed; 2: the call itself, or its only input, was wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from tqdm import tqdm

from .baselines import get_baseline
from .batch import Archive, entry_of
from .deconvolve import LARGEST, blur_of, picture_of
from .devices import choose_device
from .errors import DiffIRError, InputError
from .events import Event, Painting, PriorStep, Restoration, Started
from .imaging import load_picture, mask_picture, save_picture
from .jobs import (
    Done,
    Job,
    Run,
    classical,
    is_zip,
    mask_target,
    plan_jobs,
    request_of,
    run_jobs,
    save_file,
    text_for,
)
from .model import PRESETS
from .recipe import KnownPath, Recipe, read_recipe
from .restore import MAX_STEPS, load, stream
from .scratches import find_scratches
from .shake import path_facts
from .tasks import TASKS, Preset, Task, get_task
from .tiling import MEMORY_BUDGET
from .trace import Trace, check_suffix, save_trace
from .weights import WeightsInfo, in_words
from .weights.directions import FIELD

PATH_OPTIONS = ("strength", "path", "path_map")
"""Those about the camera's path."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and gives its exit code; every `DiffIRError` becomes one line on standard error."""
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except DiffIRError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever read our lines has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m diffir_demo", description="Restore photos with DiffIR.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    restore = commands.add_parser("restore", help="restore one picture, several, or a folder")
    restore.set_defaults(run=_restore)
    restore.add_argument("task", choices=list(TASKS), help="; ".join(f"{t.key}: {t.summary}" for t in TASKS.values()))
    restore.add_argument("inputs", nargs="+", type=Path, metavar="INPUT", help="files, folders, or zips of pictures")
    restore.add_argument("-o", "--output", required=True, help="a file for one input, else a folder or a .zip")
    restore.add_argument("--mask", type=Path, metavar="FILE_OR_FOLDER", help="inpaint: white marks the hole")
    restore.add_argument("--preset", metavar="NAME", help=f"which of the shipped networks: {_presets()}")
    restore.add_argument("--scale", type=_count, metavar="N", help="how far to enlarge, where there is a choice")
    restore.add_argument("--weights", type=Path, metavar="FILE", help="instead of the shipped weights")
    restore.add_argument(
        "--recipe",
        type=Path,
        metavar="FILE",
        help="settings and mask of a former run: a result that was saved here, or a recipe as JSON; other options win",
    )
    restore.add_argument("--seed", type=_seed, metavar="N", help="start of the diffusion (default 0)")
    restore.add_argument(
        "--steps",
        type=_count,
        choices=range(1, MAX_STEPS + 1),
        metavar="K",
        help=f"diffusion steps, 1 to {MAX_STEPS} (default: as the network was trained)",
    )
    restore.add_argument(
        "--trace",
        type=Path,
        metavar="OUT.gif|.png|.npy",
        help="also save the diffusion: an animation, a strip (both paint every step), or its numbers as "
        "float32 (steps + 1, 256), row 0 the noise",
    )
    restore.add_argument(
        "--fill-map",
        type=Path,
        metavar="OUT.png",
        help="inpaint: also save where what is in the hole comes from: white was copied from elsewhere in the photo, "
        "grey painted by the network",
    )
    restore.add_argument(
        "--strength",
        type=_share,
        metavar="S",
        help="deblur --preset path: how much of the deconvolved photo is used, 0 to 1 (default: as far as the camera's "
        "path can be trusted)",
    )
    restore.add_argument(
        "--path",
        type=Path,
        metavar="PICTURE",
        help=f"deblur --preset path: the camera's path, light on black, {LARGEST} pixels a side at most, instead of "
        "looking for it",
    )
    restore.add_argument(
        "--path-map",
        type=Path,
        metavar="OUT.png",
        help="deblur --preset path: also save the camera's path as a picture that --path takes",
    )
    restore.add_argument("--baseline", metavar="NAME", help="a classical method instead of the network")
    restore.add_argument("--json", action="store_true", help="print one line of JSON per picture")
    _add_memory_budget(restore)
    _add_device(restore)
    _add_compile(restore)

    mask = commands.add_parser("mask", help="find scratches, dust and folds: a mask for restore inpaint --mask")
    mask.set_defaults(run=_mask)
    mask.add_argument("input", type=Path, metavar="INPUT", help="a picture")
    mask.add_argument("-o", "--output", required=True, metavar="MASK.png", help="or a folder for it; white marks what")
    mask.add_argument(
        "--sensitivity",
        type=_share,
        default=0.5,
        metavar="S",
        help="0 marks only what is surely damage, 1 all that may be (default %(default)g)",
    )
    mask.add_argument("--json", action="store_true", help="print one line of JSON")

    inspect = commands.add_parser("inspect", help="say what a weight file is")
    inspect.set_defaults(run=_inspect)
    inspect.add_argument("file", type=Path)
    inspect.add_argument("--json", action="store_true")

    convert = commands.add_parser("convert", help="turn a weight file into safetensors")
    convert.set_defaults(run=_convert)
    convert.add_argument("file", type=Path)
    convert.add_argument("target", type=Path, metavar="OUT.safetensors")

    evaluate = commands.add_parser("evaluate", help="measure weights and baselines on photos damaged on purpose")
    evaluate.set_defaults(run=_evaluate)
    evaluate.add_argument("--task", choices=list(TASKS), action="append", help="default: all, or that of --weights")
    evaluate.add_argument("--data", type=Path, required=True, metavar="DIR", help="clean photos")
    evaluate.add_argument("--weights", type=Path, metavar="FILE", help="this network; default: all in checkpoints/")
    evaluate.add_argument(
        "--teacher", type=Path, metavar="FILE", action="append", default=[], help="stage 1, as oracle"
    )
    evaluate.add_argument(
        "--scale",
        type=_count,
        metavar="N",
        help="the sets of that scale (default: that of --weights, else the largest)",
    )
    evaluate.add_argument("--set", metavar="NAME", action="append", help="default: all; 'mix' is all damage at once")
    evaluate.add_argument("--pictures", type=_count, metavar="N", help="only the first N photos")
    evaluate.add_argument("--json", type=Path, metavar="FILE", help="also write the numbers there")
    evaluate.add_argument("--report", type=Path, metavar="FILE.md", help="write a report with pictures")
    _add_device(evaluate)

    bench = commands.add_parser("bench", help="measure speed and memory of painting on this machine")
    bench.set_defaults(run=_bench)
    bench.add_argument("--task", choices=list(TASKS), action="append", help="default: all")
    bench.add_argument("--preset", choices=list(PRESETS), action="append", help="these networks, whatever the task")
    bench.add_argument("--paper", action="store_true", help="the tasks' networks at the size of the paper's")
    bench.add_argument("--sizes", type=_count, nargs="+", default=[128, 256], metavar="N", help="sides of the input")
    bench.add_argument("--threads", type=_count, metavar="N", help="default: as torch chooses")
    bench.add_argument("--device", default="cpu", help="cpu (default), or a GPU: cuda, cuda:N or mps")
    bench.add_argument("--rounds", type=_count, default=5, metavar="N", help="timings of each (default %(default)s)")
    bench.add_argument(
        "--whole",
        type=_positive,
        nargs="+",
        metavar="MEGAPIXELS",
        help="instead: whole restorations with the shipped weights, by the size of the result",
    )
    bench.add_argument(
        "--methods",
        type=_positive,
        metavar="MEGAPIXELS",
        help="instead: seconds per megapixel of all methods, ours, classical and peers, by the size of the result",
    )
    bench.add_argument("--profile", action="store_true", help="instead: where the fast twin's time goes, on a CPU")
    bench.add_argument("--json", type=Path, metavar="FILE", help="also write the numbers there")
    bench.add_argument("--plot", type=Path, metavar="FILE.png", help="also draw time against megapixels")

    serve = commands.add_parser("serve", help="open the app in a browser; the same as app.py")
    serve.set_defaults(run=_serve)
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=7860)
    serve.add_argument(
        "--browser", action=argparse.BooleanOptionalAction, help="open a window on it (default: on a desktop)"
    )
    _add_memory_budget(serve)
    _add_device(serve)
    _add_compile(serve)
    return parser


def _presets() -> str:
    """sr: real (x4, x2), faithful (x4) ..; of the tasks that have a choice."""
    told = []
    for task in TASKS.values():
        if len(task.presets) > 1:
            keys = dict.fromkeys(preset.key for preset in task.presets)
            scales = {key: ", ".join(f"x{each.scale}" for each in task.presets if each.key == key) for key in keys}
            many = len(task.scales) > 1
            told.append(f"{task.key}: " + ", ".join(f"{key} ({scales[key]})" if many else key for key in keys))
    return "; ".join(told)


def _add_memory_budget(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--memory-budget",
        type=_positive,
        default=MEMORY_BUDGET / 2**30,
        metavar="GIB",
        help="a painting that would take more is done in tiles (default %(default)g)",
    )


def _add_device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:N or mps")
    parser.add_argument("--precision", default="auto", choices=["auto", "fp32", "bf16"])


def _add_compile(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--compile",
        action="store_true",
        help="CUDA only: the network compiles itself at a size's first photo, for the sake of the next ones",
    )


def _seed(text: str) -> int:
    value = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= value < 2**63:
        raise argparse.ArgumentTypeError("must be a whole number from 0 to 2^63 - 1")
    return value


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError("must be a whole number from 1")
    return int(text)


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 1e4:
        raise argparse.ArgumentTypeError("must be a number above 0")
    return number


def _share(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError("must be a number from 0 to 1")
    return number


def _restore(options: argparse.Namespace) -> int:
    task, recipe = get_task(options.task), _recipe(options)
    also_read = [file for file in (options.recipe, options.path) if file]
    jobs = plan_jobs(options.inputs, options.output, options.mask, task, has_mask=recipe.has_mask, also_read=also_read)
    for option in ("weights", "preset", "steps", "trace", "fill_map", *PATH_OPTIONS):
        if options.baseline and getattr(options, option) is not None:
            name = option.replace("_", "-")
            raise InputError(f"--baseline runs no network, so --{name} has no use beside it.", "Leave one of them out.")
    if options.preset and options.weights:
        raise InputError("--preset names its own weights, so --weights has no use beside it.", "Leave one of them out.")
    drawn = _checked_trace(options.trace, jobs)
    _check_fill_map(options.fill_map, task, jobs)
    _check_path(options, task, recipe, jobs)
    _check_apart({"trace": options.trace, "fill map": options.fill_map, "path map": options.path_map})
    ask, run = partial(request_of, recipe=recipe), _runner(options, task, recipe, drawn)
    if is_zip(Path(options.output)):
        files = {"recipe.json": recipe.to_json(indent=1)}
        with Archive(Path(options.output), text=partial(text_for, recipe=recipe), files=files) as archive:
            events = _noted(run_jobs(jobs, ask, run, archive.save), archive)
            failed = _followed(_traced(events, options.trace), len(jobs), task, options)
    else:
        events = run_jobs(jobs, ask, run, partial(save_file, recipe=recipe))
        failed = _followed(_traced(events, options.trace), len(jobs), task, options)
    if not failed:
        return 0
    return 2 if len(jobs) == 1 else 1


def _runner(options: argparse.Namespace, task: Task, recipe: Recipe, previews: bool) -> Run:
    if options.baseline:
        scale = recipe.scale or task.config.scale
        task.preset(scale=scale)  # refuses a scale that is none of the task's
        return classical(task, get_baseline(options.baseline, task.key), scale)
    asked: dict[str, Any] = {"weights": options.weights, "preset": options.preset, "scale": options.scale}
    if not any(asked.values()):
        asked["weights"] = recipe.find_weights()
    engine = load(task, **asked, device=options.device, precision=options.precision, compiled=options.compile)
    for notice in () if options.weights else recipe.notices(engine.info):
        print(f"note: {notice}", file=sys.stderr)
    budget = int(options.memory_budget * 2**30)
    return partial(stream, task, engine=engine, **recipe.how, previews=previews, memory_budget=budget)


def _noted(events: Iterator[Event | Done], archive: Archive) -> Iterator[Event | Done]:
    """Passes a run on as it is; the zip's report hears of every `Done`."""
    for event in events:
        if isinstance(event, Done):
            archive.note(entry_of(event))
        yield event


def _followed(events: Iterator[Event | Done], total: int, task: Task, options: argparse.Namespace) -> int:
    """Shows a progress bar and tells of each picture; gives how many failed."""
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
                        _report(event, task.key, options)
    return failed


def _recipe(options: argparse.Namespace) -> Recipe:
    """The recipe that was named, or an empty one; what the other options say goes first."""
    recipe = read_recipe(options.recipe) if options.recipe else Recipe(options.task)
    if recipe.task != options.task:
        raise InputError(
            f"The recipe in {options.recipe.name} is for '{recipe.task}', not for '{options.task}'.",
            f"Call: restore {recipe.task} ...",
        )
    seed = recipe.seed if options.seed is None else options.seed
    if options.weights or options.preset or options.scale:
        recipe = replace(recipe, weights=None, preset=options.preset, scale=options.scale)
    elif not options.recipe:
        recipe = replace(recipe, preset=get_task(options.task).preset().key)
    recipe = replace(recipe, seed=seed, steps=options.steps or recipe.steps)
    if options.path:
        recipe = replace(recipe, path=KnownPath.of(blur_of(load_picture(options.path))))
    return recipe if options.strength is None else replace(recipe, strength=options.strength)


def _checked_trace(path: Path | None, jobs: Sequence[Job]) -> bool:
    """Whether the file wants pictures of all steps. Raises `InputError` where it cannot be what --trace is for."""
    if path is None:
        return False
    check_suffix(path.suffix)
    _check_beside("trace", path, jobs)
    return path.suffix.lower() != ".npy"


def _check_fill_map(path: Path | None, task: Task, jobs: Sequence[Job]) -> None:
    if path is None:
        return
    if not task.wants_mask:
        raise InputError(f"{task.title} fills no hole, so --fill-map has nothing to show.", "Leave it out.")
    if path.suffix.lower() != ".png":
        raise InputError(f"A fill map is saved as PNG, not as '{path.name}'.", "Give it a name that ends in .png.")
    _check_beside("fill-map", path, jobs)


def _check_path(options: argparse.Namespace, task: Task, recipe: Recipe, jobs: Sequence[Job]) -> None:
    """Raises `InputError` where an option about the camera's path has no use, before anything is loaded."""
    named = next((name for name in PATH_OPTIONS if getattr(options, name) is not None), None)
    if named is not None:
        _require_path_preset(f"--{named.replace('_', '-')}", options, task, recipe)
    if options.path_map is None:
        return
    if options.path_map.suffix.lower() != ".png":
        name = options.path_map.name
        raise InputError(f"A path is saved as PNG, not as '{name}'.", "Give it a name that ends in .png.")
    _check_beside("path-map", options.path_map, jobs)
    if options.path and options.path.resolve() == options.path_map.resolve():
        raise InputError(f"The path map would overwrite '{options.path.name}'.", "Choose another name for it.")


def _require_path_preset(option: str, options: argparse.Namespace, task: Task, recipe: Recipe) -> None:
    able = list(dict.fromkeys(preset.key for preset in task.presets if preset.wants_path))
    if not able:
        raise InputError(f"{task.title} undoes no camera path, so {option} has no use.", "Leave it out.")
    if not options.weights and recipe.preset not in able:
        key = recipe.preset or task.preset(scale=recipe.scale).key
        raise InputError(
            f"The preset '{key}' undoes no camera path, so {option} has no use.", f"Add --preset {able[0]}."
        )


def _check_apart(files: Mapping[str, Path | None]) -> None:
    """files: what would be saved there. Raises `InputError` where two would be the same file."""
    there: dict[Path, str] = {}
    for what, path in files.items():
        if path is None:
            continue
        if other := there.get(path.resolve()):
            raise InputError(
                f"{other.capitalize()} and {what} would both be saved as '{path.name}'.", "Name them apart."
            )
        there[path.resolve()] = what


def _check_beside(option: str, path: Path, jobs: Sequence[Job]) -> None:
    """Raises `InputError` where a file about one run cannot be, or would replace a file of the run's own."""
    if len(jobs) > 1:
        raise InputError(f"--{option} shows one run, not {len(jobs)}.", "Give it a single picture.")
    job, what = jobs[0], option.replace("-", " ")
    if path.resolve() in {each.resolve() for each in (job.source, job.target, job.mask) if isinstance(each, Path)}:
        raise InputError(f"The {what} would overwrite '{path.name}'.", "Choose another name for it.")


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


def _report(done: Done, task: str, options: argparse.Namespace) -> None:
    if done.restoration is not None:
        if options.fill_map and (found := done.restoration.fill_map):
            save_picture(found, options.fill_map)
        if options.path_map and (undone := done.restoration.undone):
            save_picture(picture_of(undone.shake.kernel), options.path_map)
        line = _record(done.job, done.restoration) if options.json else _sentence(done.job, done.restoration)
        print(json.dumps(line) if options.json else line, flush=True)
        if options.trace and not options.json:
            print(f"  diffusion -> {options.trace}", flush=True)
        if options.fill_map and not options.json:
            print(f"  fill map -> {options.fill_map}", flush=True)
        if options.path_map and not options.json:
            print(f"  path -> {options.path_map}", flush=True)
        return
    if options.json:
        print(json.dumps({"file": str(done.job.source), "task": task, "error": str(done.error)}), flush=True)
    name, sentence = done.job.source.name, str(done.error)
    print(f"error: {sentence if name in sentence else f'{name}: {sentence}'}", file=sys.stderr)


def _record(job: Job, restoration: Restoration) -> dict[str, object]:
    picture, preset = restoration.picture, _preset_of(restoration)
    return {
        "file": str(job.source),
        "output": str(job.target),
        "task": restoration.task,
        "weights": restoration.weights,
        "preset": preset.key if preset else None,
        "scale": picture.width // restoration.request.picture.width,
        "seed": restoration.request.seed,
        "seconds": {stage: round(value, 4) for stage, value in asdict(restoration.seconds).items()},
        "size": [picture.width, picture.height],
        "device": restoration.device,
        "precision": restoration.precision,
        "notices": list(restoration.notices),
        **({} if (copied := restoration.copied_share) is None else {"copied": round(copied, 4)}),
        **({"path": path_facts(undone)} if (undone := restoration.undone) else {}),
        **({"reading": reading.to_dict()} if (reading := restoration.reading) else {}),
    }


def _sentence(job: Job, restoration: Restoration) -> str:
    picture = restoration.picture
    notices = "".join(f"\n  note: {notice}" for notice in restoration.notices)
    size, seconds = f"{picture.width} x {picture.height}", f"{restoration.seconds.total:.2f} s"
    told = (
        f"\n  the {len(restoration.ipr)} numbers say: {in_words(reading)}" if (reading := restoration.reading) else ""
    )
    preset = _preset_of(restoration)
    named = f"{get_task(restoration.task).title_of(preset)}, " if preset else ""
    return f"{job.source.name} -> {job.target} ({size}, {seconds}, {named}{restoration.weights}){told}{notices}"


def _preset_of(restoration: Restoration) -> Preset | None:
    """The preset that made it; None for weights of the user's own, and for baselines."""
    info = restoration.info
    fill = restoration.request.fill
    return get_task(restoration.task).preset_behind(info.file, info.config.scale, fill) if info else None


def _mask(options: argparse.Namespace) -> int:
    try:
        line = _found(options.input, mask_target(options.input, options.output), options)
    except DiffIRError as error:
        if options.json:
            print(json.dumps({"file": str(options.input), "error": str(error)}), flush=True)
        raise
    print(line, flush=True)
    return 0


def _found(source: Path, target: Path, options: argparse.Namespace) -> str:
    """Writes the mask and gives what to tell; `InputError` where there is nothing to mark."""
    picture = load_picture(source)
    began = time.perf_counter()
    mask = find_scratches(picture.pixels, options.sensitivity)
    seconds, share = time.perf_counter() - began, float(mask.mean())
    if not mask.any():
        raise InputError(
            f"Nothing that looks like a scratch was found in {source.name}.",
            "Raise --sensitivity, or paint the mask by hand.",
        )
    save_picture(mask_picture(mask), target)
    if not options.json:
        size = f"{picture.width} x {picture.height}"
        notices = "".join(f"\n  note: {notice}" for notice in picture.notices)
        return f"{source.name} -> {target} ({size}, {seconds:.2f} s, {100 * share:.2g} % marked){notices}"
    return json.dumps(
        {
            "file": str(source),
            "output": str(target),
            "sensitivity": options.sensitivity,
            "share": round(share, 6),
            "seconds": round(seconds, 4),
            "size": [picture.width, picture.height],
            "notices": list(picture.notices),
        }
    )


def _inspect(options: argparse.Namespace) -> int:
    from .weights import inspect

    facts = _facts(inspect(options.file))
    if options.json:
        print(json.dumps(facts))
    else:
        for name, value in facts.items():
            print(f"{name:<12} {value}")
    return 0


def _facts(info: WeightsInfo) -> dict[str, Any]:
    config = info.config
    return {
        "file": info.file,
        "name": info.name,
        "task": info.task,
        "stage": info.stage,
        "provenance": info.badge,
        "scale": config.scale,
        "parameters": info.parameters,
        "sha256": info.sha256,
        "config": config.to_dict(),
        "training": {name: value for name, value in info.training.items() if name != FIELD},
        "reads": list(info.directions.names) if info.directions else [],  # the fitted numbers fill pages
    }


def _convert(options: argparse.Namespace) -> int:
    from .weights import convert

    print(f"{options.target} written: {convert(options.file, options.target).badge}")
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    from .evaluation import Report, chosen_sets, evaluate, markdown, matrix, plain, tasks_of

    _require_folder(options.json)
    teachers = tasks_of(options.task, options.weights, options.teacher)
    tasks = {key: _measured_as(get_task(key), options) for key in teachers}
    report = Report(options.report, _command(options)) if options.report else None
    tables = []
    for key, sets in chosen_sets(list(tasks.values()), options.set).items():
        for measured in evaluate(
            tasks[key],
            options.data,
            options.weights,
            teacher=teachers[key],
            sets=sets,
            pictures=options.pictures,
            device=options.device,
            precision=options.precision,
        ):
            tables.append(measured.table)
            print(markdown(measured.table), flush=True)
            if report:
                report.add(measured)
        if swaps := matrix([table for table in tables if table.task == key]):
            print(swaps, flush=True)
    if options.json:
        options.json.write_text(json.dumps([plain(table) for table in tables], indent=1) + "\n")
    if report:
        report.write()
        for key in report.missing_notes:
            print(f"{report.notes_file.name} does not say why '{key}' fails", file=sys.stderr)
    return 0


def _measured_as(task: Task, options: argparse.Namespace) -> Task:
    """With the sets that the asked scale, or the named weights, are measured on."""
    from .weights import inspect

    of_weights = inspect(options.weights).config.scale if options.weights else task.config.scale
    return task.at_scale(options.scale or of_weights)


def _bench(options: argparse.Namespace) -> int:
    from .bench import bench, chosen_presets, draw, markdown, plain, profile_table, profiles

    for file in (options.json, options.plot):
        _require_folder(file)
    if options.whole or options.methods:
        return _bench_whole(options)
    presets = chosen_presets(options.task, options.preset, options.paper)
    if options.profile:
        if options.plot or options.json or options.device != "cpu":
            raise InputError(
                "--profile prints one table, of this machine's CPU.", "Leave out --json, --plot, --device."
            )
        print(profile_table(list(profiles(presets, options.sizes, options.threads))))
        return 0
    found = None
    with tqdm(total=len(presets) * len(options.sizes), unit="case", disable=None, leave=False) as bar:
        for found in bench(presets, options.sizes, options.threads, options.rounds, choose_device(options.device)):
            bar.update()
            if options.json:  # after every case, so that a long run that is stopped leaves what it knew
                options.json.write_text(json.dumps(plain(found), indent=1) + "\n")
    assert found is not None  # there is a task and a size at least
    print(markdown(found))
    if options.plot:
        draw(found, options.plot)
    return 0


def _bench_whole(options: argparse.Namespace) -> int:
    from .bench import conditions, method_costs, method_table, table, whole_runs

    rest = options.profile, options.preset, options.paper, options.plot, options.threads, options.device != "cpu"
    if any(rest) or (options.whole and options.methods):
        raise InputError(
            "--whole and --methods measure what ships as it runs.",
            "Use one of them, with --task, --rounds and --json only.",
        )
    name = "whole" if options.whole else "methods"
    if options.whole:
        found = _told(whole_runs(options.task, options.whole))
        print(table(found))
    else:
        found = _told(method_costs(options.task, options.methods, options.rounds))
        print(method_table(found))
    if options.json:
        facts = {
            "conditions": conditions(options.rounds if options.methods else 1),
            name: [asdict(each) for each in found],
        }
        options.json.write_text(json.dumps(facts, indent=1) + "\n")
    return 0


class _Row(Protocol):
    """A line of a table."""

    @property
    def row(self) -> str: ...


R = TypeVar("R", bound=_Row)


def _told(measured: Iterable[R]) -> list[R]:
    """All of them; each is printed as it comes, as the long ones take minutes."""
    found = []
    for each in measured:
        found.append(each)
        print(each.row, file=sys.stderr)
    return found


def _require_folder(file: Path | None) -> None:
    if file and not file.parent.is_dir():
        raise InputError(f"There is no folder '{file.parent.name}' for '{file.name}'.", "Make it first.")


def _command(options: argparse.Namespace) -> str:
    """The call that a report shows: of folders and files only the names, so that it is nobody's machine."""
    parts = ["python -m diffir_demo evaluate"]
    parts += [f"--task {key}" for key in options.task or []]
    parts += [f"--data {options.data.resolve().name.upper()}_FOLDER"]
    parts += [f"--weights {options.weights.name}"] if options.weights else []
    parts += [f"--scale {options.scale}"] if options.scale else []
    parts += [f"--teacher {file.name}" for file in options.teacher]
    parts += [f"--set {name}" for name in options.set or []]
    parts += [f"--pictures {options.pictures}"] if options.pictures else []
    shown = options.report.name if options.report.is_absolute() else options.report.as_posix()
    return " ".join([*parts, f"--report {shown}"])


def _serve(options: argparse.Namespace) -> int:
    from .ui import serve

    serve(
        host=options.host,
        port=options.port,
        device=options.device,
        precision=options.precision,
        browser=options.browser,
        memory_budget=int(options.memory_budget * 2**30),
        compiled=options.compile,
    )
    return 0
