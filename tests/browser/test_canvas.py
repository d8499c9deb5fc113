"""The mask canvas, by mouse, keys and fingers: what is seen is what the server makes of it."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gradio_client import Client, handle_file
from PIL import Image
from playwright.sync_api import Page, expect

from diffir_demo.imaging import load_mask, load_picture
from diffir_demo.ui.component import words_of
from diffir_demo.ui.photo.canvas import MaskValue
from tests.browser.actions import (
    WITHIN,
    at,
    choose_and_see,
    coverage,
    download,
    go_to,
    photo,
    pixels,
    press_restore,
    restore,
    see,
    settle,
    stroke,
    upload,
)
from tests.browser.conftest import Pace

pytestmark = [pytest.mark.browser, pytest.mark.tabs("inpaint")]

PAD = "#inpaint-canvas .pad"
OPACITY = f"""() => {{
  const {{ width, height, data }} = ({WITHIN})("inpaint", "mask");
  const bytes = Uint8Array.from({{ length: data.length / 4 }}, (_, i) => data[4 * i + 3]);
  let text = "";
  for (let i = 0; i < bytes.length; i += 4096) text += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return [width, height, btoa(text)];
}}"""
GIVE = """([kind, data]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], `${kind}.png`, { type: "image/png" }));
  if (kind === "paste") document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true }));
  else document.querySelector("#inpaint-canvas .pad").dispatchEvent(
    new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
}"""


@pytest.fixture
def canvas(page: Page, tmp_path: Path) -> Page:
    """The inpainting tab with a photo of our own and the pointer on it."""
    choose_and_see(page, "inpaint", photo(tmp_path / "holiday.png"))
    page.locator("#inpaint-canvas .stage").hover()
    return page


def press(page: Page, action: str) -> None:
    page.click(f"#inpaint-canvas [data-do='{action}']")


def seen(page: Page) -> np.ndarray:
    """(h, w) bool: what the canvas shows as mask of the photo, in its own pixels."""
    width, height, data = page.evaluate(OPACITY)
    return np.frombuffer(base64.b64decode(data), np.uint8).reshape(height, width) >= 128


def asked(page: Page) -> tuple[MaskValue, np.ndarray]:
    """What the page holds, and the mask that the server makes of it: by the button that shows it."""
    with page.expect_response(lambda answer: "component_server" in answer.url) as coming:
        press(page, "inUse")
    expect(page.locator(PAD)).to_have_attribute("data-in-use", "true")
    press(page, "inUse")
    answer = coming.value.json()
    picture = Image.open(io.BytesIO(base64.b64decode(answer["picture"].split(",")[1])))
    return MaskValue.model_validate(coming.value.request.post_data_json["data"]), np.asarray(picture.convert("L")) > 127


def agreement(page: Page) -> float:
    """IoU of the mask on the screen and Python's, both as large as the screen has it."""
    shown = seen(page)
    value, made = asked(page)
    assert np.array_equal(made, value.rasterised(*made.shape)), "the network is given what is drawn"
    expected = value.rasterised(*shown.shape)
    return float((shown & expected).sum() / (shown | expected).sum())


def key_drag(page: Page, key: str, *points: tuple[float, float]) -> None:
    page.keyboard.down(key)
    stroke(page, *points)
    page.keyboard.up(key)


def readout(page: Page, key: str = "inpaint") -> int:
    return int(page.inner_text(f"#{key}-canvas .readout").split()[0])


# --- one rule for pixels ---------------------------------------------------------------------------------


