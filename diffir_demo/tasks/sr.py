"""Super-resolution: a small photo, enlarged; how far is up to the network of the preset."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from PIL import Image

from ..imaging.picture import Picture
from ..model.config import PRESETS, ModelConfig
from .damage import SEVERITIES, Damage, Parameters, reduced, to_levels
from .single import check, degraded, encode
from .task import Case, Degrade, Preset, Request, Task
from .wear import Wear, fixed, worn

REDUCED = {"softness": 0.7, "noise": 6, "quality": 60}
"""Of the set "real": as photos are that were taken, made smaller and sent around."""


def accepts(config: ModelConfig) -> bool:
    """Networks that enlarge by 4, and the authors' for 2. What works on folded pixels and keeps the size cleans up."""
    return config.in_channels == 3 and config.scale > 1 and config.head_scale == 4


def decode(pixels: np.ndarray, request: Request) -> Picture:
    alpha = request.picture.alpha
    if alpha is not None:
        size = (pixels.shape[1], pixels.shape[0])
        alpha = np.asarray(Image.fromarray(alpha).resize(size, Image.Resampling.BICUBIC))
    return request.picture.restored(pixels, alpha)


def bicubic(scale: int) -> Damage:
    """Antialiased bicubic reduction, as MATLAB's `imresize` and the papers do. Nothing in it is random."""
    return Damage(
        lambda count, generator: Parameters(),
        lambda sharp, parameters, generator: to_levels(reduced(sharp, scale)),
    )


def shrunk(scale: int, sharp: Picture, rng: np.random.Generator) -> Case:
    """A clean reduction; sides are first cut to multiples of the scale."""
    return degraded(sharp, rng, bicubic(scale), margin=2 * scale, scale=scale)


def clean_damage(device: torch.device, rng: np.random.Generator) -> Damage:
    """A clean reduction to a quarter."""
    return bicubic(FAITHFUL.scale)


def _real(weights: str, network: str, sets: dict[str, Degrade]) -> Preset:
    scale = PRESETS[network].scale
    wear = Wear(noise=25, softness=1.5, quality=(30, 95), scale=scale)
    return Preset(
        key="real",
        title="Real photos",
        summary="For photos as they are: a little soft, noisy or compressed. That is removed while enlarging.",
        weights=weights,
        network=network,
        damage=lambda device, rng: wear.damage(),
        margin=wear.margin,
        reads=SEVERITIES,
        degrade=partial(worn, wear.damage(), scale),
        sets=sets,
    )


SETS: dict[int, dict[str, Degrade]] = {
    4: {"x4": partial(shrunk, 4), "real": partial(worn, fixed(**REDUCED, scale=4), 4)},
    2: {"x2": partial(shrunk, 2), "real-x2": partial(worn, fixed(**REDUCED, scale=2), 2)},
}
"""What is measured at each scale."""
FAITHFUL = Preset(
    key="faithful",
    title="Faithful",
    summary="For clean small photos. It adds nothing that it cannot be sure of.",
    weights="compact-sr.safetensors",
    network="compact_sr_x4",
)
CRISP = Preset(
    key="crisp",
    title="Crisp",
    summary="For clean small photos that should look sharp. Some of the detail is invented.",
    weights="compact-sr-crisp.safetensors",
    network="compact_sr_x4",
)
TASK = Task(
    key="sr",
    title="Super-resolution",
    summary="Enlarge a small photo to two or four times its width and height.",
    noun="super-resolution",
    official="sr_x4",
    network=FAITHFUL.network,
    config=FAITHFUL.config,
    weights=FAITHFUL.weights,
    presets=(
        _real("compact-sr-real.safetensors", "compact_sr_real_x4", SETS[4]),
        _real("compact-sr-real-x2.safetensors", "compact_sr_real_x2", SETS[2]),
        FAITHFUL,
        CRISP,
    ),
    accepts=accepts,
    check=partial(check, "Super-resolution"),
    encode=encode,
    decode=decode,
    degrade=partial(shrunk, 4),
    damage=clean_damage,
    sets=SETS[4],
    headline="psnr_y",
    luma_border=4,
    perceptual=True,
    sets_text="Sides cut to multiples of 4, then reduced by 4: antialiased bicubic, as MATLAB's `imresize` does it.",
)
