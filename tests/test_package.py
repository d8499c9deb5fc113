"""The distribution: what `pip install .` puts on a machine works from any folder, and needs nothing from the clone."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the wheel is installed to; what it depends on is taken from here."""
    folder = tmp_path_factory.mktemp("site")
    options = ["--no-deps", "--no-index", "--disable-pip-version-check", "--quiet", "--target", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(wheel)], check=True, capture_output=True)
    return folder


def call(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs Python, or the script `diffir`, in that folder, with the installed package and no other."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("DIFFIR")} | {"PYTHONPATH": str(installed)}
    script = [str(installed / "bin" / "diffir")] if arguments[0] == "diffir" else []
    command = [sys.executable, *script, *arguments[bool(script) :]]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_it_holds_weights_and_examples_and_no_tests(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder, pattern in (("checkpoints", "*.safetensors"), ("examples", "*.jpg")):
        shipped = {f"diffir_demo/{folder}/{file.name}" for file in (ROOT / folder).glob(pattern)}
        assert shipped and shipped <= names
    assert "diffir_demo/py.typed" in names and "diffir_demo/examples/CREDITS.csv" in names
    assert not [name for name in names if name.startswith(("tests/", "docs/")) or name.endswith(".pyi")]


def test_it_fits_a_package_index(wheel: Path) -> None:
    """PyPI takes files of up to 100 MB."""
    assert wheel.stat().st_size < 100_000_000


def test_help_does_not_wait_for_torch(installed: Path, tmp_path: Path) -> None:
    code = """if True:
        import sys
        from diffir_demo.cli import main
        try:
            main(["--help"])
        except SystemExit as end:
            assert end.code == 0
        assert not {"torch", "numpy", "gradio"} & set(sys.modules)
    """
    found = call(installed, tmp_path, "-c", code)
    assert found.returncode == 0, found.stderr
    assert "restore" in found.stdout and "serve" in found.stdout


def test_the_command_restores_with_the_shipped_weights(installed: Path, tmp_path: Path) -> None:
    small = np.random.default_rng(0).integers(0, 256, (16, 24, 3), dtype=np.uint8)
    Image.fromarray(small).save(tmp_path / "small.jpg")
    found = call(installed, tmp_path, "diffir", "restore", "sr", "small.jpg", "-o", "large.png")
    assert found.returncode == 0, found.stderr
    assert Image.open(tmp_path / "large.png").size == (96, 64)


def test_every_command_is_there(installed: Path, tmp_path: Path) -> None:
    code = """if True:
        import sys
        from diffir_demo.cli import main
        sys.argv = ["diffir"]
        for command in ("restore", "mask", "inspect", "convert", "serve"):
            try:
                main([command, "--help"])
            except SystemExit as end:
                assert end.code == 0, command
    """
    found = call(installed, tmp_path, "-c", code)
    assert found.returncode == 0, found.stderr
    for command in ("restore", "mask", "inspect", "convert", "serve"):
        assert re.search(rf"^usage: diffir {command} ", found.stdout, re.MULTILINE), command


def test_the_library_and_the_app_find_their_files(installed: Path, tmp_path: Path) -> None:
    code = """if True:
        import diffir_demo
        from diffir_demo.tasks import TASKS
        from diffir_demo.ui.photo.examples import examples_for
        assert __import__("pathlib").Path(diffir_demo.__file__).is_relative_to({site!r})
        for task in TASKS.values():
            assert task.available and examples_for(task.key), task.key
    """
    found = call(installed, tmp_path, "-c", code.format(site=str(installed)))
    assert found.returncode == 0, found.stderr


def test_requirements_are_the_same_in_both_files() -> None:
    """requirements.txt is what Spaces read; pyproject.toml is what pip reads."""
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    required = [line for line in lines if line and not line.startswith("#")]
    project = (ROOT / "pyproject.toml").read_text()
    listed = re.search(r"^dependencies = \[\n(.*?)^\]", project, flags=re.MULTILINE | re.DOTALL)
    assert listed and re.findall(r'"(.+?)"', listed[1]) == required


def test_what_is_required_is_installed_here() -> None:
    for line in (ROOT / "requirements.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            importlib.metadata.version(re.split(r"[<>=]", line)[0])
