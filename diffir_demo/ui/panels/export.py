"""The result as a file to keep, and its run as code to repeat elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from ...errors import InputError
from ...imaging import encode_picture, is_srgb, keeps_text, profile_name
from ...recipe import text_of
from .. import views
from ..copy_panel import CopyPanel, CopyValue, copy_value
from ..opening import file_data
from ..outcome import Outcome
from ..snippets import Names, snippets
from ..studio import keep
from ..words import board
from ..words import recipe as words
from .panel import QUIET, Panel, Updates, press, told

if TYPE_CHECKING:
    from ..tab import Tab

PNG = "PNG"
"""The format that a result is in already."""
QUALITY = 92
READY = ["export"]
NOT_YET = ["export", "not-yet"]
"""Before there is a result. Gradio does not hide a column that is laid out inside another; the style does."""


class ExportPanel(Panel):
    """Format, quality, and what goes along; nothing to see until there is a result."""

    def __init__(self, tab: Tab) -> None:
        super().__init__(tab)
        with gr.Column(elem_classes=NOT_YET, elem_id=self.named("export")) as self.area:
            self._lay_out_choices()
            self.copy = CopyPanel(elem_id=self.named("copy"))
        self.choices = [self.format, self.quality, self.exif, self.profile, self.recipe]
        self.written_file = [self.meaning, self.download, self.quality]
        self.outputs = [self.area, self.copy, *self.choices, self.meaning, self.download, self.fill_map]

    def _lay_out_choices(self) -> None:
        named = self.named
        with gr.Row(elem_classes="tight export-row"):
            self.format = gr.Radio(
                list(words.FORMATS), value=PNG, label=words.FORMAT, elem_classes="formats", elem_id=named("format")
            )
            self.download = gr.DownloadButton(
                words.DOWNLOAD.format(format=PNG, size=""), size="lg", min_width=180, elem_id=named("download")
            )
        self.meaning = gr.HTML(elem_classes="export-note", elem_id=named("format-note"))
        self.quality = gr.Slider(
            1,
            100,
            QUALITY,
            step=1,
            label=words.QUALITY,
            info=words.QUALITY_INFO,
            visible=False,
            elem_id=named("quality"),
        )
        self.exif = gr.Checkbox(True, label=words.EXIF, visible=False, elem_id=named("keep-exif"))
        self.profile = gr.Checkbox(
            True, label=words.PROFILE.format(name=""), visible=False, elem_id=named("keep-profile")
        )
        self.recipe = gr.Checkbox(True, label=words.RECIPE, info=words.RECIPE_INFO, elem_id=named("keep-recipe"))
        self.fill_map = gr.Button(board.FILL_MAP, size="md", visible=False, elem_id=named("fill-map"))
        self.fill_file = gr.DownloadButton(elem_id=named("fill-file"), elem_classes="offstage")

    def connect(self) -> None:
        asked = [*self.choices, self.tab.result.outcome]
        events = [each.input for each in (self.format, self.exif, self.profile, self.recipe)]
        events.append(self.quality.release)
        gr.on(events, self.encode, asked, self.written_file, trigger_mode="always_last", **QUIET)
        mapped = self.fill_map.click(self.save_fill_map, self.tab.result.outcome, [self.fill_file, self.line], **QUIET)
        mapped.success(None, js=press(self.named("fill-file")))

    def emptied(self) -> Updates:
        return {
            self.area: gr.Column(elem_classes=NOT_YET),
            self.download: gr.DownloadButton(value=None),
            self.fill_map: gr.Button(visible=False),
            self.copy: CopyValue(),
        }

    def shown(self, outcome: Outcome) -> Updates:
        """As a PNG with everything in it, whatever was chosen for the result before."""
        if outcome.path is None:  # its file is still being written
            return {}
        picture = outcome.restoration.picture
        own = picture.profile is not None and not is_srgb(picture.profile)
        name = profile_name(picture.profile) if own and picture.profile else ""
        return {
            self.area: gr.Column(elem_classes=READY),
            self.format: PNG,
            self.quality: gr.Slider(visible=False),
            self.exif: gr.Checkbox(True, visible=picture.exif is not None),
            self.profile: gr.Checkbox(True, visible=own, label=words.PROFILE.format(name=f" ({name})" if name else "")),
            self.recipe: gr.Checkbox(True, visible=outcome.recipe is not None),
            self.meaning: _note([words.MEANINGS[PNG]]),
            self.download: self._offered(PNG, outcome.path),
            self.fill_map: gr.Button(visible=bool(outcome.restoration.copied_share)),
            self.copy: self._repeating(outcome),
        }

    @told
    def encode(
        self, form: str, quality: float, exif: bool, profile: bool, recipe: bool, outcome: Outcome | None
    ) -> Iterator[Updates]:
        """The result in the format that was chosen, written anew; seconds of work for a large one."""
        suffix = words.FORMATS.get(form)
        if outcome is None or outcome.path is None or suffix is None:
            return
        visible = {self.quality: gr.Slider(visible=form != PNG)}
        text = text_of(outcome.recipe if recipe else None)
        notes = self._notes(outcome, form, int(quality), text, own_profile=profile)
        preparing = gr.DownloadButton(words.PREPARING.format(format=form), interactive=False)
        yield visible | {self.download: preparing, self.meaning: _note(notes)}
        if form == PNG and exif and profile and recipe:
            path = outcome.path
        else:
            picture = outcome.restoration.picture
            data = encode_picture(picture, suffix, quality=int(quality), text=text, exif=exif, own_profile=profile)
            path = keep(data, self._name(outcome, suffix))
        yield {self.download: self._offered(form, path)}

    @told
    def save_fill_map(self, outcome: Outcome | None) -> Iterator[Updates]:
        """Where what is in the hole comes from, at the photo's own size."""
        yield {self.fill_file: None}  # what is pressed next must not be an older one
        found = outcome and outcome.restoration.fill_map
        if outcome is None or found is None:
            raise InputError(board.NOTHING_YET)
        yield {self.fill_file: keep(encode_picture(found, ".png"), views.result_name(outcome.name, "fill-map"))}

    def written(self, outcome: Outcome) -> str:
        """The path of the result as a PNG, where the browser may fetch it."""
        data = encode_picture(outcome.restoration.picture, ".png", text=text_of(outcome.recipe))
        return keep(data, self._name(outcome, ".png"))

    def _name(self, outcome: Outcome, suffix: str) -> str:
        verb = self.words.verb.format(scale=outcome.scale)
        return str(Path(views.result_name(outcome.name, verb)).with_suffix(suffix))

    def _offered(self, form: str, path: str) -> Any:
        label = words.DOWNLOAD.format(format=form, size=views.size_of(Path(path).stat().st_size))
        return gr.DownloadButton(label, value=path, interactive=True)

    def _notes(self, outcome: Outcome, form: str, quality: int, text: dict[str, str], own_profile: bool) -> list[str]:
        """What the choice means, one sentence each."""
        run, lossless = outcome.restoration, form == PNG or (form == "WebP" and quality == 100)
        conditions = {
            words.LOSSLESS: form == "WebP" and quality == 100,
            words.OUTSIDE: run.request.mask is not None and not lossless,
            words.ON_WHITE: form == "JPEG" and run.picture.alpha is not None,
            words.IN_SRGB: not own_profile,
            words.TOO_LONG: not keeps_text(words.FORMATS[form], text),
        }
        return [words.MEANINGS[form], *(sentence for sentence, holds in conditions.items() if holds)]

    def _repeating(self, outcome: Outcome) -> CopyValue:
        recipe = outcome.recipe
        if recipe is None or recipe.photo is None:
            return CopyValue()
        names = Names(recipe.photo.name or "photo.png", Path(outcome.path or "result.png").name)
        saved = keep(recipe.to_json().encode(), names.recipe)
        photo = file_data(outcome.photo) if outcome.photo else None
        return copy_value(snippets(recipe, names), file_data(saved), photo)


def _note(sentences: list[str]) -> str:
    return f'<p class="export-note" role="status">{escape(" ".join(sentences))}</p>'
