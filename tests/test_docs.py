"""The documentation: every link leads somewhere, and every file that is named is there."""

from __future__ import annotations

import re
from pathlib import Path

from tools.docs import PAGES, gather

ROOT = Path(__file__).parent.parent


def test_links_lead_somewhere(tmp_path: Path) -> None:
    assert gather(tmp_path / "docs") == []
    assert (tmp_path / "docs" / "README.md").read_text().startswith("\n# DiffIR Studio")
    assert (tmp_path / "docs" / "docs" / "screenshots" / "studio-light.webp").is_file()


def test_a_link_that_leads_nowhere_is_named(tmp_path: Path, monkeypatch) -> None:  # noqa: ANN001
    (tmp_path / "README.md").write_text("[gone](no/such.md), [there](a.txt)")
    (tmp_path / "a.txt").touch()
    monkeypatch.setattr("tools.docs.ROOT", tmp_path)
    monkeypatch.setattr("tools.docs.LOGO", tmp_path / "a.txt")
    assert gather(tmp_path / "out") == ["README.md links to no/such.md, which is not there."]


def test_source_files_that_are_named_are_there() -> None:
    named = re.compile(r"`((?:diffir_demo|tools|tests)/[\w/]+\.(?:py|js|json|css|html))`")
    for page in (page for pattern in PAGES for page in ROOT.glob(pattern)):
        if page.name not in ("TRAINING_LOG.md", "CHANGELOG.md", "extending.md"):  # what was, and what might be
            for file in named.findall(page.read_text(encoding="utf-8")):
                assert (ROOT / file).is_file(), f"{page.name} names {file}"
