"""Many photos at once, in a real Chromium: the list, the zip, stopping, and giving way."""

from __future__ import annotations

import csv
import io
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from diffir_demo.devices import choose_device, lock_for
from diffir_demo.recipe import Recipe, read_recipe
from diffir_demo.run import run
from tests.browser.actions import choose_and_see, download, go_to, photo, pixels, press_restore, restore, see, stroke
from tests.browser.conftest import Pace

pytestmark = [pytest.mark.browser, pytest.mark.tabs("deblur")]


def open_batch(page: Page, key: str) -> Locator:
    """Unfolds the panel of a tab and gives its list."""
    page.locator(f"#{key}-batch > button").click()
    listed = page.locator(f"#{key}-batch-list")
    expect(listed.locator(".drop, .rows").locator("visible=true").first).to_be_visible()
    return listed


def add(page: Page, key: str, *files: Path) -> None:
    page.set_input_files(f"#{key}-batch-list input.file", files)


def line(page: Page, key: str) -> Locator:
    return page.locator(f"#{key}-batch-list .line")


def states(page: Page, key: str) -> list[str]:
    return page.locator(f"#{key}-batch-list .rows .state").all_inner_texts()


def test_a_batch_with_a_bad_file_becomes_a_zip(page: Page, tmp_path: Path) -> None:
    go_to(page, "deblur")
    listed = open_batch(page, "deblur")
    expect(page.locator("#deblur-batch-start")).to_be_disabled()
    files = [photo(tmp_path / "one.png", 96, 64), tmp_path / "two.jpg", photo(tmp_path / "three.webp", 64, 96)]
    files[1].write_text("<b>no picture</b>")
    add(page, "deblur", *files)
    expect(line(page, "deblur")).to_contain_text("3 photos")
    assert states(page, "deblur") == ["waiting"] * 3
    page.locator("#deblur-options > button").click()
    page.fill("#deblur-seed input", "7")
    page.click("#deblur-batch-start")
    expect(line(page, "deblur")).to_contain_text("Done: 2 photos in")
    expect(line(page, "deblur")).to_contain_text("1 could not be restored")
    assert states(page, "deblur") == ["done", "failed", "done"]
    rows = listed.locator(".rows li")
    expect(rows.nth(0).locator(".note")).to_contain_text("96 × 64")
    expect(rows.nth(1).locator(".note")).to_contain_text("two.jpg is not a picture")
    assert rows.nth(0).locator("img").evaluate("image => image.naturalWidth") == 96
    expect(rows.nth(1).locator(".look")).to_be_hidden()
    rows.nth(2).get_by_role("button", name="Compare three.webp before and after").click()
    board = page.locator("#deblur-batch-board")
    expect(board.locator("[data-state=shown] .stage")).to_be_visible()
    expect(board.locator(".tag select").nth(1)).to_contain_text("three-deblurred.png")
    path = download(page, "#deblur-batch-download", tmp_path)
    assert path.name == "photos-deblurred.zip"
    with zipfile.ZipFile(path) as done:
        assert done.testzip() is None
        assert [n for n in done.namelist() if n.endswith(".png")] == ["one-deblurred.png", "three-deblurred.png"]
        report = list(csv.DictReader(io.StringIO(done.read("report.csv").decode("utf-8-sig"))))
        assert [row["file"] for row in report] == ["one.png", "two.jpg", "three.webp"]
        assert Recipe.from_json(done.read("recipe.json")).settings.seed == 7
        done.extract("one-deblurred.png", tmp_path)
    recipe = read_recipe(tmp_path / "one-deblurred.png")
    assert recipe.settings.seed == 7 and recipe.photo is not None and recipe.photo.name == "one.png"
    listed.get_by_role("button", name="Remove two.jpg").click()
    expect(listed.locator(".rows li")).to_have_count(2)
    assert states(page, "deblur") == ["done", "done"], "the others keep what they say"
    choose_and_see(page, "deblur", files[0])
    restore(page, "deblur")
    alone = pixels(download(page, "#deblur-download", tmp_path / "alone"))
    assert np.array_equal(pixels(tmp_path / "one-deblurred.png"), alone), "the same recipe gives the same pixels"


