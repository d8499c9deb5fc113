"""JPEG compression on tensors: what saving a picture with that quality and loading it again does to it.

The baseline of the standard (ITU-T T.81, tables of annex K) in the whole numbers of libjpeg: 4:2:0, its accurate
integer DCT, colour enlarged by 3:1 in both directions. A test finds it bit for bit in the files that Pillow writes
with its defaults. Batches on any device, each picture at its own quality.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

CELL = 16
"""Sides of what is coded together: four blocks of brightness, one of each colour."""
# fmt: off
LUMA = (
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55,
    14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
)
CHROMA = (
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99,
    24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
    *(99,) * 32,
)
# fmt: on
TO_YCC = ((19595, 38470, 7471), (-11059, -21709, 32768), (32768, -27439, -5329))
"""In 65536ths."""
TO_RED, TO_GREEN, TO_BLUE = 91881, (-22554, -46802), 116130
"""Likewise: Cr to red, Cb and Cr to green, Cb to blue."""
COSINES = (
    (8192, 8192, 8192, 8192),
    (11363, 9633, 6437, 2260),
    (10703, 4433, -4433, -10703),
    (9633, -2259, -11362, -6436),
    (8192, -8192, -8192, 8192),
    (6437, -11362, 2261, 9633),
    (4433, -10704, 10704, -4433),
    (2260, -6436, 9633, -11363),
)
"""Left halves of the DCT's rows, times sqrt(8) and in 8192ths, as the sums of rounded constants in libjpeg's
jfdctint.c and jidctint.c come out; the right halves mirror them, odd rows with the sign turned."""
ONE, SPARE = 13, 2
"""Binary digits of one in `COSINES`, and those kept between the passes over rows and columns."""


def compress(x: Tensor, quality: Tensor) -> Tensor:
    """(b, 3, h, w) in [0, 1] -> the same after JPEG, in 256 levels. quality: (b,), whole numbers 1..100 (libjpeg's
    scale).

    Cells of 16 x 16 pixels begin at the upper left corner; a border that does not fill its cell is repeated into it.
    """
    height, width = x.shape[-2:]
    levels = x.mul(255).round_().clamp_(0, 255).int()
    red, green, blue = levels.split(1, dim=1)
    brightness, blueness, redness = (
        (r * red + g * green + b * blue + half) >> 16
        for (r, g, b), half in zip(TO_YCC, (2**15, 2**23 + 2**15 - 1, 2**23 + 2**15 - 1), strict=True)
    )
    brightness = _coded(brightness, _table(LUMA, quality))
    halves = torch.cat([_halved(blueness), _halved(redness)], dim=1)
    halves = _coded(halves, _table(CHROMA, quality))[..., : (width + 1) // 2]
    colours = _doubled(halves)[..., :height, :width] - 128
    blueness, redness = colours[:, :1], colours[:, 1:]
    rgb = [
        brightness + ((TO_RED * redness + 2**15) >> 16),
        brightness + ((TO_GREEN[0] * blueness + TO_GREEN[1] * redness + 2**15) >> 16),
        brightness + ((TO_BLUE * blueness + 2**15) >> 16),
    ]
    return torch.cat(rgb, dim=1).clamp_(0, 255).to(x.dtype).div_(255)


def _table(numbers: tuple[int, ...], quality: Tensor) -> Tensor:
    """The steps of quantisation (b, 64) at each quality, as libjpeg scales them."""
    quality = quality.clamp(1, 100).floor()
    percent = torch.where(quality < 50, (5000 / quality).floor(), 200 - 2 * quality)
    table = torch.tensor(numbers, dtype=torch.float32, device=quality.device)
    return ((table * percent[:, None] + 50) / 100).floor().clamp(1, 255)


def _halved(plane: Tensor) -> Tensor:
    """(b, 1, h, w) -> (b, 1, ceil(h / 2), ceil(w / 16) * 8), means that end in a half rounded down and up in turn."""
    even = _repeated(plane, 2, CELL)
    tall = even[..., ::2, :] + even[..., 1::2, :]
    sums = tall[..., ::2] + tall[..., 1::2]
    return (sums + 1 + torch.arange(sums.shape[-1], device=sums.device) % 2) >> 2


def _doubled(planes: Tensor) -> Tensor:
    """(b, n, h, w) -> (b, n, 2 h, 2 w), three parts of the nearest and one of the next in both directions.

    libjpeg repeats pixels where a row has no more than two.
    """
    if planes.shape[-1] <= 2:
        return planes.repeat_interleave(2, dim=-1).repeat_interleave(2, dim=-2)
    rows = _next_to(planes, dim=-2)
    tall = torch.stack([3 * planes + rows[0], 3 * planes + rows[1]], dim=-2).flatten(-3, -2)
    columns = _next_to(tall, dim=-1)
    return torch.stack([(3 * tall + columns[0] + 8) >> 4, (3 * tall + columns[1] + 7) >> 4], dim=-1).flatten(-2)


def _next_to(x: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """The neighbour before and after, each in its place; the border is its own."""
    length = x.shape[dim]
    first, last = x.narrow(dim, 0, 1), x.narrow(dim, length - 1, 1)
    before = torch.cat([first, x.narrow(dim, 0, length - 1)], dim=dim)
    return before, torch.cat([x.narrow(dim, 1, length - 1), last], dim=dim)


def _repeated(x: Tensor, rows: int, columns: int) -> Tensor:
    """Filled up to multiples of these by repeating the last row and column."""
    bottom, right = -x.shape[-2] % rows, -x.shape[-1] % columns
    return F.pad(x.float(), (0, right, 0, bottom), mode="replicate").to(x.dtype) if bottom or right else x


def _coded(planes: Tensor, steps: Tensor) -> Tensor:
    """(b, n, h, w) int32 in 0..255 after quantisation of its 8 x 8 blocks, in steps (b, 64)."""
    b, n, height, width = planes.shape
    whole = _repeated(planes, 8, 8)
    kind = torch.float32 if planes.device.type == "mps" else torch.float64  # Apple's GPUs have no more: not exact there
    left = torch.tensor(COSINES, dtype=kind, device=planes.device)
    signs = torch.tensor([1.0, -1.0] * 4, dtype=kind, device=planes.device)
    cosines = torch.cat([left, signs[:, None] * left.flip(1)], dim=1)
    blocks = (whole - 128).unflatten(-1, (-1, 8)).unflatten(-3, (-1, 8)).transpose(-3, -2).to(kind)  # (.., row, column)
    found = _shifted(blocks @ cosines.T, ONE - SPARE)
    found = _shifted(found.mT @ cosines.T, ONE + SPARE).mT  # in eighths
    steps = steps.to(kind).view(b, 1, 1, 1, 8, 8)
    kept = ((found.abs() + 4 * steps) / (8 * steps)).floor_() * found.sign() * steps
    back = _shifted(kept.mT @ cosines, ONE - SPARE)
    back = _shifted(back.mT @ cosines, ONE + SPARE + 3)
    levels = (back + 128).clamp_(0, 255).transpose(-3, -2).flatten(-4, -3).flatten(-2)
    return levels.view(b, n, *whole.shape[-2:])[..., :height, :width].int()


def _shifted(x: Tensor, digits: int) -> Tensor:
    """Whole numbers divided by 2^digits, halves up."""
    return (x + 2 ** (digits - 1)).div_(2**digits).floor_()
