"""Serves the built page on this machine, for a look, for tests and for measuring."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ISOLATION = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""What WASM needs for threads."""


class _Handler(SimpleHTTPRequestHandler):
    extensions_map = SimpleHTTPRequestHandler.extensions_map | {
        ".mjs": "text/javascript",
        ".js": "text/javascript",
        ".gz": "application/octet-stream",
        ".webmanifest": "application/manifest+json",
    }

    def __init__(self, *arguments: object, isolated: bool, sent: list[int], **options: object) -> None:
        self.isolated, self.sent = isolated, sent
        super().__init__(*arguments, **options)  # pyright: ignore[reportArgumentType]

    def end_headers(self) -> None:
        for name, value in ISOLATION.items() if self.isolated else ():
            self.send_header(name, value)
        super().end_headers()

    def copyfile(self, source: Any, outputfile: Any) -> None:
        self.sent.append(Path(source.name).stat().st_size)
        super().copyfile(source, outputfile)

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing: what a browser asks for is of no interest."""


@contextmanager
def serve(folder: Path, port: int = 0, *, isolated: bool = True, sent: list[int] | None = None) -> Iterator[str]:
    """Gives the address while it serves `folder`.

    port: 0: any that is free. isolated: with the headers for threads. sent: gets the bytes of every file that is sent.
    """
    handler = partial(_Handler, directory=str(folder), isolated=isolated, sent=[] if sent is None else sent)
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
