"""The panel for many photos without a browser: what its list shows, and what it takes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from diffir_demo.batch import Entry, Gathered, Working
from diffir_demo.imaging import Packed, Picture
from diffir_demo.ui.batch.photos import MAX_FILES, BatchView, PhotoList, PhotoListValue, duration, uses, waiting
from diffir_demo.ui.component import words_of

WORDS = words_of("batch")


def gathered(*names: str, masks: tuple[str, ...] = (), left_out: tuple[str, ...] = ()) -> Gathered:
    photos, found = (tuple(Packed(Path("x.zip"), n, 2_000_000) for n in group) for group in (names, masks))
    return Gathered(photos, found, left_out)


def test_files_that_are_left_out_are_named() -> None:
    names = tuple(f"{number}.txt" for number in range(8))
    line = waiting(gathered("a.png", left_out=names)).line
    assert line.endswith("8 other files were left out: 0.txt, 1.txt, 2.txt, 3.txt, 4.txt and 3 more.")


def finished(name: str) -> Entry:
    glance = Picture(np.full((8, 12, 3), 99, np.uint8))
    return Entry(name, f"{name}-x.png", (120, 80), 1.26, ("A notice.",), None, glance)


def test_before_it_begins_the_list_counts() -> None:
    value = waiting(gathered("a.png", "b.png", masks=("a_mask.png", "c_mask.png"), left_out=("notes.txt",)))
    assert value.line == "2 photos, 4.0 megabytes. 1 of them brought a mask. 1 other file was left out: notes.txt."
    assert [row.state for row in value.rows] == ["waiting", "waiting"] and value.tone == "idle"
    assert waiting(Gathered()).line == ""


def test_rows_tell_what_becomes_of_each() -> None:
    view = BatchView(gathered("a.png", "b.png", "c.png"))
    assert view.begin().tone == "busy"
    value = view.show(Working(1, 3, 0.5, None))
    assert (value.rows[0].state, value.rows[0].share, value.line) == ("working", 0.5, "Photo 1 of 3")
    assert value.share == pytest.approx(1 / 6)
    value = view.show(finished("a.png"))
    assert value.rows[0].state == "done" and value.rows[0].note == "120 × 80 · 1.3 s · A notice."
    assert value.rows[0].thumbnail is not None and value.rows[0].thumbnail.startswith("data:image/jpeg;base64,")
    value = view.show(Working(2, 3, 0.0, 75.0, waiting=True))
    assert value.line == "Another run is going first; photo 2 of 3 comes right after it, about 1 min 15 s left"
    assert value.rows[1].note == WORDS.waiting_row
    value = view.show(Entry("b.png", error="It is damaged."))
    assert (value.rows[1].state, value.rows[1].note) == ("failed", "It is damaged.")
    value = view.show(finished("c.png"))
    value = view.end()
    assert value.line == "Done: 2 photos in 1 s. 1 could not be restored; its row says why."
    assert (value.tone, value.share) == ("good", 1.0)


def test_a_stopped_batch_says_so() -> None:
    view = BatchView(gathered("a.png", "b.png"))
    view.show(finished("a.png"))
    view.show(Working(2, 2, 0.7, 1.0))
    value = view.end()
    assert value.line == "Stopped. The zip holds what was finished: 1 photo of 2."
    assert (value.rows[1].state, value.rows[1].note) == ("waiting", WORDS.not_begun) and value.share == 0.5
    empty = BatchView(gathered("a.png")).end()
    assert empty.line == WORDS.stopped_empty and empty.share is None


def test_where_nothing_worked_it_is_no_success() -> None:
    view = BatchView(gathered("a.png"))
    view.show(Entry("a.png", error="It is damaged."))
    assert (view.end().line, view.value.tone) == (WORDS.none, "bad")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "1 s"), (59.4, "59 s"), (75, "1 min 15 s"), (120, "2 min"), (1790, "30 min"), (4000, "1 h 7 min")],
)
def test_durations_are_readable(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_settings_are_told_and_escaped() -> None:
    told = uses(7, "<b>.safetensors", 3, True)
    assert (
        "seed 7" in told and "&lt;b&gt;.safetensors" in told and "3 diffusion steps" in told and "cat_mask.png" in told
    )
    assert "cat_mask" not in uses(None, "x", None, False)


def test_the_list_takes_only_files_that_gradio_checks() -> None:
    with pytest.raises(ValidationError):
        PhotoListValue.model_validate({"files": [{"path": "secret.png"}]}, context={"validate_meta": True})
    file = {"path": "a.png", "meta": {"_type": "gradio.FileData"}}
    with pytest.raises(ValidationError):
        PhotoListValue.model_validate({"files": [file] * (MAX_FILES + 1)})
    assert PhotoListValue.model_validate({"files": [file]}).files[0].path == "a.png"
    assert PhotoList().preprocess(None).files == []