def test_every_tool_paints_what_the_server_rasterises(canvas: Page) -> None:
    def brush() -> None:
        stroke(canvas, (0.2, 0.3), (0.5, 0.6), (0.7, 0.2))

    def subtract() -> None:
        canvas.keyboard.press("m")
        key_drag(canvas, "Alt", (0.3, 0.3), (0.45, 0.8))

    def lasso() -> None:
        canvas.keyboard.press("l")
        stroke(canvas, (0.6, 0.5), (0.9, 0.6), (0.7, 0.9), (0.55, 0.7))

    def box() -> None:
        canvas.keyboard.press("m")
        stroke(canvas, (0.9, 0.4), (0.75, 0.1))

    def erase() -> None:
        canvas.keyboard.press("e")
        stroke(canvas, (0.1, 0.65), (0.9, 0.72))

    def edge(action: str) -> Callable[[], None]:
        def widen() -> None:
            press(canvas, "edge")
            press(canvas, action)
            canvas.keyboard.press("Escape")

        return widen

    def invert() -> None:
        canvas.locator("#inpaint-canvas .stage").hover()
        canvas.keyboard.press("i")

    before = coverage(canvas)
    for act, more in (
        (brush, True),
        (box, True),
        (lasso, True),
        (subtract, False),
        (erase, False),
        (edge("grow"), True),
        (brush, False),  # with the eraser still in hand
        (edge("shrink"), False),
        (invert, True),
        (edge("grow"), True),
    ):
        act()
        after = coverage(canvas)
        assert (after > before) is more, act
        assert agreement(canvas) > 0.98, act
        before = after
    press(canvas, "closer")
    settle(canvas)
    zoomed = seen(canvas)
    assert zoomed.any() and not zoomed.all()
    for _ in range(10):
        canvas.keyboard.press("Control+z")
    assert coverage(canvas) == 0
    for _ in range(10):
        canvas.keyboard.press("Control+Shift+z")
    press(canvas, "fit")
    settle(canvas)
    assert coverage(canvas) == pytest.approx(before, abs=0.002)


@pytest.mark.parametrize("feather", [0, 5])
def test_painted_saved_and_sent_masks_give_the_same_pixels(
    canvas: Page, address: str, tmp_path: Path, feather: int
) -> None:
    stroke(canvas, (0.2, 0.3), (0.5, 0.6))
    canvas.keyboard.press("l")
    stroke(canvas, (0.6, 0.5), (0.9, 0.6), (0.7, 0.9))
    if feather:
        press(canvas, "edge")
        canvas.locator("#inpaint-canvas input.feather").fill(str(feather))
        canvas.keyboard.press("Escape")
    mask = download(canvas, "#inpaint-mask-save", tmp_path)
    restore(canvas, "inpaint")
    painted = pixels(download(canvas, "#inpaint-download", tmp_path))

    upload(canvas, "#inpaint-mask-upload", mask)
    expect(canvas.locator("#inpaint-status")).to_contain_text("The mask was put over the photo.")
    value, made = asked(canvas)
    assert not value.strokes and value.feather == pytest.approx(feather / 192, abs=1e-5)
    restore(canvas, "inpaint")
    uploaded = pixels(download(canvas, "#inpaint-download", tmp_path))
    assert np.array_equal(painted, uploaded)

    sent = Client(address, verbose=False).predict(
        handle_file(tmp_path / "holiday.png"), handle_file(mask), 0, feather, api_name="/inpaint"
    )
    assert np.array_equal(painted, pixels(Path(sent)))
    original, hole = pixels(tmp_path / "holiday.png"), load_mask(mask)
    assert np.array_equal(painted[~made], original[~made])
    assert (made.sum() > hole.sum()) == (feather > 0)


# --- the mask as the network gets it ---------------------------------------------------------------------


def test_the_mask_in_use_is_told_and_left_by_painting(canvas: Page) -> None:
    caption = canvas.locator("#inpaint-canvas .caption")
    press(canvas, "inUse")
    expect(caption).to_contain_text(words_of("photo").no_mask)
    expect(canvas.locator("#inpaint-canvas [data-do='inUse']")).to_have_attribute("aria-pressed", "false")
    canvas.keyboard.press("m")
    stroke(canvas, (0.25, 0.25), (0.75, 0.75))
    press(canvas, "inUse")
    expect(caption).to_contain_text("192 × 128 pixels; 25 % of them")
    stroke(canvas, (0.8, 0.8), (0.9, 0.9))
    expect(canvas.locator(PAD)).to_have_attribute("data-in-use", "false")
    expect(caption).to_contain_text("holiday.png")
    assert agreement(canvas) > 0.98


