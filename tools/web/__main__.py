"""Builds the page that restores photos in the browser alone: `python -m tools.web` leaves it in build/web.

Any server of static files can serve it; `--serve` does, for a look. `--runtime` only has npm install onnxruntime-web.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from diffir_demo.errors import DiffIRError

from . import runtime
from .build import ROOT, Page
from .server import serve


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 2 where something is missing, which one sentence names."""
    options = _parser().parse_args(arguments)
    try:
        runtime.install()
        if options.runtime:
            return 0
        began = time.perf_counter()
        size = Page().written(options.output)
        print(f"{options.output / 'index.html'}: {size / 1e6:.0f} MB in {time.perf_counter() - began:.0f} s")
    except DiffIRError as error:
        print(f"{'note' if options.runtime else 'error'}: {error}", file=sys.stderr)
        return 0 if options.runtime else 2  # tests that need it say so themselves
    if options.serve:
        with serve(options.output, options.serve) as url:
            print(f"{url} (Ctrl+C ends it)")
            _until_stopped()
    return 0


def _until_stopped() -> None:
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        pass


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.web", description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "build" / "web", help="folder, emptied first")
    parser.add_argument("--serve", type=int, metavar="PORT", help="also serve it on this machine")
    parser.add_argument("--runtime", action="store_true", help="have npm install onnxruntime-web, and build nothing")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
