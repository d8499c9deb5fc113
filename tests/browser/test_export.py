"""A result is kept in any format, repeated elsewhere, and brought back by dropping it."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image
from playwright.sync_api import Page, Route, expect

from diffir_demo.imaging.colour import SRGB
from diffir_demo.recipe import Recipe, find_recipe, read_recipe
from diffir_demo.ui.languages import catalogue
from tests.browser.actions import (
    choose,
    choose_and_see,
    coverage,
    download,
    go_to,
    photo,
    pixels,
    restore,
    stroke,
    wait_for_coverage,
)
from tests.test_imaging import display_p3_profile

pytestmark = [pytest.mark.browser, pytest.mark.tabs("inpaint")]


def camera_photo(path: Path) -> Path:
    """With a date and a colour profile, as telephones take them."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Camera"
    with Image.open(photo(path.with_suffix(".png"))) as image:
        image.save(path, quality=95, exif=exif, icc_profile=display_p3_profile())
    return path


def pick(page: Page, key: str, form: str) -> None:
    page.locator(f"#{key}-format label", has_text=form).click()
    expect(page.locator(f"#{key}-download")).to_contain_text(f"Download {form} (")


def opened(path: Path) -> Image.Image:
    return Image.open(BytesIO(path.read_bytes()))


def options(page: Page, key: str) -> None:
    """Unfolds the options."""
    if not page.locator(f"#{key}-seed input").is_visible():
        page.get_by_text("Options", exact=True).locator("visible=true").click()


def seed(page: Page, key: str) -> str:
    options(page, key)
    return page.locator(f"#{key}-seed input").input_value()


def inpainted(page: Page, folder: Path, name: str = "beach.png") -> tuple[Path, Path, float]:
    """(the photo, its result, the share that was painted), with settings of its own."""
    source = photo(folder / name)
    choose_and_see(page, "inpaint", source)
    stroke(page, (0.2, 0.3), (0.5, 0.6))
    stroke(page, (0.7, 0.2), (0.8, 0.8))
    options(page, "inpaint")
    page.locator("#inpaint-seed input").fill("5")
    share = coverage(page)
    restore(page, "inpaint")
    return source, download(page, "#inpaint-download", folder), share


@pytest.mark.tabs("deblur")
def test_every_format_and_what_goes_along(page: Page, tmp_path: Path) -> None:
    go_to(page, "deblur")
    expect(page.locator("#deblur-export")).to_be_hidden()
    choose_and_see(page, "deblur", camera_photo(tmp_path / "trip.jpg"))
    restore(page, "deblur")
    expect(page.locator("#deblur-download")).to_contain_text("Download PNG (")
    png = download(page, "#deblur-download", tmp_path)
    assert png.name == "trip-deblurred.png"
    found = opened(png)
    assert found.info["icc_profile"] == display_p3_profile() and found.getexif()[ExifTags.Base.Make] == "Camera"
    recipe = read_recipe(png)
    assert recipe.photo and recipe.photo.name == "trip.jpg"

    pick(page, "deblur", "JPEG")
    expect(page.locator("#deblur-quality")).to_be_visible()
    jpeg = download(page, "#deblur-download", tmp_path)
    found = opened(jpeg)
    assert jpeg.name == "trip-deblurred.jpg" and found.format == "JPEG"
    assert found.info["icc_profile"] == display_p3_profile() and found.getexif()[ExifTags.Base.Make] == "Camera"
    assert find_recipe(jpeg) == recipe

    page.locator("#deblur-leave-out-place input").check()
    expect(page.locator("#deblur-download")).to_contain_text("Download JPEG (")
    private = opened(download(page, "#deblur-download", tmp_path))
    assert ExifTags.Base.Make not in private.getexif() and private.info["icc_profile"] == display_p3_profile()
    page.locator("#deblur-leave-out-place input").uncheck()

    pick(page, "deblur", "WebP")
    page.locator("#deblur-quality input[type=number]").fill("100")
    page.locator("#deblur-quality input[type=number]").press("Enter")
    page.locator("#deblur-quality input[type=number]").blur()
    expect(page.locator("#deblur-format-note")).to_contain_text("keeps every pixel exactly")
    expect(page.locator("#deblur-download")).to_contain_text("Download WebP (")
    webp = download(page, "#deblur-download", tmp_path)
    assert opened(webp).format == "WEBP" and np.array_equal(pixels(webp), pixels(png))

    pick(page, "deblur", "PNG")
    for part in ("exif", "recipe", "profile"):  # what the note speaks of comes last, so that it is of all three
        page.locator(f"#deblur-keep-{part} input").uncheck()
    expect(page.locator("#deblur-format-note")).to_contain_text("converted to sRGB")
    expect(page.locator("#deblur-download")).to_contain_text("Download PNG (")
    bare = download(page, "#deblur-download", tmp_path)
    found = opened(bare)
    assert not found.getexif() and found.info["icc_profile"] == SRGB and find_recipe(bare) is None