@pytest.mark.tabs("sr")
def test_zips_are_opened_photos_taken_out_and_the_list_emptied(page: Page, tmp_path: Path) -> None:
    go_to(page, "sr")
    listed = open_batch(page, "sr")
    with zipfile.ZipFile(tmp_path / "holiday.zip", "w") as made:
        for name in ("a.png", "sub/b.png", "__MACOSX/._a.png"):
            made.write(photo(tmp_path / "x.png", 24, 16), name)
        made.writestr("notes.txt", "hi")
    add(page, "sr", tmp_path / "holiday.zip", photo(tmp_path / "c.png", 24, 16))
    expect(line(page, "sr")).to_contain_text("1 other file was left out: notes.txt.")
    assert listed.locator(".rows .name").all_inner_texts() == ["a.png", "b.png", "c.png"]
    listed.get_by_role("button", name="Remove b.png").click()
    expect(listed.locator(".rows li")).to_have_count(2)
    page.locator("#sr-batch-format input").click()
    page.get_by_role("option", name="JPEG, smaller files").click()
    page.click("#sr-batch-start")
    expect(line(page, "sr")).to_contain_text("Done: 2 photos")
    with zipfile.ZipFile(download(page, "#sr-batch-download", tmp_path)) as done:
        assert {"a-4x.jpg", "c-4x.jpg"} <= set(done.namelist())
        with Image.open(done.open("a-4x.jpg")) as picture:
            assert picture.size == (96, 64)
    listed.get_by_role("button", name="Empty the list").click()
    expect(listed.locator(".drop")).to_be_visible()
    expect(page.locator("#sr-batch-start")).to_be_disabled()
    (tmp_path / "bad.zip").write_text("no zip")
    add(page, "sr", tmp_path / "bad.zip")
    expect(line(page, "sr")).to_contain_text("bad.zip is not a zip")


@pytest.mark.tabs("inpaint")
def test_what_is_painted_goes_over_every_photo_and_own_masks_win(page: Page, tmp_path: Path) -> None:
    choose_and_see(page, "inpaint", photo(tmp_path / "first.png"))
    open_batch(page, "inpaint")
    a, b = photo(tmp_path / "a.png", 120, 80), photo(tmp_path / "b.png", 96, 64)
    hole = np.zeros((64, 96), np.uint8)
    hole[40:60, 70:90] = 255
    Image.fromarray(hole).save(tmp_path / "b_mask.png")
    add(page, "inpaint", a)
    expect(line(page, "inpaint")).to_contain_text("1 photo,")
    page.click("#inpaint-batch-start")
    expect(line(page, "inpaint")).to_contain_text("Nothing is painted over yet.")
    stroke(page, (0.2, 0.3), (0.5, 0.3))
    add(page, "inpaint", b, tmp_path / "b_mask.png")
    expect(line(page, "inpaint")).to_contain_text("1 of them brought a mask.")
    page.click("#inpaint-batch-start")
    expect(line(page, "inpaint")).to_contain_text("Done: 2 photos")
    with zipfile.ZipFile(download(page, "#inpaint-batch-download", tmp_path)) as done:
        done.extractall(tmp_path / "out")
    changed = (pixels(a) != pixels(tmp_path / "out" / "a-inpainted.png")).any(axis=2)
    rows, columns = np.nonzero(changed)
    assert 0.1 < rows.mean() / 80 < 0.5 and 0.2 < columns.mean() / 120 < 0.5
    changed = (pixels(b) != pixels(tmp_path / "out" / "b-inpainted.png")).any(axis=2)
    assert changed[40:60, 70:90].any()
    changed[40:60, 70:90] = False
    assert not changed.any()


def test_stopping_keeps_what_is_finished_and_the_batch_can_go_again(
    page: Page, tmp_path: Path, pace: Pace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[run.__module__], "BREATH", 0.0)  # else such small photos tell nothing between
    go_to(page, "deblur")
    open_batch(page, "deblur")
    add(page, "deblur", *[photo(tmp_path / f"{name}.png", 64, 48) for name in "abc"])
    expect(line(page, "deblur")).to_contain_text("3 photos")
    pace.delay = 0.1
    page.click("#deblur-batch-start")
    expect(page.locator("#deblur-batch-start")).to_be_disabled()
    see(page, "#deblur-batch-list .line", "Photo 2 of 3, about")
    see(page, '#deblur-batch-list .rows [data-state="working"] .state', "%")
    page.click("#deblur-batch-stop")
    expect(line(page, "deblur")).to_contain_text("Stopped. The zip holds what was finished: 1 photo of 3.")
    assert states(page, "deblur") == ["done", "waiting", "waiting"]
    expect(page.locator(".toast-body")).to_have_count(0)
    assert pace.finished.wait(20)
    with zipfile.ZipFile(download(page, "#deblur-batch-download", tmp_path)) as done:
        assert [name for name in done.namelist() if name.endswith(".png")] == ["a-deblurred.png"]
        assert "Not begun" in done.read("report.csv").decode()
    pace.delay = 0.0
    page.click("#deblur-batch-start")
    expect(line(page, "deblur")).to_contain_text("Done: 3 photos")


