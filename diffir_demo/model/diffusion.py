"""The diffusion on the IPR, in the paper's notation (section 3.2, equations 5-9).

Four steps, x0-prediction, posterior mean only: the reverse process adds no noise, and its last step returns the
denoiser's own estimate. The paper's ablations need two variations: `timesteps=0`, where the condition itself is taken
for the IPR, and the noise of DDPM's reverse process.
"""

from __future__ import annotations

from collections.abc import Iterator
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
    times: np.ndarray
    """The time that the denoiser gets at each step: 0 .. T-1, and values between in a resampled schedule."""

    @classmethod
    def from_config(cls, config: ModelConfig) -> Schedule:
        """betas linear between the square roots of `beta_start` and `beta_end`."""
        roots = np.linspace(config.beta_start**0.5, config.beta_end**0.5, config.timesteps, dtype=np.float64)
        return cls(roots**2, np.arange(config.timesteps, dtype=np.float64))

    def resampled(self, steps: int) -> Schedule:
        """The same diffusion in another number of steps, for a denoiser that was trained on this one.

        The `steps` times lie evenly from 0 to T-1, so the chain still starts where training starts it, from almost pure
        noise at the last alpha_bar, and ends at the first. Between two trained times the logarithm of the
        signal-to-noise ratio, log(alpha_bar / (1 - alpha_bar)), is taken to be linear: it is what distinguishes one
        noise level from the next, and it only falls, so every beta stays within (0, 1). The denoiser gets the same
        times, which never leave the range that it has seen. At trained times nothing is interpolated, and with T steps
        the schedule is this very one; a single step goes from the noise straight to the denoiser's estimate at T-1.

        Raises `ValueError` for less than one step, and for a schedule of less than two steps, which spans no range.
        """
        trained = len(self.betas)
        if steps == trained:
            return self
        if steps < 1 or trained < 2:
            raise ValueError(f"a schedule of {trained} steps cannot be resampled to {steps}")
        times = np.linspace(0, trained - 1, steps) if steps > 1 else np.array([trained - 1.0])
        bars = self.alpha_bars
        odds = np.interp(times, self.times, np.log(bars / (1 - bars)))
        resampled = 1 / (1 + np.exp(-odds))
        return Schedule(1 - resampled / np.append(1.0, resampled[:-1]), times)

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
    """Steps to come: 0 at the last one. The paper's time, unless the schedule was resampled."""
    x0: Tensor
    """(b, n), the denoiser's raw output."""
    ipr: Tensor
    """(b, n), the posterior mean: what the next step starts from."""


class IPRDiffusion:
    """The reverse chain over a denoiser; holds no parameters of its own."""

    def __init__(self, config: ModelConfig) -> None:
        self._schedule = Schedule.from_config(config)
        self.steps = config.timesteps
        self._trained = _Chain.of(self._schedule)
        last = float(self._schedule.alpha_bars[-1]) if self.steps else 0.0
        self._signal, self._noise = last**0.5, (1.0 - last) ** 0.5
        self.reverse_noise = False
        """Adds the posterior's noise at every step but the last; to measure what DiffIR gains by leaving it out."""

    def diffuse(self, ipr: Tensor, noise: Tensor) -> Tensor:
        """q(x_T | x_0): where training starts the reverse chain, almost pure noise."""
        return self._signal * ipr + self._noise * noise

    def reverse(
        self, denoiser: PriorDenoiser, condition: Tensor, noise: Tensor, steps: int | None = None
    ) -> Iterator[DenoisingStep]:
        """The steps t = steps-1 .. 0 from noise x_T (b, n); none for a network without diffusion. Gradients flow.

        steps: another number than the trained one, see `Schedule.resampled`, which also says what it raises.
        """
        if not self.steps and steps is None:
            return
        chain = self._trained if steps is None else _Chain.of(self._schedule.resampled(steps))
        x = noise
        for t in reversed(range(len(chain.times))):
            x0 = denoiser(x, chain.times[t], condition)
            x = x0 if t == 0 else chain.x0_weights[t] * x0 + chain.xt_weights[t] * x
            if self.reverse_noise and t > 0:
                x = x + chain.deviations[t] * torch.randn_like(x)
            yield DenoisingStep(t, x0, x)


@dataclass(frozen=True)
class _Chain:
    """What the reverse process needs of a schedule, as plain numbers of float32 precision."""

    times: list[float]
    x0_weights: list[float]
    xt_weights: list[float]
    deviations: list[float]

    @classmethod
    def of(cls, schedule: Schedule) -> _Chain:
        weights = (schedule.x0_weights, schedule.xt_weights, schedule.deviations)
        return cls(schedule.times.tolist(), *(values.astype(np.float32).tolist() for values in weights))


def seeded_noise(length: int, seed: int) -> Tensor:
    """x_T for one picture, (1, n). Drawn on the CPU so that a seed means the same start on every device."""
    return torch.randn(1, length, generator=torch.Generator("cpu").manual_seed(seed))
