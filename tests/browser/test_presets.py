"""Presets in a real Chromium: chosen beside Restore, in step with the list of weight files."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.actions import go_to, restore, see

pytestmark = pytest.mark.browser


def test_a_preset_is_chosen_and_used(page: Page) -> None:
    """The tests' app has two presets for super-resolution and one for deblurring."""
    expect(page.locator("#deblur-presets")).to_be_hidden()
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


@pytest.mark.tabs("inpaint")
def test_what_fills_a_hole_is_chosen(page: Page) -> None:
    """Three presets of one weight file; the other two can be compared with the result."""
    kinds = page.locator("#inpaint-preset")
    expect(kinds.get_by_role("radio", name="Auto")).to_be_checked()
    kinds.get_by_text("Texture").click()
    expect(page.locator("#inpaint-preset-summary")).to_contain_text("copies from elsewhere in the photo")
    restore(page, "inpaint")
    see(page, "#inpaint-status", "Done")
    expect(page.locator("#inpaint-measures")).to_contain_text("Texture was copied in")
    expect(page.locator("#inpaint-board")).to_contain_text("Faithful")
