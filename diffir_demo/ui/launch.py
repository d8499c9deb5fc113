"""From an app to a server: what it is launched with, what it does beside its work, and how it ends."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

from gradio.utils import get_upload_folder
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

from ..errors import InputError
from ..imaging import MAX_MEGABYTES
from ..server import (
    HOUR,
    Allowances,
    ClockWatch,
    Guard,
    Observer,
    Policy,
    give_back,
    metrics,
    shift,
    sweep,
    use_few_heaps,
    user_of,
)
from .blocks import UNWATCHED, Blocks
from .languages import Languages
from .sessions import CAPACITY, Sessions, trim
from .subpath import RelativeManifest
from .theme import NARROW_TABS, STYLE, theme

REMOTE = ("SSH_CONNECTION", "SSH_TTY", "SPACE_ID", "CI", "KUBERNETES_SERVICE_HOST", "COLAB_RELEASE_TAG")
"""Set where the screen, if there is one, is not the visitor's: a remote shell, a hosting platform, a test machine."""
LOCAL_HOSTS = frozenset(["", "127.0.0.1", "localhost", "::1"])
ICON = Path(__file__).with_name("icon.svg")
ADDRESS = "Give an address of this machine, or 0.0.0.0 for all."
GRACE = 20.0
"""Seconds that runs get to finish once the server is to stop; hosts kill after thirty."""
UPKEEP = 15.0
"""Seconds between two looks at what pages keep."""
WARM_AFTER = 3.0
"""Seconds after the server is up, within which it has looked at itself and the first page is on its way."""


def launch_options(policy: Policy | None = None) -> dict[str, Any]:
    """What `launch` of Gradio needs besides host and port; look and icon belong to it since Gradio 6.

    policy: None: `Policy.of` the environment.
    """
    policy = policy or Policy.of()
    guards = [
        Middleware(Observer),
        Middleware(Allowances, policy),
        Middleware(Guard, policy, get_upload_folder()),
        Middleware(GZipMiddleware, minimum_size=2000, compresslevel=5),
        Middleware(RelativeManifest),
        Middleware(Languages),
    ]
    return {
        "pwa": True,
        "favicon_path": str(ICON),
        "theme": theme(),
        "css": STYLE,
        "head": NARROW_TABS + UNWATCHED,
        "max_file_size": MAX_MEGABYTES * 1_000_000,
        "footer_links": ["api", "settings"],
        "run_history": False,
        "ssr_mode": False,
        "enable_monitoring": False,
        "state_session_capacity": CAPACITY,
        "app_kwargs": {"middleware": guards, "lifespan": upkeep(policy)},
    }


def upkeep(policy: Policy) -> Callable[[Any], Any]:
    """What a server does beside its work, as a lifespan of ASGI: old files and states go, networks are warmed up."""

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[None]:
        blocks: Blocks = app.get_blocks()
        blocks._queue.places = policy.allowance.places
        app.state_holder = Sessions()
        app.state_holder.set_blocks(blocks)
        await asyncio.to_thread(sweep, get_upload_folder())
        going = [asyncio.create_task(_tidy(app)), asyncio.create_task(_warm(blocks))]
        try:
            yield
        finally:
            for task in going:
                task.cancel()

    return lifespan


async def _tidy(app: Any) -> None:
    swept, clock = time.monotonic(), ClockWatch()
    while True:
        await asyncio.sleep(UPKEEP)
        trim(app.state_holder)
        await asyncio.to_thread(give_back)
        if jump := clock.jump():
            await asyncio.to_thread(shift, get_upload_folder(), jump, UPKEEP)
        if time.monotonic() - swept >= HOUR:
            swept = time.monotonic()
            await asyncio.to_thread(sweep, get_upload_folder(), stay=_shown_first(app.get_blocks()))


def _shown_first(blocks: Blocks) -> set[str]:
    """Files of the page as it opens: its example photos."""
    return {str(file) for each in blocks.blocks.values() for file in getattr(each, "keep_in_cache", ())}


async def _warm(blocks: Blocks) -> None:
    """In a thread of its own that yields to all others."""
    if blocks.warm_up is None:
        return
    while not blocks.is_running:
        await asyncio.sleep(0.2)
    await asyncio.sleep(WARM_AFTER)
    threading.Thread(target=_humbly, args=[blocks.warm_up], name="warm-up", daemon=True).start()


def _humbly(work: Callable[[], None]) -> None:
    with suppress(AttributeError, OSError):  # where threads have priorities of their own
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
    work()


