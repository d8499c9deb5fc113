"""The camera's path as a visitor meets it: seen as a trail of light, turned, drawn anew, applied and taken back."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import CDPSession, Locator, Page, expect

from diffir_demo.recipe import find_recipe
from tests.browser.actions import (
    choose,
    choose_and_see,
    download,
    go_to,
    in_sight,
    pixels,
    press_restore,
    restore,
    see,
    settle,
    show,
)
from tests.browser.conftest import PHONE, Pace
from tests.browser.test_craft import complaints
from tests.test_deconvolve import large_scene
from tests.test_shake import shaken

pytestmark = [pytest.mark.browser, pytest.mark.tabs("deblur")]

BOARD = "#deblur-board"
PATH = "#deblur-timeline .place"
LIGHT = """(selector) => {
  const canvas = document.querySelector(selector), { data } = canvas.getContext("2d")
    .getImageData(0, 0, canvas.width, canvas.height), found = { lit: 0, right: 0, down: 0, sum: 0 };
  for (let i = 0; i < data.length; i += 4) {
    const [x, y] = [(i / 4) % canvas.width, Math.floor(i / 4 / canvas.width)];
    found.sum = (found.sum * 31 + data[i] + 7 * data[i + 1]) % 1000003;
    if (data[i] < 200 || data[i + 1] > 215 || y > 0.78 * canvas.height) continue;  // neither scale nor black
    found.lit += 1;
    found.right = Math.max(found.right, Math.abs(x / canvas.width - 0.5));
    found.down = Math.max(found.down, Math.abs(y / canvas.height - 0.5));
  }
  return found;
}"""
"""How much of a trail glows, and how far from its middle; `sum` differs with every other picture."""


def ready(page: Page, folder: Path, pixels: np.ndarray | None = None) -> Locator:
    """A run of the preset Path; gives the part of "Look inside" about the path."""
    file = folder / "walk.png"
    Image.fromarray(shaken(large_scene(128, 144)) if pixels is None else pixels).save(file)
    go_to(page, "deblur")
    choose_and_see(page, "deblur", file)
    preset, summary = page.locator("#deblur-preset").get_by_label("Path"), page.locator("#deblur-preset-summary")
    preset.check()
    with suppress(AssertionError):
        expect(summary).to_contain_text("path is found", timeout=5000)
    preset.check()  # Gradio's radio button springs back where it is pressed as soon as it is there
    expect(summary).to_contain_text("path is found")
    restore(page, "deblur")
    return page.locator(f"{PATH} .path")


def trail(page: Page) -> dict[str, float]:
    return page.evaluate(LIGHT, f"{PATH} .trail canvas")


def piece(page: Page) -> float:
    """Another number for every other picture in the stage."""
    return page.evaluate(LIGHT, f"{BOARD} .stage canvas")["sum"]


def patch(page: Page) -> Locator:
    return page.locator(f"{BOARD} .patch")


def middle(part: Locator) -> tuple[float, float]:
    left, top, width, height = in_sight(part)
    return left + width / 2, top + height / 2


def applied(page: Page, text: str) -> None:
    """The whole picture is painted."""
    page.locator(f"{PATH} [data-path=apply]").click()
    expect(page.locator(f"{PATH} .bent")).to_have_text(text)
    expect(page.locator("#deblur-status")).to_contain_text("Done in")
    expect(page.locator("#deblur-run")).to_be_enabled()
    expect(patch(page)).to_be_hidden()


def test_the_path_is_seen_and_told(page: Page, tmp_path: Path) -> None:
    path = ready(page, tmp_path)
    says = re.compile(r"^(Camera path found: \d+ px long, (fairly )?sure|Not sure of the camera's path) \(\d+ %\)")
    expect(path.locator(".says")).to_have_text(says)
    expect(page.locator("#deblur-status")).to_contain_text(path.locator(".says").inner_text())
    expect(path.locator(".trail canvas")).to_have_attribute("aria-label", re.compile(r"\d+ pixels long, \d+ degrees"))
    assert trail(page)["lit"] > 20
    steps = path.locator(".found")
    assert steps.count() >= 4
    expect(steps.last).to_have_text("100 %")
    expect(steps.first.locator("canvas")).to_have_attribute("aria-label", re.compile("The path as it was found"))
    lit = page.evaluate(LIGHT, f"{PATH} .found:last-child canvas")["lit"]
    assert lit > 5
    show(page, "deblur", "Deconvolved, no network", "A")
    expect(page.locator(f"{BOARD} .tag").first).to_contain_text("Deconvolved, no network")


def test_a_run_that_looks_for_no_path_shows_none(page: Page) -> None:
    go_to(page, "deblur")
    restore(page, "deblur")
    expect(page.locator(f"{PATH} .path")).to_be_hidden()
    expect(page.locator("#deblur-scores")).not_to_contain_text("Deconvolved")


def test_a_sharp_photo_counts_as_sharp(page: Page, tmp_path: Path) -> None:
    path = ready(page, tmp_path, large_scene(192, 192))
    expect(path.locator(".says")).to_have_text("No shake found: the photo counts as sharp.")
    expect(path.locator("input[data-name=strength]")).to_have_value("0")
    path.locator("[data-path=straight]").click()  # who knows better draws one, and that is then used
    expect(path.locator("input[data-name=strength]")).to_have_value("100")
    expect(patch(page)).to_be_visible()


def test_dragging_shows_a_piece_and_applying_paints_the_picture(page: Page, pace: Pace, tmp_path: Path) -> None:
    path = ready(page, tmp_path)
    before, file = trail(page), pixels(download(page, "#deblur-download", tmp_path))
    expect(path.locator("[data-path=apply]")).to_be_disabled()
    expect(path.locator("[data-path=back]")).to_be_disabled()
    left, top = middle(path.locator(".trail"))
    x, y = middle(path.locator(".grip"))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(left - (y - top), top + (x - left), steps=6)  # a quarter of a turn, clockwise
    expect(patch(page)).to_be_visible()
    expect(page.locator("#deblur-status")).to_contain_text("Done in")  # no whole run was begun
    seen = piece(page)
    turn = int(path.locator("input[data-name=turn]").input_value())
    assert 80 <= turn <= 100
    assert trail(page)["sum"] != before["sum"]
    page.mouse.move(left - 0.6 * (y - top), top + 0.6 * (x - left), steps=3)
    page.wait_for_function(f"before => ({LIGHT})('{BOARD} .stage canvas').sum !== before", arg=seen)
    page.mouse.up()
    length = int(path.locator("input[data-name=length]").input_value())
    turn = int(path.locator("input[data-name=turn]").input_value())
    assert length < 90
    runs = pace.runs
    applied(page, f"Changed by you: turned by +{turn}°, {length} % long.")
    assert page.evaluate(LIGHT, f"{PATH} .found:last-child canvas")["lit"] > 5  # how it was found stays
    assert pace.runs - runs in (1, 2)  # the last piece may come when the photo is asked for already
    (tmp_path / "bent").mkdir()
    result = download(page, "#deblur-download", tmp_path / "bent")
    assert np.abs(pixels(result).astype(int) - file).mean() > 0.1
    recipe = find_recipe(result)
    assert (
        recipe is not None
        and recipe.settings.blur is not None
        and recipe.settings.strength is not None
        and recipe.preset == "path"
    )
    expect(page.locator("#runs")).to_contain_text(f"turned by +{turn}°")

    path.locator("[data-path=back]").click()
    expect(path.locator(".bent")).to_have_text("")
    expect(path.locator("input[data-name=turn]")).to_have_value("0")
    expect(page.locator("#deblur-run")).to_be_enabled()
    again = download(page, "#deblur-download", tmp_path)
    assert np.array_equal(pixels(again), file) and trail(page) == before
    plain = find_recipe(again)
    assert plain is not None and plain.settings.blur is None and plain.settings.strength is None

    choose(page, "deblur", result)  # and back from its recipe
    page.click("#deblur-settings-use")
    expect(page.locator("#deblur-status")).to_contain_text("a path of its own")
    press_restore(page, "deblur")
    expect(path.locator(".says")).to_contain_text("Camera path as given")
    expect(path.locator("[data-path=back]")).to_have_text("Back to the path of the run")
    expect(page.locator("#deblur-run")).to_be_enabled()
    assert np.array_equal(pixels(download(page, "#deblur-download", tmp_path)), pixels(result))


def test_less_strength_by_keys(page: Page, tmp_path: Path) -> None:
    path = ready(page, tmp_path)
    slider = path.get_by_role("slider", name="Strength")
    found = slider.input_value()
    assert int(found) > 10
    slider.focus()
    page.keyboard.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", "0 percent")
    expect(patch(page)).to_be_visible()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    applied(page, "Changed by you: strength 5 %.")
    expect(page.locator("#deblur-status")).to_contain_text("strength 5 %, as asked")
    recipe = find_recipe(download(page, "#deblur-download", tmp_path))
    assert recipe is not None and recipe.settings.blur is None and recipe.settings.strength == 0.05
    slider.dblclick()
    expect(slider).to_have_value(found)


def draw_by_mouse(page: Page, path: Locator) -> None:
    path.locator("[data-path=draw]").click()
    expect(path.locator("[data-path=draw]")).to_have_attribute("aria-pressed", "true")
    x, y = middle(path.locator(".trail"))
    page.mouse.move(x - 70, y)
    page.mouse.down()
    page.mouse.move(x + 70, y, steps=10)
    page.mouse.up()


def test_a_path_is_drawn_by_mouse(page: Page, tmp_path: Path) -> None:
    path = ready(page, tmp_path)
    draw_by_mouse(page, path)
    expect(path.locator("[data-path=draw]")).to_have_attribute("aria-pressed", "false")
    expect(patch(page)).to_be_visible()
    drawn = trail(page)
    assert drawn["right"] > 0.2 and drawn["down"] < 0.06  # as it was drawn: level
    expect(path.locator(".trail canvas")).to_have_attribute("aria-label", re.compile(" 0 degrees"))
    before = piece(page)
    path.get_by_role("slider", name="Turned by").focus()
    page.keyboard.press("End")
    for _ in range(90):
        page.keyboard.press("ArrowLeft")
    upright = trail(page)
    assert upright["down"] > 0.2 and upright["right"] < 0.06
    page.wait_for_function(f"before => ({LIGHT})('{BOARD} .stage canvas').sum !== before", arg=before)
    applied(page, "Changed by you: drawn by hand, turned by +90°.")
    expect(page.locator("#deblur-status")).to_contain_text("Camera path as given")


def test_a_path_is_drawn_by_keys(page: Page, tmp_path: Path) -> None:
    path = ready(page, tmp_path)
    draw, canvas = path.locator("[data-path=draw]"), path.locator(".trail canvas")
    draw.focus()
    page.keyboard.press("Enter")
    expect(canvas).to_be_focused()
    page.keyboard.press("Escape")
    expect(draw).to_be_focused()
    expect(draw).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Backspace")  # back in the middle
    for _ in range(4):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Enter")
    expect(draw).to_have_attribute("aria-pressed", "false")
    expect(draw).to_be_focused()
    expect(canvas).to_have_attribute("aria-label", re.compile(r"20 pixels.* 0 degrees"))
    expect(patch(page)).to_be_visible()
    drawn = trail(page)
    assert drawn["right"] > 0.2 and drawn["down"] < 0.06


def test_a_new_run_starts_from_what_is_found(page: Page, tmp_path: Path) -> None:
    path = ready(page, tmp_path)
    before = trail(page)
    draw_by_mouse(page, path)
    applied(page, "Changed by you: drawn by hand.")
    restore(page, "deblur")
    expect(path.locator(".bent")).to_have_text("")
    assert trail(page) == before


def test_applying_can_be_cancelled(page: Page, pace: Pace, tmp_path: Path) -> None:
    path = ready(page, tmp_path)
    draw_by_mouse(page, path)
    expect(patch(page)).to_be_visible()
    pace.delay = 0.25
    path.locator("[data-path=apply]").click()
    see(page, "#deblur-status", "Undoing the changed path")
    pace.hold(run=0)
    page.click("#deblur-cancel")
    expect(page.locator("#deblur-run")).to_be_enabled()
    pace.go()
    expect(path.locator(".bent")).to_have_text("")
    expect(path.locator("[data-path=apply]")).to_be_enabled()  # what was drawn is still there


def touch(finger: CDPSession, kind: str, *places: tuple[float, float]) -> None:
    points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(places)]
    finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def test_by_finger(open_page: Callable[..., Page], tmp_path: Path) -> None:
    page = open_page(**PHONE)
    path = ready(page, tmp_path)
    finger = page.context.new_cdp_session(page)
    left, top = middle(path.locator(".trail"))
    x, y = middle(path.locator(".grip"))
    touch(finger, "touchStart", (x, y))
    for share in (0.25, 0.5, 0.75, 1.0):
        touch(finger, "touchMove", (x + share * (left - (y - top) - x), y + share * (top + (x - left) - y)))
    touch(finger, "touchEnd")
    expect(patch(page)).to_be_visible()
    assert int(path.locator("input[data-name=turn]").input_value()) > 45
    expect(path.get_by_role("img", name="The piece of the photo")).to_be_visible()  # beside the trail on a phone
    path.locator("[data-path=draw]").click()
    expect(path.locator(".trail canvas")).to_have_css("touch-action", "none")
    settle(page)  # the browser hears of that a few frames later; until then, a finger scrolls
    x, y = middle(path.locator(".trail"))
    scrolled = page.evaluate("scrollY")
    touch(finger, "touchStart", (x, y - 60))
    for share in range(1, 7):
        touch(finger, "touchMove", (x, y - 60 + 20 * share))
    touch(finger, "touchEnd")
    assert page.evaluate("scrollY") == scrolled, "drawing does not scroll the page"
    drawn = trail(page)
    assert drawn["down"] > 0.15 and drawn["right"] < 0.06
    path.locator("[data-path=apply]").click()
    expect(path.locator(".bent")).to_have_text("Changed by you: drawn by hand.")


@pytest.mark.parametrize(("scheme", "options"), [("light", {}), ("dark", PHONE)], ids=["desktop", "phone"])
def test_everybody_can_use_it(
    open_page: Callable[..., Page], scheme: str, options: dict[str, Any], tmp_path: Path
) -> None:
    page = open_page(color_scheme=scheme, **options)
    path = ready(page, tmp_path)
    settle(page)
    assert complaints(page) == []
    path.locator("[data-path=draw]").click()
    assert complaints(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
