"""Validation while training: what another photo's IPR costs, for networks that were taught to tell the damage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from diffir_demo.metrics import psnr
from diffir_demo.tasks import TASKS
from diffir_demo.training.progress import draw, save_sheet
from diffir_demo.training.validation import Validator
from tests.test_training import photos
from tests.tiny import engine, network, teacher


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for i, pixels in enumerate(photos(3, 48)):
        Image.fromarray(pixels).save(tmp_path / f"{i}.png")
    return tmp_path


def test_the_case_before_gives_its_ipr(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mean loss over all cases but the first; the scores themselves are those of the cases' own IPRs."""
    monkeypatch.setattr("diffir_demo.training.validation.has_fast_bf16", lambda device: False)
    validator, own = Validator(TASKS["clean"], data), engine("clean")
    found = validator(network("clean"))
    cases = validator.cases
    done = [own.restore(case.request) for case in cases]
    scores = [psnr(each.picture.pixels, case.reference.pixels) for each, case in zip(done, cases, strict=True)]
    assert found["psnr"] == pytest.approx(np.mean(scores))
    lost = []
    for i in (1, 2):
        assert not np.array_equal(cases[i].severity, cases[i - 1].severity)  # the sets take turns
        swapped = own.restore(cases[i].request, ipr=done[i - 1].ipr).picture.pixels
        lost.append(scores[i] - psnr(swapped, cases[i].reference.pixels))
    assert found["swap"] == pytest.approx(np.mean(lost)) and found["swap"] != 0


def test_where_nothing_is_told_or_nobody_is_before_there_is_no_swap(data: Path) -> None:
    assert "swap" not in Validator(TASKS["clean"], data)(teacher("clean"))
    assert "swap" not in Validator(TASKS["clean"], data, pictures=1)(network("clean"))
    assert "swap" not in Validator(TASKS["deblur"], data)(network("deblur"))


def test_curves_draw_it_where_it_is_known(tmp_path: Path) -> None:
    plain = [{"minutes": 0.0, "psnr": 20.0, "pixels": 0.1}, {"minutes": 1.0, "psnr": 21.0, "pixels": 0.1}]
    told = [row | {"swap": 0.6} for row in plain]
    sizes = []
    for name, history in (("plain", plain), ("told", told)):
        draw([(name, history)], "psnr", tmp_path / f"{name}.png")
        save_sheet(history, "psnr", [], name, tmp_path / f"{name}-sheet.png")
        sizes.append(Image.open(tmp_path / f"{name}.png").size)
    assert sizes == [(960, 720), (960, 1080)]
    sheets = [np.asarray(Image.open(tmp_path / f"{name}-sheet.png").convert("L")) for name in ("plain", "told")]
    assert (sheets[1] < 128).sum() > (sheets[0] < 128).sum()  # one panel more
