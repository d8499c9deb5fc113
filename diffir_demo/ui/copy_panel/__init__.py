"""A run as code to copy: one way per tab. The page itself puts its address in and does the copying."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from gradio.data_classes import FileData, GradioModel

from ..component import TypedHTML, parts
from ..snippets import SERVER, Snippet
from ..words import recipe as words


class SnippetData(GradioModel):
    """As `snippets.Snippet`."""

    key: str
    title: str
    note: str
    code: str


class CopyValue(GradioModel):
    """What the panel shows: nothing without snippets."""

    snippets: list[SnippetData] = []
    recipe: FileData | None = None
    """As JSON."""
    photo: FileData | None = None
    """The photo that went in, for those who have it only here: an example, or one that was damaged on purpose."""


class CopyPanel(TypedHTML):
    """Empty until there is a run. title: of the fold that it is."""

    data_model = CopyValue

    def __init__(self, title: str = words.COPY["title"], **options: Any) -> None:
        settings = parts(Path(__file__).parent) | options
        super().__init__(CopyValue(), words=words.COPY | {"title": title}, stand_in=SERVER, **settings)


def copy_value(found: list[Snippet], recipe: FileData | None = None, photo: FileData | None = None) -> CopyValue:
    return CopyValue(snippets=[SnippetData.model_validate(asdict(each)) for each in found], recipe=recipe, photo=photo)
