"""From whatever Pillow decoded to 8-bit sRGB, with transparency set aside; and back to the colours of the file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageCms

from ..messages import Message
from .described import Described
from .picture import Picture

_MODE_OF_SPACE = {b"RGB ": "RGB", b"GRAY": "L", b"CMYK": "CMYK", b"Lab ": "LAB"}
_PROBE_TOLERANCE = 2  # levels; editions of sRGB differ by rounding
_ROUNDING = 4  # levels, there and back
_FEW = 0.001  # share of pixels
_STRIDE = 16
_MAX_PROFILE = 4_000_000  # bytes; printers' profiles are the largest, with up to three


def _srgb() -> bytes:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return (
        profile[:24] + bytes((7, 208, 0, 1, 0, 1)) + profile[30:]
    )  # made in 2000, so that equal pictures are equal files


SRGB = _srgb()
"""The ICC profile of sRGB."""


@dataclass(frozen=True, eq=False)
class Colours:
    """A file's colours, as `Picture` keeps them."""

    image: Image.Image
    """sRGB."""
    notices: tuple[str, ...] = ()
    profile: bytes | None = None
    own: np.ndarray | None = None


def is_deep(image: Image.Image) -> bool:
    """Whether the file holds more than 8 bits per channel; ask before its pixels are loaded.

    Pillow reduces 16-bit colour while decoding, and only the raw mode of its decoder shows it.
    """
    if image.mode.startswith("I") or image.mode == "F":
        return True
    tiles = getattr(image, "tile", ()) if image.format in ("PNG", "TIFF") else ()
    return any(";16" in str(tile[3]) for tile in tiles)


def to_eight_bit(image: Image.Image) -> Image.Image:
    """16-bit, 32-bit and float grey as 8-bit grey; every other mode as it is.

    White is 65535, or 1.0 for floats; where the picture goes beyond, white is its own highest level.
    """
    if not (image.mode.startswith("I") or image.mode == "F"):
        return image
    levels = np.nan_to_num(np.asarray(image, dtype=np.float32), nan=0.0, posinf=np.inf)
    white = 1.0 if image.mode == "F" else 65535.0
    white = max(white, float(levels.max(where=np.isfinite(levels), initial=0.0)))
    grey = Image.fromarray(np.rint(np.clip(levels / white, 0, 1) * 255).astype(np.uint8))
    return grey


