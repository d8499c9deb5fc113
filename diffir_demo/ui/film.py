"""A run's diffusion as the page shows it: a trace, its pictures as files, and the value of the timeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Any

from PIL import Image

from ..events import Event, PriorStep, Restoration
from ..imaging import Picture
from ..model.cost import PAPER_MILLION, PAPER_TERA, Cost
from ..trace import SHOWN, Moment, Trace, reduced
from ..trace.figures import large, seconds, times
from ..weights import Directions, Value
from .opening import file_data
from .studio import keep
from .words import inside as words
from .words import steering

HARDLY = 1.0
"""Levels of 255: pictures that differ by no more look the same to most people."""
UNKNOWN = "–"


@dataclass(frozen=True, eq=False)
class Film:
    """Frozen: each event, and each picture that is painted afterwards, gives a new one."""

    trace: Trace
    files: Mapping[int, dict[str, Any]] = field(default_factory=dict)
    """The pictures where the browser may fetch them, as Gradio's file data, by number of the moment."""
    cost: Cost | None = None
    """What the run multiplied, once that is counted."""
    directions: Directions | None = None
    """How the network's IPR is read, where it can be."""

    @property
    def restoration(self) -> Restoration:
        """Of a finished run."""
        assert self.trace.restoration is not None  # the grammar of events: the last is Finished
        return self.trace.restoration

    def after(self, event: Event) -> Film:
        trace = self.trace.after(event)
        files = self.files
        if isinstance(event, PriorStep) and event.preview is not None:
            files = {**files, event.number: _file(reduced(event.preview, SHOWN), event.number)}
        if self.trace.restoration is None and trace.restoration is not None and trace.expected:
            files = {**files, trace.expected: _file(trace.pictures[trace.expected], trace.expected)}
        return replace(self, trace=trace, files=files)

    def painted(self, number: int, picture: Picture) -> Film:
        """With the picture of a step that was painted after the run."""
        trace = self.trace.painted(number, picture)
        return replace(self, trace=trace, files={**self.files, number: _file(trace.pictures[number], number)})

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
            "rows": [self._row(moment) for moment in trace.moments],
            "readings": self._readings(),
        }

    def _readings(self) -> list[dict[str, Any]]:
        """What the numbers say at every moment so far, a line for each thing they tell; [] where they tell nothing."""
        if self.directions is None:
            return []
        found = [self.directions.reading(moment.ipr).values for moment in self.trace.moments]
        return [_line([each[index] for each in found]) for index in range(len(self.directions.names))]

    def _row(self, moment: Moment) -> dict[str, Any]:
        facts = _facts(moment)
        known = [f"{name}: {value}" for name, value in facts if value != UNKNOWN]
        return {
            "title": title_of(moment.number),
            "facts": facts,
            "short": _short(moment),
            "label": ". ".join([title_of(moment.number), *known]),
            "numbers": [round(float(number), 4) for number in moment.ipr],
            "picture": self.files.get(moment.number),
            "apart": self._apart(moment),
        }

    def _apart(self, moment: Moment) -> str:
        """How far the step's picture is from the result, said honestly."""
        if moment.difference is None:
            return ""
        if moment.number == self.trace.expected:
            return words.IS_RESULT
        if not moment.difference:
            return words.SAME_RESULT
        mask = self.restoration.request.mask
        where = words.IN_HOLE if mask is not None and mask.any() else ""
        sentence = words.APART_SENTENCE.format(value=_levels(moment.difference), where=where)
        return sentence + words.HARDLY if moment.difference <= HARDLY else sentence

    def _sentence(self) -> str:
        run, length = self.trace.restoration, len(self.trace.noise)
        if run is None:
            return words.RUNNING.format(length=length)
        spent = {"denoise": _unbroken(run.seconds.denoise), "paint": _unbroken(run.seconds.paint), "length": length}
        if not run.steps:
            return words.GIVEN.format(**spent)
        if run.steered:
            return words.MOVED.format(steps=words.counted(len(run.steps), "step"), **spent)
        if self.cost is None:
            return words.DONE.format(steps=words.counted(len(run.steps), "step"), **spent)
        return words.COUNTED.format(
            diffusion=large(1e9 * self.cost.diffusion),
            painting=large(1e9 * self.cost.paint),
            ratio=times(self.cost.paint / self.cost.diffusion),
            **spent,
        )

    def _details(self) -> list[str]:
        """What engineers want to know; [] until the run is counted."""
        run, cost = self.trace.restoration, self.cost
        if run is None or cost is None:
            return []
        pictures, steps = len(self.files), len(run.steps)
        found = [words.OFTEN.format(count=pictures) if pictures > 1 else words.ONCE]
        found.append(words.COUNT_DETAIL.format(inputs=_inputs(run)))
        if steps:
            found.append(
                words.STAGES_DETAIL.format(
                    encoder=large(1e9 * cost.encoder),
                    steps=words.counted(steps, "step"),
                    each=f"{round(1e9 * cost.diffusion / steps):,}",
                    diffusion=large(1e9 * cost.diffusion),
                    painting=large(1e9 * cost.paint),
                    encode=seconds(run.seconds.encode),
                    device=run.device.upper(),
                    precision=run.precision,
                )
            )
        tera, million = PAPER_TERA, PAPER_MILLION
        paper = {"diffir": tera["DiffIR"], "ldm": tera["LDM"], "diffir_m": million["DiffIR"], "ldm_m": million["LDM"]}
        return [*found, words.PAPER_DETAIL.format(**paper, repaint_m=million["RePaint"])]


