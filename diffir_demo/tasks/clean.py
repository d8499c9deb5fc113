"""Cleaning up: noise, soft focus and JPEG removed from a photo, alone and together, at the same size."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import torch

from ..model.config import ModelConfig
from .damage import SEVERITIES, Damage
from .single import check, decode, encode
from .task import Preset, Task
from .wear import Wear, fixed, worn

WEAR = Wear()
"""What training draws from."""
SEEN = replace(WEAR, untouched=0)
"""Where a photo is damaged to show it: never left as it was."""
SETS: dict[str, Damage] = {
    "noise": fixed(noise=20),
    "soft": fixed(softness=1.6, noise=2),
    "jpeg": fixed(quality=30),
    "mixed": fixed(softness=1.0, noise=10, quality=55),
}
"""What is measured by itself."""


def accepts(config: ModelConfig) -> bool:
    """Same-size networks that begin with a first restoration, and the authors' x1, which works on folded pixels."""
    return config.in_channels == 3 and config.scale == 1 and (config.shrinkage or config.head == "upsampler")


def damage(device: torch.device, rng: np.random.Generator) -> Damage:
    """Everything at random, `WEAR`."""
    return WEAR.damage()


FAITHFUL = Preset(
    key="faithful",
    title="Faithful",
    summary="Photos that are noisy, slightly out of focus, or strongly compressed.",
    weights="compact-clean.safetensors",
    network="compact_clean",
)
TASK = Task(
    key="clean",
    title="Clean up",
    summary="Remove noise, soft focus and the blocks of strong JPEG compression.",
    noun="clean-up",
    official="sr_x1",
    network=FAITHFUL.network,
    config=FAITHFUL.config,
    weights=FAITHFUL.weights,
    presets=(FAITHFUL,),
    accepts=accepts,
    check=partial(check, "Cleaning up"),
    encode=encode,
    decode=decode,
    degrade=partial(worn, SEEN.damage(), 1),
    damage=damage,
    sets={name: partial(worn, one, 1) for name, one in SETS.items()},
    headline="psnr",
    sets_text="Noise of 20 levels; soft focus of 1.6 pixels with slight noise; JPEG of quality 30; mixed: softness "
    "1.0, noise 10, quality 55. The mix draws everything at random, as training does.",
    margin=WEAR.margin,
    reads=SEVERITIES,
)
