"""JSON from strangers: every value is of the kind and the size that was expected, or it is refused by name."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


def parsed(text: str | bytes) -> Any:
    """What the JSON says. Raises `ValueError` where it is none, NaN and infinity included."""
    try:
        return json.loads(text, parse_constant=_refused)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


class Fields:
    """Takes an object apart, field by field. Every method raises `ValueError` with the field's name as its sentence."""

    def __init__(self, value: Any, name: str) -> None:
        if not isinstance(value, dict):
            raise ValueError(name)
        self._left = dict(value)

    def text(self, name: str, longest: int) -> str:
        value = self._left.pop(name, None)
        if not isinstance(value, str) or len(value) > longest or not value.isprintable():
            raise ValueError(name)
        return value

    def whole(self, name: str, least: int, most: int) -> int:
        value = self._left.pop(name, None)
        if type(value) is not int or not least <= value <= most:
            raise ValueError(name)
        return value

    def number(self, name: str, least: float, most: float) -> float:
        return number(self._left.pop(name, None), name, least, most)

    def items(self, name: str, most: int) -> list[Any]:
        value = self._left.pop(name, None)
        if not isinstance(value, list) or len(value) > most:
            raise ValueError(name)
        return value

    def part(self, name: str, read: Callable[[Fields], T]) -> T:
        fields = Fields(self._left.pop(name, None), name)
        part = read(fields)
        fields.end()
        return part

    def maybe(self, name: str, read: Callable[[str], T]) -> T | None:
        """None where the field is missing or null."""
        if self._left.get(name) is None:
            self._left.pop(name, None)
            return None
        return read(name)

    def end(self) -> None:
        """Nothing else may be there."""
        for name in self._left:
            raise ValueError(name)


def number(value: Any, name: str, least: float, most: float) -> float:
    """A finite number within bounds; raises `ValueError` as the methods of `Fields` do."""
    if type(value) not in (int, float) or not math.isfinite(value) or not least <= value <= most:
        raise ValueError(name)
    return float(value)


def _refused(word: str) -> None:
    raise ValueError(word)
