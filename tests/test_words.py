"""The words of the page: every key that code asks for is there, and every key that is there is asked for."""

from __future__ import annotations

import ast
import json
import re
from functools import cache

import pytest

from diffir_demo.ui.component import UI, task_words, words_of

CATALOGUE = json.loads((UI / "words" / "en.json").read_text(encoding="utf-8"))
FEATURES = sorted(CATALOGUE)


@cache
def asked() -> dict[str, set[str]]:
    """The keys that Python asks for, by feature: attributes of what `words_of` gives, by that or another name."""
    found: dict[str, set[str]] = {feature: set() for feature in FEATURES}
    for path in UI.rglob("*.py"):
        tree, names = ast.parse(path.read_text(encoding="utf-8")), dict[str, str]()
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign):
                pairs = zip(ast.walk(node.targets[0]), ast.walk(node.value), strict=False)
                names |= {
                    to.id: _feature(value) for to, value in pairs if isinstance(to, ast.Name) and _is_words(value)
                }
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                if isinstance(node.value, ast.Name) and node.value.id in names:
                    found[names[node.value.id]].add(node.attr)
                elif _is_words(node.value):
                    found[_feature(node.value)].add(node.attr)
    return found


def _is_words(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "words_of"


def _feature(node: ast.AST) -> str:
    assert isinstance(node, ast.Call)
    return node.args[0].value if node.args else "page"  # type: ignore[attr-defined]


@pytest.mark.parametrize("feature", FEATURES)
def test_keys_and_code_agree(feature: str) -> None:
    assert asked()[feature] == words_of(feature).keys()


@pytest.mark.parametrize(
    ("feature", "key"),
    [
        ("photo", "canvas"),
        ("compare", "board"),
        ("timeline", "timeline"),
        ("history", "list"),
        ("batch", "list"),
        ("export", "copy"),
        ("lab", "editor"),
        ("lab", "steer"),
        ("adjust", "sliders"),
        ("adjust", "path"),
    ],
)
def test_what_scripts_ask_for_is_there(feature: str, key: str) -> None:
    """Each word of a component is named in some script or template, or in the Python beside it."""
    sources = "".join(
        path.read_text(encoding="utf-8") for path in UI.rglob("*.*") if path.suffix in (".js", ".html", ".py")
    )
    for word in getattr(words_of(feature), key):
        assert re.search(rf"""\b{re.escape(word)}\b""", sources), word


def test_a_missing_word_is_an_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        _ = words_of().nonsense


def test_every_task_has_all_its_words() -> None:
    tasks = CATALOGUE["page"]["tasks"]
    assert len({tuple(words) for words in tasks.values()}) == 1
    assert task_words("dehaze").verb == "restored"
