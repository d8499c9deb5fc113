"""The page that restores photos in the browser alone gives what the app gives, asks no other server, works offline."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from diffir_demo.api import load
from diffir_demo.errors import InputError
from diffir_demo.imaging import load_picture
from diffir_demo.imaging.analysis import first_blocks
from diffir_demo.imaging.mask import grown, soft_mask
from diffir_demo.imaging.strokes import Stroke, rasterise
from diffir_demo.model import COMPACT, seeded_noise
from diffir_demo.model.base import harmonic_fill
from diffir_demo.tasks import TASKS, Request
from diffir_demo.tiling import Tile, around_hole, bytes_per_pixel, plan
from diffir_demo.trace import Trace
from diffir_demo.ui.photo.canvas import MaskValue
from diffir_demo.weights import Directions, save
from diffir_demo.weights.directions import SHAPES
from tests.browser.conftest import DESKTOP
from tests.conftest import ARGUMENTS, installed_chromium
from tests.tiny import directions, network, network_of, training
from tools.web import runtime
from tools.web.build import Page as Build
from tools.web.build import offered
from tools.web.server import serve
from tools.web.template import rendered

pytest.importorskip("onnx", reason="the extra 'export' is not installed")
needs_runtime = pytest.mark.skipif(
    not runtime.is_installed(), reason="onnxruntime-web is not installed: python -m tools.web --runtime"
)
PATIENCE = 180_000
"""Milliseconds: a runtime of 14 MB is compiled first."""
GPU = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"]
CLOSE = 1e-4


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The page, built with tiny networks."""
    checkpoints, built = tmp_path_factory.mktemp("checkpoints"), tmp_path_factory.mktemp("web")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIFFIR_CHECKPOINTS", str(checkpoints))
        for key, task in TASKS.items():
            for preset in task.presets:
                about = {"provenance": "untrained", "name": "tiny", "training": training(key)}
                save(checkpoints / preset.weights, network_of(preset), task=key, **about)
            save(checkpoints / task.weights, network(key), task=key, **about)
        shown = [each for each in offered() if each.task.key != "sr" or each.preset.key in ("faithful", "crisp")]
        Build(level=1, presets=shown).written(built)
        yield built


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[str]:
    with serve(folder) as address:
        yield address


class Visit:
    """A visitor's window; afterwards nothing may have been asked of any other server, and no script have failed."""

    def __init__(self, browser: Browser, site: str) -> None:
        self.site, self.problems = site, list[str]()
        self.context: BrowserContext = browser.new_context(**DESKTOP)
        self.context.set_default_timeout(PATIENCE)
        self.page: Page = self.context.new_page()
        self.context.on("request", self._asked)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.site, "blob:", "data:")):
            self.problems.append(f"asked for {request.url}")

    def open(self, tool: str, query: str = "?device=wasm&threads=1") -> None:
        self.page.goto(f"{self.site}{query}#{tool}")
        self.page.wait_for_selector(f"#tab-{tool} .pad")

    def go_to(self, tool: str) -> None:
        self.page.click(f"#tab-{tool}-button")
        self.page.wait_for_selector(f"#tab-{tool} .pad")

    def choose(self, tool: str, photo: Path) -> None:
        self.page.set_input_files(f"#tab-{tool} input.file", photo)
        self.page.wait_for_function(
            "([tool, name]) => document.querySelector(`#tab-${tool} .caption`).textContent.startsWith(name)",
            arg=[tool, photo.name],
        )

    def restore(self, tool: str) -> None:
        self.page.click(f"#{tool}-run")
        self.page.wait_for_selector(f"#tab-{tool} .status:is(.good, .bad)")
        expect(self.page.locator(f"#tab-{tool} .status.good")).to_contain_text("Done in")

    def result(self, tool: str) -> np.ndarray:
        with self.page.expect_download() as download:
            self.page.click(f"#tab-{tool} .download")
        with Image.open(download.value.path()) as image:
            return np.asarray(image.convert("RGB")).astype(int)

    def numbers(self, tool: str) -> np.ndarray:
        """Of the diffusion, as the timeline saves them."""
        if not self.page.is_visible(f"#tab-{tool} [data-suffix='.npy']"):
            self.page.click(f"#tab-{tool} .within summary")
        with self.page.expect_download() as download:
            self.page.click(f"#tab-{tool} [data-suffix='.npy']")
        return np.load(download.value.path())


