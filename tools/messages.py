"""The sentences that come from outside of the page, for those who translate it: `python -m tools.messages`.

Prints a JSON object of English templates, each with "" for its translation, as the part "messages" of a language's file
in `diffir_demo/ui/words` has them. Texts that the page has in its own words are left out: they are translated there.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from diffir_demo.baselines import baselines_for
from diffir_demo.tasks import TASKS

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "diffir_demo"
ELSEWHERE = ("ui", "server", "cli", "training", "serving", "checkout.py")
"""What has its words in `ui/words/en.json`, and what is read in a terminal or a log alone."""
ERRORS = frozenset(["InputError", "WeightsError", "DeviceError"])


def templates() -> list[str]:
    """All of them, sorted, each once."""
    found = {text for path in modules() for text in texts_of(ast.parse(path.read_text(encoding="utf-8")))}
    return sorted((found | set(_static())) - set(_words()))


def modules() -> list[Path]:
    """The Python files whose sentences the page may show."""
    paths = (path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts[0] not in ELSEWHERE)
    return sorted(paths)


def texts_of(module: ast.Module) -> Iterator[str]:
    """The templates of messages, and the plain sentences of errors, those that stand in a constant among them."""
    constants = {
        target.id: node.value.value
        for node in module.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for call in calls(module, ERRORS | {"Message"}):
        arguments = call.args if name_of(call) in ERRORS else call.args[:1]
        for argument in arguments:
            yield from _plain(argument, constants)


def calls(module: ast.AST, names: frozenset[str]) -> Iterator[ast.Call]:
    """The calls of these functions, by the names alone."""
    return (node for node in ast.walk(module) if isinstance(node, ast.Call) and name_of(node) in names)


def name_of(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _plain(argument: ast.expr, constants: dict[str, str]) -> Iterator[str]:
    match argument:
        case ast.Constant(value=str(text)) if text:
            yield text
        case ast.Name(id=name) if name in constants:
            yield constants[name]
        case ast.IfExp(body=one, orelse=other):
            yield from _plain(one, constants)
            yield from _plain(other, constants)


def _static() -> Iterator[str]:
    """What tasks, presets and baselines say of themselves."""
    for task in TASKS.values():
        yield from (task.title, task.summary, task.noun)
        yield from (text for preset in task.presets for text in (preset.title, preset.summary))
        yield from (text for each in baselines_for(task.key) for text in (each.title, each.note))


def _words() -> Iterator[str]:
    yield from _leaves(json.loads((PACKAGE / "ui" / "words" / "en.json").read_text(encoding="utf-8")))


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _leaves(each)


if __name__ == "__main__":
    print(json.dumps(dict.fromkeys(templates(), ""), ensure_ascii=False, indent=2))
