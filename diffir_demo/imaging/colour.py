"""From whatever Pillow decoded to 8-bit sRGB, with transparency set aside; and back to the colours of the file."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

import cv2
import numpy as np
from PIL import Image, ImageCms

from .picture import Picture

_MODE_OF_SPACE = {b"RGB ": "RGB", b"GRAY": "L", b"CMYK": "CMYK", b"Lab ": "LAB"}
_PROBE_TOLERANCE = 2  # levels; editions of sRGB differ by rounding
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

    Pillow reduces 16-bit colour while decoding, and only the raw mode of its decoder tells.
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
    grey.info.update({key: value for key, value in image.info.items() if key == "icc_profile"})
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


def to_srgb(colour: Image.Image, profile: bytes | None) -> Colours:
    """From L, RGB, CMYK or LAB and the file's ICC profile, if it has one."""
    if colour.mode == "LAB" and not profile:
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    if profile:
        try:
            return _through_profile(colour, profile)
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            ignored = "Its colour profile is damaged or does not fit and was ignored."
            return Colours(colour.convert("RGB"), (ignored,))
    if colour.mode == "CMYK":
        approximate = "CMYK picture without a colour profile: its colours are approximate."
        return Colours(colour.convert("RGB"), (approximate,))
    return Colours(colour.convert("RGB"))


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
    return Colours(changed, ("Its colours were converted from the file's own profile to sRGB.",), SRGB)


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