@pytest.fixture
def visit(browser: Browser, site: str) -> Iterator[Visit]:
    made = Visit(browser, site)
    yield made
    made.context.close()
    assert made.problems == []


def photo_at(path: Path, width: int = 83, height: int = 61) -> Path:
    """Smooth, with noise on it."""
    rng = np.random.default_rng(width)
    coarse = Image.fromarray(rng.integers(0, 256, (5, 6, 3), dtype=np.uint8))
    pixels = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC)).astype(int)
    Image.fromarray((pixels + rng.integers(-9, 10, pixels.shape)).clip(0, 255).astype(np.uint8)).save(path)
    return path


def expected(tool: str, photo: Path, strokes: list[dict[str, Any]]) -> tuple[np.ndarray, np.ndarray]:
    """What the library gives: pixels, and the diffusion's numbers."""
    preset = next(each.preset for each in offered() if each.task.key == tool and each.preset.key == "faithful")
    model = load(tool, preset=preset.key, scale=preset.scale, device="cpu", precision="fp32")
    picture, mask = load_picture(photo), None
    if TASKS[tool].wants_mask:
        mask = MaskValue.model_validate({"strokes": strokes}).rasterised(picture.height, picture.width)
    trace = Trace.of(model.stream(Request(picture, mask)))
    assert trace.restoration is not None
    return trace.restoration.picture.pixels.astype(int), trace.array()


@needs_runtime
@pytest.mark.browser
def test_every_tool_gives_what_the_app_gives_and_offline_again(visit: Visit, tmp_path: Path) -> None:
    photo, page = photo_at(tmp_path / "photo.png"), visit.page
    visit.open("inpaint")
    page.wait_for_selector("body[data-offline=ready]")
    assert page.evaluate("crossOriginIsolated")
    results = {}
    for tool in TASKS:
        visit.go_to(tool)
        visit.choose(tool, photo)
        strokes = draw_box(page) if TASKS[tool].wants_mask else []
        if tool == "inpaint":
            page.click("#tab-inpaint .choices label:has-text('Faithful')")
        visit.restore(tool)
        pixels, numbers = expected(tool, photo, strokes)
        assert np.abs(visit.numbers(tool) - numbers).max() < CLOSE, tool
        results[tool] = visit.result(tool)
        assert np.abs(results[tool] - pixels).max() <= 1, tool  # where rounding meets a half
        assert np.abs(results[tool] - pixels).mean() < 0.01, tool
    visit.context.set_offline(True)
    page.reload()
    visit.go_to("clean")
    visit.choose("clean", photo)
    visit.restore("clean")
    assert (visit.result("clean") == results["clean"]).all()


def draw_box(page: Page) -> list[dict[str, Any]]:
    """Into the mask of Remove; gives the strokes as the canvas has them."""
    page.click("#tab-inpaint [data-do=box]")
    box = page.locator("#tab-inpaint .pad .stage").bounding_box()
    assert box
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(middle[0] - 60, middle[1] - 40)
    page.mouse.down()
    page.mouse.move(middle[0] + 70, middle[1] + 30)
    page.mouse.up()
    strokes = json.loads(page.get_attribute("#tab-inpaint .pad", "data-value") or "{}")["strokes"]
    assert strokes
    return strokes


@needs_runtime
@pytest.mark.browser
def test_what_went_before_is_said_in_a_sentence_and_a_run_can_be_cancelled(visit: Visit, tmp_path: Path) -> None:
    page, status = visit.page, visit.page.locator("#tab-inpaint .status")
    visit.open("inpaint")
    page.click("#inpaint-run")
    expect(status).to_contain_text("There is no photo yet")
    visit.choose("inpaint", photo_at(tmp_path / "photo.png"))
    page.click("#inpaint-run")
    expect(status).to_contain_text("Nothing is painted over yet")
    (tmp_path / "bad.png").write_bytes(b"no picture")
    page.set_input_files("#tab-inpaint input.file", tmp_path / "bad.png")
    expect(status).to_contain_text("cannot read that file")
    visit.go_to("clean")
    visit.choose("clean", photo_at(tmp_path / "large.png", 1600, 1300))
    page.click("#clean-run")
    expect(page.locator("#tab-clean .status")).to_contain_text("2.1 megapixels; 2 is the most")
    page.click("#tab-clean .shrink")
    expect(page.locator("#tab-clean .caption")).to_contain_text(re.compile(r" 15\d\d × 12\d\d"))
    page.click("#clean-run")
    page.click("#clean-cancel")
    expect(page.locator("#tab-clean .status")).to_contain_text("Cancelled")
    visit.choose("clean", photo_at(tmp_path / "small.png", 40, 30))
    visit.restore("clean")


