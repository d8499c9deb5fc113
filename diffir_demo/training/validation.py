"""Validation while training: photos damaged with fixed seeds, restored as for a user, and scored."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import nn

from ..devices import has_fast_bf16
from ..evaluation import cases, mean_scores
from ..imaging import pad_to_multiple, to_tensor
from ..metrics import scores
from ..model import DiffIR, Teacher
from ..restore import Engine, restore
from ..tasks import Damaged, Task
from ..weights import WeightsInfo


class Validator:
    """Means of the task's scores over a fixed set; callable as the loop wants it."""

    def __init__(self, task: Task, folder: Path, pictures: int | None = None) -> None:
        self.task = task
        self.cases = list(islice(cases(task, folder), pictures))

    def __call__(self, network: nn.Module) -> dict[str, float]:
        """Stage 2 runs through `restore`; a teacher has no such path, so it is shown the ground truth directly."""
        network.eval()
        pictures = (
            self._oracle(network, case) if isinstance(network, Teacher) else self._restored(network, case)
            for case in self.cases
        )
        found = [
            scores(self.task.key, picture, case.reference.pixels, case.request.mask)
            for picture, case in zip(pictures, self.cases, strict=True)
        ]
        return mean_scores(found)

    def _restored(self, network: nn.Module, case: Damaged) -> np.ndarray:
        assert isinstance(network, DiffIR)
        device = next(network.parameters()).device
        precision = torch.bfloat16 if has_fast_bf16(device) else torch.float32
        engine = Engine(network, _in_training(network, self.task), device, precision)
        return restore(self.task, case.request, engine).picture.pixels

    @torch.inference_mode()
    def _oracle(self, network: Teacher, case: Damaged) -> np.ndarray:
        config, device = self.task.config, next(network.parameters()).device
        damaged, fit = pad_to_multiple(self.task.encode(case.request), config.multiple_of)
        target, _ = pad_to_multiple(to_tensor(case.reference.pixels), config.multiple_of * config.scale)
        with torch.autocast(device.type, torch.bfloat16, enabled=has_fast_bf16(device)):
            picture, _ = network(damaged.to(device), target.to(device))
        return self.task.decode(fit.undo(picture.cpu(), config.scale), case.request).pixels


def _in_training(network: DiffIR, task: Task) -> WeightsInfo:
    """The facts of weights that are in no file yet."""
    return WeightsInfo(
        name="in training",
        task=task.key,
        stage=2,
        config=network.config,
        provenance="trained",
        training={},
        sha256="",
        parameters=sum(p.numel() for p in network.parameters()),
        file="",
    )
