"""The IPR lab, and the number of diffusion steps, as a visitor meets them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from diffir_demo.devices import choose_device, lock_for
from diffir_demo.ui.component import words_of
from tests.browser.actions import choose_and_see, download, go_to, photo, pixels, press_restore, restore, see, unfold
from tests.browser.conftest import TEACHER, Pace

pytestmark = [pytest.mark.browser, pytest.mark.tabs("inpaint", "deblur")]

DRAWN = """() => {
  const canvas = document.querySelector("#deblur-lab-board .stage canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.some((value, i) => i % 4 < 3 && value > 0);
}"""
"""Whether the lab's stage shows any difference."""

WORDS = words_of("lab")
VALUES = "document.querySelector('#deblur-lab-editor .facts').textContent"


def open_lab(page: Page, key: str = "deblur") -> None:
    """A finished run of that task, and the lab unfolded."""
    if key != "inpaint":
        go_to(page, key)
    restore(page, key)
    unfold(page, f"#{key}-lab")
    unfold(page, f"#{key}-lab-research")
    expect(page.locator(f"#{key}-lab-editor canvas")).to_be_visible()


def lab_status(page: Page, text: str, key: str = "deblur") -> None:
    see(page, f"#{key}-lab-status .status span", text)


def facts(page: Page):
    return expect(page.locator("#deblur-lab-editor .facts"))


@pytest.mark.tabs("deblur")
def test_another_number_of_diffusion_steps(page: Page) -> None:
    go_to(page, "deblur")
    page.get_by_text("Options", exact=True).locator("visible=true").click()
    page.locator("#deblur-steps input").click()
    page.get_by_role("option", name="2", exact=True).click()
    restore(page, "deblur")
    expect(page.locator("#deblur-timeline .step")).to_have_count(3)
    expect(page.locator("#deblur-timeline .sentence")).to_contain_text("0.39 million multiplications")
    page.locator("#deblur-steps input").click()
    page.get_by_role("option", name="As trained").click()
    restore(page, "deblur")
    expect(page.locator("#deblur-timeline .step")).to_have_count(5)


@pytest.mark.tabs("deblur")
def test_change_the_numbers_and_paint_again(page: Page, tmp_path: Path) -> None:
    go_to(page, "deblur")
    unfold(page, "#deblur-lab")
    expect(page.get_by_text(WORDS.empty).locator("visible=true")).to_have_count(1)
    expect(page.locator("#deblur-lab-research")).to_be_hidden()
    restore(page, "deblur")
    expect(page.locator("#deblur-lab .steer-lab")).to_be_hidden()
    unfold(page, "#deblur-lab-research")
    expect(page.get_by_text(WORDS.unmeasured).locator("visible=true")).to_have_count(1)
    expect(page.get_by_text(WORDS.empty).locator("visible=true")).to_have_count(0)
    facts(page).to_have_text(WORDS.editor["unchanged"])
    page.click("#deblur-lab-paint")
    expect(page.locator("#deblur-lab-facts")).to_contain_text(WORDS.same)

    page.locator("#deblur-lab-editor [data-do=scale]").click()
    facts(page).to_contain_text("they moved by 50.0 % of")
    page.locator("#deblur-lab-editor [data-do=zeroAll]").click()
    facts(page).to_contain_text("they moved by 100.0 % of")
    page.click("#deblur-lab-paint")
    expect(page.locator("#deblur-lab-facts")).to_contain_text("dB PSNR")
    lab_status(page, "Done in")
    painted = pixels(download(page, "#deblur-lab-picture", tmp_path))
    result = pixels(download(page, "#deblur-download", tmp_path))
    apart = np.abs(painted.astype(int) - result).mean()
    said = re.search(r"moved by ([\d.]+) of 255", page.locator("#deblur-lab-facts").inner_text())
    assert said and float(said[1]) == pytest.approx(apart, rel=0.06) and apart > 0
    board = page.locator("#deblur-lab-board")  # the same as above: all ways to compare
    expect(board.locator(".tag select").nth(1)).to_have_value("result")
    board.get_by_role("radio", name="Difference").check()
    expect(board.locator("[data-mode=difference] .stage canvas")).to_be_visible()
    page.wait_for_function(f"({DRAWN})()")

    page.locator("#deblur-lab-editor [data-do=resetAll]").click()
    facts(page).to_have_text(WORDS.editor["unchanged"])
    page.locator("#deblur-lab-editor [data-do=undo]").click()
    facts(page).to_contain_text("100.0 %")


def test_the_bars_by_mouse_and_by_keys(page: Page) -> None:
    open_lab(page)
    bars = page.locator("#deblur-lab-editor canvas")
    bars.scroll_into_view_if_needed()
    box = bars.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] * 99.5 / 256, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y - 40, steps=4)
    page.mouse.up()
    facts(page).to_contain_text("1 of 256 numbers changed")
    expect(page.locator("#deblur-lab-editor .index")).to_have_value("100")
    pulled = page.locator("#deblur-lab-editor .exact").input_value()
    assert float(pulled) > 0

    bars.focus()
    for key in ("ArrowRight", "ArrowUp"):
        page.keyboard.press(key)
    expect(page.locator("#deblur-lab-editor .index")).to_have_value("101")
    facts(page).to_contain_text("2 of 256")
    page.keyboard.press("Backspace")
    facts(page).to_contain_text("1 of 256")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("0")
    expect(page.locator("#deblur-lab-editor .exact")).to_have_value("0")
    expect(bars).to_have_attribute("aria-valuetext", "number 100 of 256: 0.00")
    page.keyboard.press("Control+z")
    expect(page.locator("#deblur-lab-editor .exact")).to_have_value(pulled)
    page.keyboard.press("Home")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator("#deblur-lab-editor .of")).to_contain_text("3 chosen")
    page.keyboard.press("0")
    facts(page).to_contain_text("4 of 256")
    page.locator("#deblur-lab-editor .exact").fill("1e9")
    page.keyboard.press("Tab")
    expect(page.locator("#deblur-lab-editor .exact")).to_have_value("1000")