@needs_runtime
@pytest.mark.browser
def test_sliders_move_the_ipr_and_tiles_fade_into_each_other(visit: Visit, tmp_path: Path) -> None:
    visit.open("clean", "?device=wasm&threads=1&budget=4000000")
    visit.choose("clean", photo_at(tmp_path / "photo.png", 170, 150))
    visit.restore("clean")
    page, before = visit.page, visit.result("clean")
    expect(page.locator("#tab-clean .status")).to_contain_text("tiles")
    page.eval_on_selector(
        "#tab-clean .sliders [data-name=noise]",
        """(slider) => {
          slider.value = 1;
          for (const each of ['input', 'change']) slider.dispatchEvent(new Event(each));
        }""",
    )
    expect(page.locator("#tab-clean .reading .moved")).to_contain_text("grain +1.0")
    assert np.abs(visit.result("clean") - before).max() > 0


@needs_runtime
@pytest.mark.browser
def test_a_result_goes_on_to_the_next_tool_beside_other_presets(visit: Visit, tmp_path: Path) -> None:
    page, photo = visit.page, photo_at(tmp_path / "photo.png", 24, 20)
    visit.open("sr")
    visit.choose("sr", photo)
    assert page.locator("#tab-sr .choices label").count() == 2
    page.click("#tab-sr .choices label:has-text('Faithful')")
    visit.restore("sr")
    page.click("#tab-sr .modes label:has-text('Side by side')")
    page.locator("#tab-sr .tag select").nth(0).select_option("sr-crisp-x4")
    expect(page.locator("#tab-sr .tag .facts").nth(0)).to_contain_text("s")
    expect(page.locator("#tab-sr .status.good")).to_contain_text("Done in")
    page.click("#tab-sr .go-on summary")
    page.click("#tab-sr [data-go=deblur]")
    page.wait_for_selector('#tab-deblur .pad[data-state="photo"]')
    expect(page.locator("#tab-deblur .caption")).to_contain_text("96 × 80")
    for colours in ("light", "dark"):
        page.emulate_media(color_scheme=colours)
        found = Axe().run(page, options={"resultTypes": ["violations"]})
        assert found.violations_count == 0, found.generate_report()


PROGRESS = """(tool) => {
  const line = document.querySelector(`#tab-${tool} .status`), track = line.querySelector(".track");
  window.progress = [];
  const now = () => Number(track.getAttribute("aria-valuenow"));
  new MutationObserver(() => line.classList.contains("busy") && progress.push(now()))
    .observe(track, { attributes: true });
}"""


@needs_runtime
@pytest.mark.browser
def test_progress_does_not_fall(visit: Visit, tmp_path: Path) -> None:
    """From the network's file, which comes first, through encoding to painting, in tiles of which some take longer."""
    visit.open("clean")
    visit.choose("clean", photo_at(tmp_path / "photo.png"))
    visit.page.evaluate(PROGRESS, "clean")
    visit.restore("clean")
    seen = visit.page.evaluate("window.progress")
    assert len(seen) > 3 and seen == sorted(seen), seen
    assert seen[0] < 5 < seen[-1]


@needs_runtime
@pytest.mark.browser
def test_a_server_without_headers_is_made_up_for(browser: Browser, folder: Path) -> None:
    with serve(folder, isolated=False) as address:
        context = browser.new_context(**DESKTOP)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.goto(address)
        page.wait_for_selector("body[data-offline=ready]")
        assert page.evaluate("crossOriginIsolated")
        context.close()


