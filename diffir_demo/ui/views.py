"""From what a run tells to what a visitor sees: pure functions, values in, text and plain lists out."""

from __future__ import annotations

import base64
import io
import math
from html import escape
from pathlib import Path

from PIL import Image

from ..events import COPYING, UNDOING, Painting, PriorStep, Restoration
from ..imaging import Picture
from ..trace.figures import seconds
from . import words
from .progress import Moment, Progress
from .words import minute

BEGUN = 0.02
"""Share of the bar that shows that something is going on."""


def status(
    text: str,
    share: float | None = None,
    tone: str = "idle",
    left: float | None = None,
    offer: tuple[str, str] | None = None,
) -> str:
    """The line above the result; status.js reads it out.

    share: progress in [0, 1]; tone: idle, busy, good or bad; left: seconds to go, where that is worth telling.
    offer: (text of a button, CSS selector of the button of the page that it presses).
    """
    percent = round(100 * min(1.0, max(0.0, share or 0.0)))
    bar = f'role="progressbar" aria-valuenow="{percent}" aria-valuemin="0" aria-valuemax="100" aria-label="Progress"'
    rest = "" if left is None else f"<small>{escape(minute.left(left))}</small>"
    if offer:
        rest += f'<button type="button" class="offer" data-press="{escape(offer[1])}">{escape(offer[0])}</button>'
    return (
        f'<div class="status {tone}"><div class="told"><span>{escape(text)}</span>{rest}</div>'
        f'<div class="track" {bar}><div class="fill" style="width:{percent}%"></div></div></div>'
    )


def going(text: str, moment: Moment) -> str:
    """A run, as far as it is."""
    return status(text, max(BEGUN, moment.share), "busy", moment.left)


def denoising(step: PriorStep, steps: int, progress: Progress) -> str:
    """The steps themselves take no time; their previews do."""
    text = words.DENOISING.format(number=step.number, total=steps, length=len(step.ipr))
    return going(text, progress.at("previews", step.number / max(1, steps - 1)))


def painting(
    event: Painting, progress: Progress, previews: tuple[int, int], size: tuple[int, int] | None = None
) -> str:
    """previews: how many are done, and how many there will be. size: (width, height) of a result that is larger."""
    if event.label.startswith("preview"):
        done, of = previews
        moment = progress.at("previews", (done + event.fraction) / max(1, of))
        return going(words.PREVIEWING.format(label=event.label, percent=moment.percent), moment)
    if event.label == COPYING:
        moment = progress.at("copy", event.fraction)
        return going(words.COPYING.format(percent=moment.percent), moment)
    if event.label == UNDOING:
        moment = progress.at("undo", event.fraction)
        return going(words.UNDOING.format(percent=moment.percent), moment)
    moment = progress.at("paint", event.fraction)
    if size:
        text = words.PAINTING_LARGER.format(width=size[0], height=size[1], percent=moment.percent)
    else:
        text = words.PAINTING.format(percent=moment.percent)
    return going(text, moment)


def finished(restoration: Restoration, waited: float) -> str:
    """waited: seconds from the start of the run until its file was written, which is more than the network took."""
    text = words.DONE.format(seconds=seconds(waited))
    return status(" ".join((text, *restoration.notices)), 1.0, "good")


def size_of(count: int) -> str:
    """Bytes as people read them: 850 -> 1 KB; 1_234_567 -> 1.2 MB."""
    if count < 999_500:
        return f"{max(1, round(count / 1000))} KB"
    return f"{count / 1e6:.1f} MB" if count < 99.95e6 else f"{count / 1e6:.0f} MB"


def thumbnail(picture: Picture, longest: int) -> str:
    """A data URL of a JPEG that is at most `longest` pixels a side."""
    image = Image.fromarray(picture.pixels)
    image.thumbnail((longest, longest))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def stages(run: Restoration) -> str:
    """Where a run's time went, as a sentence."""
    spent = run.seconds
    told = words.STAGES.format(encode=seconds(spent.encode), denoise=seconds(spent.denoise), paint=seconds(spent.paint))
    told += words.STAGE_COPIED.format(copy=seconds(spent.copy)) if spent.copy else ""
    return told + (words.STAGE_UNDONE.format(undo=seconds(spent.undo)) if spent.undo else "")


def badge(text: str, device: str, precision: str, warn: bool) -> str:
    tone = "badge warn" if warn else "badge"
    return f'<div class="{tone}"><b>{escape(text)}</b> <span>{escape(device)} · {escape(precision)}</span></div>'


def result_name(original: str, verb: str) -> str:
    """cat.jpeg -> cat-inpainted.png"""
    return f"{Path(original).stem or 'photo'}-{verb}.png"


def score(name: str, value: float) -> str:
    """With the digits that papers print."""
    if not math.isfinite(value):
        return "∞"
    return f"{value:.3f}" if "ssim" in name or "lpips" in name else f"{value:.2f}"
