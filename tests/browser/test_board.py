"""The compare board in a real Chromium: every way to compare, by mouse, keys and fingers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import CDPSession, Page, expect

from diffir_demo.tasks.inpaint import FAITHFUL
from diffir_demo.ui import files
from tests.browser.actions import (
    choose_and_see,
    compare_by,
    download,
    go_to,
    photo,
    pixels,
    restore,
    row,
    see,
    settle,
    show,
)
from tests.browser.conftest import Pace

pytestmark = [pytest.mark.browser, pytest.mark.tabs("deblur")]

PIXEL = """([key, x, y]) => {
  const canvas = document.querySelector(`#${key}-board canvas`), ratio = canvas.width / canvas.clientWidth;
  return [...canvas.getContext("2d").getImageData(x * ratio, y * ratio, 1, 1).data];
}"""


def board(page: Page, key: str) -> tuple[float, float, float, float]:
    """(left, top, width, height) of the stage on the page, scrolled into sight."""
    canvas = page.locator(f"#{key}-board .stage canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    return box["x"], box["y"], box["width"], box["height"]


ROW = """(key) => {
  const canvas = document.querySelector(`#${key}-board .stage canvas`), from = Math.round(0.3 * canvas.width);
  const count = Math.round(0.2 * canvas.width), pen = canvas.getContext("2d");
  const pixels = pen.getImageData(from, Math.round(0.5 * canvas.height), count, 1).data;
  return Array.from({ length: count }, (_, i) => pixels[4 * i]);
}"""
"""Red of the pixels in the middle of the stage, from 0.3 to 0.5 of its width."""


def colour(page: Page, key: str, x: float, y: float) -> np.ndarray:
    """RGB of what is painted at (x, y) of the stage, fractions of it."""
    return rgba(page, key, x, y)[:3]


def rgba(page: Page, key: str, x: float, y: float) -> np.ndarray:
    """With alpha, 0 where nothing is painted; after the next frame."""
    _, _, width, height = board(page, key)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return np.array(page.evaluate(PIXEL, [key, round(x * width), round(y * height)]))


def panes(page: Page, key: str) -> list[tuple[float, float]]:
    """The middle of every pane, in fractions of the stage: a tag stands in the upper left corner of each."""
    tags = page.locator(f"#{key}-board .tag:visible")
    corners = tags.evaluate_all("(tags) => tags.map(({ style }) => [style.left, style.top].map(parseFloat))")
    columns, rows = (sorted({corner[axis] for corner in corners}) for axis in (0, 1))
    return [((columns.index(left) + 0.5) / len(columns), (rows.index(top) + 0.5) / len(rows)) for left, top in corners]


def level(page: Page, key: str) -> float:
    return float(page.locator(f"#{key}-board .level").inner_text().split()[0])


def line(page: Page, key: str) -> int:
    return int(page.locator(f"#{key}-board .knob").get_attribute("aria-valuenow") or -1)


@pytest.fixture
def known(page: Page, tmp_path: Path) -> Page:
    """A dark photo that was deblurred, and a white picture given as its clean one: A and B cannot be mixed up."""
    go_to(page, "deblur")
    Image.new("RGB", (240, 160), (40, 40, 40)).save(tmp_path / "dark.png")
    Image.new("RGB", (240, 160), (250, 250, 250)).save(tmp_path / "white.png")
    choose_and_see(page, "deblur", tmp_path / "dark.png")
    restore(page, "deblur")
    give_reference(page, "deblur", tmp_path / "white.png")
    expect(page.locator("#deblur-status")).to_contain_text("measured against white.png")
    show(page, "deblur", "Clean original", "B")
    wait_for_white(page, 0.7)
    return page


def give_reference(page: Page, key: str, file: Path) -> None:
    with page.expect_file_chooser() as opening:
        page.click(f"#{key}-reference")
    opening.value.set_files(file)


def wait_for_white(page: Page, x: float) -> None:
    """Pictures take a moment to be fetched."""
    for _ in range(50):
        if colour(page, "deblur", x, 0.6)[0] > 200:
            return
        page.wait_for_timeout(100)
    pytest.fail("the clean picture did not come")


def test_the_slider_by_mouse_and_keys(known: Page) -> None:
    assert line(known, "deblur") == 50
    assert colour(known, "deblur", 0.3, 0.6)[0] < 60 and colour(known, "deblur", 0.7, 0.6)[0] == 250
    left, top, width, height = board(known, "deblur")
    known.mouse.click(left + 0.8 * width, top + 0.6 * height)
    assert abs(line(known, "deblur") - 80) <= 1 and colour(known, "deblur", 0.7, 0.6)[0] < 60
    known.mouse.move(left + 0.8 * width, top + 0.5 * height)
    known.mouse.down()
    known.mouse.move(left + 0.2 * width, top + 0.5 * height, steps=5)
    known.mouse.up()
    assert abs(line(known, "deblur") - 20) <= 1 and colour(known, "deblur", 0.3, 0.6)[0] == 250
    known.locator("#deblur-board .knob").focus()
    before = line(known, "deblur")
    known.keyboard.press("ArrowRight")
    assert line(known, "deblur") == before + 1
    known.keyboard.press("Home")
    assert line(known, "deblur") == 0
    known.keyboard.press("End")
    expect(known.locator("#deblur-board .knob")).to_have_attribute("aria-valuetext", "100 % shows Your photo")


def test_lens_flicker_and_difference(known: Page) -> None:
    compare_by(known, "deblur", "Lens")
    left, top, width, height = board(known, "deblur")
    known.mouse.move(left + 0.3 * width, top + 0.5 * height)
    assert colour(known, "deblur", 0.3, 0.5)[0] == 250, "B is under the lens"
    assert colour(known, "deblur", 0.75, 0.5)[0] < 60, "A is around it"
    known.locator("#deblur-board .lens").focus()
    for _ in range(16):
        known.keyboard.press("ArrowRight")
    assert colour(known, "deblur", 0.75, 0.5)[0] == 250 and colour(known, "deblur", 0.3, 0.5)[0] < 60

    compare_by(known, "deblur", "Flicker")
    known.locator("#deblur-board .pace").fill("0")
    settle(known)
    left, top, width, height = board(known, "deblur")
    assert colour(known, "deblur", 0.5, 0.5)[0] == 250
    known.keyboard.down("f")
    settle(known)
    assert colour(known, "deblur", 0.5, 0.5)[0] < 60
    known.keyboard.up("f")
    settle(known)
    assert colour(known, "deblur", 0.5, 0.5)[0] == 250
    known.mouse.move(left + 0.5 * width, top + 0.5 * height)
    known.mouse.down()
    settle(known)
    assert colour(known, "deblur", 0.5, 0.5)[0] < 60
    known.mouse.up()
    settle(known)
    assert colour(known, "deblur", 0.5, 0.5)[0] == 250

    compare_by(known, "deblur", "Difference")
    gain = known.locator("#deblur-board .gain")
    gain.fill("0")
    expect(known.locator("#deblur-board .high")).to_have_text("255 levels of 255 or more")
    shown = colour(known, "deblur", 0.5, 0.5)
    assert (np.abs(shown - 210) <= 3).all(), "|40 - 250|, once"
    show(known, "deblur", "Clean original", "A")
    assert (colour(known, "deblur", 0.5, 0.5) == 0).all(), "a picture does not differ from itself"
    gain.fill("5")
    assert (colour(known, "deblur", 0.5, 0.5) == 0).all()
    expect(known.locator("#deblur-board .gain + output")).to_have_text("× 32")


TURNS = """() => {
  const tag = document.querySelector("#deblur-board .tag");
  window.turns = [];
  new MutationObserver(() => {
    const on = tag.classList.contains("on");
    if (on !== window.turns.at(-1)?.[0]) window.turns.push([on, performance.now()]);
  }).observe(tag, { attributes: true });
}"""
"""Writes down from now on when A is shown (true) and when it is not."""


def test_it_flickers_by_itself_as_quickly_as_asked(known: Page) -> None:
    compare_by(known, "deblur", "Flicker")
    pace = known.locator("#deblur-board .pace")
    expect(pace).to_have_attribute("aria-valuetext", "1 a second")
    known.evaluate(TURNS)
    known.wait_for_function("() => window.turns.length >= 4")
    pace.fill("0")
    expect(pace).to_have_attribute("aria-valuetext", "off")
    count = known.evaluate("() => window.turns.length")
    known.wait_for_timeout(1200)
    assert known.evaluate("() => window.turns.length") <= count + 1, "one may have been on its way"


@pytest.mark.tabs("inpaint")
def test_nothing_flickers_for_those_who_want_stillness(open_page: Callable[..., Page], tmp_path: Path) -> None:
    page = open_page(reduced_motion="reduce")
    expect(page.locator("#inpaint-board .pace")).to_have_value("0")


def test_no_hold_flashes_faster_than_three_times_a_second(known: Page) -> None:
    compare_by(known, "deblur", "Flicker")
    known.locator("#deblur-board .pace").fill("0")
    known.evaluate(TURNS)
    known.locator("#deblur-board .stage").focus()
    for _ in range(30):
        known.keyboard.press("f", delay=12)
    settle(known)
    times = [time for _, time in known.evaluate("() => window.turns")]
    assert all(later - earlier >= 160 for earlier, later in zip(times, times[1:], strict=False))


@pytest.mark.parametrize("large", [False, True], ids=["small", "previews with exact regions"])
def test_the_difference_is_the_differences_of_pixels(
    large: bool, page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At 100 %, every pixel of the screen is eight times what A and B differ by."""
    if large:
        monkeypatch.setattr(files, "EXACT", 1000)
        monkeypatch.setattr(files, "LONGEST", 48)
    go_to(page, "deblur")
    source = photo(tmp_path / "walk.png", 160, 120)
    choose_and_see(page, "deblur", source)
    restore(page, "deblur")
    after = pixels(download(page, "#deblur-download", tmp_path)).astype(int)
    compare_by(page, "deblur", "Difference")
    page.click("#deblur-board [data-do='full']")
    expect(page.locator("#deblur-board .reduced")).to_be_hidden()
    settle(page)
    _, _, width, height = board(page, "deblur")
    expected = np.minimum(8 * np.abs(after - pixels(source).astype(int)), 255)
    assert expected.any(), "an untrained network changes a photo"
    for x, y in ((20, 70), (80, 60), (140, 75)):
        place = ((width - 160) / 2 + x + 0.5, (height - 120) / 2 + y + 0.5)
        found = colour(page, "deblur", place[0] / width, place[1] / height)
        around = expected[y - 1 : y + 2, x - 1 : x + 2].reshape(-1, 3)
        assert (np.abs(around - found).max(axis=1) <= 1).any(), f"at {x}, {y}: {found}, not {expected[y, x]}"


