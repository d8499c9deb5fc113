"""Who may import whom: the contracts in pyproject.toml hold, and each of them can break."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def lint(folder: Path) -> str:
    """What import-linter prints for the packages in that folder."""
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    found = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    return found.stdout + found.stderr


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages, to be changed."""
    folder = tmp_path_factory.mktemp("imports")
    for package in ("diffir_demo", "tools"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__", "*.pyi"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_the_contracts_hold() -> None:
    printed = lint(ROOT)
    contracts = (ROOT / "pyproject.toml").read_text().count("[[tool.importlinter.contracts]]")
    assert contracts >= 6 and f"Contracts: {contracts} kept, 0 broken." in printed, printed


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("imaging/load.py", "from ..tasks import Task", "rows below its own"),
        ("baselines.py", "from .tasks.motion import camera_shake", "never from a neighbour"),
        ("events.py", "def late():\n    from .run import run", "rows below its own"),
        (
            "errors.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .imaging import Picture",
            "rows below",
        ),
        ("ui/outcome.py", "from .compare import view", "no circle"),
        ("cli/restore.py", "import torch.nn", "tensors stay in the core"),
        ("model/prior.py", "from PIL import Image", "torch and numpy, and nothing else"),
        ("training/data.py", "import gradio", "Gradio is the page's"),
        ("ui/photo/reading.py", "from ..shared import Shared", "without the rest"),
        ("batch/jobs.py", "import safetensors", "read by one package"),
        ("ui/tab.py", "def late():\n    import tools.bench", "neither the tools nor training"),
        ("newcomer.py", "import os", "rows below its own"),
    ],
)
def test_a_breach_is_seen(file: str, line: str, contract: str, copy: Path) -> None:
    path = copy / "diffir_demo" / file
    before = path.read_text() if path.exists() else None
    path.write_text(f"{before or ''}\n{line}\n")
    try:
        printed = re.sub(r"\s+", " ", lint(copy))
    finally:
        path.write_text(before) if before is not None else path.unlink()
    assert re.search(re.escape(contract) + r"[^.]*? BROKEN", printed), printed[-2000:]
