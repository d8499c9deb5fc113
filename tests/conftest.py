"""Settings for all tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from playwright.sync_api import Browser, sync_playwright

from diffir_demo.tasks import deblur, inpaint
from diffir_demo.training import init_from, probe

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

torch.set_num_threads(1)  # the networks here are tiny: threads cost more than they give, and starve on a busy machine


@pytest.fixture(autouse=True)
def _small_banks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Training draws thousands of kernels, masks and crops beforehand; a test needs a few."""
    monkeypatch.setattr(deblur, "KERNELS", 40)
    monkeypatch.setattr(inpaint, "MASKS", 12)
    monkeypatch.setattr(init_from, "CALIBRATION", (4, 8, 64))
    monkeypatch.setattr(probe, "FIT_STEPS", 4)


def installed_chromium() -> str | None:
    """The system's; None where Playwright's own is to be used."""
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A Chromium of the system, or Playwright's own; without one these tests fail: nothing else sees the page.

    One for all tests of a process: Playwright runs once in it.
    """
    found = installed_chromium()
    with sync_playwright() as playwright:
        if not found and not Path(playwright.chromium.executable_path).exists():
            pytest.fail("No Chromium was found: install the system's, or run `playwright install chromium`.")
        browser = playwright.chromium.launch(executable_path=found, headless=True, args=ARGUMENTS)
        yield browser
        browser.close()
