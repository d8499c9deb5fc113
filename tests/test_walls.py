"""The walls of the house: who may import whom, read from the source. Imports inside functions count, too."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = "diffir_demo"

LAYERS: tuple[tuple[str, ...], ...] = (
    ("errors", "clock", "disk", "version", "memory"),
    ("imaging",),
    ("model",),
    ("weights", "devices", "tiling", "exemplar", "grain", "deconvolve"),
    ("shake",),
    ("baselines", "metrics", "scratches", "tasks"),
    ("events", "texture"),
    ("recipe",),
    ("restore", "oracle", "trace", "estimate"),
    ("jobs",),
    ("evaluation", "lab", "batch"),
    ("bench",),
    ("__init__",),
    ("ui",),
    ("cli", "training"),
    ("serving",),
    ("__main__", "app"),
)
"""The arrow never turns back: a module imports from rows above its own, and never from a neighbour in its row."""

ONLY_IN: dict[str, set[str]] = {
    "gradio": {"ui", "serving", "app"},
    "spaces": {"serving", "app"},
    "ray": {"serving"},
    "cv2": {"imaging", "tasks", "baselines", "exemplar", "scratches", "grain", "shake", "texture"},
    "skimage": {"metrics"},
    "safetensors": {"weights"},
    "ui": {"cli", "serving", "app"},
    "training": set(),
}
"""What stays in these rooms: libraries with one purpose, and rooms that are entered through few doors."""

NEVER_IN: dict[str, set[str]] = {
    "torch": {"errors", "ui", "cli", "app"},
}
"""Faces handle pictures and words; tensors stay in the core."""

NOTHING_BUT: dict[str, set[str]] = {
    "errors": set(),
    "model": {"torch", "numpy", "errors"},
}
"""Rooms that need these and the standard library, and nothing else."""

RANK = {name: row for row, names in enumerate(LAYERS) for name in names}


def room(path: PurePosixPath) -> str:
    """diffir_demo/imaging/load.py -> imaging; diffir_demo/errors.py -> errors; app.py -> app."""
    return path.with_suffix("").parts[1 if path.parts[0] == PACKAGE else 0]


def imports(path: PurePosixPath, source: str) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of every import, relative ones made absolute; `from a import b` gives a.b."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            home = path.parent.parts[: len(path.parent.parts) - node.level + 1] if node.level else ()
            base = ".".join([*home, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def target(name: str) -> str:
    """diffir_demo.tasks.deblur -> tasks; diffir_demo.__version__ -> __init__; torch.nn -> torch."""
    top, *rest = name.split(".")
    if top != PACKAGE:
        return top
    return rest[0] if rest and rest[0] in RANK else "__init__"


def forbidden(here: str, there: str) -> bool:
    if there == here or there in sys.stdlib_module_names:
        return False
    return (
        RANK.get(there, -1) >= RANK[here]
        or here not in ONLY_IN.get(there, {here})
        or here in NEVER_IN.get(there, set())
        or there not in NOTHING_BUT.get(here, {there})
    )


def violations(path: PurePosixPath, source: str) -> list[str]:
    """What this file imports but must not, one sentence each. path: relative to the root of the project."""
    here = room(path)
    if here not in RANK:
        return [f"{path} has no place yet: add '{here}' to LAYERS"]
    found = [(line, target(name)) for line, name in imports(path, source)]
    return [f"{path}:{line}: {here} must not import {there}" for line, there in found if forbidden(here, there)]


def sources() -> list[Path]:
    return sorted([*(ROOT / PACKAGE).rglob("*.py"), *ROOT.glob("*.py")])


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_walls_stand(path: Path) -> None:
    assert violations(PurePosixPath(path.relative_to(ROOT).as_posix()), path.read_text(encoding="utf-8")) == []


def test_there_is_something_to_read() -> None:
    assert {"errors", "imaging", "model", "tasks", "restore"} <= {
        room(PurePosixPath(path.relative_to(ROOT).as_posix())) for path in sources()
    }


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("diffir_demo/errors.py", "from .imaging import Picture"),
        ("diffir_demo/imaging/load.py", "from ..tasks import Task"),
        ("diffir_demo/imaging/load.py", "from ..model.config import ModelConfig"),
        ("diffir_demo/imaging/load.py", "from .. import restore"),
        ("diffir_demo/imaging/load.py", "import diffir_demo.restore"),
        ("diffir_demo/imaging/load.py", "from diffir_demo import ui"),
        ("diffir_demo/imaging/load.py", "from diffir_demo import __version__"),
        ("diffir_demo/model/prior.py", "import einops"),
        ("diffir_demo/model/prior.py", "from PIL import Image"),
        ("diffir_demo/model/prior.py", "from ..weights import load"),
        ("diffir_demo/weights/store.py", "from ..tasks import TASKS"),
        ("diffir_demo/weights/store.py", "import cv2"),
        ("diffir_demo/exemplar/fill.py", "from ..tiling import around_hole"),
        ("diffir_demo/baselines.py", "from .tasks.motion import camera_shake"),
        ("diffir_demo/tasks/deblur.py", "from ..baselines import BASELINES"),
        ("diffir_demo/tasks/deblur.py", "from ..events import Event"),
        ("diffir_demo/events.py", "from .restore import stream"),
        ("diffir_demo/restore.py", "def late():\n    import gradio"),
        ("diffir_demo/cli.py", "def late():\n    from .training import train"),
        ("diffir_demo/lab/steps.py", "from ..evaluation import markdown"),
        ("diffir_demo/cli.py", "import torch.nn"),
        ("diffir_demo/ui/tab.py", "import torch"),
        ("diffir_demo/ui/tab.py", "from torch import Tensor"),
        ("diffir_demo/ui/mask_canvas/__init__.py", "from ...training import train"),
        ("diffir_demo/ui/tab.py", "import spaces"),
        ("diffir_demo/training/loop.py", "import gradio as gr"),
        ("diffir_demo/training/loop.py", "from ..ui import build_app"),
        ("diffir_demo/training/loop.py", "from ..cli import main"),
        ("diffir_demo/model/prior.py", "from ..imaging import to_tensor"),
        ("diffir_demo/serving/spaces.py", "from app import app"),
        ("app.py", "import ray"),
        ("diffir_demo/newcomer.py", "import os"),
    ],
)
def test_a_breach_is_seen(path: str, source: str) -> None:
    assert len(violations(PurePosixPath(path), source)) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("diffir_demo/errors.py", "import os, dataclasses"),
        ("diffir_demo/imaging/load.py", "import cv2\nfrom ..errors import InputError\nfrom .picture import Picture"),
        ("diffir_demo/imaging/__init__.py", "from .picture import Picture"),
        (
            "diffir_demo/model/prior.py",
            "import torch.nn.functional\nimport numpy\nfrom .config import ModelConfig",
        ),
        ("diffir_demo/tasks/__init__.py", "from . import deblur\nfrom ..errors import InputError"),
        ("diffir_demo/restore.py", "from .tasks import TASKS\nfrom .events import Event\nimport torch"),
        ("diffir_demo/__init__.py", "from .restore import restore"),
        ("diffir_demo/cli.py", "def late():\n    from .ui import serve\nfrom . import __version__"),
        ("diffir_demo/ui/mask_canvas/__init__.py", "import gradio as gr\nfrom ...imaging import Picture"),
        ("diffir_demo/ui/mask_canvas/__init__.py", "from ..words import HINT\nfrom ... import restore"),
        ("diffir_demo/training/recipe.py", "from ..restore import restore\nimport torch"),
        ("diffir_demo/serving/ray_app.py", "import ray\nimport gradio\nfrom ..ui import build_app"),
        ("app.py", "import gradio\nfrom diffir_demo.ui import build_app"),
    ],
)
def test_honest_imports_pass(path: str, source: str) -> None:
    assert violations(PurePosixPath(path), source) == []
