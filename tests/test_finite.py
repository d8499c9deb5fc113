"""Networks whose numbers are not finite: float32 where that helps, or a sentence; never a black picture."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

from diffir_demo.api import Model
from diffir_demo.devices import lock_for
from diffir_demo.errors import WeightsError
from diffir_demo.events import Finished, Started
from diffir_demo.model import DiffIR
from diffir_demo.restoration import PriorStep
from diffir_demo.tasks import TASKS, Request
from diffir_demo.trace import Trace
from diffir_demo.ui.cache import ResultCache
from tests.factories import photo
from tests.tiny import engine

SENTENCE = "gave NaN or infinite numbers for this photo"


def request_of(task: str) -> Request:
    return TASKS[task].degrade(photo(), np.random.default_rng(0)).request


def spoilt(task: str, part: str) -> Model:
    """A network of finite weights, in one part of which they are so large that what they make is not finite."""
    model = engine(task)
    with torch.no_grad():
        for parameter in model.diffir.get_submodule(part).parameters():
            parameter.fill_(3e38)
    return model


@pytest.mark.parametrize("part", ["encoder", "denoiser", "painter"])
@pytest.mark.parametrize("task", TASKS)
def test_absurd_weights_give_a_sentence(task: str, part: str) -> None:
    model = spoilt(task, part)
    with pytest.raises(WeightsError, match=SENTENCE):
        model.restore(request_of(task))
    assert not lock_for(model.device).locked()
    if part != "painter":
        with pytest.raises(WeightsError, match=SENTENCE):
            model.estimate(request_of(task))


def test_tiles_are_looked_at_one_by_one() -> None:
    request = dataclasses.replace(request_of("deblur"), picture=photo(256, 384)).changed(memory_budget=1)
    assert engine("deblur").restore(request).tiles > 1
    with pytest.raises(WeightsError, match=SENTENCE):
        spoilt("deblur", "painter.refinement").restore(request)


@pytest.fixture
def coarse(monkeypatch: pytest.MonkeyPatch) -> Model:
    """A network whose decoding is NaN, as it can be in bfloat16 where numbers overflow, and right in float32."""
    decode = DiffIR.decode

    def spoils(self: DiffIR, damaged: torch.Tensor, ipr: torch.Tensor, unet: Any, *others: Any) -> torch.Tensor:
        image = decode(self, damaged, ipr, unet, *others)
        return image * torch.nan if unet.dtype is torch.bfloat16 else image

    monkeypatch.setattr(DiffIR, "decode", spoils)
    return engine("deblur", torch.bfloat16)


def test_a_smaller_precision_is_left_where_it_fails(coarse: Model) -> None:
    request = request_of("deblur")
    run, plain = coarse.restore(request), engine("deblur", torch.float32).restore(request)
    assert np.array_equal(run.picture.pixels, plain.picture.pixels) and run.precision == "fp32"
    assert [each for each in run.notices if "float32" in each] and not [
        each for each in plain.notices if "float32" in each
    ]
    assert coarse.precision is torch.bfloat16, "the next photo may do well in it"


def test_a_run_that_begins_again_is_told_once(coarse: Model) -> None:
    """What traces and kept answers hold are the steps of the second beginning."""
    request, cache = request_of("deblur"), ResultCache()
    events = list(cache.recording(b"key", coarse.stream(request)))
    assert sum(isinstance(event, Started) for event in events) == 2
    trace = Trace.of(iter(events))
    assert [step.number for step in trace.steps] == [1, 2, 3, 4]
    kept = cache.get(b"key")
    assert kept and [type(event) for event in kept] == [Started, *[PriorStep] * 4, Finished]
