"""The app as a visitor meets it, in a real Chromium."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect

from diffir_demo.devices import choose_device, lock_for
from diffir_demo.imaging import load_mask
from diffir_demo.trace import PriorStep
from diffir_demo.ui.component import words_of
from diffir_demo.weights import save
from tests.browser.actions import (
    COVERAGE,
    Held,
    choose,
    choose_and_see,
    coverage,
    download,
    go_to,
    in_sight,
    photo,
    pixels,
    place,
    press_restore,
    restore,
    row,
    see,
    show,
    status,
    stroke,
    upload,
    wait_for_coverage,
)
from tests.browser.conftest import BY_THE_TEST, Pace
from tests.tiny import network

pytestmark = [pytest.mark.browser, pytest.mark.tabs("deblur")]

BUSY = """() => {
  const work = (times) => {
    const end = performance.now() + 300;
    while (performance.now() < end);
    if (times > 1) setTimeout(() => work(times - 1));
  };
  work(12);
}"""
"""Leaves the page a moment for itself only every 0.3 s, for 4 s."""


@pytest.mark.tabs("inpaint")
def test_inpaint_paint_undo_restore_download(page: Page, tmp_path: Path) -> None:
    source = photo(tmp_path / "holiday.png")
    choose_and_see(page, "inpaint", source)
    assert coverage(page) == 0
    stroke(page, (0.2, 0.3), (0.5, 0.6))
    once = coverage(page)
    stroke(page, (0.7, 0.2), (0.8, 0.8))
    twice = coverage(page)
    assert 0 < once < twice
    page.get_by_role("button", name="Undo").click()
    assert coverage(page) == once
    page.keyboard.press("Control+z")
    assert coverage(page) == 0
    page.keyboard.press("Control+Shift+z")
    page.get_by_role("button", name="Redo").click()
    assert coverage(page) == twice

    mask = load_mask(download(page, "#inpaint-mask-save", tmp_path))
    assert mask.shape == (128, 192) and mask.mean() == pytest.approx(twice, abs=0.01)
    restore(page, "inpaint")
    result = download(page, "#inpaint-download", tmp_path)
    assert result.name == "holiday-inpainted.png"
    before, after = pixels(source), pixels(result)
    assert np.array_equal(before[~mask], after[~mask])
    assert not np.array_equal(before[mask], after[mask])


@pytest.mark.tabs("inpaint", "deblur")
def test_the_mask_tools(page: Page, tmp_path: Path) -> None:
    choose_and_see(page, "inpaint", photo(tmp_path / "holiday.png"))
    stroke(page, (0.3, 0.5), (0.7, 0.5))
    painted = coverage(page)
    page.keyboard.press("e")
    expect(page.get_by_role("button", name="Eraser")).to_have_attribute("aria-pressed", "true")
    stroke(page, (0.45, 0.5), (0.55, 0.5))
    assert 0 < coverage(page) < painted
    size = page.locator("#inpaint-canvas output")
    before = size.inner_text()
    page.keyboard.press("]")
    page.keyboard.press("]")
    assert int(size.inner_text().split()[0]) > int(before.split()[0])
    page.keyboard.press("b")

    erased = coverage(page)
    go_to(page, "deblur")
    go_to(page, "inpaint")
    assert coverage(page) == erased, "the mask survives a change of tabs"
    page.get_by_role("button", name="Clear mask").click()
    assert coverage(page) == 0
    expect(page.locator("#inpaint-canvas .caption")).to_contain_text("holiday.png · 192 × 128")
    press_restore(page, "inpaint")
    expect(page.locator("#inpaint-status")).to_contain_text("Nothing is painted over yet.")
    expect(page.locator("#inpaint-run")).to_be_enabled()
    page.get_by_role("button", name="Eraser").click()
    choose_and_see(page, "inpaint", photo(tmp_path / "next.png"))
    expect(page.get_by_role("button", name="Brush")).to_have_attribute("aria-pressed", "true")


@pytest.mark.tabs("inpaint")
def test_an_uploaded_mask_lies_over_the_photo(page: Page, tmp_path: Path) -> None:
    choose_and_see(page, "inpaint", photo(tmp_path / "holiday.png"))
    mask = np.zeros((128, 192), np.uint8)
    mask[32:96, 48:144] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    upload(page, "#inpaint-mask-upload", tmp_path / "mask.png")
    expect(page.locator("#inpaint-status")).to_contain_text("The mask was put over the photo.")
    wait_for_coverage(page, 0.25)
    page.keyboard.press("Control+z")
    wait_for_coverage(page, 0)
    page.keyboard.press("Control+Shift+z")
    wait_for_coverage(page, 0.25)
    Image.fromarray(mask[:50]).save(tmp_path / "short.png")
    upload(page, "#inpaint-mask-upload", tmp_path / "short.png")
    expect(page.locator("#inpaint-status")).to_contain_text("192 x 50 pixels, but the picture 192 x 128")
    assert coverage(page) == pytest.approx(0.25, abs=0.005)


@pytest.mark.tabs("inpaint")
def test_a_late_answer_takes_back_nothing(page: Page, tmp_path: Path) -> None:
    held = Held(page, "**/predict")
    choose_and_see(page, "inpaint", photo(tmp_path / "holiday.png"))
    page.click("#inpaint-damage")
    expect(page.locator("#inpaint-undamage")).to_be_visible()
    Image.fromarray(np.eye(2, dtype=np.uint8) * 255).resize((192, 128), 0).save(tmp_path / "mask.png")
    upload(page, "#inpaint-mask-upload", tmp_path / "mask.png")
    told = page.locator("#inpaint-status")
    expect(told).to_contain_text("The mask was put over the photo.")
    assert held, "the server hears of the photo apart from the mask"
    held.is_over = True
    for route in held:
        with page.expect_response(route.request.url):
            route.continue_()
    page.wait_for_timeout(300)  # for the page to take the answers in
    expect(told).to_contain_text("The mask was put over the photo.")
    expect(page.locator("#inpaint-undamage")).to_be_visible()
    wait_for_coverage(page, 0.5)


def test_a_press_waits_until_the_server_knows_of_the_photo(page: Page, tmp_path: Path) -> None:
    go_to(page, "deblur")
    with page.expect_request("**/predict") as first:
        press_restore(page, "deblur")
    pressed = first.value.post_data_json["fn_index"]
    expect(page.locator("#deblur-status")).to_contain_text("Done in")
    expect(page.locator("#deblur-run")).to_be_enabled()
    page.wait_for_timeout(300)
    held = Held(page, "**/predict")
    choose_and_see(page, "deblur", photo(tmp_path / "walk.png", 96, 64))
    press_restore(page, "deblur")
    page.wait_for_timeout(300)
    assert held, "the server has not heard of the photo"
    asked = [route.request.post_data_json["fn_index"] for route in held]
    assert pressed not in asked
    held.release()
    expect(page.locator("#deblur-status")).to_contain_text("Done in")
    expect(page.locator("#deblur-scores")).to_contain_text("DiffIR")


def test_a_press_while_a_photo_uploads_is_told_of_and_kept(page: Page, tmp_path: Path) -> None:
    held = Held(page, "**/upload*")
    go_to(page, "deblur")
    choose(page, "deblur", photo(tmp_path / "slow.png", 96, 64))
    expect(page.locator("#deblur-canvas .caption")).to_have_text(words_of("photo").canvas["opening"])
    press_restore(page, "deblur")
    expect(page.locator("#deblur-canvas .caption")).to_have_text(words_of("photo").canvas["opening_to_run"])
    held.release()
    expect(page.locator("#deblur-status")).to_contain_text("Done in")
    assert download(page, "#deblur-download", tmp_path).name == "slow-deblurred.png"


def test_of_two_files_the_later_one_stays(page: Page, tmp_path: Path) -> None:
    """However long the former one takes: to upload, or to be made visible by the server."""
    first, second = photo(tmp_path / "first.png", 96, 64), photo(tmp_path / "second.png", 48, 32)
    held: list[Route] = []
    page.route("**/upload*", lambda route: route.continue_() if held else held.append(route))
    go_to(page, "deblur")
    expect(page.locator("#deblur-canvas .pad")).to_have_attribute("data-state", "photo")  # the example has come
    choose(page, "deblur", first)
    expect(page.locator("#deblur-canvas .caption")).to_have_text(words_of("photo").canvas["opening"])
    choose_and_see(page, "deblur", second)
    held[0].continue_()
    page.wait_for_timeout(300)
    expect(page.locator("#deblur-canvas .caption")).to_contain_text("second.png")
    page.unroute("**/upload*")

    Image.open(first).save(tmp_path / "first.tiff")
    waiting = Held(page, "**/queue/join*")
    choose(page, "deblur", tmp_path / "first.tiff")
    page.wait_for_function("document.querySelector('#deblur-canvas .pad:not(.busy)')")
    page.wait_for_timeout(300)
    choose_and_see(page, "deblur", second)
    assert len(waiting) == 1, "the server is asked to show the first"
    waiting.release()
    page.wait_for_timeout(500)
    expect(page.locator("#deblur-canvas .caption")).to_contain_text("second.png")
    restore(page, "deblur")
    assert download(page, "#deblur-download", tmp_path).name == "second-deblurred.png"


def test_a_press_after_an_example_waits_for_it(page: Page, tmp_path: Path) -> None:
    go_to(page, "deblur")
    choose_and_see(page, "deblur", photo(tmp_path / "walk.png", 96, 64))
    waiting = Held(page, "**/queue/join*")
    page.locator("#deblur-examples button").first.click()
    page.wait_for_timeout(300)
    press_restore(page, "deblur")
    page.wait_for_timeout(300)
    assert len(waiting) == 1
    waiting.release()
    expect(page.locator("#deblur-status")).to_contain_text("Done in")
    expect(page.locator("#deblur-canvas .caption")).not_to_contain_text("walk")
    assert not download(page, "#deblur-download", tmp_path).name.startswith("walk")


def test_a_run_that_is_refused_leaves_the_buttons_usable(page: Page) -> None:
    go_to(page, "deblur")
    full: Any = {"status": 503, "headers": {BY_THE_TEST: "yes"}, "body": '{"detail": "Queue is full"}'}
    page.route("**/queue/join*", lambda route: route.fulfill(**full), times=1)
    press_restore(page, "deblur")
    expect(page.locator("#deblur-status")).to_contain_text("Too many runs are waiting")
    restore(page, "deblur")


def test_a_press_on_what_turns_out_to_be_no_photo_runs_nothing(page: Page, pace: Pace, tmp_path: Path) -> None:
    go_to(page, "deblur")
    choose_and_see(page, "deblur", photo(tmp_path / "walk.png", 96, 64))
    runs, text = pace.runs, tmp_path / "letter.png"
    text.write_text("no picture")
    page.evaluate(
        """() => document.querySelector("#deblur-canvas input.file").addEventListener("change",
            () => document.getElementById("deblur-run").click())"""
    )
    choose(page, "deblur", text)
    expect(page.locator("#deblur-status .status")).to_contain_text("letter.png")
    page.wait_for_timeout(300)
    assert pace.runs == runs
    restore(page, "deblur")
    assert pace.runs == runs + 1


@pytest.mark.tabs("sr")
def test_super_resolution_is_four_times_as_large(page: Page, tmp_path: Path) -> None:
    go_to(page, "sr")
    source = photo(tmp_path / "stamp.jpg", 60, 40)
    choose_and_see(page, "sr", source)
    restore(page, "sr")
    expect(page.locator("#sr-scores")).to_contain_text("Bicubic")
    result = download(page, "#sr-download", tmp_path)
    assert result.name == "stamp-4x.png" and pixels(result).shape == (160, 240, 3)


def test_deblur_a_case_that_is_made_here(page: Page, tmp_path: Path) -> None:
    go_to(page, "deblur")
    choose_and_see(page, "deblur", photo(tmp_path / "walk.png"))
    page.click("#deblur-damage")
    expect(page.locator("#deblur-status")).to_contain_text("measured against the sharp photo")
    restore(page, "deblur")
    expect(page.locator("#deblur-scores")).to_contain_text("PSNR")
    show(page, "deblur", "Clean original", "A")
    restore(page, "deblur")
    expect(page.locator("#deblur-board").get_by_label("Picture A")).to_have_value("original")
    expect(page.locator("#deblur-timeline .sentence")).to_contain_text("million multiplications in")
    assert download(page, "#deblur-download", tmp_path).name == "walk-deblurred.png"


@pytest.mark.tabs()
def test_the_first_minute(page: Page) -> None:
    """Every tab opens with an example that runs at one press; another example takes its place."""
    for key in ("inpaint", "sr", "deblur"):
        go_to(page, key)
        expect(page.locator(f"#{key}-canvas .pad")).to_have_attribute("data-state", "photo")
        restore(page, key)
        expect(page.locator(f"#{key}-scores")).to_contain_text("PSNR")
    go_to(page, "inpaint")
    assert coverage(page) > 0
    page.click("#inpaint-examples [data-index='1']")
    expect(page.locator("#inpaint-credit")).to_contain_text("Steve Evans")
    expect(page.locator("#inpaint-canvas .caption")).to_contain_text("street-textile-market")


def test_another_photo_takes_the_old_result_away(page: Page, tmp_path: Path) -> None:
    result = [
        "#deblur-board .stage canvas",
        "#deblur-reference",
        "#deblur-download",
        "#deblur-scores",
        "#deblur-timeline .step",
    ]

    def nothing_is_left() -> None:
        for selector in result:
            expect(page.locator(selector).locator("visible=true")).to_have_count(0)
        expect(page.locator("#deblur-board .board")).to_have_attribute("data-state", "empty")
        expect(page.locator("#deblur-canvas canvas.photo")).to_be_visible()
        expect(page.locator("#deblur-status")).not_to_contain_text("Done in")

    go_to(page, "deblur")
    Image.open(photo(tmp_path / "scan.png")).save(tmp_path / "scan.tif")
    for change in (
        lambda: choose_and_see(page, "deblur", tmp_path / "scan.png"),
        lambda: page.click("#deblur-damage"),
        lambda: choose_and_see(page, "deblur", tmp_path / "scan.tif"),
        lambda: page.click("#deblur-examples [data-index='1']"),
    ):
        restore(page, "deblur")
        for selector in result[:-1]:
            expect(page.locator(selector)).to_be_visible()
        change()
        nothing_is_left()


@pytest.mark.tabs("inpaint")
def test_damage_can_be_taken_back(page: Page, tmp_path: Path) -> None:
    choose_and_see(page, "inpaint", photo(tmp_path / "walk.png"))
    expect(page.locator("#inpaint-undamage")).to_be_hidden()
    page.click("#inpaint-damage")
    page.wait_for_function(f"({COVERAGE})('inpaint') > 0")
    page.click("#inpaint-undamage")
    wait_for_coverage(page, 0)
    expect(page.locator("#inpaint-undamage")).to_be_hidden()
    expect(page.locator("#inpaint-canvas .caption")).to_contain_text("walk.png · 192 × 128")
    expect(page.locator("#inpaint-status")).to_contain_text("Paint over what should go")


def test_another_photo_ends_the_run_on_the_former_one(page: Page, pace: Pace, tmp_path: Path) -> None:
    go_to(page, "deblur")
    pace.delay = 0.2
    press_restore(page, "deblur")
    see(page, "#deblur-status", "Diffusion: step")
    choose_and_see(page, "deblur", photo(tmp_path / "next.png"))
    expect(page.locator("#deblur-run")).to_be_enabled()
    assert pace.finished.wait(20)
    expect(page.locator("#deblur-board .stage canvas")).to_be_hidden()
    expect(page.locator("#deblur-timeline .step")).to_have_count(0)


def test_a_seed_that_is_no_whole_number_is_refused(page: Page) -> None:
    go_to(page, "deblur")
    page.get_by_text("Options", exact=True).locator("visible=true").click()
    page.locator("#deblur-seed input").fill("1.5")
    press_restore(page, "deblur")
    expect(page.locator("#deblur-status .status.bad")).to_contain_text("The seed must be a whole number")
    page.locator("#deblur-seed input").fill("2")
    restore(page, "deblur")
    page.locator("#deblur-seed input").fill("1.5")
    press_restore(page, "deblur")
    expect(page.locator("#deblur-status .status.bad")).to_contain_text("The seed must be a whole number")
    expect(page.locator("#deblur-run")).to_be_enabled()
    expect(page.locator("#deblur-scores table")).to_be_visible()
    expect(page.locator(".error:visible")).to_have_count(0)


def test_the_keyboard_keeps_its_place(page: Page, pace: Pace) -> None:
    go_to(page, "deblur")
    pace.delay = 0.15
    page.locator("#deblur-run").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#deblur-cancel")).to_be_focused()
    expect(page.locator("#deblur-run")).to_be_focused()
    expect(page.locator("#deblur-status")).to_contain_text("Done in")
    expect(page.locator(".spoken", has_text="Done in")).to_have_count(1)


@pytest.mark.tabs("inpaint")
def test_cancel_then_restore_again(page: Page, pace: Pace) -> None:
    pace.hold(PriorStep)
    press_restore(page, "inpaint")
    see(page, "#inpaint-status", "Diffusion: step")
    expect(page.locator("#inpaint-run")).to_be_disabled()
    page.click("#inpaint-cancel")
    expect(page.locator("#inpaint-status")).to_contain_text("Cancelled.")
    expect(page.locator("#inpaint-run")).to_be_enabled()
    pace.go()
    assert pace.finished.wait(20)
    assert not lock_for(choose_device("cpu")).locked()
    assert page.locator(".error:visible").count() == 0
    assert "Cancelled" in status(page, "inpaint"), "nothing arrives after the cancel"
    restore(page, "inpaint")


@pytest.mark.tabs("inpaint")
def test_a_visitor_who_waits_may_leave_the_queue(open_page: Callable[..., Page], pace: Pace) -> None:
    first, second = open_page(), open_page()
    before = pace.runs
    pace.delay = 0.2
    press_restore(first, "inpaint")
    see(first, "#inpaint-status", "Diffusion: step")
    press_restore(second, "inpaint")
    expect(second.locator("#inpaint-status")).to_contain_text("1 run before yours")
    second.click("#inpaint-cancel")
    expect(second.locator("#inpaint-status")).to_contain_text("Cancelled.")
    first.close()
    assert pace.finished.wait(20), "a visitor who leaves frees the device"
    pace.delay = 0.0
    restore(second, "inpaint")
    assert pace.runs == before + 2


@pytest.mark.tabs("inpaint")
def test_a_double_click_runs_once(page: Page, pace: Pace) -> None:
    before = pace.runs
    pace.delay = 0.1
    page.dblclick("#inpaint-run")
    expect(page.locator("#inpaint-status")).to_contain_text("Done in")
    expect(page.locator("#inpaint-run")).to_be_enabled()
    page.wait_for_timeout(300)
    assert pace.runs == before + 1


def test_a_busy_page_loses_no_update(page: Page) -> None:
    """It takes in many at once, each of which tells of other parts."""
    go_to(page, "deblur")
    expect(page.locator("#deblur-download")).to_be_hidden()
    press_restore(page, "deblur")
    page.wait_for_timeout(50)
    page.evaluate(BUSY)
    expect(page.locator("#deblur-status")).to_contain_text("Done in")
    expect(page.locator("#deblur-download")).to_be_visible()
    expect(page.locator("#deblur-scores table")).to_be_visible()


def test_a_bad_file_gives_one_sentence_and_the_photo_stays(page: Page, tmp_path: Path) -> None:
    bad = tmp_path / "notes.png"
    bad.write_text("not a picture")
    go_to(page, "deblur")
    choose(page, "deblur", bad)
    expect(page.locator("#deblur-status")).to_contain_text("notes.png is not a picture")
    assert "Traceback" not in page.inner_text("body")
    expect(page.locator("#deblur-canvas .caption")).to_contain_text("text-road-sign")
    restore(page, "deblur")
    expect(page.locator("#deblur-scores")).to_contain_text("PSNR")
    choose(page, "deblur", bad)
    expect(page.locator("#deblur-status")).to_contain_text("notes.png is not a picture")
    expect(page.locator("#deblur-bench")).to_have_attribute("data-view", "result")  # it is still there
    expect(page.locator("#deblur-download")).to_be_visible()


def test_a_format_that_browsers_cannot_show(page: Page, tmp_path: Path) -> None:
    go_to(page, "deblur")
    Image.open(photo(tmp_path / "scan.png")).save(tmp_path / "scan.tif")
    choose_and_see(page, "deblur", tmp_path / "scan.tif")
    expect(page.locator("#deblur-canvas .pad")).to_have_attribute("data-state", "photo")
    restore(page, "deblur")
    assert download(page, "#deblur-download", tmp_path).name == "scan-deblurred.png"


@pytest.mark.tabs("sr")
def test_own_weights_are_checked(page: Page, tmp_path: Path) -> None:
    (tmp_path / "mine.pth").write_bytes(b"these are no weights at all")
    go_to(page, "sr")
    page.get_by_text("Weights", exact=True).locator("visible=true").click()
    upload(page, "#sr-own-weights", tmp_path / "mine.pth")
    expect(page.locator("#sr-status")).to_contain_text("mine.pth: this is not a weight file.")
    restore(page, "sr")
    save(tmp_path / "better.safetensors", network("sr", seed=1), task="sr", provenance="trained", name="better")
    upload(page, "#sr-own-weights", tmp_path / "better.safetensors")
    news = "better.safetensors will be used for the next run: trained, as the file says"
    expect(page.locator("#sr-status")).to_contain_text(news)
    said = page.locator("#sr-own-weights-said")  # beside the button, too, where one looks
    expect(said).to_contain_text("better.safetensors will be used for the next run")
    below, above = in_sight(said)[1], in_sight(page.locator("#sr-own-weights"))[1]
    assert 0 < below - above < 80
    restore(page, "sr")
    expect(page.locator("#sr-badge")).to_contain_text("trained, as the file says")
    expect(row(page, "sr", "better").locator("th")).to_have_attribute("title", "DiffIR, trained, as the file says")


@pytest.mark.tabs()
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_a_phone(open_page: Callable[..., Page], theme: str) -> None:
    """Nothing is wider than the screen, and a finger paints instead of scrolling."""
    page = open_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, color_scheme=theme)
    for key in ("inpaint", "sr", "deblur"):
        go_to(page, key)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    go_to(page, "inpaint")
    expect(page.get_by_role("button", name="Clear mask")).to_be_hidden()
    page.get_by_role("button", name=words_of("photo").canvas["more"]).click()
    page.get_by_role("button", name="Clear mask").click()
    assert coverage(page) == 0
    page.get_by_role("button", name=words_of("photo").canvas["more"]).click()
    left, top, width, height = place(page, "inpaint")
    scrolled = page.evaluate("window.scrollY")
    finger = page.context.new_cdp_session(page)
    for kind, share in (
        ("touchStart", 0.3),
        ("touchMove", 0.4),
        ("touchMove", 0.5),
        ("touchMove", 0.6),
        ("touchEnd", None),
    ):
        where = [] if share is None else [{"x": left + 0.5 * width, "y": top + share * height}]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": where})
    assert coverage(page) > 0
    assert page.evaluate("window.scrollY") == scrolled
    painted, one, two = (
        coverage(page),
        {"x": left + 30, "y": top + 30},
        {"x": left + 120, "y": top + 90},
    )
    finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [one | {"id": 0}]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [two | {"id": 0}]})
    assert coverage(page) > painted
    finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [two | {"id": 0}, one | {"id": 1}]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert coverage(page) == painted, "two fingers zoom instead of painting"
    restore(page, "inpaint")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
