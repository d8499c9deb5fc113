"""A light critic for the adversarial term: a small U-Net that judges a picture place by place.

Its form is that of the `UNetDiscriminatorSN` which DiffIR's authors use for super-resolution (from Real-ESRGAN, Wang et
al. 2021): skip connections keep the judgement sharp, spectral normalisation (Miyato et al. 2018) keeps it tame. It is
narrower (1.1 instead of 4.4 M parameters) and works on a picture folded 2 x 2, which costs a quarter and loses nothing.

The losses are the non-saturating ones of Goodfellow et al. (2014), as in both of the authors' recipes. Spectral
normalisation instead of inpainting's R1 penalty, since that needs second derivatives, which double the critic's cost.
With a mask, only the hole counts as made up (`mask_as_fake_target` of LaMa, Suvorov et al. 2022): known pixels are put
back from the photo, so they are real in both pictures.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

FOLD = 2
MULTIPLE_OF = 8 * FOLD
"""Sides of a picture must be multiples of this: the fold and three halvings."""
SLOPE = 0.2


class Critic(nn.Module):
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


def critic_loss(real: Tensor, fake: Tensor, hole: Tensor | None = None) -> Tensor:
    """What the critic minimises, for judgements (b, 1, h, w) of truth and restoration; 2 ln 2 when it knows nothing.

    hole (b, 1, h, w), 1 = restored, at the judgements' size; None: all of it is.
    """
    if hole is None:
        return F.softplus(-real).mean() + F.softplus(fake).mean()
    known = (F.softplus(-fake) * (1 - hole)).sum() / (1 - hole).sum().clamp_min(1)
    made_up = (F.softplus(fake) * hole).sum() / hole.sum().clamp_min(1)
    # Real and made up weigh the same, however small the hole; a third of the real part is the fake's known pixels.
    return (2 * F.softplus(-real).mean() + known) / 3 + made_up


def adversarial_loss(fake: Tensor, hole: Tensor | None = None) -> Tensor:
    """What the restoring network minimises: small where the critic takes the restoration (its hole) for a photo."""
    if hole is None:
        return F.softplus(-fake).mean()
    return (F.softplus(-fake) * hole).sum() / hole.sum().clamp_min(1)


def judged_hole(mask: Tensor) -> Tensor:
    """Mask (b, 1, h, w), 1 = hole -> (b, 1, h / 2, w / 2): a block with one restored pixel counts as restored."""
    return F.max_pool2d(mask.float(), FOLD)


def _conv(channels: int, out: int, kernel: int, stride: int = 1) -> nn.Module:
    return spectral_norm(nn.Conv2d(channels, out, kernel, stride=stride, padding=1, bias=False))
