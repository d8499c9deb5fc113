"""Folders of files that ship beside the code: inside the package once it is installed, beside it in a clone."""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "DIFFIR_CHECKPOINTS"
_PACKAGE = Path(__file__).parent


def shipped(name: str) -> Path:
    """`checkpoints` or `examples`. The folder inside the package goes first: what lies beside an installed package is
    somebody else's."""
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def checkpoint_folder() -> Path:
    """The folder named by DIFFIR_CHECKPOINTS, else that of the weights which ship."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else shipped("checkpoints")


def find_default(*names: str) -> Path | None:
    """The first of these files that the checkpoint folder has; a task names those of its presets, in their order.

    Files that a user adds under other names are used only when asked for.
    """
    paths = (checkpoint_folder() / name for name in names)
    return next((path for path in paths if path.is_file()), None)
