"""The first restoration fitted to what the probe reads: four numbers for each threshold and gain instead of 257.

Its layer is a linear function of the IPR, and by gradients alone it would get there slowly. What it has to follow is
known: noise, softness and compression. Fitted to these readings it is nearly right at once, and the reading's own
weights turn that into a function of the IPR, which then goes on learning with everything else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from ..model import SteeredShrinkage
from ..model.shrinkage import curves_of, shrink
from .data import Batch
from .losses import pixel_loss
from .probe import Probe

STEPS, BATCH, SIDE = 240, 12, 96
"""Steps of the fit, crops in each, and their sides in pixels of the input."""
FIRST_NOISE = 2.0
"""Levels of the threshold for each level of noise, to begin with; and of the threshold without any."""
RATES = (0.5, 0.02)
"""Learning rates of thresholds and gains; they fall to nearly nothing."""
FLOOR = 36.0
"""`pixel_loss`'s, dB. Higher, and pictures that lack nothing would outweigh those that need the most."""


@torch.enable_grad()
def fit_shrinkage(
    layer: SteeredShrinkage, probe: Probe, ipr_of: Callable[[Batch], Tensor], batches: Iterator[Batch]
) -> None:
    """Sets the layer's weights. ipr_of: a batch's IPR (b, n). batches: at least `STEPS`, with their severities."""
    count = len(probe.deviation)
    threshold, gain = (nn.Parameter(torch.zeros(count + 1, layer.threshold.out_features)) for _ in RATES)
    with torch.no_grad():
        threshold[:2] = FIRST_NOISE  # row 0: without damage; row 1: per level of noise, over its deviation
        threshold[1] *= probe.deviation[0]
    groups = [{"params": [part], "lr": rate} for part, rate in zip((threshold, gain), RATES, strict=True)]
    optimiser = torch.optim.Adam(groups)
    falling = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.02, STEPS)
    for _, batch in zip(range(STEPS), batches, strict=False):
        with torch.no_grad():
            told = probe(ipr_of(batch)) + probe.mean / probe.deviation  # over the deviations, 0 without damage
            told = torch.cat([torch.ones_like(told[:, :1]), told], dim=1)
        picture = shrink(batch.damaged, *curves_of(told @ threshold, told @ gain))
        loss = pixel_loss(picture, batch, "psnr", floor=FLOOR)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        falling.step()
    with torch.no_grad():
        for linear, fitted in ((layer.threshold, threshold), (layer.gain, gain)):
            linear.weight.copy_(fitted[1:].T @ probe.linear.weight)
            linear.bias.copy_(fitted[0] + fitted[1:].T @ (probe.linear.bias + probe.mean / probe.deviation))
