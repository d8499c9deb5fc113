"""Stage 1 as an oracle: what the teacher knows of a picture whose clean original it is shown.

Its IPR is what the diffusion learns to estimate, so its distance from the estimate says how much there is to gain.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch

from .devices import choose_precision
from .errors import InputError
from .imaging import Picture
from .messages import Message
from .model import Teacher
from .model.pixels import pad_to_multiple, to_pixels, to_tensor
from .tasks import Case, Task
from .tick import Tick, no_tick


@dataclass(frozen=True, eq=False)
class Oracle:
    """What the teacher makes of a picture and its clean original."""

    ipr: np.ndarray = field(repr=False)
    """(n,) float32."""
    picture: Picture = field(repr=False)
    """What the teacher's own U-Net makes of it."""


@torch.inference_mode()
def oracle(task: Task, teacher: Teacher, case: Case, tick: Tick = no_tick) -> Oracle:
    """The IPR of the damaged *and* the clean picture, and what the teacher's own U-Net makes of it.

    Ticks with the share done. Raises `InputError` for an original whose size is not that of the result, and for a task
    that is not the teacher's.
    """
    config, device = teacher.config, next(teacher.parameters()).device
    request, reference = case.request, case.reference
    task.check(request)
    expected = (request.picture.width * config.scale, request.picture.height * config.scale)
    if not task.accepts(config) or (reference.width, reference.height) != expected:
        found = f"{reference.width} x {reference.height}"
        raise InputError(
            Message(
                "This teacher makes {width} x {height} of the picture, but the original is {found}.",
                width=expected[0],
                height=expected[1],
                found=found,
            ),
            "Use a teacher of the same task and scale.",
        )
    damaged, fit = pad_to_multiple(task.encode(request), config.multiple_of)
    target, _ = pad_to_multiple(to_tensor(reference.pixels), config.multiple_of * config.scale)
    damaged = damaged.to(device)
    ipr = teacher.encoder(damaged, target.to(device))  # in float32: there is no hurry
    precision = choose_precision("auto", device)
    with torch.autocast(device.type, dtype=precision, enabled=precision != torch.float32):
        image = teacher.decode(damaged, ipr, tick=tick)
    picture = task.decode(to_pixels(fit.undo(image.float().cpu(), config.scale)), request)
    return Oracle(ipr[0].float().cpu().numpy(), picture)
