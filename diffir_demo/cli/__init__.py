"""The command line: `diffir COMMAND ...`, or `python -m diffir_demo COMMAND ...`.

Exit code 0: all good; 1: some inputs failed; 2: the call itself, or its only input, was wrong; 130: stopped by Ctrl+C;
143: stopped by SIGTERM, as services and containers are. Either way what is finished is kept.

Only the module of the command that was named is imported: `diffir --help` answers without waiting for torch.
"""

from __future__ import annotations

import argparse
import errno
import io
import logging
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from ..errors import DiffIRError
from ..version import VERSION

COMMANDS = {
    "restore": ("restore", "restore one picture, several, or a folder"),
    "mask": ("files", "find scratches, dust and folds: a mask for restore inpaint --mask"),
    "inspect": ("files", "say what a weight file is"),
    "convert": ("files", "turn a weight file into safetensors"),
    "push": ("push", "put a weight file onto the Hugging Face Hub, with a card of what was measured"),
    "export": ("export", "write a network as ONNX graphs, for programs without torch"),
    "evaluate": ("measure", "measure weights and baselines on photos damaged on purpose"),
    "bench": ("measure", "measure speed and memory of painting on this machine"),
    "serve": ("serve", "open the app in a browser; the same as app.py"),
}
"""The module of this folder that has `add_COMMAND(parser)`, and what the command is for."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and gives its exit code; every `DiffIRError` becomes one line on standard error."""
    _print_any_name()
    try:
        options = parse(sys.argv[1:] if arguments is None else arguments)
        with _quiet_libraries(), _ending_on_sigterm():
            code = options.run(options)
            sys.stdout.flush()
            return code
    except DiffIRError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except Terminated:
        print("stopped", file=sys.stderr)
        return 143
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our lines has seen enough
        _give_up_printing()
        return 1
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        print("error: There is no space left where the output goes.", file=sys.stderr)
        _give_up_printing()
        return 2


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The options of a call, `run` among them, which takes them. Exits with code 2 where they are wrong."""
    parser = argparse.ArgumentParser(prog=_program(), description="Restore photos with DiffIR.")
    parser.add_argument("--version", action="version", version=f"DiffIR Studio {VERSION}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    named = next((each for each in arguments if not each.startswith("-")), None)
    for name, (module, purpose) in COMMANDS.items():
        command = commands.add_parser(name, help=purpose)
        if name == named:
            getattr(import_module(f".{module}", __name__), f"add_{name}")(command)
    return parser.parse_args(arguments)


class Terminated(KeyboardInterrupt):
    """SIGTERM came: everything ends as after Ctrl+C."""


@contextmanager
def _ending_on_sigterm() -> Iterator[None]:
    """Where signals can be handled, which is in the main thread alone."""

    def end(number: int, frame: object) -> None:
        raise Terminated

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _give_up_printing() -> None:
    """What is still to be printed goes nowhere, so that the end of the process does not try again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print_any_name() -> None:
    """Files may have names that the terminal's encoding has not: those are printed with escapes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def _quiet_libraries() -> Iterator[None]:
    """Libraries warn about damaged files with paths and lines of their own; what counts is in our own sentences."""
    with warnings.catch_warnings():
        if not sys.warnoptions:
            warnings.simplefilter("ignore")
        logging.getLogger("PIL").setLevel(logging.CRITICAL)
        yield


def _program() -> str:
    """What was called, for the usage line: the script as installed, or the module."""
    return "diffir" if Path(sys.argv[0]).stem == "diffir" else "python -m diffir_demo"
