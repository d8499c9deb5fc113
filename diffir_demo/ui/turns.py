"""The queue of what runs: visitors take turns in it, and it can end without cutting anybody off."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any

from gradio.queueing import Event, Queue
from gradio.route_utils import get_fn
from gradio.server_messages import EventMessage, ProcessCompletedMessage, ProcessGeneratingMessage

from ..server.metrics import WAITING
from .component import words_of
from .line import LONGEST, Line

WORDS = words_of()


class TurnQueue(Queue):
    """Gradio's queue, where a visitor holds `places` at most, and one's first comes before others' second. Who finds it
    full comes in by the order in which they first asked.

    What the page alone uses (private handlers) is refused to those who call it by its name.
    """

    places: int | None = None
    """Of one visitor, waiting or running; None: as many as there are."""
    is_ending = False
    line: Line
    """Of those who found the queue full."""
    _loop: asyncio.AbstractEventLoop | None = None

    @classmethod
    def in_place_of(cls, queue: Queue) -> TurnQueue:
        made = cls(
            queue.live_updates,
            queue.max_thread_count,
            queue.update_intervals,
            queue.max_size,
            queue.blocks,
            queue.default_concurrency_limit,
        )
        made.line = Line()
        return made

    async def push(self, body: Any, request: Any, username: str | None) -> Any:
        """The parent's. Gives (False, a sentence, what kind of no) for what is refused."""
        self._loop = asyncio.get_running_loop()
        if self.is_ending:
            return False, WORDS.stopping, "queue_full"
        if body.simple_format and get_fn(self.blocks, None, body).api_visibility == "private":
            return False, WORDS.only_on_the_page, "error"
        visitor = visitor_of(request)
        held = self.held_by(visitor)
        if self.places is not None and held >= self.places:
            return False, WORDS.places_taken.format(count=self.places), "queue_full"
        free = LONGEST if self.max_size is None else self.max_size - len(self)
        is_empty = free == self.max_size  # the device has nothing to do
        if not (is_empty or self.line.admits(visitor, free, held)):
            return False, WORDS.queue_full, "queue_full"
        answer = await super().push(body, request, username)
        async with self.delete_lock:
            for each in self.event_queue_per_concurrency_id.values():
                each.queue[:] = in_turns(each.queue, self.running)
        WAITING.set(len(self))
        return answer

    def send_message(self, event: Event, event_message: EventMessage) -> None:
        """The parent's. Programs get what a call ends with, not the steps, which only give them chances to leave."""
        is_step = isinstance(event_message, ProcessGeneratingMessage)
        if not (is_step and event.fn.api_visibility != "private"):
            super().send_message(event, event_message)

    @property
    def running(self) -> list[Event]:
        return [event for job in self.active_jobs if job for event in job]

    @property
    def waiting(self) -> list[Event]:
        return [event for each in self.event_queue_per_concurrency_id.values() for event in each.queue]

    def held_by(self, visitor: str) -> int:
        return sum(visitor_of(event.request) == visitor for event in [*self.waiting, *self.running])

    def end(self, patience: float) -> bool:
        """Takes nothing new, sends those who wait away with a word, and gives those that run so many seconds to finish;
        what still goes on then gets the sentence, too. From any thread but the server's; gives whether all finished."""
        self.is_ending = True
        self._in_loop(self._dismiss, False)
        until = time.monotonic() + patience
        while self.running and time.monotonic() < until:
            time.sleep(0.1)
        finished = not self.running
        self._in_loop(self._dismiss, True)
        return finished

    def _in_loop(self, function: Any, *arguments: Any) -> None:
        if self._loop is not None and self._loop.is_running():
            self._loop.call_soon_threadsafe(function, *arguments)
            time.sleep(0.2)  # for the words to go out

    def _dismiss(self, those_that_run: bool) -> None:
        word = ProcessCompletedMessage(output={"error": WORDS.stopping}, success=False)
        for each in self.event_queue_per_concurrency_id.values():
            for event in each.queue:
                self.send_message(event, word.model_copy())
            each.queue.clear()
        for event in self.running if those_that_run else ():
            self.send_message(event, word.model_copy())
            event.alive = False


def in_turns(waiting: Iterable[Event], running: Iterable[Event] = ()) -> list[Event]:
    """Everybody's first event, then everybody's second, and so on; each round in the order in which they came. What a
    visitor has running counts as their first."""
    count = Counter(visitor_of(event.request) for event in running)
    rounds = list[tuple[int, Event]]()
    for event in waiting:
        visitor = visitor_of(event.request)
        rounds.append((count[visitor], event))
        count[visitor] += 1
    return [event for _, event in sorted(rounds, key=lambda each: each[0])]


def visitor_of(request: Any) -> str:
    """The address that `server.Allowances` found; "" for apps that run without it."""
    return getattr(request, "scope", {}).get("visitor", "")
