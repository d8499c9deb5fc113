"""The folder where weight files are looked for."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import WeightsError
from .files import open_weights, speaking_of
from .info import WeightsInfo

VARIABLE = "DIFFIR_CHECKPOINTS"
_SUFFIXES = {".safetensors", ".pth", ".pt", ".ckpt", ".bin"}


def checkpoint_folder() -> Path:
    """The folder named by DIFFIR_CHECKPOINTS, else `checkpoints` beside the package."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else Path(__file__).parents[2] / "checkpoints"


def find_default(*names: str) -> Path | None:
    """The first of these files that the folder has; a task names those of its presets, in their order.

    Files that a user adds under other names are used only when asked for.
    """
    paths = (checkpoint_folder() / name for name in names)
    return next((path for path in paths if path.is_file()), None)


def survey(folder: str | os.PathLike[str] | None = None) -> dict[Path, WeightsInfo | WeightsError]:
    """Every weight file in the folder, sorted by name: what it is, or why it cannot be used."""
    folder = checkpoint_folder() if folder is None else Path(folder)
    found: dict[Path, WeightsInfo | WeightsError] = {}
    for path in sorted(folder.glob("*")):
        if path.suffix.lower() in _SUFFIXES and not path.name.startswith("."):
            try:
                with speaking_of(path):
                    found[path] = open_weights(path).info
            except WeightsError as error:
                found[path] = error
    return found


def list_weights(folder: str | os.PathLike[str] | None = None) -> list[WeightsInfo]:
    """The usable weight files of the folder; `survey` also tells why others are not."""
    return [found for found in survey(folder).values() if isinstance(found, WeightsInfo)]
