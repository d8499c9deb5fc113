"""Puts the app's canvas into the package: the modules that it needs, and the scripts and words that these name.

Nothing of it is copied by hand: what `ENTRIES` import, and what that imports, is read off the sources. An `__init__.py`
comes along only where something is imported from its package itself; so those of the app's page, which would bring all
of the page, stay behind, and their folders become namespace packages.
"""

from __future__ import annotations

import ast
import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ENTRIES = ("ui/photo/canvas.py", "ui/photo/calls.py", "ui/photo/reading.py")
"""Of the app's package."""
PAGE = (".html", ".css", ".js")
WORDS = "ui/words"
INSIDE = "diffir_mask_canvas/_studio"
"""Where it comes to lie."""


class CustomBuildHook(BuildHookInterface):
    """Builds from a clone assemble it; builds from the source distribution find it there already."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        self._folder = None
        if (root / INSIDE).is_dir():
            return
        repository = root.parent.parent
        self._folder = Path(tempfile.mkdtemp())
        assemble(repository / "diffir_demo", self._folder)
        build_data["force_include"] |= {
            str(self._folder): INSIDE,
            str(repository / "LICENSE"): "diffir_mask_canvas/LICENSE",
        }

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder)


def assemble(app: Path, target: Path) -> None:
    """Writes what the canvas needs of the app's package into a folder, under the names that it has there."""
    sources = {name: (app / name).read_text(encoding="utf-8") for name in needed(app)}
    texts = {text for source in sources.values() for text in constants(source)}
    for name in (*sources, *page_files(app, texts)):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(app / name, target / name)
    (target / WORDS).mkdir(parents=True)
    for file in sorted((app / WORDS).glob("*.json")):
        catalogue = json.loads(file.read_text(encoding="utf-8"))
        kept = words(catalogue, texts, "\n".join(sources.values()))
        (target / WORDS / file.name).write_text(json.dumps(kept, ensure_ascii=False, indent=1), encoding="utf-8")


def needed(app: Path) -> list[str]:
    """The modules that `ENTRIES` import from the app's package, directly or not, with themselves."""
    found, open_ends = set[str](), [app / entry for entry in ENTRIES]
    while open_ends:
        module = open_ends.pop()
        name = module.relative_to(app).as_posix()
        if name not in found:
            found.add(name)
            open_ends += imported(module)
    return sorted(found)


def imported(module: Path) -> Iterator[Path]:
    """The files behind a module's relative imports, those within functions too."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        place = module.parents[node.level - 1].joinpath(*(node.module or "").split("."))
        if place.with_suffix(".py").is_file():
            yield place.with_suffix(".py")
            continue
        for each in node.names:
            submodule = place / f"{each.name}.py"
            yield submodule if submodule.is_file() else place / "__init__.py"


def constants(source: str) -> Iterator[str]:
    """Every text in a module's code."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def page_files(app: Path, texts: set[str]) -> list[str]:
    """Templates, styles and scripts beside the entries and above, where a module names them without their endings."""
    folders = {folder for entry in ENTRIES for folder in ((app / entry).parent, (app / entry).parent.parent)}
    files = (file for folder in folders for file in folder.iterdir() if file.suffix in PAGE)
    return sorted(
        file.relative_to(app).as_posix()
        for file in files
        if file.stem in texts or f"{file.parent.name}/{file.stem}" in texts
    )


def words(catalogue: dict[str, Any], texts: set[str], source: str) -> dict[str, Any]:
    """Of a language's words, those that the modules may say: keys that they ask for, and messages that they make."""
    kept = {
        feature: {key: said for key, said in about.items() if re.search(rf"\.{key}\b", source)}
        for feature, about in catalogue.items()
        if feature in texts | {"page"}
    }
    messages = {text: said for text, said in catalogue.get("messages", {}).items() if text in texts}
    return kept | ({"messages": messages} if messages else {})
