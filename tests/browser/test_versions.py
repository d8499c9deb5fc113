"""Working on: one photo in all tools, results as the next photo, plans for old photos, and what a reload keeps."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from diffir_demo.chain import Proposal
from diffir_demo.imaging import load_picture, mask_bytes
from diffir_demo.recipe import Recipe, read_recipe
from diffir_demo.tasks.inpaint import TEXTURE
from diffir_demo.ui import files, stage
from tests.browser.actions import choose_and_see, coverage, download, go_to, photo, pixels, restore, stroke
from tests.browser.conftest import READY, Pace

pytestmark = [pytest.mark.browser, pytest.mark.tabs("inpaint")]


def caption(page: Page, key: str) -> str:
    return page.locator(f"#{key}-canvas .caption").inner_text()


def go_on(page: Page, key: str, to: str) -> None:
    page.locator(f"#{key}-stage-bar .go-on summary").click()
    page.locator(f"#{key}-stage-bar [data-go={to}]").click()


def in_the_end(page: Page, key: str, text: str) -> None:
    expect(page.locator(f"#{key}-canvas .caption")).to_contain_text(text)
    expect(page.locator(f"#{key}-canvas .pad")).not_to_have_class("busy")


@pytest.mark.tabs()
def test_a_photo_that_was_opened_is_there_in_every_tool(page: Page, tmp_path: Path) -> None:
    example = caption(page, "inpaint")
    choose_and_see(page, "inpaint", photo(tmp_path / "walk.png", 96, 64))
    for key in ("clean", "sr", "deblur"):
        go_to(page, key)
        in_the_end(page, key, "walk.png · 96 × 64")
    choose_and_see(page, "deblur", photo(tmp_path / "other.png", 80, 64))
    go_to(page, "inpaint")
    in_the_end(page, "inpaint", "other.png · 80 × 64")
    assert "other.png" not in example


@pytest.mark.tabs()
def test_results_are_worked_on_and_each_version_comes_back(page: Page, tmp_path: Path) -> None:
    go_to(page, "clean")
    choose_and_see(page, "clean", photo(tmp_path / "walk.png", 96, 64))
    restore(page, "clean")
    go_on(page, "clean", "sr")
    expect(page.get_by_role("tab", name="Enlarge")).to_have_attribute("aria-selected", "true")
    in_the_end(page, "sr", "walk-cleaned.png · 96 × 64")
    expect(page.locator("#sr-settings-bar")).to_be_hidden()  # no question whether its settings are wanted again
    restore(page, "sr")
    versions = page.locator("#sr-bench .versions button")
    expect(versions).to_have_text(["Original", "Clean up", "Enlarge"])
    recipe = read_recipe(download(page, "#sr-download", tmp_path))
    assert [each.task for each in recipe.runs] == ["clean", "sr"]
    assert recipe.runs[0].photo is not None and recipe.runs[0].photo.name == "walk.png"

    versions.first.click()
    in_the_end(page, "sr", "walk.png · 96 × 64")
    expect(page.locator("#sr-bench")).to_have_attribute("data-view", "photo")
    go_to(page, "clean")
    in_the_end(page, "clean", "walk.png · 96 × 64")


def test_a_version_can_be_kept_and_its_result_is_seen_again(page: Page, tmp_path: Path) -> None:
    choose_and_see(page, "inpaint", photo(tmp_path / "walk.png", 96, 64))
    stroke(page, (0.3, 0.3), (0.6, 0.3))
    restore(page, "inpaint")
    versions, kept = page.locator("#inpaint-bench .versions button"), page.locator("#inpaint-bench .versions a")
    expect(versions.last).to_have_attribute("aria-current", "true")
    expect(kept).to_have_count(0)  # the bar has the result's
    page.click("#inpaint-stage-bar [data-view=photo]")
    expect(versions.first).to_have_attribute("aria-current", "true")
    versions.last.click()  # nothing is lost by it
    expect(page.locator("#inpaint-bench")).to_have_attribute("data-view", "result")
    go_on(page, "inpaint", "inpaint")
    in_the_end(page, "inpaint", "walk-inpainted.png")
    expect(versions.last).to_have_attribute("aria-current", "true")
    with page.expect_download() as caught:
        kept.click()
    assert caught.value.suggested_filename == "walk-inpainted.png"
    assert read_recipe(Path(caught.value.path())).task == "inpaint"


def test_an_example_has_nothing_to_do_with_the_versions_before_it(page: Page, tmp_path: Path) -> None:
    choose_and_see(page, "inpaint", photo(tmp_path / "walk.png", 96, 64))
    stroke(page, (0.3, 0.3), (0.6, 0.3))
    restore(page, "inpaint")
    strip = page.locator("#inpaint-bench .versions")
    expect(strip).to_be_visible()
    page.locator("#inpaint-examples button").nth(1).click()
    expect(page.locator("#inpaint-canvas .caption")).not_to_contain_text("walk.png")
    expect(strip).to_be_hidden()
    restore(page, "inpaint")
    expect(strip.locator("button")).to_have_text(["Original", "Remove"])
    go_on(page, "inpaint", "inpaint")
    in_the_end(page, "inpaint", "-inpainted.png")
    stroke(page, (0.4, 0.4), (0.6, 0.4))
    restore(page, "inpaint")
    board = page.locator("#inpaint-board")
    expect(board.get_by_label("Picture A")).to_contain_text("As it was opened")
    opened = page.evaluate("JSON.parse(document.querySelector('#inpaint-canvas .pad').dataset.value).first.orig_name")
    assert opened != "walk.png"


def test_the_result_is_edited_in_place(page: Page, tmp_path: Path) -> None:
    choose_and_see(page, "inpaint", photo(tmp_path / "walk.png", 96, 64))
    stroke(page, (0.3, 0.3), (0.6, 0.3))
    restore(page, "inpaint")
    go_on(page, "inpaint", "inpaint")
    in_the_end(page, "inpaint", "walk-inpainted.png")
    assert coverage(page) == 0, "the mask belonged to the photo before"
    stroke(page, (0.3, 0.7), (0.6, 0.7))
    restore(page, "inpaint")
    recipe = read_recipe(download(page, "#inpaint-download", tmp_path))
    assert [len(each.strokes) for each in recipe.runs] == [1, 1]
    versions = page.locator("#inpaint-bench .versions button")
    expect(versions).to_have_text(["Original", "Remove 1", "Remove 2"])
    expect(versions.last).to_have_attribute("title", re.compile(r"3, Remove 2, 96 × 64, .*seed 0"))


@pytest.mark.tabs()
def test_an_old_photo_gets_a_plan_that_can_be_changed(
    page: Page, pace: Pace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hole = np.zeros((64, 96), bool)
    hole[20:24, 10:80] = True
    plan = (
        Proposal(Recipe("inpaint", preset="faithful", mask=mask_bytes(hole)), "scratches", hole),
        Proposal(Recipe("clean"), "grain"),
        Proposal(Recipe("deblur"), "a long path"),
    )
    marked: list[np.ndarray | None] = []
    monkeypatch.setattr(stage, "propose", lambda photo, reader, mask, _: marked.append(mask) or plan)
    choose_and_see(page, "inpaint", photo(tmp_path / "old.png", 96, 64))
    stroke(page, (0.2, 0.5), (0.8, 0.5))
    page.locator("#inpaint-stage-bar .old").click()
    proposed = page.locator("#inpaint-bench .plan")
    steps = ["Remove scratches", "Clean up grain", "Deblur a long path", "Enlarge x2"]
    expect(proposed.locator("li label")).to_have_text(steps)
    shown = proposed.locator("li").first.locator("figure")
    expect(shown.locator("img")).to_have_js_property("naturalWidth", 96)  # what would be filled, in the photo
    expect(shown).to_contain_text("In red")
    expect(proposed.locator("figure")).to_have_count(1)
    expect(proposed.locator("input:checked")).to_have_count(3)  # the last one can be added
    assert marked[0] is not None and marked[0].any(), "what is painted over is filled as well"
    proposed.get_by_label("Clean up").uncheck()
    runs = pace.runs
    proposed.locator(".start").click()
    expect(page.get_by_role("tab", name="Deblur")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#deblur-bench .versions button")).to_have_text(["Original", "Remove", "Deblur"])
    assert pace.runs == runs + 2
    expect(page.locator("#deblur-bench .part")).to_contain_text("2 steps in")
    expect(page.locator("#deblur-board .tag").first).to_contain_text("As it was opened")
    recipe = read_recipe(download(page, "#deblur-download", tmp_path))
    assert [each.task for each in recipe.runs] == ["inpaint", "deblur"]
    assert np.array_equal(recipe.runs[0].hole(64, 96), hole)


@pytest.mark.tabs("inpaint", "clean")
def test_what_a_plan_would_fill_can_be_corrected(page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looked over again, the photo gets what is marked then, and no more."""
    hole = np.zeros((64, 96), bool)
    hole[20:24, 10:80] = True
    plan = (Proposal(Recipe("inpaint", preset="faithful", mask=mask_bytes(hole)), "scratches", hole),)
    asked: list[tuple[np.ndarray | None, bool]] = []
    monkeypatch.setattr(stage, "propose", lambda photo, reader, mask, looked: asked.append((mask, looked)) or plan)
    go_to(page, "clean")
    choose_and_see(page, "clean", photo(tmp_path / "old.png", 96, 64))
    page.locator("#clean-stage-bar .old").click()
    page.locator("#clean-bench .plan figure button").click()
    expect(page.get_by_role("tab", name="Remove", exact=True)).to_have_attribute("aria-selected", "true")
    in_the_end(page, "inpaint", "old.png · 96 × 64")
    expect(page.locator("#inpaint-bench .plan")).to_be_hidden()
    page.locator("#inpaint-stage-bar .old").click()
    expect(page.locator("#inpaint-bench .plan")).to_be_visible()
    (before, was_looked_over), (mask, is_looked_over) = asked
    assert before is None and not was_looked_over
    assert mask is not None and np.array_equal(mask, hole) and is_looked_over


