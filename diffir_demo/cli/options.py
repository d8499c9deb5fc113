"""Options that several commands have, and the numbers that options take. Imports no torch by itself."""

from __future__ import annotations

import argparse
import re

GIB = 2**30


def add_memory_budget(parser: argparse.ArgumentParser, default: int) -> None:
    """default: bytes; the option itself is in GiB."""
    parser.add_argument(
        "--memory-budget",
        type=positive,
        default=default / GIB,
        metavar="GIB",
        help="a painting that would take more is done in tiles (default %(default)g)",
    )


def memory_budget(options: argparse.Namespace) -> int:
    """In bytes."""
    return int(options.memory_budget * GIB)


def add_device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:N or mps")
    parser.add_argument("--precision", default="auto", choices=["auto", "fp32", "bf16"])


def add_compile(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--compile",
        action="store_true",
        help="CUDA only: the network compiles itself at a size's first photo, for the sake of the next ones",
    )


def seed(text: str) -> int:
    value = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= value < 2**63:
        raise argparse.ArgumentTypeError("must be a whole number from 0 to 2^63 - 1")
    return value


def box(text: str) -> tuple[int, int, int, int]:
    """X,Y,W,H in pixels."""
    numbers = [part.strip() for part in text.split(",")]
    if len(numbers) != 4 or not all(re.fullmatch(r"-?\d{1,9}", number) for number in numbers):
        raise argparse.ArgumentTypeError("must be four whole numbers, X,Y,W,H in pixels")
    x, y, width, height = map(int, numbers)
    return x, y, width, height


def count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError("must be a whole number from 1")
    return int(text)


def positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 1e4:
        raise argparse.ArgumentTypeError("must be a number above 0")
    return number


def share(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError("must be a number from 0 to 1")
    return number
