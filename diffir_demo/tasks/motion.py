"""Synthetic motion blur: how a camera moves during an exposure, and what no single path explains: a subject that moves
by itself, a camera that turns about its axis."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from ..deconvolve import rasterised, to_levels, to_light
from ..imaging.picture import Picture
from ..settings import Settings
from .damage import blur
from .task import Case, Request

POINTS = 256
"""Positions along a path."""
PERIOD = 4.0
"""Seconds after which the slowest drift of a hand repeats; no exposure is as long."""
FINE = 8
"""Parts of a pixel's side that are in or out of a disc."""
CAMERA = (7, 17)
"""Length of the camera's path, pixels; where a subject moves, half of the cameras stand still."""
SUBJECT = (9, 25)
"""Length of the straight path by which a subject moves, pixels."""
SHARE = (0.15, 0.4)
"""Of the picture that a subject takes."""
EDGE = 2.0
"""Standard deviation of a subject's soft edge, pixels."""
TURN = (4, 10)
"""How far the corners move as the camera turns, pixels: paths in two corners across differ by twice that."""
POSES = 64
"""Poses of a turning camera that are averaged: less than a pixel from one to the next."""
NOISE = 2.0
"""Largest standard deviation of sensor noise, levels of 255."""


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


def swaying(count: int, rng: np.random.Generator) -> np.ndarray:
    """How a hand moves in so many directions or turns, while a photo is exposed -> (POINTS, count), in any unit.

    A hand drifts slowly and trembles at 8 to 12 Hz (Marshall and Walsh, "Physiological tremor", 1956): random
    oscillations whose amplitude falls with their frequency, and a narrow band of tremor, seen for the length of the
    exposure.
    """
    exposure = rng.uniform(0.1, 0.6)  # seconds
    tremble = rng.uniform(0.1, 0.6)  # times the drift at its frequency
    frequencies = np.arange(1, 81) / PERIOD
    amplitudes = frequencies**-1.5 + tremble * np.exp(-(((frequencies - 10) / 2) ** 2) / 2) * 0.2
    phases = rng.uniform(0, 2 * np.pi, (count, len(frequencies)))
    sizes = amplitudes * rng.rayleigh(size=(count, len(frequencies)))
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
    """Path (n, count) in any unit -> the same around its mean, its longest side `length`."""
    span = float(np.ptp(path, axis=0).max())
    return (path - path.mean(axis=0)) * (length / max(span, 1e-6))


def moving(sharp: Picture, rng: np.random.Generator) -> Case:
    """A subject with a soft edge crosses the picture while it is exposed: a part of the photo in its own place, or of
    the photo mirrored. The kernel of the case is the camera's, if it moved at all.

    In linear light, and behind an edge that is blurred as the subject is: near it both show, each for its time.
    """
    scene = to_light(sharp.pixels, "linear")
    subject = scene.flip(2) if rng.random() < 0.5 else scene
    edge = torch.from_numpy(_region(sharp.height, sharp.width, rng))
    own = straight_motion(float(rng.uniform(*SUBJECT)), rng)
    path = hand_shake(float(rng.uniform(*CAMERA)), rng)
    camera = path if rng.random() < 0.5 else None
    reference = _levels(scene + edge * (subject - scene))
    behind = scene if camera is None else _blurred(scene, camera)
    seen = (1 - _blurred(edge[None], own)) * behind + _blurred(edge * subject, own)
    return _exposed(sharp, reference, seen, camera, rng)


def roll(sharp: Picture, rng: np.random.Generator) -> Case:
    """A hand that shakes and turns about the lens's axis, so that every part of the picture has a path of its own. The
    kernel of the case is that in the middle."""
    height, width = sharp.height, sharp.width
    sway = swaying(3, rng)
    path = spanning(sway[:, :2], float(rng.uniform(*CAMERA)))
    turns = spanning(sway[:, 2:], 2 * float(rng.uniform(*TURN)) / np.hypot(height, width))[:, 0]
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    scene = np.ascontiguousarray(to_light(sharp.pixels, "linear").permute(1, 2, 0).numpy())
    seen = np.zeros_like(scene)
    for place in np.linspace(0, len(path) - 1, POSES).round().astype(int):
        cosine, sine = np.cos(turns[place]), np.sin(turns[place])
        turned = np.array([[cosine, -sine], [sine, cosine]])
        from_there = np.column_stack([turned, middle + path[place] - turned @ middle])
        seen += cv2.warpAffine(
            scene,
            from_there,
            (width, height),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REFLECT,
        )
    light = torch.from_numpy(seen / POSES).permute(2, 0, 1)
    return _exposed(sharp, sharp.pixels, light, rasterised(path), rng)


def _region(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """(h, w) float32 in [0, 1]: a lobed blob that takes `SHARE` of the picture."""
    centre = rng.uniform(0.3, 0.7, 2)
    down, across = np.mgrid[:height, :width].astype(np.float32)
    down, across = down / height - centre[0], (across / width - centre[1]) * rng.uniform(0.7, 1.4)
    around, far = np.arctan2(down, across), np.hypot(down, across)
    lobes = sum(rng.uniform(0, 0.3) / n * np.cos(n * around + rng.uniform(0, 2 * np.pi)) for n in (2, 3, 5))
    far = far / (1 + lobes)
    inside = far <= np.quantile(far, rng.uniform(*SHARE))
    return cv2.GaussianBlur(inside.astype(np.float32), (0, 0), EDGE)


def _blurred(planes: Tensor, kernel: np.ndarray) -> Tensor:
    """(c, h, w) light, mirrored beyond its border."""
    margin = kernel.shape[0]
    wide = torch.from_numpy(np.pad(planes.numpy(), ((0, 0), (margin, margin), (margin, margin)), mode="symmetric"))
    blurred = blur(wide[None], torch.from_numpy(kernel)[None], linear_light=False)[0]
    return blurred[:, margin:-margin, margin:-margin]


def _levels(light: Tensor) -> np.ndarray:
    return np.ascontiguousarray(to_levels(light, "linear").round_().to(torch.uint8).permute(1, 2, 0).numpy())


def _exposed(
    sharp: Picture, reference: np.ndarray, light: Tensor, path: np.ndarray | None, rng: np.random.Generator
) -> Case:
    """Light (3, h, w) as a sensor brings it home: with slight noise, in 256 levels."""
    levels = to_levels(light, "linear").numpy() + rng.normal(0, rng.uniform(0, NOISE), tuple(light.shape))
    pixels = np.ascontiguousarray(np.rint(np.clip(levels, 0, 255)).astype(np.uint8).transpose(1, 2, 0))
    request = Request(sharp.with_pixels(pixels, sharp.alpha), settings=Settings(seed=int(rng.integers(2**31))))
    return Case(request, sharp.with_pixels(reference), path)
