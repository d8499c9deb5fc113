"""Motion blur that no single path explains: a subject that moves by itself, and a camera that turns about its axis."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from ..deconvolve import rasterised, to_levels, to_light
from ..imaging.picture import Picture
from .damage import blur
from .motion import hand_shake, spanning, straight_motion, swaying
from .task import Damaged, Request

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
MOMENTS = 64
"""Positions of a turning camera that are averaged: less than a pixel apart."""
NOISE = 2.0
"""Largest standard deviation of sensor noise, levels of 255."""


def moving(sharp: Picture, rng: np.random.Generator) -> Damaged:
    """A subject with a soft edge crosses the picture while it is exposed: a part of the photo in its own place, or of
    the photo mirrored. The path told is that of the camera, if it moved at all.

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


def roll(sharp: Picture, rng: np.random.Generator) -> Damaged:
    """A hand that shakes and turns about the lens's axis, so that every part of the picture has a path of its own. The
    path told is that in the middle."""
    height, width = sharp.height, sharp.width
    sway = swaying(3, rng)
    path = spanning(sway[:, :2], float(rng.uniform(*CAMERA)))
    turns = spanning(sway[:, 2:], 2 * float(rng.uniform(*TURN)) / np.hypot(height, width))[:, 0]
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    scene = np.ascontiguousarray(to_light(sharp.pixels, "linear").permute(1, 2, 0).numpy())
    seen = np.zeros_like(scene)
    for moment in np.linspace(0, len(path) - 1, MOMENTS).round().astype(int):
        cosine, sine = np.cos(turns[moment]), np.sin(turns[moment])
        turned = np.array([[cosine, -sine], [sine, cosine]])
        from_there = np.column_stack([turned, middle + path[moment] - turned @ middle])
        seen += cv2.warpAffine(
            scene,
            from_there,
            (width, height),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REFLECT,
        )
    light = torch.from_numpy(seen / MOMENTS).permute(2, 0, 1)
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
) -> Damaged:
    """Light (3, h, w) as a sensor brings it home: with slight noise, in 256 levels."""
    levels = to_levels(light, "linear").numpy() + rng.normal(0, rng.uniform(0, NOISE), tuple(light.shape))
    pixels = np.ascontiguousarray(np.rint(np.clip(levels, 0, 255)).astype(np.uint8).transpose(1, 2, 0))
    request = Request(sharp.with_pixels(pixels, sharp.alpha), seed=int(rng.integers(2**31)))
    return Damaged(request, sharp.with_pixels(reference), path)
