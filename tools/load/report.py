"""What came of a visit of many: figures for programs, and a table of them for docs/reliability.md."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import linear_regression
from typing import Any

import numpy as np

from diffir_demo.disk import write_whole
from diffir_demo.errors import InputError
from diffir_demo.figures import markdown_table

from .server import Sample
from .visitor import Deed

BEGIN, END = "<!-- load: written by python -m tools.load -->\n", "<!-- end of load -->\n"
RESULTS = ("program", "page", "scratches", "reload")
"""What of visitors' deeds ends with a result."""
PERCENTILES = (50, 95, 99)
SHOWN = 20
"""Sentences that are shown of what was wrong."""


def summary(deeds: Sequence[Deed], samples: Sequence[Sample], visitors: int, seconds: float) -> dict[str, Any]:
    """Plain values. Memory's slope is that of the second half, when what is kept for others has found its bound."""
    results = [deed for deed in deeds if deed.kind in RESULTS and deed.outcome == "own"]
    each = Counter(deed.visitor for deed in results)
    counts = [each[number] for number in range(visitors)]
    sentences = Counter(said for deed in deeds for said in deed.refusals)
    late = [sample for sample in samples if seconds / 2 <= sample.seconds <= seconds] or samples
    quarters = [_at(samples, share * seconds) for share in (0, 0.25, 0.5, 0.75, 1)]
    return {
        "visitors": visitors,
        "seconds": seconds,
        "results": len(results),
        "by task": dict(Counter(deed.task for deed in results)),
        "by kind": dict(Counter(deed.kind for deed in deeds)),
        "foreign": sum(deed.outcome == "foreign" for deed in deeds),
        "broken": sum(deed.outcome == "broken" for deed in deeds),
        "wrong": [f"{deed.kind} {deed.task}: {deed.said}" for deed in deeds if deed.said][:SHOWN],
        "least and most results": [min(counts), max(counts)],
        "refusals": dict(sentences),
        "without a result at the end": sum(deed.outcome == "refused" for deed in deeds),
        "latency": _percentiles([deed.seconds for deed in results]),
        "latency from admission": _percentiles([deed.admitted for deed in results]),
        "megabytes": [round(sample.megabytes) for sample in quarters],
        "megabytes a minute": _a_minute([(sample.seconds, sample.megabytes) for sample in late]),
        "megabytes in use": [round(sample.in_use) for sample in quarters],
        "megabytes in use a minute": _a_minute([(sample.seconds, sample.in_use) for sample in late]),
        "threads": _span([sample.threads for sample in samples]),
        "handles": _span([sample.handles for sample in samples]),
        "files": _span([sample.files for sample in samples]),
        "file megabytes": round(samples[-1].file_megabytes, 1),
        "processor seconds": round(samples[-1].cpu - samples[0].cpu),
    }


def _percentiles(values: Sequence[float]) -> list[float]:
    return [round(float(value), 1) for value in np.percentile(values, PERCENTILES)] if values else []


def _a_minute(values: Sequence[tuple[float, float]]) -> float:
    """The slope of what was measured at so many seconds."""
    if len(values) < 2:
        return 0.0
    return round(linear_regression([at / 60 for at, _ in values], [value for _, value in values]).slope, 2)


def _at(samples: Sequence[Sample], seconds: float) -> Sample:
    return min(samples, key=lambda sample: abs(sample.seconds - seconds))


def _span(values: Sequence[int]) -> list[int]:
    """At the start, at most, at the end."""
    return [values[0], max(values), values[-1]]


def table(found: dict[str, Any]) -> str:
    """Markdown."""

    def seconds(values: Sequence[float]) -> str:
        return " / ".join(f"{value:g}" for value in values) + " s" if values else "none"

    def span(name: str) -> str:
        return " / ".join(map(str, found[name]))

    def memory(name: str) -> str:
        return f"{span(name)} MB; in the second half {found[f'{name} a minute']:+g} MB a minute"

    exact, (least, most) = found["exact"], found["least and most results"]
    tasks = ", ".join(f"{name} {count}" for name, count in sorted(found["by task"].items()))
    rows = [
        ["results", f"{found['results']} ({tasks})"],
        ["a second", f"{found['results'] / found['seconds']:.2f}"],
        ["what was somebody else's", str(found["foreign"])],
        ["compared with the library, pixel by pixel; the same", f"{exact['compared']}; {exact['same']}"],
        ["answers that were neither a result nor a sentence", str(found["broken"])],
        ["results of a visitor, least and most", f"{least}, {most}"],
        ["latency from the first try, p50 / p95 / p99", seconds(found["latency"])],
        ["latency from admission, p50 / p95 / p99", seconds(found["latency from admission"])],
        ["refused, and asked again", str(sum(found["refusals"].values()))],
        ["refused still when time was up", str(found["without a result at the end"])],
        ["resident memory at the start, after a quarter, half, three quarters, and at the end", memory("megabytes")],
        ["of that, in use in the heaps", memory("megabytes in use")],
        ["threads at the start / at most / 20 s after the end, as somebody comes", span("threads")],
        ["file handles, likewise", span("handles")],
        ["files of uploads and results, likewise", f"{span('files')} ({found['file megabytes']:g} MB)"],
        ["temporary files elsewhere; tracebacks in the log", f"{found.get('left', 0)}; {found.get('traces', 0)}"],
        ["processor time of the server", f"{found['processor seconds']} s"],
    ]
    return markdown_table(["", f"{found['visitors']} visitors, {found['seconds'] / 60:g} minutes"], rows)


def write(path: Path, found: dict[str, Any], samples: list[dict[str, Any]]) -> None:
    """The table into the Markdown file, between its marks, and all into a JSON file beside it. Raises `InputError`."""
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise InputError(f"'{path.name}' has no place for the figures.", f"Put the lines '{BEGIN}' and '{END}' there.")
    refusals = [["Refused with", "times"], *sorted(([k, str(v)] for k, v in found["refusals"].items()), key=str)]
    said = f"\n{markdown_table(refusals[0], refusals[1:])}\n" if found["refusals"] else ""
    write_whole(path, f"{before}{begin}\n{table(found)}\n{said}{end}{after}")
    rounded = [{key: round(value, 1) for key, value in each.items()} for each in samples]
    write_whole(path.with_suffix(".json"), json.dumps(found | {"samples": rounded}, indent=1) + "\n")
