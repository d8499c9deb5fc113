"""The folders of `integrations/`: each does what its page says, with a stand-in for the program that it is for."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import re
import shlex
import sys
import types
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
import torch
from PIL import Image

from diffir_demo.imaging import save_picture
from diffir_demo.tasks import TASKS
from tests.factories import photo, tiny_weights
from tests.test_cli import run

FOLDERS = Path(__file__).parent.parent / "integrations"


@pytest.fixture(autouse=True)
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "checkpoints").mkdir()
    monkeypatch.setenv("DIFFIR_CHECKPOINTS", str(tiny_weights(tmp_path / "checkpoints")))


def test_each_has_a_page() -> None:
    folders = {folder.name: folder for folder in FOLDERS.iterdir()}
    assert set(folders) == {"mcp", "comfyui", "darktable", "colab", "spandrel", "mask-canvas"}
    assert all((folder / "README.md").read_text().startswith("# ") for folder in folders.values())


# ---- ComfyUI ----


@pytest.fixture
def nodes() -> Any:
    """The folder as ComfyUI loads it: a module with another name, and nothing of ComfyUI installed."""
    spec = importlib.util.spec_from_file_location("custom_nodes_diffir", FOLDERS / "comfyui" / "__init__.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def images(count: int, height: int = 32, width: int = 48) -> torch.Tensor:
    levels = [photo(height, width, (4 + i, 3)).pixels for i in range(count)]
    return torch.from_numpy(np.stack(levels).astype(np.float32) / 255)


def test_comfyui_has_a_node_for_every_task(nodes: Any) -> None:
    assert set(nodes.NODE_CLASS_MAPPINGS) == set(nodes.NODE_DISPLAY_NAME_MAPPINGS) == {f"DiffIR_{k}" for k in TASKS}
    for key, task in TASKS.items():
        node = nodes.NODE_CLASS_MAPPINGS[f"DiffIR_{key}"]
        asked = node.INPUT_TYPES()["required"]
        assert ("mask" in asked) == task.wants_mask and len(asked["preset"][0]) == len(task.presets)
        assert callable(getattr(node(), node.FUNCTION)) and node.RETURN_TYPES == ("IMAGE",)


def test_comfyui_restores_a_batch(nodes: Any) -> None:
    node = nodes.NODE_CLASS_MAPPINGS["DiffIR_clean"]()
    (made,) = node.restore(images(2), "faithful", 3)
    assert made.shape == (2, 32, 48, 3) and made.dtype == torch.float32 and 0 <= made.min() <= made.max() <= 1
    (alone,) = node.restore(images(2)[1:], "faithful", 4)
    assert torch.equal(made[1:], alone), "the second one has the next seed"
    (large,) = nodes.NODE_CLASS_MAPPINGS["DiffIR_sr"]().restore(images(1), "faithful x4", 0)
    assert large.shape == (1, 128, 192, 3)


def test_comfyui_fills_where_the_mask_is_white(nodes: Any) -> None:
    mask = torch.zeros(1, 32, 48)
    mask[:, 8:16, 10:30] = 1
    node = nodes.NODE_CLASS_MAPPINGS["DiffIR_inpaint"]()
    (made,) = node.restore(images(2), "faithful", 0, mask=mask)
    changed = (made != images(2)).any(-1)
    assert changed.any(dim=(1, 2)).all() and not (changed & (mask < 0.5)).any()


def test_comfyui_sees_progress_and_may_cancel(nodes: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, int]] = []

    class Bar:
        def __init__(self, total: int) -> None:
            assert total == 200

        def update_absolute(self, value: int, total: int) -> None:
            seen.append((value, total))

    class InterruptError(BaseException):
        pass

    def interrupt() -> None:
        if len(seen) > stop:
            raise InterruptError

    management = types.SimpleNamespace(throw_exception_if_processing_interrupted=interrupt)
    monkeypatch.setitem(sys.modules, "comfy", types.ModuleType("comfy"))
    monkeypatch.setitem(sys.modules, "comfy.model_management", management)  # pyright: ignore[reportArgumentType]
    monkeypatch.setitem(sys.modules, "comfy.utils", types.SimpleNamespace(ProgressBar=Bar))  # pyright: ignore
    node, stop = nodes.NODE_CLASS_MAPPINGS["DiffIR_clean"](), 1_000_000
    node.restore(images(2), "faithful", 0)
    values = [value for value, _ in seen]
    assert values == sorted(values) and values[-1] == 200
    stop = 0
    with pytest.raises(InterruptError):
        node.restore(images(2), "faithful", 9)
    stop = 1_000_000
    node.restore(images(1).repeat(2, 1, 1, 1), "faithful", 9)  # the device is free again


# ---- darktable ----


class Darktable:
    """What `require "darktable"` gives, as far as the script uses it; its shell runs this Python's command line."""

    def __init__(self, folder: Path) -> None:
        lupa = pytest.importorskip("lupa")
        self.folder, self.said, self.imported, self.commands = folder, list[str](), list[str](), list[str]()
        self.lua = lupa.LuaRuntime(unpack_returned_tuples=True)
        table = self.lua.table_from
        self.grouped: list[Any] = []
        self.widget: Any = None

        def new(path: str) -> Any:
            self.imported.append(path)
            return table({"path": path, "group_with": lambda itself, other: self.grouped.append(other.filename)})

        def widget(kind: str) -> Any:
            def filled(options: Any) -> Any:
                self.widget = options
                options["selected"] = options["value"]
                return options

            return filled

        preferences = {"register": lambda *_: None, "read": lambda *_: "diffir"}
        self.lua.globals().darktable = table(
            {
                "configuration": table({"running_os": "linux"}),
                "preferences": table(preferences),
                "new_widget": widget,
                "database": table({"import": new}),
                "print": lambda text: self.said.append(text),
                "print_error": lambda text: None,
                "register_storage": self._registered,
            }
        )
        self.lua.execute("package.loaded.darktable = darktable; table.unpack = table.unpack or unpack")
        self.lua.globals().os.execute = self._execute
        self.lua.execute((FOLDERS / "darktable" / "diffir.lua").read_text())

    def _registered(self, name: str, label: str, store: Any, finalize: Any, *others: Any) -> None:
        self.finalize = finalize

    def _execute(self, command: str) -> bool:
        """As a shell would, in this process."""
        self.commands.append(command)
        called, *words, redirected, log = shlex.split(command)
        assert (called, redirected) == ("diffir", "2>")
        with open(log, "w") as file, contextlib.redirect_stderr(file):
            return run(*words) == 0

    def export(self, task: str, name: str, exported: Path) -> None:
        choices = [self.widget[i] for i in range(1, 6)]
        self.widget["selected"] = choices.index(task) + 1
        image = self.lua.table_from({"filename": name, "path": str(self.folder)})
        exported_images = self.lua.table()
        exported_images[image] = str(exported)
        self.finalize(None, exported_images)