@pytest.mark.tabs("sr")
def test_what_is_just_enlarged_is_smooth_from_pixel_to_pixel(page: Page, tmp_path: Path) -> None:
    """It is called bicubic, so between two pixels of the small photo there are levels that neither of them has."""
    stripes = np.zeros((24, 32, 3), np.uint8)
    stripes[:, ::2] = 255
    Image.fromarray(stripes).save(tmp_path / "stripes.png")
    go_to(page, "sr")
    choose_and_see(page, "sr", tmp_path / "stripes.png")
    restore(page, "sr")
    page.locator("#sr-board .knob").focus()
    page.keyboard.press("End")
    expect(page.locator("#sr-board .knob")).to_have_attribute("aria-valuenow", "100")
    seen = [int(colour(page, "sr", x, 0.5)[0]) for x in np.linspace(0.3, 0.5, 48)]
    assert min(seen) < 40 and max(seen) > 215, "the small photo is what is looked at"
    assert sum(60 < each < 195 for each in seen) > 8
    row = np.array(page.evaluate(ROW, "sr"))
    changes, zoom = int((np.diff(row) != 0).sum()), level(page, "sr") / 100
    assert zoom > 2 and changes <= len(row) / zoom + 2, "each pixel of the result is a square, as in the result"


@pytest.mark.tabs("inpaint")
def test_zoom_by_wheel_keys_buttons_and_double_click(page: Page, tmp_path: Path) -> None:
    page.locator("#inpaint-preset").get_by_label("Faithful").check()  # to copy texture takes long in a large photo
    expect(page.locator("#inpaint-preset-summary")).to_contain_text(FAITHFUL.summary)
    choose_and_see(page, "inpaint", photo(tmp_path / "wide.png", 1800, 1200))
    page.click("#inpaint-damage")
    expect(page.locator("#inpaint-status")).to_contain_text("Scribbles")
    restore(page, "inpaint")
    fitted = level(page, "inpaint")
    assert 30 < fitted < 70
    page.locator("#inpaint-board .knob").focus()
    page.keyboard.press("Home")  # the result all over: in the other picture a scribble may lie anywhere
    left, top, width, height = board(page, "inpaint")
    settle(page)
    page.mouse.move(left + 0.25 * width, top + 0.5 * height)
    before = colour(page, "inpaint", 0.25, 0.5)
    for _ in range(4):
        page.mouse.wheel(0, -200)
    page.wait_for_timeout(100)
    assert level(page, "inpaint") > 1.5 * fitted
    assert np.abs(colour(page, "inpaint", 0.25, 0.5) - before).max() < 40, "what is under the pointer stays there"
    page.locator("#inpaint-board .stage").focus()
    page.keyboard.press("0")
    assert level(page, "inpaint") == fitted
    page.keyboard.press("+")
    assert level(page, "inpaint") == pytest.approx(1.25 * fitted, abs=1)
    page.keyboard.press("-")
    page.keyboard.press("1")
    assert level(page, "inpaint") == 100
    there = colour(page, "inpaint", 0.5, 0.5)
    page.mouse.move(left + 0.5 * width, top + 0.7 * height)
    page.mouse.down()
    page.mouse.move(left + 0.3 * width, top + 0.7 * height, steps=4)
    page.mouse.up()
    assert np.abs(colour(page, "inpaint", 0.3, 0.5) - there).max() <= 2, "the picture follows the mouse"
    page.keyboard.press("ArrowRight")
    page.click("#inpaint-board [data-do='fit']")
    assert level(page, "inpaint") == fitted
    page.mouse.dblclick(left + 0.5 * width, top + 0.75 * height)
    assert level(page, "inpaint") == 100
    page.mouse.dblclick(left + 0.5 * width, top + 0.75 * height)
    assert level(page, "inpaint") == fitted
    page.locator("#inpaint-board").get_by_label("Mask outline").check()
    settle(page)
    red = page.evaluate("""() => {
      const canvas = document.querySelector("#inpaint-board canvas");
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      let found = 0;
      for (let i = 0; i < data.length; i += 4) found += data[i] === 255 && data[i + 1] === 93 && data[i + 2] === 85;
      return found;
    }""")
    assert red > 50


