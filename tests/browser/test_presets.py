"""Presets in a real Chromium: chosen beside Restore, in step with the list of weight files."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.hands import go_to, restore, see

pytestmark = pytest.mark.browser


def test_a_preset_is_chosen_and_used(page: Page) -> None:
    """The tests' app has two presets for super-resolution and one for each other task."""
    expect(page.locator("#inpaint-presets")).to_be_hidden()
    go_to(page, "sr")
    kinds = page.locator("#sr-preset")
    expect(kinds.get_by_role("radio", name="Faithful")).to_be_checked()
    expect(page.locator("#sr-scale")).to_be_hidden()
    kinds.get_by_text("Crisp").click()
    expect(page.locator("#sr-preset-summary")).to_contain_text("invented")
    restore(page, "sr")
    see(page, "#sr-status", "Done")
    page.locator("#sr-weights-group").get_by_role("button", name="Weights").first.click()
    weights = page.locator("#sr-weights input")
    expect(weights).to_have_value("Crisp (compact-sr-crisp.safetensors)")
    weights.click()
    page.get_by_role("option", name="Faithful, the default").click()
    expect(kinds.get_by_role("radio", name="Faithful")).to_be_checked()
    expect(page.locator("#sr-preset-summary")).to_contain_text("adds nothing")
