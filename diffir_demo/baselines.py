"""Baselines: classical methods beside the model, behind one small interface, so that all compare on equal terms.

None of them has learned anything; each says in `note` what it does and what it assumes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, wraps
from typing import TypeAlias

import cv2
import numpy as np
import torch
from PIL import Image, ImageFilter

from .errors import InputError
from .exemplar import fill as exemplar_fill
from .imaging import Picture, check_mask, in_own_levels, noise_level, visible_colours, with_new_levels
from .messages import Message
from .model.base import harmonic_fill
from .model.pixels import to_pixels, to_tensor
from .shake import undo

INPAINT_RADIUS = 5.0
"""Neighbourhood that a pixel of the hole is estimated from, pixels."""
UNSHARP = ImageFilter.UnsharpMask(radius=2, percent=50, threshold=2)
"""Moderate on purpose: more strength loses PSNR on motion blur and gains no SSIM."""
LEAST_NOISE = 5.0
"""Levels of 255 that denoisers assume at least, however little the estimate finds: JPEG hides noise from it, and leaves
errors of its own. This and the constants below were chosen together on crops of training photos, damaged by the sets of
the task "clean", for the mean PSNR over the sets; the photos that we measure with had no part in it."""
NLM_STRENGTH = 1.0
"""How different patches may be, over the noise level."""
NLM_PATCH, NLM_WINDOW = 3, 13
"""Sides of the patches that are compared, and of where they are looked for, pixels. With 7 and 21, in L*a*b* (OpenCV's
`fastNlMeansDenoisingColored`), it came out below the bilateral filter, by 2 dB on noise of 20 levels."""
BILATERAL_RANGE, BILATERAL_SPREAD = 3.0, 4.0
"""Standard deviations: of the weights over levels, in noise levels; of those over space, in pixels."""


Fill: TypeAlias = Callable[[Picture, "np.ndarray | None", int], Picture]
"""`Baseline.run` of a method that fills holes."""


@dataclass(frozen=True)
class Baseline:
    """A classical method, run like a task: same picture in, same size out."""

    key: str
    title: str
    tasks: tuple[str, ...]
    """Keys of the tasks it suits."""
    run: Callable[[Picture, np.ndarray | None, int], Picture]
    """(picture, mask (h, w) bool or None, True = hole, scale) -> picture. What a method does not need, it ignores."""
    note: str
    """One sentence for people: how it works and what it assumes."""


def _resize(resample: Image.Resampling, picture: Picture, mask: np.ndarray | None, scale: int) -> Picture:
    size = (picture.width * scale, picture.height * scale)

    def enlarged(plane: np.ndarray) -> np.ndarray:
        return np.asarray(Image.fromarray(plane).resize(size, resample))

    alpha = None if picture.alpha is None else enlarged(picture.alpha)
    return picture.restored(enlarged(visible_colours(picture.pixels, picture.alpha)), alpha)


def _hole(picture: Picture, mask: np.ndarray | None) -> np.ndarray:
    """(h, w) bool. Raises `InputError` where there is no mask, or one that does not fit the picture."""
    if mask is None:
        raise InputError("Inpainting needs a mask.", "Paint over what should go.")
    check_mask(mask, picture)
    return mask.astype(bool)


def _filling(run: Fill) -> Fill:
    """The same method, at work in the photo's own levels where it has colours that sRGB has not, as the network is."""

    @wraps(run)
    def filled(picture: Picture, mask: np.ndarray | None, scale: int) -> Picture:
        own = in_own_levels(picture)
        return run(picture, mask, scale) if own is None else with_new_levels(picture, run(own, mask, scale))

    return filled


def _inpaint(method: int, picture: Picture, mask: np.ndarray | None, scale: int) -> Picture:
    hole = _hole(picture, mask)
    # OpenCV peeks into the hole where it meets the picture's border; there it must not find what the hole covers.
    typical = picture.pixels[~hole].mean(axis=0).astype(np.uint8)
    blanked = np.where(hole[..., None], typical, picture.pixels)
    filled = cv2.inpaint(blanked, hole.astype(np.uint8), INPAINT_RADIUS, method)
    return picture.restored(np.where(hole[..., None], filled, picture.pixels), picture.alpha, fresh=hole)


@_filling
def _harmonic(picture: Picture, mask: np.ndarray | None, scale: int) -> Picture:
    mask = _hole(picture, mask)
    known = torch.from_numpy(~mask).float()[None, None]
    filled = harmonic_fill(to_tensor(picture.pixels) * known, known)
    pixels = np.where(mask[..., None], to_pixels(filled), picture.pixels)
    return picture.restored(pixels, picture.alpha, fresh=mask)


@_filling
def _exemplar(picture: Picture, mask: np.ndarray | None, scale: int) -> Picture:
    mask = _hole(picture, mask)
    filled = exemplar_fill(picture.pixels, mask)
    return picture.restored(filled.pixels, picture.alpha, fresh=mask)


