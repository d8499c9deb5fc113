"""Settings for all tests."""

from __future__ import annotations

import pytest
import torch

from diffir_demo.tasks import deblur, inpaint
from diffir_demo.training import first, starts

torch.set_num_threads(1)  # the networks here are tiny: threads cost more than they give, and starve on a busy machine


@pytest.fixture(autouse=True)
def _small_banks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Training draws thousands of kernels, masks and crops beforehand; a test needs a few."""
    monkeypatch.setattr(deblur, "KERNELS", 40)
    monkeypatch.setattr(inpaint, "MASKS", 12)
    monkeypatch.setattr(starts, "CALIBRATION", (4, 8, 64))
    monkeypatch.setattr(first, "STEPS", 4)
