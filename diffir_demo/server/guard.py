"""Refuses what no page of ours sends: foreign hosts and origins, routes that are not used, endless bodies.

And says to browsers what the page may do, in the headers of every answer.
"""

from __future__ import annotations

import re
import shutil

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..disk import is_full
from .policy import Policy

UPLOAD = 1_000_000_000
"""Bytes of one upload, which may hold many files."""
BODY = 16_000_000
"""Of any other request: a drawing with as many strokes as there may be has 8 MB."""
SPARE = 1_000_000_000
"""Bytes that uploads leave free on the disk."""
UNUSED = re.compile(
    r"/monitoring|/login_check/.|/gradio_api/(process_recording|stream/|proxy=|run-history|deep_link|profiling|dev/"
    r"|vibe|undo-vibe|custom_component|(run|api)/(?!predict/?$))"
)
"""Routes of Gradio that neither the page nor a program needs. Functions are run at once only as the page asks for it,
by number; by name, they wait in the queue."""
BELIEVED_OF_PROXIES = (b"x-forwarded-host", b"x-forwarded-proto", b"x-gradio-server", b"forwarded")
CONTENT = {
    "default-src": "'self'",
    # Gradio makes functions of the scripts that components bring, and styles of their templates.
    "script-src": "'self' 'unsafe-inline' 'unsafe-eval' blob:",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "media-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self' data: blob:",
    "worker-src": "'self' blob:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
}
"""What the page may load, and from where: nothing leaves this server, not even if a foreign script were to run."""


class Guard:
    """ASGI middleware. folder: where uploads go."""

    def __init__(self, app: ASGIApp, policy: Policy, folder: str) -> None:
        self.app, self.policy, self.folder = app, policy, folder
        frames = " ".join(("'self'", *policy.framed_by))
        content = "; ".join(f"{name} {value}" for name, value in (CONTENT | {"frame-ancestors": frames}).items())
        self.headers = {
            "content-security-policy": content,
            "x-content-type-options": "nosniff",
            "referrer-policy": "same-origin",
            "cross-origin-opener-policy": "unsafe-none" if policy.on_spaces else "same-origin",
            "permissions-policy": "camera=(self), clipboard-write=(self), geolocation=(), microphone=()",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        begun = False

        async def with_headers(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        if not self._believes_proxy:
            scope["headers"] = [each for each in scope["headers"] if each[0] not in BELIEVED_OF_PROXIES]
        refusal = self._refused(scope)
        if refusal is not None:
            await refusal(scope, receive, with_headers)
            return
        counted = _Counted(receive, UPLOAD if scope["path"] == "/gradio_api/upload" else BODY)
        try:
            await self.app(scope, counted, with_headers)
        except Exception as error:
            if begun or not (counted.is_exceeded or is_full(error)):
                raise
            await (too_much() if counted.is_exceeded else no_room())(scope, receive, with_headers)

    @property
    def _believes_proxy(self) -> bool:
        return self.policy.behind_proxy or self.policy.on_spaces

    def _refused(self, scope: Scope) -> ASGIApp | None:
        headers, policy = Headers(scope=scope), self.policy
        for host in (headers.get("host", ""), headers.get("x-forwarded-host")):
            if host is not None and not policy.serves(host):
                hint = "If this server is meant to be reached under that name, start it with --allow-host NAME."
                return PlainTextResponse(f"This server does not answer to that name. {hint}", 421)
        own = headers.get("x-forwarded-host") or headers.get("host", "")
        origin = headers.get("origin")
        if origin is not None and not policy.accepts(origin, own):
            return PlainTextResponse("Requests from pages of other sites are not answered.", 403)
        if origin is None and scope["method"] == "POST" and headers.get("sec-fetch-site") == "cross-site":
            return PlainTextResponse("Requests from pages of other sites are not answered.", 403)
        if UNUSED.match(scope["path"]):
            return PlainTextResponse("There is nothing here.", 404)
        return self._too_large(scope["path"], headers)

    def _too_large(self, path: str, headers: Headers) -> ASGIApp | None:
        length = headers.get("content-length", "0")
        size = int(length) if length.isdecimal() and len(length) < 20 else 0
        if path != "/gradio_api/upload":
            return too_much() if size > BODY else None
        if size > UPLOAD:
            return too_much()
        try:
            free = shutil.disk_usage(self.folder).free
        except OSError:  # it is made with the first file
            return None
        return no_room() if free < size + SPARE else None


class _Counted:
    """Takes in a body of at most so many bytes; raises where there are more."""

    def __init__(self, receive: Receive, most: int) -> None:
        self.receive, self.left = receive, most

    @property
    def is_exceeded(self) -> bool:
        return self.left < 0

    async def __call__(self) -> Message:
        message = await self.receive()
        self.left -= len(message.get("body", b""))
        if self.is_exceeded:
            raise ValueError("the body is too long")
        return message


def too_much() -> PlainTextResponse:
    return PlainTextResponse("That is more than this server takes at once.", 413, {"connection": "close"})


def no_room() -> PlainTextResponse:
    return PlainTextResponse("The server's disk is full. Try again later.", 507, {"connection": "close"})
