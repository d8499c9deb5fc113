"""The diffusion timeline as a visitor uses it: watch, scrub, play, read, paint, save; on a desktop and on a phone."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.browser.actions import choose_and_see, download, go_to, photo, press_restore, restore, see, settle
from tests.browser.conftest import Pace

pytestmark = [pytest.mark.browser, pytest.mark.tabs("deblur")]

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
MAP_COLOUR = """([canvas, x, y]) => {
  const at = [Math.floor(x * canvas.width), Math.floor(y * canvas.height)];
  return [...canvas.getContext("2d").getImageData(...at, 1, 1).data];
}"""
WATCH = """(view) => {
  window.seen = [];
  const look = () => window.seen.push([view.querySelectorAll(".step").length, view.getBoundingClientRect().height]);
  new MutationObserver(look).observe(view, { subtree: true, childList: true, attributes: true });
}"""
BRIGHTEST = """(canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let brightest = 0;
  for (let i = 0; i < data.length; i++) if (i % 4 < 3) brightest = Math.max(brightest, data[i]);
  return brightest;
}"""


def timeline(page: Page, key: str = "deblur") -> Locator:
    return page.locator(f"#{key}-timeline .timeline")


def ready(page: Page, tmp_path: Path) -> Locator:
    """A small photo of our own, restored."""
    go_to(page, "deblur")
    choose_and_see(page, "deblur", photo(tmp_path / "walk.png", 96, 64))
    restore(page, "deblur")
    view = timeline(page)
    expect(view.locator(".sentence")).to_contain_text("times as many")
    return view


def height(view: Locator) -> float:
    box = view.bounding_box()
    assert box is not None
    return box["height"]


def numbers(view: Locator) -> list[float]:
    """Of the step that is shown, from the list of them all."""
    text = view.locator("pre").text_content() or ""
    return [float(number.replace("−", "-")) for number in text.split()]


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desktop", "phone"])
def test_it_fills_while_the_run_goes_and_keeps_its_place(
    options: dict[str, object], open_page: Callable[..., Page], pace: Pace, tmp_path: Path
) -> None:
    page = open_page(**options)
    go_to(page, "deblur")
    choose_and_see(page, "deblur", photo(tmp_path / "walk.png", 96, 64))
    view = timeline(page)
    expect(view).to_have_attribute("data-state", "empty")
    expect(view.locator(".steps")).to_be_hidden()  # nothing is shown of what is not there yet
    view.evaluate(WATCH)
    pace.delay = 0.12
    press_restore(page, "deblur")
    expect(view.locator(".sentence")).to_contain_text("runs on 256 numbers")
    expect(view).to_have_attribute("data-state", "finished")
    expect(view.locator(".sentence")).to_contain_text(re.compile(r"Diffusion: 0\.79 million multiplications in .*\sms"))
    seen = page.evaluate("window.seen")
    counts = [count for count, _ in seen]
    assert counts == sorted(counts) and {1, 2, 3, 5} <= set(counts), "it fills step by step"
    tall = [height for _, height in seen]
    assert tall == sorted(tall), "it only grows, and downwards"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_scrubbing_by_keyboard_and_choosing_a_card(page: Page, tmp_path: Path) -> None:
    view = ready(page, tmp_path)
    scrub, at = view.locator(".scrub"), view.locator(".at")
    expect(at).to_have_text("Step 4 of 4")
    scrub.focus()
    page.keyboard.press("ArrowLeft")
    expect(at).to_have_text("Step 3 of 4")
    expect(view.locator(".step").nth(3)).to_have_attribute("aria-pressed", "true")
    third = numbers(view)
    page.keyboard.press("Home")
    expect(at).to_have_text("Noise")
    noise = numbers(view)
    assert len(noise) == len(third) == 256 and noise != third
    expect(view.locator(".facts dd").first).to_have_text(f"{np.linalg.norm(noise):.2f}")
    view.locator(".step").nth(1).click()
    expect(scrub).to_have_value("1")
    expect(view.locator(".facts")).to_contain_text(f"{np.linalg.norm(np.subtract(numbers(view), noise)):.2f}")


def test_playing_and_pausing(page: Page, tmp_path: Path) -> None:
    view = ready(page, tmp_path)
    play, at = view.locator(".play"), view.locator(".at")
    play.click()
    expect(play).to_have_text("Pause")
    expect(at).to_have_text("Noise")
    expect(at).to_have_text("Step 1 of 4")
    play.click()
    expect(play).to_have_text("Play")
    page.wait_for_timeout(1100)
    expect(at).to_have_text("Step 1 of 4")
    play.click()
    expect(at).to_have_text("Step 4 of 4")
    expect(play).to_have_text("Play")


def test_with_reduced_motion_a_press_is_a_step(open_page: Callable[..., Page], tmp_path: Path) -> None:
    view = ready(open_page(reduced_motion="reduce"), tmp_path)
    play, at = view.locator(".play"), view.locator(".at")
    expect(play).to_have_text("Next step")
    for text in ("Noise", "Step 1 of 4", "Step 2 of 4"):
        play.click()
        expect(at).to_have_text(text)
    view.page.wait_for_timeout(1100)
    expect(at).to_have_text("Step 2 of 4")


def test_every_number_can_be_read_by_keyboard_and_by_pointing(page: Page, tmp_path: Path) -> None:
    view = ready(page, tmp_path)
    probe, bars, field = view.locator(".probe"), view.locator(".bars"), view.locator(".map")
    values = numbers(view)

    def reads(index: int) -> None:
        text = f"{values[index]:.3f}".replace("-", "−")
        expect(probe).to_contain_text(re.compile(rf"Number {index + 1} of 256: {text};"))

    field.focus()
    reads(0)
    for key, index in (("ArrowDown", 16), ("ArrowRight", 17), ("ArrowUp", 1), ("ArrowUp", 1), ("End", 255)):
        page.keyboard.press(key)
        reads(index)
    expect(field).to_have_attribute("aria-valuenow", "256")
    expect(field).to_have_attribute("aria-valuetext", re.compile("Step 4. Number 256 of 256"))
    bars.focus()
    for key, index in (("ArrowLeft", 254), ("PageUp", 238), ("Home", 0), ("ArrowLeft", 0)):
        page.keyboard.press(key)
        reads(index)
    box = field.bounding_box()
    assert box is not None
    field.hover(position={"x": box["width"] * 2.5 / 16, "y": box["height"] * 3.5 / 16})
    reads(50)
    expect(probe).to_contain_text("from the noise on:")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_map_shows_the_numbers_on_the_scale(scheme: str, open_page: Callable[..., Page], tmp_path: Path) -> None:
    """Blue below zero and orange above, light and dark; the legend says where the scale ends."""
    view = ready(open_page(color_scheme=scheme), tmp_path)
    view.locator(".step").nth(0).click()
    values = numbers(view)
    for index, channel in ((int(np.argmin(values)), 2), (int(np.argmax(values)), 0)):
        place = [(index % 16 + 0.5) / 16, (index // 16 + 0.5) / 16]
        colour = view.page.evaluate(MAP_COLOUR, [view.locator(".map").element_handle(), *place])
        assert max(colour[:3]) == colour[channel] and colour[channel] - colour[2 - channel] > 40
    ticks = view.locator(".ticks span").all_inner_texts()
    assert len(ticks) == 5 and ticks[2] == "0" and ticks[0] == f"−{ticks[4]}"
    assert float(ticks[4]) >= round(max(map(abs, values)), 2)


def test_painting_a_step_and_seeing_what_it_lacks(page: Page, pace: Pace, tmp_path: Path) -> None:
    view = ready(page, tmp_path)
    runs, pictures = pace.runs, view.locator(".step img[src]")
    expect(pictures).to_have_count(1)
    expect(view.locator(".paint")).to_be_disabled()
    view.locator(".step").nth(1).click()
    expect(view.locator(".nothing")).to_contain_text("was not painted")
    before = height(view)
    view.locator(".paint").click()
    expect(pictures).to_have_count(2)
    expect(view.locator(".distance")).to_contain_text(re.compile(r"differs from the result by [\d.]+ of 255 levels"))
    expect(view.locator(".facts")).to_contain_text("of 255 levels")
    expect(view.locator(".busy")).to_have_text("")
    assert pace.runs == runs + 1 and height(view) >= before
    closeups = view.locator(".closeups")  # the photo and the result, then step 1 and the result
    expect(closeups.locator(".pairs > div")).to_have_count(2)
    expect(view.locator(".picture")).to_have_attribute("src", re.compile(r"step-1\.webp"))
    view.locator("[data-view=difference]").click()
    expect(view.locator(".difference")).to_be_visible()
    expect(view.locator(".difference")).to_have_attribute("aria-label", re.compile("Step 1 and the result differ"))
    view.locator(".gain select").select_option("1")
    page.wait_for_function(f"(canvas) => ({BRIGHTEST})(canvas) > 0", arg=view.locator(".difference").element_handle())
    plain = view.locator(".difference").evaluate(BRIGHTEST)
    view.locator(".gain select").select_option("4")
    settle(page)
    assert view.locator(".difference").evaluate(BRIGHTEST) == min(255, 4 * plain)
    view.locator("[data-view=own]").click()
    view.locator(".frame").hover()
    page.mouse.down()
    expect(view.locator(".picture")).to_have_attribute("src", re.compile(r"step-4\.webp"))
    page.mouse.up()
    expect(view.locator(".picture")).to_have_attribute("src", re.compile(r"step-1\.webp"))


def test_painting_all_steps_and_the_noise(page: Page, pace: Pace, tmp_path: Path) -> None:
    view = ready(page, tmp_path)
    runs = pace.runs
    view.locator(".paint-all").click()
    expect(view.locator(".step img[src]")).to_have_count(4)
    expect(view.locator(".paint-all")).to_be_disabled()
    view.get_by_label("and the noise").check()
    view.locator(".paint-all").click()
    expect(view.locator(".step img[src]")).to_have_count(5)
    assert pace.runs == runs + 4
    view.get_by_text("For engineers").click()
    expect(view.locator(".more")).to_contain_text("for every picture you see: 5 times so far")
    expect(view.locator(".more")).to_contain_text("96 × 64 pixels. Norms")


def test_previews_are_pictures_of_the_timeline(page: Page, tmp_path: Path) -> None:
    go_to(page, "deblur")
    choose_and_see(page, "deblur", photo(tmp_path / "walk.png", 96, 64))
    page.get_by_text("Options", exact=True).locator("visible=true").click()
    page.locator("#deblur-previews input").check()
    restore(page, "deblur")
    expect(timeline(page).locator(".step img[src]")).to_have_count(4)


def test_painting_can_be_stopped_and_goes_on_later(page: Page, pace: Pace, tmp_path: Path) -> None:
    view = ready(page, tmp_path)
    pace.hold(run=2)
    view.locator(".paint-all").click()
    see(page, "#deblur-timeline .busy", "Painting step 2 (2 of 3): ")
    with page.expect_request("**/cancel"):  # its answer comes once the run has left
        view.locator(".halt").click()
    expect(view.locator(".halt")).to_be_hidden()
    pace.go()
    assert pace.finished.wait(20)
    page.wait_for_timeout(300)
    expect(view.locator(".step img[src]")).to_have_count(2)  # of the run and of the first step
    expect(page.locator(".toast-body")).to_have_count(0)
    view.locator(".paint-all").click()
    expect(view.locator(".step img[src]")).to_have_count(4)


def test_another_photo_or_another_run_ends_the_painting(page: Page, pace: Pace, tmp_path: Path) -> None:
    view = ready(page, tmp_path)
    pace.delay = 0.3
    view.locator(".paint-all").click()
    see(page, "#deblur-timeline .busy", "Painting step 1")
    choose_and_see(page, "deblur", photo(tmp_path / "other.png", 96, 64))
    expect(view).to_have_attribute("data-state", "empty")
    assert pace.finished.wait(20)
    page.wait_for_timeout(300)
    expect(view).to_have_attribute("data-state", "empty")
    pace.delay = 0.0
    restore(page, "deblur")
    pace.delay = 0.3
    view.locator(".paint-all").click()
    see(page, "#deblur-timeline .busy", "Painting step 1")
    pace.delay = 0.0
    restore(page, "deblur")
    expect(view.locator(".sentence")).to_contain_text("times as many")
    expect(view.locator(".step img[src]")).to_have_count(1)
    expect(view.locator(".busy")).to_have_text("")


def test_the_diffusion_as_files(page: Page, tmp_path: Path) -> None:
    view = ready(page, tmp_path)
    files = {
        suffix: download(page, f"#deblur-timeline [data-suffix='{suffix}']", tmp_path)
        for suffix in (".npy", ".gif", ".png")
    }
    assert [path.name for path in files.values()] == [f"walk-diffusion{suffix}" for suffix in files]
    array = np.load(files[".npy"])
    assert array.shape == (5, 256) and array.dtype == np.float32
    assert numbers(view) == pytest.approx(array[-1].tolist(), abs=1e-3)
    with Image.open(files[".gif"]) as animation:
        assert getattr(animation, "n_frames", 1) == 5
    with Image.open(files[".png"]) as strip:
        assert strip.width > 5 * 256


def test_on_a_phone_the_cards_scroll_and_the_page_does_not(open_page: Callable[..., Page], tmp_path: Path) -> None:
    page = open_page(**PHONE)
    view = ready(page, tmp_path)
    view.scroll_into_view_if_needed()
    assert view.locator(".steps").evaluate("(strip) => strip.scrollWidth > strip.clientWidth + 100")
    assert view.locator(".steps").evaluate("(strip) => strip.scrollLeft > 100"), "the result's card is in view"
    view.locator(".step").nth(0).tap()
    expect(view.locator(".at")).to_have_text("Noise")
    view.locator(".play").tap()
    expect(view.locator(".at")).to_have_text("Step 4 of 4")
    page.wait_for_function(
        "() => { const strip = document.querySelector('#deblur-timeline .steps');"
        " return strip.scrollLeft + strip.clientWidth > strip.scrollWidth - 20; }"
    )
    view.locator(".map").tap(position={"x": 75, "y": 3})
    expect(view.locator(".probe")).to_contain_text(re.compile(r"Number \d+ of 256"))
    small = view.locator("button:visible, select:visible, input[type=range]:visible").evaluate_all(
        "(nodes) => nodes.map((node) => node.getBoundingClientRect()).filter((box) => box.height < 24).length"
    )
    assert small == 0 and page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_changes_most_is_enlarged_four_times(page: Page, tmp_path: Path) -> None:
    """One corner of a plain photo is noisy; an untrained network changes most of what stands out."""
    rng = np.random.default_rng(0)
    pixels = np.full((160, 200, 3), 128, np.uint8)
    pixels[:48, 152:] = rng.integers(0, 256, (48, 48, 3))
    Image.fromarray(pixels).save(tmp_path / "plain.png")
    go_to(page, "deblur")
    choose_and_see(page, "deblur", tmp_path / "plain.png")
    restore(page, "deblur")
    view = timeline(page)
    closeups = view.locator(".closeups")
    expect(closeups).to_contain_text("four times")
    pairs = closeups.locator("figure")
    if pairs.count():
        first = pairs.first.locator("img")
        expect(first).to_have_count(2)
        size = first.first.evaluate("(image) => image.decode().then(() => [image.naturalWidth, image.width])")
        assert size[1] == 4 * size[0]
        expect(pairs.first).to_contain_text(re.compile(r"differ by [\d.]+ of 255 levels"))
    else:
        expect(closeups).to_contain_text("too little to see, so nothing is enlarged")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
