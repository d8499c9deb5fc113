"""The notebook runs from its first cell to its last, and shows what it was saved with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
CELLS: list[dict[str, Any]] = json.loads((ROOT / "notebooks" / "ipr.ipynb").read_text(encoding="utf-8"))["cells"]


def test_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Any] = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    monkeypatch.delenv("DIFFIR_CHECKPOINTS", raising=False)
    names: dict[str, Any] = {}
    for cell in CELLS:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), "ipr.ipynb", "exec"), names)
    assert len(shown) == 4
    restored, damaged = (
        names["scores"](each.pixels, names["case"].reference.pixels, None)["psnr"]
        for each in (names["result"].picture, names["case"].request.picture)
    )
    assert restored > damaged + 1


def test_it_is_saved_with_what_it_shows() -> None:
    code = [cell for cell in CELLS if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    kinds = [output["output_type"] for cell in code for output in cell["outputs"]]
    assert kinds.count("display_data") == 4 and "stream" in kinds and "error" not in kinds
