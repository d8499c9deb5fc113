"""The page in other languages: every word is there, slots are kept, and the right language is chosen."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from diffir_demo.errors import InputError
from diffir_demo.figures import large, seconds
from diffir_demo.messages import AND, Message, joined
from diffir_demo.tasks import TASKS
from diffir_demo.ui import build_app
from diffir_demo.ui.languages import (
    ENGLISH,
    KEPT,
    LANGUAGES,
    MESSAGES,
    WORDS,
    Languages,
    Word,
    at_once,
    catalogue,
    language,
    language_of,
    listed,
    number,
    pairs,
    said,
    say,
    speaking,
    translated,
)
from tests.factories import in_a_loop
from tests.pseudo import OPEN, outside, spoken
from tools.messages import ERRORS, PACKAGE, calls, modules, templates

OTHERS = [code for code in LANGUAGES if code != ENGLISH]
AT_ONCE = at_once([]).removesuffix("[]")
AS_THEY_ARE = {"verb"}
"""Keys of what becomes part of a file's name."""


def shape(value: Any, key: str = "") -> Any:
    """Keys, lengths and slots; numbers, and what goes into names of files, as they are."""
    if isinstance(value, dict):
        return {each: shape(of, each) for each, of in value.items() if each != MESSAGES}
    if isinstance(value, list):
        return [shape(each, key) for each in value]
    return sorted(re.findall(r"\{\w+\}", value)) if isinstance(value, str) and key not in AS_THEY_ARE else value


@pytest.mark.parametrize("code", OTHERS)
def test_no_word_is_missing(code: str) -> None:
    assert shape(catalogue(code)) == shape(catalogue(ENGLISH))
    assert catalogue(code)["page"]["code"] == code


@pytest.mark.parametrize("code", OTHERS)
def test_one_english_text_has_one_translation(code: str) -> None:
    """Texts of a page are looked up by their English."""
    found: dict[str, set[str]] = {}
    for english, theirs in pairs(catalogue(ENGLISH), catalogue(code)):
        found.setdefault(english, set()).add(theirs)
    assert not {english: theirs for english, theirs in found.items() if len(theirs) > 1}


def test_the_files_are_those_of_the_menu() -> None:
    assert {path.stem for path in WORDS.glob("*.json")} == set(LANGUAGES)


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "en"),
        ({"accept-language": "de-CH,de;q=0.9,en;q=0.8"}, "de"),
        ({"accept-language": "pt-BR,fr;q=0.7,es;q=0.9"}, "es"),
        ({"accept-language": "zh-Hans-CN"}, "zh"),
        ({"accept-language": "ja;q=0, en"}, "en"),
        ({"accept-language": "de;q=nonsense, *;q=0.1"}, "en"),
        ({"accept-language": "fr", "cookie": "a=b; diffir-language=ja"}, "ja"),
        ({"accept-language": "fr", "cookie": "diffir-language=../../etc"}, "fr"),
        ({"accept-language": "," * 100_000}, "en"),
    ],
)
def test_the_language_that_is_asked_for(headers: dict[str, str], code: str) -> None:
    assert language_of(headers) == code


def test_a_request_is_answered_in_its_language() -> None:
    said: list[str] = []
    sent: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        said.append(language())
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x", b"y")]})

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "headers": [(b"Accept-Language", b"fr-CA,fr;q=0.9")]}
    in_a_loop(Languages(app)(scope, None, send))  # pyright: ignore[reportArgumentType]
    assert said == ["fr"] and language() == ENGLISH
    assert sent[0]["headers"] == [(b"x", b"y"), (b"vary", b"accept-language, cookie")]


