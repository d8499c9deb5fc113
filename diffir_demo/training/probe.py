"""A linear reading of the IPR: how noisy, how soft and how compressed the picture is; and a first restoration by it.

Trained beside the prior encoder, the probe keeps what is wrong with a picture in the IPR where the numbers alone would
hold little more than its brightness. It is in no weight file: `directions.py` fits another one to the finished network.

The first restoration's layer is a linear function of the IPR, and by gradients alone it would get there slowly. What it
has to follow is known: noise, softness and compression. Fitted to these readings, four numbers for each threshold and
gain instead of 257, it is nearly right at once, and the reading's own weights turn that into a function of the IPR,
which then goes on learning with everything else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from ..model import ModulatedShrinkage
from ..model.shrinkage import curves_of, shrink
from .data import Batch
from .losses import pixel_loss

RIDGE = 0.3
"""Of `fit`, over the mean variance of the IPR's numbers."""
FIT_STEPS, FIT_BATCH, FIT_SIDE = 240, 12, 96
"""Steps of the fit, crops in each, and their sides in pixels of the input."""
FIRST_NOISE = 2.0
"""Levels of the threshold for each level of noise, to begin with; and of the threshold without any."""
RATES = (0.5, 0.02)
"""Learning rates of thresholds and gains; they fall to nearly nothing."""
FLOOR = 36.0
"""`pixel_loss`'s, dB. Higher, and pictures that lack nothing would outweigh those that need the most."""


class Probe(nn.Module):
    """IPR (b, n) -> what is read, (b, k), standardised over the training damage."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, ipr_length: int, count: int) -> None:
        super().__init__()
        self.linear = nn.Linear(ipr_length, count)
        self.register_buffer("mean", torch.zeros(count))
        self.register_buffer("deviation", torch.ones(count))

    def forward(self, ipr: Tensor) -> Tensor:
        with torch.autocast(ipr.device.type, enabled=False):
            return self.linear(ipr.float())

    def loss(self, ipr: Tensor, batch: Batch) -> Tensor:
        """Mean squared error of the reading."""
        assert batch.severity is not None  # only tasks that read something have a probe
        return (self(ipr) - (batch.severity - self.mean) / self.deviation).square().mean()

    def distance(self, ipr: Tensor, oracle: Tensor) -> Tensor:
        """Mean squared difference of what is read off two IPRs."""
        return (self(ipr) - self(oracle)).square().mean()

    @torch.no_grad()
    def fit(self, iprs: Tensor, severities: Tensor) -> None:
        """Closed form, from (m, n) and (m, k): gradients alone would spoil the encoder before the probe is right."""
        self.mean.copy_(severities.mean(dim=0))
        self.deviation.copy_(severities.std(dim=0).clamp_min(1e-3))
        weight, bias = ridge(iprs, (severities - self.mean) / self.deviation, RIDGE)
        self.linear.weight.copy_(weight)
        self.linear.bias.copy_(bias)


def ridge(x: Tensor, y: Tensor, strength: float) -> tuple[Tensor, Tensor]:
    """Least squares of y (m, k) on x (m, n) with the weights' squares added, times `strength` times x's mean variance.

    -> (weight (k, n), bias (k,)) float32.
    """
    x, y = x.double(), y.double()
    centred = x - x.mean(dim=0)
    covariance = centred.T @ centred / len(x)
    covariance.diagonal().add_(strength * covariance.diagonal().mean())
    weight = torch.linalg.solve(covariance, centred.T @ (y - y.mean(dim=0)) / len(x)).T
    return weight.float(), (y.mean(dim=0) - weight @ x.mean(dim=0)).float()


@torch.enable_grad()
def fit_shrinkage(
    layer: ModulatedShrinkage, probe: Probe, ipr_of: Callable[[Batch], Tensor], batches: Iterator[Batch]
) -> None:
    """Sets the layer's weights. ipr_of: a batch's IPR (b, n). batches: at least `FIT_STEPS`, with their severities."""
    count = len(probe.deviation)
    threshold, gain = (nn.Parameter(torch.zeros(count + 1, layer.threshold.out_features)) for _ in RATES)
    with torch.no_grad():
        threshold[:2] = FIRST_NOISE  # row 0: without damage; row 1: per level of noise, over its deviation
        threshold[1] *= probe.deviation[0]
    groups = [{"params": [part], "lr": rate} for part, rate in zip((threshold, gain), RATES, strict=True)]
    optimiser = torch.optim.Adam(groups)
    falling = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.02, FIT_STEPS)
    for _, batch in zip(range(FIT_STEPS), batches, strict=False):
        with torch.no_grad():
            readings = probe(ipr_of(batch)) + probe.mean / probe.deviation  # over the deviations, 0 without damage
            readings = torch.cat([torch.ones_like(readings[:, :1]), readings], dim=1)
        picture = shrink(batch.damaged, *curves_of(readings @ threshold, readings @ gain))
        loss = pixel_loss(picture, batch, "psnr", floor=FLOOR)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        falling.step()
    with torch.no_grad():
        for linear, fitted in ((layer.threshold, threshold), (layer.gain, gain)):
            linear.weight.copy_(fitted[1:].T @ probe.linear.weight)
            linear.bias.copy_(fitted[0] + fitted[1:].T @ (probe.linear.bias + probe.mean / probe.deviation))
