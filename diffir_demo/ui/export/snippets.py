"""A run as code: what to type elsewhere for the same pixels. Pure text, and all of it is run by the tests."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from ...recipe import Recipe
from ...tasks import get_task
from ..component import words_of

WORDS = words_of("export")

SERVER = "http://127.0.0.1:7860/"
"""Stands for this server's address; the page puts in its own."""
SHORT = 2_000
"""Characters of a recipe that still stand in the code; a longer one is read from its file."""
AGENT = f"""\
{{
  "mcpServers": {{
    "diffir-studio": {{ "url": "{SERVER}gradio_api/mcp/" }}
  }}
}}
"""
"""What makes this server known to an agent (Model Context Protocol)."""
_ASKED = '{"data": [{"path": "%s", "meta": {"_type": "gradio.FileData"}}, '
"""How what is asked of an endpoint begins: with the uploaded photo."""
READABLE = 20_000
"""Characters of a recipe that are still shown; the rest is for its file."""


@dataclass(frozen=True)
class Names:
    """Of the files that the snippets speak of, all in one folder."""

    photo: str
    result: str
    """As PNG, with the recipe inside."""

    @property
    def recipe(self) -> str:
        return f"{Path(self.photo).stem}-recipe.json"

    @property
    def again(self) -> str:
        return f"{Path(self.photo).stem}-again.png"

    @property
    def mask(self) -> str:
        return f"{Path(self.photo).stem}-mask.png"


@dataclass(frozen=True)
class Snippet:
    key: str
    title: str
    note: str
    code: str


def snippets(recipe: Recipe, names: Names) -> list[Snippet]:
    """One for each kind, in the order of the tabs."""
    codes = {
        "cli": _command(recipe, names),
        "python": _library(recipe, names),
        "client": _client(recipe, names),
        "curl": _curl(recipe, names),
        "mcp": AGENT,
        "json": _shown(recipe),
    }
    slots = {"photo": names.photo, "result": names.result, "task": recipe.task}
    notes = {key: text.format(**slots) for key, text in WORDS.notes.items()}
    return [Snippet(key, WORDS.tabs[key], notes[key], code) for key, code in codes.items()]


def finding(names: Names, sensitivity: float) -> list[Snippet]:
    """The same for a mask of scratches, which is in no recipe."""
    photo, mask = names.photo, names.mask
    codes = {
        "cli": f"python -m diffir_demo mask {_path(photo)} -o {_path(mask)} --sensitivity {sensitivity:g}",
        "python": f"""\
from diffir_demo import load_picture, save_picture
from diffir_demo.imaging import mask_picture
from diffir_demo.scratches import find_scratches

mask = find_scratches(load_picture({photo!r}).pixels, sensitivity={sensitivity:g})
save_picture(mask_picture(mask), {mask!r})
""",
        "client": f"""\
import shutil

from gradio_client import Client, handle_file

client = Client({SERVER!r})
mask = client.predict(image=handle_file({photo!r}), sensitivity={sensitivity:g}, api_name="/find_scratches")
shutil.copy(mask, {mask!r})
""",
        "curl": _by_curl(photo, f"""printf '{_ASKED}%s]}}' "$photo" {sensitivity:g}""", "find_scratches", mask),
    }
    notes = {key: WORDS.finding_notes[key].format(photo=photo) for key in codes}
    return [Snippet(key, WORDS.tabs[key], notes[key], code) for key, code in codes.items()]


def _command(recipe: Recipe, names: Names) -> str:
    photo, again, result = map(_path, (names.photo, names.again, names.result))
    return f"python -m diffir_demo restore {recipe.task} {photo} -o {again} --recipe {result}"


def _library(recipe: Recipe, names: Names) -> str:
    made = f"Recipe.from_json(r'''{_quoted(recipe)}''')" if _is_short(recipe) else f"read_recipe({names.result!r})"
    taken = "Recipe" if _is_short(recipe) else "read_recipe"
    return f"""\
from diffir_demo import {", ".join(sorted([taken, "load", "load_picture"]))}

recipe = {made}
model = load(recipe.task, recipe.find_weights())
request = recipe.request(load_picture({names.photo!r}), name={names.photo!r})
model.restore(request).save({names.again!r})
"""


def _client(recipe: Recipe, names: Names) -> str:
    text = f"r'''{_quoted(recipe)}'''" if _is_short(recipe) else f"open({names.recipe!r}).read()"
    return f"""\
import json
import shutil

from gradio_client import Client, handle_file

client = Client({SERVER!r})
recipe = json.loads({text})
result = client.predict(image=handle_file({names.photo!r}), recipe=recipe, api_name={f"/{recipe.task}"!r})
shutil.copy(result, {names.again!r})
"""


def _curl(recipe: Recipe, names: Names) -> str:
    task = get_task(recipe.task)
    between = "null, null, null, " if task.wants_mask else "null, "  # mask, seed and feather come from the recipe
    more = 0 if len(task.presets) == 1 else 1 if task.wants_mask else 2  # preset and scale come from it, too
    more += task.wants_mask  # boxes
    after = ", null" * (more + 2 * any(preset.wants_path for preset in task.presets))  # strength and path
    head, tail = _ASKED + between, after + "]}"
    if _is_short(recipe):
        sent = f"printf '{head}%s{tail}' \"$photo\" '{_quoted(recipe)}'"
    else:
        sent = f"{{ printf '{head}' \"$photo\"; cat {_path(names.recipe)}; printf '{tail}'; }}"
    return _by_curl(names.photo, sent, recipe.task, names.again)


def _by_curl(photo: str, sent: str, endpoint: str, target: str) -> str:
    """Uploads, asks, waits, fetches. The answers are JSON on one line, so that `sed` can take out what is needed.

    sent: a command that prints what is asked, with $photo in it.
    """
    escaped = photo.replace("\\", "\\\\").replace('"', '\\"')  # as curl reads a quoted name
    upload = shlex.quote(f'files=@"{escaped}"')
    return f"""\
server={SERVER.rstrip("/")}/gradio_api
photo=$(curl -sS -F {upload} $server/upload | sed 's/^\\["//; s/"\\]$//')
run=$({sent} |
  curl -sS -H 'Content-Type: application/json' -d @- $server/call/{endpoint} | sed 's/.*"event_id": *"//; s/".*//')
url=$(curl -sS -N $server/call/{endpoint}/$run | sed -n 's/.*"url": *"\\([^"]*\\)".*/\\1/p')
curl -sS -o {_path(target)} "$url"
"""


def _shown(recipe: Recipe) -> str:
    """The JSON for people: every point of a stroke on one line. Nothing where it is too long to be read."""
    text = re.sub(r"\[\s+([^\s\[\]{},]+),\s+([^\s\[\]{},]+)\s+\]", r"[\1, \2]", recipe.to_json(indent=1))
    return text if len(text) <= READABLE else ""


def _is_short(recipe: Recipe) -> bool:
    return len(recipe.to_json()) <= SHORT


def _quoted(recipe: Recipe) -> str:
    """JSON that may stand between single quotes, in Python's raw strings as in a shell."""
    return recipe.to_json().replace("'", "\\u0027")


def _path(name: str) -> str:
    """For a shell; a name that begins with a dash is no option."""
    return shlex.quote(f"./{name}" if name.startswith("-") else name)