def _unsharp(picture: Picture, mask: np.ndarray | None, scale: int) -> Picture:
    crisp = Image.fromarray(picture.pixels).filter(UNSHARP)
    return picture.restored(np.asarray(crisp), picture.alpha)


def _blind(picture: Picture, mask: np.ndarray | None, scale: int) -> Picture:
    return picture.restored(undo(picture.pixels).mixed, picture.alpha)


def _assumed_noise(picture: Picture) -> float:
    return max(noise_level(picture.pixels), LEAST_NOISE)


def _non_local_means(picture: Picture, mask: np.ndarray | None, scale: int) -> Picture:
    strength = NLM_STRENGTH * _assumed_noise(picture)
    cleaned = cv2.fastNlMeansDenoising(picture.pixels, [strength] * 3, None, NLM_PATCH, NLM_WINDOW, cv2.NORM_L2)
    return picture.restored(cleaned, picture.alpha)


def _bilateral(picture: Picture, mask: np.ndarray | None, scale: int) -> Picture:
    reach = 2 * int(np.ceil(1.5 * BILATERAL_SPREAD)) + 1
    levels = BILATERAL_RANGE * _assumed_noise(picture)
    return picture.restored(cv2.bilateralFilter(picture.pixels, reach, levels, BILATERAL_SPREAD), picture.alpha)


BASELINES: tuple[Baseline, ...] = (
    Baseline(
        key="bicubic",
        title="Bicubic",
        tasks=("sr",),
        run=partial(_resize, Image.Resampling.BICUBIC),
        note="Fits a smooth cubic through the 4 x 4 nearest pixels; adds no detail.",
    ),
    Baseline(
        key="lanczos",
        title="Lanczos",
        tasks=("sr",),
        run=partial(_resize, Image.Resampling.LANCZOS),
        note="Windowed sinc over 6 x 6 pixels; a little crisper than bicubic, with faint ringing at edges.",
    ),
    Baseline(
        key="telea",
        title="Telea",
        tasks=("inpaint",),
        run=_filling(partial(_inpaint, cv2.INPAINT_TELEA)),
        note="Marches inward from the rim of the hole, averaging known neighbours (Telea, 2004); invents no texture.",
    ),
    Baseline(
        key="navier-stokes",
        title="Navier-Stokes",
        tasks=("inpaint",),
        run=_filling(partial(_inpaint, cv2.INPAINT_NS)),
        note="Continues lines of equal brightness into the hole like a flowing liquid (Bertalmio and others, 2001).",
    ),
    Baseline(
        key="harmonic",
        title="Harmonic fill",
        tasks=("inpaint",),
        run=_harmonic,
        note="Spans the hole like a soap film; what our own network starts from, so the difference is what it learned.",
    ),
    Baseline(
        key="exemplar",
        title="Exemplar fill",
        tasks=("inpaint",),
        run=_exemplar,
        note="Patches copied from elsewhere in the photo (after Newson and others, 2014); others call it content-aware "
        "fill. It may copy an object, a face or a word.",
    ),
    Baseline(
        key="non-local-means",
        title="Non-local means",
        tasks=("clean",),
        run=_non_local_means,
        note="Averages pixels whose surroundings look alike (Buades and others, 2005); assumes white noise of a level "
        "that it estimates from the picture.",
    ),
    Baseline(
        key="bilateral",
        title="Bilateral filter",
        tasks=("clean",),
        run=_bilateral,
        note="Averages neighbours of a similar colour (Tomasi and Manduchi, 1998); assumes white noise of a level that "
        "it estimates from the picture.",
    ),
    Baseline(
        key="unsharp",
        title="Unsharp mask",
        tasks=("clean", "deblur"),
        run=_unsharp,
        note="Strengthens edges without knowing the blur; it cannot undo motion, and strengthens noise as well.",
    ),
    Baseline(
        key="blind",
        title="Blind deconvolution",
        tasks=("deblur",),
        run=_blind,
        note="Finds the camera's path from the edges (after Xu and others, 2013), then undoes it (Krishnan and Fergus, "
        "2009); assumes one path for the whole photo, and leaves alone what no path explains.",
    ),
)


def baselines_for(task_key: str) -> tuple[Baseline, ...]:
    """The baselines that suit a task, in the order in which they are shown; empty where there are none."""
    return tuple(baseline for baseline in BASELINES if task_key in baseline.tasks)


def get_baseline(key: str, task_key: str) -> Baseline:
    """The baseline of that name; raises `InputError` listing the names there are for this task."""
    suitable = {baseline.key: baseline for baseline in baselines_for(task_key)}
    if key not in suitable:
        names = ", ".join(suitable)
        hint = Message("Choose one of: {names}.", names=names) if names else Message("This task has no baselines.")
        raise InputError(Message("There is no baseline '{key}' for '{task}'.", key=key, task=task_key), hint)
    return suitable[key]
