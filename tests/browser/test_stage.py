"""One stage for photo and result: all that is needed is on the first screen, on wide, low and narrow windows."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from diffir_demo.events import Painting
from diffir_demo.tasks import TASKS
from diffir_demo.ui.component import task_words, words_of
from tests.browser.actions import PLACE, choose_and_see, go_to, photo, press_restore, restore, settle, stroke
from tests.browser.conftest import FOLDED, PHONE, Pace

pytestmark = pytest.mark.browser

SCREENS: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1440, "height": 900}},
    "laptop": {"viewport": {"width": 1280, "height": 720}},
    "phone": PHONE,
}
MISSING = """(selectors) => selectors.filter((selector) => {
  const part = document.querySelector(selector);
  if (!part?.checkVisibility({ visibilityProperty: true, opacityProperty: true })) return true;
  const { left, top, right, bottom, width, height } = part.getBoundingClientRect();
  if (!width || left < 0 || top < 0 || right > innerWidth || bottom > innerHeight) return true;
  return !part.contains(document.elementFromPoint(left + width / 2, top + height / 2));
})"""
"""Which of these are not wholly in the window, or lie under something else."""
DRAWN = """(maps) => maps.map((map) =>
  map.getContext("2d").getImageData(0, 0, map.width, map.height).data.some(Boolean))"""
SWEPT = """(key) => {
  const share = document.querySelector(`#${key}-status [role=progressbar]`)?.getAttribute("aria-valuenow");
  return share > 0 && document.querySelector(`#${key}-bench .sweep`).style.getPropertyValue("--done") === `${share}%`;
}"""
"""Whether the sweep over the photo is as far as the bar."""
CARRIED = """([data, ...names]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0)), transfer = new DataTransfer();
  for (const name of names) transfer.items.add(new File([bytes], name, { type: "image/png" }));
  return transfer;
}"""


def first_screen(page: Page, *selectors: str) -> None:
    """All of these are seen without scrolling, and nothing is wider than the window."""
    settle(page)
    assert page.evaluate(MISSING, list(selectors)) == []
    assert page.evaluate("[scrollX, scrollY]") == [0, 0]
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def photo_is_whole(page: Page, key: str) -> None:
    """It lies over the bar at the lower edge, too."""
    left, top, width, height = page.evaluate(PLACE, key)
    bar = page.locator(f"#{key}-bench .desk").bounding_box()
    assert bar is not None and min(width, height) > 100
    assert top >= 0 and left >= 0 and left + width <= page.evaluate("innerWidth") and top + height <= bar["y"]


def at_every_size(page: Page, sizes: tuple[str, ...]) -> Iterator[None]:
    for size in sizes:
        page.set_viewport_size(SCREENS[size]["viewport"])
        yield


@pytest.mark.parametrize("screens", [("desktop", "laptop"), ("phone",)], ids=["wide", "phone"])
def test_all_that_is_needed_is_on_the_first_screen(
    open_page: Callable[..., Page], pace: Pace, screens: tuple[str, ...]
) -> None:
    """Before, during and after the first run in each tab, for who comes for the first time."""
    page = open_page(**SCREENS[screens[0]] | {FOLDED: True})
    for key in TASKS:
        go_to(page, key)
        stage, bar = f"#{key}-canvas .stage", f"#{key}-stage-bar .open"
        run, cancel, download = f"#{key}-run", f"#{key}-cancel", f"#{key}-download"
        expect(page.locator(f"#{key}-canvas .pad")).to_have_attribute("data-state", "photo")
        intro = task_words(key).intro.split("{")[0]  # until something happens, the status line says what the tab is for
        for _ in at_every_size(page, screens):
            first_screen(page, stage, bar, run)
            expect(page.locator(f"#{key}-status .status")).to_contain_text(intro)
            photo_is_whole(page, key)
            for later in (cancel, download):
                expect(page.locator(later)).to_be_hidden()

        pace.hold(Painting)
        press_restore(page, key)
        maps = page.locator(f"#{key}-bench .watch figure canvas").locator("visible=true")
        expect(maps).to_have_count(1 + TASKS[key].config.timesteps)
        for _ in at_every_size(page, screens):
            first_screen(page, stage, cancel)
            photo_is_whole(page, key)
            expect(page.locator(run)).to_be_hidden()
            assert maps.evaluate_all(DRAWN) == [True] * maps.count(), "each shows its numbers"
        page.wait_for_function(SWEPT, arg=key)
        pace.go()

        expect(page.locator(f"#{key}-status")).to_contain_text("Done in")
        for _ in at_every_size(page, screens):
            expect(page.locator(download)).to_be_visible()
            expect(page.locator(run)).to_be_visible()
            expect(page.locator(f"#{key}-bench .watch")).to_be_hidden()
            first_screen(page, f"#{key}-board .stage", f"#{key}-stage-bar [data-view=photo]", run, download)
            expect(page.locator(cancel)).to_be_hidden()
            expect(page.locator(f"#{key}-scores table")).to_be_hidden()


@pytest.mark.tabs("deblur")
@pytest.mark.parametrize("screen", ["desktop", "phone"])
def test_photo_and_result_take_turns(open_page: Callable[..., Page], screen: str, tmp_path: Path) -> None:
    page = open_page(**SCREENS[screen])
    go_to(page, "deblur")
    views = page.locator("#deblur-stage-bar .views")
    picture, result = page.locator("#deblur-canvas canvas.photo"), page.locator("#deblur-board .stage canvas")
    expect(views).to_be_hidden()
    restore(page, "deblur")
    back, forth = (views.get_by_role("button", name=words_of("stage").bar[name]) for name in ("photo", "result"))
    for button, seen, unseen in ((back, picture, result), (forth, result, picture), (back, picture, result)):
        button.click()
        expect(seen).to_be_visible()
        expect(unseen).to_be_hidden()
        expect(button).to_have_attribute("aria-pressed", "true")
        expect(views.locator("[aria-pressed=true]")).to_have_count(1)
        unseen_part = "board" if unseen is result else "canvas"
        focusable = page.locator(f"#deblur-{unseen_part} :is(button, input, select, [tabindex='0'])")
        assert not any(each.is_visible() for each in focusable.all()), "no key leads to what is not seen"
    restore(page, "deblur")
    expect(result).to_be_visible()  # another result comes by itself
    choose_and_see(page, "deblur", photo(tmp_path / "next.png"))
    expect(picture).to_be_visible()
    expect(views).to_be_hidden()


def test_a_file_may_be_dropped_anywhere(page: Page, tmp_path: Path) -> None:
    go_to(page, "deblur")
    data = base64.b64encode(photo(tmp_path / "any.png", 90, 60).read_bytes()).decode()
    carried = {
        "dataTransfer": page.evaluate_handle(CARRIED, [data, "brought.png"]),
        "bubbles": True,
        "cancelable": True,
    }
    overlay = page.locator("#deblur-stage-bar .overlay")
    page.dispatch_event(".head h1", "dragover", carried)
    expect(overlay).to_have_text(words_of("stage").bar["drop"])
    expect(overlay).to_be_visible()
    expect(overlay).to_be_hidden()  # nothing follows: it was dragged out of the window
    page.dispatch_event(".head h1", "dragover", carried)
    page.dispatch_event(".head h1", "drop", carried)
    expect(overlay).to_be_hidden()
    expect(page.locator("#deblur-canvas .caption")).to_contain_text("brought.png · 90 × 60")
    go_to(page, "sr")
    expect(page.locator("#sr-canvas .caption")).to_contain_text("brought.png · 90 × 60")  # one photo, all tools
    several = {**carried, "dataTransfer": page.evaluate_handle(CARRIED, [data, "first.png", "second.png", "third.png"])}
    page.dispatch_event(".head h1", "drop", several)
    expect(page.locator("#sr-canvas .caption")).to_contain_text("first.png · 90 × 60")
    expect(page.locator("#sr-bench .part")).to_contain_text("The first of 3 files was opened")


@pytest.mark.tabs("sr", "deblur")
def test_a_fold_stays_as_it_was_left(open_page: Callable[..., Page]) -> None:
    page = open_page(**{FOLDED: True})
    go_to(page, "deblur")
    details, inside = (
        page.locator(f"#deblur-{name} > .block .fold, #deblur-{name} .fold").first for name in ("details", "inside")
    )
    for fold, content in ((details, "#deblur-damage"), (inside, "#deblur-timeline")):
        expect(fold).to_have_attribute("aria-expanded", "false")
        expect(page.locator(content)).to_be_hidden()
    details.click()
    expect(page.locator("#deblur-damage")).to_be_visible()
    page.reload()
    page.wait_for_selector("#deblur-run", state="visible")
    expect(details).to_have_attribute("aria-expanded", "true")
    expect(page.locator("#deblur-damage")).to_be_visible()
    expect(page.locator("#deblur-timeline")).to_be_hidden()
    go_to(page, "sr")
    expect(page.locator("#sr-damage")).to_be_visible()  # in every tab
    page.locator("#sr-details .fold").first.click()
    page.reload()
    page.wait_for_selector("#sr-run", state="visible")
    go_to(page, "deblur")
    expect(page.locator("#deblur-damage")).to_be_hidden()


@pytest.mark.tabs("inpaint")
@pytest.mark.parametrize("places", [((0.85, 0.2), (0.95, 0.8)), ((0.05, 0.5), (0.15, 0.5))], ids=["right", "left"])
def test_the_line_starts_on_what_was_removed(
    page: Page, tmp_path: Path, places: tuple[tuple[float, float], tuple[float, float]]
) -> None:
    """Also where the photo is much narrower than the stage."""
    choose_and_see(page, "inpaint", photo(tmp_path / "tall.png", 80, 160))
    stroke(page, *places)
    left, _, width, _ = page.evaluate(PLACE, "inpaint")
    restore(page, "inpaint")
    settle(page)
    line = page.locator("#inpaint-board .line").bounding_box()
    assert line is not None
    middle = sum(x for x, _ in places) / 2
    assert line["x"] + line["width"] / 2 == pytest.approx(left + middle * width, abs=0.04 * width)


@pytest.mark.tabs("inpaint")
def test_nothing_is_painted_is_said_until_something_is(page: Page, tmp_path: Path) -> None:
    choose_and_see(page, "inpaint", photo(tmp_path / "walk.png", 96, 64))
    press_restore(page, "inpaint")
    status = page.locator("#inpaint-status .status")
    expect(status).to_have_class("status bad")
    stroke(page, (0.3, 0.3), (0.6, 0.3))
    expect(status).not_to_have_class("status bad")
    expect(status).not_to_contain_text("painted over yet")
    expect(status).to_contain_text(task_words("inpaint").intro)


@pytest.mark.tabs("sr")
def test_a_phone_shows_how_to_compare_and_where_to_go_on(open_page: Callable[..., Page]) -> None:
    page = open_page(**PHONE)
    go_to(page, "sr")
    restore(page, "sr")
    first_screen(page, "#sr-board .modes", "#sr-download", "#sr-board .stage")
    page.locator("#sr-stage-bar .go-on summary").tap()
    menu = page.locator("#sr-stage-bar .menu").bounding_box()
    assert menu is not None and menu["x"] >= 0 and menu["x"] + menu["width"] <= page.evaluate("innerWidth")
