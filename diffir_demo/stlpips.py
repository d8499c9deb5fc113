"""ST-LPIPS (Ghildyal and Liu, ECCV 2022): how different two pictures look to a network; 0 = equal, lower is better.

Its AlexNet weights lie in the wheel `stlpips-pytorch` (BSD-2-Clause) and are read as plain tensors, offline. The
package itself is never imported: it wants torchvision and more, and some of its modules carry a licence that forbids
commercial use, so the network is written down here anew. It is not LPIPS: the two give different numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .model.pixels import to_tensor

ST_LPIPS = "st_lpips"
"""What scores call it."""
PACKAGE = "stlpips-pytorch"
WEIGHTS = "stlpips_pytorch/weights/vST0.0/alex_shift_tolerant.pth"
SMALLEST = 32
"""Shortest side that can be measured, pixels."""
DEPTHS = (2, 6, 10, 12, 14)
"""Layers whose features are compared: the five ReLUs."""


class BlurPool(nn.Module):
    """Blurs with the stored binomial kernel, then takes every second pixel: features do not jump with a shift."""

    filt: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("filt", torch.zeros(channels, 1, 3, 3))

    def forward(self, x: Tensor) -> Tensor:
        """(b, c, h, w) -> (b, c, (h + 3) // 2, (w + 3) // 2); mirrored by two pixels, as the weights were trained."""
        return F.conv2d(F.pad(x, (2, 2, 2, 2), mode="reflect"), self.filt, stride=2, groups=x.shape[1])


class StLpips(nn.Module):
    """The shift-tolerant AlexNet and the weights of its features."""

    shift: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("shift", torch.zeros(1, 3, 1, 1))
        self.register_buffer("scale", torch.ones(1, 3, 1, 1))
        self.layers = nn.Sequential(
            *(nn.Conv2d(3, 64, 11, padding=2), BlurPool(64), nn.ReLU()),
            *(nn.MaxPool2d(3, stride=1), BlurPool(64), nn.Conv2d(64, 192, 5, padding=2), nn.ReLU()),
            *(nn.MaxPool2d(3, stride=1), BlurPool(192), nn.Conv2d(192, 384, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(), nn.Conv2d(256, 256, 3, padding=1), nn.ReLU()),
        )
        self.weights = nn.ParameterList(torch.zeros(1, c, 1, 1) for c in (64, 192, 384, 256, 256))
        self.requires_grad_(False).eval()

    @classmethod
    def installed(cls) -> StLpips | None:
        """With the wheel's weights; None where the package is not installed."""
        if version(PACKAGE) is None:
            return None
        stored = torch.load(file_of(PACKAGE, WEIGHTS), map_location="cpu", weights_only=True)
        metric = cls()
        metric.load_state_dict({_renamed(name): value for name, value in stored.items()})  # strictly
        return metric

    def features(self, picture: Tensor) -> list[Tensor]:
        """(b, 3, h, w) in [0, 1] -> for each depth (b, c, h', w'), every pixel's vector of length 1."""
        x = (2 * picture - 1 - self.shift) / self.scale
        found: list[Tensor] = []
        for index, layer in enumerate(self.layers):
            x = layer(x)
            if index in DEPTHS:
                found.append(x / (x.square().sum(dim=1, keepdim=True).sqrt() + 1e-10))
        return found

    @torch.inference_mode()
    def against(self, reference: np.ndarray) -> Callable[[np.ndarray], float] | None:
        """The distance of any (h, w, 3) uint8 picture to this one, whose features are found once; None if too small."""
        if min(reference.shape[:2]) < SMALLEST:
            return None
        wanted = self.features(to_tensor(reference))

        @torch.inference_mode()
        def distance(pixels: np.ndarray) -> float:
            pairs = zip(self.weights, self.features(to_tensor(pixels)), wanted, strict=True)
            return float(sum(((a - b).square() * w).sum(dim=1).mean() for w, a, b in pairs))

        return distance


def version(package: str) -> str | None:
    """The installed version; None where it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def file_of(package: str, path: str) -> Path:
    """A file inside an installed package, found without importing it: some cannot be imported."""
    return Path(str(metadata.distribution(package).locate_file(path)))


def _renamed(name: str) -> str:
    """The file's names in ours: `net.slice2.5.bias` is `layers.5.bias`, `lin0.model.1.weight` is `weights.0`."""
    if name.startswith("net."):
        return "layers." + name.split(".", 2)[2]
    if name.startswith("lin"):
        return f"weights.{name[3]}"
    return name.removeprefix("scaling_layer.")
