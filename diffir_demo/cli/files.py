"""`mask`, `inspect` and `convert`: commands that read one file and say, or write, what they found."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from ..batch import mask_target
from ..errors import DiffIRError, InputError
from ..imaging import load_picture, mask_picture, save_picture
from ..scratches import find_scratches
from ..weights import WeightsInfo, convert, inspect
from ..weights.directions import FIELD
from .options import share


def add_mask(parser: argparse.ArgumentParser) -> None:
    """The options of `mask`, and what runs it."""
    parser.set_defaults(run=_mask)
    parser.add_argument("input", type=Path, metavar="INPUT", help="a picture")
    parser.add_argument(
        "-o", "--output", required=True, metavar="MASK.png", help="or a folder for it; white marks what"
    )
    parser.add_argument(
        "--sensitivity",
        type=share,
        default=0.5,
        metavar="S",
        help="0 marks only what is surely damage, 1 all that may be (default %(default)g)",
    )
    parser.add_argument("--json", action="store_true", help="print one line of JSON")


def add_inspect(parser: argparse.ArgumentParser) -> None:
    """The options of `inspect`, and what runs it."""
    parser.set_defaults(run=_inspect)
    parser.add_argument("file", type=Path)
    parser.add_argument("--json", action="store_true")


def add_convert(parser: argparse.ArgumentParser) -> None:
    """The options of `convert`, and what runs it."""
    parser.set_defaults(run=_convert)
    parser.add_argument("file", type=Path)
    parser.add_argument("target", type=Path, metavar="OUT.safetensors")


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
    """Writes the mask and gives what to print; `InputError` where there is nothing to mark."""
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
    print(f"{options.target} written: {convert(options.file, options.target).badge}")
    return 0
