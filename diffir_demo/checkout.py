"""Tools that come with a clone of the repository and not with the package."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

from .errors import InputError

ROOT = Path(__file__).parents[1]
"""Of the clone, where the package was not installed from a wheel."""


def tool(name: str) -> Any:
    """The module `tools.NAME` of the clone. Raises `InputError` where the package is installed without one."""
    if not (ROOT / "tools" / "__init__.py").is_file():
        raise InputError(
            "Measuring needs a clone of the repository; what pip installs restores photos only.",
            "Run the command in the clone's folder.",
        )
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    return importlib.import_module(f"tools.{name}")
