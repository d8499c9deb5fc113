"""What a feature's folder holds beside its Python: components of HTML, CSS and JavaScript, and its words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from copy import deepcopy
from functools import cache, reduce
from pathlib import Path
from typing import Any, ClassVar

import gradio as gr
from gradio.data_classes import GradioModel
from pydantic import model_validator

from .languages import catalogue, language

UI = Path(__file__).parent


class Value(GradioModel):
    """Of a component of our own. All its fields have defaults, which stand for a value that is not there yet."""

    @model_validator(mode="before")
    @classmethod
    def _or_nothing(cls, value: Any) -> Any:
        """A page that is still loading may send the empty text that Gradio's HTML has at first."""
        return {} if value == "" else value


class TypedHTML(gr.HTML):
    """A component whose value is a model: what a browser sends is checked against it, and is never None."""

    data_model: ClassVar[type[Value]]  # pyright: ignore[reportIncompatibleVariableOverride]

    def preprocess(self, payload: Any) -> Any:
        return payload or self.data_model()

    def postprocess(self, value: Any) -> Any:
        return value or self.data_model()

    def api_info(self) -> dict[str, Any]:
        return deepcopy(_schema(self.data_model))

    def example_payload(self) -> Any:
        return None

    def example_value(self) -> Any:
        return None


@cache
def _schema(model: type[GradioModel]) -> dict[str, Any]:
    """Gradio asks for it some 150 times while the app is built, and it takes milliseconds each time."""
    return model.model_json_schema()


def parts(component: str, *more_scripts: str, styles: Sequence[str] = ()) -> dict[str, Any]:
    """The arguments of `gr.HTML` that make it the component of those files, such as "photo/canvas".

    more_scripts: further JavaScript files, in order, that run in the scope of the first. styles: further CSS files.
    All are named from this folder, without their endings. A component that does nothing by itself has no script.
    """
    own = [component] if (UI / f"{component}.js").exists() else []
    return {
        "apply_default_css": False,
        "html_template": _read(f"{component}.html"),
        "css_template": "\n".join(_read(f"{style}.css") for style in (component, *styles)),
        "js_on_load": "\n".join(_read(f"{script}.js") for script in ("component", *own, *more_scripts)),
    }


def _read(name: str) -> str:
    return (UI / name).read_text(encoding="utf-8")


class Words:
    """The strings of one feature as attributes, in the language of the visitor that reads them."""

    def __init__(self, strings: Callable[[], Mapping[str, Any]]) -> None:
        self._strings = strings

    def __getattr__(self, key: str) -> Any:
        try:
            return self._strings()[key]
        except KeyError:
            raise AttributeError(f"words/en.json has no '{key}'") from None

    def keys(self) -> Set[str]:
        return self._strings().keys()


def words_of(feature: str = "page") -> Words:
    """feature: the folder's name; without one, the words that several features use."""
    return Words(lambda: catalogue(language())[feature])


def counted(forms: Sequence[str], count: int) -> str:
    """One or many. forms: both sentences, with {count}."""
    return forms[count != 1].format(count=count)


def task_words(key: str) -> Words:
    """What differs from tab to tab; plain words for a task that has none of its own yet.

    intro, damaged: with {times}; damage: the button that makes a test case; verb: joined to the file's name, with
    {scale}; input: the photo as a row of the comparison.
    """
    tasks = words_of().tasks
    return Words(lambda: tasks.get(key, tasks["other"]))


def times(scales: Iterable[int]) -> str:
    """(2, 4) -> "two or four times"."""
    words = words_of()
    numbers = [words.numbers.get(str(scale), str(scale)) for scale in scales]
    return words.times.format(count=reduce(lambda one, other: words.either.format(one=one, other=other), numbers))
