"""What pages keep on the server: bounded, however many there are and whatever they made."""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Iterator, Mapping
from copy import deepcopy
from types import SimpleNamespace
from typing import Any

import numpy as np
from gradio.state_holder import SessionState, StateHolder

from ..server.metrics import SESSIONS
from .run_queue import RunHandle

CAPACITY = 300
"""Pages and programs that are remembered; each takes some 0.1 MB besides what it made."""
MOST = 1 << 30
"""Bytes of all that pages made (results, their steps, comparisons); those that were used longest ago lose theirs."""
LARGE = 100_000
"""Bytes of a state that is worth emptying."""


class Session(SessionState):
    """Gradio's, without the copy of the whole page's description that it keeps for links to a page's state.

    There are no such links here, and the copy takes 2 MB and a sixth of a second for every page that opens.
    """

    def __init__(self, blocks: Any) -> None:
        super().__init__(SimpleNamespace(default_config=blocks.default_config, blocks={}))  # pyright: ignore[reportArgumentType]
        self._since: dict[int, float] = {}
        """When each state was set, by a clock that cannot be set."""

    def __setitem__(self, key: int, value: Any) -> None:
        super().__setitem__(key, value)
        self.config_values.clear()
        self._since[key] = time.monotonic()

    @property
    def state_components(self) -> Iterator[tuple[Any, Any, bool]]:
        """The parent's: every state, its value, and whether its time is over."""
        now = time.monotonic()
        for component, value, _ in super().state_components:
            live = self.STATE_TTL_WHEN_CLOSED if self.is_closed else component.time_to_live or float("inf")
            yield component, value, now - self._since.get(component._id, now) > live

    def _update_config(self, key: int) -> None:
        """Nothing is described."""

    def _update_value_in_config(self, key: int, value: Any) -> None:
        """Likewise."""


class Sessions(StateHolder):
    """Gradio's, of `Session`s."""

    def __getitem__(self, session_id: str) -> SessionState:
        if session_id not in self.session_data:
            self.session_data[session_id] = Session(self.blocks)
        return super().__getitem__(session_id)

    def update(self, session_id: str) -> None:
        """The one that was used longest ago makes room, but for those whose run waits or goes.

        Of them no more than again as many are kept: a page that is closed while it waits may never say so.
        """
        with self.lock:
            if session_id in self.session_data:
                self.session_data.move_to_end(session_id)
            if (over := len(self.session_data) - self.capacity) <= 0:
                return
            others = ((name, each) for name, each in self.session_data.items() if name != session_id)
            at_work = {name: _is_at_work(each) for name, each in others}  # in their order
            gone = [name for name in at_work if not at_work[name]][:over]
            gone += [name for name in at_work if at_work[name]][: max(0, over - len(gone) - self.capacity)]
            for name in gone:
                del self.session_data[name]
                self.time_last_used.pop(name, None)


def _is_at_work(session: SessionState) -> bool:
    values = list(session.state_data.values())
    return any(isinstance(value, RunHandle) and not value.is_over for value in values)


def trim(holder: Any, most: int = MOST) -> int:
    """Empties large states of the pages used longest ago until all together fit `most`; gives the bytes that are left.

    holder: Gradio's `StateHolder`. A page whose state is gone is as it was when it opened: it shows its result still,
    and says what is missing when it is asked for more. The page that was used last keeps all.
    """
    with holder.lock:
        sessions = list(holder.session_data.values())  # by their last use
    SESSIONS.set(len(sessions))
    seen: set[int] = set()
    sizes = [{key: bytes_of(value, seen) for key, value in list(each.state_data.items())} for each in sessions[::-1]]
    left = sum(sum(each.values()) for each in sizes)
    for session, held in zip(sessions[:-1], sizes[:0:-1], strict=True):
        if left <= most:
            break
        for key in (key for key, size in held.items() if size >= LARGE):
            session.state_data[key] = deepcopy(
                session.blocks_config.blocks[key].value
            )  # Gradio may be going through the keys
            left -= held[key]
    return left


def bytes_of(value: Any, seen: set[int]) -> int:
    """Of the arrays in a state: fields, items and all below them. seen: what was counted; it counts once."""
    if id(value) in seen:
        return 0
    if isinstance(value, np.ndarray):
        whole = value if value.base is None or not isinstance(value.base, np.ndarray) else value.base
        if id(whole) in seen:
            return 0
        seen.update((id(value), id(whole)))
        return whole.nbytes
    if isinstance(value, str | bytes):
        return sys.getsizeof(value)
    parts: list[Any] = []
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = [getattr(value, each.name, None) for each in dataclasses.fields(value)]
    elif isinstance(value, Mapping):
        parts = list(value.values())
    elif isinstance(value, list | tuple | set | frozenset):
        parts = list(value)
    if parts:
        seen.add(id(value))
    return sum(bytes_of(each, seen) for each in parts)
