"""What the IPR says of a photo, and the sliders that move it, as a visitor meets them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from diffir_demo.recipe import find_recipe
from diffir_demo.ui.component import words_of
from tests.browser.actions import (
    choose,
    choose_and_see,
    download,
    go_to,
    in_sight,
    photo,
    pixels,
    press_restore,
    restore,
    see,
    settle,
    unfold,
)
from tests.browser.conftest import PHONE, Pace
from tests.browser.test_craft import complaints

pytestmark = [pytest.mark.browser, pytest.mark.tabs("clean")]

GRAIN = "#clean-timeline input[data-name=noise]"


def ready(page: Page, tmp_path: Path) -> Locator:
    """A run of the network that reads; gives the part of "Look inside" with the sliders."""
    go_to(page, "clean")
    choose_and_see(page, "clean", photo(tmp_path / "walk.png", 320, 200))
    restore(page, "clean")
    return page.locator("#clean-timeline .reading")


def pull(page: Page, selector: str, share: float, release: bool = True) -> None:
    """Pulls a slider's thumb from its middle to a share of its width."""
    left, top, width, height = in_sight(page.locator(selector))
    y = top + height / 2
    page.mouse.move(left + width / 2, y)
    page.mouse.down()
    page.mouse.move(left + width * share, y, steps=6)
    if release:
        page.mouse.up()


def settled(page: Page) -> None:
    """The whole picture is painted."""
    expect(page.locator("#clean-timeline .moved")).to_contain_text("Moved by you")
    expect(page.locator("#clean-status")).to_contain_text("Done in")
    expect(page.locator("#clean-run")).to_be_enabled()


def test_a_result_says_what_its_numbers_say(page: Page, tmp_path: Path) -> None:
    reading = ready(page, tmp_path)
    expect(reading.locator(".said")).to_contain_text(
        re.compile(r"What the 256 numbers say: grain \d+ of 255, softness [\d.]+ px, JPEG quality about \d+\.")
    )
    tip = reading.locator(".errors p")
    expect(tip).to_be_hidden()
    reading.locator(".errors summary").click()
    expect(tip).to_contain_text("held-out photos")
    expect(tip).to_contain_text(
        re.compile(r"±[1-9]\d* levels of grain, ±\d+\.\d px of softness, ±[1-9]\d* points of JPEG quality")
    )
    sliders = reading.get_by_role("slider")
    expect(sliders).to_have_count(3)
    for name in ("Grain", "Softness", "JPEG damage"):
        slider = reading.get_by_role("slider", name=name)
        expect(slider).to_have_value("0")
        expect(slider).to_have_attribute("aria-valuetext", "as the numbers say")


@pytest.mark.tabs("deblur")
def test_other_networks_say_nothing(page: Page) -> None:
    go_to(page, "deblur")
    restore(page, "deblur")
    expect(page.locator("#deblur-timeline .reading")).to_be_hidden()
    expect(page.locator("#deblur-timeline .sliders input")).to_have_count(0)


def test_pulling_shows_a_piece_and_letting_go_paints_the_picture(page: Page, pace: Pace, tmp_path: Path) -> None:
    ready(page, tmp_path)
    before = pixels(download(page, "#clean-download", tmp_path))
    patch = page.locator("#clean-board .patch")
    expect(patch).to_be_hidden()
    runs = pace.runs
    pull(page, GRAIN, 0.8, release=False)
    expect(patch).to_be_visible()
    expect(patch).to_have_text("preview")
    assert max(pace.widths[runs:]) <= 256, "only a piece is painted"
    expect(page.locator("#clean-status")).to_contain_text("Done in")  # no whole run was begun
    page.mouse.up()
    settled(page)
    expect(patch).to_be_hidden()
    moved = float(page.locator(GRAIN).input_value())
    assert 0.7 <= moved <= 1.1
    expect(page.locator("#clean-timeline .moved")).to_have_text(
        f"Moved by you: grain {moved:+.2g} (standard deviations)."
    )
    expect(page.locator("#clean-timeline strong.says")).to_contain_text("grain")
    file = download(page, "#clean-download", tmp_path)
    assert np.abs(pixels(file).astype(int) - before).mean() > 0
    recipe = find_recipe(file)
    assert recipe is not None and recipe.settings.steered == {"noise": moved}
    expect(page.locator("#runs")).to_contain_text(f"grain {moved:+.2g}")

    page.locator(GRAIN).dblclick()
    expect(page.locator("#clean-timeline .moved")).to_have_text("")
    expect(page.locator(GRAIN)).to_have_value("0")
    expect(page.locator("#clean-run")).to_be_enabled()
    again = download(page, "#clean-download", tmp_path)
    assert np.array_equal(pixels(again), before)
    plain = find_recipe(again)
    assert plain is not None and not plain.settings.steered


