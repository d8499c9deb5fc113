"""DiffIR for spandrel, and so for chaiNNer, ComfyUI's model loaders and whatever else reads networks by it.

`import diffir_spandrel` registers it; after that, the authors' files load as any other network does. README.md says
where to put it. The network itself is DiffIR Studio's, under the Apache License 2.0.
"""

from __future__ import annotations

from typing import Any

import torch
from spandrel import (
    MAIN_REGISTRY,
    Architecture,
    ArchSupport,
    ImageModelDescriptor,
    MaskedImageModelDescriptor,
    ModelTiling,
    SizeRequirements,
)
from spandrel.util import KeyCondition
from torch import Tensor, nn

from diffir_demo.model import DiffIR, seeded_noise
from diffir_demo.weights.official import read_official
from diffir_demo.weights.store import assemble

SEED = 0
"""Of the noise that the diffusion begins with, so that a picture always gives the same pixels."""


def noise_for(length: int) -> Tensor:
    """(1, length): the x_T that `SEED` stands for."""
    return seeded_noise(length, SEED)


class OneInput(nn.Module):
    """DiffIR as spandrel calls networks: a picture, and a mask where it fills holes."""

    def __init__(self, network: DiffIR) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor, mask: Tensor | None = None) -> Tensor:
        """image: (b, 3, h, w) in [0, 1]; mask: (b, 1, h, w), 1 = hole."""
        damaged = image if mask is None else torch.cat([image * (1 - mask), mask], 1)
        noise = noise_for(self.network.config.ipr_length).to(damaged).expand(len(damaged), -1)
        return self.network(damaged, noise)[0]

    def load_state_dict(self, *_: Any, **__: Any) -> Any:
        """The tensors are in place: spandrel would look for the authors' names, and ours are others."""


class DiffIRArch(Architecture[OneInput]):
    """Stage 2 of every published variant, and of others of that structure."""

    def __init__(self) -> None:
        seen = KeyCondition.has_any("condition.E.0.weight", "diffusion.condition.E.0.weight")
        super().__init__(id="DiffIR", detect=KeyCondition.has_all("G.patch_embed.proj.weight", seen))

    def load(self, state_dict: dict[str, Any]) -> Any:
        """Strict: every tensor of the file is accounted for, or `WeightsError` says what is wrong."""
        config, stage, tensors = read_official(state_dict)
        network = assemble(config, stage, tensors, "cpu")
        assert isinstance(network, DiffIR)  # stage 1 has other names
        facts: dict[str, Any] = {
            "model": OneInput(network),
            "state_dict": state_dict,
            "architecture": self,
            "tags": [f"{config.width}w"],
            "supports_half": False,
            "supports_bfloat16": True,
            "input_channels": 3,
            "output_channels": 3,
            "size_requirements": SizeRequirements(multiple_of=config.multiple_of),
            "tiling": ModelTiling.DISCOURAGED,  # tiles would each have an IPR of their own
        }
        if config.wants_mask:
            return MaskedImageModelDescriptor(purpose="Inpainting", **facts)
        purpose = "SR" if config.scale > 1 else "Restoration"
        return ImageModelDescriptor(purpose=purpose, scale=config.scale, **facts)


MAIN_REGISTRY.add(ArchSupport.from_architecture(DiffIRArch()), ignore_duplicates=True)
