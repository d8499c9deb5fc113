"""Fills the page's templates while it is built: the part of Handlebars that the components' HTML uses.

Gradio fills the same files in the browser with the whole of Handlebars; here the words are known beforehand.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

TAG = re.compile(r"\{\{\s*(#each|#if|/each|/if)?\s*([@\w.]*)\s*\}\}")


def rendered(template: str, values: Mapping[str, Any]) -> str:
    """The template with `{{name.of.value}}`, `{{#each}}` and `{{#if}}` filled, everything escaped.

    Inside `#each`: `this`, `@key`, `@first` and, from everywhere, `@root`. Raises `KeyError` for a value that there is
    not, and `ValueError` for blocks that do not close.
    """
    pieces = list(_pieces(template))
    out, rest = _block(pieces, 0, {"@root": values, "this": values}, "")
    if rest != len(pieces):
        raise ValueError("a template closes a block that is not open")
    return out


def _pieces(template: str) -> Any:
    """Text, and (kind, path) of every tag, in order."""
    at = 0
    for tag in TAG.finditer(template):
        yield template[at : tag.start()]
        yield tag[1] or "", tag[2]
        at = tag.end()
    yield template[at:]


def _block(pieces: list[Any], at: int, scope: dict[str, Any], inside: str) -> tuple[str, int]:
    """What stands from `at` to the end of the block, and where that is."""
    out: list[str] = []
    while at < len(pieces):
        piece = pieces[at]
        at += 1
        if isinstance(piece, str):
            out.append(piece)
            continue
        kind, path = piece
        if kind == f"/{inside}":
            return "".join(out), at
        if kind in ("#each", "#if"):
            scopes = _scopes(kind, _value(path, scope), scope)
            made = [_block(pieces, at, each, kind[1:]) for each in scopes]
            at = made[0][1] if made else _skipped(pieces, at)
            out += [text for text, _ in made]
        elif kind:
            raise ValueError(f"a template closes {kind[1:]}, which is not open")
        else:
            value = _value(path, scope)
            out.append(html.escape(str(value).lower() if isinstance(value, bool) else str(value)))
    if inside:
        raise ValueError(f"a template does not close {inside}")
    return "".join(out), at


def _scopes(kind: str, value: Any, scope: dict[str, Any]) -> list[dict[str, Any]]:
    """What a block is filled with, once for each time that it appears."""
    if kind == "#if":
        return [scope] if value else []
    pairs = list(value.items()) if isinstance(value, Mapping) else list(enumerate(value))
    return [scope | {"this": each, "@key": key, "@first": i == 0} for i, (key, each) in enumerate(pairs)]


def _skipped(pieces: list[Any], at: int) -> int:
    """Where the block that begins at `at` ends."""
    depth = 1
    while depth:
        piece = pieces[at]
        at += 1
        if not isinstance(piece, str):
            depth += piece[0].startswith("#") - piece[0].startswith("/")
    return at


def _value(path: str, scope: dict[str, Any]) -> Any:
    first, *names = path.split(".")
    value = scope[first] if first in scope else scope["this"][first] if _has(scope["this"], first) else None
    if value is None:
        value = scope["@root"][first]
    for name in names:
        value = value[name]
    return value


def _has(value: Any, name: str) -> bool:
    return isinstance(value, Mapping) and name in value
