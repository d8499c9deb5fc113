"""The report: Markdown for people, JSON for programs, and pictures to look at, in a folder beside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from PIL import Image

from diffir_demo.errors import InputError
from diffir_demo.figures import markdown_table
from diffir_demo.tasks import TASKS
from tools.machine import machine

from . import sheets
from .measure import Measured, Table
from .tables import TITLES, decibels, matrix, plain, sections

QUALITY = 85
HOW = """\
Clean photos are damaged with fixed seeds (photo *i*, in order of name, with seed *i*), restored, and compared with what
they were. Means over the photos; dB with peak 255; higher is better unless it says otherwise. The seconds are medians
per picture, on the machine that each section names.

- **PSNR-Y, SSIM-Y**: on luma, a border of 4 pixels left out, as super-resolution papers do.
- **PSNR in the hole**: over the pixels of the hole only; the SSIM is that of the whole picture.
- **PSNR, aligned**: after one shift of the whole result is undone, which no blind method can know; 8 pixels of border
  left out. **Likeness of the path**: correlation with the true one over all shifts, 1 for the same. *True path*: the
  same deconvolution, given the true blur (an oracle, no competitor).
- **ST-LPIPS**: a learned distance (Ghildyal and Liu, ECCV 2022, AlexNet); not LPIPS, whose numbers differ.
- **IPR**: every network restores again with numbers that are not the photo's own. What it loses then is what its prior
  says about the photo. Stage 1 (the oracle) takes its IPR from the clean picture; it is an upper bound by design.
- **Another damage's IPR**: where the numbers say what is wrong with a photo, restoring with those of another photo in
  the same state says little; the matrix takes them from photos that were damaged otherwise.
- **Readings**: noise, softness and JPEG damage as the regressions in the network's file read them off its IPR, against
  what was done to the photo. **Untouched** photos show how much harm a network does; *exact* means without any error.
- **Sheets**: crops at 100 %, each with the score of its whole photo. The first sheet of a set shows photos spread
  evenly over our first network's ranking, cropped where the clean photo has most detail. The second one shows the worst
  three of that ranking, cropped where the error is largest. The app's own examples: [examples.md](examples.md).
