"""One word per thing, and the field's: names of roles in a story do not come back into code, page and docs."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
RETIRED = {
    "told": "given, shown",
    "tells": "says, shows",
    "telling": "reporting",
    "heard": "received",
    "overhear": "follow",
    "nobody": "no one that is named; say what does not happen",
    "whoever": "the caller, the reader",
    "faces": "page, command line, API",
    "twin": "CPU backend",
    "glance": "thumbnail",
    "rival": "comparison",
    "critic": "discriminator",
    "lively": "he_init",
    "SteeredNorm": "ModulatedNorm",
    "HalveGently": "BlurPool",
    "Engine": "Model",
    "meanwhile": "run_in_thread",
    "KnownPath": "Blur",
}
"""Words that once were ours, and what is said instead."""
ALLOWED = {
    ("diffir_demo/training/config.py", "critic"),  # the names that runs of former versions were saved with
}
PATTERNS = ("diffir_demo/**/*.py", "diffir_demo/**/*.json", "diffir_demo/**/*.js", "tools/**/*.py", "*.md", "docs/*.md")
FORMER = ("CHANGELOG.md", "quality.md")
"""Pages that speak of what was, or that are measured anew before they change."""


def test_retired_words_stay_away() -> None:
    words = re.compile(rf"\b({'|'.join(RETIRED)})s?\b")
    found = []
    for file in sorted(file for pattern in PATTERNS for file in ROOT.glob(pattern) if file.name not in FORMER):
        name = file.relative_to(ROOT).as_posix()
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            for word in words.findall(line):
                if (name, word) not in ALLOWED:
                    found.append(f"{name}:{number}: '{word}'; rather: {RETIRED[word]}")
    assert not found, "\n".join(found)
