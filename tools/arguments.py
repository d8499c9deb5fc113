"""What several tools ask of their arguments."""

from __future__ import annotations

from pathlib import Path

from diffir_demo.errors import InputError


def require_folder(file: Path | None) -> None:
    """Raises `InputError` where the file's folder is missing: better before hours of measuring than after."""
    if file and not file.parent.is_dir():
        raise InputError(f"There is no folder '{file.parent.name}' for '{file.name}'.", "Make it first.")
