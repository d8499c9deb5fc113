"""Recipes in files: inside the results, and as JSON."""

from __future__ import annotations

import json
import os
from pathlib import Path

from ..errors import InputError
from ..events import Restoration
from ..imaging import read_text
from ..shake import path_facts
from ..version import VERSION
from .recipe import MARK, MAX_BYTES, Recipe

KEYWORD, RUN_KEYWORD = "DiffIR", "DiffIR-run"
"""Of the texts in the picture: what repeats the run, and what came of it."""
_JSON_BYTES = 4096
"""In which the mark of a JSON recipe must have appeared."""


def text_of(recipe: Recipe | None) -> dict[str, str]:
    """What a result says about itself, for `encode_picture`. None: only what program wrote it."""
    told = {"Software": f"DiffIR Studio {VERSION}"}
    return told if recipe is None else told | {KEYWORD: recipe.to_json()}


def run_text(run: Restoration) -> dict[str, str]:
    """What came of the run, as JSON, for programs that have nothing but the picture: {"notices": sentences, "copied":
    the share of the hole that was not painted by the network, where there is a hole; "path": `shake.path_facts`, where
    the camera's path was undone}."""
    told: dict[str, object] = {"notices": run.notices}
    if run.copied_share is not None:
        told["copied"] = round(run.copied_share, 4)
    if run.undone is not None:
        told["path"] = path_facts(run.undone)
    return {RUN_KEYWORD: json.dumps(told)}


def find_recipe(path: str | os.PathLike[str]) -> Recipe | None:
    """The recipe in a result, or in a JSON file; None where it is any other file.

    Raises `InputError` where there is one that cannot be used: a damaged one, or of a newer version.
    """
    path = Path(path)
    try:
        text = read_text(path, KEYWORD, MAX_BYTES)
        if text is None and path.stat().st_size <= MAX_BYTES and _may_be_json(path):
            text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path.name} cannot be read ({error.strerror}).", "Check the name.") from error
    except ValueError as error:
        raise InputError(f"The recipe in {path.name} is damaged.", "Use another copy of the file.") from error
    return None if text is None else Recipe.from_json(text)


def read_recipe(path: str | os.PathLike[str]) -> Recipe:
    """`find_recipe`, where there must be one. Raises `InputError`."""
    recipe = find_recipe(path)
    if recipe is None:
        raise InputError(
            f"{Path(path).name} holds no recipe of DiffIR Studio.",
            "Results that were saved here do, unless a program between left it out.",
        )
    return recipe


def _may_be_json(path: Path) -> bool:
    """An object that begins with our mark, so that not every text file is called a damaged recipe."""
    with path.open("rb") as file:
        start = file.read(_JSON_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip()
    return start.startswith(b"{") and f'"{MARK}"'.encode() in start