def test_a_message_is_text_with_its_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    message = Message("{count} of {what}", count=3, what=Message("photos"))
    assert message == "3 of photos" and isinstance(message, str) and json.dumps([message]) == '["3 of photos"]'
    assert str(message) is message and f"{message}" == "3 of photos" and type(message.plain) is str
    assert Message("{left} as it stands") == "{left} as it stands"
    theirs = {"{count} of {what}": "{what}: {count}", "photos": "Fotos", "What to do.": "Was zu tun ist."}
    monkeypatch.setattr("diffir_demo.ui.languages._table", lambda code: theirs)
    assert say(message) == "3 of photos" and language() == ENGLISH
    with speaking("de"):
        assert say(message) == "Fotos: 3"
        assert say("not known") == "not known"
        assert said(InputError(message, "What to do.")) == "Fotos: 3 Was zu tun ist."
    assert language() == ENGLISH


def test_what_is_sent_is_translated_and_what_machines_read_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diffir_demo.ui.languages._table", lambda code: {"Photo": "Foto", "A & B": "<A> & B"})
    sent = {
        "elem_id": "Photo",
        "value": "Photo",
        "words": {"Photo": "Photo", "list": ["Photo", 3, None]},
        "choices": [["Photo", "Photo"], ["Other", "Other"]],
        "html": '<p title="Photo">Photo<b class="Photo">A &amp; B</b></p>',
        "js": "() => 'Photo'",
    }
    assert translated(sent) is sent
    with speaking("de"):
        assert translated(sent) == {
            "elem_id": "Photo",
            "value": "Foto",
            "words": {"Photo": "Foto", "list": ["Foto", 3, None]},
            "choices": [["Foto", "Photo"], ["Other", "Other"]],
            "html": '<p title="Foto">Foto<b class="Photo">&lt;A&gt; &amp; B</b></p>',
            "js": "() => 'Photo'",
        }
        assert translated({"js": at_once(["<p>Photo</p>", None])}) == {"js": at_once(["<p>Foto</p>", None])}


def test_facts_are_said_where_they_are_put_into_words(monkeypatch: pytest.MonkeyPatch) -> None:
    words = catalogue(ENGLISH)["page"]
    theirs = {"Bicubic": "Bikubisch", "{first} and {next}": "{first} und {next}", "{first}, {next}": "{first}; {next}"}
    monkeypatch.setattr("diffir_demo.ui.languages._table", lambda code: theirs)
    assert words["default_weights"].format(title="Bicubic", file="a.pth") == "Bicubic, the default (a.pth)"
    with speaking("de"):
        assert words["default_weights"].format(title="Bicubic", file="a.pth") == "Bikubisch, the default (a.pth)"
        assert say(joined(["Bicubic", "x", "y"], AND)) == "Bikubisch und x und y"
        assert listed(["Bicubic", "x"]) == "Bikubisch; x"
    assert joined([]) == "" and joined(["x"]) == "x"


@pytest.mark.parametrize(
    ("code", "short", "long"),
    [("en", "1.5 s", "12,345"), ("de", "1,5 s", "12.345"), ("fr", "1,5 s", "12\u202f345"), ("ja", "1.5 s", "12,345")],
)
def test_numbers_have_the_points_of_the_language(code: str, short: str, long: str) -> None:
    words = Word("{small:.1f} s, {large:,}, {plain}, {sure}, {text}")
    with speaking(code):
        at_once = words.format(small=1.5, large=12345, plain=12345, sure=True, text="v1.5")
        assert at_once == f"{short}, {long}, 12345, True, v1.5"
        assert say(seconds(1.5)) == short and say(large(12345)) == long
        assert words.format(small=np.float32(1.5), large=np.int64(12345), plain=seconds(1.5), sure=1, text="") == (
            f"{short}, {long}, {short}, 1, "
        )
        assert number(1.5, ".1f") + " s" == short
    assert f"{seconds(1.5)}, {large(12345)}" == "1.5 s, 12,345", "files and programs read English"


def test_an_error_in_words_is_a_message() -> None:
    """So that it can be said later on, and in another language."""
    error = InputError(Message("No {thing}.", thing="mask"), "Paint one.")
    assert isinstance(str(error), Message) and str(error) == "No mask. Paint one."
    assert str(InputError("No mask.")) == "No mask."


# --- what comes from outside of the page ---------------------------------------------------------------------------


