"""The diffusion on the IPR, in the paper's notation (section 3.2, equations 5-9).

Four steps, x0-prediction, posterior mean only: the reverse process adds no noise, and its last step returns the
denoiser's own estimate. The paper's ablations need two variations: `timesteps=0`, where the condition itself is taken
for the IPR, and the noise of DDPM's reverse process.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .config import ModelConfig
from .prior import PriorDenoiser


@dataclass(frozen=True)
class Schedule:
    """Closed-form constants of the diffusion, float64 arrays of length T."""

    betas: np.ndarray

    @classmethod
    def from_config(cls, config: ModelConfig) -> Schedule:
        """betas linear between the square roots of `beta_start` and `beta_end`."""
        roots = np.linspace(config.beta_start**0.5, config.beta_end**0.5, config.timesteps, dtype=np.float64)
        return cls(roots**2)

    @property
    def alpha_bars(self) -> np.ndarray:
        return np.cumprod(1.0 - self.betas)

    @property
    def alpha_bars_before(self) -> np.ndarray:
        return np.append(1.0, self.alpha_bars[:-1])

    @property
    def x0_weights(self) -> np.ndarray:
        """Weight of the x0 estimate in the posterior mean; 1 at t = 0."""
        return self.betas * np.sqrt(self.alpha_bars_before) / (1.0 - self.alpha_bars)

    @property
    def xt_weights(self) -> np.ndarray:
        """Weight of the noisy vector in the posterior mean; 0 at t = 0."""
        return (1.0 - self.alpha_bars_before) * np.sqrt(1.0 - self.betas) / (1.0 - self.alpha_bars)

    @property
    def deviations(self) -> np.ndarray:
        """Standard deviation of the posterior, which DiffIR's reverse process leaves out."""
        return np.sqrt(self.betas * (1.0 - self.alpha_bars_before) / (1.0 - self.alpha_bars))


@dataclass(frozen=True)
class DenoisingStep:
    """One reverse step: from t, the denoiser's estimate of the clean IPR and the vector after the step."""

    t: int
    x0: Tensor
    """(b, n), the denoiser's raw output."""
    ipr: Tensor
    """(b, n), the posterior mean: what the next step starts from."""


class IPRDiffusion:
    """The reverse chain over a denoiser; holds no parameters of its own."""

    def __init__(self, config: ModelConfig) -> None:
        schedule = Schedule.from_config(config)
        self.steps = config.timesteps
        self._x0_weights = schedule.x0_weights.astype(np.float32).tolist()
        self._xt_weights = schedule.xt_weights.astype(np.float32).tolist()
        self._deviations = schedule.deviations.astype(np.float32).tolist()
        last = float(schedule.alpha_bars[-1]) if self.steps else 0.0
        self._signal, self._noise = last**0.5, (1.0 - last) ** 0.5
        self.reverse_noise = False
        """Adds the posterior's noise at every step but the last; to measure what DiffIR gains by leaving it out."""

    def diffuse(self, ipr: Tensor, noise: Tensor) -> Tensor:
        """q(x_T | x_0): where training starts the reverse chain, almost pure noise."""
        return self._signal * ipr + self._noise * noise

    def walk(self, denoiser: PriorDenoiser, condition: Tensor, noise: Tensor) -> Generator[DenoisingStep, None, Tensor]:
        """Yields t = T-1 .. 0; returns the final IPR (b, n), or the condition without steps. Gradients flow."""
        if not self.steps:
            return condition
        x = noise
        for t in reversed(range(self.steps)):
            x0 = denoiser(x, t, condition)
            x = x0 if t == 0 else self._x0_weights[t] * x0 + self._xt_weights[t] * x
            if self.reverse_noise and t > 0:
                x = x + self._deviations[t] * torch.randn_like(x)
            yield DenoisingStep(t, x0, x)
        return x


def seeded_noise(length: int, seed: int) -> Tensor:
    """x_T for one picture, (1, n). Drawn on the CPU so that a seed means the same start on every device."""
    return torch.randn(1, length, generator=torch.Generator("cpu").manual_seed(seed))
