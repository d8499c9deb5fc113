"""Files that are no weights, damaged weights, and files that want to run code: one sentence each, and nothing runs."""

from __future__ import annotations

import importlib
import importlib.util
import os
import pickle
import sys
import types
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import torch

from diffir_demo.errors import WeightsError
from diffir_demo.weights import WeightsInfo, inspect, load, save

from .weight_files import TINY_INPAINT, assert_same, network, official_state, refusal, saved


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"hello\n", "not a weight file"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        (b"\x89PNG\r\n\x1a\n" + bytes(600), "not a weight file"),
        (b"weights\0".ljust(257, b"\0") + b"ustar\x0000", "tar archive"),
        (b"PK\x03\x04 and then nothing", "damaged or cut off"),
        (b"\x80\x02 and then nothing", "was not run"),
        (bytes(8) + b"{", "damaged or cut off"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(content)
    assert says in refusal(path)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    assert "no such file" in refusal(tmp_path / "missing.pth")
    assert "cannot be opened" in refusal(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        {"params": {"conv_first.weight": torch.ones(3)}},
        {"painter.stem.weight": torch.ones(3)},
        torch.nn.Conv2d(3, 3, 1).state_dict(),
    ],
)
def test_other_networks_are_told_apart(tmp_path: Path, content: object) -> None:
    assert "not a DiffIR file" in refusal(saved(tmp_path, content))


@pytest.mark.parametrize("content", [[1, 2], torch.ones(3), {}, {"params": None}, {"iter": 4, "optimizers": []}])
def test_pickles_without_weights(tmp_path: Path, content: object) -> None:
    text = refusal(saved(tmp_path, content))
    assert "holds no network weights" in text or "not a plain set of weights" in text


@pytest.mark.parametrize("kind", ["pth", "pt", "safetensors"])
def test_cut_and_damaged_files_never_surprise(tmp_path: Path, kind: str) -> None:
    """A cut file is always refused; a changed byte is refused or sits in a number, and nothing else can happen."""
    path = tmp_path / f"whole.{kind}"
    if kind == "safetensors":
        save(path, network(), task="deblur", provenance="trained", name="whole")
    else:
        torch.save(official_state(), path, _use_new_zipfile_serialization=kind == "pth")
    whole, broken = path.read_bytes(), tmp_path / "broken.bin"
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        at = int(torch.randint(len(whole), (), generator=generator))
        broken.write_bytes(whole[:at])
        assert refusal(broken)
    for _ in range(40):
        at = int(torch.randint(min(len(whole), 20_000), (), generator=generator))
        broken.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        try:
            assert isinstance(inspect(broken), WeightsInfo)
        except WeightsError as error:
            assert str(error).startswith("broken.bin: ")


class Trap:
    """Unpickling this makes a folder, or a file."""

    def __init__(self, function: Any, *arguments: str) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


def write_zip(content: object, path: Path) -> None:
    torch.save(content, path)


def write_legacy(content: object, path: Path) -> None:
    torch.save(content, path, _use_new_zipfile_serialization=False)


def write_pickle(content: object, path: Path) -> None:
    path.write_bytes(pickle.dumps(content, protocol=2))


@pytest.mark.parametrize("write", [write_zip, write_legacy, write_pickle])
@pytest.mark.parametrize(("function", "arguments"), [(os.mkdir, ()), (open, ("w",)), (eval, ())])
def test_code_is_not_run(tmp_path: Path, write: Any, function: Any, arguments: tuple[str, ...]) -> None:
    mark = tmp_path / "mark"
    first = f"open({str(mark)!r}, 'w')" if function is eval else str(mark)
    path = tmp_path / "trap.pth"
    write({"params": {"G.patch_embed.proj.weight": Trap(function, first, *arguments)}}, path)
    text = refusal(path)
    assert "contains Python code or foreign objects" in text and "it was not run" in text
    assert not mark.exists()


