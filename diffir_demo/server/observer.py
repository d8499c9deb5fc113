"""What a server says of itself: whether it is well, what it has done, and a line for every request.

No line and no figure holds a picture, the name of a file, or who asked.
"""

from __future__ import annotations

import logging
import re
import secrets
import time

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..recipe_file import json_schema
from . import metrics
from .policy import LOOPBACK

LOG = logging.getLogger("diffir.requests")
ROUTE = re.compile(r"/(gradio_api/)?([a-z_.-]{0,20})")
NAMED = frozenset(
    ["", "config", "assets", "static", "theme.css", "manifest.json", "favicon.ico", "login", "healthz", "metrics"]
    + ["file", "upload", "upload_progress", "queue", "call", "run", "heartbeat", "cancel", "component_server", "info"]
    + ["startup-events", "reset", "pwa_icon", "openapi.json", "recipe.schema.json", "mcp"]
)
"""Routes as they are counted: anything else is "other", or the figures would have no end."""
GONE = 499
"""As others count a visitor who left before there was an answer."""
FAILED = "Something went wrong that should not. The server's log says more under the request's number."


class Observer:
    """ASGI middleware, the outermost of ours. It answers /healthz and the schema of recipes to everybody, and
    /metrics to this machine."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, number, status = time.perf_counter(), secrets.token_hex(8), 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["x-request-id"] = number
            await send(message)

        try:
            await (_own_answer(scope) or self.app)(scope, receive, noted)
        except ClientDisconnect:  # an upload that was cut off; an answer would reach no one
            status = status or GONE
        except Exception:
            LOG.exception("A request failed.", extra={"request": number})
            if status:  # half an answer is out
                raise
            await JSONResponse({"error": FAILED, "request": number}, 500)(scope, receive, noted)
        finally:
            seconds = time.perf_counter() - began
            route, method = route_of(scope["path"]), scope["method"] if scope["method"] in METHODS else "other"
            metrics.REQUESTS.labels(method, route, status).inc()
            facts = {"request": number, "method": method, "route": route, "status": status}
            LOG.info("request", extra=facts | {"ms": round(1000 * seconds, 1)})


SCHEMA = "/recipe.schema.json"
METHODS = frozenset(["GET", "HEAD", "POST", "OPTIONS"])


def route_of(path: str) -> str:
    """What a path is about, without names: "/gradio_api/file=/x/cat.png" -> "file"."""
    found = ROUTE.match(path)
    name = found[2] if found else "other"
    return (name or "page") if name in NAMED else "other"


def _own_answer(scope: Scope) -> Response | None:
    peer = (scope.get("client") or ("", 0))[0]
    if scope["path"] == "/healthz":
        status, code = ("stopping", 503) if metrics.is_stopping() else ("ok", 200)
        return JSONResponse({"status": status}, code)
    if scope["path"] == SCHEMA:
        return JSONResponse(json_schema(), media_type="application/schema+json")
    if scope["path"] != "/metrics":
        return None
    is_local = peer in LOOPBACK and not any(name == b"x-forwarded-for" for name, _ in scope["headers"])
    if not is_local:
        return PlainTextResponse("There is nothing here.", 404)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
