"""What was asked for last, kept up to a bound."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class LRU(Generic[K, V]):
    """The values that were asked for last, up to a bound. Callers lock it.

    most: of all sizes together. size: of a value.
    """

    def __init__(self, most: int, size: Callable[[V], int] = lambda _: 1) -> None:
        self.most, self._size = most, size
        self._kept: OrderedDict[K, V] = OrderedDict()

    def __contains__(self, key: K) -> bool:
        return key in self._kept

    def get(self, key: K) -> V | None:
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key]

    def put(self, key: K, value: V) -> V:
        """Keeps it, in place of those asked for longest ago; not if it exceeds the bound by itself."""
        if self._size(value) <= self.most:
            self._kept[key] = value
            self._kept.move_to_end(key)
            while sum(map(self._size, self._kept.values())) > self.most:
                self._kept.popitem(last=False)
        return value
