"""DiffIR Studio as nodes of ComfyUI: put this folder into `custom_nodes`; README.md says how."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import torch

from diffir_demo import Request, load
from diffir_demo.api import Model
from diffir_demo.events import Encoding, Finished, Painting
from diffir_demo.imaging import Picture
from diffir_demo.settings import Settings
from diffir_demo.tasks import TASKS, get_task

SHARES = {Encoding: (0, 20), Painting: (20, 100)}
"""Percent of a photo's progress: from, to."""


def _named(task: Any) -> list[str]:
    """sr: real x4, real x2 ..; what `_chosen` reads."""
    many = len(task.scales) > 1
    return [f"{each.key} x{each.scale}" if many else each.key for each in task.presets]


@lru_cache(maxsize=2)
def _model(task: str, preset: str, weights: str) -> Model:
    if weights:
        return load(task, weights)
    key, _, scale = preset.partition(" x")
    return load(task, preset=key, scale=int(scale) if scale else None)


def _restored(model: Model, image: torch.Tensor, masks: torch.Tensor | None, seed: int) -> torch.Tensor:
    """image: (b, h, w, 3) in [0, 1], as ComfyUI has it; masks: (b or 1, h, w), 1 = hole. Gives (b, h', w', 3)."""
    results = []
    for number, pixels in enumerate(image):
        levels = (pixels[..., :3].cpu().numpy() * 255).round().clip(0, 255).astype(np.uint8)
        hole = None if masks is None else (masks[min(number, len(masks) - 1)].cpu().numpy() >= 0.5)
        request = Request(Picture(np.ascontiguousarray(levels)), hole, Settings(seed=seed + number))
        made = _watched(model, request, number, len(image)).pixels
        results.append(torch.from_numpy(made.astype(np.float32) / 255))
    return torch.stack(results)


def _watched(model: Model, request: Request, number: int, count: int) -> Picture:
    """One run, whose progress ComfyUI shows, and which its Cancel ends."""
    bar, interrupted = _host(count)
    for event in (events := model.stream(request)):
        try:
            interrupted()
        except BaseException:
            events.close()
            raise
        if isinstance(event, Encoding | Painting):
            first, last = SHARES[type(event)]
            bar(number * 100 + round(first + (last - first) * event.fraction), count * 100)
        if isinstance(event, Finished):
            return event.restoration.picture
    raise AssertionError("a run ends with `Finished`")


def _host(count: int) -> tuple[Any, Any]:
    """ComfyUI's progress bar and what raises once Cancel was pressed; elsewhere, what does nothing."""
    try:
        from comfy.model_management import throw_exception_if_processing_interrupted  # pyright: ignore
        from comfy.utils import ProgressBar  # pyright: ignore
    except ImportError:
        return lambda *_: None, lambda: None
    return ProgressBar(count * 100).update_absolute, throw_exception_if_processing_interrupted


class _Node:
    CATEGORY = "image/DiffIR"
    FUNCTION = "restore"
    RETURN_TYPES = ("IMAGE",)
    TASK = ""

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802  ComfyUI's name
        task = get_task(cls.TASK)
        mask = {"mask": ("MASK", {"tooltip": "White is filled."})} if task.wants_mask else {}
        required = {
            "image": ("IMAGE",),
            **mask,
            "preset": (_named(task), {"tooltip": " ".join(each.summary for each in task.presets)}),
            "seed": ("INT", {"default": 0, "min": 0, "max": 2**53 - 1}),
        }
        path = {"default": "", "tooltip": "A weight file instead of the preset: ours, or the authors' .pth or .ckpt."}
        return {"required": required, "optional": {"weights": ("STRING", path)}}

    def restore(
        self, image: torch.Tensor, preset: str, seed: int, mask: torch.Tensor | None = None, weights: str = ""
    ) -> tuple[torch.Tensor]:
        return (_restored(_model(self.TASK, preset, weights.strip()), image, mask, seed),)


NODES = {f"DiffIR_{key}": type(f"DiffIR_{key}", (_Node,), {"TASK": key}) for key in TASKS}
NODE_CLASS_MAPPINGS = NODES
NODE_DISPLAY_NAME_MAPPINGS = {f"DiffIR_{key}": f"DiffIR: {task.title}" for key, task in TASKS.items()}
