"""What agents can say and are told: boxes in pixels, described parameters, the schema of a recipe, and MCP itself."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from gradio.utils import get_function_description
from jsonschema import Draft202012Validator
from PIL import Image

from diffir_demo.errors import InputError
from diffir_demo.imaging import mask_picture, save_picture
from diffir_demo.imaging.strokes import Stroke, box_stroke, rasterise
from diffir_demo.recipe import Drawing, Recipe, find_recipe
from diffir_demo.recipe_file import json_schema
from diffir_demo.settings import Settings
from diffir_demo.tasks import TASKS
from diffir_demo.ui.api import ABOUT, _description, parameters
from tests.factories import in_a_loop, own_folders, photo, served, tiny_weights
from tests.test_cli import run

ROOT = Path(__file__).parent.parent
BOXES = [[8, 4, 10, 6], [30, 20, 5, 50]]
"""The second one ends below a picture of 32 rows."""


def hole() -> np.ndarray:
    """(32, 48) bool: what `BOXES` mean."""
    found = np.zeros((32, 48), bool)
    found[4:10, 8:18] = found[20:, 30:35] = True
    return found


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_weights(tmp_path_factory.mktemp("checkpoints"))


@pytest.fixture
def weights(checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIFFIR_CHECKPOINTS", str(checkpoints))


# ---- boxes ----


def test_a_box_is_its_pixels_and_no_others() -> None:
    assert np.array_equal(rasterise([box_stroke(each, 48, 32) for each in BOXES], 32, 48), hole())
    rng = np.random.default_rng(0)
    for _ in range(300):
        width, height = (int(each) for each in rng.integers(1, 4000, 2))
        x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
        w, h = int(rng.integers(1, width - x + 1)), int(rng.integers(1, height - y + 1))
        found = rasterise([box_stroke((x, y, w, h), width, height)], height, width)
        assert found.sum() == w * h and found[y : y + h, x : x + w].all()


@pytest.mark.parametrize("box", [[1, 2, 3], [1, 2, 0, 4], [1.5, 2, 3, 4], "1234", None, [True, 1, 1, 1], [48, 0, 5, 5]])
def test_what_is_no_box_is_told(box: Any) -> None:
    with pytest.raises(InputError, match="four whole numbers|lies beside the picture of 48 x 32"):
        box_stroke(box, 48, 32)


def test_boxes_on_the_command_line(weights: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Alone, and joined with a mask; the recipe in the result repeats it."""
    save_picture(photo(32, 48), source := tmp_path / "a.png")
    boxes = ["--box", "8,4,10,6", "--box", "30,20,5,50"]
    ask = ["restore", "inpaint", source, "--preset", "faithful", "--precision", "fp32"]
    assert run(*ask, "-o", tmp_path / "b.png", *boxes) == 0
    before, after = (np.asarray(Image.open(tmp_path / name)) for name in ("a.png", "b.png"))
    assert np.array_equal(before[~hole()], after[~hole()]) and (before[hole()] != after[hole()]).any()
    recipe = find_recipe(tmp_path / "b.png")
    assert recipe is not None and np.array_equal(recipe.hole(32, 48), hole())
    assert run(*ask[:3], "-o", tmp_path / "again.png", "--recipe", tmp_path / "b.png", "--precision", "fp32") == 0
    assert np.array_equal(np.asarray(Image.open(tmp_path / "again.png")), after)
    save_picture(mask_picture(np.eye(32, 48, dtype=bool)), tmp_path / "m.png")
    assert run(*ask, "-o", tmp_path / "c.png", *boxes[:2], "--mask", tmp_path / "m.png") == 0
    both = find_recipe(tmp_path / "c.png")
    assert (
        both is not None
        and (both.hole(32, 48) == (np.eye(32, 48, dtype=bool) | (hole() & (np.arange(32) < 10)[:, None]))).all()
    )
    assert run("restore", "sr", source, "-o", tmp_path / "d.png", "--box", "1,1,2,2") == 2
    assert run(*ask, "-o", tmp_path / "d.png", "--box", "90,0,2,2") == 2
    assert "lies beside the picture of 48 x 32" in capsys.readouterr().err and not (tmp_path / "d.png").exists()


