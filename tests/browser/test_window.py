"""A window that served a test is as good as new for the next."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import READY, Window

pytestmark = pytest.mark.browser

LEAVE_BEHIND = """() => {
  for (const storage of [localStorage, sessionStorage]) storage.setItem("left", "behind");
  document.cookie = "left=behind";
  window.left = "behind";
}"""
FIND = """async () => [
  localStorage.getItem("left"),
  sessionStorage.getItem("left"),
  document.cookie.includes("left"),
  window.left ?? "",
  matchMedia("(prefers-color-scheme: dark)").matches,
  matchMedia("(prefers-reduced-motion)").matches,
  (await navigator.permissions.query({ name: "clipboard-read" })).state,
  await fetch("theme.css").then((answer) => answer.ok, () => false),
]"""


def test_who_comes_next_is_a_new_visitor(browser: Browser, address: str) -> None:
    window = Window(browser, {})
    window.page.goto(address)
    window.page.wait_for_selector(READY)
    at_first = window.page.evaluate(FIND)
    window.page.evaluate(LEAVE_BEHIND)
    window.page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    window.context.grant_permissions(["clipboard-read"])
    window.page.route("**/theme.css", lambda route: route.abort())
    found = window.page.evaluate(FIND)
    assert all(now != before for now, before in zip(found, at_first, strict=True)), found

    assert window.is_whole
    window.leave(address)
    window.page.goto(address)
    window.page.wait_for_selector(READY)
    assert window.page.evaluate(FIND) == at_first
    window.context.close()