@needs_runtime
@pytest.mark.browser
def test_the_graphics_card_agrees(browser: Browser, site: str, tmp_path: Path) -> None:
    """On a software adapter, which a page takes only when it is asked to."""
    arguments = [each for each in ARGUMENTS if each != "--disable-gpu"] + GPU
    with browser.browser_type.launch(executable_path=installed_chromium(), headless=True, args=arguments) as other:
        visit, photo = Visit(other, site), photo_at(tmp_path / "photo.png", 32, 32)
        visit.open("deblur", "?device=webgpu")
        if not visit.page.evaluate("navigator.gpu?.requestAdapter().then(Boolean, () => false) ?? false"):
            pytest.skip("this Chromium has no WebGPU")
        visit.choose("deblur", photo)
        visit.restore("deblur")
        pixels, numbers = expected("deblur", photo, [])
        assert "graphics card" in visit.page.inner_text("#tab-deblur .status")
        assert np.abs(visit.numbers("deblur") - numbers).max() < 1e-3
        assert np.abs(visit.result("deblur") - pixels).max() <= 1
        assert visit.problems == []


# --- the engine's parts beside those of the library -------------------------------------------------------------------


def in_page(page: Page, module: str, body: str, given: Any = None, part: str = "engine") -> Any:
    """body: of a function of `engine`, the module of that part of the page, and `given`."""
    return page.evaluate(f"async (given) => {{ const engine = await import('/{part}/{module}.js'); {body} }}", given)


