"""The languages of the page: which one a visitor reads, and texts in it.

One page is built, in English, for all. `words/en.json` holds what it says by feature and key; every other file of that
folder holds the same keys in its language, and under "messages" the templates of the `Message`s that come from outside
of the page. A visitor's language is what the page's menu was set to, else what the browser asks for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from html import escape, unescape
from http.cookies import CookieError, SimpleCookie
from numbers import Integral, Real
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..errors import DiffIRError
from ..messages import SENTENCES, Message, joined

WORDS = Path(__file__).parent / "words"
LANGUAGES = {"en": "English", "de": "Deutsch", "es": "Español", "fr": "Français", "ja": "日本語", "zh": "中文"}
"""Code -> the language's own name."""
ENGLISH = "en"
POINTS = {"de": ",.", "es": ",.", "fr": ",\N{NARROW NO-BREAK SPACE}"}
"""Decimal point and thousands separator of the languages that do not write them as English does."""
COOKIE = "diffir-language"
VARIES = (b"vary", b"accept-language, cookie")
MESSAGES = "messages"
"""The part of a catalogue that goes by English templates."""
KEPT = frozenset(
    ["elem_id", "elem_classes", "key", "name", "type", "id", "variant", "api_name", "js", "js_on_load", "css_template"]
    + ["state", "tone", "kind", "task", "orig_name", "path", "url"]
)
"""Properties of components that a machine reads."""
_AT_ONCE = "() => /* values */ "
"""What a script begins with that only gives values, as JSON: see `at_once`."""
_TEXT = re.compile(r"(?<=>)[^<>]+(?=<)|(?<=[ \"](?:title|label|older)=\")[^\"<>]+(?=\")")
"""Text in HTML: between tags, and in title, aria-label and placeholder."""

_language: ContextVar[str] = ContextVar("language", default=ENGLISH)


def language() -> str:
    """Of the visitor whose request is being answered; English where there is none."""
    return _language.get()


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Within it, `language` is that one."""
    before = _language.set(code)
    try:
        yield
    finally:
        _language.reset(before)


def language_of(headers: Mapping[str, str]) -> str:
    """The language that a request asks for: by the menu's cookie, else by Accept-Language, else English."""
    try:
        chosen = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        chosen = None
    if chosen is not None and chosen.value in LANGUAGES:
        return chosen.value
    wanted = sorted(_wanted(headers.get("accept-language", "")), key=lambda each: -each[1])
    return next((code for code, weight in wanted if weight > 0 and code in LANGUAGES), ENGLISH)


def _wanted(header: str) -> Iterator[tuple[str, float]]:
    """("de", 0.8) for each language of an Accept-Language header (RFC 9110, 12.5.4); regions make no difference."""
    for each in header[:500].split(","):
        name, _, weight = each.strip().partition(";q=")
        try:
            yield name.split("-")[0].lower(), float(weight or 1)
        except ValueError:
            continue


class Languages:
    """ASGI middleware: a request is answered in its visitor's language, and caches learn what that goes by."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}

        async def answered(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message = message | {"headers": [*message.get("headers", ()), VARIES]}
            await send(message)

        with speaking(language_of(headers)):
            await self.app(scope, receive, answered)


@cache
def catalogue(code: str) -> dict[str, Any]:
    """The words of a language by feature and key; every text is a `Message`."""
    return _as_messages(json.loads((WORDS / f"{code}.json").read_text(encoding="utf-8")))


class Word(Message):
    """A text of a catalogue: what is put into it is said in the visitor's language, too."""

    def format(self, **facts: Any) -> Message:
        if language() != ENGLISH:
            table = _table(language())
            facts = {name: _fact(fact, table) for name, fact in facts.items()}
        return Message(self.template, **facts)


