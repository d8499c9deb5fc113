"""Tables as people and programs read them: Markdown, and plain values for JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from diffir_demo.figures import markdown_table
from diffir_demo.training.directions import DAMAGES
from diffir_demo.weights.directions import WORDS

from .ipr import LEAST_SWAP
from .measure import Table
from .sets import MIX

TITLES = {
    "psnr_y": "PSNR-Y",
    "ssim_y": "SSIM-Y",
    "hole_psnr": "PSNR in the hole",
    "psnr": "PSNR",
    "ssim": "SSIM",
    "aligned_psnr": "PSNR, aligned",
    "path": "likeness of the path",
    "st_lpips": "ST-LPIPS (lower is better)",
}


def markdown(table: Table) -> str:
    """The scores of one set, and what the IPR is worth there."""
    parts = [f"**{table.task}, {table.set}**: {table.pictures} pictures, means", *sections(table)]
    return "\n\n".join(parts) + "\n"


def sections(table: Table) -> list[str]:
    """Its tables: the scores; what the IPR is worth, and what can be read off it, where that was measured."""
    studies = [ipr_table(table)] if table.ipr else []
    return [score_table(table), *studies, *([reading_table(table)] if table.readings else [])]


def score_table(table: Table) -> str:
    """A row per method; the best value of each column in bold."""
    names = list(dict.fromkeys(name for row in table.rows for name in row.scores))
    best = {name: _best(table, name) for name in names}
    rows = [
        [row.method, *(_cell(name, row.scores.get(name), best[name]) for name in names), f"{row.seconds:.2f}"]
        for row in table.rows
    ]
    return markdown_table(["method", *(TITLES.get(name, name) for name in names), "seconds"], rows)


def ipr_table(table: Table) -> str:
    """A row per network of ours: its score, and what is lost with other numbers in the IPR's place."""
    head = [
        f"{TITLES.get(table.headline, table.headline)}, dB",
        "own IPR",
        "another photo's",
        "the set's mean",
        "zeros",
    ]
    rows = []
    for study in table.ipr:
        lost = [
            "–" if value is None else f"{decibels(value)} ({_lost(value, study.own)})"
            for value in (study.another, study.mean, study.zeros, study.oracle)
        ]
        rows.append([study.method, decibels(study.own), *lost, f"{study.spread:.1%}"])
    return markdown_table([*head, "stage 1 (oracle)", "spread of the IPRs"], rows)


def reading_table(table: Table) -> str:
    """A row per network and thing that is read off its IPR, and how that was measured."""
    rows = [
        [study.method, WORDS[name][0], f"{error:.3g}", f"{study.r2[name]:.3f}"]
        for study in table.readings
        for name, error in study.error.items()
    ]
    return (
        markdown_table(["read off the IPR of", "", "error", "R2"], rows)
        + f"\n\n{table.readings[0].cases} cases: {DAMAGES} random damages of each photo, fixed seeds. Errors are root "
        "mean squares: grain in levels of 255, softness in pixels, JPEG damage in steps of quality."
    )


def matrix(tables: Sequence[Table]) -> str:
    """For each network of ours a row per set: what is lost with the IPR of another photo, damaged otherwise.

    tables: all of one task. Also says what such an IPR costs on a random mix, where that was measured. "" where there
    are no swap matrices.
    """
    rows = [(table.set, study) for table in tables for study in table.ipr if study.swaps]
    mixes = {study.method: study for table in tables if table.set == MIX for study in table.ipr}
    parts: list[str] = []
    for method in dict.fromkeys(study.method for _, study in rows):
        own = [(name, study) for name, study in rows if study.method == method]
        columns = list(dict.fromkeys(name for _, study in own for name in study.swaps))
        cells = []
        for name, study in own:
            found = [study.swaps.get(column) for column in columns] + [study.overall, study.zeros]
            lost = ("–" if value is None else _lost(value, study.own) for value in found)
            cells.append([name, decibels(study.own), *lost])
        parts += [
            f"{method}: dB against the photo's own IPR. Rows: what was done to the photo. Columns: what was done to "
            "the *other* photo, the one before, whose IPR is decoded with; the mean IPR of all these sets; zeros.",
            markdown_table(["", "own IPR", *columns, "the mean", "zeros"], cells),
        ]
        if method in mixes:
            cost = mixes[method].own - mixes[method].another
            verdict = "which is enough" if cost >= LEAST_SWAP else "which is TOO LITTLE: the prior is hardly in use"
            parts.append(
                f"On a random mix, the IPR of another photo with another damage costs {cost:.2f} dB, {verdict} "
                f"(at least {LEAST_SWAP:g} are wanted)."
            )
    return "".join(f"{part}\n\n" for part in parts)


def plain(table: Table) -> dict[str, Any]:
    """Everything that was measured, for JSON; scores rounded to what is meaningful. Exact pictures, whose score is
    infinite, have None."""
    values = asdict(table)
    for row in values["rows"]:
        row["scores"] = _rounded(row["scores"])
        row["photos"] = [_rounded(photo) for photo in row["photos"]]
        row["seconds"] = round(row["seconds"], 3)
    for studies in ("ipr", "readings"):
        values[studies] = [_rounded(study) for study in values[studies]]
    return values


def decibels(value: float) -> str:
    """dB for people; a perfect picture has no finite number of them."""
    return "exact" if value == math.inf else f"{value:.2f}"


def _best(table: Table, name: str) -> str:
    values = [row.scores[name] for row in table.rows if name in row.scores and row.kind != "oracle"]
    return _number(name, min(values) if name == "st_lpips" else max(values))


def _cell(name: str, value: float | None, best: str) -> str:
    if value is None:
        return "–"
    text = _number(name, value)
    return f"**{text}**" if text == best else text


def _number(name: str, value: float) -> str:
    return f"{value:.4f}" if "ssim" in name or "lpips" in name or name == "path" else decibels(value)


def _lost(value: float, own: float) -> str:
    """The difference in dB; between two exact pictures there is none."""
    return f"{0.0 if value == own else value - own:+.2f}"


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {name: _short(value) for name, value in values.items()}


def _short(value: Any) -> Any:
    if isinstance(value, dict):
        return _rounded(value)
    if isinstance(value, float):
        return round(value, 5) if math.isfinite(value) else None
    return value
