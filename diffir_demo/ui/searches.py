"""Looking for scratches takes seconds in a large photo, and marking what was found milliseconds: the former is kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path

from ..imaging import load_picture
from ..scratches import Search, search

KEPT = 4
"""Photos of which it is remembered what was found: some 12 MB each, at most."""


class Searches:
    """What was found in the last photos. One per app, shared by its threads."""

    def __init__(self) -> None:
        self._found: OrderedDict[tuple[str, int], Search] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, path: str | Path) -> Search:
        """Looks through that photo, unless that was done already. One photo at a time: each would slow the others down.

        Raises `InputError` for a file that is no picture.
        """
        with self._lock:
            key = str(path), Path(path).stat().st_mtime_ns
            if key not in self._found:
                self._found[key] = search(load_picture(path).pixels)
            self._found.move_to_end(key)
            while len(self._found) > KEPT:
                self._found.popitem(last=False)
            return self._found[key]
