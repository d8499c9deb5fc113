"""integrations/mask-canvas: the wheel holds all that it needs, and another Gradio app gets exact pixels from it."""

from __future__ import annotations

import ast
import base64
import importlib.util
import io
import json
import pickle
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file
from PIL import Image, ImageOps
from playwright.sync_api import Browser, Page, expect

from diffir_demo.ui.component import words_of
from diffir_demo.ui.languages import LANGUAGES, speaking
from tests.pictures import noise

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "integrations" / "mask-canvas"
PATIENCE = 30_000
"""Milliseconds to wait for anything."""
OTHER_NAMES = {"PIL": "pillow", "cv2": "opencv-python-headless", "pi_heif": "pi-heif", "gradio_client": "gradio"}
"""Modules -> what installs them."""


def build(source: Path, folder: Path) -> Path:
    """Wheel and source distribution of a folder of sources, into another one; gives the wheel."""
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(folder)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(FOLDER, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that Python finds the package in; it depends on what is installed here."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as file:
        file.extractall(folder)
    return folder


# --- the package ---------------------------------------------------------------------------------------------------


def test_it_is_small_and_complete_and_leaves_the_rest_of_the_app_behind(wheel: Path) -> None:
    names = {name.partition("_studio/")[2] for name in zipfile.ZipFile(wheel).namelist() if "_studio/" in name}
    assert {"ui/photo/canvas.py", "ui/photo/canvas.html", "ui/photo/view.js", "imaging/strokes.py"} <= names
    assert {f"ui/words/{code}.json" for code in LANGUAGES} <= names
    assert not {"ui/__init__.py", "ui/photo/__init__.py", "ui/photo/server.py", "ui/fold.js", "api.py"} & names
    assert all((ROOT / "diffir_demo" / name).is_file() for name in names)
    assert wheel.stat().st_size < 250_000


def test_the_source_distribution_builds_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    """Away from the clone."""
    with tarfile.open(next(wheel.parent.glob("*.tar.gz"))) as file:
        file.extractall(tmp_path, filter="data")
    again = build(next(tmp_path.iterdir()), tmp_path / "again")
    assert contents(again) == contents(wheel)


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as file:
        return {name: file.read(name) for name in file.namelist() if not name.endswith("RECORD")}


def test_it_asks_for_what_it_imports_and_for_no_more(installed: Path) -> None:
    modules = set[str]()
    for path in installed.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            modules |= {name.split(".")[0] for name in names}
    imported = {OTHER_NAMES.get(name, name) for name in modules - sys.stdlib_module_names}
    listed = re.search(r"^dependencies = \[\n(.*?)^\]", (FOLDER / "pyproject.toml").read_text(), re.M | re.S)
    assert listed
    asked = dict(re.findall(r'"([\w-]+)(.*?)"', listed[1]))
    assert imported == set(asked)
    studio = set((ROOT / "requirements.txt").read_text().splitlines())
    assert {name + bounds for name, bounds in asked.items() if name != "gradio"} <= studio


def test_its_words_stand_in_for_the_app_s_in_every_language() -> None:
    own: dict[str, dict[str, str]] = json.loads((FOLDER / "diffir_mask_canvas" / "words.json").read_text("utf-8"))
    assert list(own) == list(LANGUAGES) and len({tuple(words) for words in own.values()}) == 1
    for code, words in own.items():
        with speaking(code):
            assert words.keys() - words_of("photo").canvas.keys() == {"escape", "exact"}
        assert all(
            re.findall(r"\{\w+\}", text) == re.findall(r"\{\w+\}", own["en"][key]) for key, text in words.items()
        )


def test_what_a_module_asks_for_is_found(tmp_path: Path) -> None:
    """Submodules come without their package; a package that something is taken from comes whole."""
    spec = importlib.util.spec_from_file_location("hatch_build", FOLDER / "hatch_build.py")
    assert spec and spec.loader
    hook = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hook)
    for name, source in {
        "ui/photo/canvas.py": "from ...pictures import png\ndef late():\n    from ..files import keep",
        "ui/photo/calls.py": "import os",
        "ui/photo/reading.py": "from ...errors import InputError",
        "ui/files.py": "from ..whole import anything",
        "errors.py": "",
        "pictures/__init__.py": "from .jpeg import of_no_use",
        "pictures/png.py": "from . import chunks",
        "pictures/chunks.py": "",
        "whole/__init__.py": "from .part import anything",
        "whole/part.py": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(source)
    entries = {"ui/photo/canvas.py", "ui/photo/calls.py", "ui/photo/reading.py"}
    others = {"errors.py", "ui/files.py", "pictures/png.py", "pictures/chunks.py", "whole/__init__.py", "whole/part.py"}
    assert set(hook.needed(tmp_path)) == entries | others


# --- another app, in a browser -------------------------------------------------------------------------------------

APP = """
import itertools, pickle, sys
from pathlib import Path

sys.modules["diffir_demo"] = None  # as where the app is not installed
sys.path.insert(0, {site!r})

import numpy as np
from PIL import Image

{example}

numbers = itertools.count(1)

def given(value):
    number = str(next(numbers))
    Path(number).write_bytes(pickle.dumps(value))
    return number

small = np.random.default_rng(5).integers(0, 256, (60, 90, 3), dtype=np.uint8)
hole = np.zeros((60, 90), bool)
hole[10:20, 30:60] = True
Image.fromarray(small).save("small.tif")

with demo:
    said, changes = gr.Textbox(elem_id="said"), gr.Number(0, elem_id="changes")
    gr.Button("Give", elem_id="give").click(given, canvas, said)
    gr.Button("Put", elem_id="put").click(lambda: (small, hole), None, canvas)
    gr.Button("File", elem_id="file").click(lambda: {{"photo": "small.tif", "mask": hole}}, None, canvas)
    gr.Button("Empty", elem_id="empty").click(lambda: None, None, canvas)
    canvas.change(lambda count: count + 1, changes, changes)
    other = MaskCanvas((small, hole), language="de", run="give-other", elem_id="other")
    gr.Button("Give the other", elem_id="give-other").click(given, other, said)

demo.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1")
assert "torch" not in sys.modules
print(demo.local_url, flush=True)
sys.stdin.read()
"""


def example() -> str:
    """The page's own, up to where it starts."""
    block = re.search(r"```python\n(.*?)```", (FOLDER / "README.md").read_text(), flags=re.DOTALL)
    assert block and 'MaskCanvas(label="Photo and hole")' in block[1]
    return (
        block[1]
        .replace('label="Photo and hole"', 'label="Photo and hole", elem_id="canvas"')
        .replace("demo.launch()", "")
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That the app runs in, and where it writes what its function was given."""
    return tmp_path_factory.mktemp("app")


@pytest.fixture(scope="module")
def address(installed: Path, folder: Path) -> Iterator[str]:
    (folder / "app.py").write_text(APP.format(site=str(installed), example=example()))
    streams: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "app.py"], cwd=folder, **streams) as app:
        assert app.stdin and app.stdout
        yield app.stdout.readline().strip()
        app.stdin.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """The app as a new visitor sees it. Nothing may be asked of any other server."""
    expect.set_options(timeout=PATIENCE)
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE)
    foreign: list[str] = []
    own = (address, "blob:", "data:")
    context.on("request", lambda asked: None if asked.url.startswith(own) else foreign.append(asked.url))
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector('#other .pad[data-state="photo"]')
    yield page
    context.close()
    assert foreign == []


def choose(page: Page, file: Path) -> None:
    page.set_input_files("#canvas input.file", file)
    expect(page.locator("#canvas .caption")).to_contain_text(file.name)


def drag(page: Page, *points: tuple[float, float], canvas: str = "canvas") -> None:
    """points: fractions of the photo."""
    stage = page.locator(f"#{canvas} .stage")
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    place = json.loads(page.get_attribute(f"#{canvas} .pad", "data-place") or "")
    assert box
    left, top = box["x"] + 1 + place[0], box["y"] + 1 + place[1]  # within the border
    places = [(left + x * place[2], top + y * place[3]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for each in places[1:]:
        page.mouse.move(*each, steps=8)
    page.mouse.up()


Given = Callable[..., dict[str, Any]]


@pytest.fixture
def given(page: Page, folder: Path) -> Given:
    """Presses a button, or does something else, and reads what its function was given."""

    def read(act: Callable[[], None] = lambda: page.click("#give")) -> dict[str, Any]:
        before = page.input_value("#said textarea")
        act()
        expect(page.locator("#said textarea")).not_to_have_value(before)
        return pickle.loads((folder / page.input_value("#said textarea")).read_bytes())

    return read


def near_line(height: int, width: int, a: tuple[float, float], b: tuple[float, float]) -> np.ndarray:
    """(h, w): how far every pixel's centre is from the line between two points, which are fractions."""
    y, x = np.mgrid[:height, :width] + 0.5
    (ax, ay), (bx, by) = ((p[0] * width, p[1] * height) for p in (a, b))
    along = np.clip(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2), 0, 1)
    return np.hypot(x - ax - along * (bx - ax), y - ay - along * (by - ay))


@pytest.mark.browser
def test_a_function_is_given_the_exact_pixels_and_the_mask_where_it_was_painted(
    page: Page, tmp_path: Path, given: Given
) -> None:
    pixels = noise(127, 193)
    Image.fromarray(pixels).save(tmp_path / "holiday.png")
    choose(page, tmp_path / "holiday.png")
    drag(page, (0.25, 0.3), (0.75, 0.6))
    found = given()
    assert found["photo"].dtype == np.uint8 and np.array_equal(found["photo"], pixels)
    mask, radius = found["mask"], 5  # the brush is a twentieth of the width
    assert mask.dtype == np.uint8 and set(np.unique(mask)) == {0, 255}
    away = near_line(127, 193, (0.25, 0.3), (0.75, 0.6))
    assert (mask[away < radius - 1] == 255).all() and (mask[away > radius + 1] == 0).all()
    page.get_by_role("button", name="Show the mask").click()
    shown = page.locator("img[src*='/file=']").first
    expect(shown).to_be_visible()
    assert shown.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [193, 127]


@pytest.mark.browser
def test_a_photo_that_exif_turns_is_upright(page: Page, tmp_path: Path, given: Given) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(noise(80, 120)).resize((240, 160)).save(tmp_path / "turned.jpg", exif=exif, quality=95)
    choose(page, tmp_path / "turned.jpg")
    expect(page.locator("#canvas .caption")).to_contain_text("160 × 240")
    page.click("#canvas [data-do=box]")
    drag(page, (0.1, 0.1), (0.4, 0.3))
    found = given()
    upright = ImageOps.exif_transpose(Image.open(tmp_path / "turned.jpg"))
    assert np.array_equal(found["photo"], np.asarray(upright)) and Path(found["file"]).name == "turned.jpg"
    rows, columns = np.nonzero(found["mask"])
    left, right, top, bottom = columns.min(), columns.max() + 1, rows.min(), rows.max() + 1
    assert np.abs(np.array([left, right, top, bottom]) - (16, 64, 24, 72)).max() <= 1
    assert len(rows) == (right - left) * (bottom - top)


@pytest.mark.browser
@pytest.mark.parametrize("button", ["put", "file"])
def test_what_a_function_returns_is_on_the_canvas(page: Page, button: str, given: Given) -> None:
    small = np.random.default_rng(5).integers(0, 256, (60, 90, 3), dtype=np.uint8)
    hole = np.zeros((60, 90), np.uint8)
    hole[10:20, 30:60] = 255
    page.click(f"#{button}")
    expect(page.locator("#canvas .caption")).to_contain_text("90 × 60")
    found = given()
    assert np.array_equal(found["photo"], small) and np.array_equal(found["mask"], hole)
    page.click("#canvas [data-do=invert]")
    assert np.array_equal(given()["mask"], 255 - hole)
    page.click("#empty")
    expect(page.locator("#canvas .pad")).to_have_attribute("data-state", "empty")
    assert given() == {"photo": None, "mask": None, "file": None}


def test_programs_name_their_own_files_and_no_others(address: str, folder: Path, tmp_path: Path) -> None:
    Image.fromarray(noise(60, 100)).save(tmp_path / "photo.png")
    client = Client(address, verbose=False)
    line = {"k": "line", "r": 0.05, "p": [[0.2, 0.5], [0.8, 0.5]]}
    number = client.predict({"file": handle_file(tmp_path / "photo.png"), "strokes": [line]}, api_name="/given")
    given = pickle.loads((folder / number).read_bytes())
    assert np.array_equal(given["photo"], noise(60, 100))
    assert given["mask"][25:35, 20:80].all() and not given["mask"][:24].any() and not given["mask"][36:].any()
    with pytest.raises(Exception, match="radius must be more than 0"):
        strokes = [line | {"r": 7.0}]
        client.predict({"file": handle_file(tmp_path / "photo.png"), "strokes": strokes}, api_name="/given")


def test_files_that_were_not_uploaded_cannot_be_named(address: str, folder: Path) -> None:
    """Neither to functions nor to the button that shows the mask, by requests that no client makes."""
    Image.fromarray(noise(60, 100)).save(folder / "secret.png")
    value = {"file": {"path": str(folder / "secret.png"), "meta": {"_type": "gradio.FileData"}}, "strokes": []}
    before = set(folder.iterdir())
    event = httpx.post(f"{address}gradio_api/call/given", json={"data": [value]}).json()["event_id"]
    assert "event: error" in httpx.get(f"{address}gradio_api/call/given/{event}", timeout=60).text
    assert set(folder.iterdir()) == before
    config = httpx.get(f"{address}config").json()
    canvas = next(each["id"] for each in config["components"] if each["props"].get("elem_id") == "canvas")
    asked = {"session_hash": "x", "component_id": canvas, "fn_name": "exact_mask", "data": value}
    answer = httpx.post(f"{address}gradio_api/component_server", json=asked).json()
    assert list(answer) == ["problem"] and "no longer on the server" in answer["problem"]


@pytest.mark.browser
def test_soft_edges_are_grey_levels_and_the_page_shows_them_exactly(page: Page, given: Given) -> None:
    page.click("#put")
    expect(page.locator("#canvas .caption")).to_contain_text("90 × 60")
    page.click("#canvas [data-do=edge]")
    page.locator("#canvas input.feather").fill("4")
    mask = given()["mask"]
    hole = np.zeros((60, 90), bool)
    hole[10:20, 30:60] = True
    assert np.array_equal(mask == 255, hole)
    assert mask[15, 26:30].tolist() == [51, 102, 153, 204] and mask[15, 25] == 0
    with page.expect_response(lambda answer: "component_server" in answer.url) as coming:
        page.click("#canvas [data-do=inUse]")
    answer = coming.value.json()
    picture = Image.open(io.BytesIO(base64.b64decode(answer["picture"].split(",")[1])))
    assert np.array_equal(np.asarray(picture), mask)
    expect(page.locator("#canvas .caption")).to_have_text(answer["text"])


@pytest.mark.browser
def test_what_browsers_cannot_show_is_shown_and_what_is_no_photo_is_named(
    page: Page, tmp_path: Path, given: Given
) -> None:
    pixels = noise(40, 50)
    Image.fromarray(pixels).save(tmp_path / "scan.tif")
    choose(page, tmp_path / "scan.tif")
    expect(page.locator("#canvas .caption")).to_contain_text("50 × 40")
    assert np.array_equal(given()["photo"], pixels)
    (tmp_path / "letter.png").write_text("Dear all")
    page.set_input_files("#canvas input.file", tmp_path / "letter.png")
    expect(page.locator(".toast-body")).to_contain_text("not a picture in a known format")
    expect(page.locator("#canvas .caption")).to_contain_text("scan.tif")
    assert np.array_equal(given()["photo"], pixels)


@pytest.mark.browser
def test_two_canvases_on_a_page_do_not_share_keys_and_have_their_own_language(page: Page, given: Given) -> None:
    page.click("#put")
    expect(page.locator("#canvas .caption")).to_contain_text("90 × 60")
    before = int(page.input_value("#changes input"))
    drag(page, (0.1, 0.9), (0.2, 0.9))
    expect(page.locator("#changes input")).not_to_have_value(str(before))
    drag(page, (0.1, 0.9), (0.2, 0.9), canvas="other")
    expect(page.locator("#other [data-do=brush]")).to_have_attribute("title", "Pinsel (B)")
    expect(page.locator("#other [data-do=undo]")).to_be_enabled()
    page.keyboard.press("Control+z")
    expect(page.locator("#other [data-do=undo]")).to_be_disabled()
    expect(page.locator("#canvas [data-do=undo]")).to_be_enabled()
    theirs = given(lambda: page.keyboard.press("Control+Enter"))
    assert (theirs["mask"] > 0).sum() == 300 and (given()["mask"] > 0).sum() > 300
