"""The result as a file to keep, and its run as code to repeat elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import FileData, GradioModel

from ...errors import InputError
from ...imaging import FORMATS, OFFERED, encode_picture, is_deep, is_srgb, keeps_text, losses, profile_name, source_of
from ...recipe import text_of
from ..component import TypedHTML, Value, parts, task_words, words_of
from ..files import file_data, keep, result_name, size_of
from ..languages import all_said
from ..outcome import Outcome
from ..shared import AT_ONCE, QUIET, Feature, Updates, press, report_errors
from .snippets import SERVER, Names, Snippet, finding, snippets

WORDS, COMPARE_WORDS = words_of("export"), words_of("compare")
PNG = "PNG"
"""The format that a result is in already."""
QUALITY = 92
READY = ["export"]
NOT_YET = ["export", "not-yet"]
"""Before there is a result. Gradio does not hide a column that is laid out inside another; the style does."""
HOLD = "() => ({ __type__: 'update', interactive: false })"
"""The file on offer is not what has just been chosen: being quick must not take a photo's place along."""
OFFER = """(...values) => {
    const [run, written, file] = values.splice(-3);
    const isIt = written?.run === run && JSON.stringify(written.choices) === JSON.stringify(values);
    return { __type__: 'update', ...(isIt && { label: written.label, value: file, interactive: true }) };
}"""
"""What was written is offered if it is of this run and as the page has the choices now: a later one is on its way."""


class SnippetData(GradioModel):
    """As `Snippet`."""

    key: str
    title: str
    note: str
    code: str


class CopyValue(Value):
    """What the panel shows: nothing without snippets or a run."""

    run: str = ""
    """Another one for every run. Its snippets are asked for, by event `open`, once the panel is open."""
    snippets: list[SnippetData] = []
    recipe: FileData | None = None
    """As JSON."""
    photo: FileData | None = None
    """The photo that went in, for those who have it only here: an example, or one that was damaged on purpose."""


class CopyPanel(TypedHTML):
    """A run as code to copy, one kind per tab; the page itself puts its address in. Empty until there is a run.

    title: of the fold that it is.
    """

    data_model = CopyValue

    def __init__(self, title: str = WORDS.copy["title"], **options: Any) -> None:
        settings = parts("export/copy") | options
        super().__init__(CopyValue(), words=WORDS.copy | {"title": title}, stand_in=SERVER, **settings)


def copy_value(found: list[Snippet], **others: Any) -> CopyValue:
    return CopyValue(snippets=[SnippetData.model_validate(asdict(each)) for each in found], **others)


def finding_value(photo: str, sensitivity: float) -> CopyValue:
    """How to find the scratches of that photo elsewhere."""
    return copy_value(finding(Names(photo, ""), sensitivity))


