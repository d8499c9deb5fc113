"""Another photo's numbers, or those of a file, mixed into the bars."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

from ...errors import InputError
from ...imaging import Picture, load_picture
from ...lab import blend, check_numbers, ipr_of, likeness, read_ipr, write_ipr
from ...lab.numbers import LARGEST_FILE
from ...settings import Settings
from ...tasks import Request
from ..component import words_of
from ..files import keep
from ..languages import number
from ..outcome import Outcome
from ..photo.examples import ExampleStrip, examples_for
from ..photo.photos import opening_of
from ..shared import AT_ONCE, QUIET, STATE, Updates, Values, press, report_errors
from . import figures
from .editor import IprNumbers
from .experiment import Experiment, Lab

WORDS = words_of("lab")
Donor = tuple[str, np.ndarray]
"""(name, its IPR (n,))"""


class Donation(Experiment):
    """The second photo gives its IPR: encoder and diffusion run on it, and nothing is painted."""

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab)
        self.offered = examples_for(self.task.key)
        self.said(figures.sentence(WORDS.donor_lead))
        if self.task.wants_mask:
            self.said(figures.sentence(WORDS.donor_masked))
        self.strip: Any = None
        if self.offered:
            self.strip = ExampleStrip(self.offered, WORDS.donor_pick, elem_id=self.named("donors"))
        self.photo = gr.UploadButton(
            WORDS.donor_own, file_types=["image"], size="md", elem_id=self.named("donor-photo")
        )
        self.share = gr.Slider(
            0, 2, value=0, step=0.05, label=WORDS.donor_share, info=WORDS.donor_share_info, elem_id=self.named("share")
        )
        self.found = self.said(figures.sentence(WORDS.donor_none), "donor-found")
        with gr.Row(elem_classes="tight"):
            self.save = gr.Button(WORDS.save, size="md", min_width=160, elem_id=self.named("save"))
            self.load = gr.UploadButton(
                WORDS.load, file_types=[".npy"], size="md", min_width=160, elem_id=self.named("load")
            )
            self.file = gr.DownloadButton(elem_id=self.named("file"), elem_classes="offstage")
        self.picked = gr.State(0, **STATE)
        """The index of the example that was chosen."""
        self.donor = gr.State(None, **STATE)
        """`Donor` or None."""
        self.inputs = [self.photo, self.load, self.share, self.donor, self.picked]
        self.outputs = [self.found, self.share, self.donor, self.file, self.lab.editor]

    def begin(self) -> list[tuple[Any, Any]]:
        chosen: list[tuple[Any, Any]] = [(self.photo.upload, self.from_photo)]
        if self.strip is not None:
            picked = self.strip.choose(self.pick, None, self.picked, **AT_ONCE)
            chosen.append((picked.then, self.from_example))
        return chosen

    def connect(self) -> None:
        editor, outcome = self.lab.editor, self.shared.outcome
        mixed = [self.share, self.donor, outcome]
        self.share.input(self.mix, mixed, editor, trigger_mode="always_last", **AT_ONCE)
        saved = self.save.click(self.write, [editor, outcome], [self.file, self.lab.status], **QUIET)
        saved.success(None, js=press(self.named("file")))
        loaded = [self.found, self.share, self.donor, editor, self.lab.status]
        self.load.upload(self.from_file, [self.load, outcome], loaded, **QUIET)

    def reset(self) -> Updates:
        return {self.found: figures.sentence(WORDS.donor_none), self.share: 0, self.donor: None}

    def pick(self, event: gr.EventData) -> int:
        """Remembers which example was pressed; whether it is there is seen when it is used."""
        index = event._data.get("index") if isinstance(event._data, dict) else None
        return index if isinstance(index, int) else -1

    @report_errors
    def from_example(self, values: Values) -> Iterator[Updates]:
        """An example as its own tab opens it: damaged, and with its own mask, if it has one."""
        index = values[self.picked]
        if not 0 <= index < len(self.offered):
            raise InputError(WORDS.no_example)
        outcome, example = self.outcome(values), self.offered[index]
        canvas = opening_of(example, self.task).value
        picture, _ = example.prepared(self.task)
        own = outcome.restoration.request
        mask = canvas.rasterised(picture.height, picture.width) if canvas.has_mask else _beneath(own, picture)
        yield from self._given(
            outcome, Request(picture, mask, Settings(seed=own.settings.seed)), example.title, values[self.share]
        )

    @report_errors
    def from_photo(self, values: Values) -> Iterator[Updates]:
        """A photo of the visitor's, as it is; where a mask is wanted, under the run's own, stretched."""
        outcome, path = self.outcome(values), _there(values[self.photo])
        picture, own = load_picture(path), outcome.restoration.request
        request = Request(picture, _beneath(own, picture), Settings(seed=own.settings.seed))
        yield from self._given(outcome, request, path.name, values[self.share])

    def _given(self, outcome: Outcome, request: Request, name: str, share: float) -> Generator[Updates, None, None]:
        yield self.saying(WORDS.donor_looking.format(percent=0), 0.0)
        other = yield from self.progress(partial(ipr_of, self.runs(outcome)(request)), WORDS.donor_looking)
        yield self._taken(outcome, (name, other), share or 1.0)
        yield self.saying(WORDS.donor_taken.format(name=name), 1.0, "good")

    @report_errors
    def from_file(self, path: str, outcome: Outcome | None) -> Iterator[Updates]:
        """Numbers that were saved here, or by NumPy."""
        outcome, file = self.outcome({self.shared.outcome: outcome}), _there(path)
        with file.open("rb") as stream:
            data = stream.read(LARGEST_FILE + 1)
        other = read_ipr(data, len(outcome.restoration.ipr))
        yield self._taken(outcome, (file.name, other), 1.0)
        yield self.saying(WORDS.donor_taken.format(name=file.name), 1.0, "good")

    def _taken(self, outcome: Outcome, donor: Donor, share: float) -> Updates:
        own, (name, other) = outcome.restoration.ipr, donor
        found = likeness(other, own)
        text = WORDS.donor_found.format(
            name=name, relative=figures.percent(found.relative), cosine=number(found.cosine, ".3f")
        )
        return {
            self.found: figures.sentence(text),
            self.share: share,
            self.donor: donor,
            self.lab.editor: IprNumbers.of(own, blend(own, other, share)),
        }

    def mix(self, share: float, donor: Donor | None, outcome: Outcome | None) -> Any:
        if donor is None or outcome is None:
            return gr.skip()
        own = outcome.restoration.ipr
        return IprNumbers.of(own, blend(own, donor[1], share))

    @report_errors
    def write(self, editor: IprNumbers, outcome: Outcome | None) -> Iterator[Updates]:
        """The numbers on the page as a file; what is pressed next must not be an older one."""
        yield {self.file: None}
        outcome = self.outcome({self.shared.outcome: outcome})
        numbers = check_numbers(editor.numbers, len(outcome.restoration.ipr))
        name = f"{Path(outcome.name).stem or 'photo'}-numbers.npy"
        yield {self.file: keep(write_ipr(numbers), name)}


def _there(path: str | None) -> Path:
    if not path or not Path(path).is_file():
        raise InputError(WORDS.file_lost, WORDS.file_lost_hint)
    return Path(path)


def _beneath(own: Request, picture: Picture) -> np.ndarray | None:
    """The run's own mask for a picture of another size; None where its task has none."""
    return None if own.mask is None else _stretched(own.mask, picture.height, picture.width)


def _stretched(mask: np.ndarray, height: int, width: int) -> np.ndarray:
    """(h, w) bool of another size; a hole stays one however thin it gets."""
    image = Image.fromarray(255 * mask.astype(np.uint8))
    found = np.asarray(image.resize((width, height), Image.Resampling.BOX)) >= 128
    return found if found.any() else np.asarray(image.resize((width, height), Image.Resampling.BOX)) > 0
