"""A run's diffusion as the page shows it: a trace, its pictures as files, and the value of `Timeline`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from ...events import Event
from ...figures import large, seconds, times
from ...imaging import Picture
from ...model.cost import PAPER_MILLION, PAPER_TERA, Cost
from ...restoration import PriorStep, Restoration
from ...trace import SHOWN, TimelineEntry, Trace, readings_over, reduced
from ...trace.changes import most_changed
from ...weights import Directions, Value
from ..component import counted, words_of
from ..files import file_data, keep
from ..languages import number, say

WORDS, ADJUST_WORDS = words_of("timeline"), words_of("adjust")
DIGITS = {"noise": 0, "compression": 0}
"""After the decimal point, of how far a reading is off; one for all others."""

HARDLY = 1.0
"""Levels of 255: pictures that differ by no more look the same to most people."""
UNKNOWN = "–"
ENLARGED = 4
"""Times that closeups are enlarged; the page does that."""
PHOTO = -1
"""Among the numbers of entries: the photo as it came, at the result's size."""


@dataclass(frozen=True, eq=False)
class Record:
    """Frozen: each event, and each picture that is painted afterwards, gives a new one."""

    trace: Trace
    files: Mapping[int, dict[str, Any]] = field(default_factory=dict)
    """The pictures where the browser may fetch them, as Gradio's file data, by number of the entry."""
    cost: Cost | None = None
    """What the run multiplied, once that is counted."""
    directions: Directions | None = None
    """How the network's IPR is read, where it can be."""
    closeups: Mapping[int, dict[str, Any]] = field(default_factory=dict)
    """Where the pictures of these entries, or the `PHOTO`, and the result differ most."""

    @property
    def restoration(self) -> Restoration:
        """Of a finished run."""
        assert self.trace.restoration is not None  # the grammar of events: the last is Finished
        return self.trace.restoration

    def after(self, event: Event) -> Record:
        trace = self.trace.after(event)
        files = self.files
        if isinstance(event, PriorStep) and event.preview is not None:
            files = {**files, event.number: _file(reduced(event.preview, SHOWN), event.number)}
        closeups = self.closeups
        if self.trace.restoration is None and trace.restoration is not None:
            result = trace.restoration.picture
            shown = self.trace.pictures.items()  # in their own size; a finished trace keeps them smaller
            closeups = {number: _closeups(number, each, result) for number, each in shown if number != trace.expected}
            if trace.expected:
                files = {**files, trace.expected: _file(trace.pictures[trace.expected], trace.expected)}
        return replace(self, trace=trace, files=files, closeups=closeups)

    def painted(self, number: int, picture: Picture) -> Record:
        """With the picture of a step that was painted after the run."""
        trace = self.trace.with_picture(number, picture)
        files = {**self.files, number: _file(trace.pictures[number], number)}
        closeups = {**self.closeups, number: _closeups(number, picture, self.restoration.picture)}
        return replace(self, trace=trace, files=files, closeups=closeups)

    def counted(self, cost: Cost) -> Record:
        """With what the finished run multiplied, and where it changed the photo most."""
        return replace(self, cost=cost).compared(self.restoration.picture)

    def compared(self, result: Picture) -> Record:
        """With where that result, the run's own or one that was painted anew, differs most from the photo."""
        photo = Image.fromarray(self.restoration.request.picture.pixels)
        larger = photo.resize((result.width, result.height), Image.Resampling.BICUBIC)
        found = _closeups(PHOTO, Picture(np.asarray(larger)), result)
        return replace(self, closeups={**self.closeups, PHOTO: found})

    def value(self, busy: str = "") -> dict[str, Any]:
        """The value of `Timeline`: text and plain numbers, a few kilobytes. busy: what is being painted just now."""
        trace = self.trace
        return {
            "sentence": self._sentence(),
            "details": self._details(),
            "total": trace.expected + 1,
            "bound": trace.bound,
            "finished": trace.restoration is not None,
            "busy": busy,
            "rows": [self._row(entry) for entry in trace.timeline],
            "readings": self._readings(),
            "closeups": self.closeups.get(PHOTO),
        }

    def _readings(self) -> list[dict[str, Any]]:
        """What the steps so far make of the photo, a line for each kind of damage; [] where that cannot be read."""
        if self.directions is None or not self.trace.steps:
            return []
        found = [each.values for each in readings_over(self.directions, self.trace.steps)]
        return [_line([each[index] for each in found]) for index in range(len(self.directions.names))]

    def _row(self, entry: TimelineEntry) -> dict[str, Any]:
        facts = _facts(entry)
        known = [f"{name}: {value}" for name, value in facts if value != UNKNOWN]
        return {
            "title": title_of(entry.number),
            "facts": facts,
            "short": _short(entry),
            "label": ". ".join([title_of(entry.number), *map(say, known)]),
            "numbers": [round(float(number), 4) for number in entry.ipr],
            "picture": self.files.get(entry.number),
            "distance": self._distance(entry),
            "closeups": self.closeups.get(entry.number),
        }

    def _distance(self, entry: TimelineEntry) -> str:
        """How far the step's picture is from the result, said honestly."""
        if entry.difference is None:
            return ""
        if entry.number == self.trace.expected:
            return WORDS.is_result
        if not entry.difference:
            return WORDS.same_result
        mask = self.restoration.request.mask
        where = WORDS.in_hole if mask is not None and mask.any() else ""
        sentence = WORDS.apart_sentence.format(value=_levels(entry.difference), where=where)
        return sentence + WORDS.hardly if entry.difference <= HARDLY else sentence

    def _sentence(self) -> str:
        run, length = self.trace.restoration, len(self.trace.noise)
        if run is None:
            return WORDS.running.format(length=length)
        spent = {"denoise": _unbroken(run.seconds.denoise), "paint": _unbroken(run.seconds.paint), "length": length}
        if not run.steps:
            return WORDS.given.format(**spent)
        if run.steered:
            return WORDS.moved.format(steps=counted(WORDS.counted_steps, len(run.steps)), **spent)
        if self.cost is None:
            return WORDS.done.format(steps=counted(WORDS.counted_steps, len(run.steps)), **spent)
        return WORDS.counted.format(
            diffusion=large(1e9 * self.cost.diffusion),
            painting=large(1e9 * self.cost.unet),
            ratio=times(self.cost.unet / self.cost.diffusion),
            **spent,
        )

    def _details(self) -> list[str]:
        """What engineers want to know; [] until the run is counted."""
        run, cost = self.trace.restoration, self.cost
        if run is None or cost is None:
            return []
        pictures, steps = len(self.files), len(run.steps)
        found = [WORDS.often.format(count=pictures) if pictures > 1 else WORDS.once]
        found.append(WORDS.count_detail.format(inputs=_inputs(run)))
        if steps:
            found.append(
                WORDS.stages_detail.format(
                    encoder=large(1e9 * cost.encoder),
                    steps=counted(WORDS.counted_steps, steps),
                    each=number(1e9 * cost.diffusion / steps, ",.0f"),
                    diffusion=large(1e9 * cost.diffusion),
                    painting=large(1e9 * cost.unet),
                    encode=seconds(run.seconds.encode),
                    device=run.device.upper(),
                    precision=run.precision,
                )
            )
        tera, million = PAPER_TERA, PAPER_MILLION
        paper = {"diffir": tera["DiffIR"], "ldm": tera["LDM"], "diffir_m": million["DiffIR"], "ldm_m": million["LDM"]}
        return [*found, WORDS.paper_detail.format(**paper, repaint_m=million["RePaint"])]