@pytest.mark.tabs("deblur")
def test_what_was_just_chosen_holds_for_the_file(page: Page, tmp_path: Path) -> None:
    """However slow the server is: until the file without the place is there, none is offered."""
    go_to(page, "deblur")
    choose_and_see(page, "deblur", camera_photo(tmp_path / "trip.jpg"))
    restore(page, "deblur")
    pick(page, "deblur", "JPEG")
    button, held = page.locator("#deblur-download"), list[Route]()
    expect(button).to_be_enabled()
    page.route("**/queue/join*", lambda route: held.append(route))
    page.locator("#deblur-leave-out-place input").check()
    expect(button).to_be_disabled()
    page.locator("#deblur-keep-recipe input").uncheck()  # while the first file is being written
    while not held:
        page.wait_for_timeout(20)
    held[0].continue_()
    page.unroute("**/queue/join*")
    expect(button).to_be_enabled()
    found = download(page, "#deblur-download", tmp_path)
    assert ExifTags.Base.Make not in opened(found).getexif() and find_recipe(found) is None


@pytest.mark.tabs("sr")
def test_a_file_is_offered_in_the_visitors_language(open_page: Callable[..., Page]) -> None:
    page = open_page(locale="de-DE")
    page.get_by_role("tab", name=catalogue("de")["page"]["tasks"]["sr"]["do"], exact=True).click()
    page.locator("#sr-run").click()
    label = catalogue("de")["export"]["download"].removesuffix("{size})")
    expect(page.locator("#sr-download")).to_contain_text(label.format(format="PNG"))
    page.locator("#sr-format label", has_text="JPEG").click()
    expect(page.locator("#sr-download")).to_contain_text(label.format(format="JPEG"))


@pytest.mark.tabs("sr")
def test_another_photo_takes_the_files_away(page: Page, tmp_path: Path) -> None:
    go_to(page, "sr")
    restore(page, "sr")
    expect(page.locator("#sr-export")).to_be_visible()
    expect(page.locator("#sr-keep-exif")).to_be_hidden()
    choose_and_see(page, "sr", photo(tmp_path / "next.png", 40, 30))
    expect(page.locator("#sr-export")).to_be_hidden()


