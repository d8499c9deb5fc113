"""A language for tests: English in brackets, so that what the page says in no language can be seen."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from diffir_demo.ui import languages
from tools.messages import templates

CODE = "xx"
OPEN, CLOSE = "⟦⟧"
AS_THEY_ARE = {"verb", "code"}
"""Keys of words that machines read, too."""


@contextmanager
def spoken(folder: Path) -> Iterator[str]:
    """While it lasts the page knows the language; gives its code. folder: an empty one, for its file."""
    words = json.loads((languages.WORDS / "en.json").read_text(encoding="utf-8"))
    theirs = bracketed(words) | {languages.MESSAGES: bracketed({text: text for text in templates()})}
    theirs["page"]["code"] = CODE
    (folder / "en.json").write_text(json.dumps(words), encoding="utf-8")
    (folder / f"{CODE}.json").write_text(json.dumps(theirs), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(languages, "WORDS", folder)
        patch.setitem(languages.LANGUAGES, CODE, "Brackets")
        _forget()
        yield CODE
    _forget()


def _forget() -> None:
    languages.catalogue.cache_clear()
    languages._table.cache_clear()


def bracketed(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: bracketed(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [bracketed(each) for each in value]
    return _in_brackets(value) if isinstance(value, str) and key not in AS_THEY_ARE else value


def _in_brackets(text: str) -> str:
    """All but the slots: "{count} photos" -> "{count}⟦ photos⟧", so that facts in English are seen as well."""
    parts = re.split(r"(\{[^}]*\})", text)
    return "".join(part if part.startswith("{") or not part else f"{OPEN}{part}{CLOSE}" for part in parts)


def outside(text: str) -> str:
    """What of it stands in no brackets."""
    depth, found = 0, ""
    for letter in text:
        depth += (letter == OPEN) - (letter == CLOSE)
        found += letter if depth == 0 and letter != CLOSE else ""
    return found
