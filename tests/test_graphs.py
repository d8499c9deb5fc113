"""Exported graphs compute what torch does, for every network that ships and every structure that there is."""

from __future__ import annotations

import dataclasses
import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from diffir_demo.cli import main
from diffir_demo.graphs import GRAPHS, MANIFEST, export, graphs_of
from diffir_demo.graphs.manifest import schedules
from diffir_demo.model import COMPACT, OFFICIAL, DiffIR, ModelConfig
from diffir_demo.model.base import harmonic_fill
from diffir_demo.tasks import TASKS
from diffir_demo.weights import load
from tests.tiny import SMALL, engine

onnx = pytest.importorskip("onnx", reason="the extra 'export' is not installed")
runtime = pytest.importorskip("onnxruntime", reason="the extra 'export' is not installed")

CLOSE = 1e-5
SHIPPED = sorted({preset.weights for task in TASKS.values() for preset in task.presets})
SHAPES = {name: dataclasses.replace(config, **SMALL) for name, config in {**COMPACT, **OFFICIAL}.items()}
SHAPES["no diffusion"] = dataclasses.replace(COMPACT["compact_clean"], **SMALL, timesteps=0)


class Exported:
    """Graphs in onnxruntime, run as the package's docstring says."""

    def __init__(self, diffir: DiffIR) -> None:
        self.config = diffir.config
        self.files = {each.name: each.data for each in graphs_of(diffir)}
        options = runtime.SessionOptions()
        options.intra_op_num_threads = 1
        self.sessions = {
            name: runtime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
            for name, data in self.files.items()
        }

    def run(self, name: str, **inputs: Tensor | np.ndarray) -> list[np.ndarray]:
        return self.sessions[name].run(None, {key: np.asarray(value, np.float32) for key, value in inputs.items()})

    def estimate(self, damaged: Tensor, noise: Tensor, steps: int) -> np.ndarray:
        (pooled,) = self.run("encoder", damaged=damaged[:, : self.config.in_channels])
        noisy = noise.numpy()
        for step in schedules(self.config)[str(steps)] if steps else []:
            x0, _ = self.run("denoiser", pooled=pooled, noisy=noisy, time=np.array([[step["time"]]]))
            noisy = (step["x0"] * x0 + step["xt"] * noisy).astype(np.float32)
        return noisy if steps else self.run("denoiser", pooled=pooled, noisy=noisy, time=np.zeros((1, 1)))[1]

    def paint(self, damaged: Tensor, ipr: Tensor) -> np.ndarray:
        seen = damaged.clone()
        if self.config.base == "fill":
            seen[:, :3] = harmonic_fill(damaged[:, :3], 1 - damaged[:, 3:])
        return self.run("painter", seen=seen, ipr=ipr)[0]


@cache
def shipped(file: str) -> tuple[DiffIR, Exported]:
    """Exported once, as all tests of a network share it."""
    diffir = load(Path("checkpoints") / file).model
    assert isinstance(diffir, DiffIR)
    return diffir, Exported(diffir)


def damaged(config: ModelConfig, rows: int, columns: int) -> Tensor:
    """So many multiples of what the network wants, smooth with noise on it, and a hole where it wants one."""
    torch.manual_seed(rows)
    sides = [each * config.multiple_of for each in (rows, columns)]
    coarse = torch.rand(1, config.input_channels, 4, 4)
    picture = torch.nn.functional.interpolate(coarse, size=sides, mode="bicubic").clamp(0, 1)
    picture = (picture + 0.05 * torch.randn_like(picture)).clamp(0, 1)
    if config.wants_mask:
        hole = torch.zeros(1, 1, *sides)
        hole[..., 3:11, 2:12] = 1
        picture = torch.cat([picture[:, :3] * (1 - hole), hole], dim=1)
    return picture


@torch.no_grad()
def differences(diffir: DiffIR, exported: Exported, rows: int, columns: int, steps: int) -> tuple[float, float]:
    """The largest of the IPR, and of the picture."""
    x, noise = damaged(diffir.config, rows, columns), torch.randn(1, diffir.config.ipr_length)
    ipr = diffir.encoder(x)
    for step in diffir.denoise(ipr, noise, None if steps == diffir.config.timesteps else steps):
        ipr = step.ipr
    numbers = np.abs(exported.estimate(x, noise, steps) - ipr.numpy()).max()
    return float(numbers), float(np.abs(exported.paint(x, ipr) - diffir.decode(x, ipr).numpy()).max())


