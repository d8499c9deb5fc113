"""The example photos: every one credited, every list naming photos that exist."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from PIL import Image

from diffir_demo.tasks import TASKS

EXAMPLES = Path(__file__).parent.parent / "examples"
PHOTOS = sorted(path.name for path in EXAMPLES.glob("*.jpg"))


def credits() -> list[dict[str, str]]:
    with (EXAMPLES / "CREDITS.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_photo_is_credited_once() -> None:
    assert len(PHOTOS) == 19
    assert [row["file"] for row in credits()] == PHOTOS


@pytest.mark.parametrize("row", credits(), ids=lambda row: row["file"])
def test_a_credit_is_complete(row: dict[str, str]) -> None:
    assert row["title"] and row["author"] and row["licence"] and row["source"]
    assert row["credit"] == ("needed" if row["licence"].startswith("CC BY") else "courtesy")
    assert row["url"].startswith("https://") or not row["url"]


def test_the_readme_tells_the_same() -> None:
    lines = (EXAMPLES / "README.md").read_text(encoding="utf-8").splitlines()
    for row in credits():
        (line,) = (line for line in lines if line.startswith(f"| [{row['file']}]"))
        assert all(row[column] in line for column in ("title", "author", "licence", "source", "credit"))


@pytest.mark.parametrize("name", PHOTOS)
def test_photos_are_small_and_upright(name: str) -> None:
    assert (EXAMPLES / name).stat().st_size < 320_000
    with Image.open(EXAMPLES / name) as photo:
        assert photo.mode == "RGB" and max(photo.size) <= 1024 and not photo.getexif()


@pytest.mark.parametrize("task", TASKS)
def test_every_task_offers_photos_with_people_among_them(task: str) -> None:
    entries = json.loads((EXAMPLES / "examples.json").read_text(encoding="utf-8"))[task]
    offered = [entry["photo"] if isinstance(entry, dict) else entry for entry in entries]
    assert len(offered) == len(set(offered)) >= 4
    assert set(offered) <= set(PHOTOS)
    assert any(name.startswith(("portrait-", "people-", "street-")) for name in offered)
