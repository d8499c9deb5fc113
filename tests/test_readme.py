"""What README shows works: its commands parse, its files exist, its library example runs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from diffir_demo import cli
from diffir_demo.tasks import TASKS
from diffir_demo.training import __main__ as training
from diffir_demo.weights import save
from tests.pictures import noise
from tests.tiny import network
from tools.bench import __main__ as bench
from tools.evaluation import __main__ as evaluate

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
COMMANDS = (ROOT / "docs" / "command-line.md").read_text()
CARD = (ROOT / "checkpoints" / "README.md").read_text() + (ROOT / "checkpoints" / "TRAINING_LOG.md").read_text()


def blocks(language: str, text: str = README) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def commands(module: str, text: str) -> list[list[str]]:
    pattern = rf"python -m {re.escape(module)} ([^`|\n]+)"
    return [shlex.split(line) for line in re.findall(pattern, text)]


@pytest.mark.parametrize("arguments", commands("diffir_demo", README + COMMANDS + CARD), ids=" ".join)
def test_every_command_parses(arguments: list[str]) -> None:
    options = cli.parse(arguments)
    assert callable(options.run)
    if hasattr(options, "tool"):
        measuring = {"evaluate": evaluate, "bench": bench}[arguments[0]]
        assert measuring._parser().parse_args(options.arguments)


@pytest.mark.parametrize("arguments", commands("diffir_demo.training", CARD), ids=" ".join)
def test_every_training_command_parses(arguments: list[str]) -> None:
    """Those of the log leave out the folders of photos, and say so."""
    complete = "--data" in arguments or arguments[0] in ("export", "curves")
    folders = [] if complete else ["--data", "D", "--validation", "V"]
    assert callable(training._parser().parse_args([*arguments, *folders]).run)


def test_there_are_commands_to_check() -> None:
    assert len(commands("diffir_demo", README)) >= 8 and len(commands("diffir_demo.training", CARD)) >= 6


def test_the_library_example_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    save(tmp_path / TASKS["inpaint"].weights, network("inpaint"), task="inpaint", provenance="untrained", name="tiny")
    monkeypatch.setenv("DIFFIR_CHECKPOINTS", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    Image.fromarray(noise(32, 48)).save("photo.jpg")
    hole = np.zeros((32, 48), np.uint8)
    hole[8:20, 10:30] = 255
    Image.fromarray(hole).save("mask.png")
    example = next(block for block in blocks("python") if 'load("inpaint")' in block)
    exec(compile(example, "README.md", "exec"), {})
    assert Image.open("restored.png").size == (48, 32)
    assert capsys.readouterr().out.count("PriorStep") == 4


def test_links_and_pictures_exist() -> None:
    targets = re.findall(r"\]\((?!https?://)([^)#]+)", README)
    assert len(targets) >= 4
    for target in targets:
        assert (ROOT / target).exists(), target


def test_the_space_s_front_matter_names_the_gradio_that_is_required() -> None:
    version = re.search(r"^sdk_version: (\d+\.\d+)\.\d+$", README, flags=re.MULTILINE)
    required = re.search(r"^gradio>=(\d+\.\d+),", (ROOT / "requirements.txt").read_text(), flags=re.MULTILINE)
    assert version and required and version[1] == required[1]
    assert re.search(r"^app_file: app.py$", README, flags=re.MULTILINE)
