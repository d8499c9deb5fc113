"""A network as ONNX graphs, for programs that have no torch: prior encoder, denoiser and painter apart.

Apart, because the IPR of a photo that is worked on in tiles is one for all of them, and because what lies between is
what this project is about: every step of the diffusion can be looked at, and the IPR changed before it is painted with.

A run with them:

1. `encoder`: damaged (1, c, h, w) -> pooled (1, n). Of tiles, the mean weighted by their area.
2. `denoiser`, once per step of a schedule: pooled, noisy (1, n), time (1, 1) -> x0 (1, n), from which noisy becomes
   x0 weight * x0 + xt weight * noisy. The first is noise, the last is the IPR. Also gives the condition (1, n).
3. `painter`: seen (1, c, h, w), ipr (1, n) -> picture (1, 3, h * scale, w * scale), to be clamped to [0, 1].

Sides are multiples of `multiple_of`. The manifest beside the graphs says all of that in numbers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..disk import write_whole
from ..errors import InputError
from ..messages import Message
from ..model import DiffIR
from ..model.config import ModelConfig
from ..network import Network
from .build import Graph, Shape, Value
from .manifest import digest, manifest
from .painter import painted
from .prior import denoised, pooled, projected

__all__ = ["GRAPHS", "MANIFEST", "Exported", "export", "graphs_of"]

MANIFEST = "manifest.json"
Made = Mapping[str, tuple[Value, Shape]]
"""A graph's outputs, with their shapes."""


@dataclass(frozen=True)
class Exported:
    """One graph, finished."""

    name: str
    data: bytes
    """The file."""
    inputs: Mapping[str, Shape]
    outputs: Mapping[str, Shape]

    @property
    def file(self) -> str:
        return f"{self.name}.onnx"

    def facts(self) -> dict[str, Any]:
        """For the manifest."""
        about = {"file": self.file, "bytes": len(self.data), "sha256": digest(self.data)}
        return about | {"inputs": dict(self.inputs), "outputs": dict(self.outputs)}


def export(network: Network, folder: Path) -> list[Path]:
    """Writes the graphs of a network and their manifest to a folder, which is made; gives the files.

    Raises `DiffIRError` where onnx is not installed, `InputError` where the folder is a file or cannot be written to.
    """
    found = list(graphs_of(network.diffir))
    facts = manifest(network, {each.name: each.facts() for each in found})
    written = [(folder / each.file, each.data) for each in found]
    written.append((folder / MANIFEST, (json.dumps(facts, indent=1) + "\n").encode()))
    try:
        for path, data in written:
            write_whole(path, data)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(
            Message("'{folder}' cannot be written to: {reason}.", folder=str(folder), reason=reason), "Name a folder."
        ) from error
    return [path for path, _ in written]


def graphs_of(diffir: DiffIR) -> Iterator[Exported]:
    """The three graphs, one after the other. Raises `DiffIRError` where onnx is not installed."""
    for name, (shapes, outputs) in GRAPHS.items():
        inputs = shapes(diffir.config)
        graph = Graph(name, inputs)
        made = outputs(graph, diffir)
        data = graph.finished(made).SerializeToString(deterministic=True)
        yield Exported(name, data, inputs, {key: shape for key, (_, shape) in made.items()})


def _encoder(g: Graph, diffir: DiffIR) -> Made:
    found = pooled(g, diffir.encoder, Value("damaged"))
    return {"pooled": (found, _vector(diffir.config))}


def _denoiser(g: Graph, diffir: DiffIR) -> Made:
    condition = projected(g, diffir.encoder, Value("pooled"))
    x0 = denoised(g, diffir.denoiser, Value("noisy"), Value("time"), condition)
    shape = _vector(diffir.config)
    return {"x0": (x0, shape), "condition": (condition, shape)}


def _painter(g: Graph, diffir: DiffIR) -> Made:
    scale = diffir.config.scale
    sides = ("height", "width") if scale == 1 else (f"{scale}*height", f"{scale}*width")
    return {"picture": (painted(g, diffir, Value("seen"), Value("ipr")), (1, 3, *sides))}


def _vector(config: ModelConfig) -> Shape:
    return 1, config.ipr_length


def _encoder_inputs(config: ModelConfig) -> dict[str, Shape]:
    return {"damaged": (1, config.in_channels, "height", "width")}


def _denoiser_inputs(config: ModelConfig) -> dict[str, Shape]:
    return {"pooled": _vector(config), "noisy": _vector(config), "time": (1, 1)}


def _painter_inputs(config: ModelConfig) -> dict[str, Shape]:
    return {"seen": (1, config.input_channels, "height", "width"), "ipr": _vector(config)}


GRAPHS: dict[str, tuple[Callable[[ModelConfig], dict[str, Shape]], Callable[[Graph, DiffIR], Made]]] = {
    "encoder": (_encoder_inputs, _encoder),
    "denoiser": (_denoiser_inputs, _denoiser),
    "painter": (_painter_inputs, _painter),
}
"""By name: the inputs of a graph, and what writes it."""