@pytest.fixture(scope="module")
def address(checkpoints: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with own_folders(checkpoints, tmp_path_factory.mktemp("cache")), served() as url:
        yield url


def test_boxes_in_the_api(address: str, tmp_path: Path) -> None:
    from gradio_client import Client, handle_file

    save_picture(photo(32, 48), tmp_path / "a.png")
    client = Client(address, verbose=False)
    made = client.predict(handle_file(tmp_path / "a.png"), boxes=BOXES, preset="faithful", api_name="/inpaint")
    recipe = find_recipe(made)
    assert recipe is not None and len(recipe.strokes) == 2 and np.array_equal(recipe.hole(32, 48), hole())
    with pytest.raises(Exception, match="four whole numbers"):
        client.predict(handle_file(tmp_path / "a.png"), boxes=[[1, 2]], api_name="/inpaint")


# ---- what is said about it ----


@pytest.mark.parametrize("key", TASKS)
def test_every_parameter_is_described(key: str) -> None:
    def endpoint(*, image, mask, seed, feather, recipe, preset, boxes, scale, strength, path): ...  # noqa: ANN001, ANN202

    endpoint.__doc__ = _description(TASKS[key])
    description, found, returns = get_function_description(endpoint)
    assert description == TASKS[key].summary and returns and "recipe" in returns[0]
    assert {name for name, text in found.items() if text} == set(parameters(TASKS[key])) <= set(ABOUT)
    assert "{" not in endpoint.__doc__


def test_the_schema_of_a_recipe_fits_recipes_and_no_others(address: str) -> None:
    schema = httpx.get(f"{address.rstrip('/')}/recipe.schema.json").json()
    assert schema == json.loads(json.dumps(json_schema()))
    valid = Draft202012Validator(schema)
    strokes = (Stroke(0.1, ((0.2, 0.2), (0.6, 0.7))), Stroke(0, ((0.7, 0.1), (0.9, 0.4)), kind="box"))
    recipe = Recipe("inpaint", Settings(seed=3), drawing=Drawing(strokes, 0.01))
    fields = json.loads(recipe.to_json())
    assert valid.is_valid(fields) and Recipe.from_fields(fields) == recipe
    for wrong in ({"task": "sr"}, fields | {"seed": -1}, fields | {"unknown": 1}):
        assert not valid.is_valid(wrong)


# ---- MCP ----


def test_without_the_package_it_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("diffir_demo.cli.serve.find_spec", lambda name: None)
    assert run("serve", "--mcp") == 2
    assert "pip install 'diffir-studio[mcp]'" in capsys.readouterr().err


def test_an_agent_erases_two_boxes_with_one_call(checkpoints: Path, tmp_path: Path) -> None:
    mcp = pytest.importorskip("mcp")
    from mcp.client.streamable_http import streamablehttp_client  # pyright: ignore[reportMissingImports]

    buffer = io.BytesIO()
    Image.fromarray(photo(32, 48).pixels).save(buffer, "PNG")
    uri = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()

    async def called(url: str) -> tuple[list[Any], Any, Any]:
        asked = {"image": uri, "boxes": BOXES, "preset": "faithful"}
        where = f"{url.rstrip('/')}/gradio_api/mcp/"
        async with (
            streamablehttp_client(where) as (reading, writing, _),
            mcp.ClientSession(reading, writing) as session,
        ):
            await session.initialize()
            tools = (await session.list_tools()).tools
            made = await session.call_tool("inpaint", asked)
            return tools, made, await session.call_tool("inpaint", asked | {"boxes": [[900, 0, 5, 5]]})

    with own_folders(checkpoints, tmp_path), served(mcp_server=True) as url:
        tools, made, refused = in_a_loop(called(url))
    assert {tool.name for tool in tools} == {*TASKS, "find_scratches"}
    (inpaint,) = [tool for tool in tools if tool.name == "inpaint"]
    described = inpaint.inputSchema["properties"]
    assert set(described) == set(parameters(TASKS["inpaint"])) and all(
        each["description"] for each in described.values()
    )
    (picture,) = [each for each in made.content if each.type == "image"]
    after = np.asarray(Image.open(io.BytesIO(base64.b64decode(picture.data))).convert("RGB"))
    assert np.abs(after[~hole()].astype(int) - photo(32, 48).pixels[~hole()]).max() < 40  # Gradio encodes it anew
    assert refused.isError and "lies beside the picture" in refused.content[0].text


def test_the_page_about_it_says_what_is_so() -> None:
    page = (ROOT / "integrations" / "mcp" / "README.md").read_text()
    settings, call = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", page, re.S))
    assert settings["mcpServers"]["diffir-studio"]["url"].endswith("/gradio_api/mcp/")
    assert set(call["arguments"]) <= set(parameters(TASKS[call["name"]]))