def _unbroken(value: float) -> str:
    """Seconds whose unit stays on the line of its number."""
    return say(seconds(value)).replace(" ", "\N{NO-BREAK SPACE}")


def title_of(number: int) -> str:
    return WORDS.step.format(number=number) if number else WORDS.noise


def in_a_sentence(number: int) -> str:
    """The same within one."""
    return WORDS.step_within.format(number=number) if number else WORDS.noise_within


def _line(values: list[Value]) -> dict[str, Any]:
    """One kind of damage, step by step; JPEG's quality is what people know of its damage.

    "moves": whether the steps differ by more than such a reading is off; where not, one number says it all.
    """
    name, error = values[0].name, values[0].error
    inverted = name == "compression"
    as_shown = [max(1.0, 100 - each.value) if inverted else each.value for each in values]
    unit = ADJUST_WORDS.units.get(name, "{value:.1f}")
    known = [value for value, each in zip(as_shown, values, strict=True) if each.inside]
    end = WORDS.read.format(value=unit.format(value=as_shown[-1]), error=number(error, f".{DIGITS.get(name, 1)}f"))
    return {
        "title": ADJUST_WORDS.titles.get(name, name),
        "values": [round(value, 3) for value in as_shown],
        "texts": [unit.format(value=v) if each.inside else UNKNOWN for v, each in zip(as_shown, values, strict=True)],
        "inside": [each.inside for each in values],
        "error": round(error, 3),
        "top": 100 if inverted else None,
        "moves": len(values) == 1 or not known or max(known) - min(known) > error or len(known) < len(values),
        "end": end if values[-1].inside else UNKNOWN,
    }