@pytest.mark.tabs("sr")
def test_up_to_four_panes_share_one_zoom(page: Page, pace: Pace) -> None:
    """Methods that were not run are run when they are asked for: a baseline, and a network with other weights."""
    go_to(page, "sr")
    restore(page, "sr")
    runs = pace.runs
    compare_by(page, "sr", "Side by side")
    expect(page.locator("#sr-board .tag:visible")).to_have_count(2)
    page.click("#sr-board [data-do='add']")
    page.click("#sr-board [data-do='add']")
    expect(page.locator("#sr-board .tag:visible")).to_have_count(4)
    expect(page.locator("#sr-board [data-do='add']")).to_be_disabled()
    show(page, "sr", "Lanczos", "C")
    expect(row(page, "sr", "Lanczos").locator("td").first).to_contain_text("s")
    page.locator("#sr-board").get_by_label("Picture D").select_option(label="DiffIR, Crisp: run")
    expect(page.locator("#sr-status")).to_contain_text("DiffIR, Crisp took")
    expect(row(page, "sr", "DiffIR, Crisp").locator("td").nth(1)).to_contain_text(".")
    expect(page.locator("#sr-run")).to_be_enabled()
    assert pace.runs == runs + 1
    expect(page.locator("#sr-board .tag .facts").last).to_contain_text("dB")
    page.click("#sr-board [data-do='full']")
    settle(page)
    assert level(page, "sr") == 100
    assert [rgba(page, "sr", *place)[3] for place in panes(page, "sr")] == [255] * 4
    page.get_by_role("button", name="Remove this picture: D").click()
    expect(page.locator("#sr-board .tag:visible")).to_have_count(3)
    bold = page.locator("#sr-scores td.best")
    expect(bold).to_have_count(2)