def launch(
    app: Blocks,
    host: str | None = None,
    port: int | None = None,
    *,
    browser: bool | None = None,
    policy: Policy | None = None,
    auth: tuple[str, str] | None = None,
    grace: float = GRACE,
    **options: Any,
) -> None:
    """Serves the app until the process is stopped (SIGTERM, Ctrl+C), and ends as `stop` does.

    browser: open a window on it; None: on a desktop (`opens_browser`). policy: None: `Policy.of` host and environment.
    auth: user and password that everybody has to give; None: as `user_of` finds them.
    options: further ones of Gradio's `launch`.
    Raises `InputError` for a host or a port that cannot be listened on, and for a password without a user.
    """
    policy, auth = policy or Policy.of(host), auth or user_of(None)
    if port is not None:
        require_free(policy.host, port)
    _ask_itself_without_proxy(policy.host)
    shown = opens_browser(host) if browser is None else browser
    further: dict[str, Any] = launch_options(policy) | ({"auth": [auth]} if auth else {}) | options
    metrics.stopping(False)
    use_few_heaps()
    try:
        app.launch(server_name=host, server_port=port, inbrowser=shown, prevent_thread_lock=True, **further)
    except OSError as error:
        raise InputError("No port is free from 7860 on.", "Name one with --port.") from error
    except ValueError as error:
        if "localhost is not accessible" not in str(error):
            raise
        app.close(verbose=False)
        hint = "The machine may be too busy, or a proxy may stand between; try again."
        raise InputError("The server started, but does not answer itself.", hint) from error
    _wait(app)
    stop(app, grace)


def stop(app: Blocks, grace: float = GRACE) -> bool:
    """Nothing new is begun; runs get `grace` seconds to finish, others get a sentence. Gives whether all finished."""
    metrics.stopping()
    finished = app._queue.end(grace)
    app.close(verbose=False)
    return finished


def leave() -> NoReturn:
    """Ends the process after `launch`. A run that was given up, or the warm-up, may still be inside of a library, where
    Python's own end would abort."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _wait(app: Blocks) -> None:
    """Until the process is asked to stop. Asked a second time, it stops at once."""
    asked = threading.Event()
    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {each: signal.signal(each, lambda *_: asked.set()) for each in (signal.SIGTERM, signal.SIGINT)}
    while app.is_running and not asked.wait(0.5):
        pass
    for each, handler in before.items():
        signal.signal(each, handler)
    print("Stopping: runs that go on may finish.", flush=True)


def require_free(host: str, port: int) -> None:
    """Raises `InputError` where that cannot be listened on, and says why."""
    if not 1 <= port <= 65535:
        raise InputError(f"There is no port {port}.", "Ports go from 1 to 65535.")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)[0]
    except (socket.gaierror, UnicodeError) as error:
        raise InputError(
            f"There is no host '{host}'.", "Give an address of this machine, or 0.0.0.0 for all."
        ) from error
    with socket.socket(family, kind, protocol) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(address)
            trial.listen()
        except PermissionError as error:
            raise InputError(f"Port {port} is the system's.", "Use one from 1024 on, such as 7860.") from error
        except OSError as error:
            if error.errno == socket.errno.EADDRINUSE:  # pyright: ignore[reportAttributeAccessIssue]
                raise InputError(f"Port {port} is taken.", "Name another one with --port.") from error
            raise InputError(f"'{host}' is no address of this machine.", ADDRESS) from error


def _ask_itself_without_proxy(host: str) -> None:
    """Gradio asks its own server whether it is up, and would send that to a proxy that the environment names."""
    for name in ("NO_PROXY", "no_proxy"):
        known = [each for each in os.environ.get(name, "").split(",") if each]
        if "*" not in known:
            own = dict.fromkeys([*known, "localhost", "127.0.0.1", "::1", host])
            os.environ[name] = ",".join(own)


def opens_browser(
    host: str | None = None, environment: Mapping[str, str] = os.environ, platform: str = sys.platform
) -> bool:
    """True on a desktop, for an app that serves this machine alone. host: as given to the server; None: the default.

    DIFFIR_BROWSER=0 or 1 decides it instead. platform: as `sys.platform`.
    """
    if (asked := environment.get("DIFFIR_BROWSER")) in ("0", "1"):
        return asked == "1"
    if (host or environment.get("GRADIO_SERVER_NAME") or "") not in LOCAL_HOSTS:
        return False
    if any(environment.get(name) for name in REMOTE):
        return False
    return platform in ("darwin", "win32") or bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))
