"""What worker processes do in tests. Imports nothing large, so that they start at once."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from diffir_demo.errors import InputError


def counting() -> Any:
    return _count


def _count(asked: dict[str, Any]) -> Iterator[Any]:
    """Counts to `to`, a step every `pause` seconds. deaths: a folder and how many runs of it are killed in their midst.

    log: a file that gets a line per step, and one at the end, however that comes.
    """
    log = asked.get("log")
    try:
        for number in range(asked.get("to", 3)):
            if number == 1 and "deaths" in asked:
                _die(*asked["deaths"])
            if number == 1 and "wrong" in asked:
                raise asked["wrong"]
            _write(log, "step")
            yield number, os.getpid()
            time.sleep(asked.get("pause", 0.0))
    finally:
        _write(log, "left")


def _die(folder: Path, times: int) -> None:
    before = len(list(folder.iterdir()))
    if before < times:
        (folder / str(before)).touch()
        os.kill(os.getpid(), signal.SIGKILL)


def _write(log: Path | None, word: str) -> None:
    if log:
        with log.open("a") as file:
            file.write(f"{word}\n")


def broken() -> Any:
    """Cannot begin."""
    raise InputError("The network is not there.", "Fetch it.")


class Unreadable(Exception):
    """Cannot be pickled: its arguments are not those of its constructor."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} and {two}")


def raising() -> Any:
    return _raise


def _raise(asked: Any) -> Iterator[Any]:
    yield from ()
    raise Unreadable(1, 2)


class Dying:
    """A `Make` around another one, in whose midst the process is killed for certain photos.

    made: the other one. times: by the name of a photo's file, how often.
    """

    def __init__(self, made: Any, folder: Path, times: dict[str, int]) -> None:
        self.made, self.folder, self.times = made, folder, times
        self.options = made.options

    def __call__(self) -> Any:
        return partial(self._work, self.made())

    def _work(self, work: Any, asked: Any) -> Iterator[Any]:
        for number, event in enumerate(work(asked)):
            if number == 0 and (times := self.times.get(asked.source.name)):
                place = self.folder / asked.source.name
                place.mkdir(exist_ok=True)
                _die(place, times)
            yield event