def test_numbers_of_another_photo_and_of_a_file(page: Page, tmp_path: Path) -> None:
    open_lab(page)
    unfold(page, "#deblur-lab-donor")
    page.click("#deblur-lab-donors [data-index='1']")
    lab_status(page, "are in the bars")
    expect(page.locator("#deblur-lab-donor-found")).to_contain_text("cosine")
    away = _moved(page)
    assert away > 0
    share = page.locator("#deblur-lab-share input[type=number]")
    share.fill("2")
    share.press("Tab")
    page.wait_for_function(f"parseFloat({VALUES}.match(/by ([0-9.]+) %/)?.[1]) > {1.5 * away}")
    assert _moved(page) == pytest.approx(2 * away, abs=0.2)
    file = download(page, "#deblur-lab-save", tmp_path)
    saved = np.load(file)
    assert saved.shape == (256,) and saved.dtype == np.float32 and np.isfinite(saved).all()

    page.locator("#deblur-lab-editor [data-do=resetAll]").click()
    facts(page).to_have_text(WORDS.editor["unchanged"])
    _give(page, "#deblur-lab-load", file)
    lab_status(page, f"numbers of {file.name} are in the bars")
    assert _moved(page) == pytest.approx(2 * away, abs=0.2)
    np.save(tmp_path / "short.npy", saved[:9])
    _give(page, "#deblur-lab-load", tmp_path / "short.npy")
    lab_status(page, "needs 256 real numbers; the file has 9")
    assert _moved(page) == pytest.approx(2 * away, abs=0.2)

    _give(page, "#deblur-lab-donor-photo", photo(tmp_path / "second.png", 90, 70))
    lab_status(page, "numbers of second.png are in the bars")


def test_a_donor_for_inpainting_needs_no_mask_of_its_own(page: Page, tmp_path: Path) -> None:
    open_lab(page, "inpaint")
    unfold(page, "#inpaint-lab-donor")
    _give(page, "#inpaint-lab-donor-photo", photo(tmp_path / "second.png", 90, 70))
    lab_status(page, "numbers of second.png are in the bars", "inpaint")
    page.click("#inpaint-lab-donors [data-index='2']")
    lab_status(page, "numbers of Eileen Collins", "inpaint")
    page.click("#inpaint-lab-paint")
    lab_status(page, "Done in", "inpaint")


def test_seeds_steps_and_the_map_of_a_number(page: Page, tmp_path: Path) -> None:
    go_to(page, "deblur")
    choose_and_see(page, "deblur", photo(tmp_path / "walk.png"))
    open_lab(page)
    for part in ("seeds", "steps", "heat"):
        unfold(page, f"#deblur-lab-{part}")
    page.locator("#deblur-lab-seeds-count input[type=number]").fill("5")
    page.locator("#deblur-lab-seeds-paint input").check()
    page.click("#deblur-lab-seeds-go")
    seeds = page.locator("#deblur-lab-seeds-found")
    expect(seeds).to_contain_text("from 5 seeds")
    expect(seeds.locator("svg")).to_have_count(2)
    expect(seeds.locator("figure img")).to_have_count(3)

    page.click("#deblur-lab-steps-go")
    rows = page.locator("#deblur-lab-steps-found tbody tr")
    expect(rows).to_have_count(8)
    expect(rows.nth(3)).to_contain_text("4 (as trained)")
    expect(page.locator("#deblur-lab-steps-found th")).to_have_count(3)

    page.locator("#deblur-lab-heat-strength").get_by_text("100 %").click()
    page.click("#deblur-lab-heat-go")
    heat = page.locator("#deblur-lab-heat-found")
    expect(heat).to_contain_text("up or down")
    expect(heat.locator(".lab-bar")).to_be_visible()
    chosen = page.locator("#deblur-lab-heat-number input").input_value()
    assert chosen.endswith("(listened to: 1 of 256)")
    expect(heat).to_contain_text(f"Where number {chosen.split()[0]} acts")


