"""The app below a path of a host that others share: Gradio's manifest is asked for at the host's root without this."""

from __future__ import annotations

from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_MADE_RELATIVE = {
    "/": (b'rel="manifest" href="/manifest.json"', b'rel="manifest" href="manifest.json"'),
    "/manifest.json": (b'"/pwa_icon', b'"pwa_icon'),
}
"""Path -> what stands there, and what it should be: relative to the page and to the manifest."""


class RelativeManifest:
    """ASGI middleware: the page's link to its manifest, and the manifest's to its icon, work below any path."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        change = _MADE_RELATIVE.get(scope.get("path", "")) if scope["type"] == "http" else None
        if change is None or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        start: dict[str, Any] = {}
        body = bytearray()

        async def changed(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            body.extend(message.get("body", b""))
            if not message.get("more_body"):
                whole = bytes(body).replace(*change)
                MutableHeaders(scope=start)["content-length"] = str(len(whole))
                await send(start)
                await send({"type": "http.response.body", "body": whole})

        await self.app(scope, receive, changed)
