"""What one tab shows: its components, laid out; nothing happens here yet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from ..tasks import Task
from . import views, words
from .example_strip import ExampleStrip
from .examples import Example
from .ipr_view import IprView
from .mask_canvas import MaskCanvas
from .opening import Opening
from .outcome import INPUT, Outcome
from .studio import Studio, WeightsChoice

READ_OUT = (Path(__file__).parent / "status.js").read_text(encoding="utf-8")


@dataclass(frozen=True, eq=False)
class Parts:
    """The components of one tab. `mask_*` are None where a task takes no mask."""

    canvas: MaskCanvas
    credit: gr.HTML
    examples: ExampleStrip | None
    run: gr.Button
    cancel: gr.Button
    damage: gr.Button
    undamage: gr.Button
    mask_upload: gr.UploadButton | None
    mask_save: gr.Button | None
    mask_file: gr.DownloadButton | None
    seed: gr.Number
    previews: gr.Checkbox
    weights: gr.Dropdown
    own_weights: gr.UploadButton
    badge: gr.HTML
    status: gr.HTML
    hint: gr.HTML
    slider: gr.ImageSlider
    left: gr.Radio
    scores: gr.HTML
    download: gr.DownloadButton
    ipr: IprView
    truth: gr.State
    """`Truth` or None."""
    outcome: gr.State
    """`Outcome` or None."""
    stop: gr.State
    """`threading.Event` of the run that was pressed last; set when it is cancelled."""
    own: gr.State
    """{key: WeightsChoice} of the files this visitor brought."""


def lay_out(task: Task, studio: Studio, examples: list[Example], opening: Opening) -> Parts:
    """Left the photo and the buttons, right the result; one below the other on a phone."""
    texts, choices = words.for_task(task.key), studio.weights_for(task)
    gr.HTML(f'<p class="intro">{texts.intro or task.summary}</p>')
    made: dict[str, object] = {"mask_upload": None, "mask_save": None, "mask_file": None, "examples": None}
    with gr.Row(elem_classes="work"):
        with gr.Column(scale=1, min_width=320, elem_classes="tight"):
            if examples:
                made["examples"] = ExampleStrip([_thumbnail(each) for each in examples], elem_id=f"{task.key}-examples")
            made["canvas"] = MaskCanvas(opening.value, paintable=task.wants_mask, elem_id=f"{task.key}-canvas")
            made["credit"] = gr.HTML(opening.credit, elem_classes="credit", elem_id=f"{task.key}-credit")
            made |= _tools(task) | _settings(task, choices)
        with gr.Column(scale=1, min_width=320, elem_classes="tight"):
            made |= _action(task, badge(choices[0] if choices else None, studio)) | _result(task)
    made["truth"] = gr.State(opening.truth, time_to_live=86400)
    made["outcome"] = gr.State(None, time_to_live=86400)
    made["stop"] = gr.State(None, time_to_live=86400)
    made["own"] = gr.State({}, time_to_live=86400)
    return Parts(**made)  # pyright: ignore[reportArgumentType]


def _thumbnail(example: Example) -> dict[str, str]:
    title = f"{example.title}, {example.author}, {example.licence}"
    return {"title": title, "thumbnail": views.thumbnail(example.photo, 120)}


def _action(task: Task, weights_badge: str) -> dict[str, object]:
    key, made = task.key, {}
    with gr.Row(elem_classes="tight"):
        made["run"] = gr.Button(
            words.RESTORE, variant="primary", size="lg", scale=3, min_width=120, elem_id=f"{key}-run"
        )
        made["cancel"] = gr.Button(
            words.CANCEL, size="lg", scale=1, min_width=90, interactive=False, elem_id=f"{key}-cancel"
        )
    made["badge"] = gr.HTML(weights_badge, elem_id=f"{key}-badge")
    made["status"] = gr.HTML(views.status(words.READY), js_on_load=READ_OUT, elem_id=f"{key}-status")
    return made


def _tools(task: Task) -> dict[str, object]:
    key, made = task.key, {}
    with gr.Row(elem_classes="tight"):
        damage = words.for_task(key).damage
        made["damage"] = gr.Button(damage, size="md", min_width=140, elem_id=f"{key}-damage")
        made["undamage"] = gr.Button(words.UNDAMAGE, size="md", min_width=140, visible=False, elem_id=f"{key}-undamage")
        if task.wants_mask:
            made["mask_upload"] = gr.UploadButton(
                words.UPLOAD_MASK, file_types=["image"], size="md", min_width=140, elem_id=f"{key}-mask-upload"
            )
            made["mask_save"] = gr.Button(words.SAVE_MASK, size="md", min_width=140, elem_id=f"{key}-mask-save")
            made["mask_file"] = gr.DownloadButton(elem_id=f"{key}-mask-file", elem_classes="offstage")
    return made


def _settings(task: Task, choices: list[WeightsChoice]) -> dict[str, object]:
    key, made = task.key, {}
    with gr.Accordion(words.OPTIONS, open=False, elem_id=f"{key}-options"):
        made["seed"] = gr.Number(
            0,
            label=words.SEED,
            info=words.SEED_INFO,
            elem_id=f"{key}-seed",
        )
        made["previews"] = gr.Checkbox(False, label=words.PREVIEWS, info=words.PREVIEWS_INFO, elem_id=f"{key}-previews")
    with gr.Accordion(words.WEIGHTS_GROUP, open=False, elem_id=f"{key}-weights-group"):
        made["weights"] = gr.Dropdown(
            [(each.label, each.key) for each in choices],
            value=choices[0].key if choices else None,
            label=words.WEIGHTS,
            info=words.WEIGHTS_INFO if choices else words.NO_WEIGHTS,
            elem_id=f"{key}-weights",
        )
        made["own_weights"] = gr.UploadButton(words.OWN_WEIGHTS, size="md", elem_id=f"{key}-own-weights")
    return made


def _result(task: Task) -> dict[str, object]:
    key, made = task.key, {}
    made["left"] = gr.Radio(
        views.sides(None, key),
        value=INPUT,
        label=words.COMPARE,
        visible=False,
        elem_classes="sides",
        elem_id=f"{key}-left",
    )
    made["hint"] = gr.HTML(
        hint(words.HINT),
        apply_default_css=False,
        elem_id=f"{key}-hint",
    )
    made["slider"] = gr.ImageSlider(
        label=words.SLIDER,
        show_label=False,
        format="png",
        type="filepath",
        interactive=False,
        visible=False,
        max_height=460,
        buttons=["fullscreen"],
        elem_id=f"{key}-slider",
    )
    made["ipr"] = IprView(elem_id=f"{key}-ipr")
    made["download"] = gr.DownloadButton(words.DOWNLOAD, visible=False, elem_id=f"{key}-download")
    made["scores"] = gr.HTML(visible=False, apply_default_css=False, elem_id=f"{key}-scores")
    return made


def badge(chosen: WeightsChoice | None, studio: Studio) -> str:
    """Weights, device and precision, as they stand beside the button that uses them."""
    text = chosen.badge if chosen else words.NO_WEIGHTS_BADGE
    return views.badge(text, studio.device, studio.precision, warn=chosen is None or chosen.untrained)


def hint(text: str) -> str:
    """Stands where the result will be. text: HTML."""
    return f'<div class="hint"><strong>{words.HINT_TITLE}</strong><span>{text}</span></div>'


def cleared(parts: Parts, text: str, status: str = words.READY) -> dict[object, object]:
    """The updates for another photo: what was made from the one before it leaves the page. text: of the hint, HTML."""
    return {
        parts.hint: gr.HTML(hint(text), visible=True),
        parts.slider: gr.ImageSlider(value=None, visible=False),
        parts.left: gr.Radio(visible=False),
        parts.download: gr.DownloadButton(value=None, visible=False),
        parts.scores: gr.HTML("", visible=False),
        parts.outcome: None,
        parts.ipr: None,
        parts.undamage: gr.Button(visible=False),
        parts.status: views.status(status),
    }


def shown(parts: Parts, outcome: Outcome, left_path: str) -> dict[object, object]:
    """The updates that put a finished run on the page, beside what went in."""
    run = outcome.restoration
    return {
        parts.hint: gr.HTML(visible=False),
        parts.slider: gr.ImageSlider(value=(left_path, outcome.path), slider_position=outcome.line, visible=True),
        parts.left: gr.Radio(choices=views.sides(outcome, run.task), value=INPUT, visible=True),
        parts.download: gr.DownloadButton(value=outcome.path, visible=True),
        parts.scores: gr.HTML(views.table(outcome), visible=True),
        parts.outcome: outcome,
    }
