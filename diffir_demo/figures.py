"""Numbers and tables as people read them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from .messages import Message

LARGE = (
    (1e12, Message("{value} trillion")),
    (1e9, Message("{value} billion")),
    (1e5, Message("{value} million")),
)


def seconds(value: float) -> str:
    """0.0213 -> 21 ms; 1.26 -> 1.3 s; 75 -> 75 s."""
    if value < 0.9995:
        return f"{1000 * value:.1f} ms" if value < 0.00995 else f"{1000 * value:.0f} ms"
    return f"{value:.1f} s" if value < 20 else f"{value:.0f} s"


def large(value: float) -> str:
    """787456 -> 0.79 million; 4.254e9 -> 4.25 billion; 6.8e10 -> 68 billion; 1.2e12 -> 1.2 trillion."""
    for size, form in LARGE:
        if value >= 0.9995 * size:
            return form.format(value=_digits(value / max(size, 1e6), 3))
    return f"{round(value):,}"


def times(ratio: float) -> str:
    """To two digits, as a comparison deserves: 5402 -> 5,400; 12.4 -> 12; 2.06 -> 2.1."""
    return _digits(ratio, 2)


def _digits(value: float, count: int) -> str:
    """Rounded to that many digits, and never written with more zeros after the point than say something."""
    if value <= 0:
        return "0"
    places = count - 1 - math.floor(math.log10(value))
    rounded = round(value, places)
    if places <= 0:
        return f"{rounded:,.0f}"
    text = f"{rounded:,.{min(places, 2)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def markdown_row(cells: Iterable[object]) -> str:
    """One line of a Markdown table."""
    return "|" + "".join(f" {cell} |" if str(cell) else " |" for cell in cells)


def markdown_table(head: Sequence[str], rows: Iterable[Iterable[object]] = ()) -> str:
    """A Markdown table as GitHub shows it."""
    return "\n".join([markdown_row(head), "|" + "---|" * len(head), *map(markdown_row, rows)])
