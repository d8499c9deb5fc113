"""Tables as people and programs read them: Markdown, and plain values for JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from .measure import Table

TITLES = {
    "psnr_y": "PSNR-Y",
    "ssim_y": "SSIM-Y",
    "hole_psnr": "PSNR in the hole",
    "psnr": "PSNR",
    "ssim": "SSIM",
    "st_lpips": "ST-LPIPS (lower is better)",
}


def markdown(table: Table) -> str:
    """The scores of one set, and what the IPR is worth there, as GitHub shows them."""
    return "\n".join([f"**{table.task}, {table.set}**: {table.pictures} pictures, means", "", *score_lines(table)]) + (
        "\n\n" + "\n".join(ipr_lines(table)) + "\n" if table.ipr else "\n"
    )


def score_lines(table: Table) -> list[str]:
    """A row per method; the best value of each column in bold."""
    names = list(dict.fromkeys(name for row in table.rows for name in row.scores))
    best = {name: _best(table, name) for name in names}
    lines = [
        f"| method | {' | '.join(TITLES.get(name, name) for name in names)} | seconds |",
        f"|---|{'---|' * (len(names) + 1)}",
    ]
    for row in table.rows:
        cells = [_cell(name, row.scores.get(name), best[name]) for name in names]
        lines.append(f"| {row.method} | {' | '.join(cells)} | {row.seconds:.2f} |")
    return lines


def ipr_lines(table: Table) -> list[str]:
    """A row per network of ours: its score, and what is lost with other numbers in the IPR's place."""
    lines = [
        f"| {TITLES.get(table.headline, table.headline)}, dB | own IPR | another photo's | the set's mean | zeros "
        "| stage 1 (oracle) | spread of the IPRs |",
        "|---|---|---|---|---|---|---|",
    ]
    for study in table.ipr:
        lost = [f"{value:.2f} ({value - study.own:+.2f})" for value in (study.another, study.mean, study.zeros)]
        above = "–" if study.oracle is None else f"{study.oracle:.2f} ({study.oracle - study.own:+.2f})"
        lines.append(f"| {study.method} | {study.own:.2f} | {' | '.join(lost)} | {above} | {study.spread:.1%} |")
    return lines


def plain(table: Table) -> dict[str, Any]:
    """Everything that was measured, for JSON; scores rounded to what is meaningful."""
    values = asdict(table)
    for row in values["rows"]:
        row["scores"] = _rounded(row["scores"])
        row["photos"] = [_rounded(photo) for photo in row["photos"]]
        row["seconds"] = round(row["seconds"], 3)
    values["ipr"] = [_rounded(study) for study in values["ipr"]]
    return values


def _best(table: Table, name: str) -> str:
    values = [row.scores[name] for row in table.rows if name in row.scores]
    return _number(name, min(values) if name == "st_lpips" else max(values))


def _cell(name: str, value: float | None, best: str) -> str:
    if value is None:
        return "–"
    text = _number(name, value)
    return f"**{text}**" if text == best else text


def _number(name: str, value: float) -> str:
    return f"{value:.4f}" if "ssim" in name or "lpips" in name else f"{value:.2f}"


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 5) if isinstance(value, float) else value for name, value in values.items()}