@pytest.mark.tabs("inpaint", "deblur")
def test_a_result_brings_everything_back(page: Page, tmp_path: Path) -> None:
    """Dropped on another task's tab, after another photo and other settings."""
    source, result, share = inpainted(page, tmp_path)
    choose_and_see(page, "inpaint", photo(tmp_path / "other.png", 100, 90))
    page.locator("#inpaint-seed input").fill("9")
    go_to(page, "deblur")
    choose_and_see(page, "deblur", result)
    bar = page.locator("#deblur-settings-bar")
    expect(bar).to_contain_text("beach-inpainted.png was made here: Remove, seed 5, 2 strokes.")
    page.click("#deblur-settings-use")
    expect(page.get_by_role("tab", name="Remove")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#inpaint-status")).to_contain_text("The settings are back: Remove, seed 5, 2 strokes.")
    expect(page.locator("#inpaint-canvas .caption")).to_contain_text("beach.png · 192 × 128")
    wait_for_coverage(page, share)
    assert seed(page, "inpaint") == "5"
    expect(bar).to_be_hidden()
    restore(page, "inpaint")
    again = download(page, "#inpaint-download", tmp_path / "again")
    assert np.array_equal(pixels(again), pixels(result)) and read_recipe(again) == read_recipe(result)
    assert np.array_equal(pixels(source)[0, 0], pixels(again)[0, 0])


def test_a_browser_that_never_saw_the_photo_asks_for_it(
    page: Page, open_page: Callable[..., Page], tmp_path: Path
) -> None:
    source, result, share = inpainted(page, tmp_path)
    other = open_page()
    choose_and_see(other, "inpaint", result)
    other.click("#inpaint-settings-use")
    bar = other.locator("#inpaint-settings-bar")
    expect(bar).to_contain_text("Now drop the photo it was made from, beach.png, 192 × 128 pixels.")
    wait_for_coverage(other, share)
    assert seed(other, "inpaint") == "5"
    choose_and_see(other, "inpaint", photo(tmp_path / "wrong.png", 160, 128))
    expect(bar).to_contain_text("wrong.png is not the photo that the result was made from")
    wait_for_coverage(other, 0)
    other.click("#inpaint-settings-use")
    expect(other.locator("#inpaint-status")).to_contain_text("The mask of the result lies over this photo.")
    expect(bar).to_be_hidden()
    assert coverage(other) > 0.5 * share

    choose_and_see(other, "inpaint", result)
    other.click("#inpaint-settings-use")
    expect(bar).to_contain_text("Now drop the photo")
    choose_and_see(other, "inpaint", source)
    expect(other.locator("#inpaint-status")).to_contain_text("That is the photo: all is as it was.")
    wait_for_coverage(other, share)
    restore(other, "inpaint")
    again = download(other, "#inpaint-download", tmp_path / "again")
    assert np.array_equal(pixels(again), pixels(result))


def test_the_photo_is_found_again_after_a_reload(page: Page, tmp_path: Path) -> None:
    _, result, share = inpainted(page, tmp_path)
    page.reload()
    page.wait_for_selector('#inpaint-canvas .pad[data-state="photo"]')
    choose_and_see(page, "inpaint", result)
    page.click("#inpaint-settings-use")
    expect(page.locator("#inpaint-canvas .caption")).to_contain_text("beach.png")
    wait_for_coverage(page, share)


@pytest.mark.tabs()
def test_the_result_of_an_example_finds_its_example(page: Page, open_page: Callable[..., Page], tmp_path: Path) -> None:
    go_to(page, "sr")
    expect(page.locator("#sr-canvas .caption")).to_contain_text("×")
    name = page.locator("#sr-canvas .caption").text_content() or ""
    restore(page, "sr")
    result = download(page, "#sr-download", tmp_path)
    other = open_page()
    choose_and_see(other, "inpaint", result)
    fetched: list[Route] = []
    other.route(f"**/{result.name}", lambda route: fetched.append(route))
    other.click("#inpaint-settings-use")
    expect(other.locator("#sr-canvas .caption")).to_have_text(name)
    expect(other.locator("#sr-status")).to_contain_text("The settings are back: Enlarge, seed 0.")
    for route in fetched:  # the tab took over what the other one has, before it heard of the example
        route.continue_()
    other.wait_for_timeout(300)
    expect(other.locator("#sr-canvas .caption")).to_have_text(name)


@pytest.mark.tabs("deblur")
def test_a_recipe_of_its_own_and_weights_that_are_gone(page: Page, tmp_path: Path) -> None:
    recipe = Recipe.from_fields(
        {
            "diffir_recipe": 1,
            "version": "0.1.0",
            "task": "deblur",
            "seed": 11,
            "steps": 2,
            "weights": {"file": "gone.safetensors", "sha256": "0" * 64, "badge": "trained here"},
        }
    )
    (tmp_path / "mine.json").write_text(recipe.to_json())
    go_to(page, "deblur")
    before = "text-road-sign.jpg · 320 × 308"
    expect(page.locator("#deblur-canvas .caption")).to_have_text(before)
    choose(page, "deblur", tmp_path / "mine.json")
    expect(page.locator("#deblur-settings-bar")).to_contain_text(
        "mine.json is a recipe: Deblur, seed 11, 2 diffusion steps."
    )
    expect(page.locator("#deblur-canvas .caption")).to_have_text(before)
    page.click("#deblur-settings-use")
    expect(page.locator("#deblur-status")).to_contain_text("Made with gone.safetensors, which is not installed")
    assert seed(page, "deblur") == "11"
    page.click("#deblur-settings-leave")
    expect(page.locator("#deblur-settings-bar")).to_be_hidden()
    restore(page, "deblur")
    told = read_recipe(download(page, "#deblur-download", tmp_path))
    assert (told.settings.seed, told.settings.steps) == (11, 2)


def test_a_result_may_be_opened_as_any_picture(page: Page, tmp_path: Path) -> None:
    _, result, _ = inpainted(page, tmp_path)
    choose_and_see(page, "inpaint", result)
    page.click("#inpaint-settings-leave")
    expect(page.locator("#inpaint-settings-bar")).to_be_hidden()
    assert coverage(page) == 0
    stroke(page, (0.3, 0.3), (0.6, 0.6))
    restore(page, "inpaint")
    assert read_recipe(download(page, "#inpaint-download", tmp_path / "again")).photo.name == result.name  # type: ignore[union-attr]
    (tmp_path / "broken.json").write_text('{"diffir_recipe": 1, "seed": "x"}')
    choose(page, "inpaint", tmp_path / "broken.json")
    expect(page.locator("#inpaint-status")).to_contain_text("The recipe is damaged")
    expect(page.locator("#inpaint-canvas .caption")).to_contain_text(result.name)


def test_the_run_as_code(page: Page, address: str, tmp_path: Path) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    _, result, _ = inpainted(page, tmp_path)
    page.get_by_text("Repeat it elsewhere").locator("visible=true").click()
    panel = page.locator("#inpaint-copy")
    expect(panel.locator("code")).to_contain_text("python -m diffir_demo restore inpaint beach.png")
    for title, part in (
        ("Command line", "--recipe beach-inpainted.png"),
        ("Python", "from diffir_demo import"),
        ("Python client", f"Client('{address}')"),
        ("curl", f"server={address}gradio_api"),
        ("MCP", "gradio_api/mcp"),
    ):
        panel.get_by_role("tab", name=title, exact=True).click()
        panel.get_by_role("button", name="Copy").click()
        expect(panel.locator(".notice")).to_have_text("Copied")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert part in copied and copied == panel.locator("code").evaluate("code => code.textContent")
    page.keyboard.press("Escape")
    panel.get_by_role("tab", name="MCP").focus()
    page.keyboard.press("ArrowRight")
    expect(panel.get_by_role("tab", name="Recipe")).to_be_focused()
    assert read_recipe(download(page, "#inpaint-copy a.recipe", tmp_path)) == read_recipe(result)
    assert download(page, "#inpaint-copy a.photo", tmp_path / "again").name == "beach.png"


@pytest.mark.tabs("sr")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_a_phone(open_page: Callable[..., Page], theme: str, tmp_path: Path) -> None:
    page = open_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, color_scheme=theme)
    go_to(page, "sr")
    restore(page, "sr")
    pick(page, "sr", "JPEG")
    page.get_by_text("Repeat it elsewhere").locator("visible=true").click()
    page.locator("#sr-copy").get_by_role("tab", name="curl").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    choose(page, "sr", download(page, "#sr-download", tmp_path))
    expect(page.locator("#sr-settings-bar")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
