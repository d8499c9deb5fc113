"""The page in every language: the browser's wish and the menu are followed, and no text leaves its place."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from diffir_demo.ui.languages import LANGUAGES, catalogue
from tests.browser.actions import restore
from tests.browser.conftest import READY, Pace

pytestmark = pytest.mark.browser

LOCALES = {"en": "en-US", "de": "de-DE", "es": "es-ES", "fr": "fr-FR", "ja": "ja-JP", "zh": "zh-CN"}
SIZES = [(1440, 900), (1280, 720), (390, 844)]
CUT_OFF = """() => {
  const wide = Math.max(0, document.scrollingElement.scrollWidth - innerWidth);
  const cut = [...document.querySelectorAll("button, [role=tab], label, select, h1, h2, h3, th, summary")]
    .filter((each) => each.checkVisibility() && !each.closest(".offstage"))
    .filter((each) => getComputedStyle(each).overflowX !== "visible")
    .filter((each) => each.scrollWidth > each.clientWidth + 1 || each.scrollHeight > each.clientHeight + 3)
    .map((each) => each.innerText || each.className);
  const over = [...document.querySelectorAll("button, [role=tab], label, select")].filter((each) => {
    const box = each.getBoundingClientRect();
    const isScrolled = each.closest(".row, .strip, .slot, .tools, [role=tablist], .tab-container");
    return each.checkVisibility() && box.width > 1 && !isScrolled && (box.right > innerWidth + 1 || box.left < -1);
  }).map((each) => each.innerText || each.className);
  const spilt = [...document.querySelectorAll("button, label, [role=tab]")].filter((each) => {
    const box = each.getBoundingClientRect(), texts = document.createTreeWalker(each, NodeFilter.SHOW_TEXT);
    while (each.checkVisibility() && box.width > 1 && texts.nextNode()) {
      const range = document.createRange();
      range.selectNodeContents(texts.currentNode);
      const at = range.getBoundingClientRect(), part = texts.currentNode.parentElement;
      const isSeen = at.width > 1 && texts.currentNode.data.trim().length > 1
        && getComputedStyle(part).clipPath === "none" && part.checkVisibility({ opacityProperty: true });
      if (isSeen && (at.left < box.left - 1 || at.right > box.right + 1) && !each.closest(".offstage")) return true;
    }
    return false;
  }).map((each) => each.innerText);
  return { wide, cut, over, spilt };
}"""
"""What does not fit: pixels by which the page is too wide, texts that their box cuts off, boxes beside the window, and
texts beside their box."""


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_browsers_language_is_taken_and_fits(open_page: Callable[..., Page], code: str) -> None:
    page = open_page(locale=LOCALES[code])
    words = catalogue(code)
    assert page.evaluate("document.documentElement.lang") == code
    for key in ("inpaint", "clean", "sr", "deblur"):
        expect(page.locator(f"#tab-{key}-button, [aria-controls='tab-{key}']").first).to_have_text(
            words["page"]["tasks"][key]["do"]
        )
    expect(page.locator("#inpaint-run")).to_have_text(words["page"]["tasks"]["inpaint"]["do"])
    expect(page.locator("#head p")).to_have_text(words["page"]["lead"])
    problems = {}
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(300)
        found = page.evaluate(CUT_OFF)
        if any(found.values()):
            problems[width] = found
    page.set_viewport_size({"width": 1280, "height": 900})
    assert not problems


def test_the_menu_changes_the_language_and_keeps_the_photo(open_page: Callable[..., Page]) -> None:
    page = open_page()
    restore(page, "inpaint")
    name = page.locator("#inpaint-canvas .caption").text_content()
    menu = page.locator("#head select")
    assert menu.locator("option").all_inner_texts() == list(LANGUAGES.values())
    with page.expect_navigation():
        menu.select_option("de")
    page.wait_for_selector(READY)
    german = catalogue("de")["page"]
    assert page.evaluate("document.documentElement.lang") == "de" and menu.input_value() == "de"
    expect(page.locator("#inpaint-run")).to_have_text(german["tasks"]["inpaint"]["do"])
    expect(page.locator("#inpaint-canvas .caption")).to_have_text(name or "")
    restore_in_german(page, german["done"])


def test_a_run_is_not_lost_to_another_language_without_a_question(open_page: Callable[..., Page], pace: Pace) -> None:
    page = open_page()
    menu, questions = page.locator("#head select"), list[str]()
    page.on("dialog", lambda dialog: (questions.append(dialog.message), dialog.dismiss()))
    pace.hold()
    page.locator("#inpaint-run").click()
    expect(page.locator("#inpaint-cancel")).to_be_enabled()
    menu.select_option("de")
    expect(menu).to_have_value("en")
    assert questions == [catalogue("en")["page"]["language_running"]]
    pace.go()
    expect(page.locator("#inpaint-status")).to_contain_text("Done in")


def restore_in_german(page: Page, done: str) -> None:
    """What the server says while it works is in the page's language, too."""
    page.locator("#inpaint-run").click()
    expect(page.locator("#inpaint-status")).to_contain_text(done.partition("{")[0])
