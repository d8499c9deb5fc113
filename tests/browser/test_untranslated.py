"""The page in a language for tests: whatever it shows in no brackets, it says in no other language either."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from diffir_demo.tasks import TASKS
from tests.browser.actions import choose, restore
from tests.pseudo import spoken

pytestmark = pytest.mark.browser

UNFOLD = """() => {
  for (const each of document.querySelectorAll("details")) each.open = true;
  for (const each of document.querySelectorAll('.fold[aria-expanded="false"]')) each.click();
  for (const each of document.querySelectorAll('.label-wrap:not(.open)')) each.click();
}"""
"""Opens what is folded: our own, the browser's and Gradio's."""
AS_THEY_ARE = [
    ".credit, .foot li, .strip button, .strip img",  # who took the photos
    "footer:not(.foot), .reset-button",  # Gradio's own, which go by the browser's language
    ".language option",
    "pre",  # code
    ".runs .name, .runs .facts, .pad .caption",  # names of files, and a date
    ".formats label, .formats span",  # PNG, JPEG
    ".badge span",  # device and precision
]
LEFT = """(allowed) => {
  const found = new Set(), isWord = /[A-Za-z]{2}/;
  // Names of units, formats, devices and files; and what Gradio says in English of its sliders.
  const names = new RegExp([
    "\\\\b(px|ms|MB|KB|GB|dB|CPU|fp32|PNG|AVIF|DiffIR)\\\\b", "[\\\\w-]+[.](png|jpg|safetensors)",
    "\\\\bcompact-[\\\\w-]+",
    "(number input|range slider) for ",
  ].join("|"), "g");
  const isSeen = (part) => part?.checkVisibility({ visibilityProperty: true }) && !part.closest(allowed);
  let depth = 0, at = null;
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode, part = node.parentElement;
    if (part.closest("script, style, template")) continue;
    const block = part.closest("p, li, td, th, dt, dd, button, label, summary, figcaption, option, h1, h2, h3, div");
    if (block !== at) [depth, at] = [0, block];
    let outside = "";
    for (const letter of node.data) {
      depth += (letter === "⟦") - (letter === "⟧");
      outside += depth ? "" : letter;
    }
    if (isWord.test(outside.replace(names, "")) && isSeen(part)) found.add(`${block.className}: ${node.data.trim()}`);
  }
  for (const part of document.querySelectorAll("[title], [aria-label], [placeholder], [alt], [aria-valuetext]"))
    for (const name of ["title", "aria-label", "placeholder", "alt", "aria-valuetext"]) {
      const text = part.getAttribute(name) ?? "";
      if (isWord.test(text.replace(/⟦[^⟧]*⟧/g, "").replace(names, "")) && isSeen(part))
        found.add(`${part.tagName} ${part.className} ${name}: ${text}`);
    }
  return [...found].sort();
}"""


GO_TO = "(key) => document.getElementById(`tab-${key}-button`).click()"
RUN = ("inpaint", "clean")
SEEN = ["run", "seed", "batch-list .drop", "copy pre", "details", "inside", "lab-seeds-go", "weights"]
"""Parts of a tab that are there once all is unfolded, and there was a run."""


def test_nothing_is_left_in_english(open_page: Callable[..., Page], tmp_path: Path) -> None:
    """Two runs, one with a mask and one whose numbers are read, and the other tabs as they are at first."""
    (tmp_path / "words").mkdir()
    with spoken(tmp_path / "words") as code:
        page = open_page(extra_http_headers={"Accept-Language": code})
        left: dict[str, list[str]] = {}
        for key in TASKS:
            page.evaluate(GO_TO, key)
            page.wait_for_selector(f"#{key}-run", state="visible")
            if key in RUN:
                restore(page, key)
            page.evaluate(UNFOLD)
            for part in SEEN if key in RUN else ["run", "seed", "weights"]:
                page.wait_for_selector(f"#{key}-{part}", state="visible")
            left[key] = page.evaluate(LEFT, ", ".join(AS_THEY_ARE))
        no_photo = tmp_path / "letter.txt"
        no_photo.write_text("Dear reader")
        page.evaluate(GO_TO, "clean")
        choose(page, "clean", no_photo)
        expect(page.locator("#clean-status")).to_contain_text("letter.txt⟦ is not a picture")
    assert left == dict.fromkeys(TASKS, [])
