"""Any weight file, opened safely: what kind it is, by its first bytes; what is in it; and the folder they lie in.

Pickled checkpoints (.pth, .pt, .ckpt, .bin) are opened without ever running what is inside them: torch's weights-only
reader builds tensors and plain containers and refuses everything else. A Lightning checkpoint also holds its
configuration as OmegaConf objects; those become inert stand-ins, so neither library is needed or trusted.
"""

from __future__ import annotations

import os
import pickle
import re
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import WeightsError
from ..messages import Message
from ..shipped import checkpoint_folder
from ..tasks import task_of
from .info import WeightsInfo, sha256_of
from .official import read_official
from .store import describe, no_weights, read_safetensors, readable, require_plain

_SUFFIXES = {".safetensors", ".pth", ".pt", ".ckpt", ".bin"}
_PICKLED = (b"PK\x03\x04", b"\x80")  # torch's zip files, and the bare pickles of torch before 1.6
_LONGEST_HEADER = 100_000_000  # the library's own limit
_ZIP = b"PK\x03\x04"
_NETWORK = "generator."
_BESIDE_IT = ("generatorS1.", "generatorT.", "discriminator.", "val_evaluator.", "test_evaluator.", "loss")
_NAMES_OF_ONE = 2  # stage 2 lists its condition encoder and its denoiser twice
_ALLOWING = threading.Lock()  # torch keeps its allow-list in one global set


def survey(folder: str | os.PathLike[str] | None = None) -> dict[Path, WeightsInfo | WeightsError]:
    """Every weight file in the folder, sorted by name: what it is, or why it cannot be used."""
    folder = checkpoint_folder() if folder is None else Path(folder)
    found: dict[Path, WeightsInfo | WeightsError] = {}
    for path in sorted(folder.glob("*")):
        if path.suffix.lower() in _SUFFIXES and not path.name.startswith("."):
            try:
                with named_in_errors(path):
                    found[path] = open_weights(path).info
            except WeightsError as error:
                found[path] = error
    return found


def list_weights(folder: str | os.PathLike[str] | None = None) -> list[WeightsInfo]:
    """The usable weight files of the folder; `survey` also says why others are not."""
    return [found for found in survey(folder).values() if isinstance(found, WeightsInfo)]


@dataclass(frozen=True, eq=False)
class WeightFile:
    """A file's facts, and its tensors under our names in the number format they are stored in."""

    info: WeightsInfo
    state: dict[str, Tensor]


@contextmanager
def named_in_errors(path: Path) -> Iterator[None]:
    """Puts the file's name, never its folder, in front of what went wrong with it."""
    try:
        yield
    except WeightsError as error:
        raise WeightsError(Message("{name}: {message}", name=path.name, message=error.message), error.hint) from error


def open_weights(path: Path) -> WeightFile:
    """Opens our safetensors files and the authors' files, pickled or not. Raises `WeightsError`."""
    head = _first_bytes(path)
    if _is_safetensors(head):
        state, metadata = read_safetensors(path)
        require_plain(state, path.stat().st_size)
        if metadata.get("format", "").startswith("diffir-studio/"):
            return WeightFile(describe(path, state, metadata), state)
        return _official(path, unwrap(state))
    if head.startswith(_PICKLED):
        return _official(path, read_pickle(path))
    raise _not_weights(head)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of any network's file, under the names that it has; no code in it is run. Raises `WeightsError`."""
    head = _first_bytes(path)
    if _is_safetensors(head):
        state = unwrap(read_safetensors(path)[0])
    elif head.startswith(_PICKLED):
        state = read_pickle(path)
    else:
        raise _not_weights(head)
    require_plain(state, path.stat().st_size, _NAMES_OF_ONE)
    return state


def _official(path: Path, tensors: dict[str, Tensor]) -> WeightFile:
    require_plain(tensors, path.stat().st_size, _NAMES_OF_ONE)
    config, stage, state = read_official(tensors)
    task = task_of(config)
    info = WeightsInfo(
        name=path.stem,
        task=task.key if task else None,
        stage=stage,
        config=config,
        provenance="official",
        training={},
        sha256=sha256_of(path),
        parameters=sum(tensor.numel() for tensor in state.values()),
        file=path.name,
    )
    return WeightFile(info, state)


def _is_safetensors(head: bytes) -> bool:
    """A header's length, then its JSON. The length may begin with any byte, a pickle's 0x80 among them."""
    return head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= _LONGEST_HEADER


def _first_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(512)
    except FileNotFoundError as error:
        raise WeightsError("there is no such file.", "Check the name.") from error
    except OSError as error:
        raise WeightsError("this file cannot be opened.", "Check that it is a file that you may read.") from error


