"""The craft of the page: installable, readable by everybody, still while it works."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.actions import go_to, press_restore, restore, settle
from tests.browser.conftest import PHONE, Pace

pytestmark = pytest.mark.browser

WCAG = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]},
    "resultTypes": ["violations"],
}

SHIFTS = """() => {
  const rect = ({ x, y, width, height }) => [x, y, width, height].map(Math.round);
  const moved = ({ node, previousRect, currentRect }) =>
    `${node?.id || node?.className || "?"} [${rect(previousRect)}] [${rect(currentRect)}]`;
  window.shifts = [];
  window.observer?.disconnect();  // each shift is counted once
  window.observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.shifts.push([entry.value, entry.sources.map(moved).join(", ")]);
  });
  window.observer.observe({ type: "layout-shift" });
}"""
"""Counts what moves by itself, as browsers do: share of the window that moves, times how far."""


def come_to_rest(page: Page) -> None:
    """Waits until nothing has moved for most of a second; on a busy machine a page opens for longer."""
    moved = -1
    while moved < (moved := page.evaluate("window.shifts.length")):
        page.wait_for_timeout(800)


def complaints(page: Page) -> list[str]:
    """What axe-core has to say against WCAG A and AA, one line each."""
    found = Axe().run(page, options=WCAG).response["violations"]
    return [f"{each['id']}: {node['html'][:160]}" for each in found for node in each["nodes"]]


@pytest.mark.parametrize(("scheme", "options"), [("light", {}), ("dark", PHONE)], ids=["desktop", "phone"])
def test_everybody_can_read_and_use_it(open_page: Callable[..., Page], scheme: str, options: dict[str, Any]) -> None:
    page = open_page(color_scheme=scheme, **options)
    for key in ("inpaint", "sr", "deblur"):
        go_to(page, key)
        settle(page)
        assert complaints(page) == []
        restore(page, key)
        settle(page)
        assert complaints(page) == []


def test_it_can_be_installed(page: Page, address: str) -> None:
    session = page.context.new_cdp_session(page)
    manifest = session.send("Page.getAppManifest")
    assert manifest["url"].endswith("manifest.json") and manifest["errors"] == []
    told = page.evaluate("async (url) => (await fetch(url)).json()", manifest["url"])
    assert told["name"] == "DiffIR Studio" and told["display"] == "standalone"
    icon = page.evaluate(
        "async (url) => { const a = await fetch(url); return [a.status, await a.text()]; }", told["icons"][0]["src"]
    )
    assert icon[0] == 200 and "<svg" in icon[1]
    errors = [each["errorId"] for each in session.send("Page.getInstallabilityErrors")["installabilityErrors"]]
    assert not set(errors) & {"no-manifest", "manifest-empty", "no-acceptable-icon", "start-url-not-valid"}, errors


def test_handlers_are_not_watched(page: Page) -> None:
    kinds = "new Set(window.gradio_config.dependencies.map(Object.getPrototypeOf))"
    assert page.evaluate(f"{kinds}.size") == 1
    assert page.evaluate(f"!{kinds}.has(Object.prototype)")


@pytest.mark.parametrize("key", ["inpaint", "sr", "deblur"])
def test_nothing_jumps_while_it_works(page: Page, pace: Pace, key: str) -> None:
    """What a run adds to the page has its place beforehand; a second run moves nothing at all."""
    go_to(page, key)
    page.evaluate(SHIFTS)
    come_to_rest(page)  # a tab that opens for the first time lays itself out
    pace.delay = 0.12
    for run in ("first", "second"):
        page.evaluate(SHIFTS)
        press_restore(page, key)
        expect(page.locator(f"#{key}-status")).to_contain_text("Done in")
        settle(page)
        shifts = page.evaluate("window.shifts")
        greatest = sorted(map(tuple, shifts), reverse=True)[:5]
        assert sum(value for value, _ in shifts) < 0.03, f"{run} run: {greatest}"
