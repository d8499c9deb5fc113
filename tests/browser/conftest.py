"""One app on tiny untrained networks, one Chromium, a new visitor per test."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, Request, Response, expect

from diffir_demo import planning
from diffir_demo.tasks import TASKS
from diffir_demo.tasks.deblur import FAITHFUL, PATH
from diffir_demo.ui import build_app, launch_options, run_queue, state
from diffir_demo.ui.cache import ResultCache
from diffir_demo.ui.photo import examples
from diffir_demo.weights import save
from tests.tiny import network, network_of, teacher, training

PATIENCE = 30_000
"""Milliseconds to wait for anything: busy machines are slow, and a failure should be one."""
READY = '.pad[data-state="photo"]'
"""There when the page can be used."""
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}, "accept_downloads": True}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
"""Windows' options."""
MEDIA = {"color_scheme", "reduced_motion"}
"""Those that can be changed later."""
UNFOLDED = """try {
  localStorage.setItem("diffir-folds", JSON.stringify({ details: true, inside: true }));
  localStorage.setItem("diffir-measured", "open");
  localStorage.setItem("diffir-one-step", "open");
} catch { /* a page without storage */ }"""
"""As a visitor leaves the page who has opened all of it. FOLDED among a window's options: as nobody has used it yet."""
FOLDED = "folded"
SPARE = 3
"""Windows to keep, at some 100 MB each."""
TEACHER = "teacher-deblur.safetensors"
"""A stage-1 file beside the others, for one task only."""


LONGEST = 320
"""Pixels of an example's longer side."""
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
        self._going = threading.Event()
        self._going.set()
        self._held: tuple[int, type] | None = None

    def hold(self, kind: type = object, run: int = 1) -> None:
        """A run goes no further than its first event of that kind until `go`: time makes no difference.

        run: which one, counted from now; 0: the one that goes on.
        """
        self._going.clear()
        self._held = self.runs + run, kind

    def go(self) -> None:
        self._held = None
        self._going.set()

    @property
    def runs(self) -> int:
        return len(self.widths)

    def __call__(self, run: Callable[..., Any]) -> Callable[..., Any]:
        def paced(task: Any, request: Any, *others: Any) -> Iterator[Any]:
            self.widths.append(request.picture.width)
            number = self.runs
            self.finished.clear()
            try:
                with closing(run(task, request, *others)) as events:
                    for event in events:
                        time.sleep(self.delay)
                        yield event
                        if self._held and self._held[0] == number and isinstance(event, self._held[1]):
                            self._going.wait(PATIENCE / 1000)
            finally:
                self.finished.set()

        return paced


@pytest.fixture(scope="session")
def pace() -> Pace:
    return Pace()


def small_examples(folder: Path) -> Path:
    """The examples with fewer pixels: a run on the one that a tab opens with is to take a moment."""
    for file in examples.FOLDER.iterdir():
        if file.suffix != ".jpg":
            shutil.copy(file, folder)
            continue
        with Image.open(file) as photo:
            photo.thumbnail((LONGEST, LONGEST))
            photo.save(folder / file.name, quality=90)
    return folder


@contextmanager
def only(tabs: tuple[str, ...]) -> Iterator[None]:
    """Within it, there are these tasks alone."""
    tasks = dict(TASKS)
    for key in tasks.keys() - tabs:
        del TASKS[key]
    try:
        yield
    finally:
        TASKS.clear()
        TASKS.update(tasks)  # in their order


@pytest.fixture(scope="session")
def serving(tmp_path_factory: pytest.TempPathFactory, pace: Pace) -> Iterator[Callable[[tuple[str, ...]], str]]:
    """Gives the URL of an app that has these tabs alone, which it starts when it is first asked for."""
    folder = tmp_path_factory.mktemp("checkpoints")
    for key, task in TASKS.items():
        save(folder / task.weights, network(key), task=key, provenance="untrained", name="tiny", training=training(key))
    for preset in TASKS["deblur"].presets:
        if preset.weights != TASKS["deblur"].weights:
            save(folder / preset.weights, network_of(preset), task="deblur", provenance="untrained", name="tiny path")
    save(folder / TEACHER, teacher("deblur"), task="deblur", provenance="untrained", name="tiny teacher")
    crisp = folder / "compact-sr-crisp.safetensors"
    save(crisp, network("sr", seed=1), task="sr", provenance="untrained", name="tiny crisp")
    with pytest.MonkeyPatch.context() as patch, ExitStack() as running:
        patch.setenv("DIFFIR_CHECKPOINTS", str(folder))
        # Looking for a camera's path would take most of the time of tests that are about something else.
        quick = replace(TASKS["deblur"], presets=(FAITHFUL, PATH))
        patch.setitem(TASKS, "deblur", quick)
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("cache")))
        patch.setattr(planning, "TRIAL", planning.TRIAL / 20)  # seconds for every kind of network
        patch.setattr(run_queue, "PULSE", 0.001)  # so that all work takes its time, as on a slow machine
        patch.setattr(examples, "FOLDER", small_examples(tmp_path_factory.mktemp("examples")))
        examples.examples_for.cache_clear()

        @cache
        def start(tabs: tuple[str, ...]) -> str:
            with patch.context() as building, only(tabs):  # this app, not those of other tests in the same process
                # Tests share photos and watch runs: an answer that another test left behind has nothing to watch.
                building.setattr(state, "ResultCache", lambda: ResultCache(most=0))
                app = build_app("cpu", "fp32", accelerate=pace)
                options = launch_options()
            _, url, _ = app.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", **options)
            running.callback(app.close)
            return url

        yield start
    examples.examples_for.cache_clear()


@pytest.fixture
def tabs(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """Keys of the tasks that the page has: all, or those of the nearest mark."""
    mark = request.node.get_closest_marker("tabs")
    return mark.args if mark and mark.args else tuple(TASKS)


@pytest.fixture
def address(serving: Callable[[tuple[str, ...]], str], tabs: tuple[str, ...]) -> str:
    """The app's URL."""
    return serving(tabs)


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
        given = {name: value for name, value in options.items() if name != FOLDED}
        self.context = browser.new_context(**DESKTOP | given)
        self.context.set_default_timeout(PATIENCE)
        if not options.get(FOLDED):
            self.context.add_init_script(UNFOLDED)
        self.page = self.context.new_page()

    @property
    def is_whole(self) -> bool:
        """Whether its page is there, and no other."""
        return not self.page.is_closed() and self.context.pages == [self.page]

    def leave(self, address: str) -> None:
        """Ends what the page does and asks for, and takes away what it stored: who comes next is a new visitor.

        It stays at the server, where about:blank would end the process that has the scripts compiled already.
        """
        self.page.unroute_all(behavior="ignoreErrors")
        if self.page.url.startswith(address):
            self.page.evaluate("sessionStorage.clear()")
        self.page.goto(f"{address}healthz")
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

    Options are those of a browser's context, and FOLDED. The window may have served other tests; each call gives
    another one.
    """
    opened: list[tuple[Window, Watch]] = []
    expect.set_options(timeout=PATIENCE)
    pace.delay = 0.0
    pace.go()

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