def _unbroken(value: float) -> str:
    """Seconds whose unit stays on the line of its number."""
    return seconds(value).replace(" ", "\N{NO-BREAK SPACE}")


def title_of(number: int) -> str:
    return words.STEP.format(number=number) if number else words.NOISE


def _line(values: list[Value]) -> dict[str, Any]:
    """One thing that the IPR tells of, moment by moment; JPEG's quality is what people know of its damage."""
    name = values[0].name
    as_shown = [100 - each.value if name == "compression" else each.value for each in values]
    error, unit = values[0].error, steering.UNITS.get(name, "{value:.1f}")
    return {
        "title": steering.TITLES.get(name, name),
        "values": [round(value, 3) for value in as_shown],
        "texts": [unit.format(value=value) for value in as_shown],
        "error": round(error, 3),
        "end": words.READ.format(
            value=unit.format(value=as_shown[-1]), error=steering.PLAIN.get(name, "{:.1f}").format(error)
        ),
    }


def _facts(moment: Moment) -> list[tuple[str, str]]:
    """(name, value) of what may be known of a moment; always as many, so that the page keeps still."""
    apart = moment.difference
    return [
        (words.NORM, f"{moment.norm:.2f}"),
        (words.CHANGE, _change(moment)),
        (words.COSINE, _likeness(moment)),
        (words.TIME, UNKNOWN if moment.seconds is None else seconds(moment.seconds)),
        (words.APART, UNKNOWN if apart is None else words.OF_255.format(value=_levels(apart))),
    ]


def _short(moment: Moment) -> list[str]:
    """The three that fit on a card."""
    return [
        words.SHORT_NORM.format(value=f"{moment.norm:.2f}"),
        words.SHORT_CHANGE.format(value=_change(moment)),
        words.SHORT_COSINE.format(value=_likeness(moment)),
    ]


def _change(moment: Moment) -> str:
    return UNKNOWN if moment.change is None else f"{moment.change:.2f}"


def _likeness(moment: Moment) -> str:
    """0.9953 -> 0.995; -0.0029 -> −0.003; 0.9996, which is not the same vector, -> 0.9996."""
    if moment.cosine is None:
        return UNKNOWN
    digits = 4 if 0.9995 <= moment.cosine < 1 - 5e-5 else 3
    return f"{moment.cosine:.{digits}f}".replace("-", "−")


def _levels(difference: float) -> str:
    if not difference:
        return "0"
    return f"{difference:.2f}" if difference >= 0.01 else words.LESS.format(value=0.01)


def _inputs(run: Restoration) -> str:
    height, width = max(run.painted, default=(0, 0))
    if len(run.painted) > 1:
        return words.TILED_INPUT.format(count=len(run.painted), width=width, height=height)
    photo = run.request.picture
    text = words.WHOLE_INPUT if (photo.width, photo.height) == (width, height) else words.PADDED_INPUT
    if width < photo.width or height < photo.height:
        text = words.PART_INPUT
    return text.format(width=width, height=height, own_width=photo.width, own_height=photo.height)


def _file(picture: Picture, number: int) -> dict[str, Any]:
    """Without loss: what is compared with what differs by a level or two must not be changed by a codec."""
    buffer = BytesIO()
    options = {"lossless": True, "method": 0, "quality": 0}  # without loss, these say: quickly rather than small
    Image.fromarray(picture.pixels).save(buffer, "WEBP", **options)
    return file_data(keep(buffer.getvalue(), f"step-{number}.webp")).model_dump()
