"""One app on tiny untrained networks, one Chromium, a new visitor per test."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, Response, expect, sync_playwright

from diffir_demo.tasks import TASKS
from diffir_demo.tasks.deblur import FAITHFUL, PATH
from diffir_demo.ui import build_app, launch_options, patience, studio
from diffir_demo.ui.answers import Answers
from diffir_demo.weights import save
from tests.tiny import network, network_of, teacher, training

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 30_000
"""Milliseconds to wait for anything: busy machines are slow, and a failure should be one."""
READY = '#inpaint-canvas .pad[data-state="photo"]'
"""There when the page can be used."""
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}, "accept_downloads": True}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
"""Windows' options."""
MEDIA = {"color_scheme", "reduced_motion"}
"""Those that can be changed later."""
SPARE = 3
"""Windows to keep, at some 100 MB each."""
TEACHER = "teacher-deblur.safetensors"
"""A stage-1 file beside the others, for one task only."""


BY_THE_TEST = "x-by-the-test"
"""Header of answers that a test gives in the server's place."""
HAS_FAILED = pytest.StashKey[bool]()


class Pace:
    """Stands between the app and its networks: counts the runs, and slows them down so that they can be cancelled."""

    def __init__(self) -> None:
        self.delay = 0.0
        self.widths: list[int] = []
        """Of the photos that were run, in order."""
        self.finished = threading.Event()

    @property
    def runs(self) -> int:
        return len(self.widths)

    def __call__(self, run: Callable[..., Any]) -> Callable[..., Any]:
        def paced(task: Any, request: Any, *others: Any) -> Iterator[Any]:
            self.widths.append(request.picture.width)
            self.finished.clear()
            try:
                with closing(run(task, request, *others)) as events:
                    for event in events:
                        time.sleep(self.delay)
                        yield event
            finally:
                self.finished.set()

        return paced


@pytest.fixture(scope="session")
def pace() -> Pace:
    return Pace()


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory, pace: Pace) -> Iterator[str]:
    """The app's URL."""
    folder = tmp_path_factory.mktemp("checkpoints")
    for key, task in TASKS.items():
        save(folder / task.weights, network(key), task=key, provenance="untrained", name="tiny", training=training(key))
    for preset in TASKS["deblur"].presets:
        if preset.weights != TASKS["deblur"].weights:
            save(folder / preset.weights, network_of(preset), task="deblur", provenance="untrained", name="tiny path")
    save(folder / TEACHER, teacher("deblur"), task="deblur", provenance="untrained", name="tiny teacher")
    crisp = folder / "compact-sr-crisp.safetensors"
    save(crisp, network("sr", seed=1), task="sr", provenance="untrained", name="tiny crisp")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIFFIR_CHECKPOINTS", str(folder))
        # Looking for a camera's path would take most of the time of tests that are about something else.
        quick = replace(TASKS["deblur"], presets=(FAITHFUL, PATH))
        patch.setitem(TASKS, "deblur", quick)
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("cache")))
        patch.setattr(patience, "PULSE", 0.001)  # so that all work takes its time, as on a slow machine
        with patch.context() as building:  # only this app, not those of other tests in the same process
            # Tests share photos and watch runs: an answer that another test left behind has nothing to watch.
            building.setattr(studio, "Answers", lambda: Answers(most=0))
            app = build_app("cpu", "fp32", accelerate=pace)
        _, url, _ = app.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", **launch_options())
        yield url
        app.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A Chromium of the system, or Playwright's own; without one these tests fail: nothing else sees the page."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        if not found and not Path(playwright.chromium.executable_path).exists():
            pytest.fail("No Chromium was found: install the system's, or run `playwright install chromium`.")
        browser = playwright.chromium.launch(executable_path=found, headless=True, args=ARGUMENTS)
        yield browser
        browser.close()


class Watch:
    """What a page asks the network for, and what is refused, until it is ended."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.context, self.own = context, (address, "blob:", "data:")
        self.foreign: list[str] = []
        self.refused: list[str] = []
        context.on("request", self._asked)
        context.on("response", self._answered)

    def end(self) -> None:
        self.context.remove_listener("request", self._asked)
        self.context.remove_listener("response", self._answered)

    def _asked(self, request: Request) -> None:
        if not request.url.startswith(self.own):
            self.foreign.append(request.url)

    def _answered(self, answer: Response) -> None:
        if answer.status >= 400 and BY_THE_TEST not in answer.headers:
            self.refused.append(answer.url)


class Window:
    """A browser window with cookies, storage and permissions of its own."""

    def __init__(self, browser: Browser, options: dict[str, Any]) -> None:
        self.options = options
        self.context = browser.new_context(**DESKTOP | options)
        self.context.set_default_timeout(PATIENCE)
        self.page = self.context.new_page()

    @property
    def is_whole(self) -> bool:
        """Whether its page is there, and no other."""
        return not self.page.is_closed() and self.context.pages == [self.page]

    def leave(self, address: str) -> None:
        """Ends what the page does and asks for, and takes away what it stored: who comes next is a new visitor."""
        self.page.unroute_all(behavior="ignoreErrors")
        if self.page.url.startswith(address):
            self.page.evaluate("sessionStorage.clear()")
        self.page.goto("about:blank")
        self.page.emulate_media(color_scheme="null", reduced_motion="null")
        self.page.mouse.move(0, 0)
        self.context.clear_cookies()
        self.context.clear_permissions()
        devtools = self.context.new_cdp_session(self.page)
        devtools.send("Storage.clearDataForOrigin", {"origin": address.rstrip("/"), "storageTypes": "all"})
        devtools.detach()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    report = yield
    item.stash[HAS_FAILED] = item.stash.get(HAS_FAILED, False) or report.failed
    return report


@pytest.fixture(scope="session")
def spare() -> list[Window]:
    """Windows that former tests left, the last one last: a page costs them half of what it costs a new one."""
    return []


@pytest.fixture
def open_page(
    request: pytest.FixtureRequest, browser: Browser, address: str, pace: Pace, spare: list[Window]
) -> Iterator[Callable[..., Page]]:
    """Opens the app as a new visitor; afterwards nothing may have been asked of any other server.

    Options are those of a browser's context. The window may have served other tests; each call gives another one.
    """
    opened: list[tuple[Window, Watch]] = []
    expect.set_options(timeout=PATIENCE)
    pace.delay = 0.0

    def open_one(**options: Any) -> Page:
        media = {name: options.pop(name) for name in MEDIA & options.keys()}
        window = next((each for each in spare if each.options == options), None)
        if window is None:
            window = Window(browser, options)
        else:
            spare.remove(window)
        opened.append((window, Watch(window.context, address)))
        window.page.emulate_media(**media)
        window.page.goto(address)
        window.page.wait_for_selector(READY)
        return window.page

    yield open_one
    has_failed = request.node.stash.get(HAS_FAILED, False)  # and so left who knows what, such as keys that are down
    for window, watch in opened:
        if window.is_whole and not has_failed:
            window.leave(address)
            watch.end()
            spare.append(window)
        else:
            window.context.close()
    while len(spare) > SPARE:
        spare.pop(0).context.close()
    assert [watch.foreign for _, watch in opened] == [[]] * len(opened)
    assert [watch.refused for _, watch in opened] == [[]] * len(opened)


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return open_page()
