"""Example photos, ready to run: masked, shrunk or damaged, so that the first click shows something."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from ...imaging import Picture, load_picture
from ...imaging.strokes import Stroke, rasterise
from ...shipped import shipped
from ...tasks import Task
from ...tasks.old_photo import aged
from ..component import parts, words_of
from ..files import thumbnail

WORDS = words_of("photo")
FOLDER = shipped("examples")
MASKS = json.loads(Path(__file__).with_name("example_masks.json").read_text(encoding="utf-8"))
SEED = 4
"""Of the damage, so that examples look alike every time."""
UNTOUCHED = "none"
"""The set of photos that are offered as they are: a good network leaves them alone."""
OLD = "old"
"""The set of photos that are made into old prints (`tasks/old_photo.py`): their scratches are to be found."""


@dataclass(frozen=True)
class Example:
    """One photo of the examples folder, for one task."""

    file: Path
    title: str
    author: str
    licence: str
    url: str
    set: str | None = None
    """Which of the task's sets of damage is done to it, `OLD` or `UNTOUCHED`; None: what the task's mix draws."""
    seed: int = SEED
    """Of the damage."""

    @cached_property
    def photo(self) -> Picture:
        return load_picture(self.file)

    @property
    def credit(self) -> str:
        """The line that its licence asks for, as HTML."""
        licence = _link(licence_url(self.licence), self.licence)
        source = f" ({_link(self.url, WORDS.credit_link)})" if self.url else ""
        return f"<span>{escape(self.title)}, {escape(self.author)}, {licence}{source}</span>"

    @property
    def label(self) -> str:
        """What is wrong with it, in a word or two; "" where the tab says so already."""
        return WORDS.example_labels[self.set] if self.set else ""

    @property
    def strokes(self) -> list[dict[str, object]]:
        """The mask drawn for this photo, as the canvas takes it; [] where none was."""
        return MASKS.get(self.file.name, {}).get("strokes", [])

    def prepared(self, task: Task) -> tuple[Picture, Picture | None]:
        """(the photo to restore, the clean one behind it): scratched under its strokes, or damaged as the task does it.

        None where the right answer is not known: what is to go was in the photo, or an old print has its own colours.
        """
        rng = np.random.default_rng(self.seed)
        if self.set == UNTOUCHED:
            return self.photo, self.photo
        if self.set == OLD:
            return self.photo.with_pixels(aged(self.photo.pixels, rng)[0]), None
        if not task.wants_mask:
            degrade = task.sets[self.set] if self.set else task.degrade
            damaged = degrade(self.photo, rng)
            return damaged.request.picture, damaged.reference
        if not MASKS.get(self.file.name, {}).get("scratched"):
            return self.photo, None
        strokes = [Stroke(stroke["r"], [(x, y) for x, y in stroke["p"]]) for stroke in MASKS[self.file.name]["strokes"]]
        mask = rasterise(strokes, self.photo.height, self.photo.width)
        return self.photo.with_pixels(np.where(mask[..., None], np.uint8(255), self.photo.pixels)), self.photo


@cache
def examples_for(task_key: str, folder: Path | None = None) -> list[Example]:
    """In the order of the list; empty where the folder is not there. folder: `FOLDER` if None."""
    folder = folder or FOLDER
    chosen = folder / "examples.json"
    if not chosen.is_file():
        return []
    with (folder / "CREDITS.csv").open(encoding="utf-8", newline="") as file:
        credits = {row["file"]: row for row in csv.DictReader(file)}
    offered = json.loads(chosen.read_text(encoding="utf-8")).get(task_key, [])
    return [_example(folder, one if isinstance(one, dict) else {"photo": one}, credits) for one in offered]


def credits(examples: Iterable[Example]) -> str:
    """All of them, each photo once, for the foot of the page; as HTML."""
    lines = sorted({example.credit for example in examples})
    items = "".join(f"<li>{line}</li>" for line in lines)
    return f"<details><summary>{WORDS.credits}</summary><p>{WORDS.credits_note}</p><ul>{items}</ul></details>"


class ExampleStrip(gr.HTML):
    """A row of example photos to start from. Event `choose`, with {"index": int}."""

    def __init__(self, examples: Iterable[Example], label: str = WORDS.examples["label"], **options: Any) -> None:
        shown = [
            {
                "title": f"{each.title}, {each.author}, {each.licence}",
                "label": each.label,
                "thumbnail": thumbnail(each.photo, 120),
            }
            for each in examples
        ]
        super().__init__(shown, words={"label": label}, **parts("photo/examples"), **options)

    def postprocess(self, value: list[dict[str, str]]) -> list[dict[str, str]]:
        return value

    def api_info(self) -> dict[str, Any]:
        return {"type": "array"}


def licence_url(licence: str) -> str:
    """The licence's text, for the Creative Commons licences of the credits table; "" for others."""
    if match := re.fullmatch(r"CC (BY|BY-SA) (\d\.\d)", licence):
        return f"https://creativecommons.org/licenses/{match[1].lower()}/{match[2]}/"
    return "https://creativecommons.org/publicdomain/zero/1.0/" if licence.startswith("CC0") else ""


def _link(url: str, text: str) -> str:
    return f'<a href="{escape(url)}" target="_blank" rel="noopener">{escape(text)}</a>' if url else escape(text)


def _example(folder: Path, one: Mapping[str, Any], credits: Mapping[str, Mapping[str, str]]) -> Example:
    row = credits[one["photo"]]
    credit = row["title"], row["author"], row["licence"], row["url"]
    return Example(folder / one["photo"], *credit, one.get("set"), one.get("seed", SEED))
