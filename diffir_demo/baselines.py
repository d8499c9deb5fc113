"""Baselines: classical company for the model, behind one small interface, so that every face compares on equal terms.

None of them has learned anything; each says in `note` what it does and what it assumes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
import torch
from PIL import Image, ImageFilter
from skimage import restoration

from .errors import InputError
from .exemplar import fill as exemplar_fill
from .imaging import Picture, check_mask, to_pixels, to_tensor
from .model import fold
from .model.base import harmonic_fill

INPAINT_RADIUS = 5.0
"""Neighbourhood that a painted pixel is estimated from, pixels."""
UNSHARP = ImageFilter.UnsharpMask(radius=2, percent=50, threshold=2)
"""Moderate on purpose: more strength loses PSNR on motion blur and gains no SSIM."""
ASSUMED_SIGMA = 2.0
"""Standard deviation of the Gaussian that stands in for the unknown motion kernel, pixels."""
ASSUMED_STEPS = 10
"""Few, since the assumed kernel is wrong: further steps sharpen mostly the error."""
GAMMA = 2.2  # cameras blur in linear light, and so do the synthetic kernels of the deblurring task
DARKEST = 1e-5  # Richardson-Lucy divides by light: it needs positive levels
DETAIL = (-0.4829629131445341, 0.8365163037378079, -0.2241438680420134, -0.1294095225512604)
"""Daubechies' wavelet with two vanishing moments, as a filter."""
MEDIAN = 0.6744897501960817
"""Of the absolute value of a standard normal number."""
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


def richardson_lucy(picture: Picture, kernel: np.ndarray, steps: int) -> Picture:
    """Undoes the blur of a known kernel: Richardson (1972) and Lucy (1974), channel by channel in linear light.

    kernel: (k, k) with odd k, not negative; as `cv2.filter2D` applies it, so not flipped; any positive sum.
    With the true kernel this is an oracle, not a rival: say so wherever its result is shown.
    """
    border = 2 * max(kernel.shape)  # mirrored: light that is missing outside would ripple into the picture
    light = (picture.pixels / 255.0) ** GAMMA + DARKEST
    light = np.pad(light, ((border, border), (border, border), (0, 0)), mode="symmetric")
    spread = kernel[::-1, ::-1].astype(np.float64) / kernel.sum()
    planes = [restoration.richardson_lucy(light[..., i], spread, num_iter=steps, clip=False) for i in range(3)]
    sharp = np.stack(planes, axis=-1)[border:-border, border:-border] - DARKEST
    levels = np.clip(sharp, 0, 1) ** (1 / GAMMA) * 255
    return picture.restored(np.rint(levels).astype(np.uint8), picture.alpha)


def noise_level(pixels: np.ndarray) -> float:
    """Standard deviation of the noise in (h, w, 3) uint8 as levels of 255, the mean over colours; 0 for a flat picture.

    Assumes white noise: the median absolute value of the finest diagonal wavelet coefficients (Donoho and Johnstone,
    "Ideal spatial adaptation by wavelet shrinkage", 1994), as `skimage.restoration.estimate_sigma` has it with
    PyWavelets. Zeros are left out: they come from clipped areas.
    """
    taps = np.array(DETAIL)
    found = cv2.sepFilter2D(pixels.astype(np.float32), -1, taps, taps, borderType=cv2.BORDER_REFLECT)[1::2, 1::2]
    planes = [plane[plane > 1e-3] for plane in np.abs(found).reshape(-1, 3).T]
    return float(np.mean([np.median(plane) / MEDIAN if plane.size else 0.0 for plane in planes]))


def gaussian_kernel(sigma: float) -> np.ndarray:
    """(k, k) float64 summing to 1, cut at three standard deviations."""
    line = cv2.getGaussianKernel(2 * int(np.ceil(3 * sigma)) + 1, sigma)
    return line @ line.T


def _resize(resample: Image.Resampling, picture: Picture, mask: np.ndarray | None, scale: int) -> Picture:
    size = (picture.width * scale, picture.height * scale)

    def enlarged(plane: np.ndarray) -> np.ndarray:
        return np.asarray(Image.fromarray(plane).resize(size, resample))

    alpha = None if picture.alpha is None else enlarged(picture.alpha)
    return picture.restored(enlarged(picture.pixels), alpha)


def _hole(picture: Picture, mask: np.ndarray | None) -> np.ndarray:
    """(h, w) bool. Raises `InputError` where there is no mask, or one that does not fit the picture."""
    if mask is None:
        raise InputError("Inpainting needs a mask.", "Paint over what should go.")
    check_mask(mask, picture)
    return mask.astype(bool)


def _inpaint(method: int, picture: Picture, mask: np.ndarray | None, scale: int) -> Picture:
    hole = _hole(picture, mask)
    # OpenCV peeks into the hole where it meets the picture's border; there it must not find what was painted over.
    typical = picture.pixels[~hole].mean(axis=0).astype(np.uint8)
    blanked = np.where(hole[..., None], typical, picture.pixels)
    painted = cv2.inpaint(blanked, hole.astype(np.uint8), INPAINT_RADIUS, method)
    return picture.restored(np.where(hole[..., None], painted, picture.pixels), picture.alpha, fresh=hole)


def _harmonic(picture: Picture, mask: np.ndarray | None, scale: int) -> Picture:
    mask = _hole(picture, mask)
    known = torch.from_numpy(~mask).float()[None, None]
    filled = harmonic_fill(to_tensor(picture.pixels) * known, known)
    painted = np.where(mask[..., None], to_pixels(filled), picture.pixels)
    return picture.restored(painted, picture.alpha, fresh=mask)


def _exemplar(picture: Picture, mask: np.ndarray | None, scale: int) -> Picture:
    mask = _hole(picture, mask)
    filled = fold(exemplar_fill(picture.pixels, mask))
    return picture.restored(filled.pixels, picture.alpha, fresh=mask)


def _unsharp(picture: Picture, mask: np.ndarray | None, scale: int) -> Picture:
    crisp = Image.fromarray(picture.pixels).filter(UNSHARP)
    return picture.restored(np.asarray(crisp), picture.alpha)


def _blind_richardson_lucy(picture: Picture, mask: np.ndarray | None, scale: int) -> Picture:
    return richardson_lucy(picture, gaussian_kernel(ASSUMED_SIGMA), ASSUMED_STEPS)


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
        run=partial(_inpaint, cv2.INPAINT_TELEA),
        note="Marches inward from the rim of the hole, averaging known neighbours (Telea, 2004); invents no texture.",
    ),
    Baseline(
        key="navier-stokes",
        title="Navier-Stokes",
        tasks=("inpaint",),
        run=partial(_inpaint, cv2.INPAINT_NS),
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
        key="richardson-lucy",
        title="Richardson-Lucy",
        tasks=("deblur",),
        run=_blind_richardson_lucy,
        note=f"Deconvolves an assumed kernel, a Gaussian of {ASSUMED_SIGMA:g} pixels, as the true motion is unknown.",
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
        hint = f"Choose one of: {names}." if names else "This task has no baselines."
        raise InputError(f"There is no baseline '{key}' for '{task_key}'.", hint)
    return suitable[key]