def test_many_pulls_make_few_pieces(page: Page, pace: Pace, tmp_path: Path) -> None:
    """One piece at a time; of what was pulled in the meantime, the last position counts."""
    ready(page, tmp_path)
    pace.delay = 0.15
    runs = pace.runs
    pull(page, GRAIN, 0.9, release=False)
    box = page.locator(GRAIN).bounding_box()
    assert box is not None
    for share in np.linspace(0.9, 0.2, 40):
        page.mouse.move(box["x"] + box["width"] * float(share), box["y"] + box["height"] / 2)
    expect(page.locator("#clean-board .patch")).to_be_visible()
    page.wait_for_timeout(1500)
    assert pace.runs - runs <= 5
    pace.delay = 0.0
    page.mouse.up()
    settled(page)


def test_by_keys(page: Page, tmp_path: Path) -> None:
    reading = ready(page, tmp_path)
    softness = reading.get_by_role("slider", name="Softness")
    softness.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(softness).to_have_attribute("aria-valuetext", "0.3 standard deviations more than the numbers say")
    expect(reading.locator("output").nth(1)).to_have_text("+0.3")
    settled(page)
    expect(reading.locator(".moved")).to_contain_text("softness +0.3")
    expect(softness).to_be_focused()
    page.keyboard.press("Home")
    expect(softness).to_have_attribute("aria-valuetext", "1.5 standard deviations less than the numbers say")
    expect(reading.locator(".moved")).to_contain_text("softness −1.5")
    reading.get_by_role("button", name="Back to the estimate").click()
    expect(reading.locator(".moved")).to_have_text("")
    expect(softness).to_have_value("0")


def test_a_moved_picture_can_be_cancelled(page: Page, pace: Pace, tmp_path: Path) -> None:
    ready(page, tmp_path)
    pace.delay = 0.25
    pull(page, GRAIN, 0.9)
    see(page, "#clean-status", "Painting with the numbers moved")
    pace.hold(run=0)
    page.click("#clean-cancel")
    expect(page.locator(GRAIN)).to_have_value("0")
    pace.go()
    expect(page.locator("#clean-board .patch")).to_be_hidden()
    expect(page.locator("#clean-timeline .moved")).to_have_text("")
    expect(page.locator("#clean-run")).to_be_enabled()


def test_a_new_run_starts_from_the_estimate(page: Page, tmp_path: Path) -> None:
    ready(page, tmp_path)
    pull(page, GRAIN, 0.8)
    settled(page)
    restore(page, "clean")
    expect(page.locator("#clean-timeline .moved")).to_have_text("")
    expect(page.locator(GRAIN)).to_have_value("0")


def test_a_moved_result_comes_back_from_its_recipe(page: Page, tmp_path: Path) -> None:
    ready(page, tmp_path)
    pull(page, GRAIN, 0.8)
    settled(page)
    file = download(page, "#clean-download", tmp_path)
    choose(page, "clean", file)
    page.click("#clean-settings-use")
    expect(page.locator("#clean-status")).to_contain_text("the numbers moved (grain +")
    press_restore(page, "clean")
    settled(page)
    assert np.array_equal(pixels(download(page, "#clean-download", tmp_path)), pixels(file))


@pytest.mark.parametrize(("scheme", "options"), [("light", {}), ("dark", PHONE)], ids=["desktop", "phone"])
def test_everybody_can_use_it(
    open_page: Callable[..., Page], scheme: str, options: dict[str, Any], tmp_path: Path
) -> None:
    page = open_page(color_scheme=scheme, **options)
    reading = ready(page, tmp_path)
    settle(page)
    assert complaints(page) == []
    reading.locator(".errors summary").click()
    assert complaints(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_timeline_and_the_lab_read_too(page: Page, tmp_path: Path) -> None:
    ready(page, tmp_path)
    settled = page.locator("#clean-timeline .settled")  # what an untrained network says does not move
    expect(settled).to_contain_text(re.compile(r"The same from the first step on: .*Grain: \d+ of 255 ± [1-9]\d*"))
    expect(page.locator("#clean-timeline .readings figure")).to_have_count(0)
    expect(page.locator("#deblur-timeline .readings")).to_be_hidden()

    unfold(page, "#clean-lab")
    lab = page.locator("#clean-lab .steer-lab")
    expect(page.locator("#clean-lab-editor")).to_be_hidden()
    lab.get_by_role("slider", name="Grain").focus()
    page.keyboard.press("End")
    expect(lab.locator(".caption")).to_have_text("Told otherwise: grain +1.5 (standard deviations)")
    expect(lab.locator("img")).to_have_count(2)
    before = lab.locator("img.other").get_attribute("src")
    for kind in ("noisy", "fine"):
        lab.get_by_role("button", name=kind, exact=True).click()
        expect(lab.locator(".caption")).to_contain_text(f"As if it were {kind}; those numbers say: grain")
    assert lab.locator("img.other").get_attribute("src") != before
    expect(lab.get_by_role("slider", name="Grain")).to_have_value("0")
    expect(page.locator("#clean-timeline .moved")).to_have_text("")  # the result above stays as it is
    unfold(page, "#clean-lab-research")
    expect(page.get_by_text(words_of("lab").unmeasured).locator("visible=true")).to_have_count(0)
    expect(page.locator("#clean-lab-editor .facts")).to_contain_text(re.compile(r"2\d\d of 256 numbers changed"))
