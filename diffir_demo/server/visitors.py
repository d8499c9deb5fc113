"""One visitor cannot use up a server: requests, connections and uploads of each are counted."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .policy import Policy

KNOWN = 10_000
"""Visitors that are remembered; a few hundred bytes each."""
BURST = 0.5
"""Share of a minute's requests that may come at once."""


class Bucket:
    """So many units per second flow in, up to `most`; what is taken has to be there."""

    def __init__(self, most: float, per_second: float, clock: Callable[[], float]) -> None:
        self.most, self.per_second, self.clock = most, per_second, clock
        self.level, self.last = most, clock()

    def wait(self, count: float) -> float:
        """Seconds until `count` will be there; 0 if it is."""
        now = self.clock()
        self.level, self.last = min(self.most, self.level + (now - self.last) * self.per_second), now
        return max(0.0, (count - self.level) / self.per_second)

    def take(self, count: float) -> None:
        """Whether it is there or not; the level may fall below zero."""
        self.level -= count


@dataclass
class Visitor:
    requests: Bucket | None
    uploads: Bucket | None
    connections: int = field(default=0)


class Allowances:
    """ASGI middleware. It also puts the visitor's address into the scope, for the queue. clock: seconds, rising."""

    def __init__(self, app: ASGIApp, policy: Policy, clock: Callable[[], float] = time.monotonic) -> None:
        self.app, self.policy, self.clock = app, policy, clock
        self.known: OrderedDict[str, Visitor] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        peer, forwarded = (scope.get("client") or ("", 0))[0], Headers(scope=scope).get("x-forwarded-for")
        scope["visitor"] = address = self.policy.visitor(peer, forwarded)
        visitor, most = self._of(address), self.policy.allowance
        wait = visitor.requests.wait(1) if visitor.requests else 0.0
        if wait or (most.connections is not None and visitor.connections >= most.connections):
            await refusal("Too many requests from your address.", max(wait, 1.0))(scope, receive, send)
            return
        if visitor.requests:
            visitor.requests.take(1)
        if scope["path"] == "/gradio_api/upload" and visitor.uploads:
            receive = _metered(receive, visitor.uploads)
            if wait := visitor.uploads.wait(1):
                await refusal("Too much was uploaded from your address within the hour.", wait)(scope, receive, send)
                return
        visitor.connections += 1
        try:
            await self.app(scope, receive, send)
        finally:
            visitor.connections -= 1

    def _of(self, address: str) -> Visitor:
        if address not in self.known:
            most = self.policy.allowance
            requests = most.requests and Bucket(BURST * most.requests, most.requests / 60, self.clock)
            uploads = most.uploads and Bucket(most.uploads, most.uploads / 3600, self.clock)
            self.known[address] = Visitor(requests or None, uploads or None)
        self.known.move_to_end(address)
        if len(self.known) > KNOWN:
            self.known.popitem(last=False)
        return self.known[address]


def _metered(receive: Receive, bucket: Bucket) -> Receive:
    """Takes from the bucket what comes in. An upload that has begun may end."""

    async def metered() -> Message:
        message = await receive()
        bucket.take(len(message.get("body", b"")))
        return message

    return metered


def refusal(sentence: str, seconds: float) -> PlainTextResponse:
    wait = {"retry-after": str(max(1, round(seconds)))}
    return PlainTextResponse(f"{sentence} Try again in a moment.", 429, wait)