class ExportFeature(Feature):
    """Format, quality, and what goes along; nothing to see until there is a result."""

    def lay_out_download(self) -> None:
        """Beside Restore."""
        text = WORDS.download.format(format=PNG, size="")
        self.download = gr.DownloadButton(
            text, size="lg", min_width=150, variant="primary", visible=False, elem_id=self.named("download")
        )

    def lay_out(self) -> None:
        with gr.Column(elem_classes=NOT_YET, elem_id=self.named("export")) as self.area:
            self._lay_out_choices()
            self.copy = CopyPanel(elem_id=self.named("copy"))
        self.choices = [self.format, self.quality, self.exif, self.private, self.profile, self.bits, self.recipe]
        self.run = gr.Textbox(visible=False)
        self.written = gr.JSON(visible=False)
        self.file = gr.DownloadButton(visible=False)
        self.outputs = [self.area, self.copy, *self.choices, self.meaning, self.download, self.fill_map, self.run]

    def _lay_out_choices(self) -> None:
        named = self.named
        self.format = gr.Radio(
            list(OFFERED), value=PNG, label=WORDS.format, elem_classes="formats", elem_id=named("format")
        )
        self.meaning = gr.HTML(elem_classes="export-note", elem_id=named("format-note"))
        self.quality = gr.Slider(
            1,
            100,
            QUALITY,
            step=1,
            label=WORDS.quality,
            info=WORDS.quality_info,
            visible=False,
            elem_id=named("quality"),
        )
        self.exif = gr.Checkbox(True, label=WORDS.exif, visible=False, elem_id=named("keep-exif"))
        self.profile = gr.Checkbox(
            True, label=WORDS.profile.format(name=""), visible=False, elem_id=named("keep-profile")
        )
        self.bits = gr.Checkbox(
            False, label=WORDS.deep, info=WORDS.deep_info, visible=False, elem_id=named("sixteen-bits")
        )
        self.private = gr.Checkbox(
            False, label=WORDS.private, info=WORDS.private_info, visible=False, elem_id=named("leave-out-place")
        )
        self.recipe = gr.Checkbox(True, label=WORDS.recipe, info=WORDS.recipe_info, elem_id=named("keep-recipe"))
        self.fill_map = gr.Button(COMPARE_WORDS.fill_map, size="md", visible=False, elem_id=named("fill-map"))
        self.fill_file = gr.DownloadButton(elem_id=named("fill-file"), elem_classes="offstage")

    def connect(self) -> None:
        outcome, line = self.shared.outcome, self.shared.status
        asked = [*self.choices, outcome]
        events = [each.input for each in (self.format, *self.choices[2:])]
        events.append(self.quality.release)
        gr.on(events, None, None, self.download, js=HOLD)
        changes = [self.meaning, self.download, self.quality, self.written, self.file]
        written = gr.on(events, self.encode, asked, changes, trigger_mode="always_last", **QUIET)
        written.success(None, [*self.choices, self.run, self.written, self.file], self.download, js=OFFER)
        mapped = self.fill_map.click(self.save_fill_map, outcome, [self.fill_file, line], **QUIET)
        mapped.success(None, js=press(self.named("fill-file")))
        self.copy.open(self.repeating, outcome, self.copy, trigger_mode="multiple", **AT_ONCE)

    def reset(self) -> Updates:
        return {
            self.area: gr.Column(elem_classes=NOT_YET),
            self.download: gr.DownloadButton(value=None, visible=False),
            self.fill_map: gr.Button(visible=False),
            self.copy: CopyValue(),
            self.run: "",
        }

    def update(self, outcome: Outcome) -> Updates:
        """As a PNG with everything in it, whatever was chosen for the result before."""
        if outcome.path is None:  # its file is still being written
            return {}
        picture = outcome.restoration.picture
        own = picture.profile is not None and not is_srgb(picture.profile)
        name = profile_name(picture.profile) if own and picture.profile else ""
        source = source_of(picture)
        says_something = source is not None and bool(source.says - {"comment", "texts"})
        return {
            self.area: gr.Column(elem_classes=READY),
            self.format: PNG,
            self.quality: gr.Slider(visible=False),
            self.exif: gr.Checkbox(True, visible=says_something),
            self.private: gr.Checkbox(False, visible=says_something),
            self.bits: gr.Checkbox(False, visible=is_deep(picture)),
            self.profile: gr.Checkbox(True, visible=own, label=WORDS.profile.format(name=f" ({name})" if name else "")),
            self.recipe: gr.Checkbox(True, visible=outcome.recipe is not None),
            self.meaning: _note([FORMATS[OFFERED[PNG]].meaning]),
            self.download: gr.DownloadButton(
                _label(PNG, outcome.path), value=outcome.path, interactive=True, visible=True
            ),
            self.run: _token(outcome),
            self.fill_map: gr.Button(visible=bool(outcome.restoration.copied_share)),
            self.copy: CopyValue(run=_token(outcome) if outcome.recipe and outcome.recipe.photo else ""),
        }

    @report_errors
    def encode(
        self,
        form: str,
        quality: float,
        exif: bool,
        private: bool,
        profile: bool,
        deep: bool,
        recipe: bool,
        outcome: Outcome | None,
    ) -> Iterator[Updates]:
        """The result in the format that was chosen, written anew; seconds of work for a large one."""
        suffix = OFFERED.get(form)
        if outcome is None or outcome.path is None or suffix is None:
            return
        visible: Updates = {self.quality: gr.Slider(visible=form != PNG)}
        text = text_of(outcome.recipe if recipe else None)
        notes = self._notes(outcome, form, int(quality), text, exif=exif, own_profile=profile)
        preparing = gr.DownloadButton(WORDS.preparing.format(format=form), interactive=False)
        yield visible | {self.download: preparing, self.meaning: _note(notes)}
        if form == PNG and exif and profile and recipe and not private and not deep:
            path = outcome.path
        else:
            kept: dict[str, Any] = {"exif": exif, "place_and_camera": not private, "own_profile": profile}
            kept["bits"] = 16 if deep else 8
            data = encode_picture(outcome.restoration.picture, suffix, quality=int(quality), text=text, **kept)
            path = keep(data, self._name(outcome, suffix))
        chosen = [form, quality, exif, private, profile, deep, recipe]
        written = {"run": _token(outcome), "choices": chosen, "label": _label(form, path)}
        yield {self.written: written, self.file: path}

    @report_errors
    def save_fill_map(self, outcome: Outcome | None) -> Iterator[Updates]:
        """Where what is in the hole comes from, at the photo's own size."""
        yield {self.fill_file: None}  # what is pressed next must not be an older one
        found = outcome and outcome.restoration.fill_map
        if outcome is None or found is None:
            raise InputError(COMPARE_WORDS.nothing_yet)
        yield {self.fill_file: keep(encode_picture(found, ".png"), result_name(outcome.name, "fill-map"))}

    def as_png(self, outcome: Outcome) -> str:
        """The path of the result as a PNG, where the browser may fetch it."""
        data = encode_picture(outcome.restoration.picture, ".png", text=text_of(outcome.recipe))
        return keep(data, self._name(outcome, ".png"))

    def _name(self, outcome: Outcome, suffix: str) -> str:
        verb = task_words(self.task.key).verb.format(scale=outcome.scale)
        return str(Path(result_name(outcome.name, verb)).with_suffix(suffix))

    def _notes(
        self, outcome: Outcome, form: str, quality: int, text: dict[str, str], *, exif: bool, own_profile: bool
    ) -> list[str]:
        """What the choice means, one sentence each."""
        run, suffix = outcome.restoration, OFFERED[form]
        chosen, source = FORMATS[suffix], source_of(run.picture)
        assert source is not None  # of a picture everything is known
        lost = losses(
            source if exif else replace(source, says=frozenset()),
            Path(f"result{suffix}"),
            has_mask=run.request.mask is not None,
            quality=quality,
        )
        conditions = {
            WORDS.lossless: chosen.lossless_from > 0 and not chosen.is_lossy(quality),
            WORDS.in_srgb: not own_profile,
            WORDS.too_long: not keeps_text(suffix, text),
        }
        found = [sentence.format(format=form, quality=quality) for sentence, holds in conditions.items() if holds]
        return [chosen.meaning, *lost, *found]

    def repeating(self, outcome: Outcome | None) -> CopyValue:
        """The run as code, once it is asked for."""
        recipe = outcome and outcome.recipe
        if outcome is None or recipe is None or recipe.photo is None:
            return CopyValue()
        names = Names(recipe.photo.name or "photo.png", Path(outcome.path or "result.png").name)
        saved = keep(recipe.to_json().encode(), names.recipe)
        photo = file_data(outcome.photo) if outcome.photo else None
        return copy_value(snippets(recipe, names), run=_token(outcome), recipe=file_data(saved), photo=photo)


def _token(outcome: Outcome) -> str:
    """Of the run, as `CopyValue` has it."""
    return f"{id(outcome.restoration):x}"


def _label(form: str, path: str) -> str:
    return WORDS.download.format(format=form, size=size_of(Path(path).stat().st_size))


def _note(sentences: list[str]) -> str:
    return f'<p class="export-note" role="status">{escape(all_said(sentences))}</p>'
