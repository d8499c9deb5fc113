"""Transparency that a decoder misreads, and what lies unseen below it."""

from __future__ import annotations

import struct

import cv2
import numpy as np
from PIL import Image

from .png import chunks

_HARDLY_SEEN = 8
"""Opacity up to which programs leave any colour in a pixel, mostly black or white."""


def scaled_transparency(image: Image.Image, data: bytes) -> Image.Image:
    """A PNG of few grey levels, whose one transparent level Pillow compares with levels that it has scaled already."""
    bits, colour, transparent = _header(data)
    if colour == 0 and bits in (2, 4) and isinstance(image.info.get("transparency"), int):
        image.info["transparency"] = transparent[0] % (1 << bits) * (255 // ((1 << bits) - 1))
    return image


def deep_transparency(image: Image.Image, data: bytes) -> Image.Image | None:
    """A 16-bit PNG with one transparent colour as LA or RGBA; Pillow compares it with 8 bits. None for others."""
    bits, colour, transparent = _header(data)
    if bits != 16 or colour not in (0, 2) or not transparent:
        return None
    if colour == 0:
        levels = np.asarray(image)
        grey = Image.fromarray(np.rint(levels / 257).astype(np.uint8))
        return Image.merge("LA", [grey, _where(levels != transparent[0])])
    deep = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if deep is None or deep.dtype != np.uint16 or deep.shape[:2] != (image.height, image.width):
        raise ValueError("its transparent colour cannot be compared")
    seen = (deep[..., 2::-1] != np.array(transparent, np.uint16)).any(axis=2)
    image.info.pop("transparency", None)
    return Image.merge("RGBA", [*image.convert("RGB").split(), _where(seen)])


def visible_colours(pixels: np.ndarray, alpha: np.ndarray | None) -> np.ndarray:
    """(h, w, 3) uint8 with the colours that are seen continued below full transparency.

    What programs leave there is anything, and a network would draw it into the edges of what is seen.
    alpha: (h, w) uint8; None: everything is seen, and the pixels come back as they are.
    """
    if alpha is None or alpha.min() > _HARDLY_SEEN or alpha.max() <= _HARDLY_SEEN:
        return pixels
    seen = alpha > _HARDLY_SEEN
    colours = _continued(pixels.astype(np.float32) * seen[..., None], seen.astype(np.float32))
    return np.where(seen[..., None], pixels, np.rint(colours).astype(np.uint8))


def _continued(colours: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(h, w, 3) float32, where the weights are 0 made of what lies nearest, by averages over larger and larger cells.

    colours: times their weights (h, w).
    """
    height, width = weights.shape
    known = weights > 0
    if known.all() or max(height, width) == 1:
        return colours / np.maximum(weights, 1e-6)[..., None]
    half = ((width + 1) // 2, (height + 1) // 2)
    edges = ((0, height % 2), (0, width % 2))
    rest = np.pad(weights, edges), np.pad(colours, (*edges, (0, 0)))
    small = [cv2.resize(each, half, interpolation=cv2.INTER_AREA) for each in rest]
    coarse = cv2.resize(_continued(small[1], small[0]), (2 * half[0], 2 * half[1]), interpolation=cv2.INTER_LINEAR)
    own = colours / np.maximum(weights, 1e-6)[..., None]
    return np.where(known[..., None], own, coarse[:height, :width])


def _where(seen: np.ndarray) -> Image.Image:
    return Image.fromarray(seen.astype(np.uint8) * np.uint8(255))


def _header(data: bytes) -> tuple[int, int, tuple[int, ...]]:
    """(bits, kind of colour, the levels that are transparent) of a PNG."""
    bits, colour, found = data[24], data[25], ()
    for kind, start, length in chunks(data):
        if kind == b"tRNS" and length in (2, 6):
            found = struct.unpack_from(f">{length // 2}H", data, start + 8)
        elif kind == b"IDAT":
            break
    return bits, colour, found