def test_a_mask_of_everything_is_told_in_words(canvas: Page) -> None:
    canvas.keyboard.press("i")
    assert coverage(canvas) == 1
    press(canvas, "inUse")
    expect(canvas.locator("#inpaint-canvas .caption.wrong")).to_contain_text("covers the whole picture")
    press_restore(canvas, "inpaint")
    expect(canvas.locator("#inpaint-status .bad")).to_contain_text("covers the whole picture")
    canvas.locator("#inpaint-canvas .stage").hover()
    canvas.keyboard.press("i")
    assert coverage(canvas) == 0


def test_the_soft_edge_is_seen_and_undone(canvas: Page) -> None:
    def halo() -> float:
        return canvas.evaluate("""() => {
          const canvas = document.querySelector("#inpaint-canvas canvas.rim");
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          return data.filter((_, i) => i % 4 === 3).reduce((sum, a) => sum + (a > 0), 0);
        }""")

    canvas.keyboard.press("m")
    stroke(canvas, (0.4, 0.4), (0.6, 0.6))
    assert halo() == 0
    press(canvas, "edge")
    canvas.locator("#inpaint-canvas input.feather").fill("8")
    canvas.keyboard.press("Escape")
    canvas.wait_for_function("() => document.querySelector('#inpaint-canvas .pad').dataset.soft === 'true'")
    settle(canvas)
    assert halo() > 0
    value, made = asked(canvas)
    assert made.sum() > value.rasterised(*made.shape).sum()
    canvas.keyboard.press("Control+z")
    settle(canvas)
    assert halo() == 0


# --- zoom and pan ----------------------------------------------------------------------------------------


def test_the_wheel_zooms_towards_the_pointer_and_strokes_land_there(canvas: Page) -> None:
    x, y = at(canvas, "inpaint", 0.7, 0.3)
    canvas.mouse.move(x, y)
    fitted = readout(canvas)
    for _ in range(5):
        canvas.mouse.wheel(0, -240)
    settle(canvas)
    assert readout(canvas) > 3 * fitted
    canvas.mouse.click(x, y)
    assert coverage(canvas) > 0, "a click is a dot"
    value, _ = asked(canvas)
    assert value.strokes[0].p[0] == pytest.approx((0.7, 0.3), abs=0.005)
    canvas.mouse.move(x, y)
    canvas.keyboard.press("0")
    settle(canvas)
    assert readout(canvas) == fitted
    mask = seen(canvas)
    rows, columns = np.nonzero(mask)
    assert columns.mean() / mask.shape[1] == pytest.approx(0.7, abs=0.01)
    assert rows.mean() / mask.shape[0] == pytest.approx(0.3, abs=0.01)


@pytest.mark.parametrize("hand", ["space", "middle"])
def test_the_photo_is_moved_by_hand_without_painting(canvas: Page, hand: str) -> None:
    canvas.keyboard.press("m")
    stroke(canvas, (0.45, 0.45), (0.55, 0.55))
    canvas.keyboard.press("+")
    canvas.keyboard.press("+")
    settle(canvas)
    before = np.argwhere(seen(canvas)).mean(axis=0)
    box = canvas.locator("#inpaint-canvas .stage").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    canvas.mouse.move(x, y)
    if hand == "space":
        canvas.keyboard.down(" ")
    canvas.mouse.down(button="middle" if hand == "middle" else "left")
    canvas.mouse.move(x + 60, y + 30, steps=4)
    canvas.mouse.up(button="middle" if hand == "middle" else "left")
    if hand == "space":
        canvas.keyboard.up(" ")
    settle(canvas)
    assert np.argwhere(seen(canvas)).mean(axis=0) - before == pytest.approx((30, 60), abs=2)
    assert len(asked(canvas)[0].strokes) == 1, "nothing was painted"


