"""From whatever Pillow decoded to 8-bit sRGB, with transparency set aside."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

_MODE_OF_SPACE = {b"RGB ": "RGB", b"GRAY": "L", b"CMYK": "CMYK", b"Lab ": "LAB"}
_PROBE_TOLERANCE = 2  # levels; editions of sRGB differ by rounding


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


def to_srgb(colour: Image.Image, profile: bytes | None) -> tuple[Image.Image, list[str]]:
    """(sRGB, what to tell about it) from L, RGB, CMYK or LAB and the file's ICC profile, if it has one."""
    if colour.mode == "LAB" and not profile:
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    if profile:
        try:
            return _through_profile(colour, profile)
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            return colour.convert("RGB"), ["Its colour profile is damaged or does not fit and was ignored."]
    if colour.mode == "CMYK":
        return colour.convert("RGB"), ["CMYK picture without a colour profile: its colours are approximate."]
    return colour.convert("RGB"), []


def _through_profile(colour: Image.Image, profile: bytes) -> tuple[Image.Image, list[str]]:
    """Relative colorimetric with black point compensation: colours that sRGB can show keep their exact look."""
    source = ImageCms.ImageCmsProfile(BytesIO(profile))
    mode = _MODE_OF_SPACE.get(profile[16:20])
    if colour.mode == "L" and mode == "RGB":
        colour = colour.convert("RGB")
    if mode is None or mode != colour.mode:
        raise ValueError(f"a profile for {mode} does not fit {colour.mode}")
    transform = ImageCms.buildTransform(
        source,
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    if mode == "RGB" and _is_identity(transform):  # most photographs: their levels stay as they are, bit for bit
        return colour, []
    return transform.apply(colour), ["Its colours were converted from the file's own profile to sRGB."]


def _is_identity(transform: ImageCms.ImageCmsTransform) -> bool:
    levels = np.arange(0, 256, 17, dtype=np.uint8)
    lattice = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(16, 256, 3)
    moved = np.asarray(transform.apply(Image.fromarray(lattice)))
    return bool(np.abs(moved.astype(int) - lattice).max() <= _PROBE_TOLERANCE)
