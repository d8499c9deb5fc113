"""What stands beside exported graphs: all that a program needs to restore photos with them, as JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from ..model.config import ModelConfig
from ..model.cost import cost_of
from ..model.diffusion import Schedule
from ..network import Network
from ..settings import MAX_STEPS
from ..tiling import OVERLAP, bytes_per_pixel
from ..version import VERSION
from ..weights.directions import FURTHEST

FORMAT = "diffir-onnx/1"
LICENCES = {
    "trained": "Apache-2.0",
    "untrained": "Apache-2.0",
    "official": "that of the file which the authors published",
}
"""Of weights, by where they come from."""
COUNTED = 32
"""Multiples of what the network wants, at which multiplications per pixel are counted."""


def manifest(network: Network, graphs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """graphs: by name, their file, its size and SHA-256, inputs and outputs."""
    info, config = network.info, network.config
    directions = info.directions
    return {
        "format": FORMAT,
        "made_by": f"DiffIR Studio {VERSION}",
        "task": network.task.key,
        "weights": {"file": info.file, "sha256": info.sha256, "about": info.badge, "parameters": info.parameters},
        "licence": LICENCES[info.provenance],
        "config": config.to_dict(),
        "scale": config.scale,
        "multiple_of": config.multiple_of,
        "ipr_length": config.ipr_length,
        "steps": config.timesteps,
        "schedules": schedules(config),
        "input": {
            "layout": "NCHW",
            "batch": 1,
            "type": "float32",
            "colours": "sRGB",
            "channels": list(channels(config)),
            "range": [0, 1],
            "padding": "symmetric, right and below, to multiples of multiple_of",
        },
        "work": work(config),
        "tiles": {"overlap": OVERLAP, "bytes_per_pixel": bytes_per_pixel(config)},
        "directions": None if directions is None else directions.to_dict() | {"furthest": FURTHEST},
        "graphs": graphs,
    }


def channels(config: ModelConfig) -> tuple[str, ...]:
    """What the painter sees, channel by channel; the encoder sees the first `in_channels`, with the hole black."""
    if config.wants_path:
        return "red", "green", "blue", "deconvolved red", "deconvolved green", "deconvolved blue", "their share"
    if config.wants_mask:
        filled = " (the hole filled harmonically)" if config.base == "fill" else " (the hole black)"
        return tuple(colour + filled for colour in ("red", "green", "blue")) + ("mask (1 = hole)",)
    return "red", "green", "blue"


def schedules(config: ModelConfig) -> dict[str, list[dict[str, float]]]:
    """By number of steps, the steps in the order in which they are taken: the time that the denoiser gets, and what
    the estimate of x0 and the noisy vector weigh in the posterior mean, which is where the next step starts.

    {} for a network without diffusion: its condition is the IPR.
    """
    trained = Schedule.from_config(config)
    most = range(1, MAX_STEPS + 1) if config.timesteps > 1 else range(1, config.timesteps + 1)
    return {str(steps): _steps(trained.resampled(steps)) for steps in most}


def _steps(schedule: Schedule) -> list[dict[str, float]]:
    rows = zip(schedule.times, schedule.x0_weights, schedule.xt_weights, strict=True)
    found = [{"time": float(time), "x0": float(x0), "xt": float(xt)} for time, x0, xt in rows]
    found[0] |= {"x0": 1.0, "xt": 0.0}  # exactly: the last step returns the estimate
    return found[::-1]


def work(config: ModelConfig) -> dict[str, int]:
    """Multiplications of encoder and painter per pixel of the input: what share of a run's time each of them takes."""
    side = COUNTED * config.multiple_of
    cost = cost_of(config, side, side)
    return {"encoder": round(1e9 * cost.encoder / side**2), "painter": round(1e9 * cost.unet / side**2)}


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()