def _not_weights(head: bytes) -> WeightsError:
    if not head:
        return WeightsError("this file is empty.", "Download or copy it again.")
    if head.startswith(b"version https://git-lfs"):
        return WeightsError("this is a Git LFS pointer, not the weights themselves.", "Run: git lfs pull")
    if head.lstrip().lower().startswith((b"<!doctype", b"<html")):
        return WeightsError("this is a web page, not weights.", "Download the file itself.")
    if head[257:262] == b"ustar":
        return WeightsError("this is a tar archive.", "Unpack it, or ask for a safetensors file or a plain state dict.")
    return WeightsError("this is not a weight file.", "Use a .safetensors, .pth or .ckpt file.")


class _Inert:
    """Stands in for an object that does not matter here: takes any state, keeps none, does nothing."""

    def __new__(cls, *_: object) -> _Inert:
        return super().__new__(cls)

    def __init__(self, *_: object) -> None:
        """Arguments are ignored."""

    def __setstate__(self, state: object) -> None:
        """State is ignored."""


def _plain_dict(*_: object) -> dict[Any, Any]:
    """Stands in for `defaultdict`, which torch's reader would not fill."""
    return {}


_STAND_INS: list[Any] = [
    (_plain_dict, "collections.defaultdict"),
    *(
        (_Inert, name)
        for name in (
            *("omegaconf.dictconfig.DictConfig", "omegaconf.listconfig.ListConfig"),
            *("omegaconf.base.ContainerMetadata", "omegaconf.base.Metadata"),
            *(f"omegaconf.nodes.{kind}Node" for kind in ("Any", "String", "Integer", "Float", "Boolean")),
            *(f"typing.{name}" for name in ("Any", "Dict", "List")),
            *(f"builtins.{name}" for name in ("dict", "list", "str", "int", "float", "bool")),
            "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint",
        )
    ),
]


def read_pickle(path: Path) -> dict[str, Tensor]:
    """The network's tensors from a pickled file, on the CPU, under their bare official names.

    Understands BasicSR files (`params_ema` before `params`), Lightning files (`state_dict`, of which only `generator.`
    is kept), bare state dicts, and a leading `module.`. Raises `WeightsError`; code in the file is never run.
    """
    return unwrap(_unpickle(path))


def unwrap(content: object) -> dict[str, Tensor]:
    """The state dict inside what a checkpoint holds. Raises `WeightsError` where there is none."""
    if isinstance(content, Mapping):
        content = next((content[key] for key in ("params_ema", "params", "state_dict") if key in content), content)
    if not isinstance(content, Mapping) or not content:
        raise WeightsError("this file holds no network weights.", "Choose the file that holds the weights.")
    state = {str(name): value for name, value in content.items()}
    if any(name.startswith(_NETWORK) for name in state):
        kept = {name: value for name, value in state.items() if not name.startswith(_BESIDE_IT)}
        state = {name.removeprefix(_NETWORK): value for name, value in kept.items()}
    if all(name.startswith("module.") for name in state):
        state = {name.removeprefix("module."): value for name, value in state.items()}
    return {name: _tensor(name, value) for name, value in state.items()}


def _tensor(name: str, value: object) -> Tensor:
    if not isinstance(value, Tensor):
        raise no_weights(name)
    return value.detach()


def _require_unpacked(path: Path) -> None:
    """torch compresses nothing: parts that grow when they are opened were made by somebody else, and may never end."""
    with zipfile.ZipFile(path) as file:
        if sum(part.file_size for part in file.infolist()) > path.stat().st_size:
            raise WeightsError("this file describes more numbers than it holds.", "Use another file.")


def _unpickle(path: Path) -> object:
    with path.open("rb") as file:
        is_zip = file.read(len(_ZIP)) == _ZIP
    try:
        if is_zip:
            _require_unpacked(path)
        with _ALLOWING, torch.serialization.safe_globals(_STAND_INS):
            return torch.load(path, map_location="cpu", weights_only=True, mmap=is_zip)
    except WeightsError:
        raise
    except pickle.UnpicklingError as error:
        found = re.search(r"GLOBAL ([\w.]+)", str(error))
        name = f" ({readable(found[1])})" if found else ""
        raise WeightsError(
            Message("this file contains Python code or foreign objects{name}; it was not run.", name=name),
            "Ask for a safetensors file or a plain state dict.",
        ) from error
    except Exception as error:  # damaged bytes make the reader fail in nearly any way, and none of them is a bug here
        raise WeightsError("this file is damaged or cut off.", "Download or copy it again.") from error