def slots(text: str) -> list[str]:
    return sorted(re.findall(r"\{\w+", text))


@pytest.mark.parametrize("code", OTHERS)
def test_no_message_is_missing(code: str) -> None:
    """English format specs may change, their slots may not."""
    theirs = json.loads((WORDS / f"{code}.json").read_text(encoding="utf-8")).get(MESSAGES)
    if theirs is not None:
        assert sorted(theirs) == templates()
        assert not {text: said for text, said in theirs.items() if not said or slots(text) != slots(said)}


def sources() -> Iterator[Path]:
    """The modules whose errors can reach the page."""
    yield from modules()
    yield from (path for path in (PACKAGE / "ui").rglob("*.py") if path.name != "launch.py")


def test_errors_can_be_translated() -> None:
    """A text with facts in it is a message: put together by hand, it is found in no catalogue."""
    wrong = [
        f"{path.relative_to(PACKAGE)}:{call.lineno}: {ast.unparse(argument)}"
        for path in sources()
        for call in calls(ast.parse(path.read_text(encoding="utf-8")), ERRORS | {"Message"})
        for argument in call.args
        if any(isinstance(part, ast.JoinedStr | ast.BinOp) for part in parts_of(argument))
    ]
    assert not wrong


def parts_of(argument: ast.expr) -> Iterator[ast.AST]:
    """What decides on the text itself; the facts of a message may be anything."""
    if isinstance(argument, ast.IfExp):
        yield from parts_of(argument.body)
        yield from parts_of(argument.orelse)
    yield argument


# --- the whole page ------------------------------------------------------------------------------------------------

READ = frozenset(
    ["label", "info", "value", "placeholder", "words", "states", "titles", "tools", "kinds", "headline", "lead"]
)
"""Properties of components that are read, beside choices."""
MACHINES = KEPT | {"path", "url", "orig_name", "meta", "strokes"}
"""Properties within these that machines read, names of files among them."""
NAMES = re.compile(r"\b(PNG|JPEG|WebP|AVIF|CPU · fp32)\b|\{\w+\}|[\w-]+\.safetensors")
"""Of formats, devices and files; and slots, which the page fills."""


def texts(value: Any) -> Iterator[str]:
    """All that is for people. Of an example photo that is its label: the title is its author's."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, each in value.items():
            if key not in MACHINES and ("thumbnail" not in value or key == "label"):
                yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)


def strings(value: Any) -> Iterator[str]:
    """All of them, whatever they are called."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from strings(each)


def read(component: dict[str, Any]) -> Iterator[str]:
    """What of a component is for people; of HTML, the text without the tags."""
    properties = component["props"] | component["props"].get("props", {})
    if component["type"] == "api" or properties.get("elem_classes") == ["credit"]:  # read by programs; names of people
        return
    choices = properties.get("choices") or []
    yield from (label for label, _ in choices)
    for name in READ & properties.keys():
        if name != "value" or not choices:
            yield from map(visible, (strings if name == "words" else texts)(properties[name]))


def visible(text: str) -> str:
    return re.sub(r"<ul>.*</ul>|<[^>]*>", "", text)


def test_every_word_of_the_page_is_translated(tmp_path: Path) -> None:
    with spoken(tmp_path) as code:
        app = build_app("cpu", "fp32")  # in English, as on a server
        with speaking(code):
            config = app.config
    components = config["components"]
    found = {text for each in components for text in read(each)}
    scripts = [each["js"] for each in config["dependencies"] if str(each["js"]).startswith(AT_ONCE)]
    given = {visible(text) for script in scripts for text in texts(json.loads(script.removeprefix(AT_ONCE)))}
    assert sum(OPEN in text for text in given) == len(TASKS), "what every tab says once a photo was opened"
    found |= {text for text in given if " " in text}
    assert sum(OPEN in text for text in found) > 300
    left = {text for text in found if re.search("[A-Za-z]{2}", NAMES.sub("", outside(text)))}
    assert left == set()