def test_a_large_photo_is_tried_on_a_piece_and_the_page_says_so(page: Page, tmp_path: Path) -> None:
    go_to(page, "deblur")
    choose_and_see(page, "deblur", photo(tmp_path / "wide.png", 1300, 900))
    open_lab(page)
    unfold(page, "#deblur-lab-seeds")
    page.locator("#deblur-lab-seeds-count input[type=number]").fill("3")
    page.click("#deblur-lab-seeds-go")
    expect(page.locator("#deblur-lab-seeds-found")).to_contain_text("on a piece of it, 849 × 588 pixels, at full size")


@pytest.mark.tabs()
def test_the_teacher_knows_the_answer(page: Page, tmp_path: Path) -> None:
    open_lab(page)
    unfold(page, "#deblur-lab-oracle")
    expect(page.locator("#deblur-lab-oracle-file input")).to_have_value(TEACHER)
    page.click("#deblur-lab-oracle-go")
    found = page.locator("#deblur-lab-oracle-found")
    expect(found).to_contain_text("the cosine between both is")
    expect(found.locator("tbody tr")).to_have_count(3)
    expect(found.locator("figure img")).to_have_count(3)

    choose_and_see(page, "deblur", photo(tmp_path / "walk.png"))
    restore(page, "deblur")
    expect(found).to_be_hidden()
    expect(page.locator("#deblur-lab-oracle-hint")).to_contain_text("Add test damage")
    page.click("#deblur-lab-oracle-go")
    lab_status(page, "whose clean original is known")


def test_stop_and_what_else_ends_an_experiment(page: Page, pace: Pace, tmp_path: Path) -> None:
    open_lab(page)
    unfold(page, "#deblur-lab-steps")
    page.locator("#deblur-lab-editor [data-do=zeroAll]").click()
    pace.delay = 0.2
    page.click("#deblur-lab-steps-go")
    lab_status(page, "Painting with 1 to 8 steps")
    page.click("#deblur-lab-stop")
    lab_status(page, WORDS.stopped)
    expect(page.locator("#deblur-lab-stop")).to_be_disabled()
    assert pace.finished.wait(20)
    facts(page).to_contain_text("256 of 256")
    assert not lock_for(choose_device("cpu")).locked()

    pace.delay = 0.0
    page.locator("#deblur-scores").get_by_role("button", name="Run").first.click()
    see(page, "#deblur-status", " took ")
    facts(page).to_contain_text("256 of 256")

    pace.delay = 0.2
    page.click("#deblur-lab-steps-go")
    lab_status(page, "Painting with 1 to 8 steps")
    press_restore(page, "deblur")
    see(page, "#deblur-status", "Diffusion: step")
    pace.delay = 0.0
    expect(page.locator("#deblur-status")).to_contain_text("Done in")
    facts(page).to_have_text(WORDS.editor["unchanged"])
    expect(page.locator("#deblur-lab-steps-found")).to_be_hidden()

    choose_and_see(page, "deblur", photo(tmp_path / "next.png"))
    expect(page.locator("#deblur-lab-paint")).to_be_hidden()
    expect(page.get_by_text(WORDS.empty).locator("visible=true")).to_have_count(1)


def test_the_lab_on_a_phone(open_page: Callable[..., Page], tmp_path: Path) -> None:
    page = open_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, color_scheme="dark")
    go_to(page, "deblur")
    choose_and_see(page, "deblur", photo(tmp_path / "walk.png"))
    open_lab(page)
    for part in ("donor", "seeds", "steps", "heat", "oracle"):
        unfold(page, f"#deblur-lab-{part}")
    page.click("#deblur-lab-steps-go")
    expect(page.locator("#deblur-lab-steps-found tbody tr")).to_have_count(8)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    bars = page.locator("#deblur-lab-editor canvas")
    bars.scroll_into_view_if_needed()
    box = bars.bounding_box()
    assert box is not None and box["height"] > 300, "several rows"
    page.touchscreen.tap(box["x"] + box["width"] - 3, box["y"] + 10)
    index = int(page.locator("#deblur-lab-editor .index").input_value())
    rows = round(256 / index)
    assert 3 <= rows <= 5 and index == -(-256 // rows), "the last of the first row"
    facts(page).to_have_text(WORDS.editor["unchanged"])
    page.locator("#deblur-lab-editor .level").fill("0.5")
    facts(page).to_contain_text("1 of 256")


def _moved(page: Page) -> float:
    """How far the numbers are from their own, percent, as the page says it."""
    found = re.search(r"moved by ([\d.]+) %", page.locator("#deblur-lab-editor .facts").inner_text())
    return float(found[1]) if found else 0.0


def _give(page: Page, selector: str, file: Path) -> None:
    """An upload button's file."""
    with page.expect_file_chooser() as chooser:
        page.click(selector)
    chooser.value.set_files(file)