@pytest.mark.tabs("deblur")
def test_a_photo_without_mask_can_be_looked_at_closely(page: Page, tmp_path: Path) -> None:
    go_to(page, "deblur")
    choose_and_see(page, "deblur", photo(tmp_path / "walk.png"))
    fitted = readout(page, "deblur")
    page.locator("#deblur-canvas .stage").hover()
    page.mouse.wheel(0, -240)
    settle(page)
    assert readout(page, "deblur") > fitted
    page.keyboard.press("b")
    page.keyboard.press("0")
    assert readout(page, "deblur") == fitted
    assert page.locator("#deblur-canvas [data-do='brush']").is_hidden()


def test_a_panorama_is_painted_where_the_pointer_is(page: Page, tmp_path: Path) -> None:
    """It is shown with bars above and below."""
    choose_and_see(page, "inpaint", photo(tmp_path / "wide.png", 960, 60))
    page.locator("#inpaint-canvas .stage").hover()
    page.keyboard.press("m")
    stroke(page, (0.25, 0.1), (0.5, 0.5))
    _, made = asked(page)
    rows, columns = np.nonzero(made)
    assert (rows.min(), rows.max() + 1) == (6, 30) and (columns.min(), columns.max() + 1) == (240, 480)


def test_a_photo_that_lies_on_its_side_is_upright_from_near_and_far(page: Page, tmp_path: Path) -> None:
    turned = Image.Exif()
    turned[0x112] = 6
    with Image.open(photo(tmp_path / "walk.png")) as image:
        image.convert("RGB").save(tmp_path / "walk.jpg", quality=95, exif=turned)
    upright = load_picture(tmp_path / "walk.jpg").pixels
    choose_and_see(page, "inpaint", tmp_path / "walk.jpg")
    page.mouse.move(*at(page, "inpaint", 0.25, 0.75))
    for turns in (0, 2, 2):
        for _ in range(turns):
            page.mouse.wheel(0, -240)
        settle(page)
        shown = page.evaluate(
            """([x, y]) => {
              const canvas = document.querySelector("#inpaint-canvas canvas.photo");
              const { left, top, width } = canvas.getBoundingClientRect(), fine = canvas.width / width;
              const place = [x - left, y - top].map((each) => Math.round(each * fine));
              return [...canvas.getContext("2d").getImageData(...place, 1, 1).data].slice(0, 3);
            }""",
            at(page, "inpaint", 0.25, 0.75),
        )
        expected = upright[round(0.75 * upright.shape[0]), round(0.25 * upright.shape[1])]
        assert shown == pytest.approx(expected.tolist(), abs=14)


def test_the_canvas_shows_every_photo_as_the_server_turns_it(page: Page, tmp_path: Path) -> None:
    """EXIF turns, in WebP too, which browsers show as it is stored; XMP turns nothing."""
    pixels = np.random.default_rng(0).integers(0, 256, (60, 100, 3), np.uint8)
    exif = Image.Exif()
    exif[0x112] = 6
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    told: dict[str, dict[str, Any]] = {"exif": {"exif": exif.tobytes()}, "xmp": {"xmp": xmp}}
    for how, form in [(how, form) for how in told for form in ("jpg", "png", "webp", "avif", "tif")]:
        if how == "xmp" and form in ("png", "tif"):
            continue  # Pillow writes none
        path = tmp_path / f"{how}.{form}"
        Image.fromarray(pixels).save(path, **told[how])
        picture = load_picture(path)
        assert (picture.width, picture.height) == ((60, 100) if how == "exif" else (100, 60))
        choose_and_see(page, "inpaint", path)
        expect(page.locator("#inpaint-canvas .caption")).to_contain_text(f"{picture.width} × {picture.height}")


# --- keys ------------------------------------------------------------------------------------------------


