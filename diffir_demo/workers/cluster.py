"""Replicas on the machines of a Ray cluster, behind the same interface as `Pool` (extra `ray`).

Each is a Ray Serve replica that answers one call at a time. What it yields is streamed; a call that is closed is
cancelled there: its coroutine ends, and with it the flag is set that the work looks at after each event.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncGenerator, Generator
from contextlib import closing
from queue import Empty, SimpleQueue
from typing import Any

from ..errors import DeviceError
from ..events import Waiting
from ..messages import Message
from .pool import ATTEMPTS, PULSE
from .process import EVENT, FAILED, OVER, Make, RemoteError, one_thread, sendable

SCHEME = "ray"
NAME = "diffir"
"""Of the application and its deployment in the cluster."""
LOST = "lost"
"""Of a call: what answered it is gone, or cannot be asked."""
HINT = Message("Try again.")
MISSING = "Ray is not installed here."
MISSING_HINT = "Install it with pip install 'diffir-studio[ray]', or give a number of processes: --workers 2."


def is_cluster(text: str) -> bool:
    """Whether that names a cluster: ray, or ray://HOST:PORT, the address of its head as `ray start` prints it."""
    return text == SCHEME or text.startswith(f"{SCHEME}://")


class Answering:
    """One replica. make: gives what it answers with."""

    def __init__(self, make: Make) -> None:
        self._work = make()
        one_thread()

    async def events(self, asked: Any) -> AsyncGenerator[tuple[str, Any], None]:
        """(`EVENT`, what came) as it comes, then (`OVER`, None), or (`FAILED`, what `sendable` makes of the error)."""
        loop, found, left = asyncio.get_running_loop(), asyncio.Queue[tuple[str, Any]](), threading.Event()

        def say(*message: Any) -> None:
            loop.call_soon_threadsafe(found.put_nowait, message)

        def follow() -> None:
            try:
                with closing(self._work(asked)) as events:  # pyright: ignore[reportArgumentType]
                    for event in events:
                        say(EVENT, event)
                        if left.is_set():
                            return
                say(OVER, None)
            except Exception as error:
                say(FAILED, sendable(error))

        going = loop.run_in_executor(None, follow)
        try:
            kind = EVENT
            while kind == EVENT:
                kind, value = await found.get()
                yield kind, value
        finally:
            left.set()
            await asyncio.shield(going)  # one call at a time: the next one is let in when this one has really ended


class Cluster:
    """As many replicas as the cluster has cores for, at most; as many as are wanted, at any moment.

    make: as `Pool` takes it, and importable on every machine of the cluster. address: ray, for the cluster that
    RAY_ADDRESS names or that this machine belongs to, else one of this machine alone; or ray://HOST:PORT, which this
    machine has to belong to as well (`ray start --address HOST:PORT`), since Ray's connections from outside of a
    cluster do not stream. most: of replicas; None: one per core.
    Raises `DeviceError` where Ray is not installed, and where no cluster answers there.
    """

    def __init__(
        self, make: Make, address: str = SCHEME, most: int | None = None, hint: str = Message("Try again.")
    ) -> None:
        self._ray, self._serve = _imported()
        self.hint = hint
        self._connect(address)
        cores = int(self._ray.cluster_resources().get("CPU", 1))
        self.count = max(1, min(most or cores, cores))
        self._handle = self._deployed(make)

    def stream(self, asked: Any) -> Generator[Any, None, None]:
        """As `Pool.stream`."""
        for _ in range(ATTEMPTS):
            try:
                yield from self._events(asked)
                return
            except self._ray.exceptions.RayActorError:
                continue
        raise DeviceError(
            Message("The machine or process that worked on it was lost before it was done, twice."), self.hint
        )

    def close(self) -> None:
        """Ends the replicas, and leaves the cluster as it was found."""
        self._serve.delete(NAME)
        self._ray.shutdown()

    def _connect(self, address: str) -> None:
        """Joins a cluster; of several calls in one process, all take the first one's."""
        if self._ray.is_initialized():
            return
        named = address.removeprefix(f"{SCHEME}://") if address != SCHEME else os.environ.get("RAY_ADDRESS")
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
        try:
            if not named:
                self._join_or_start(**options)
                return
            self._ray.init(named, **options)
        except (ConnectionError, RuntimeError, OSError, ValueError) as error:
            raise DeviceError(
                Message("No Ray cluster that this machine belongs to answers at '{at}'.", at=named or address),
                "Give the address of its head, and join it first with ray start --address HOST:PORT.",
            ) from error

    def _join_or_start(self, **options: Any) -> None:
        try:
            self._ray.init("auto", **options)
        except ConnectionError:
            self._ray.init(include_dashboard=False, **options)

    def _deployed(self, make: Make) -> Any:
        """What is called. A replica that was killed is started anew by the cluster itself."""
        scaling = {"min_replicas": 1, "initial_replicas": 1, "max_replicas": self.count, "target_ongoing_requests": 1}
        deployment = self._serve.deployment(
            Answering,
            name=NAME,
            autoscaling_config=scaling,
            max_ongoing_requests=1,
            ray_actor_options={"num_cpus": 1},
            logging_config={"log_level": "WARNING"},
        )
        self._serve.start(proxy_location="Disabled")  # visitors ask the page, and the page asks the handle
        handle = self._serve.run(deployment.bind(make), name=NAME, route_prefix=None)
        return handle.options(method_name="events", stream=True)

    def _events(self, asked: Any) -> Generator[Any, None, None]:
        """One call. It is followed in a thread, so that this one has chances to leave."""
        response = self._handle.remote(asked)
        found: SimpleQueue[tuple[str, Any]] = SimpleQueue()
        threading.Thread(target=_follow, args=(response, found), daemon=True).start()
        value: Any = None
        kind, has_begun = EVENT, False
        try:
            while kind == EVENT:
                try:
                    kind, value = found.get(timeout=PULSE)
                except Empty:
                    if not has_begun:
                        yield Waiting()
                    continue
                has_begun = True
                if kind == EVENT:
                    yield value
        finally:
            if kind == EVENT:
                response.cancel()
        if kind == FAILED:
            error, text = value
            raise error from RemoteError(text)
        if kind == LOST:
            raise value


def _follow(response: Any, found: SimpleQueue[tuple[str, Any]]) -> None:
    try:
        for message in response:
            found.put(message)
    except Exception as error:
        found.put((LOST, error))


def _imported() -> tuple[Any, Any]:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is reported to anyone
    try:
        import ray  # pyright: ignore[reportMissingImports]
        from ray import serve  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise DeviceError(MISSING, MISSING_HINT) from error
    return ray, serve