"""


class Report:
    """Collects what was measured; every set's pictures are written as they come, so that memory is free again.

    A report that is there already keeps its sections of the tasks that are not measured now.
    """

    def __init__(self, path: Path, command: str) -> None:
        """path: the Markdown file; `command`: what reproduces it, shown on top.

        Raises `InputError` for a place that cannot be written, and for one that holds something else.
        """
        if path.suffix != ".md":
            raise InputError(f"'{path.name}' does not end in .md.", "Name the report's Markdown file.")
        if not path.parent.is_dir():
            raise InputError(f"There is no folder '{path.parent.name}' for the report.", "Make it first.")
        self.path, self.command = path, command
        self.folder = path.with_suffix("")
        self.notes_file = path.with_name(f"{path.stem}-notes.json")
        self.notes = _read_notes(self.notes_file)
        _read_sets(path.with_suffix(".json"))  # what `write` cannot add to is better known before hours of measuring
        self.missing_notes: list[str] = []
        self._tables: list[Table] = []
        self._worst: list[list[sheets.Spot]] = []

    def add(self, measured: Measured) -> None:
        """Takes a set in and writes its two sheets."""
        self.folder.mkdir(exist_ok=True)
        spots, methods = sheets.worst(measured), sheets.columns(measured)
        for name, chosen in (
            (_stem(measured.table), sheets.typical(measured)),
            (f"{_stem(measured.table)}-worst", spots),
        ):
            _save(sheets.sheet(measured, chosen, methods), self.folder / f"{name}.jpg")
        self._tables.append(measured.table)
        self._worst.append(spots)

    def write(self) -> None:
        """The Markdown and, beside it, the JSON."""
        new = {task: self._section(task) for task in dict.fromkeys(table.task for table in self._tables)}
        sections = [new.get(key) or text for key, text in _sections(self.path).items() if key in new or text]
        self.path.write_text("\n\n".join(["# Quality", HOW.rstrip(), *sections]) + "\n", encoding="utf-8")
        how = {"command": self.command, "machine": machine()}
        kept = [values for values in _read_sets(self.path.with_suffix(".json")) if values["task"] not in new]
        sets = [*kept, *({**how, **plain(table)} for table in self._tables)]
        sets.sort(key=lambda values: list(TASKS).index(values["task"]))
        text = json.dumps({"sets": sets}, indent=1, ensure_ascii=False)
        self.path.with_suffix(".json").write_text(text + "\n", encoding="utf-8")

    def _section(self, task: str) -> str:
        own = [(t, worst) for t, worst in zip(self._tables, self._worst, strict=True) if t.task == task]
        lines = [f"## {TASKS[task].title}", "", TASKS[task].sets_text, ""]
        lines += ["```", self.command, "```", "", f"Measured on {machine()}.", ""]
        lines += [f"- {note}" for note in own[0][0].notes] + [""]
        swaps = matrix([table for table, _ in own])
        lines += ["### Another damage's IPR", "", swaps.rstrip("\n"), ""] if swaps else []
        for table, worst in own:
            lines += self._set(table, worst)
        return "\n".join(lines).rstrip()

    def _set(self, table: Table, worst: list[sheets.Spot]) -> list[str]:
        stem, folder = _stem(table), self.folder.name
        lines = [f"### {table.set}", "", f"{table.pictures} photos.", ""]
        lines += [line for part in sections(table) for line in (part, "")]
        lines += [f"![Crops of {table.task}, {table.set}]({folder}/{stem}.jpg)", ""]
        lines += [f"The worst {len(worst)}:", "", *self._worst_lines(table, worst), ""]
        return [*lines, f"![The worst of {table.task}, {table.set}]({folder}/{stem}-worst.jpg)", ""]

    def _worst_lines(self, table: Table, worst: list[sheets.Spot]) -> list[str]:
        rows = [row for row in (table.first("ours"), table.best("classical")) if row]
        heads = [f"{row.method}, {TITLES.get(table.headline, table.headline)}" for row in rows]
        cells: list[list[str]] = []
        for spot in worst:
            name = table.names[spot.photo]
            key = f"{table.task}/{table.set}/{name}"
            if key not in self.notes:
                self.missing_notes.append(key)
            scores = [decibels(row.photos[spot.photo].get(table.headline, float("nan"))) for row in rows]
            cells.append([name, *scores, self.notes.get(key, "")])
        note = self.notes.get(f"{table.task}/{table.set}")
        return [*([note, ""] if note else []), markdown_table(["photo", *heads, "why"], cells)]


def _sections(file: Path) -> dict[str, str]:
    """Every task's section of a report, "" where it has none or there is no report yet."""
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    found = {part.split("\n", 1)[0]: part for part in text.split("\n## ")[1:]}
    return {key: f"## {found[task.title]}".rstrip() if task.title in found else "" for key, task in TASKS.items()}


def _read_sets(file: Path) -> list[dict[str, Any]]:
    """What a report's JSON holds by now. Raises `InputError` for a file that no report wrote."""
    if not file.exists():
        return []
    try:
        sets = json.loads(file.read_text(encoding="utf-8"))["sets"]
        return [values for values in sets if values["task"] in TASKS]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"'{file.name}' is not the JSON of a report.", "Move it away.") from error


def _read_notes(file: Path) -> dict[str, str]:
    """People's sentences, kept from report to report: "task/set/photo" or "task/set" -> why it fails."""
    if not file.exists():
        return {}
    try:
        notes = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"'{file.name}' is no JSON that can be read.", "Correct it, or move it away.") from error
    if not isinstance(notes, dict) or not all(isinstance(text, str) for text in notes.values()):
        raise InputError(f"'{file.name}' must be one object of sentences.", 'As in {"deblur/weak/8": "Fine rails."}.')
    return notes


def _stem(table: Table) -> str:
    return f"{table.task}-{table.set}"


def _save(picture: Image.Image, path: Path) -> None:
    picture.save(path, quality=QUALITY, optimize=True)