@pytest.mark.tabs("inpaint", "deblur")
def test_keys_choose_tools_only_where_they_should(canvas: Page) -> None:
    def pressed(name: str) -> bool:
        return canvas.get_attribute(f"#inpaint-canvas [data-do='{name}']", "aria-pressed") == "true"

    for key, tool in (("e", "eraser"), ("m", "box"), ("l", "lasso"), ("b", "brush")):
        canvas.keyboard.press(key)
        assert pressed(tool) and sum(map(pressed, ("brush", "eraser", "box", "lasso"))) == 1
    canvas.keyboard.press("x")
    assert pressed("eraser") and pressed("subtract")
    canvas.keyboard.press("b")
    size = canvas.locator("#inpaint-canvas .size output")
    for _ in range(40):
        canvas.keyboard.press("[")
    expect(size).to_have_text("1 px")
    canvas.keyboard.press("]")
    expect(size).to_have_text("2 px")

    canvas.get_by_text("Options", exact=True).locator("visible=true").click()
    seed = canvas.locator("#inpaint-seed input")
    seed.focus()
    canvas.locator("#inpaint-canvas .stage").hover()
    for key in ("e", "i", "?", "Control+Enter"):
        canvas.keyboard.press(key)
    assert pressed("brush") and coverage(canvas) == 0, "not while a field has the focus"
    assert canvas.locator("dialog[open]").count() == 0
    assert canvas.locator("#inpaint-run").is_enabled()
    go_to(canvas, "deblur")
    canvas.keyboard.press("e")
    go_to(canvas, "inpaint")
    assert pressed("brush"), "not in a tab that is hidden"


def test_tab_shows_the_photo_and_still_leaves_for_those_who_use_keys(canvas: Page) -> None:
    pad = canvas.locator(PAD)
    stroke(canvas, (0.3, 0.3), (0.6, 0.6))
    canvas.keyboard.down("Tab")
    expect(pad).to_have_attribute("data-bare", "true")
    assert canvas.locator("#inpaint-canvas canvas.mask").is_hidden()
    canvas.keyboard.up("Tab")
    expect(pad).to_have_attribute("data-bare", "false")
    expect(canvas.locator("#inpaint-canvas .stage")).to_be_focused()
    canvas.mouse.move(5, 5)
    canvas.keyboard.press("Tab")
    expect(canvas.locator("#inpaint-canvas .stage")).not_to_be_focused()
    canvas.locator("#inpaint-canvas .stage").hover()
    here = canvas.evaluate_handle("document.activeElement")
    canvas.keyboard.press("Tab")
    assert not canvas.evaluate("(before) => before === document.activeElement", here), "the focus came by keyboard"
    expect(pad).to_have_attribute("data-bare", "false")


def test_control_enter_runs_and_escape_cancels(canvas: Page, pace: Pace) -> None:
    stroke(canvas, (0.3, 0.3), (0.6, 0.6))
    before = pace.runs
    pace.delay = 0.2
    canvas.keyboard.press("Control+Enter")
    see(canvas, "#inpaint-status", "Diffusion: step")
    assert pace.runs == before + 1
    canvas.keyboard.press("?")
    canvas.keyboard.press("Escape")
    expect(canvas.locator("#inpaint-cancel")).to_be_enabled()
    assert "Cancelled" not in canvas.inner_text("#inpaint-status"), "Esc closed the list, and no more"
    canvas.keyboard.press("Escape")
    expect(canvas.locator("#inpaint-status")).to_contain_text("Cancelled.")
    assert pace.finished.wait(20)


def test_escape_drops_what_is_being_drawn(canvas: Page) -> None:
    for tool in ("b", "m", "l"):
        canvas.keyboard.press(tool)
        canvas.mouse.move(*at(canvas, "inpaint", 0.2, 0.2))
        canvas.mouse.down()
        canvas.mouse.move(*at(canvas, "inpaint", 0.6, 0.3), steps=4)
        canvas.mouse.move(*at(canvas, "inpaint", 0.5, 0.6), steps=4)
        assert coverage(canvas) > 0
        canvas.keyboard.press("Escape")
        assert coverage(canvas) == 0
        canvas.mouse.up()
        assert coverage(canvas) == 0
    expect(canvas.locator("#inpaint-canvas [data-do='undo']")).to_be_disabled()


