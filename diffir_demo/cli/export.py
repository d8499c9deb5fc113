"""`export`: a network as ONNX graphs, for programs that have no torch."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from ..api import load
from ..graphs import export
from ..tasks import TASKS
from .options import count


def add_export(parser: argparse.ArgumentParser) -> None:
    """The options of `export`, and what runs it."""
    parser.set_defaults(run=_export)
    parser.add_argument("task", choices=list(TASKS))
    parser.add_argument("folder", type=Path, metavar="OUT", help="a folder for three graphs and their manifest")
    parser.add_argument("--preset", metavar="NAME", help="which of the shipped networks (default: the first)")
    parser.add_argument("--scale", type=count, metavar="N", help="how far to enlarge, where there is a choice")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="instead of the shipped weights")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")


def _export(options: argparse.Namespace) -> int:
    network = load(
        options.task, options.weights, preset=options.preset, scale=options.scale, device="cpu", precision="fp32"
    )
    files = export(network, options.folder)
    sizes = {str(path): path.stat().st_size for path in files}
    if options.json:
        print(json.dumps({"weights": network.info.file, "files": sizes}), flush=True)
    else:
        named = ", ".join(f"{Path(name).name} ({size / 1e6:.1f} MB)" for name, size in sizes.items())
        print(f"{network.info.file} -> {options.folder}: {named}", flush=True)
    return 0
