"""What many tests want: a small photo, tiny weight files, and the app on a port of its own."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest

from diffir_demo.imaging import Picture
from diffir_demo.tasks import TASKS
from diffir_demo.ui import build_app, launch_options
from diffir_demo.weights import save
from tests.tiny import network

T = TypeVar("T")


def photo(height: int = 48, width: int = 64, steps: tuple[int, int] = (4, 3)) -> Picture:
    """Colours that change by so many levels from row to row, and from column to column."""
    rows, columns = np.mgrid[0:height, 0:width]
    planes = [rows * steps[0] % 256, columns * steps[1] % 256, (rows + columns) % 256]
    return Picture(np.stack(planes, axis=-1).astype(np.uint8))


def tiny_weights(folder: Path) -> Path:
    """A tiny untrained network for every task."""
    for key, task in TASKS.items():
        save(folder / task.weights, network(key), task=key, provenance="untrained", name="tiny")
    return folder


@contextmanager
def own_folders(checkpoints: Path, cache: Path) -> Iterator[pytest.MonkeyPatch]:
    """The app's weights, and Gradio's files, in those folders."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIFFIR_CHECKPOINTS", str(checkpoints))
        patch.setenv("GRADIO_TEMP_DIR", str(cache))
        yield patch


@contextmanager
def served(app: Any = None, **options: Any) -> Iterator[str]:
    """The app's URL, while it runs. options: further ones of Gradio's `launch`."""
    app = app or build_app("cpu", "fp32")
    _, url, _ = app.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", **launch_options(), **options)
    try:
        yield url
    finally:
        app.close()


def free_port() -> int:
    """One that no app takes by itself: those look from 7860 on."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return trial.getsockname()[1]


def in_a_loop(work: Coroutine[Any, Any, T]) -> T:
    """What `asyncio.run` does, in a thread: in the one of the tests Playwright may have a loop of its own."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(asyncio.run, work).result()