def split_alpha(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """(colour without alpha: L, RGB, CMYK or LAB; alpha: L, or None where everything is opaque)."""
    if not image.has_transparency_data:
        return _plain(image), None
    image = image.convert("LA" if image.mode in ("1", "L", "LA", "La") else "RGBA")
    alpha = image.getchannel("A")
    return _plain(image), None if alpha.getextrema() == (255, 255) else alpha


def _plain(image: Image.Image) -> Image.Image:
    if image.mode in ("L", "RGB", "CMYK", "LAB"):
        return image
    return image.convert("L" if image.mode in ("1", "LA", "La") else "RGB")


def to_srgb(colour: Image.Image, profile: bytes | None, described: Described | None = None) -> Colours:
    """From L, RGB, CMYK or LAB and the file's ICC profile, if it has one; b"" for one that cannot be read.

    described: what the file says of its colours in other ways, where it has no profile.
    """
    if colour.mode == "LAB" and not profile:
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    if profile is not None:
        try:
            return _through_profile(colour, profile)
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            ignored = Message("Its colour profile is damaged or does not fit and was ignored.")
            return Colours(colour.convert("RGB"), (ignored,))
    if described is not None and colour.mode in ("L", "RGB"):
        return _as_described(colour.convert("RGB"), described)
    if colour.mode == "CMYK":
        approximate = Message("CMYK picture without a colour profile: its colours are approximate.")
        return Colours(colour.convert("RGB"), (approximate,))
    return Colours(colour.convert("RGB"))


def _as_described(colour: Image.Image, described: Described) -> Colours:
    if described.unknown:
        unknown = Message(
            "What it says of its colours is not known here ({unknown}) and was ignored.", unknown=described.unknown
        )
        return Colours(colour, (unknown,))
    if described.profile is None:
        return Colours(colour)
    if not described.is_hdr:
        return _through_profile(colour, described.profile)
    cut = Message("HDR picture: worked on in sRGB, and what is brighter than white was cut off.")
    return Colours(_converter(described.profile, SRGB, "RGB").apply(colour), (cut,), SRGB)


def own_levels(picture: Picture) -> np.ndarray:
    """(h, w, 3) uint8: the picture in its own profile.

    What sRGB could not hold of the colours of `picture.before` is put back on top of the converted pixels. So where a
    pixel is what it was before, its levels in the file come back bit for bit, and elsewhere a vivid colour stays vivid.
    """
    if picture.own is not None:
        return picture.own
    if picture.profile is None or is_srgb(picture.profile):
        return picture.pixels
    convert = _converter(SRGB, picture.profile, "RGB")
    levels = np.asarray(convert.apply(Image.fromarray(picture.pixels)))
    if picture.before is None:
        return levels
    before = np.asarray(convert.apply(Image.fromarray(picture.before.pixels)))
    beyond = own_levels(picture.before).astype(np.int16) - before
    if beyond.shape != levels.shape:
        beyond = cv2.resize(beyond, (picture.width, picture.height), interpolation=cv2.INTER_CUBIC)
    if picture.fresh is not None:
        new = picture.fresh > 0
        beyond[new] = np.rint(beyond[new] * (1.0 - picture.fresh[new])[:, None])
    return np.clip(beyond + levels, 0, 255).astype(np.uint8)


def in_own_levels(picture: Picture, window: Any = ...) -> Picture | None:
    """The picture with its file's levels as pixels; None where they come back from sRGB, so that nothing is gained.

    window: rows and columns that are asked about.
    """
    if picture.own is None or picture.profile is None:
        return None
    back = _converter(SRGB, picture.profile, "RGB").apply(Image.fromarray(np.ascontiguousarray(picture.pixels[window])))
    off = np.abs(np.asarray(back).astype(np.int16) - picture.own[window]).max(axis=2) > _ROUNDING
    return replace(picture, pixels=picture.own, own=None, before=None) if off.mean() > _FEW else None


def with_new_levels(picture: Picture, made: Picture) -> Picture:
    """The picture with pixels that were made in its own levels; what is not new keeps both bit for bit.

    made: as `in_own_levels` gave it, changed.
    """
    assert picture.profile is not None
    changed, pixels = (made.pixels != picture.levels).any(axis=2), picture.pixels.copy()
    if changed.any():
        new = Image.fromarray(made.pixels[changed][None])
        pixels[changed] = np.asarray(_converter(picture.profile, SRGB, "RGB").apply(new))[0]
    known = {} if picture.deep is None and picture.before is None else {"before": picture, "fresh": made.fresh}
    return replace(picture.with_pixels(pixels, made.alpha), own=made.pixels, **known)


def is_grey(picture: Picture, mask: np.ndarray | None = None) -> bool:
    """Whether all that is seen of it is grey to the last level; what a mask covers, and full transparency, is not seen.

    mask: (h, w) bool.
    """
    return all(_is_grey_at(picture, mask, step) for step in (_STRIDE, 1))  # most photographs end with the first


def _is_grey_at(picture: Picture, mask: np.ndarray | None, step: int) -> bool:
    """The same of every pixel in so many rows and columns; true where none of these is seen, but not of all."""
    pixels, covered = picture.pixels[::step, ::step], None if mask is None else mask[::step, ::step]
    if covered is None and picture.alpha is None:
        return _same(pixels)
    seen = np.ones(pixels.shape[:2], bool) if covered is None else ~covered
    if picture.alpha is not None:
        seen &= picture.alpha[::step, ::step] > 0
    return _same(pixels[seen]) and (step > 1 or bool(seen.any()))


def grey_of(pixels: np.ndarray) -> np.ndarray:
    """(h, w, 3) uint8 of the same lightness without colour."""
    return cv2.cvtColor(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)


def _same(pixels: np.ndarray) -> bool:
    return np.array_equal(pixels[..., 0], pixels[..., 1]) and np.array_equal(pixels[..., 1], pixels[..., 2])


def is_srgb(profile: bytes) -> bool:
    """Whether an RGB profile means by its levels what sRGB does."""
    levels = np.arange(0, 256, 17, dtype=np.uint8)
    lattice = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(16, 256, 3)
    moved = np.asarray(_converter(profile, SRGB, "RGB").apply(Image.fromarray(lattice)))
    return bool(np.abs(moved.astype(int) - lattice).max() <= _PROBE_TOLERANCE)


def profile_name(profile: bytes) -> str:
    """What the profile calls itself, for people to read: "Display P3"."""
    try:
        name = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(BytesIO(profile)))
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return ""
    return "".join(letter for letter in name if letter.isprintable()).strip()[:60]


def _through_profile(colour: Image.Image, profile: bytes) -> Colours:
    if len(profile) > _MAX_PROFILE:
        raise ValueError("larger than any profile")
    mode = _MODE_OF_SPACE.get(profile[16:20])
    if colour.mode == "L" and mode == "RGB":
        colour = colour.convert("RGB")
    if mode is None or mode != colour.mode:
        raise ValueError(f"a profile for {mode} does not fit {colour.mode}")
    if mode == "RGB" and is_srgb(profile):  # most photographs: their levels stay as they are, bit for bit
        return Colours(colour, profile=profile)
    changed = _converter(profile, SRGB, mode).apply(colour)
    if mode == "RGB" and _leads_back(profile):
        return Colours(changed, profile=profile, own=np.array(colour))
    converted = Message("Its colours were converted from the file's own profile to sRGB.")
    return Colours(changed, (converted,), SRGB)


def _leads_back(profile: bytes) -> bool:
    """Profiles of scanners and cameras may know one direction only."""
    try:
        _converter(SRGB, profile, "RGB")
    except ImageCms.PyCMSError:
        return False
    return True


def _converter(source: bytes, target: bytes, mode: str) -> ImageCms.ImageCmsTransform:
    """From `mode` to RGB. Relative colorimetric with black point compensation: shared colours keep their exact look."""
    return ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(BytesIO(source)),
        ImageCms.ImageCmsProfile(BytesIO(target)),
        mode,
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
