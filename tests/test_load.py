"""The judge of many visitors: it knows whose an answer is, and adds up what came of a visit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from diffir_demo.errors import InputError
from tools.gauntlet import encoded
from tools.load.photos import Register, is_hole_of, pixels_of
from tools.load.report import BEGIN, END, summary, table, write
from tools.load.server import TRACE, Sample, traces_in
from tools.load.visitor import Deed


@pytest.fixture(scope="module")
def register() -> Register:
    return Register(6, 1)


def test_an_answer_is_its_own_visitors_and_nobody_elses(register: Register) -> None:
    for photo in (photos[0] for photos in register.photos):
        assert register.stranger(photo.data, photo) == ""
        image = Image.fromarray(pixels_of(photo.data))
        larger = encoded(image.resize((2 * image.width, 2 * image.height)), "PNG")
        assert register.stranger(larger, photo) == "", "enlarged, it is still theirs"
    first, second = register.photos[0][0], register.photos[1][0]
    assert "like another" in register.stranger(second.data, first)
    assert register.stranger(encoded(Image.new("RGB", (64, 48), (9, 9, 9)), "PNG"), first)


def test_a_hole_is_known_by_its_place(register: Register) -> None:
    photo, other = register.photos[0][0], register.photos[1][0]
    width, height = Image.fromarray(pixels_of(photo.data)).size
    rows, columns = np.mgrid[:height, :width]

    def mask(hole: tuple[float, float, float]) -> bytes:
        inside = np.hypot(columns - hole[0] * width, rows - hole[1] * height) < hole[2] * width
        alpha = inside.astype(np.uint8) * 255
        return encoded(Image.fromarray(np.dstack([np.zeros_like(alpha), alpha])), "PNG")

    assert is_hole_of(mask(photo.hole), photo)
    assert not is_hole_of(mask(other.hole), photo)


def deed(visitor: int, outcome: str, seconds: float = 1.0, kind: str = "program", **facts: object) -> Deed:
    return Deed(visitor, kind, "sr", outcome, seconds, seconds / 2, **facts)  # pyright: ignore[reportArgumentType]


DEEDS = [
    *(deed(0, "own", seconds) for seconds in (1.0, 2.0, 3.0)),
    deed(1, "own", 4.0, refusals=("full", "full")),
    deed(1, "left", kind="leave"),
    deed(2, "refused", refusals=("full",)),
    deed(0, "foreign", said="0.10 alike"),
    deed(1, "broken", said="ReadError"),
]
SAMPLES = [
    Sample(5.0 * n, 500 + 10 * min(n, 6), 300 + 5.0 * n, 5 + n % 3, 12, 4 + n, 0.1 * n, 1.0 * n) for n in range(13)
]


def test_a_visit_is_added_up() -> None:
    found = summary(DEEDS, SAMPLES, 3, 60.0)
    assert found["results"] == 4 and found["least and most results"] == [0, 3]
    assert (found["foreign"], found["broken"], found["without a result at the end"]) == (1, 1, 1)
    assert found["refusals"] == {"full": 3} and found["latency"][0] == 2.5
    assert found["wrong"] == ["program sr: 0.10 alike", "program sr: ReadError"]
    assert found["megabytes"] == [500, 530, 560, 560, 560] and found["megabytes a minute"] == 0
    assert found["megabytes in use"] == [300, 315, 330, 345, 360] and found["megabytes in use a minute"] == 60
    growing = [Sample(5.0 * n, 500 + 10.0 * n, 300, 5, 12, 4, 0, 0) for n in range(13)]
    assert summary(DEEDS, growing, 3, 60.0)["megabytes a minute"] == 120


def test_a_report_has_its_place(tmp_path: Path) -> None:
    found = summary(DEEDS, SAMPLES, 3, 60.0) | {"exact": {"compared": 2, "same": 2}}
    page = tmp_path / "reliability.md"
    with pytest.raises(InputError, match="no place for the figures"):
        write(page, found, [])
    page.write_text(f"before\n{BEGIN}old\n{END}after\n")
    for _ in range(2):
        write(page, found, [])
        text = page.read_text()
        assert text.startswith("before\n") and text.endswith("after\n") and "old" not in text
        assert table(found) in text and "| full | 3 |" in text
    assert json.loads(page.with_suffix(".json").read_text())["results"] == 4


def test_tracebacks_are_cut_out_of_a_log() -> None:
    head = "Traceback (most recent call last):"
    assert traces_in([]) == traces_in(["all", "is", "well"]) == []
    first, second = [head, "  in a", "Error: a"], [head, *(f"  {i}" for i in range(2 * TRACE))]
    assert traces_in(["up", *first, *second]) == ["\n".join(first), "\n".join(second[:TRACE])]
