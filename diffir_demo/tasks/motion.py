"""Synthetic motion blur: how a camera moves during an exposure, and what that does to the light."""

from __future__ import annotations

import numpy as np

GAMMA = 2.2  # close enough to sRGB's curve for a degradation, and cheap
POINTS = 256
"""Positions along a path."""


def straight_motion(length: float, rng: np.random.Generator) -> np.ndarray:
    """A straight path of `length` pixels in a random direction -> kernel (k, k) float32 summing to 1."""
    angle = rng.uniform(0, np.pi)
    along = np.linspace(-length / 2, length / 2, POINTS)
    return _rasterise(np.stack([along * np.cos(angle), along * np.sin(angle)], axis=1))


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
    span = float(np.ptp(path, axis=0).max())
    return _rasterise((path - path.mean(axis=0)) * (length / max(span, 1e-6)))


def _rasterise(path: np.ndarray) -> np.ndarray:
    """Path (n, 2) in pixels around the origin -> kernel, each point shared between its four neighbours."""
    radius = int(np.ceil(np.abs(path).max())) + 1
    kernel = np.zeros((2 * radius + 1, 2 * radius + 1), np.float32)
    corner = np.floor(path).astype(int)
    part = path - corner
    for dx in (0, 1):
        for dy in (0, 1):
            share = np.abs(1 - dx - part[:, 0]) * np.abs(1 - dy - part[:, 1])
            np.add.at(kernel, (corner[:, 1] + dy + radius, corner[:, 0] + dx + radius), share)
    return kernel / kernel.sum()
