"""Colour that a file describes in numbers instead of an ICC profile: made into such a profile.

PNG has cICP, gAMA and cHRM, AVIF has code points (nclx), cameras mark Adobe RGB in EXIF. Code points are those of
ITU-T H.273.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..messages import Message
from .exif import Exif
from .png import Parts

XY = tuple[float, float]
_D65: XY = (0.3127, 0.3290)
_D50 = np.array([0.9642, 1.0, 0.8249])
_BT709 = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
_ADOBE_RGB = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
_CORNERS: dict[int, tuple[Sequence[XY], XY]] = {
    1: (_BT709, _D65),
    2: (_BT709, _D65),  # "unspecified"
    4: (((0.67, 0.33), (0.21, 0.71), (0.14, 0.08)), (0.310, 0.316)),
    5: (((0.64, 0.33), (0.29, 0.60), (0.15, 0.06)), _D65),
    6: (((0.63, 0.34), (0.31, 0.595), (0.155, 0.07)), _D65),
    7: (((0.63, 0.34), (0.31, 0.595), (0.155, 0.07)), _D65),
    9: (((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)), _D65),
    11: (((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)), (0.314, 0.351)),
    12: (((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)), _D65),
    22: (((0.630, 0.340), (0.295, 0.605), (0.155, 0.077)), _D65),
}
"""Code point -> red, green and blue, and white, each as x, y."""
_AS_SRGB = frozenset([1, 2, 6, 13, 14, 15])
"""Transfer functions of television are shown as sRGB by browsers, as cameras mean them."""
_GAMMAS = {4: 2.2, 5: 2.8, 8: 1.0}
_PQ, _HLG = 16, 18
_STEPS = 4096
_WHITE_NITS = 203.0
"""What PQ calls the white of paper (ITU-R BT.2408); HLG reaches it at three quarters of the signal."""
_SAME = 0.002


@dataclass(frozen=True)
class Described:
    """What a file says of its colours."""

    profile: bytes | None = None
    """ICC; None where that is sRGB."""
    is_hdr: bool = False
    """Whether levels above white may be in it, which the profile cuts off."""
    unknown: str = ""
    """What it says, where that is unknown here."""


def by_chunks(parts: Parts) -> Described | None:
    """Of a PNG; None where its chunks say nothing. An ICC profile goes before all but cICP."""
    if (codes := parts.single.get(b"cICP")) is not None and len(codes) == 4:
        return by_codes(codes[0], codes[1]) if codes[3] == 1 else Described(unknown=Message("a narrow range of levels"))
    if b"iCCP" in parts.single:
        return None
    if b"sRGB" in parts.single:
        return Described()
    gamma, corners = parts.numbers
    if not gamma:
        return None
    white, *rgb = zip(corners[::2], corners[1::2], strict=True) if corners else (_D65, *_BT709)
    plain = np.abs(np.subtract([white, *rgb], [_D65, *_BT709])).max() < _SAME
    if plain and abs(gamma - 1 / 2.2) < _SAME:  # nearly every program means sRGB by that
        return Described()
    if any(y <= 0 for _, y in (white, *rgb)) or not 0.1 < gamma < 10:
        return Described(unknown=Message("primaries that do not exist"))
    return _described("PNG gAMA and cHRM", rgb, white, _power(1 / gamma))


def by_codes(primaries: int, transfer: int) -> Described:
    """By code points, as cICP and nclx have them."""
    if primaries not in _CORNERS or transfer not in (*_AS_SRGB, *_GAMMAS, _PQ, _HLG):
        return Described(
            unknown=Message("code points {primaries} and {transfer}", primaries=primaries, transfer=transfer)
        )
    rgb, white = _CORNERS[primaries]
    is_hdr = transfer in (_PQ, _HLG)
    if transfer in _AS_SRGB and rgb == _BT709:
        return Described()
    name = "Display P3" if (primaries, transfer) == (12, 13) else f"H.273 {primaries}/{transfer}"
    return _described(name, rgb, white, _curve(transfer), is_hdr)


def by_exif(exif: Exif) -> Described | None:
    """As cameras mark Adobe RGB; None where they do not."""
    return _described("Adobe RGB (1998)", _ADOBE_RGB, _D65, _power(563 / 256)) if exif.says_adobe_rgb else None


def _curve(transfer: int) -> bytes:
    if transfer in _GAMMAS:
        return _power(_GAMMAS[transfer])
    level = np.linspace(0, 1, _STEPS)
    if transfer == _PQ:
        root = level ** (1 / 78.84375)
        light = np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)
        return _table(1e4 * light ** (1 / 0.1593017578125) / _WHITE_NITS)
    if transfer == _HLG:
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        scene = np.where(level <= 0.5, level**2 / 3, (np.exp((level - c) / a) + b) / 12)
        return _table((scene / 0.2645) ** 1.2)
    return _table(np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4))


def _power(exponent: float) -> bytes:
    """Exact where it is a number of 256ths, as Adobe RGB's is."""
    if abs(exponent * 256 - round(exponent * 256)) < 0.1:
        return struct.pack(">4s4xIH2x", b"curv", 1, round(exponent * 256))
    return _table(np.linspace(0, 1, _STEPS) ** exponent)


def _table(light: np.ndarray) -> bytes:
    """light: what each level means, 1 = white; what is above is cut off."""
    levels = np.rint(np.clip(light, 0, 1) * 65535).astype(">u2").tobytes()
    return struct.pack(">4s4xI", b"curv", len(light)) + levels


def _described(name: str, rgb: Sequence[XY], white: XY, curve: bytes, is_hdr: bool = False) -> Described:
    columns = np.stack([_xyz(each) for each in rgb], axis=1)
    try:
        columns = columns * np.linalg.solve(columns, _xyz(white))
    except np.linalg.LinAlgError:
        return Described(unknown=Message("primaries that do not exist"))
    return Described(_profile(name, _adapted(_xyz(white)) @ columns, curve), is_hdr)


def _xyz(xy: XY) -> np.ndarray:
    x, y = xy
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _adapted(white: np.ndarray) -> np.ndarray:
    """Bradford's matrix (3, 3), from that white to the one of profiles, D50."""
    cones = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    return np.linalg.inv(cones) @ np.diag((cones @ _D50) / (cones @ white)) @ cones


def _profile(name: str, matrix: np.ndarray, curve: bytes) -> bytes:
    """An RGB display profile of version 2. matrix: (3, 3), red, green and blue as XYZ in its columns."""

    def xyz(values: np.ndarray) -> bytes:
        return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(float(each) * 65536) for each in values))

    label = name.encode("ascii") + b"\0"
    tags = {
        b"desc": struct.pack(">4s4xI", b"desc", len(label)) + label + bytes(78),
        b"cprt": b"text\0\0\0\0No copyright\0",
        b"wtpt": xyz(_D50),
        **{tag: xyz(matrix[:, i]) for i, tag in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))},
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve),
    }
    table, body = struct.pack(">I", len(tags)), b""
    first = 128 + 4 + 12 * len(tags)
    places: dict[bytes, int] = {}
    for tag, data in tags.items():
        if data not in places:  # the three curves are one
            places[data] = first + len(body)
            body += data + bytes(-len(data) % 4)
        table += struct.pack(">4sII", tag, places[data], len(data))
    head = struct.pack(">I4sI4s4s4s", first + len(body), bytes(4), 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    head += struct.pack(">6H", 2020, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + table + body
