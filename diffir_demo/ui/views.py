"""From what a run tells to what a visitor sees: pure functions, values in, text and plain lists out."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ..baselines import baselines_for
from ..events import Painting, PriorStep, Restoration
from ..imaging import Picture
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


def seconds(value: float) -> str:
    """0.0213 -> 21 ms; 1.26 -> 1.3 s; 75 -> 75 s."""
    if value < 0.9995:
        return f"{1000 * value:.1f} ms" if value < 0.00995 else f"{1000 * value:.0f} ms"
    return f"{value:.1f} s" if value < 20 else f"{value:.0f} s"


def ipr(noise: np.ndarray, steps: Sequence[PriorStep], total: int, done: Restoration | None = None) -> dict[str, Any]:
    """The value of `IprView`: x_T and the steps so far; `done` once the picture is painted."""
    vectors = [noise, *(step.ipr for step in steps)]
    cards = [{"title": words.NOISE, "short": "", "fact": words.NOISE_FACT.format(norm=_norm(noise))}]
    for before, step in zip(vectors, steps, strict=False):
        facts = {
            "norm": _norm(step.ipr),
            "change": _norm(step.ipr - before),
            "milliseconds": f"{1000 * step.seconds:.1f}",
        }
        cards.append({"title": words.STEP.format(number=step.number), "short": f"{facts['milliseconds']} ms"})
        cards[-1]["fact"] = words.STEP_FACT.format(**facts)
    previews = [None, *(step.preview for step in steps)]
    if done and done.seconds.previews and len(previews) == total + 1:
        previews[-1] = done.picture
    for card, vector, preview in zip(cards, vectors, previews, strict=True):
        card |= {
            "numbers": [round(float(v), 4) for v in vector],
            "preview": thumbnail(preview, 512) if preview else None,
        }
    bound = max(float(np.abs(vector).max()) for vector in vectors[1:] or vectors)  # noise would dwarf the steps
    return {"sentence": _sentence(len(noise), done), "total": total + 1, "bound": bound or 1.0, "steps": cards}


def _sentence(length: int, done: Restoration | None) -> str:
    if done is None:
        return words.RUNNING_SENTENCE.format(length=length)
    spent = done.seconds
    facts = {"denoise": seconds(spent.denoise), "paint": seconds(spent.paint), "previews": seconds(spent.previews)}
    text = words.DONE_SENTENCE + (words.PREVIEW_SENTENCE if spent.previews else "")
    return text.format(length=length, steps=len(done.steps), **facts)


def _norm(vector: np.ndarray) -> str:
    return f"{float(np.linalg.norm(vector)):.2f}"


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
