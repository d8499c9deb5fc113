"""Picture: uint8 RGB, upright, sRGB, with what its file says of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .metadata import Metadata


@dataclass(frozen=True, eq=False)
class Picture:
    """A still image as people see it: upright, sRGB, 8 bit."""

    pixels: np.ndarray
    """(h, w, 3) uint8 RGB."""
    alpha: np.ndarray | None = None
    """(h, w) uint8, 255 = opaque; None for a picture without transparency. Never seen by a network."""
    notices: tuple[str, ...] = ()
    """What loading had to change, one sentence each, for people to read."""
    exif: bytes | None = None
    """The file's EXIF block, its orientation already applied and reset."""
    metadata: Metadata = Metadata()
    """What else its file says of the photo: XMP, captions, comments, texts, resolution."""
    profile: bytes | None = None
    """The RGB colour profile (ICC) that it is saved in; None where its file named none, which means sRGB."""
    own: np.ndarray | None = None
    """(h, w, 3) uint8: the levels as the file has them, in `profile`. None where that is the same as `pixels`."""
    deep: np.ndarray | None = None
    """(h, w, 3) uint16: the levels of a file that has 16 bits, in `profile`. None where it has 8."""
    before: Picture | None = None
    """What it was made from, if its file holds what `pixels` do not: colours that sRGB has not, or more bits.
    `colour.own_levels` and `deep.deep_levels` carry them over."""
    fresh: np.ndarray | None = None
    """(h, w), bool or alpha in [0, 1]: where the content is new, so that nothing is carried over. None: nowhere."""
    sha256: str | None = None
    """Of the file that it was read from, 64 hexadecimal digits; None for what was made here."""

    def __post_init__(self) -> None:
        if self.pixels.dtype != np.uint8 or self.pixels.ndim != 3 or self.pixels.shape[2] != 3:
            raise ValueError(f"pixels must be (h, w, 3) uint8, not {self.pixels.shape} {self.pixels.dtype}")
        if self.alpha is not None and (self.alpha.dtype != np.uint8 or self.alpha.shape != self.pixels.shape[:2]):
            raise ValueError(f"alpha must be {self.pixels.shape[:2]} uint8, not {self.alpha.shape}")

    @property
    def levels(self) -> np.ndarray:
        """(h, w, 3) uint8: as the file has them."""
        return self.pixels if self.own is None else self.own

    @property
    def height(self) -> int:
        return self.pixels.shape[0]

    @property
    def width(self) -> int:
        return self.pixels.shape[1]

    @property
    def megapixels(self) -> float:
        return self.height * self.width / 1e6

    def with_pixels(self, pixels: np.ndarray, alpha: np.ndarray | None = None) -> Picture:
        """The same picture's metadata around new pixels."""
        return replace(self, pixels=pixels, alpha=alpha, own=None, deep=None, before=None, fresh=None, sha256=None)

    def restored(self, pixels: np.ndarray, alpha: np.ndarray | None = None, fresh: np.ndarray | None = None) -> Picture:
        """`with_pixels` for what was made of this whole picture, at any size; saved in the colours of its file."""
        before = self if any(each is not None for each in (self.own, self.deep, self.before)) else None
        return replace(self.with_pixels(pixels, alpha), before=before, fresh=fresh if before else None)