@pytest.mark.tabs("sr")
def test_a_comparison_can_be_cancelled(page: Page, pace: Pace) -> None:
    go_to(page, "sr")
    restore(page, "sr")
    steps = page.locator("#sr-ipr .step").count()
    pace.delay = 0.2
    row(page, "sr", "DiffIR, Crisp").get_by_role("button", name="Run").click()
    see(page, "#sr-status", "DiffIR, Crisp, to compare")
    expect(row(page, "sr", "DiffIR, Crisp")).to_contain_text("running")
    page.click("#sr-cancel")
    expect(page.locator("#sr-status")).to_contain_text("Cancelled.")
    expect(row(page, "sr", "DiffIR, Crisp").get_by_role("button", name="Run")).to_be_visible()
    expect(page.locator("#sr-board").get_by_label("Picture A")).to_have_value("input")
    expect(page.locator("#sr-board .stage canvas")).to_be_visible()
    assert page.locator("#sr-ipr .step").count() == steps, "what the result came from is still there"
    assert pace.finished.wait(20)
    pace.delay = 0.0
    row(page, "sr", "DiffIR, Crisp").get_by_role("button", name="Run").click()
    expect(page.locator("#sr-status")).to_contain_text("DiffIR, Crisp took")
    expect(page.locator("#sr-board").get_by_label("Picture A")).to_have_value("compact-sr-crisp.safetensors")


