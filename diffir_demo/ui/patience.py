"""A server that was started has time to answer its own first question, on machines that are busy or have just begun."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from gradio import networking

PATIENCE = 60.0
"""Seconds that a server which was started has to answer for the first time."""


@contextmanager
def patient_start() -> Iterator[None]:
    """Gradio looks whether its server answers, and gives up after the first three seconds without an answer, which a
    busy machine may need."""
    before = networking.url_ok
    networking.url_ok = answers
    try:
        yield
    finally:
        networking.url_ok = before


def answers(url: str, patience: float = PATIENCE) -> bool:
    """Whether a server answers there within so many seconds, whatever it says."""
    until = time.monotonic() + patience
    while (left := until - time.monotonic()) > 0:
        try:
            return httpx.head(url, timeout=left, verify=False, trust_env=False).status_code < 500
        except httpx.TransportError:
            time.sleep(min(0.2, left))
    return False
