"""Stage 1 as an oracle: what the teacher knows of a picture whose clean original it is shown.

Its IPR is what the diffusion learns to estimate, so its distance from the estimate says how much there is to gain.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field

import numpy as np
import torch

from .devices import choose_precision
from .errors import InputError
from .imaging import Picture, pad_to_multiple, to_pixels, to_tensor
from .model import Teacher, fold
from .tasks import Damaged, Task


@dataclass(frozen=True, eq=False)
class Oracle:
    """What the teacher makes of a picture and its clean original."""

    ipr: np.ndarray = field(repr=False)
    """(n,) float32."""
    picture: Picture = field(repr=False)
    """What the teacher's own U-Net paints with it."""


def oracle(task: Task, teacher: Teacher, case: Damaged) -> Oracle:
    """`consult` without the stops."""
    return fold(consult(task, teacher, case))


@torch.inference_mode()
def consult(task: Task, teacher: Teacher, case: Damaged) -> Generator[float, None, Oracle]:
    """Yields the share painted so far; returns the IPR of the damaged *and* the clean picture, and the painting.

    Raises `InputError` for an original whose size is not that of the result, and for a task that is not the teacher's.
    """
    config, device = teacher.config, next(teacher.parameters()).device
    request, reference = case.request, case.reference
    task.check(request)
    expected = (request.picture.width * config.scale, request.picture.height * config.scale)
    if not task.accepts(config) or (reference.width, reference.height) != expected:
        found = f"{reference.width} x {reference.height}"
        raise InputError(
            f"This teacher makes {expected[0]} x {expected[1]} of the picture, but the original is {found}.",
            "Use a teacher of the same task and scale.",
        )
    damaged, fit = pad_to_multiple(task.encode(request), config.multiple_of)
    target, _ = pad_to_multiple(to_tensor(reference.pixels), config.multiple_of * config.scale)
    damaged = damaged.to(device)
    ipr = teacher.encoder(damaged, target.to(device))  # in float32: there is no hurry
    precision = choose_precision("auto", device)
    walk = teacher.paint(damaged, ipr)
    while True:
        with torch.autocast(device.type, dtype=precision, enabled=precision != torch.float32):
            try:
                share = next(walk)
            except StopIteration as stop:
                painted = stop.value
                break
        yield share
    picture = task.decode(to_pixels(fit.undo(painted.float().cpu(), config.scale)), request)
    return Oracle(ipr[0].float().cpu().numpy(), picture)
