"""From what a run tells to what a visitor sees: pure functions, values in, text and plain lists out."""

from __future__ import annotations

import base64
import io
from html import escape
from pathlib import Path

import numpy as np
from PIL import Image

from ..baselines import baselines_for
from ..events import Painting, PriorStep, Restoration
from ..imaging import Picture
from ..trace.figures import seconds
from . import words
from .outcome import INPUT, ORIGINAL, Outcome

BEGUN = 0.02
"""Share of the bar that shows that something is going on."""


def status(text: str, share: float | None = None, tone: str = "idle") -> str:
    """The line above the result; status.js reads it out. share: progress in [0, 1]; tone: idle, busy, good or bad."""
    percent = round(100 * min(1.0, max(0.0, share or 0.0)))
    bar = f'role="progressbar" aria-valuenow="{percent}" aria-valuemin="0" aria-valuemax="100" aria-label="Progress"'
    return (
        f'<div class="status {tone}"><span>{escape(text)}</span>'
        f'<div class="track" {bar}><div class="fill" style="width:{percent}%"></div></div></div>'
    )


def encoding() -> str:
    return status(words.ENCODING, BEGUN, "busy")


def denoising(step: PriorStep, steps: int, done: int, total: int) -> str:
    """done: paintings that are finished; total: all of them, previews included: the steps themselves take no time."""
    text = words.DENOISING.format(number=step.number, total=steps, length=len(step.ipr))
    return status(text, max(BEGUN, done / total), "busy")


def painting(event: Painting, done: int, total: int, size: tuple[int, int] | None = None) -> str:
    """done, total: as for `denoising`. size: (width, height) of the result, where it is not the photo's."""
    percent = round(100 * event.fraction)
    if event.label.startswith("preview"):
        text = words.PREVIEWING.format(label=event.label, percent=percent)
    elif size:
        text = words.PAINTING_LARGER.format(width=size[0], height=size[1], percent=percent)
    else:
        text = words.PAINTING.format(percent=percent)
    return status(text, max(BEGUN, (done + event.fraction) / total), "busy")


def finished(restoration: Restoration) -> str:
    text = words.DONE.format(seconds=seconds(restoration.seconds.total))
    return status(" ".join((text, *restoration.notices)), 1.0, "good")


def thumbnail(picture: Picture, longest: int) -> str:
    """A data URL of a JPEG that is at most `longest` pixels a side."""
    image = Image.fromarray(picture.pixels)
    image.thumbnail((longest, longest))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def sides(outcome: Outcome | None, task: str) -> list[tuple[str, str]]:
    """What may stand left of the line: (label, key)."""
    found = [(words.for_task(task).input, INPUT)]
    found += [(baseline.title, baseline.key) for baseline in baselines_for(task)]
    if outcome is not None and outcome.reference is not None:
        found.append((words.ORIGINAL, ORIGINAL))
    return found


def table(outcome: Outcome) -> str:
    """The methods, their times and, where the clean photo is known, their scores; the best of each in bold."""
    run = outcome.restoration
    rows = [(words.MODEL, f"DiffIR, {run.weights}", seconds(run.seconds.total), outcome.scores(run.picture))]
    for baseline in baselines_for(run.task):
        if rival := outcome.rivals.get(baseline.key):
            found = outcome.scores(rival.picture)
            rows.append((baseline.title, baseline.note, seconds(rival.seconds), found))
    if outcome.reference is not None and outcome.scale == 1:
        rows.append((words.UNTOUCHED, "", "–", outcome.scores(run.request.picture)))
    names = list(rows[0][3])
    best = {name: max(row[3].get(name, -1.0) for row in rows) for name in names}
    head = "".join(f'<th scope="col" title="{escape(note)}">{title}</th>' for title, note in map(words.score, names))
    body = "".join(_row(*row, names, best) for row in rows)
    notes = [] if names else [words.NO_TRUTH.format(damage=words.for_task(run.task).damage)]
    notes.append(_stages(run))
    foot = "".join(f"<p>{escape(note)}</p>" for note in notes)
    return (
        f'<div class="scores"><table><thead><tr><th scope="col">{words.METHOD}</th><th scope="col">{words.TIME}</th>'
        f"{head}</tr></thead><tbody>{body}</tbody></table>{foot}</div>"
    )


def _row(title: str, note: str, spent: str, found: dict[str, float], names: list[str], best: dict[str, float]) -> str:
    cells = "".join(
        f'<td class="{"best" if found[name] == best[name] else ""}">{score(name, found[name])}</td>' for name in names
    )
    return f'<tr><td title="{escape(note)}">{escape(title)}</td><td>{spent}</td>{cells}</tr>'


def score(name: str, value: float) -> str:
    """With the digits that papers print."""
    if not np.isfinite(value):
        return "∞"
    return f"{value:.3f}" if "ssim" in name else f"{value:.2f}"


def _stages(run: Restoration) -> str:
    spent = run.seconds
    return words.STAGES.format(encode=seconds(spent.encode), denoise=seconds(spent.denoise), paint=seconds(spent.paint))


def badge(text: str, device: str, precision: str, warn: bool) -> str:
    tone = "badge warn" if warn else "badge"
    return f'<div class="{tone}"><b>{escape(text)}</b> <span>{escape(device)} · {escape(precision)}</span></div>'


def result_name(original: str, verb: str) -> str:
    """cat.jpeg -> cat-inpainted.png"""
    return f"{Path(original).stem or 'photo'}-{verb}.png"
