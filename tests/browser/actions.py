"""What a visitor does: choose, paint, press, wait, download."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Locator, Page, Route, TimeoutError, expect

WITHIN = """(key, layer) => {
  const pad = document.querySelector(`#${key}-canvas .pad`), canvas = pad.querySelector(`canvas.${layer}`);
  const fine = canvas.width / canvas.clientWidth, [x, y, width, height] = JSON.parse(pad.dataset.place);
  const inside = (from, to, end) =>
    [Math.max(0, Math.ceil(fine * from - 0.02)), Math.min(end, Math.floor(fine * to + 0.02))];
  const [left, right] = inside(x, x + width, canvas.width), [top, bottom] = inside(y, y + height, canvas.height);
  return canvas.getContext("2d").getImageData(left, top, right - left, bottom - top);
}"""
"""What a layer of the canvas shows where the photo is: pixels that lie wholly in it. There are bars beside a photo."""
COVERAGE = f"""(key) => {{
  const {{ data }} = ({WITHIN})(key, "mask");
  let painted = 0;
  for (let i = 3; i < data.length; i += 4) painted += data[i] > 127;
  return painted / (data.length / 4);
}}"""

PLACE = """(key) => {
  const pad = document.querySelector(`#${key}-canvas .pad`);
  const box = pad.querySelector("canvas.photo").getBoundingClientRect();
  const [x, y, width, height] = JSON.parse(pad.dataset.place);
  return [box.x + x, box.y + y, width, height];
}"""
"""Where the photo lies on the page: [left, top, width, height]."""

AWAIT_NEWS = """(key) => {
  const status = document.querySelector(`#${key}-status`);
  delete status.dataset.news;
  const watch = new MutationObserver(() => { status.dataset.news = "yes"; watch.disconnect(); });
  watch.observe(status, { subtree: true, childList: true, characterData: true });
}"""
IS_OVER = """(key) => {
  const part = (name) => document.querySelector(`#${key}-${name}`);
  return part("status").dataset.news && part("status").textContent.includes("Done in")
    && !part("run").disabled && part("board").querySelector('[data-state="shown"]')
    && part("scores").querySelector("table")
    && part("bench").dataset.view === "result";
}"""
"""Whether the run that began after `AWAIT_NEWS` is over, and its result on the stage."""


def go_to(page: Page, key: str) -> None:
    """Opens the tab of a task."""
    titles = {"inpaint": "Remove", "clean": "Clean up", "sr": "Enlarge", "deblur": "Deblur"}
    page.get_by_role("tab", name=titles[key], exact=True).click()
    page.wait_for_selector(f"#{key}-run", state="visible")


def choose(page: Page, key: str, file: Path) -> None:
    """Gives the canvas a photo, as its file picker does."""
    page.set_input_files(f"#{key}-canvas input.file", file)


def choose_and_see(page: Page, key: str, file: Path) -> None:
    choose(page, key, file)
    expect(page.locator(f"#{key}-canvas .caption")).to_contain_text(file.name)


def upload(page: Page, selector: str, file: Path) -> None:
    """Presses an upload button and picks a file."""
    with page.expect_file_chooser() as opening:
        page.locator(selector).click()
    opening.value.set_files(file)


def see_photo(page: Page, key: str) -> None:
    """Puts the photo back onto the stage, where a result took its place."""
    back = page.locator(f"#{key}-stage-bar [data-view=photo]")
    if back.is_visible():
        back.click()


def unfold(page: Page, selector: str) -> None:
    """Opens a folded part."""
    page.locator(f"{selector} .fold").first.click()


def place(page: Page, key: str) -> tuple[float, float, float, float]:
    """(left, top, width, height) of the photo on the page, scrolled into sight."""
    page.locator(f"#{key}-canvas .stage").scroll_into_view_if_needed()
    left, top, width, height = page.evaluate(PLACE, key)
    return left, top, width, height


def at(page: Page, key: str, x: float, y: float) -> tuple[float, float]:
    """Where a point of the photo lies on the page; x and y are fractions of the photo."""
    left, top, width, height = place(page, key)
    return left + x * width, top + y * height


def in_sight(part: Locator) -> tuple[float, float, float, float]:
    """(left, top, width, height) of a part of the page, scrolled into sight where it is not."""
    part.evaluate('(part) => part.scrollIntoView({ block: "nearest", behavior: "instant" })')
    box = part.bounding_box()
    assert box is not None
    return box["x"], box["y"], box["width"], box["height"]


def stroke(page: Page, *points: tuple[float, float]) -> None:
    """Pulls the mouse over the inpainting canvas; points are fractions of the photo, which is shown as a whole."""
    see_photo(page, "inpaint")
    places = [at(page, "inpaint", *point) for point in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for each in places[1:]:
        page.mouse.move(*each, steps=8)
    page.mouse.up()


def coverage(page: Page, key: str = "inpaint") -> float:
    """Share of the canvas that is painted."""
    return float(page.evaluate(COVERAGE, key))


def wait_for_coverage(page: Page, share: float, tolerance: float = 0.005) -> None:
    """A mask that comes from the server takes a moment to be drawn."""
    page.wait_for_function(f"Math.abs(({COVERAGE})('inpaint') - {share}) < {tolerance}")


def status(page: Page, key: str) -> str:
    return page.locator(f"#{key}-status .status span").inner_text()


def see(page: Page, selector: str, text: str) -> None:
    """Waits for a text that may be gone a moment later: looks at every frame, where `expect` looks once a second."""
    page.wait_for_function(
        "([where, text]) => document.querySelector(where)?.textContent.includes(text)", arg=[selector, text]
    )


def settle(page: Page) -> None:
    """Waits until the page has drawn what it draws once nothing moves, 140 milliseconds after the last move."""
    page.evaluate("""() => new Promise((done) => setTimeout(
        () => requestAnimationFrame(() => requestAnimationFrame(done)), 160))""")


class Held(list[Route]):
    """What the page asks for at an address, kept back until it is released."""

    def __init__(self, page: Page, address: str) -> None:
        """address: a pattern."""
        super().__init__()
        self.is_over = False
        """Whether what is asked for from now on passes."""
        page.route(address, lambda route: route.continue_() if self.is_over else self.append(route))

    def release(self) -> None:
        self.is_over = True
        for route in self:
            route.continue_()


def press_restore(page: Page, key: str) -> None:
    page.click(f"#{key}-run")


def restore(page: Page, key: str) -> None:
    """One whole run."""
    page.evaluate(AWAIT_NEWS, key)
    press_restore(page, key)
    with suppress(TimeoutError):  # looks at every frame, where `expect` looks once a second, and tells what is missing
        page.wait_for_function(IS_OVER, arg=key)
    expect(page.locator(f"#{key}-status")).to_contain_text("Done in")
    expect(page.locator(f"#{key}-run")).to_be_enabled()
    expect(page.locator(f"#{key}-bench")).to_have_attribute("data-view", "result")
    page.wait_for_selector(f"#{key}-scores table", state="attached")


def row(page: Page, key: str, method: str) -> Locator:
    """A method's row in the table under the board."""
    return page.locator(f"#{key}-scores tbody tr", has_text=method)