def test_the_trap_is_real(tmp_path: Path) -> None:
    """Python's own unpickler does run it, so that the test above means something."""
    mark = tmp_path / "mark"
    write_pickle(Trap(os.mkdir, str(mark)), tmp_path / "trap.pth")
    pickle.loads((tmp_path / "trap.pth").read_bytes())
    assert mark.is_dir()


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_newer_pickle_protocols_are_not_run_either(tmp_path: Path) -> None:
    mark, path = tmp_path / "mark", tmp_path / "trap.pth"
    path.write_bytes(pickle.dumps(Trap(os.mkdir, str(mark)), protocol=4))
    assert "it was not run" in refusal(path)
    assert not mark.exists()


def _configuration(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What a trainer's `hyper_parameters` look like: made by OmegaConf if there is one, else by its likeness."""
    if not importlib.util.find_spec("omegaconf"):
        return _likeness(monkeypatch)
    return importlib.import_module("omegaconf").OmegaConf.create(
        {"lr": 1e-3, "data": {"sizes": [256, 512], "name": "faces", "copy": "${lr}"}}
    )


def _likeness(monkeypatch: pytest.MonkeyPatch) -> Any:
    classes: dict[str, Any] = {}
    monkeypatch.setitem(sys.modules, "omegaconf", types.ModuleType("omegaconf"))
    for full in (
        "omegaconf.dictconfig.DictConfig",
        "omegaconf.listconfig.ListConfig",
        "omegaconf.nodes.AnyNode",
        "omegaconf.base.ContainerMetadata",
        "omegaconf.base.Metadata",
    ):
        module, _, name = full.rpartition(".")
        classes[name] = type(name, (), {"__module__": module, "__setstate__": _must_not_run})
        stub = sys.modules.get(module) or types.ModuleType(module)
        setattr(stub, name, classes[name])
        monkeypatch.setitem(sys.modules, module, stub)

    def make(kind: str, **state: Any) -> Any:
        made = classes[kind]()
        made.__dict__.update(state)
        return made

    cache: Any = defaultdict(dict, {"env": {"USER": "someone"}})  # as resolving ${env:USER} leaves it
    metadata = make("ContainerMetadata", ref_type=Any, object_type=dict, key=None, resolver_cache=cache, flags={})
    node = make("AnyNode", _metadata=make("Metadata", ref_type=Any, object_type=int, key="lr"), _parent=None, _val=0.1)
    sizes = make("ListConfig", _metadata=metadata, _parent=None, _content=[node])
    return make("DictConfig", _metadata=metadata, _parent=None, _content={"lr": node, "sizes": sizes})


def _must_not_run(self: object, state: object) -> None:
    raise AssertionError("code from the file's libraries ran")


@pytest.mark.parametrize("zipped", [True, False])
def test_lightning_file_with_its_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zipped: bool) -> None:
    with monkeypatch.context() as while_saving:
        hyper_parameters = _configuration(while_saving)
        state = {f"generator.{name}": tensor for name, tensor in official_state(TINY_INPAINT).items()}
        teacher = {f"generatorS1.{name}": tensor for name, tensor in official_state(TINY_INPAINT, 1).items()}
        content = {
            "epoch": 3,
            "global_step": 1200,
            "pytorch-lightning_version": "1.2.9",
            "state_dict": state | teacher | {"discriminator.conv.weight": torch.ones(2)},
            "hyper_parameters": hyper_parameters,
            "hparams_name": "config",
            "hparams_type": type(hyper_parameters),
        }
        path = saved(tmp_path, content, "last.ckpt", _use_new_zipfile_serialization=zipped)
    loaded = load(path, task="inpaint")
    assert_same(loaded.model, network(TINY_INPAINT))
    assert loaded.info.config == TINY_INPAINT
    assert "omegaconf" not in str(torch.serialization.get_safe_globals()), "allowed for the time of reading only"


def test_code_beside_a_configuration_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = tmp_path / "mark"
    with monkeypatch.context() as while_saving:
        content = {"state_dict": {}, "hyper_parameters": [_configuration(while_saving), Trap(os.mkdir, str(mark))]}
        path = saved(tmp_path, content, "last.ckpt")
    assert "it was not run" in refusal(path)
    assert not mark.exists()
