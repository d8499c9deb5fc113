"""What was copied and what was painted, another try, and the word about very large holes, in a real Chromium."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from diffir_demo.imaging import Picture, load_mask, save_picture
from diffir_demo.ui.component import words_of
from tests.browser.actions import choose_and_see, compare_by, download, press_restore, restore, settle, stroke
from tests.test_texture import bricks

pytestmark = [pytest.mark.browser, pytest.mark.tabs("inpaint")]

BOARD = "#inpaint-board"
HUES = """() => {
  const canvas = document.querySelector("#inpaint-board .stage canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let orange = 0, blue = 0;
  for (let i = 0; i < data.length; i += 4) {
    orange += data[i] > 170 && data[i + 1] > 110 && data[i + 2] < 90;
    blue += data[i + 2] > 150 && data[i] < 150;
  }
  return [orange, blue].map((count) => count / (data.length / 4));
}"""
"""Shares of the board's canvas in the colours of what was copied and what was painted: bricks have neither."""


def hues(page: Page) -> list[float]:
    settle(page)
    return page.evaluate(HUES)


def test_copies_are_shown_saved_and_tried_again(page: Page, tmp_path: Path) -> None:
    wall = save_picture(Picture(bricks()), tmp_path / "wall.png")
    choose_and_see(page, "inpaint", wall)
    page.locator("#inpaint-preset").get_by_text("Texture").click()
    page.locator("#inpaint-canvas [data-do=box]").click()
    stroke(page, (0.1, 0.1), (0.9, 0.9))
    expect(page.locator("#inpaint-preflight-text")).to_contain_text("very large: expect repeated texture")
    page.locator("#inpaint-preset").get_by_text("Faithful").click()
    expect(page.locator("#inpaint-preflight-text")).to_contain_text("very large: expect smooth colour")
    page.locator("#inpaint-canvas [data-do=undo]").click()
    expect(page.locator("#inpaint-preflight-text")).to_be_hidden()
    page.locator("#inpaint-preset").get_by_text("Texture").click()
    stroke(page, (0.4, 0.4), (0.6, 0.6))

    restore(page, "inpaint")
    origins, another = page.locator("#inpaint-board").get_by_label("Copied / painted"), page.locator("#inpaint-another")
    compare_by(page, "inpaint", "Side by side")
    before = hues(page)
    expect(page.locator(f"{BOARD} .legend")).to_be_hidden()
    origins.check()
    expect(page.locator(f"{BOARD} .legend")).to_contain_text("100 % of the hole")
    orange, blue = hues(page)
    assert orange > before[0] + 0.005 and blue < before[1] + 0.001, "all of it is copied, and only one pane shows it"
    compare_by(page, "inpaint", "Difference")
    expect(page.locator(f"{BOARD} .legend")).to_be_hidden()  # it would be no difference
    compare_by(page, "inpaint", "Slider")
    saved = load_mask(download(page, "#inpaint-fill-map", tmp_path))
    assert saved.shape == (160, 160) and 0.03 < saved.mean() < 0.06

    expect(another).to_be_visible()
    another.click()
    expect(page.locator("#runs .cards li")).to_have_count(2)
    expect(page.locator("#inpaint-status")).to_contain_text("Done in")
    expect(page.locator("#inpaint-run")).to_be_enabled()
    page.get_by_role("button", name="Options").first.click()
    expect(page.locator("#inpaint-seed input")).to_have_value("1")

    page.locator("#inpaint-preset").get_by_text("Faithful").click()
    expect(another).to_be_hidden()
    press_restore(page, "inpaint")
    expect(page.locator("#inpaint-measures")).to_contain_text(words_of("compare").all_painted)
    expect(page.locator(f"{BOARD} .of-origins")).to_be_hidden()
    expect(page.locator(f"{BOARD} .legend")).to_be_hidden()
    expect(page.locator("#inpaint-fill-map")).to_be_hidden()