@pytest.mark.parametrize("file", SHIPPED)
def test_every_network_that_ships_agrees_with_torch(file: str) -> None:
    diffir, exported = shipped(file)
    for rows, columns in ((3, 5), (6, 2)):
        ipr, picture = differences(diffir, exported, rows, columns, diffir.config.timesteps)
        assert ipr < CLOSE and picture < CLOSE


@pytest.mark.parametrize("steps", [1, 3, 8])
def test_so_do_other_numbers_of_steps(steps: int) -> None:
    ipr, _ = differences(*shipped("compact-clean.safetensors"), 2, 2, steps)
    assert ipr < CLOSE


@pytest.mark.parametrize("name", SHAPES)
def test_every_structure_agrees_with_torch(name: str) -> None:
    """With tiny networks: those of the authors have other heads, norms and bases."""
    torch.manual_seed(0)
    diffir = DiffIR(SHAPES[name]).eval()
    ipr, picture = differences(diffir, Exported(diffir), 2, 3, diffir.config.timesteps)
    assert ipr < CLOSE and picture < CLOSE


def numbers_of(data: bytes) -> list[np.ndarray]:
    """All weights of a graph, sorted each: a layer may keep them in another order."""
    found = [onnx.numpy_helper.to_array(each) for each in onnx.load_from_string(data).graph.initializer]
    return [np.sort(each.astype(np.float32).ravel()) for each in found if each.dtype.kind == "f"]


@pytest.mark.parametrize("file", SHIPPED)
def test_weights_are_kept_bit_for_bit_in_half_the_bytes(file: str) -> None:
    diffir, exported = shipped(file)
    kept = {each.tobytes() for data in exported.files.values() for each in numbers_of(data)}
    for name, learned in diffir.named_parameters():
        assert np.sort(learned.detach().numpy().ravel()).tobytes() in kept, name
    total = sum(map(len, exported.files.values()))
    assert total < 2.1 * sum(each.numel() for each in diffir.parameters())


def test_only_standard_operators_are_used() -> None:
    for data in shipped("compact-sr-real.safetensors")[1].files.values():
        model = onnx.load_from_string(data)
        assert [(each.domain, each.version) for each in model.opset_import] == [("", 20)]
        assert {node.domain for node in model.graph.node} == {""}


def test_numbers_that_half_precision_cannot_hold_stay_whole() -> None:
    diffir = engine("deblur").diffir
    (data,) = [each.data for each in graphs_of(diffir) if each.name == "denoiser"]
    kept = {each.tobytes() for each in numbers_of(data)}
    assert np.sort(diffir.denoiser.stem.weight.detach().numpy().ravel()).tobytes() in kept


def test_the_manifest_says_how_to_run_them(tmp_path: Path) -> None:
    model = engine("clean")
    files = export(model, tmp_path / "new" / "folder")
    facts: dict[str, Any] = json.loads((tmp_path / "new" / "folder" / MANIFEST).read_text())
    assert [path.name for path in files] == [*(f"{name}.onnx" for name in GRAPHS), MANIFEST]
    assert (facts["task"], facts["scale"], facts["multiple_of"], facts["licence"]) == ("clean", 1, 16, "Apache-2.0")
    assert ModelConfig.from_dict(facts["config"]) == model.config
    assert list(facts["schedules"]) == [str(steps) for steps in range(1, 9)]
    assert [step["time"] for step in facts["schedules"]["4"]] == [3, 2, 1, 0]
    assert facts["directions"]["names"] == ["noise", "softness", "compression"]
    for name, about in facts["graphs"].items():
        graph = onnx.load(files[list(GRAPHS).index(name)])
        assert about["bytes"] == files[list(GRAPHS).index(name)].stat().st_size
        assert list(about["inputs"]) == [each.name for each in graph.graph.input]
        assert list(about["outputs"]) == [each.name for each in graph.graph.output]


def test_the_same_network_gives_the_same_bytes() -> None:
    first, second = ([each.data for each in graphs_of(engine("sr").diffir)] for _ in range(2))
    assert first == second


def test_the_command_writes_what_it_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "deblur", str(tmp_path), "--preset", "faithful", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["weights"] == "compact-deblur.safetensors"
    assert said["files"] == {str(path): path.stat().st_size for path in tmp_path.iterdir()}


def test_without_the_extra_one_sentence_says_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert main(["export", "clean", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "diffir-studio[export]" in error
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "taken").write_text("something else")
    assert main(["export", "clean", str(tmp_path / "taken")]) == 2
    assert "Name a folder." in capsys.readouterr().err
    assert (tmp_path / "taken").read_text() == "something else"
