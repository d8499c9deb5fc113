"""Our own weight files: what goes in comes out, and a file made for something else says so."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from diffir_demo.api import load as model_of
from diffir_demo.errors import WeightsError
from diffir_demo.imaging import Picture
from diffir_demo.model import COMPACT, OFFICIAL, ModelConfig
from diffir_demo.shipped import find_default
from diffir_demo.tasks import task_of
from diffir_demo.weights import convert, inspect, list_weights, load, save, survey
from tests.pictures import noise

from .weight_files import TINY, TINY_CLEAN, TINY_INPAINT, TINY_SR, assert_same, network, official_state, refusal, saved


@pytest.mark.parametrize(("preset", "config"), COMPACT.items())
@pytest.mark.parametrize("stage", [1, 2])
def test_round_trip_of_the_compact_presets(tmp_path: Path, preset: str, config: ModelConfig, stage: int) -> None:
    model, record = network(config, stage), {"steps": 12_000, "minutes": 80.5, "data": "photographs, CC0"}
    path = tmp_path / "some" / "compact.safetensors"
    save(path, model, task="sr", provenance="trained", name=preset, training=record)
    loaded = load(path, stage=stage)
    for name, tensor in loaded.model.state_dict().items():
        assert tensor.dtype == torch.float32
        assert torch.equal(tensor, model.state_dict()[name].half().float()), name
    info = loaded.info
    assert (info.config, info.stage, info.task, info.name, info.training) == (config, stage, "sr", preset, record)
    assert (info.file, info.badge) == ("compact.safetensors", "trained, as the file says, 12,000 steps")
    assert info.parameters == sum(parameter.numel() for parameter in model.parameters())
    assert inspect(path) == info
    assert os.listdir(path.parent) == ["compact.safetensors"], "no unfinished file stays behind"


def test_loaded_network_is_ready_to_run(tmp_path: Path) -> None:
    path = tmp_path / "tiny.safetensors"
    model = network().eval()
    save(path, model, task="deblur", provenance="untrained", name="tiny", dtype=torch.float32)
    loaded = load(path, task="deblur", scale=1)
    assert not loaded.model.training and not any(p.requires_grad for p in loaded.model.parameters())
    picture, noise = torch.rand(1, 3, 16, 16), torch.randn(1, 8)
    torch.testing.assert_close(loaded.model(picture, noise)[0], model(picture, noise)[0].detach(), rtol=0, atol=0)
    assert loaded.info.badge == "untrained: output is noise"


def test_equal_networks_are_equal_files(tmp_path: Path) -> None:
    for i in range(6):
        save(tmp_path / f"{i}.safetensors", network(), task="deblur", provenance="trained", name="tiny")
    assert len({info.sha256 for info in list_weights(tmp_path)}) == 1


def test_any_header_length_is_recognised(tmp_path: Path) -> None:
    """Some begin with the byte that pickles begin with."""
    path, first_bytes = tmp_path / "tiny.safetensors", set()
    for length in range(0, 256, 8):
        save(path, network(), task="deblur", provenance="trained", name="x" * length)
        first_bytes.add(path.read_bytes()[:1])
        assert inspect(path).provenance == "trained"
    assert b"\x80" in first_bytes


def test_metadata_are_plain_text(tmp_path: Path) -> None:
    path = tmp_path / "tiny.safetensors"
    save(path, network(), task="deblur", provenance="trained", name="tiny", training={"steps": 3})
    header = path.read_bytes()[8 : 8 + int.from_bytes(path.read_bytes()[:8], "little")]
    metadata = json.loads(header)["__metadata__"]
    assert metadata["format"] == "diffir-studio/1"
    assert ModelConfig.from_dict(json.loads(metadata["config"])) == TINY
    assert set(metadata) == {"format", "task", "stage", "config", "provenance", "name", "training"}


@pytest.mark.parametrize(("value", "dtype"), [(float("nan"), torch.float32), (1e6, torch.float16)])
def test_values_that_cannot_be_stored_are_not_saved(tmp_path: Path, value: float, dtype: torch.dtype) -> None:
    path, model = tmp_path / "tiny.safetensors", network()
    save(path, model, task="deblur", provenance="trained", name="good", dtype=dtype)
    with torch.no_grad():
        model.unet.head.weight[0, 0, 0, 0] = value  # pyright: ignore[reportAttributeAccessIssue, reportIndexIssue]
    with pytest.raises(WeightsError, match="NaN or infinite values, in painter.head.weight"):
        save(path, model, task="deblur", provenance="trained", name="bad", dtype=dtype)
    assert inspect(path).name == "good" and os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"format": "diffir-studio/2"}, "Update the program"),
        ({"config": "{}"}, "lacks fields, or has others"),
        ({"config": "not JSON"}, "description inside this file is damaged"),
        ({"stage": "3"}, "description inside this file is damaged"),
        ({"provenance": "found"}, "description inside this file is damaged"),
        ({"stage": "1"}, "does not hold exactly one DiffIR network"),
        ({"config": json.dumps(replace(TINY, width=16).to_dict())}, "of another shape: "),
    ],
)
def test_own_file_with_a_wrong_description(tmp_path: Path, change: dict[str, str], says: str) -> None:
    path = tmp_path / "tiny.safetensors"
    save(path, network(), task="deblur", provenance="trained", name="tiny")
    header = path.read_bytes()[8 : 8 + int.from_bytes(path.read_bytes()[:8], "little")]
    save_file({k: t.clone() for k, t in load_file(path).items()}, path, json.loads(header)["__metadata__"] | change)
    assert says in refusal(path)


def test_teacher_in_place_of_the_restorer(tmp_path: Path) -> None:
    text = refusal(saved(tmp_path, official_state(stage=1)))
    assert "stage-1 (teacher) file" in text and "SISR-DiffIRS2.pth" in text
    assert "stage-2 file" in refusal(saved(tmp_path, official_state()), stage=1)


def test_wrong_task(tmp_path: Path) -> None:
    text = refusal(saved(tmp_path, official_state(TINY_INPAINT)), task="deblur")
    assert "`deblur` expects 3 input channels; this file has 4." in text
    assert "It looks like inpainting weights: use it with the inpaint task." in text
    text = refusal(saved(tmp_path, official_state(TINY_SR)), task="deblur")
    assert "this file enlarges x4, so it is none for `deblur`." in text and "super-resolution weights" in text


def test_the_authors_file_for_the_same_size_cleans_up(tmp_path: Path) -> None:
    """It has the head of super-resolution, on folded pixels."""
    path = saved(tmp_path, official_state(TINY_CLEAN))
    assert "It looks like clean-up weights: use it with the clean task." in refusal(path, task="deblur")
    text = refusal(path, task="sr")
    assert "this file keeps the picture's size, so it is none for `sr`." in text and "clean-up weights" in text
    photo = Picture(noise(40, 56))
    result = model_of("clean", path, precision="fp32").restore(photo).picture
    assert result.pixels.shape == photo.pixels.shape


def test_wrong_scale(tmp_path: Path) -> None:
    path = saved(tmp_path, official_state(TINY_SR))
    assert "enlarges x4; x2 was asked for" in refusal(path, task="sr", scale=2)
    assert load(path, scale=4).info.config.scale == 4


@pytest.mark.parametrize("stage", [1, 2])
def test_converting_an_official_file_loses_nothing(tmp_path: Path, stage: int) -> None:
    source = saved(tmp_path, {"params": official_state(TINY_SR, stage)}, "RealworldSR.pth")
    info = convert(source, tmp_path / "new.safetensors")
    assert (info.task, info.provenance, info.name) == ("sr", "official", "RealworldSR")
    assert_same(load(tmp_path / "new.safetensors", stage=stage).model, network(TINY_SR, stage))
    assert convert(source, tmp_path / "new.safetensors", task="faces").task == "faces"
    small = convert(tmp_path / "new.safetensors", tmp_path / "half.safetensors", dtype=torch.float16)
    assert (small.task, small.parameters) == ("faces", info.parameters)
    assert (tmp_path / "half.safetensors").stat().st_size < source.stat().st_size


def test_converting_needs_the_right_ending(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="does not end in .safetensors"):
        convert(saved(tmp_path, official_state()), tmp_path / "new.pth")


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where the folder should be")
    with pytest.raises(WeightsError, match=r"^new.safetensors cannot be written"):
        convert(saved(tmp_path, official_state()), tmp_path / "taken" / "new.safetensors")


def test_folder_of_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIFFIR_CHECKPOINTS", str(tmp_path))
    assert find_default("compact-deblur.safetensors") is None and list_weights() == []
    assert list_weights(tmp_path / "missing") == []
    saved(tmp_path, official_state(), "DeblurringS2.pth")
    assert find_default("compact-deblur.safetensors") is None, "a user's own file is not taken unasked"
    save(tmp_path / "compact-deblur.safetensors", network(), task="deblur", provenance="trained", name="compact")
    assert find_default("compact-deblur.safetensors") == tmp_path / "compact-deblur.safetensors"

    (tmp_path / "broken.ckpt").write_bytes(b"PK\x03\x04")
    (tmp_path / "README.md").write_text("not a candidate")
    assert [info.file for info in list_weights()] == ["DeblurringS2.pth", "compact-deblur.safetensors"]
    reasons = [str(found) for found in survey().values() if isinstance(found, WeightsError)]
    assert len(reasons) == 1 and reasons[0].startswith("broken.ckpt: this file is damaged")


def test_folder_beside_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DIFFIR_CHECKPOINTS", raising=False)
    for task in ("inpaint", "clean", "sr", "deblur"):
        found = find_default(f"compact-{task}.safetensors")
        assert found is None or found.parts[-2:] == ("checkpoints", f"compact-{task}.safetensors")


def test_official_presets_are_guessed_right() -> None:
    found = {name: task_of(config) for name, config in OFFICIAL.items()}
    tasks = {name: task.key for name, task in found.items() if task}
    same_size = {"deblur": "deblur", "sr_x1": "clean"}
    assert tasks == {"inpainting": "inpaint", "inpainting_big": "inpaint", "sr_x4": "sr", "sr_x2": "sr"} | same_size