def test_shift_draws_straight_lines_and_squares(canvas: Page) -> None:
    stroke(canvas, (0.2, 0.2))
    key_drag(canvas, "Shift", (0.8, 0.7))
    value, made = asked(canvas)
    (x, y), *_ = value.strokes[1].p
    assert (x, y) == value.strokes[0].p[-1]
    assert made[round(0.45 * 128), round(0.5 * 192)], "the middle of the line"
    press(canvas, "clear")
    canvas.locator("#inpaint-canvas .stage").hover()
    canvas.keyboard.press("m")
    key_drag(canvas, "Shift", (0.1, 0.1), (0.2, 0.7))
    rows, columns = np.nonzero(asked(canvas)[1])
    assert np.ptp(rows) == pytest.approx(np.ptp(columns), abs=1)


def test_the_list_of_keys_is_a_dialog(canvas: Page) -> None:
    canvas.keyboard.press("?")
    dialog = canvas.locator("#inpaint-canvas dialog")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("button", name="Close")).to_be_focused()
    assert "Invert the mask" in dialog.inner_text()
    canvas.keyboard.press("Tab")
    canvas.keyboard.press("i")
    assert canvas.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    canvas.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert coverage(canvas) == 0
    press(canvas, "keys")
    expect(dialog).to_be_visible()
    canvas.mouse.click(4, 4)
    expect(dialog).to_be_hidden()


# --- fingers, pasting, dropping --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["paste", "drop"])
def test_photos_may_be_pasted_and_dropped(page: Page, tmp_path: Path, kind: str) -> None:
    page.evaluate(GIVE, [kind, base64.b64encode(photo(tmp_path / "any.png", 90, 60).read_bytes()).decode()])
    expect(page.locator("#inpaint-canvas .caption")).to_contain_text(f"{kind}.png · 90 × 60")
    assert coverage(page) == 0
    expect(page.locator("#inpaint-credit")).to_be_empty()


def test_two_fingers_zoom_and_move_and_never_paint(open_page: Callable[..., Page], tmp_path: Path) -> None:
    page = open_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    choose_and_see(page, "inpaint", photo(tmp_path / "holiday.png"))
    stage = page.locator("#inpaint-canvas .stage")
    stage.scroll_into_view_if_needed()
    box, scrolled, fitted = stage.bounding_box(), page.evaluate("scrollY"), readout(page)
    assert box is not None
    hand = page.context.new_cdp_session(page)

    def touch(kind: str, *places: tuple[float, float]) -> None:
        points: list[dict[str, Any]] = [
            {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"], "id": i}
            for i, (x, y) in enumerate(places)
        ]
        hand.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", (0.4, 0.5))
    touch("touchMove", (0.42, 0.5))
    touch("touchStart", (0.42, 0.5), (0.6, 0.5))
    for spread in (0.2, 0.3, 0.4):
        touch("touchMove", (0.5 - spread, 0.5), (0.5 + spread, 0.5))
    touch("touchEnd")
    settle(page)
    assert readout(page) > 2 * fitted and coverage(page) == 0
    expect(page.locator("#inpaint-canvas [data-do='undo']")).to_be_disabled()
    touch("touchStart", (0.5, 0.5))
    touch("touchMove", (0.6, 0.5))
    touch("touchEnd")
    assert coverage(page) > 0, "one finger paints, zoomed in, too"
    assert page.evaluate("scrollY") == scrolled
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    tools = page.locator("#inpaint-canvas .tools").bounding_box()
    assert tools is not None and tools["height"] < 160, "the tools stay in three rows"
