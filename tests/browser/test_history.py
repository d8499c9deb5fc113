"""The list of this browser's runs, in a real Chromium: kept by the browser alone, and of use a day later."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.actions import (
    choose_and_see,
    coverage,
    download,
    go_to,
    photo,
    pixels,
    restore,
    stroke,
    wait_for_coverage,
)

pytestmark = [pytest.mark.browser, pytest.mark.tabs("inpaint", "deblur")]
STORED = "JSON.parse(localStorage.getItem('diffir-runs-1') || '[]')"


def cards(page: Page) -> Locator:
    return page.locator("#runs .cards li")


def seed(page: Page, key: str, number: int | None = None) -> str:
    """Reads the seed, after setting it if a number is given."""
    field = page.locator(f"#{key}-seed input")
    if not field.is_visible():
        page.locator(f"#{key}-options > button").click()
    if number is not None:
        field.fill(str(number))
        field.press("Tab")
    return field.input_value()


@pytest.mark.tabs()
def test_a_run_is_listed_survives_a_reload_and_comes_back(page: Page, tmp_path: Path) -> None:
    expect(page.locator("#runs .empty")).to_be_visible()
    source = photo(tmp_path / "holiday.png")
    choose_and_see(page, "inpaint", source)
    stroke(page, (0.2, 0.3), (0.5, 0.6))
    painted = coverage(page)
    seed(page, "inpaint", 11)
    restore(page, "inpaint")
    first = pixels(download(page, "#inpaint-download", tmp_path))
    expect(cards(page)).to_have_count(1)
    expect(cards(page).locator(".name")).to_have_text("holiday.png")
    for fact in ("Remove", "192 × 128", "seed 11", "compact-inpaint"):
        expect(cards(page).locator(".facts")).to_contain_text(fact)
    assert cards(page).locator(".pair img").count() == 2

    page.reload()
    page.wait_for_selector('#inpaint-canvas .pad[data-state="photo"]')
    go_to(page, "sr")
    expect(cards(page)).to_have_count(1)
    again = download(page, "#runs .does a", tmp_path / "again")
    assert np.array_equal(pixels(again), first) and again.name == "holiday-inpainted.png"
    page.get_by_role("button", name="Bring back the photo and the settings of holiday.png").click()
    expect(page.locator("#inpaint-status")).to_contain_text("The photo and its settings are back.")
    expect(page.locator("#inpaint-canvas .caption")).to_contain_text("holiday.png")
    wait_for_coverage(page, painted)
    assert seed(page, "inpaint") == "11"
    restore(page, "inpaint")
    assert np.array_equal(pixels(download(page, "#inpaint-download", tmp_path / "third")), first)
    expect(cards(page)).to_have_count(1)


@pytest.mark.tabs()
def test_all_tabs_share_one_list_and_runs_can_be_removed(page: Page) -> None:
    for key in ("deblur", "sr"):
        go_to(page, key)
        restore(page, key)
    expect(cards(page)).to_have_count(2)
    assert cards(page).locator(".facts span:first-child").all_inner_texts() == [
        "Enlarge",
        "Deblur",
    ]
    name = cards(page).nth(0).locator(".name").inner_text()
    cards(page).nth(0).locator(".remove").hover()
    page.mouse.down()
    page.evaluate("dispatchEvent(new StorageEvent('storage', { key: 'diffir-runs-1' }))")  # the list is shown anew
    page.mouse.up()
    expect(cards(page)).to_have_count(1)
    expect(page.locator("#runs .notice")).to_contain_text(f"{name} was removed")
    page.keyboard.press("Enter")
    expect(cards(page)).to_have_count(2)
    page.get_by_role("button", name="Remove all").click()
    expect(page.locator("#runs .empty")).to_be_visible()
    assert page.evaluate(STORED) == []
    page.locator("#runs").get_by_role("button", name="Undo").click()
    expect(cards(page)).to_have_count(2)
    assert len(page.evaluate(STORED)) == 2


def test_another_browser_sees_nothing(open_page: Callable[..., Page]) -> None:
    mine, other = open_page(), open_page()
    go_to(mine, "deblur")
    restore(mine, "deblur")
    expect(cards(mine)).to_have_count(1)
    other.reload()
    other.wait_for_selector('#inpaint-canvas .pad[data-state="photo"]')
    expect(other.locator("#runs .empty")).to_be_visible()
    assert other.evaluate(STORED) == []
    second = mine.context.new_page()
    second.goto(mine.url)
    expect(cards(second)).to_have_count(1)
    cards(second).locator(".remove").click()
    expect(mine.locator("#runs .empty")).to_be_visible()


FORGET = """() => new Promise((done, fail) => {
  Object.assign(indexedDB.deleteDatabase("diffir"), { onsuccess: done, onerror: fail });
})"""


def test_files_that_are_gone_are_told_and_the_settings_still_serve(page: Page, tmp_path: Path) -> None:
    go_to(page, "deblur")
    choose_and_see(page, "deblur", photo(tmp_path / "old.png"))
    seed(page, "deblur", 5)
    restore(page, "deblur")
    expect(cards(page)).to_have_count(1)
    run = page.evaluate(STORED)[0]
    for file in ("photo", "result"):
        shutil.rmtree(Path(run[file]["path"]).parent)
    page.wait_for_timeout(600)  # by then the photo is kept, which would be sent again
    page.evaluate(FORGET)
    page.reload()
    page.wait_for_selector('#deblur-canvas .pad[data-state="photo"]')
    page.locator("#runs").scroll_into_view_if_needed()
    expect(cards(page).locator(".lost")).to_have_text("Its files are gone; they are kept for a day.")
    expect(cards(page).locator(".does a")).to_have_count(0)
    page.get_by_role("button", name="Bring back the settings of old.png").click()
    expect(page.locator("#deblur-status")).to_contain_text("The settings are back, for the photo that is here now.")
    assert seed(page, "deblur") == "5"
    restore(page, "deblur")


def test_the_shelf_has_room_for_some_and_survives_nonsense(page: Page) -> None:
    page.evaluate(
        """() => {
          const picture = "data:image/jpeg;base64," + "A".repeat(20000);
          const name = (i) => `<img src=x onerror=alert(1)> ${i}`;
          const run = (_, i) => ({ id: `r${i}`, task: "deblur", name: name(i), when: 1e12 + i,
            before: picture, after: "javascript:alert(1)", facts: ["fact"], recipe: "{}".padEnd(60000) });
          const runs = [null, 7, { id: 3 }, ...Array.from({ length: 40 }, run)];
          localStorage.setItem("diffir-runs-1", JSON.stringify(runs));
        }"""
    )
    page.reload()
    page.wait_for_selector('#inpaint-canvas .pad[data-state="photo"]')
    expect(cards(page)).to_have_count(6)
    page.get_by_role("button", name="Show all 40").click()
    expect(cards(page)).to_have_count(40)
    assert cards(page).nth(0).locator(".name").inner_text() == "<img src=x onerror=alert(1)> 0"
    assert cards(page).nth(0).locator("img").count() == 1
    cards(page).nth(0).get_by_role("button", name="Bring back the settings").click()
    expect(page.locator("#deblur-status")).to_contain_text("This is no recipe")
    restore(page, "deblur")
    kept = page.evaluate(STORED)
    assert len(json.dumps(kept)) < 1_600_000 and 2 < len(kept) <= 24
    assert kept[1]["id"] == "r0", "the newest stay"
    page.evaluate("() => localStorage.setItem('diffir-runs-1', '{broken')")
    page.reload()
    page.wait_for_selector('#deblur-canvas .pad[data-state="photo"]')
    expect(page.locator("#runs .empty")).to_be_visible()


def test_a_link_in_the_list_leads_to_the_web_and_runs_nothing(page: Page, address: str) -> None:
    """What is stored in a browser, others may have written there."""
    file = {"name": "a.png", "mimeType": "image/png", "buffer": b"a result"}
    path = page.request.post(f"{address}gradio_api/upload", multipart={"files": file}).json()[0]
    page.evaluate(
        """(path) => {
          const urls = [`/gradio_api/file=${path}`, "javascript:alert(1)", " JaVaScript:alert(1)", "data:text/html,x"];
          const runs = urls.map((url, i) => ({ id: `r${i}`, task: "deblur", name: `${i}`, when: 2e12 - i, facts: [],
            result: { path, url } }));
          localStorage.setItem("diffir-runs-1", JSON.stringify(runs));
        }""",
        path,
    )
    page.reload()
    page.wait_for_selector('#inpaint-canvas .pad[data-state="photo"]')
    expect(cards(page)).to_have_count(4)
    expect(cards(page).nth(0).locator("a")).to_have_count(1)
    assert page.locator("#runs .cards a").count() == 1


@pytest.mark.tabs("deblur")
def test_a_browser_without_storage_lists_the_visit(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.evaluate("() => { Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError'); }; }")
    go_to(page, "deblur")
    restore(page, "deblur")
    expect(cards(page)).to_have_count(1)
    expect(page.locator("#runs .notice")).to_contain_text("the list lasts until you leave")


@pytest.mark.tabs("deblur")
def test_a_batch_is_one_run(page: Page, tmp_path: Path) -> None:
    go_to(page, "deblur")
    page.locator("#deblur-batch > button").click()
    files = [photo(tmp_path / "a.png", 64, 48), photo(tmp_path / "b.png", 64, 48)]
    page.set_input_files("#deblur-batch-list input.file", files)
    expect(page.locator("#deblur-batch-list .rows li")).to_have_count(2)
    page.click("#deblur-batch-start")
    expect(cards(page).locator(".name")).to_have_text("A batch of 2 photos")
    expect(cards(page).locator(".pair > *")).to_have_count(1)  # results alone, and no empty place beside them
    assert download(page, "#runs .does a", tmp_path).name == "photos-deblurred.zip"


@pytest.mark.tabs("deblur")
def test_on_a_phone(open_page: Callable[..., Page]) -> None:
    page = open_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    go_to(page, "deblur")
    restore(page, "deblur")
    expect(cards(page)).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator("#runs .does button").tap()
    expect(page.locator("#deblur-status")).to_contain_text("The photo and its settings are back.")
    expect(page.locator("#deblur-canvas")).to_be_in_viewport()
