"""Scores of a result against its reference, each as its field measures it, higher is better; and how IPRs differ.

Pictures are (h, w, 3) uint8 RGB. PSNR is in dB with peak 255, infinite for identical pictures. SSIM is the one of Wang
et al. (2004): an 11 x 11 Gaussian window of sigma 1.5, population covariance, at most 1; windows that would leave the
picture are not counted; for colour, the mean over the three channels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np

from .errors import InputError
from .messages import Message

PEAK = 255
SSIM_WINDOW = 11
"""Shortest side that SSIM can be measured on, pixels."""
ALIGNED_BORDER = 8
"""Pixels on every side that `aligned_psnr` leaves out."""
LARGEST_SHIFT = 5.0
"""Pixels; what is found to lie farther off is no shift."""
EXACT = 100.0
"""dB that a picture without any error counts as beside others in a mean."""
SR_BORDER = 4
"""Pixels that super-resolution papers cut off every side before measuring x4: as many as the scale."""


def prepare() -> None:
    """Imports what measures, so that no first score waits for it: it takes a second, and an app starts without."""
    import skimage.metrics  # noqa: F401


def psnr(a: np.ndarray, b: np.ndarray, *, mask: np.ndarray | None = None) -> float:
    """Peak signal-to-noise ratio of (h, w) or (h, w, 3), all of it or only the pixels where `mask` (h, w) is true.

    Raises `InputError` for sizes that differ and for a mask that selects nothing.
    """
    from skimage.metrics import peak_signal_noise_ratio

    _same_size(a, b)
    if mask is not None:
        chosen = _selection(mask, a)
        a, b = a[chosen], b[chosen]
    if np.array_equal(a, b):
        return float("inf")
    return float(peak_signal_noise_ratio(a, b, data_range=PEAK))


def aligned_psnr(result: np.ndarray, reference: np.ndarray) -> float | None:
    """PSNR of (h, w, 3) after one shift of the whole result is undone, where that makes it higher.

    A method that finds blur and sharp picture together knows both only up to a shift; `psnr` takes that for error. The
    shift is that of the highest correlation, to a tenth of a pixel (Guizar-Sicairos and others, "Efficient subpixel
    image registration algorithms", 2008), and believed up to `LARGEST_SHIFT`; the border that it would uncover is left
    out in both cases. None for a picture of which nothing would be left. Raises `InputError` for sizes that differ.
    """
    from scipy import ndimage
    from skimage.registration import phase_cross_correlation

    _same_size(result, reference)
    inside = (slice(ALIGNED_BORDER, -ALIGNED_BORDER), slice(ALIGNED_BORDER, -ALIGNED_BORDER))
    if not result[inside].size:
        return None
    plain = psnr(result[inside], reference[inside])
    fading = np.outer(*(np.hanning(side) for side in result.shape[:2]))  # the correlation wraps around
    still, moving = ((picture.mean(axis=2) - picture.mean()) * fading for picture in (reference, result))
    # Plain correlation, not that of phases: soft pictures have nothing but noise in most of those.
    none: str = None  # pyright: ignore[reportAssignmentType]  # documented, though its annotation forgets it
    shift = phase_cross_correlation(still, moving, upsample_factor=10, normalization=none)[0]
    if not np.isfinite(shift).all() or np.abs(shift).max() > LARGEST_SHIFT:
        return plain
    moved = ndimage.shift(result.astype(np.float32), (*shift, 0), order=3, mode="mirror")
    return max(plain, psnr(np.clip(np.rint(moved), 0, PEAK).astype(np.uint8)[inside], reference[inside]))


def ssim(a: np.ndarray, b: np.ndarray) -> float:
    """Structural similarity of (h, w) or (h, w, 3); raises `InputError` for sizes that differ or are too small."""
    from skimage.metrics import structural_similarity

    _same_size(a, b)
    if not _holds_window(a):
        raise InputError(
            Message(
                "SSIM needs at least {least} x {least} pixels; this picture has {width} x {height}.",
                least=SSIM_WINDOW,
                width=a.shape[1],
                height=a.shape[0],
            ),
            "Choose a larger picture.",
        )
    channels = 2 if a.ndim == 3 else None
    of_wang = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    return float(cast(float, structural_similarity(a, b, data_range=PEAK, channel_axis=channels, **of_wang)))


def luma(pixels: np.ndarray) -> np.ndarray:
    """(h, w, 3) uint8 RGB -> Y' of BT.601 in studio range, (h, w) float64 from 16 (black) to 235 (white).

    The weights of MATLAB's `rgb2ycbcr` for doubles: not rounded, as published super-resolution scores have it.
    """
    return 16 + pixels / 255.0 @ np.array([65.481, 128.553, 24.966])


def sr_scores(result: np.ndarray, reference: np.ndarray, border: int = SR_BORDER) -> dict[str, float]:
    """`psnr_y` and `ssim_y` on luma without its border, the convention of super-resolution papers.

    A picture too small for a score goes without it.
    """
    _same_size(result, reference)
    inside = (slice(border, -border), slice(border, -border))
    a, b = luma(result[inside]), luma(reference[inside])
    found: dict[str, float] = {}
    if a.size:
        found["psnr_y"] = psnr(a, b)
    if _holds_window(a):
        found["ssim_y"] = ssim(a, b)
    return found


def hole_psnr(result: np.ndarray, reference: np.ndarray, mask: np.ndarray) -> float:
    """PSNR over the hole alone, mask (h, w) true = hole: known pixels are given and would only flatter the score."""
    return psnr(result, reference, mask=mask)


def scores(
    result: np.ndarray, reference: np.ndarray, mask: np.ndarray | None = None, luma_border: int | None = None
) -> dict[str, float]:
    """`psnr` and `ssim`, with a mask `hole_psnr` too; with a `luma_border` the `sr_scores` instead.

    A score that cannot be measured (no hole, picture under the SSIM window) is left out. Raises `InputError` for sizes
    that differ.
    """
    if luma_border is not None:
        return sr_scores(result, reference, luma_border)
    found: dict[str, float] = {}
    if mask is not None and mask.any():
        found["hole_psnr"] = hole_psnr(result, reference, mask)
    found["psnr"] = psnr(result, reference)
    if _holds_window(result):
        found["ssim"] = ssim(result, reference)
    return found


def mean_score(values: Sequence[float]) -> float:
    """The mean; infinite where all are. A single exact picture counts as `EXACT` dB: it must not drown the rest."""
    found = np.asarray(values, float)
    return float(np.mean(found if np.isposinf(found).all() else np.minimum(found, EXACT)))


def mean_scores(found: Sequence[dict[str, float]]) -> dict[str, float]:
    """Means over those pictures that have the score: tiny ones have no SSIM."""
    names = dict.fromkeys(name for scored in found for name in scored)
    return {name: mean_score([scored[name] for scored in found if name in scored]) for name in names}


def cosine(a: np.ndarray, b: np.ndarray) -> float | None:
    """Of the angle between two vectors, in [-1, 1]; None where one of them has no direction."""
    lengths = float(np.linalg.norm(a)) * float(np.linalg.norm(b))
    return min(1.0, max(-1.0, float(np.dot(a, b)) / lengths)) if lengths else None


def spread(vectors: np.ndarray) -> float:
    """How far vectors (m, n) lie from their mean, root mean square, as a share of the mean's length."""
    mean = vectors.mean(axis=0)
    distances = np.linalg.norm(vectors - mean, axis=1)
    return float(np.sqrt(np.mean(distances**2)) / max(float(np.linalg.norm(mean)), 1e-9))


def _holds_window(picture: np.ndarray) -> bool:
    return min(picture.shape[:2]) >= SSIM_WINDOW


def _same_size(a: np.ndarray, b: np.ndarray) -> None:
    if a.shape != b.shape:
        sizes = [" x ".join(map(str, (picture.shape[1], picture.shape[0], *picture.shape[2:]))) for picture in (a, b)]
        raise InputError(
            Message("Scores compare pictures of one size; these are {one} and {other}.", one=sizes[0], other=sizes[1]),
            "Give the reference that belongs to this result.",
        )


def _selection(mask: np.ndarray, picture: np.ndarray) -> np.ndarray:
    """The mask as (h, w) bool, selecting at least one pixel."""
    if mask.shape != picture.shape[:2]:
        raise InputError(
            Message("The mask's shape is {shape}, the picture's {wanted}.", shape=mask.shape, wanted=picture.shape[:2]),
            "Give the mask of this picture.",
        )
    if not mask.any():
        raise InputError("The mask selects no pixel to score.", "Paint a hole first.")
    return mask.astype(bool)
