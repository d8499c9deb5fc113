"""The fuzzer's targets, and the inputs that were worth keeping: each is tried again."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from diffir_demo.errors import InputError
from tools.fuzz import __main__ as fuzz
from tools.fuzz.targets import FOLDER, LONGEST, TARGETS, one_sentence, seeds

CORPUS = Path(__file__).parent / "corpus"
FILES = sorted(path for path in CORPUS.rglob("*") if path.is_file())


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_was_kept_gives_a_result_or_a_sentence(path: Path) -> None:
    TARGETS[path.parent.name](path.read_bytes())


def test_the_corpus_is_small_and_of_every_target() -> None:
    assert {path.parent.name for path in FILES} == set(TARGETS) == set(fuzz.NAMES)
    assert sum(path.stat().st_size for path in FILES) < 200_000


@pytest.mark.parametrize("name", ["picture", "strokes"])  # the others come late in the gauntlet
def test_targets_take_what_is_whole(name: str) -> None:
    """The fuzzer starts from files that are understood, or it would look at nothing but the first refusal."""
    data = next(data for title, data in seeds(name) if "good" in title)
    assert len(data) <= LONGEST[name]
    TARGETS[name](data)


def test_targets_let_nothing_else_pass() -> None:
    def traces(data: bytes) -> None:
        raise KeyError(data)

    def names_a_folder(data: bytes) -> None:
        raise InputError(f"{FOLDER}/x is damaged.")

    with pytest.raises(KeyError):
        one_sentence(traces)(b"x")
    with pytest.raises(AssertionError, match="no plain sentence"):
        one_sentence(names_a_folder)(b"x")


def test_what_raises_is_kept(tmp_path: Path) -> None:
    def raises(data: bytes) -> None:
        if data:
            raise KeyError(data)

    target = fuzz.kept(raises, f"{tmp_path}/")
    target(b"")
    with pytest.raises(KeyError):
        target(b"a fault")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"a fault"]


def test_without_the_fuzzer_it_is_said_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(sys, "argv", ["fuzz"])
    assert fuzz.main() == 2
    assert "Install the extra 'fuzz'" in capsys.readouterr().err


def test_a_target_that_there_is_not_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setattr(fuzz, "require_fuzzer", lambda: None)
    monkeypatch.setattr(sys, "argv", ["fuzz", "nothing"])
    assert fuzz.main() == 2
    assert "There is no target 'nothing'" in capsys.readouterr().err