def show(page: Page, key: str, method: str, letter: str) -> None:
    """Puts a method into a pane of the board, and waits until it is there."""
    button = row(page, key, method).get_by_role("button", name=f"Show {method} as {letter}")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(row(page, key, method)).not_to_contain_text("running")


def compare_by(page: Page, key: str, mode: str) -> None:
    """Chooses how the board compares, by the name of the way."""
    page.locator(f"#{key}-board").get_by_role("radio", name=mode).check()


def download(page: Page, selector: str, folder: Path) -> Path:
    """Presses a button and keeps the file that comes, under the name it comes with."""
    with page.expect_download() as coming:
        page.click(selector)
    path = folder / coming.value.suggested_filename
    coming.value.save_as(path)
    return path


def pixels(path: Path) -> np.ndarray:
    """(h, w, 3) uint8."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def photo(path: Path, width: int = 192, height: int = 128) -> Path:
    """A colourful picture to try things with."""
    rows, columns = np.mgrid[0:height, 0:width]
    waves = 40 * np.sin(rows / 7) + 30 * np.cos(columns / 11)
    colours = np.stack([rows * 200 / height + waves, columns * 220 / width, 120 + waves + rows / 4], axis=-1)
    Image.fromarray(np.clip(colours, 0, 255).astype(np.uint8)).save(path)
    return path