@pytest.fixture(scope="module")
def engine(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A page with our modules, and nothing else: it needs no runtime."""
    folder = tmp_path_factory.mktemp("engine")
    for part in ("engine", "page"):
        shutil.copytree(f"web/{part}", folder / part)
    (folder / "index.html").write_text("<!doctype html>")
    with serve(folder) as address:
        page = browser.new_page()
        page.goto(address)
        yield page
        page.close()


@pytest.mark.browser
@pytest.mark.parametrize("layered", [True, False])
def test_an_ipr_is_read_as_by_the_library(engine: Page, layered: bool) -> None:
    fields = directions().to_dict()
    if not layered:
        fields = {key: value for key, value in fields.items() if "h" not in SHAPES.get(key, "")}
    known = Directions.from_training({"directions": fields}, 256)
    assert known is not None
    for ipr in np.random.default_rng(0).normal(1, 1, (4, 256)).astype(np.float32):
        given = {"directions": fields, "ipr": ipr.tolist()}
        found = in_page(engine, "reading", "return engine.readingOf(given.directions, given.ipr)", given, "page")
        expected = known.reading(ipr).values
        assert [each["name"] for each in found] == [each.name for each in expected]
        assert np.allclose([each["value"] for each in found], [each.value for each in expected], rtol=1e-3, atol=1e-3)
        assert [each["inside"] for each in found] == [each.inside for each in expected]


@pytest.mark.browser
@pytest.mark.parametrize("seed", [0, 1, 2**32 + 5, 2**53 - 1])
def test_a_seed_draws_what_torch_draws(engine: Page, seed: int) -> None:
    found = in_page(engine, "noise", "return [...engine.seededNoise(256, given)]", seed)
    assert np.abs(np.array(found) - seeded_noise(256, seed)[0].numpy()).max() < 1e-5


@pytest.mark.browser
@pytest.mark.parametrize(("height", "width"), [(33, 47), (1, 9), (64, 16)])
def test_holes_are_filled_as_by_the_library(engine: Page, height: int, width: int) -> None:
    rng = np.random.default_rng(0)
    planes, known = rng.random((3, height, width), dtype=np.float32), rng.random((height, width)) > 0.4
    known[height // 3 : height // 2 + 1, 2 : width // 2] = False
    body = """const planes = given.planes.map((plane) => Float32Array.from(plane));
      const found = engine.harmonicFill(planes, Uint8Array.from(given.known), given.height, given.width);
      return found.map((plane) => [...plane])"""
    given = {"planes": planes.reshape(3, -1).tolist(), "known": known.ravel().tolist(), "height": height}
    found = in_page(engine, "fill", body, given | {"width": width})
    wanted = harmonic_fill(torch.from_numpy(planes)[None], torch.from_numpy(known)[None, None].float())[0]
    assert np.abs(np.array(found).reshape(3, height, width) - wanted.numpy()).max() < 1e-5


@pytest.mark.browser
def test_strokes_become_the_same_mask(engine: Page) -> None:
    drawn = [
        {"k": "line", "r": 0.05, "e": 0, "p": [[0.1, 0.2], [0.6, 0.3], [0.55, 0.9]]},
        {"k": "lasso", "r": 0, "e": 0, "p": [[0.5, 0.1], [0.95, 0.2], [0.7, 0.6], [0.9, 0.05]]},
        {"k": "box", "r": 0, "e": 1, "p": [[0.7, 0.5], [0.5, 0.25]]},
        {"k": "line", "r": 0.002, "e": 0, "p": [[-0.1, 0.8], [1.2, 0.75]]},
        {"k": "grow", "r": 0.021, "e": 0, "p": []},
        {"k": "line", "r": 0.03, "e": 1, "p": [[0.2, 0.2]]},
        {"k": "grow", "r": -0.01, "e": 0, "p": []},
        {"k": "invert", "r": 0, "e": 0, "p": []},
    ]
    height, width, feather = 91, 123, 4
    body = """const mask = engine.rasterise(given.strokes, given.height, given.width);
      const wide = engine.grown(mask, given.height, given.width, given.feather);
      return [[...mask], [...engine.softMask(wide, given.height, given.width, given.feather)]]"""
    given = {"strokes": drawn, "height": height, "width": width, "feather": feather}
    mask, soft = (np.array(each).reshape(height, width) for each in in_page(engine, "mask", body, given))
    wanted = rasterise([Stroke(s["r"], s["p"], bool(s["e"]), s["k"]) for s in drawn], height, width)
    assert (mask == wanted).all()
    assert np.abs(soft - soft_mask(grown(wanted, feather), feather)).max() < 1e-6


@pytest.mark.browser
def test_tiles_lie_where_the_library_puts_them(engine: Page) -> None:
    config = COMPACT["compact_deblur"]
    facts = {"multiple_of": config.multiple_of, "tiles": {"overlap": 32, "bytes_per_pixel": bytes_per_pixel(config)}}
    sizes = [(1408, 1408, 2**29), (320, 2000, 2**26), (48, 48, 1), (720, 1296, 2**28), (1600, 1232, 2**30)]
    for height, width, budget in sizes:
        given = {"facts": facts, "height": height, "width": width, "budget": budget}
        found = in_page(
            engine, "tiles", "return engine.plan(given.height, given.width, given.facts, given.budget)", given
        )
        assert [Tile(**each) for each in found] == plan(height, width, config, budget)
    hole = np.zeros((1500, 1600), bool)
    hole[700:720, 1400:1500] = True
    body = """const mask = new Uint8Array(1500 * 1600);
      for (let y = 700; y < 720; y++) mask.fill(1, y * 1600 + 1400, y * 1600 + 1500);
      return engine.aroundHole(mask, 1500, 1600)"""
    assert Tile(**in_page(engine, "tiles", body)) == around_hole(hole)


@pytest.mark.browser
@pytest.mark.parametrize(("top", "left"), [(0, 0), (3, 5)])
def test_a_jpeg_s_blocks_are_found_where_the_library_finds_them(
    engine: Page, tmp_path: Path, top: int, left: int
) -> None:
    path = photo_at(tmp_path / "photo.png", 120, 96)
    with Image.open(path) as image:
        image.save(tmp_path / "photo.jpg", quality=20)
    pixels = np.asarray(Image.open(tmp_path / "photo.jpg"))[top:, left:]
    rgba = np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])
    body = "return engine.firstBlocks({ pixels: Uint8ClampedArray.from(given[0]), height: given[1], width: given[2] })"
    found = in_page(engine, "pixels", body, [rgba.ravel().tolist(), *pixels.shape[:2]])
    assert tuple(found) == first_blocks(np.ascontiguousarray(pixels))
    assert tuple(found) == (-top % 8, -left % 8)


# --- the build --------------------------------------------------------------------------------------------------------


def test_templates_are_filled_as_by_handlebars() -> None:
    template = "{{#if on}}<b>{{words.a}}</b>{{/if}}{{#if off}}no{{/if}}"
    template += "{{#each words.list}}{{@key}}{{this.x}}{{@root.on}};{{/each}}"
    values = {"on": True, "off": False, "words": {"a": "<", "list": [{"x": 1}, {"x": 2}]}}
    assert rendered(template, values) == "<b>&lt;</b>01true;12true;"
    with pytest.raises(KeyError):
        rendered("{{words.missing}}", {"words": {}})
    with pytest.raises(ValueError, match="does not close"):
        rendered("{{#if on}}", values)


def test_without_npm_one_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "is_installed", lambda: False)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(InputError, match="there is no npm here"):
        runtime.install()
