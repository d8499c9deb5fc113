"""Any weight file, opened: what kind it is, by its first bytes; what is in it; what can be said about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from ..errors import WeightsError
from .info import WeightsInfo, guess_task, sha256_of
from .official import read_official
from .store import describe, read_safetensors
from .unpack import read_pickle, unwrap

_PICKLED = (b"PK\x03\x04", b"\x80")  # torch's zip files, and the bare pickles of torch before 1.6
_LONGEST_HEADER = 100_000_000  # the library's own limit


@dataclass(frozen=True, eq=False)
class WeightFile:
    """A file's facts, and its tensors under our names in the number format they are stored in."""

    info: WeightsInfo
    state: dict[str, Tensor]


@contextmanager
def speaking_of(path: Path) -> Iterator[None]:
    """Puts the file's name, never its folder, in front of what went wrong with it."""
    try:
        yield
    except WeightsError as error:
        raise WeightsError(f"{path.name}: {error.message}", error.hint) from error


def open_weights(path: Path) -> WeightFile:
    """Opens our safetensors files and the authors' files, pickled or not. Raises `WeightsError`."""
    head = _first_bytes(path)
    if _is_safetensors(head):
        state, metadata = read_safetensors(path)
        if metadata.get("format", "").startswith("diffir-studio/"):
            return WeightFile(describe(path, state, metadata), state)
        return _official(path, unwrap(state))
    if head.startswith(_PICKLED):
        return _official(path, read_pickle(path))
    raise _not_weights(head)


def _official(path: Path, tensors: dict[str, Tensor]) -> WeightFile:
    config, stage, state = read_official(tensors)
    info = WeightsInfo(
        name=path.stem,
        task=guess_task(config),
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