@pytest.mark.tabs()
def test_a_plan_chooses_the_preset_in_a_tab_that_was_never_opened(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its radio buttons are there before they can be pressed."""
    plan = (Proposal(Recipe("sr", preset="crisp", scale=4), "few pixels"),)
    monkeypatch.setattr(stage, "propose", lambda *_: plan)
    choose_and_see(page, "inpaint", photo(tmp_path / "small.png", 96, 64))
    page.locator("#inpaint-stage-bar .old").click()
    page.locator("#inpaint-bench .plan .start").click()
    expect(page.locator("#sr-bench .versions button")).to_have_text(["Original", "Enlarge"])
    expect(page.locator("#sr-bench .part")).to_be_hidden()  # there was one step alone
    recipe = read_recipe(download(page, "#sr-download", tmp_path))
    assert (recipe.task, recipe.preset) == ("sr", "crisp")


@pytest.mark.tabs()
def test_a_plan_may_be_declined_and_a_fine_photo_has_none(
    page: Page, pace: Pace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "propose", lambda *_: (Proposal(Recipe("clean"), "grain"),))
    choose_and_see(page, "inpaint", photo(tmp_path / "old.png", 96, 64))
    runs, proposed = pace.runs, page.locator("#inpaint-bench .plan")
    page.locator("#inpaint-stage-bar .old").click()
    proposed.locator("input:checked").uncheck()
    expect(proposed.locator(".start")).to_be_disabled()
    proposed.locator(".not-now").click()
    expect(proposed).to_be_hidden()
    monkeypatch.setattr(stage, "propose", lambda *_: ())
    page.locator("#inpaint-stage-bar .old").click()
    expect(proposed).to_contain_text("Nothing was found that needs mending")
    expect(proposed.locator(".start")).to_be_disabled()
    assert pace.runs == runs
    proposed.get_by_label("Deblur").check()
    proposed.locator(".start").click()
    expect(page.locator("#deblur-bench .versions button")).to_have_text(["Original", "Deblur"])
    assert pace.runs == runs + 1


@pytest.mark.tabs("inpaint", "clean")
def test_a_plan_is_of_one_photo_and_ends_with_it(
    page: Page, pace: Pace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hole = np.zeros((64, 96), bool)
    hole[20:24, 10:80] = True
    plan = (Proposal(Recipe("inpaint", preset="faithful", mask=mask_bytes(hole)), "scratches"),)
    gate = threading.Event()

    def slowly(*_: object) -> tuple[Proposal, ...]:
        gate.wait(20)
        return plan

    monkeypatch.setattr(stage, "propose", slowly)
    go_to(page, "clean")
    choose_and_see(page, "clean", photo(tmp_path / "old.png", 96, 64))
    old, proposed = page.locator("#clean-stage-bar .old"), page.locator("#clean-bench .plan")
    old.click()
    choose_and_see(page, "clean", photo(tmp_path / "next.png", 64, 96))  # while the former one is looked over
    gate.set()
    expect(page.locator("#clean-status .status.busy")).to_have_count(0)
    page.wait_for_timeout(300)
    expect(proposed).to_be_hidden()
    old.click()
    expect(proposed).to_be_visible()
    page.keyboard.press("Escape")
    expect(proposed).to_be_hidden()
    expect(old).to_be_focused()
    old.click()
    expect(proposed).to_be_visible()
    choose_and_see(page, "clean", photo(tmp_path / "last.png", 64, 96))
    expect(proposed).to_be_hidden()
    old.click()
    expect(proposed).to_be_visible()
    pace.delay = 0.3
    page.click("#clean-run")
    expect(proposed).to_be_hidden()


def test_a_reload_keeps_photo_mask_and_versions(page: Page, address: str, tmp_path: Path) -> None:
    choose_and_see(page, "inpaint", photo(tmp_path / "walk.png", 96, 64))
    stroke(page, (0.3, 0.3), (0.6, 0.3))
    painted = coverage(page)
    assert painted > 0.001
    page.wait_for_timeout(1500)  # it is written once strokes rest
    page.goto(address)
    page.wait_for_selector(READY)
    in_the_end(page, "inpaint", "walk.png · 96 × 64")
    page.wait_for_function("document.querySelector('#inpaint-canvas [data-do=clear]').disabled === false")
    assert coverage(page) == pytest.approx(painted, abs=0.002)
    restore(page, "inpaint")
    versions = page.locator("#inpaint-bench .versions button")
    expect(versions).to_have_text(["Original", "Remove"])
    page.goto(address)
    page.wait_for_selector(READY)
    in_the_end(page, "inpaint", "walk.png · 96 × 64")
    expect(versions).to_have_text(["Original", "Remove"])
    versions.last.click()
    in_the_end(page, "inpaint", "walk-inpainted.png")


@pytest.mark.tabs("inpaint", "deblur")
def test_what_was_opened_last_is_there_in_every_tool_after_a_reload(page: Page, address: str, tmp_path: Path) -> None:
    """And not what another tool had kept of the time before it."""
    go_to(page, "deblur")
    choose_and_see(page, "deblur", photo(tmp_path / "former.png", 64, 48))
    page.wait_for_timeout(1500)
    page.goto(address)
    in_the_end(page, "deblur", "former.png · 64 × 48")
    go_to(page, "inpaint")
    choose_and_see(page, "inpaint", photo(tmp_path / "latter.png", 96, 64))
    go_to(page, "deblur")
    in_the_end(page, "deblur", "latter.png · 96 × 64")
    page.wait_for_timeout(1500)
    assert "latter.png" in caption(page, "deblur")


@pytest.mark.tabs("inpaint", "clean", "deblur")
def test_a_reload_leads_back_to_the_tool_with_its_photo_in_all_of_them(
    page: Page, address: str, tmp_path: Path
) -> None:
    """Though the first tool was never left with another photo than its example."""
    go_to(page, "clean")
    choose_and_see(page, "clean", photo(tmp_path / "walk.png", 96, 64))
    restore(page, "clean")
    page.wait_for_timeout(1500)
    page.goto(address)
    expect(page.get_by_role("tab", name="Clean up", exact=True)).to_have_attribute("aria-selected", "true")
    in_the_end(page, "clean", "walk.png · 96 × 64")
    expect(page.locator("#clean-bench .versions button")).to_have_text(["Original", "Clean up"])
    for key in ("deblur", "inpaint"):
        go_to(page, key)
        in_the_end(page, key, "walk.png · 96 × 64")


def test_a_photo_that_the_server_has_lost_is_sent_again(
    page: Page, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = photo(tmp_path / "walk.png", 96, 64)
    choose_and_see(page, "inpaint", file)
    stroke(page, (0.3, 0.3), (0.6, 0.3))
    page.wait_for_timeout(1500)

    monkeypatch.setattr(files, "is_kept", lambda _: False)
    with page.expect_request("**/upload*"):
        page.goto(address)
    page.wait_for_selector(READY)
    in_the_end(page, "inpaint", "walk.png · 96 × 64")
    restore(page, "inpaint")
    result = pixels(download(page, "#inpaint-download", tmp_path))
    assert np.array_equal(result[-10:], load_picture(file).pixels[-10:]), "what was not painted over stays"


def test_an_example_that_nobody_touched_is_not_kept(page: Page, address: str) -> None:
    first = caption(page, "inpaint")
    page.wait_for_timeout(1000)
    page.goto(address)
    page.wait_for_selector(READY)
    page.wait_for_timeout(1000)
    assert caption(page, "inpaint") == first
    count = page.evaluate("""() => new Promise((done) => {
      const opening = indexedDB.open("diffir", 1);
      opening.onsuccess = () => {
        const names = [...opening.result.objectStoreNames];
        if (!names.length) { done(0); return; }
        const asked = opening.result.transaction(names).objectStore("photos").count();
        asked.onsuccess = () => done(asked.result);
      };
    })""")
    assert count == 0


def test_a_preset_stays_chosen(page: Page, address: str) -> None:
    go_to(page, "inpaint")
    page.locator("#inpaint-preset").get_by_label("Texture").check()
    expect(page.locator("#inpaint-preset-summary")).to_contain_text(TEXTURE.summary)
    page.wait_for_function("(localStorage.getItem('diffir-presets') || '').includes('Texture')")
    page.goto(address)
    page.wait_for_selector(READY)
    expect(page.locator("#inpaint-preset").get_by_label("Texture")).to_be_checked()


def test_a_mask_is_seen_on_a_photo_of_its_colour(page: Page, tmp_path: Path) -> None:
    def hue(colour: tuple[int, int, int]) -> str:
        Image.new("RGB", (96, 64), colour).save(tmp_path / "plain.png")
        choose_and_see(page, "inpaint", tmp_path / "plain.png")
        return page.locator("#inpaint-canvas .pad").evaluate("pad => pad.style.getPropertyValue('--hue')")

    assert hue((128, 128, 128)) in {"0deg", "300deg", "250deg", "120deg", "180deg"}
    assert hue((230, 70, 80)) != "0deg"
    assert hue((0, 140, 135)) == "0deg"


def test_box_and_lasso_remember_whether_they_take_away(page: Page) -> None:
    subtract = page.locator("#inpaint-canvas [data-do=subtract]")
    page.click("#inpaint-canvas [data-do=box]")
    subtract.click()
    for tool, pressed in (("lasso", "false"), ("brush", "false"), ("box", "true")):
        page.click(f"#inpaint-canvas [data-do={tool}]")
        expect(subtract).to_have_attribute("aria-pressed", pressed)