def _facts(entry: TimelineEntry) -> list[tuple[str, str]]:
    """(name, value) of what may be known of a entry; always as many, so that the page keeps still."""
    return [
        (WORDS.norm, number(entry.norm, ".2f")),
        (WORDS.change, _change(entry)),
        (WORDS.cosine, _likeness(entry)),
        (WORDS.time, UNKNOWN if entry.seconds is None else seconds(entry.seconds)),
        (
            WORDS.difference,
            UNKNOWN if entry.difference is None else WORDS.of_255.format(value=_levels(entry.difference)),
        ),
    ]


def _short(entry: TimelineEntry) -> list[str]:
    """The three that fit on a card."""
    return [
        WORDS.short_norm.format(value=number(entry.norm, ".2f")),
        WORDS.short_change.format(value=_change(entry)),
        WORDS.short_cosine.format(value=_likeness(entry)),
    ]


def _change(entry: TimelineEntry) -> str:
    return UNKNOWN if entry.change is None else number(entry.change, ".2f")


def _likeness(entry: TimelineEntry) -> str:
    """0.9953 -> 0.995; -0.0029 -> −0.003; 0.9996, which is not the same vector, -> 0.9996."""
    if entry.cosine is None:
        return UNKNOWN
    digits = 4 if 0.9995 <= entry.cosine < 1 - 5e-5 else 3
    return number(entry.cosine, f".{digits}f").replace("-", "−")


def _levels(difference: float) -> str:
    if not difference:
        return "0"
    return number(difference, ".2f") if difference >= 0.01 else WORDS.less.format(value=0.01)


def _inputs(run: Restoration) -> str:
    height, width = max(run.painted, default=(0, 0))
    if len(run.painted) > 1:
        return WORDS.tiled_input.format(count=len(run.painted), width=width, height=height)
    photo = run.request.picture
    text = WORDS.whole_input if (photo.width, photo.height) == (width, height) else WORDS.padded_input
    if width < photo.width or height < photo.height:
        text = WORDS.part_input
    return text.format(width=width, height=height, own_width=photo.width, own_height=photo.height)


def _closeups(number: int, before: Picture, after: Picture) -> dict[str, Any]:
    """Pairs of places to enlarge, or the sentence that there is nothing to be seen.

    "number": of the entry that `before` is the picture of, or `PHOTO`.
    """
    places = most_changed(before, after)
    seen = [place for place in places if place.difference > HARDLY]
    pairs = [
        {
            "before": _file(place.of(before), f"closeup-{number}"),
            "after": _file(place.of(after), "closeup-result"),
            "width": place.width,
            "height": place.height,
            "text": WORDS.closeup.format(value=_levels(place.difference), left=place.left, top=place.top),
        }
        for place in seen
    ]
    title = WORDS.photo if number == PHOTO else title_of(number)
    most = max((place.difference for place in places), default=0.0)
    nothing = "" if pairs else WORDS.no_closeup.format(title=title, value=_levels(most))
    return {"number": number, "title": title, "pairs": pairs, "nothing": nothing, "times": ENLARGED}


def _file(picture: Picture, number: int | str) -> dict[str, Any]:
    """Without loss: what is compared with what differs by a level or two must not be changed by a codec."""
    buffer = BytesIO()
    options = {"lossless": True, "method": 0, "quality": 0}  # without loss, these say: quickly rather than small
    Image.fromarray(picture.pixels).save(buffer, "WEBP", **options)
    name = number if isinstance(number, str) else f"step-{number}"
    return file_data(keep(buffer.getvalue(), f"{name}.webp")).model_dump()
