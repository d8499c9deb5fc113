"""What is small by itself and seen all the time: words on icons, names beside pictures, arrows, marks, bars."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.actions import choose_and_see, go_to, photo, restore
from tests.browser.conftest import FOLDED, PHONE

pytestmark = pytest.mark.browser

COVERED = """() => {
  const board = document.querySelector("#clean-board"), stage = board.querySelector(".stage").getBoundingClientRect();
  const share = parseFloat(board.querySelector(".level").textContent) / 100, height = 192 * share, width = 96 * share;
  const x = stage.x + (stage.width - width) / 2, y = stage.y + (stage.height - height) / 2;
  return [...board.querySelectorAll(".tag, .corner.right")].filter((part) => {
    const box = part.getBoundingClientRect();
    const apart = box.right < x || box.x > x + width || box.bottom < y || box.y > y + height;
    return box.width && !apart;
  }).map((part) => part.className);
}"""
"""Names and buttons that lie over a picture of 96 x 192 pixels in the middle of the stage."""
IN_REACH = """(part) => {
  const { x, y, width, height } = part.getBoundingClientRect();
  return part.contains(document.elementFromPoint(x + width / 2, y + height / 2));
}"""
TWO_CHOICES = """() => {
  const scale = document.querySelector("#sr-preset").cloneNode(true);
  scale.id = "";
  document.querySelector("#sr-preset").after(scale);
}"""
"""As the shipped presets have it, whose scale is chosen beside them; those of the tests have one scale."""
WORDLESS = """(buttons) => buttons.filter((button) => {
  const isWord = (span) => span.offsetHeight && span.textContent.trim();
  return button.offsetParent && ![...button.querySelectorAll("span")].some(isWord);
}).map((button) => button.dataset.do)"""


def test_on_a_phone_icons_have_words_and_small_pictures_are_not_covered(
    open_page: Callable[..., Page], tmp_path: Path
) -> None:
    page = open_page(**PHONE)
    tools = page.locator("#inpaint-canvas .tools")
    shown = tools.locator("button:visible")
    assert [text.strip() for text in shown.all_inner_texts()] == ["Brush", "Eraser", "Undo", "⋯\nMore"]
    tools.get_by_role("button", name="More").click()
    assert shown.count() > 8
    assert tools.locator("button").evaluate_all(WORDLESS) == []
    bar = page.locator("#inpaint-stage-bar")
    assert [bar.locator(f"{name} .brief").inner_text() for name in (".open", ".old")] == ["Open", "Old photo"]
    go_to(page, "clean")
    choose_and_see(page, "clean", photo(tmp_path / "tall.png", 96, 192))
    restore(page, "clean")
    page.wait_for_function(f"({COVERED})().length === 0")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.tabs("sr")
@pytest.mark.parametrize("look", [{}, PHONE], ids=["desktop", "phone"])
def test_what_can_be_chosen_can_be_pressed(open_page: Callable[..., Page], look: dict[str, Any]) -> None:
    """Where it is seen, and not something else that lies over it or beyond the window; words are not cut off."""
    page = open_page(**look)
    go_to(page, "sr")
    page.evaluate(TWO_CHOICES)
    choices = page.locator("#sr-bench .presets label").all()
    assert len(choices) == 4 and [each.inner_text() for each in choices if not each.evaluate(IN_REACH)] == []
    restore(page, "sr")
    if not look:
        page.locator("#sr-board .modes label", has_text="Flicker").click()
        stage, extra = (page.locator(f"#sr-board {part}").bounding_box() for part in (".stage", ".extra"))
        assert stage and extra and extra["y"] + extra["height"] <= stage["y"] + stage["height"]
    for button in page.locator("#sr-bench .doing > button:visible").all():
        assert button.evaluate("({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth"), button.inner_text()


def test_arrows_marks_and_bars(open_page: Callable[..., Page], tmp_path: Path) -> None:
    page = open_page(**{FOLDED: True})
    turned = "(arrow) => getComputedStyle(arrow).transform"
    arrow = page.locator("#inpaint-details .arrow").first
    expect(arrow).to_have_text("▶")
    assert arrow.evaluate(turned) == "none", "to the right while closed"
    page.locator("#inpaint-details .fold").first.click()
    page.wait_for_function(
        "(arrow) => new DOMMatrix(getComputedStyle(arrow).transform).b > 0.99", arg=arrow.element_handle()
    )
    icon = page.locator("#inpaint-batch .label-wrap .icon")
    matrix = "(icon) => new DOMMatrix(getComputedStyle(icon).transform).b"
    assert icon.evaluate(matrix) < -0.99, "a triangle that points down, turned to the right"
    bar = """() => {
      const host = document.querySelector(".ipr-lab").appendChild(document.createElement("div"));
      host.innerHTML = '<span class="lab-share" style="width: 30px"></span>';
      host.style.width = "300px";
      const [left, right] = [host, host.firstElementChild].map((each) => each.getBoundingClientRect().x);
      host.remove();
      return right - left;
    }"""
    page.locator("#inpaint-inside .fold").first.click()
    page.locator("#inpaint-lab .fold").first.click()
    assert page.evaluate(bar) == 0, "bars begin at the left"
    go_to(page, "sr")
    choose_and_see(page, "sr", photo(tmp_path / "walk.png", 24, 16))
    restore(page, "sr")
    facts = page.locator("#runs .facts").first
    expect(facts.locator("span").first).to_have_text("Enlarge")
    assert "·" not in facts.inner_text(), "no mark at the end of a line"
