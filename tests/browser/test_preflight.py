"""The long runs: what a run will take, whose turn it is, and ways out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from playwright.sync_api import Page, expect

from diffir_demo.planning import PACES, Machine
from tests.browser.actions import choose_and_see, go_to, photo, press_restore, restore, see, stroke
from tests.browser.conftest import PHONE, Pace
from tests.tiny import CONFIGS

pytestmark = [pytest.mark.browser, pytest.mark.tabs("inpaint", "deblur")]

HERE = Machine(torch.device("cpu"), torch.float32)


OVERLAPS = """(key) => {
  const names = ["status .line", "preflight-text", "go-on", "smaller", "crop", "not-now", "run"];
  const shown = names.map((name) => [name, document.querySelector(`#${key}-${name}`)])
    .filter(([, each]) => each?.offsetParent);
  const parts = shown.map(([name, each]) => {
    const range = document.createRange();  // of words: as wide as they are
    range.selectNodeContents(each);
    const isButton = each.tagName === "BUTTON", box = (isButton ? each : range).getBoundingClientRect();
    return { name, box, isCut: isButton && each.scrollWidth > each.clientWidth + 1 };
  });
  const bar = document.querySelector(`#${key}-bench .desk`).getBoundingClientRect(), found = [];
  for (const [i, { name, box, isCut }] of parts.entries()) {
    const isHigh = box.top < bar.top || box.bottom > innerHeight + 0.5;
    const isWide = box.left < 0 || box.right > innerWidth + 0.5;
    if (isHigh || isWide || isCut) found.push([name, isCut ? "cut off" : "outside"]);
    for (const other of parts.slice(i + 1)) {
      const across = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
      const down = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top);
      if (across > 1 && down > 1) found.push([name, other.name]);
    }
  }
  return found;
}"""
"""What of the question lies over another part of it, or out of sight."""


@pytest.fixture
def slow() -> Iterator[Callable[[float], None]]:
    """Makes the app believe that a megapixel takes so many seconds to deblur or inpaint here."""

    def believe(seconds: float) -> None:
        from diffir_demo.planning import _cost_per_pixel

        PACES.forget()
        for key in ("deblur", "inpaint"):
            PACES.learn(("paint", CONFIGS[key], HERE), _cost_per_pixel(CONFIGS[key]).unet * 1e6, seconds)
        PACES.learn(("encode", HERE), 1, 1e-3)

    yield believe
    PACES.forget()


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """1.5 megapixels: enough to be made smaller, few enough for a quick test."""
    return photo(tmp_path / "large.png", 1500, 1000)


def line(page: Page, key: str = "deblur"):
    return page.locator(f"#{key}-preflight")


def told(page: Page, key: str = "deblur"):
    return page.locator(f"#{key}-status .status .line span")


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desktop", "phone"])
def test_what_it_takes_moves_no_photo(
    open_page: Callable[..., Page], slow: Callable[[float], None], tmp_path: Path, options: dict[str, Any]
) -> None:
    slow(20)
    page = open_page(**options)
    go_to(page, "deblur")
    choose_and_see(page, "deblur", photo(tmp_path / "small.png", 150, 100))
    stage = page.locator("#deblur-canvas .stage")
    before = stage.bounding_box()
    choose_and_see(page, "deblur", photo(tmp_path / "large.png", 1500, 1000))
    expect(line(page)).to_contain_text("about 30 seconds")
    expect(page.locator("#deblur-crop")).to_be_visible()
    page.wait_for_timeout(300)
    assert stage.bounding_box() == before


@pytest.mark.tabs("deblur")
def test_small_photos_have_no_line(page: Page) -> None:
    go_to(page, "deblur")
    expect(page.locator("#deblur-run")).to_be_visible()
    expect(line(page)).to_be_hidden()
    restore(page, "deblur")
    expect(line(page)).to_be_hidden()


def test_a_large_photo_tells_what_it_takes_and_can_be_made_smaller(
    page: Page, slow: Callable[[float], None], large: Path
) -> None:
    slow(20)
    go_to(page, "deblur")
    choose_and_see(page, "deblur", large)
    expect(line(page)).to_contain_text("1500 × 1000: about 30 seconds")
    page.get_by_role("button", name="Make it smaller (1225 × 816)").click()
    expect(page.locator("#deblur-canvas .caption")).to_contain_text("1225 × 816")
    expect(told(page)).to_contain_text("The photo is now 1225 × 816")
    expect(line(page)).to_contain_text("about 20 seconds")
    expect(page.locator("#deblur-smaller")).to_be_hidden()  # a megapixel is the least


def test_the_photo_is_not_cropped_under_a_run(
    page: Page, slow: Callable[[float], None], large: Path, pace: Pace
) -> None:
    slow(8)
    go_to(page, "deblur")
    choose_and_see(page, "deblur", large)
    expect(page.locator("#deblur-crop")).to_be_visible()
    pace.delay = 0.1
    press_restore(page, "deblur")
    expect(page.locator("#deblur-cancel")).to_be_enabled()
    expect(page.locator("#deblur-crop")).to_be_hidden()
    page.locator("#deblur-crop").dispatch_event("click")  # as a press that was on its way
    pace.delay = 0.0
    expect(page.locator("#deblur-status")).to_contain_text("Done in")
    expect(page.locator("#deblur-canvas .caption")).to_contain_text("1500 × 1000")


def test_one_can_crop_to_what_one_sees(page: Page, slow: Callable[[float], None], large: Path) -> None:
    slow(20)
    go_to(page, "deblur")
    choose_and_see(page, "deblur", large)
    page.click("#deblur-crop")
    expect(told(page)).to_contain_text("Zoom in on the part")
    canvas = page.locator("#deblur-canvas")
    for _ in range(6):
        canvas.locator('[data-do="nearer"], button[aria-label^="Zoom in"]').first.click()
    page.click("#deblur-crop")
    expect(told(page)).to_contain_text("Only the part that you saw is left")
    expect(page.locator("#deblur-canvas .caption")).not_to_contain_text("1500 × 1000")
    expect(line(page)).to_be_hidden()
    restore(page, "deblur")


def test_a_long_run_asks_first(page: Page, slow: Callable[[float], None], large: Path, pace: Pace) -> None:
    slow(100)
    go_to(page, "deblur")
    choose_and_see(page, "deblur", large)
    expect(line(page)).to_contain_text("about 3 minutes")
    expect(page.locator("#deblur-go-on")).to_be_hidden()
    before = pace.runs
    press_restore(page, "deblur")
    expect(told(page)).to_contain_text("about 3 minutes on this machine. Go on?")
    expect(page.locator("#deblur-run")).to_be_enabled()
    page.get_by_role("button", name="Not now").click()
    expect(told(page)).to_contain_text("Not started")
    expect(page.locator("#deblur-go-on")).to_be_hidden()
    press_restore(page, "deblur")
    expect(page.locator("#deblur-go-on")).to_be_visible()
    assert pace.runs == before
    page.get_by_role("button", name="Go on").click()
    expect(told(page)).to_contain_text("Done in")
    expect(page.locator("#deblur-go-on")).to_be_hidden()
    assert pace.runs == before + 1


@pytest.mark.tabs()
def test_what_cannot_be_held_is_refused_without_a_question(page: Page, tmp_path: Path, pace: Pace) -> None:
    go_to(page, "sr")
    choose_and_see(page, "sr", photo(tmp_path / "huge.png", 4000, 3200))
    expect(line(page, "sr")).to_contain_text("more than can be held")
    before = pace.runs
    press_restore(page, "sr")
    expect(told(page, "sr")).to_contain_text("200 is the most")
    expect(page.locator("#sr-go-on")).to_be_hidden()
    expect(page.locator("#sr-smaller")).to_be_visible()
    assert pace.runs == before, "it is refused before a network, or a GPU, is asked for"


def test_the_hole_decides_what_a_large_photo_takes(page: Page, slow: Callable[[float], None], tmp_path: Path) -> None:
    slow(20)
    choose_and_see(page, "inpaint", photo(tmp_path / "wide.png", 2400, 1200))
    expect(line(page, "inpaint")).to_contain_text("up to about a minute")
    stroke(page, (0.1, 0.1), (0.12, 0.12))
    expect(line(page, "inpaint")).to_contain_text("Only what is around the hole is worked on")
    restore(page, "inpaint")
    expect(told(page, "inpaint")).to_contain_text("pixels around the hole")


@pytest.mark.tabs("deblur")
def test_who_waits_hears_how_many_come_first(open_page: Callable[..., Page], pace: Pace) -> None:
    first, second, third = (open_page() for _ in range(3))
    for each in (first, second, third):
        go_to(each, "deblur")
    pace.delay = 1.0  # the first run has to outlast all that follows, on a busy machine, too
    press_restore(first, "deblur")
    see(first, "#deblur-status", "Diffusion")
    press_restore(second, "deblur")
    expect(told(second)).to_contain_text("1 run before yours")
    press_restore(third, "deblur")
    expect(told(third)).to_contain_text("2 runs before yours")
    second.click("#deblur-cancel")
    expect(told(second)).to_contain_text("Cancelled")
    expect(told(third)).to_contain_text("1 run before yours")
    pace.delay = 0.0
    expect(told(third)).to_contain_text("Done in")


def test_the_time_left_is_told(page: Page, slow: Callable[[float], None], large: Path, pace: Pace) -> None:
    slow(20)
    go_to(page, "deblur")
    choose_and_see(page, "deblur", large)
    pace.delay = 0.15
    press_restore(page, "deblur")
    see(page, "#deblur-status small", "s left")
    box = page.locator("#deblur-status").bounding_box()
    pace.delay = 0.0
    expect(told(page)).to_contain_text("Done in")
    after = page.locator("#deblur-status").bounding_box()
    assert box and after and box["y"] == pytest.approx(after["y"], abs=1)


@pytest.mark.parametrize("width", [1440, 1280, 960])
def test_a_question_has_room_and_is_put_off_by_escape(
    page: Page, slow: Callable[[float], None], large: Path, width: int
) -> None:
    slow(100)
    page.set_viewport_size({"width": width, "height": 720})
    go_to(page, "deblur")
    choose_and_see(page, "deblur", large)
    press_restore(page, "deblur")
    expect(page.locator("#deblur-not-now")).to_be_visible()
    assert page.evaluate(OVERLAPS, "deblur") == []
    page.keyboard.press("Escape")
    expect(page.locator("#deblur-not-now")).to_be_hidden()
    expect(told(page)).to_contain_text("Not started")


def test_it_fits_a_phone(open_page: Callable[..., Page], slow: Callable[[float], None], large: Path) -> None:
    slow(100)
    page = open_page(**PHONE)
    go_to(page, "deblur")
    choose_and_see(page, "deblur", large)
    press_restore(page, "deblur")
    expect(page.locator("#deblur-not-now")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate(OVERLAPS, "deblur") == []
    page.locator("#deblur-not-now").tap()
    expect(told(page)).to_contain_text("Not started")
