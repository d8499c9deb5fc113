"""What the page offers to copy runs as it stands, and leads to the same pixels."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from diffir_demo.api import load
from diffir_demo.cli import main
from diffir_demo.imaging import Picture, encode_picture, load_mask, load_picture, mask_bytes, save_picture
from diffir_demo.imaging.strokes import Stroke
from diffir_demo.recipe import Drawing, Recipe, read_recipe, text_of
from diffir_demo.scratches import find_scratches
from diffir_demo.settings import Settings
from diffir_demo.tasks import TASKS
from diffir_demo.ui.export.snippets import SERVER, SHORT, Names, Snippet, finding, snippets
from diffir_demo.weights import save
from tests.factories import own_folders, photo, served
from tests.tiny import network

EXACT = "--precision fp32"
"""In bf16, two processes may round a level apart."""
ROOT = Path(__file__).parent.parent
THREADS = {"OMP_NUM_THREADS": "1"}
"""As many as the tests have: sums are rounded in the order in which they are added up."""
STROKES = (Stroke(0.1, ((0.2, 0.2), (0.6, 0.7))), Stroke(0, ((0.7, 0.1), (0.9, 0.4)), kind="box"))


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app with two networks for each task; the second is what recipes name."""
    folder = tmp_path_factory.mktemp("checkpoints")
    for key, task in TASKS.items():
        for seed, name in enumerate((task.weights, f"other-{key}.safetensors")):
            save(folder / name, network(key, seed), task=key, provenance="untrained", name="tiny")
    with own_folders(folder, tmp_path_factory.mktemp("cache")), served() as url:
        yield url


@dataclass
class Case:
    """A folder with a photo and its result, and what can be copied about the run."""

    folder: Path
    recipe: Recipe
    names: Names

    def code(self, key: str, address: str) -> str:
        found = {each.key: each for each in snippets(self.recipe, self.names)}
        return as_shown(found[key], address)

    def matches(self) -> bool:
        again, first = (load_picture(self.folder / name).pixels for name in (self.names.again, self.names.result))
        return np.array_equal(again, first)


def as_shown(snippet: Snippet, address: str) -> str:
    """What copy_panel/panel.js makes of it."""
    return snippet.code.replace(SERVER, address).replace(SERVER[:-1], address.rstrip("/"))


def case(folder: Path, key: str, name: str = "my cat.png", mask: bytes | None = None) -> Case:
    """A run with every setting away from its default."""
    path = folder / name
    path.write_bytes(encode_picture(photo(*((180, 240) if mask else (48, 64))), ".png"))
    drawing = Drawing(STROKES, 0.05) if key == "inpaint" else None
    asked = Recipe(key, Settings(seed=7, steps=2), drawing=drawing, mask=mask)
    engine = load(key, os.environ["DIFFIR_CHECKPOINTS"] + f"/other-{key}.safetensors", device="cpu", precision="fp32")
    run = engine.restore(asked.request(load_picture(path)))
    recipe = run.recipe(name, asked)
    assert recipe is not None
    names = Names(name, f"{path.stem}-result.png")
    save_picture(run.picture, folder / names.result, text=text_of(recipe))
    (folder / names.recipe).write_text(recipe.to_json())
    return Case(folder, recipe, names)


def ragged() -> bytes:
    """A mask file that makes a recipe too long to stand in the code."""
    holes = np.random.default_rng(0).random((180, 240)) < 0.5
    holes[80:] = False
    return mask_bytes(holes)


def test_the_command_line(address: str, tmp_path: Path) -> None:
    made = case(tmp_path, "inpaint")
    code = made.code("cli", address).replace("python ", f"{sys.executable} ", 1)
    subprocess.run(
        f"{code} {EXACT}",
        shell=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | THREADS,
        check=True,
        timeout=120,
    )
    assert made.matches() and read_recipe(tmp_path / made.names.again) == made.recipe


@pytest.mark.parametrize("key", [key for key in TASKS if key != "inpaint"])
def test_the_command_line_of_other_tasks(
    key: str, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = case(tmp_path, key)
    python, module, name, *arguments = shlex.split(f"{made.code('cli', address)} {EXACT}")
    assert (python, module, name) == ("python", "-m", "diffir_demo")
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 0
    assert made.matches() and read_recipe(tmp_path / made.names.again) == made.recipe


@pytest.mark.parametrize("mask", [None, ragged()], ids=["short", "long"])
def test_the_library(mask: bytes | None, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = case(tmp_path, "inpaint", 'it\'s "mine" \\ 門.png', mask)
    assert (len(made.recipe.to_json()) > SHORT) == (mask is not None)
    monkeypatch.chdir(tmp_path)
    exec(made.code("python", address).replace("find_weights()", "find_weights(), precision='fp32'"), {})
    assert made.matches()


@pytest.mark.parametrize("mask", [None, ragged()], ids=["short", "long"])
def test_the_client(mask: bytes | None, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = case(tmp_path, "inpaint", mask=mask)
    monkeypatch.chdir(tmp_path)
    exec(made.code("client", address), {})
    assert made.matches()


@pytest.mark.skipif(not shutil.which("curl") or not shutil.which("sh"), reason="needs curl and a shell")
@pytest.mark.parametrize(("key", "mask"), [("inpaint", None), ("inpaint", ragged()), ("sr", None), ("deblur", None)])
def test_curl(key: str, mask: bytes | None, address: str, tmp_path: Path) -> None:
    made = case(tmp_path, key, 'it\'s "50 %" 門.png', mask)
    subprocess.run(["sh", "-eu"], input=made.code("curl", address), text=True, cwd=tmp_path, check=True, timeout=120)
    assert made.matches()
    told = read_recipe(tmp_path / made.names.again)
    assert told.photo and made.recipe.photo and told.photo.sha256 == made.recipe.photo.sha256
    assert replace(told, photo=made.recipe.photo) == made.recipe, "all but the name, which the upload made plainer"


@pytest.mark.parametrize("way", ["cli", "python", "client", "curl"])
def test_a_mask_is_found_the_same_way_everywhere(
    way: str, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names, pixels = Names('it\'s "old" 門.png', ""), np.full((60, 80, 3), 90, np.uint8)
    pixels[10:50, 40:42] = 230
    save_picture(Picture(pixels), tmp_path / names.photo)
    (found,) = (snippet for snippet in finding(names, 0.55) if snippet.key == way)
    code = as_shown(found, address)
    monkeypatch.chdir(tmp_path)
    if way == "cli":
        code = code.replace("python ", f"{sys.executable} ", 1)
        subprocess.run(code, shell=True, env=os.environ | {"PYTHONPATH": str(ROOT)} | THREADS, check=True, timeout=120)
    elif way == "curl":
        subprocess.run(["sh", "-eu"], input=code, text=True, check=True, timeout=120)
    else:
        exec(code, {})
    expected = find_scratches(pixels, 0.55)
    assert expected.any() and np.array_equal(load_mask(tmp_path / names.mask), expected)


def test_the_recipe_as_json_is_the_recipe(address: str, tmp_path: Path) -> None:
    made = case(tmp_path, "inpaint")
    shown = made.code("json", address)
    assert Recipe.from_json(shown) == made.recipe and "[0.2, 0.2]" in shown
    long = replace(made.recipe, mask=mask_bytes(np.random.default_rng(0).random((400, 400)) < 0.5))
    assert [each.code for each in snippets(long, made.names) if each.key == "json"] == [""]
