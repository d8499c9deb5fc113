"""What the app is made of: licences as packages name them, and what is said where a service cannot be reached."""

from __future__ import annotations

import importlib.util
import json
from email.message import Message
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tools import audit
from tools.audit import OFFLINE, Package, allowed, bill, licence_of, packages, runtime, vulnerabilities

FIXTURE = {
    "app-part": (
        ["gpl-part; python_version >= '3'", "never; sys_platform == 'nowhere'", "extra-part; extra == 'x'"],
        "MIT",
    ),
    "gpl-part": (["app-part"], "GPL-3.0-only"),
    "extra-part": ([], "Apache-2.0"),
}
"""Packages: what they require, and their licence. Two require each other."""


def found_in_fixture(name: str) -> Any:
    requires, licence = FIXTURE[name]
    described = Message()
    described["License-Expression"] = licence
    return SimpleNamespace(version="1.0", requires=requires, metadata=described)


@pytest.mark.parametrize(
    ("licence", "is_allowed"),
    [
        ("MIT", True),
        ("BSD-3-Clause AND 0BSD AND MIT AND Zlib AND CC0-1.0", True),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", True),
        ("GPL-3.0-only OR MIT", True),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("ISC License (ISCL)", True),
        ("MIT License; BSD License", True),
        ("GPL-3.0-only", False),
        ("GPL-3.0-only AND (MIT OR Apache-2.0)", False),
        ("(MIT OR Apache-2.0) AND AGPL-3.0-only", False),
        ("MIT License; GNU General Public License v3 (GPLv3)", False),
        ("(MIT", False),
        ("", False),
    ],
)
def test_licences_that_may_be_used(licence: str, is_allowed: bool) -> None:
    assert allowed(licence) is is_allowed


def test_everything_that_is_brought_along_is_listed_once() -> None:
    listed = packages(["app-part[x]>=1"], found_in_fixture)
    assert [each.name for each in listed] == ["app-part", "extra-part", "gpl-part"]
    assert [each.name for each in listed if not each.is_allowed] == ["gpl-part"]
    assert [each.name for each in packages(["app-part"], found_in_fixture)] == ["app-part", "gpl-part"]


def test_a_licence_is_read_as_packages_say_it() -> None:
    described = Message()
    described["License"] = "Some text\nof many lines"
    assert licence_of(described) == "Some text"
    described["Classifier"] = "License :: OSI Approved :: MIT License"
    assert licence_of(described) == "MIT License"
    described["License-Expression"] = "ISC"
    assert licence_of(described) == "ISC"


def test_what_the_app_is_made_of_may_be_used() -> None:
    found = packages(runtime())
    assert {"torch", "gradio", "pillow", "starlette"} <= {each.name for each in found}
    assert [f"{each.name}: {each.licence}" for each in found if not each.is_allowed] == []


CLEAN = {"name": "torch", "version": "2.14.1", "vulns": []}
KNOWN = {"name": "pillow", "version": "1.0", "vulns": [{"id": "PYSEC-1"}]}
SKIPPED = {"name": "numpy", "skip_reason": "Dependency not found"}


@pytest.mark.parametrize(
    ("output", "trouble", "said", "known"),
    [
        ([CLEAN], "", "Vulnerabilities: 0 known, 1 packages checked; not checked: none.", False),
        ([CLEAN, SKIPPED], "", "Vulnerabilities: 0 known, 1 packages checked; not checked: numpy.", False),
        ([KNOWN], "", "Vulnerabilities: 1 known, 1 packages checked; not checked: none.\npillow 1.0: PYSEC-1", True),
        ([SKIPPED], "", OFFLINE, False),
        (None, "requests.exceptions.ConnectionError: Max retries exceeded", OFFLINE, False),
        (None, "bug", "Vulnerabilities: pip-audit failed: bug", True),
    ],
)
def test_what_was_not_checked_is_said_and_is_no_failure(
    output: Any, trouble: str, said: str, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    asked: dict[str, Any] = {}

    def run(command: list[str], **options: Any) -> Any:
        asked.update(options)
        return SimpleNamespace(stdout=json.dumps({"dependencies": output}) if output else "", stderr=trouble)

    checked = [Package("torch", "2.14.1+cpu", "BSD-3-Clause"), Package("gone", "not installed", "")]
    assert vulnerabilities(checked, run) == (said, known)
    assert asked["input"] == "torch==2.14.1"


def test_the_bill_counts_what_is_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "build" / "sbom.json"
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "not installed" in bill(target) and not target.exists()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())

    def run(command: list[str], **options: Any) -> None:
        Path(command[command.index("-o") + 1]).write_text(json.dumps({"components": [1, 2]}))

    assert bill(target, run).endswith("2 components.")


def test_a_licence_that_is_not_allowed_is_a_failure(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr(audit, "packages", lambda roots: [Package("gpl-part", "1.0", "GPL-3.0-only")])
    monkeypatch.setattr(audit, "bill", lambda target: "")
    monkeypatch.setattr(audit, "vulnerabilities", lambda found: (OFFLINE, False))
    monkeypatch.setattr("sys.argv", ["audit"])
    assert audit.main() == 1
    assert "not on the list: gpl-part" in capsys.readouterr().out
