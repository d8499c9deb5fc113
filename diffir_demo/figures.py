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
PLACES = (Message("{value:,.0f}"), Message("{value:,.1f}"), Message("{value:,.2f}"))
"""A number with so many digits after the point."""


def seconds(value: float) -> str:
    """0.0213 -> 21 ms; 1.26 -> 1.3 s; 75 -> 75 s."""
    if value < 0.9995:
        return Message("{value:.1f} ms" if value < 0.00995 else "{value:.0f} ms", value=1000 * value)
    return Message("{value:.1f} s" if value < 20 else "{value:.0f} s", value=value)


def large(value: float) -> str:
    """787456 -> 0.79 million; 4.254e9 -> 4.25 billion; 6.8e10 -> 68 billion; 1.2e12 -> 1.2 trillion."""
    for size, form in LARGE:
        if value >= 0.9995 * size:
            return form.format(value=_digits(value / max(size, 1e6), 3))
    return Message("{value:,}", value=round(value))


def times(ratio: float) -> str:
    """To two digits, as a comparison deserves: 5402 -> 5,400; 12.4 -> 12; 2.06 -> 2.1."""
    return _digits(ratio, 2)


def _digits(value: float, count: int) -> str:
    """Rounded to that many digits, and never written with more zeros after the point than say something."""
    if value <= 0:
        return "0"
    places = count - 1 - math.floor(math.log10(value))
    rounded = round(value, places)
    written = next(each for each in range(3) if each >= min(places, 2) or round(rounded, each) == round(rounded, 2))
    return PLACES[written].format(value=rounded)


def markdown_row(cells: Iterable[object]) -> str:
    """One line of a Markdown table."""
    return "|" + "".join(f" {cell} |" if str(cell) else " |" for cell in cells)


def markdown_table(head: Sequence[str], rows: Iterable[Iterable[object]] = ()) -> str:
    """A Markdown table as GitHub shows it."""
    return "\n".join([markdown_row(head), "|" + "---|" * len(head), *map(markdown_row, rows)])