def _as_messages(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_messages(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_as_messages(each) for each in value]
    return Word(value) if isinstance(value, str) else value


@cache
def _table(code: str) -> Mapping[str, str]:
    """English template -> that language's."""
    english, theirs = catalogue(ENGLISH), catalogue(code)
    return MappingProxyType(dict(pairs(english, theirs)) | theirs.get(MESSAGES, {}))


def pairs(english: Any, theirs: Any) -> Iterator[tuple[str, str]]:
    """The texts of two catalogues that belong together; those that one of them lacks are left out."""
    if isinstance(english, dict):
        for key in english.keys() & theirs.keys():
            yield from pairs(english[key], theirs[key])
    elif isinstance(english, list):
        for one, other in zip(english, theirs, strict=True):
            yield from pairs(one, other)
    elif isinstance(english, str):
        yield english, theirs


def say(text: str) -> str:
    """In the visitor's language, where it has that text: a `Message` by its template, another one as it stands."""
    return text if language() == ENGLISH else _say(text, _table(language()))


def _say(text: str, table: Mapping[str, str]) -> str:
    if not isinstance(text, Message) or not text.facts:
        return table.get(text, text)
    template = table.get(text.template, text.template)
    return str.format(template, **{name: _fact(fact, table) for name, fact in text.facts.items()})


def _fact(value: Any, table: Mapping[str, str]) -> Any:
    """What is put into a template: texts in the visitor's language, numbers with its points once they are formatted."""
    if isinstance(value, str):
        return _say(value, table)
    if isinstance(value, bool) or not isinstance(value, Real):
        return value
    return _Int(value) if isinstance(value, Integral) else _Float(value)


class _Int(int):
    def __format__(self, spec: str) -> str:
        return _with_own_points(int.__format__(self, spec))


class _Float(float):
    def __format__(self, spec: str) -> str:
        return _with_own_points(float.__format__(self, spec))


def _with_own_points(number: str) -> str:
    decimal, thousands = POINTS.get(language(), ".,")
    return number.translate({ord("."): decimal, ord(","): thousands})


def number(value: float, spec: str) -> str:
    """As `format` writes it, with the points of the visitor's language."""
    return format(_Float(value), spec)


def said(error: DiffIRError) -> str:
    """What is wrong and what to do about it."""
    return say(str(error))


def all_said(sentences: Iterable[str]) -> str:
    """One after the other."""
    return say(joined(sentences, SENTENCES))


def listed(parts: Iterable[str]) -> str:
    """As a list, with the language's comma."""
    return say(joined(parts))


def plain(text: str) -> str:
    """The text alone, as a `str` and nothing else, for libraries that send it on by its exact type."""
    return text.plain if isinstance(text, Message) else text


def translated(value: Any, more: Mapping[str, str] | None = None) -> Any:
    """What is sent to a page, in its visitor's language: lists, dictionaries and texts, HTML among them.

    more: English texts that stand in no catalogue, such as those with facts within HTML, and what they are in it.
    """
    if language() == ENGLISH:
        return value
    table = _table(language())
    return _translated(value, {**table, **more} if more else table)


def at_once(values: list[Any]) -> str:
    """The script of an event that gives components these values without asking the server; their texts are said in the
    visitor's language, which other scripts are not."""
    return f"{_AT_ONCE}{json.dumps(values)}"


def _translated(value: Any, table: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _kept(each, table) if key in KEPT else _property(key, each, table) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_translated(each, table) for each in value]
    if not isinstance(value, str):
        return value
    if "<" in value and value not in table:
        return _TEXT.sub(lambda found: _text_in_html(found[0], table), value)
    return _say(value, table)


def _kept(value: Any, table: Mapping[str, str]) -> Any:
    if not isinstance(value, str) or not value.startswith(_AT_ONCE):
        return value
    return at_once(_translated(json.loads(value.removeprefix(_AT_ONCE)), table))


def _words(value: Any, table: Mapping[str, str]) -> Any:
    """A catalogue's part, which is read whatever its keys are called."""
    if isinstance(value, dict):
        return {key: _words(each, table) for key, each in value.items()}
    return [_words(each, table) for each in value] if isinstance(value, list) else _translated(value, table)


def _property(key: str, value: Any, table: Mapping[str, str]) -> Any:
    """Of a choice, what is read, and not what stands for it; of words, all."""
    if key == "words":
        return _words(value, table)
    if key == "choices" and isinstance(value, list) and all(isinstance(each, (list, tuple)) for each in value):
        return [[_translated(label, table), *rest] for label, *rest in value]
    return _translated(value, table)


def _text_in_html(text: str, table: Mapping[str, str]) -> str:
    plain = unescape(text)
    theirs = table.get(plain.strip())
    return text if theirs is None else escape(plain.replace(plain.strip(), theirs))
