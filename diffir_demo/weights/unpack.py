"""Pickled checkpoints (.pth, .pt, .ckpt, .bin), opened without ever running what is inside them.

torch's weights-only reader builds tensors and plain containers and refuses everything else. A Lightning checkpoint also
holds its configuration as OmegaConf objects; those become inert stand-ins, so neither library is needed or trusted.
"""

from __future__ import annotations

import pickle
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import WeightsError
from .assemble import readable

_ZIP = b"PK\x03\x04"
_NETWORK = "generator."
_BESIDE_IT = ("generatorS1.", "generatorT.", "discriminator.", "val_evaluator.", "test_evaluator.", "loss")
_ALLOWING = threading.Lock()  # torch keeps its allow-list in one global set


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
    return {name: _plain(name, value) for name, value in state.items()}


def _plain(name: str, value: object) -> Tensor:
    if not (isinstance(value, Tensor) and value.is_floating_point() and value.is_cpu and value.layout is torch.strided):
        raise WeightsError(
            f"this file is not a plain set of weights: {readable(name)} is no array of decimal numbers.",
            "Choose the file that holds the weights, not the one that holds the state of training.",
        )
    return value.detach()


def _unpickle(path: Path) -> object:
    with path.open("rb") as file:
        is_zip = file.read(len(_ZIP)) == _ZIP
    try:
        with _ALLOWING, torch.serialization.safe_globals(_STAND_INS):
            return torch.load(path, map_location="cpu", weights_only=True, mmap=is_zip)
    except pickle.UnpicklingError as error:
        found = re.search(r"GLOBAL ([\w.]+)", str(error))
        name = f" ({readable(found[1])})" if found else ""
        raise WeightsError(
            f"this file contains Python code or foreign objects{name}; it was not run.",
            "Ask for a safetensors file or a plain state dict.",
        ) from error
    except Exception as error:  # damaged bytes make the reader fail in nearly any way, and none of them is a bug here
        raise WeightsError("this file is damaged or cut off.", "Download or copy it again.") from error
