"""What was measured, and under which conditions: Markdown for people, plain values for JSON, and a picture."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from ..model import PRESETS
from ..model.cost import PAPER_TERA
from .cost import IMAGE_SPACE_STEPS, Efficiency
from .timing import Timed
from .ways import CPU, REFERENCE, Way


@dataclass(frozen=True)
class Bench:
    """Everything that is known so far."""

    conditions: Mapping[str, Any]
    gemm_peak: Mapping[str, float]
    """GFLOP/s of a large matrix product, by precision."""
    cases: tuple[Timed, ...]
    efficiency: tuple[Efficiency, ...]


def conditions(rounds: int, device: torch.device = CPU) -> dict[str, Any]:
    """What a number depends on besides the code. load: processes that were running or waiting, over one minute."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "processor": torch.cuda.get_device_name(device) if device.type == "cuda" else _processor(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "rounds": rounds,
        "load": None if load is None else round(load, 2),
    }


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def share_of_peak(bench: Bench, case: Timed, way: str) -> float:
    """Of the arithmetic that the machine can do in the precision of this way, how much painting reached."""
    rate = 2 * case.cost.paint / case.paint[way].median
    return rate / bench.gemm_peak[Way.named(way).precision]


def markdown(bench: Bench) -> str:
    """Two tables as GitHub shows them: the measurements, and what the diffusion costs."""
    facts = bench.conditions
    peaks = ", ".join(f"{precision} {rate:.0f}" for precision, rate in bench.gemm_peak.items())
    return "\n".join(
        [
            f"{facts['processor']}, threads: {facts['threads']}, torch {facts['torch']}, load {facts['load']} before. "
            f"Medians of {facts['rounds']} rounds, all ways in turn in one process, after a warm-up; "
            f"memory in a process of its own; the whole pipeline is IPR and painting. Matrix products reach {peaks} "
            "GFLOP/s.",
            "",
            "| network | input | GMACs | way | seconds | quickest to slowest | against reference | whole pipeline "
            "| of peak | peak MiB | of it painting |",
            "|---|---|---|---|---|---|---|---|---|---|---|",
            *(line for case in bench.cases for line in _case_lines(bench, case)),
            "",
            *_efficiency_lines(bench.efficiency),
        ]
    )


def _case_lines(bench: Bench, case: Timed) -> Iterator[str]:
    head = f"{case.preset} | {case.size} x {case.size}"
    for way, times in case.paint.items():
        memory = case.memory[way]
        cells = ["–", "–"] if memory is None else [f"{memory.peak:.0f}", f"{memory.peak - memory.at_rest:.0f}"]
        yield (
            f"| {head} | {case.cost.paint:.2f} | {way} | {times.median:.3f} | {times.low:.3f} to {times.high:.3f} "
            f"| {case.paint[REFERENCE.name].median / times.median:.2f}x "
            f"| {case.whole(REFERENCE.name) / case.whole(way):.2f}x | {share_of_peak(bench, case, way):.0%} "
            f"| {' | '.join(cells)} |"
        )
    for precision, times in case.prior.items():
        ways = ", ".join(way for way in case.paint if Way.named(way).encoder_precision == precision)
        yield (
            f"| {head} | {case.cost.encoder + case.cost.diffusion:.2f} | IPR {precision}, before {ways} "
            f"| {times.median:.3f} | {times.low:.3f} to {times.high:.3f} | – | – | – | – | – |"
        )


def _efficiency_lines(rows: tuple[Efficiency, ...]) -> Iterator[str]:
    yield f"| network | input | diffusion on the IPR, GMACs | image network, once | {IMAGE_SPACE_STEPS:,} times |"
    yield "|---|---|---|---|---|"
    for row in rows:
        yield (
            f"| {row.preset} | {row.size} x {row.size} | {row.diffusion:.6f} ({row.steps} steps) | {row.paint:.2f} "
            f"| {row.image_space:,.0f} |"
        )
    yield ""
    ours, other = PAPER_TERA["DiffIR"], PAPER_TERA["LDM"]
    yield (
        f"The last column is arithmetic, not a measurement: this image network at each of {IMAGE_SPACE_STEPS:,} steps "
        f"on pixels. The paper's own table (real-world super-resolution x4) counts {ours} x 10^12 Mult-Adds for "
        f"DiffIR and {other} x 10^12 for a latent diffusion model (LDM)."
    )


def plain(bench: Bench) -> dict[str, Any]:
    """For JSON."""
    values = asdict(bench)
    for record, case in zip(values["cases"], bench.cases, strict=True):
        record["whole"] = {way: case.whole(way) for way in case.paint}
        record["share_of_peak"] = {way: share_of_peak(bench, case, way) for way in case.paint}
    return values


def draw(bench: Bench, path: Path) -> None:
    """Seconds against the result's megapixels, a line for every network and way."""
    from matplotlib.figure import Figure  # here, so that it is not in the memory that is measured

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    presets = list(dict.fromkeys(case.preset for case in bench.cases))
    for preset, marker in zip(presets, "osD^vPX*<>" * len(presets), strict=False):
        cases = [case for case in bench.cases if case.preset == preset]
        megapixels = [(case.size * PRESETS[preset].scale) ** 2 / 1e6 for case in cases]
        for i, way in enumerate(cases[0].paint):
            seconds = [case.paint[way].median for case in cases]
            dashes = {"reference": ":", "plain": "--"}.get(way.split()[0], "-")
            axes.plot(megapixels, seconds, dashes, color=f"C{i}", marker=marker, label=f"{preset}, {way}")
        area = [pixels / megapixels[0] for pixels in megapixels]
        first = cases[0].paint[REFERENCE.name].median
        axes.plot(megapixels, [first * times for times in area], color="0.75", linewidth=5, alpha=0.5, zorder=0)
    axes.plot([], [], color="0.75", linewidth=5, alpha=0.5, label="in proportion to the pixels")
    axes.set(xscale="log", yscale="log", xlabel="megapixels of the result", ylabel="seconds to paint it")
    axes.grid(which="both", alpha=0.3)
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=120)