def test_a_single_run_goes_between_two_photos(page: Page, tmp_path: Path, pace: Pace) -> None:
    go_to(page, "deblur")
    open_batch(page, "deblur")
    add(page, "deblur", *[photo(tmp_path / f"{i}.png", 64, 48) for i in range(6)])
    expect(line(page, "deblur")).to_contain_text("6 photos")
    pace.delay = 0.1
    page.click("#deblur-batch-start")
    see(page, "#deblur-batch-list .line", "Photo 1 of 6")
    press_restore(page, "deblur")
    expect(page.locator("#deblur-status")).to_contain_text("Done in")
    pace.delay = 0.0
    expect(line(page, "deblur")).to_contain_text("Done: 6 photos")
    single = [width != 64 for width in pace.widths[-7:]]
    assert single.count(True) == 1 and not single[-1], "the visitor did not wait for the whole batch"


def test_the_batch_says_when_another_run_goes_first(page: Page, tmp_path: Path) -> None:
    go_to(page, "deblur")
    open_batch(page, "deblur")
    add(page, "deblur", photo(tmp_path / "a.png", 64, 48))
    expect(line(page, "deblur")).to_contain_text("1 photo,")
    with lock_for(choose_device("cpu")):
        page.click("#deblur-batch-start")
        expect(line(page, "deblur")).to_contain_text("Another run is going first")
        page.click("#deblur-batch-stop")
        expect(line(page, "deblur")).to_contain_text("Stopped before the first photo was finished.")
    expect(page.locator("#deblur-batch-start")).to_be_enabled()
    expect(page.locator("#deblur-batch-download")).to_be_hidden()


def test_the_panel_says_what_it_uses(page: Page) -> None:
    go_to(page, "deblur")
    open_batch(page, "deblur")
    uses = page.locator("#deblur-batch-uses")
    expect(uses).to_contain_text("seed 0")
    page.locator("#deblur-options > button").click()
    page.fill("#deblur-seed input", "12")
    expect(uses).to_contain_text("seed 12")


def test_on_a_phone_by_keyboard_and_with_long_names(open_page: Callable[..., Page], tmp_path: Path) -> None:
    page = open_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    go_to(page, "deblur")
    listed = open_batch(page, "deblur")
    add(page, "deblur", photo(tmp_path / f"{'a very long name ' * 8}.png", 32, 24), photo(tmp_path / "b.png", 32, 24))
    expect(listed.locator(".rows li")).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    listed.get_by_role("button", name="Remove b.png").focus()
    page.keyboard.press("Enter")
    expect(listed.locator(".rows li")).to_have_count(1)
    page.locator("#deblur-batch-start").focus()
    page.keyboard.press("Enter")
    expect(line(page, "deblur")).to_contain_text("Done: 1 photo in")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.tabs()
def test_tools_follow_one_another_over_all_photos(page: Page, tmp_path: Path) -> None:
    """As `--then` does on the command line; every result knows both runs."""
    go_to(page, "clean")
    open_batch(page, "clean")
    with zipfile.ZipFile(tmp_path / "holiday.zip", "w") as made:
        for name, width in (("a.png", 24), ("b.png", 32)):
            made.write(photo(tmp_path / name, width, 16), name)
    add(page, "clean", tmp_path / "holiday.zip")
    expect(line(page, "clean")).to_contain_text("2 photos")
    page.locator("#clean-batch-then input").click()
    page.get_by_role("option", name="Enlarge").first.click()
    page.keyboard.press("Escape")
    page.click("#clean-batch-start")
    expect(line(page, "clean")).to_contain_text("Done: 2 photos in")
    path = download(page, "#clean-batch-download", tmp_path)
    with zipfile.ZipFile(path) as done:
        names = [name for name in done.namelist() if name.endswith(".png")]
        assert names == ["a-cleaned-4x.png", "b-cleaned-4x.png"]
        done.extractall(tmp_path / "done")
        assert [run.task for run in Recipe.from_json(done.read("recipe.json")).runs] == ["clean", "sr"]
    assert pixels(tmp_path / "done" / names[0]).shape == (64, 96, 3)
    assert [run.task for run in read_recipe(tmp_path / "done" / names[1]).runs] == ["clean", "sr"]