def test_a_clean_picture_of_ones_own(page: Page, tmp_path: Path) -> None:
    go_to(page, "deblur")
    choose_and_see(page, "deblur", photo(tmp_path / "walk.png"))
    restore(page, "deblur")
    expect(page.locator("#deblur-scores")).to_contain_text("Scores need the picture as it should be")
    expect(page.locator("#deblur-scores")).not_to_contain_text("PSNR")
    give_reference(page, "deblur", photo(tmp_path / "small.png", 100, 80))
    expect(page.locator("#deblur-status")).to_contain_text("has 100 × 80 pixels, the result 192 × 128")
    give_reference(page, "deblur", photo(tmp_path / "clean.png"))
    expect(page.locator("#deblur-scores")).to_contain_text("PSNR, dB")
    expect(row(page, "deblur", "Your photo").locator("td").nth(1)).to_have_text("∞")
    restore(page, "deblur")
    expect(page.locator("#deblur-scores")).to_contain_text("PSNR, dB")


def test_a_large_result_comes_as_a_preview_with_exact_regions(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "EXACT", 1000)
    monkeypatch.setattr(files, "LONGEST", 48)
    go_to(page, "deblur")
    choose_and_see(page, "deblur", photo(tmp_path / "large.png", 384, 256))
    restore(page, "deblur")
    result = pixels(download(page, "#deblur-download", tmp_path))
    page.click("#deblur-board [data-do='full']")
    expect(page.locator("#deblur-board .facts").nth(1)).to_contain_text("preview")
    expect(page.locator("#deblur-board .reduced")).to_be_hidden()
    settle(page)
    _, _, width, height = board(page, "deblur")
    assert level(page, "deblur") == 100
    x, y = 300, 128
    place = ((width - 384) / 2 + x + 0.5, (height - 256) / 2 + y + 0.5)
    found = colour(page, "deblur", place[0] / width, place[1] / height)
    around = result[y - 1 : y + 2, x - 1 : x + 2].reshape(-1, 3).astype(int)
    assert (np.abs(around - found).max(axis=1) <= 1).any(), "a pixel of the result, not of its preview"


