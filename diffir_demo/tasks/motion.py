"""Synthetic motion blur: how a camera moves during an exposure, and what that does to the light."""

from __future__ import annotations

import numpy as np

from ..deconvolve import rasterised

GAMMA = 2.2  # close enough to sRGB's curve for a degradation, and cheap
POINTS = 256
"""Positions along a path."""
PERIOD = 4.0
"""Seconds after which the slowest drift of a hand repeats; no exposure is as long."""
FINE = 8
"""Parts of a pixel's side that are in or out of a disc."""


def straight_motion(length: float, rng: np.random.Generator) -> np.ndarray:
    """A straight path of `length` pixels in a random direction -> kernel (k, k) float32 summing to 1."""
    angle = rng.uniform(0, np.pi)
    along = np.linspace(-length / 2, length / 2, POINTS)
    return rasterised(np.stack([along * np.cos(angle), along * np.sin(angle)], axis=1))


def camera_shake(length: float, rng: np.random.Generator) -> np.ndarray:
    """A trembling path that spans about `length` pixels -> kernel (k, k) float32 summing to 1.

    A particle with inertia, random pushes and now and then a jerk, after Boracchi and Foi, "Modeling the performance of
    image restoration from motion blur" (IEEE TIP 2012).
    """
    direction = rng.uniform(0, 2 * np.pi)
    velocity = np.array([np.cos(direction), np.sin(direction)])
    tremble, jerk_rate = rng.uniform(0.02, 0.25), rng.uniform(0, 0.02)
    pushes, jerks = rng.standard_normal((POINTS, 2)), rng.random(POINTS)
    path = np.zeros((POINTS, 2))
    for i in range(1, POINTS):
        velocity = velocity + tremble * pushes[i]
        if jerks[i] < jerk_rate:
            velocity = -velocity + pushes[i]
        velocity = velocity / max(float(np.linalg.norm(velocity)), 1e-6)
        path[i] = path[i - 1] + velocity
    return rasterised(spanning(path, length))


def hand_shake(length: float, rng: np.random.Generator) -> np.ndarray:
    """A hand-held exposure whose path spans about `length` pixels -> kernel (k, k) float32 summing to 1.

    Unlike `camera_shake` it slows down and turns back, so light gathers in knots, as in measured paths.
    """
    return rasterised(spanning(swaying(2, rng), length))


def swaying(ways: int, rng: np.random.Generator) -> np.ndarray:
    """How a hand moves in so many directions or turns, while a photo is exposed -> (POINTS, ways), in any unit.

    A hand drifts slowly and trembles at 8 to 12 Hz (Marshall and Walsh, "Physiological tremor", 1956): random
    oscillations whose amplitude falls with their frequency, and a narrow band of tremor, seen for the length of the
    exposure.
    """
    exposure = rng.uniform(0.1, 0.6)  # seconds
    tremble = rng.uniform(0.1, 0.6)  # times the drift at its frequency
    frequencies = np.arange(1, 81) / PERIOD
    amplitudes = frequencies**-1.5 + tremble * np.exp(-(((frequencies - 10) / 2) ** 2) / 2) * 0.2
    phases = rng.uniform(0, 2 * np.pi, (ways, len(frequencies)))
    sizes = amplitudes * rng.rayleigh(size=(ways, len(frequencies)))
    times = np.linspace(0, exposure, POINTS)
    return np.stack(
        [
            (size[:, None] * np.sin(2 * np.pi * frequencies[:, None] * times + phase[:, None])).sum(axis=0)
            for size, phase in zip(sizes, phases, strict=True)
        ],
        axis=1,
    )


def defocus(radius: float) -> np.ndarray:
    """A lens out of focus, with a round stop: a disc of `radius` pixels -> kernel (k, k) float32 summing to 1."""
    reach = int(np.ceil(radius))
    places = (np.arange((2 * reach + 1) * FINE) + 0.5) / FINE - reach - 0.5
    inside = places[:, None] ** 2 + places**2 <= radius**2
    kernel = inside.reshape(2 * reach + 1, FINE, 2 * reach + 1, FINE).mean(axis=(1, 3)).astype(np.float32)
    return kernel / kernel.sum()


def spanning(path: np.ndarray, length: float) -> np.ndarray:
    """Path (n, ways) in any unit -> the same around its mean, its longest side `length`."""
    span = float(np.ptp(path, axis=0).max())
    return (path - path.mean(axis=0)) * (length / max(span, 1e-6))
