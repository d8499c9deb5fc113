"""Find scratches for me, in a real Chromium: a proposal that is laid into the mask, and stays one's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, Response, expect

from diffir_demo.imaging import load_picture
from diffir_demo.scratches import find_scratches
from diffir_demo.ui.component import words_of
from diffir_demo.ui.photo.canvas import MaskValue
from tests.browser.actions import (
    Held,
    choose_and_see,
    coverage,
    photo,
    press_restore,
    settle,
    stroke,
    wait_for_coverage,
)
from tests.browser.test_canvas import asked, press

WORDS = words_of("photo")
pytestmark = [pytest.mark.browser, pytest.mark.tabs("inpaint")]

SLIDER = "#inpaint-canvas .sensitivity input"
TOLD = "#inpaint-canvas .found"
SLIDE = """([to, ends]) => {
  const slider = document.querySelector("#inpaint-canvas .sensitivity input");
  slider.value = to;
  for (const name of ["input", ...ends]) slider.dispatchEvent(new Event(name, { bubbles: true }));
}"""


def scratched(path: Path) -> Path:
    """A hill in fog with scratches on it, some of them faint."""
    rows, columns = np.mgrid[0:320, 0:480]
    grey = 60 + rows / 4 + 12 * np.sin(columns / 60) + np.random.default_rng(0).normal(0, 2, rows.shape)
    for number, light in enumerate((150, 120, 90, 28, 18, 12)):
        line = np.abs(columns - 60 - 60 * number - (rows - 160) * (0.1 + 0.05 * number)) < 1.2
        grey[line & (np.abs(rows - 160) < 120)] += light
    Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8)).save(path)
    return path


def found_of(file: Path, sensitivity: float) -> np.ndarray:
    return find_scratches(load_picture(file).pixels, sensitivity)


def answers(whole: bool) -> Callable[[Response], bool]:
    """Of the search: a look at the marks, or the mask itself."""
    word = f'"whole":{"true" if whole else "false"}'
    return lambda answer: "component_server" in answer.url and word in (answer.request.post_data or "")


def laid(page: Page) -> tuple[MaskValue, np.ndarray]:
    """The page's value once nothing is on its way, and its mask."""
    expect(page.locator(SLIDER)).to_be_visible()
    return asked(page)


def test_marks_are_proposed_and_remain_ones_own(page: Page, tmp_path: Path) -> None:
    file = scratched(tmp_path / "old.png")
    usual, all_of_it = found_of(file, 0.5), found_of(file, 1.0)
    assert 0 < usual.sum() < all_of_it.sum(), "the slider has something to change"
    choose_and_see(page, "inpaint", file)
    expect(page.locator(SLIDER)).to_be_hidden()

    press_restore(page, "inpaint")  # without a mask; what it says leads on
    page.locator("#inpaint-status").get_by_role("button", name=WORDS.canvas["find"]).click()
    expect(page.locator(TOLD)).to_contain_text(f"{100 * usual.mean():.2g} % of the photo marked")
    assert np.array_equal(laid(page)[1], usual)

    expect(page.locator("#inpaint-run")).to_be_enabled()
    stroke(page, (0.75, 0.1), (0.95, 0.1))
    drawn = coverage(page)
    assert drawn > usual.mean() + 0.01, "what is drawn on it stays"
    with page.expect_response(answers(whole=True)), page.expect_response(answers(whole=False)):
        page.evaluate(SLIDE, [1.0, []])
    wait_for_coverage(page, drawn - float(usual.mean()) + float(all_of_it.mean()), 0.01)
    expect(page.locator(TOLD)).to_contain_text(f"{100 * all_of_it.mean():.2g} % of the photo marked")
    value, mask = laid(page)
    assert len(value.strokes) == 1 and not (all_of_it & ~mask).any(), "the stroke lies on the larger proposal"

    for expected in (drawn, float(usual.mean()), 0.0):
        press(page, "undo")
        wait_for_coverage(page, expected, 0.01)
    expect(page.locator(SLIDER)).to_be_hidden()
    page.locator("#inpaint-finding summary").click()
    expect(page.locator("#inpaint-finding code")).to_have_text(
        "python -m diffir_demo mask old.png -o old-mask.png --sensitivity 1"
    )
    press(page, "redo")
    wait_for_coverage(page, float(usual.mean()), 0.01)
    expect(page.locator(SLIDER)).to_have_value("0.5")
    page.evaluate(SLIDE, [0.0, ["change"]])
    page.evaluate(SLIDE, [0.9, ["change"]])
    expect(page.locator(TOLD)).to_contain_text(f"{100 * found_of(file, 0.9).mean():.2g} %")
    assert np.array_equal(laid(page)[1], found_of(file, 0.9))
    press(page, "undo")
    wait_for_coverage(page, 0.0)  # however often the slider was moved, the proposal is one step


def test_what_is_found_late_lands_on_no_other_photo(page: Page, tmp_path: Path) -> None:
    file, other = scratched(tmp_path / "old.png"), photo(tmp_path / "other.png", 480, 320)
    find = page.locator("#inpaint-canvas [data-do=scratches]")
    choose_and_see(page, "inpaint", file)
    held = Held(page, "**/component_server**")
    find.click()
    expect(find).to_have_text(WORDS.canvas["find_stop"])
    choose_and_see(page, "inpaint", other)
    expect(find).to_have_text(WORDS.canvas["find"])
    with page.expect_response("**/component_server**"):
        held.release()
    settle(page)
    assert coverage(page) == 0
    expect(page.locator(TOLD)).to_be_empty()

    held = Held(page, "**/component_server**")
    choose_and_see(page, "inpaint", file)
    find.click()
    find.click()  # stop looking
    with page.expect_response("**/component_server**"):
        held.release()
    settle(page)
    assert coverage(page) == 0

    plain = tmp_path / "plain.png"
    Image.new("RGB", (200, 150), "#678").save(plain)
    choose_and_see(page, "inpaint", plain)
    find.click()
    expect(page.locator(TOLD)).to_have_text(WORDS.found_nothing)
    expect(page.locator(SLIDER)).to_be_visible()
    page.evaluate(SLIDE, [1.0, ["change"]])
    expect(page.locator(TOLD)).to_have_text(WORDS.found_nothing)
    assert coverage(page) == 0