def test_full_screen_and_back(page: Page) -> None:
    go_to(page, "deblur")
    restore(page, "deblur")
    page.click("#deblur-board [data-do='fullscreen']")
    page.wait_for_function("document.fullscreenElement?.classList.contains('board')")
    page.wait_for_function("document.querySelector('#deblur-board .stage').clientHeight > 0.7 * window.innerHeight")
    page.click("#deblur-board [data-do='fullscreen']")
    page.wait_for_function("!document.fullscreenElement")


def test_the_place_of_the_result_is_kept(page: Page, pace: Pace, tmp_path: Path) -> None:
    """The picture comes where the photo was."""
    go_to(page, "deblur")
    choose_and_see(page, "deblur", photo(tmp_path / "tall.png", 150, 200))
    pace.delay = 0.15
    page.click("#deblur-run")
    expect(page.locator("#deblur-bench .watch")).to_be_visible()
    before = page.locator("#deblur-canvas canvas.photo").bounding_box()
    expect(page.locator("#deblur-board .stage canvas")).to_be_visible()
    expect(page.locator("#deblur-canvas canvas.photo")).to_be_hidden()
    after = page.locator("#deblur-board .stage canvas").bounding_box()
    assert before is not None and after == pytest.approx(before, abs=1)


def test_on_a_phone_fingers_slide_zoom_and_scroll(open_page: Callable[..., Page]) -> None:
    page = open_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    go_to(page, "deblur")
    restore(page, "deblur")
    left, top, width, height = board(page, "deblur")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    finger, middle = page.context.new_cdp_session(page), top + 0.6 * height
    swipe(finger, (left + 0.5 * width, middle), (left + 0.2 * width, middle))
    assert abs(line(page, "deblur") - 20) <= 6
    fitted = level(page, "deblur")
    pinch(finger, (left + 0.5 * width, middle), 30, 90)
    assert level(page, "deblur") > 2 * fitted
    page.locator("#deblur-board [data-do='fit']").tap()
    assert level(page, "deblur") == pytest.approx(fitted, abs=1)
    scrolled = page.evaluate("window.scrollY")
    swipe(finger, (left + 0.8 * width, top + 0.8 * height), (left + 0.8 * width, top + 0.8 * height - 150))
    settle(page)
    assert page.evaluate("window.scrollY") > scrolled, "one finger still scrolls the page"


def swipe(finger: CDPSession, start: tuple[float, float], end: tuple[float, float]) -> None:
    _touch(finger, "touchStart", start)
    for share in (0.25, 0.5, 0.75, 1.0):
        _touch(finger, "touchMove", tuple(a + share * (b - a) for a, b in zip(start, end, strict=True)))
    _touch(finger, "touchEnd")


def pinch(finger: CDPSession, middle: tuple[float, float], start: float, end: float) -> None:
    """Two fingers beside the middle, from `start` to `end` pixels away from it."""
    for kind, reach in (("touchStart", start), *(("touchMove", start + (end - start) * i / 4) for i in range(1, 5))):
        _touch(finger, kind, (middle[0] - reach, middle[1]), (middle[0] + reach, middle[1]))
    _touch(finger, "touchEnd")


def _touch(finger: CDPSession, kind: str, *places: tuple[float, ...]) -> None:
    points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(places)]
    finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
