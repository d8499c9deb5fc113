"""What was measured, and under which conditions: Markdown for people, plain values for JSON, and a picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from diffir_demo.figures import markdown_table
from diffir_demo.model import PRESETS
from diffir_demo.model.cost import PAPER_TERA, Cost

from .timing import Timed
from .variants import REFERENCE, Variant

IMAGE_SPACE_STEPS = 1000
"""Steps of the usual diffusion on pixels (Ho et al., 2020), every one of which runs a network over the whole image."""


@dataclass(frozen=True)
class Efficiency:
    """What diffusion on the IPR costs, and what it would cost on pixels. 10^9 MACs."""

    preset: str
    size: int
    steps: int
    diffusion: float
    paint: float
    image_space: float
    """`IMAGE_SPACE_STEPS` times the image network: the same U-Net, run at every step of a diffusion on pixels."""


def efficiency(preset: str, size: int, cost: Cost) -> Efficiency:
    steps = PRESETS[preset].timesteps
    return Efficiency(preset, size, steps, cost.diffusion, cost.unet, IMAGE_SPACE_STEPS * cost.unet)


@dataclass(frozen=True)
class Bench:
    """Everything that is known so far."""

    conditions: Mapping[str, Any]
    gemm_peak: Mapping[str, float]
    """GFLOP/s of a large matrix product, by precision."""
    cases: tuple[Timed, ...]
    efficiency: tuple[Efficiency, ...]


def share_of_peak(bench: Bench, case: Timed, variant: str) -> float:
    """Of the arithmetic that the machine can do in the precision of this variant, how much decoding reached."""
    rate = 2 * case.cost.unet / case.decode[variant].median
    return rate / bench.gemm_peak[Variant.named(variant).precision]


def markdown(bench: Bench) -> str:
    """Two tables: the measurements, and what the diffusion costs."""
    facts = bench.conditions
    peaks = ", ".join(f"{precision} {rate:.0f}" for precision, rate in bench.gemm_peak.items())
    ours, other = PAPER_TERA["DiffIR"], PAPER_TERA["LDM"]
    head = ["network", "input", "GMACs", "variant", "seconds", "quickest to slowest", "against reference"]
    costs = [
        [
            *(row.preset, f"{row.size} x {row.size}", f"{row.diffusion:.6f} ({row.steps} steps)"),
            *(f"{row.paint:.2f}", f"{row.image_space:,.0f}"),
        ]
        for row in bench.efficiency
    ]
    return "\n\n".join(
        [
            f"{facts['processor']}, threads: {facts['threads']}, torch {facts['torch']}, load {facts['load']} before. "
            f"Medians of {facts['rounds']} rounds, all variants in turn in one process, after a warm-up; memory in a "
            "process of its own; the whole pipeline is IPR and decoding. Matrix products reach "
            f"{peaks} GFLOP/s.",
            markdown_table(
                [*head, "whole pipeline", "of peak", "peak MiB", "of it decoding"],
                (row for case in bench.cases for row in _case_rows(bench, case)),
            ),
            markdown_table(
                [
                    "network",
                    "input",
                    "diffusion on the IPR, GMACs",
                    "image network, once",
                    f"{IMAGE_SPACE_STEPS:,} times",
                ],
                costs,
            ),
            f"The last column is arithmetic, not a measurement: this image network at each of {IMAGE_SPACE_STEPS:,} "
            "steps on pixels. The paper's own table (real-world super-resolution x4) counts "
            f"{ours} x 10^12 Mult-Adds for DiffIR and {other} x 10^12 for a latent diffusion model (LDM).",
        ]
    )


def _case_rows(bench: Bench, case: Timed) -> Iterator[list[str]]:
    head = [case.preset, f"{case.size} x {case.size}"]
    for variant, times in case.decode.items():
        memory = case.memory[variant]
        yield [
            *(*head, f"{case.cost.unet:.2f}", variant, f"{times.median:.3f}", f"{times.low:.3f} to {times.high:.3f}"),
            f"{case.decode[REFERENCE.name].median / times.median:.2f}x",
            f"{case.whole(REFERENCE.name) / case.whole(variant):.2f}x",
            f"{share_of_peak(bench, case, variant):.0%}",
            *(("–", "–") if memory is None else (f"{memory.peak:.0f}", f"{memory.peak - memory.at_rest:.0f}")),
        ]
    for precision, times in case.prior.items():
        variants = ", ".join(each for each in case.decode if Variant.named(each).encoder_precision == precision)
        yield [
            *(*head, f"{case.cost.encoder + case.cost.diffusion:.2f}", f"IPR {precision}, before {variants}"),
            *(f"{times.median:.3f}", f"{times.low:.3f} to {times.high:.3f}", "–", "–", "–", "–", "–"),
        ]


def plain(bench: Bench) -> dict[str, Any]:
    """For JSON."""
    values = asdict(bench)
    for record, case in zip(values["cases"], bench.cases, strict=True):
        record["whole"] = {each: case.whole(each) for each in case.decode}
        record["share_of_peak"] = {each: share_of_peak(bench, case, each) for each in case.decode}
    return values


def draw(bench: Bench, path: Path) -> None:
    """Seconds against the result's megapixels, a line for every network and variant."""
    from matplotlib.figure import Figure  # here, so that it is not in the memory that is measured

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    presets = list(dict.fromkeys(case.preset for case in bench.cases))
    for preset, marker in zip(presets, "osD^vPX*<>" * len(presets), strict=False):
        cases = [case for case in bench.cases if case.preset == preset]
        megapixels = [(case.size * PRESETS[preset].scale) ** 2 / 1e6 for case in cases]
        for i, variant in enumerate(cases[0].decode):
            seconds = [case.decode[variant].median for case in cases]
            dashes = {"reference": ":", "plain": "--"}.get(variant.split()[0], "-")
            axes.plot(megapixels, seconds, dashes, color=f"C{i}", marker=marker, label=f"{preset}, {variant}")
        area = [pixels / megapixels[0] for pixels in megapixels]
        first = cases[0].decode[REFERENCE.name].median
        axes.plot(megapixels, [first * times for times in area], color="0.75", linewidth=5, alpha=0.5, zorder=0)
    axes.plot([], [], color="0.75", linewidth=5, alpha=0.5, label="in proportion to the pixels")
    axes.set(xscale="log", yscale="log", xlabel="megapixels of the result", ylabel="seconds to decode it")
    axes.grid(which="both", alpha=0.3)
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=120)