def test_darktable_restores_what_is_exported(tmp_path: Path) -> None:
    darktable, exported = Darktable(tmp_path), tmp_path / "it's exported.tif"
    save_picture(photo(), exported, bits=16)
    darktable.export("clean", "DSC'1.ARW", exported)
    made = tmp_path / "DSC'1-clean.tif"
    assert darktable.imported == [str(made)] and darktable.grouped == ["DSC'1.ARW"], darktable.said
    assert Image.open(made).size == (64, 48) and "--bits 16" in darktable.commands[0]
    assert not exported.exists() and darktable.said[-1] == "DiffIR: 1 restored"
    save_picture(photo(), exported)
    darktable.export("clean", "DSC'1.ARW", exported)
    assert darktable.imported[-1].endswith("DSC'1-clean (2).tif"), "nothing is overwritten"


def test_darktable_says_what_is_wrong_in_one_line(tmp_path: Path) -> None:
    darktable, exported = Darktable(tmp_path), tmp_path / "a.jpg"
    save_picture(photo(), exported)
    darktable.export("inpaint", "a.ARW", exported)
    assert (
        darktable.said[-1] == "DiffIR: a.ARW: there is no mask a_mask.png beside the photo" and not darktable.commands
    )
    exported.write_bytes(b"no picture")
    darktable.export("deblur", "a.ARW", exported)
    assert not darktable.imported and re.match(r"DiffIR: a\.ARW: .*not a picture in a known format", darktable.said[-1])


# ---- Colab ----


def test_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = nbformat.read(FOLDERS / "colab" / "diffir.ipynb", as_version=4)
    nbformat.validate(notebook)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    assert code[0].startswith("%pip install") and not any("%" in each.split("\n")[0] for each in code[1:])
    monkeypatch.chdir(tmp_path)
    save_picture(photo(96, 128), "photo.jpg")
    names = dict[str, Any]()
    try:
        for source in code[1:]:
            exec(compile(source, "diffir.ipynb", "exec"), names)
        assert Image.open("clean.png").size == Image.open("filled.png").size == (128, 96)
        assert names["app"].is_running
    finally:
        if "app" in names:
            names["app"].close()
    assert not any(cell.get("outputs") for cell in notebook.cells), "saved without what it shows"
    assert json.loads((FOLDERS / "colab" / "diffir.ipynb").read_text())["metadata"]["accelerator"] == "GPU"
