"""A linear reading of the IPR: how noisy, how soft and how compressed the picture is.

Trained beside the prior encoder, it keeps what is wrong with a picture in the IPR where the numbers alone would hold
little more than its brightness. It is in no weight file: `directions.py` fits another one to the finished network.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .data import Batch

RIDGE = 0.3
"""Of `fit`, over the mean variance of the IPR's numbers."""


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
        """Mean squared difference of what two IPRs tell."""
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
