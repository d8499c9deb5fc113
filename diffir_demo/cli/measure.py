"""`evaluate` and `bench`: doors to what measures quality and speed in a clone of the repository."""

from __future__ import annotations

import argparse

from ..checkout import tool


def add_evaluate(parser: argparse.ArgumentParser) -> None:
    """Everything that follows goes to `tools/evaluation`."""
    _forward(parser, "evaluation.__main__")


def add_bench(parser: argparse.ArgumentParser) -> None:
    """Everything that follows goes to `tools/bench`."""
    _forward(parser, "bench.__main__")


def _forward(parser: argparse.ArgumentParser, module: str) -> None:
    parser.prefix_chars = "\0"  # nothing is an option here, not even --help: the tool reads them all
    parser.set_defaults(run=lambda options: tool(module).main(options.arguments), tool=module)
    parser.add_argument("arguments", nargs="*", metavar="OPTION")
