"""The IPR lab, and the number of diffusion steps, as a visitor meets them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.hands import go_to, restore

pytestmark = pytest.mark.browser


def test_another_number_of_diffusion_steps(page: Page) -> None:
    go_to(page, "deblur")
    page.get_by_text("Options", exact=True).locator("visible=true").click()
    page.locator("#deblur-steps input").click()
    page.get_by_role("option", name="2", exact=True).click()
    restore(page, "deblur")
    expect(page.locator("#deblur-ipr .step")).to_have_count(3)
    expect(page.locator("#deblur-ipr .sentence")).to_contain_text("2 steps in")
    page.locator("#deblur-steps input").click()
    page.get_by_role("option", name="As trained").click()
    restore(page, "deblur")
    expect(page.locator("#deblur-ipr .step")).to_have_count(5)
