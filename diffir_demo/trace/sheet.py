"""A trace drawn and saved: all steps side by side, an animation of one frame each, or the numbers. Pillow draws it.

An IPR is a map of small squares, and bars; the page draws the same by itself. The scale goes from -bound to bound and
is shared by all that is drawn with one bound. Blue is below zero and orange above: people with any kind of colour
blindness can distinguish these, and both ends are far from the middle in lightness.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..errors import InputError
from ..figures import seconds
from ..imaging import Picture, write_picture
from ..messages import Message
from . import TimelineEntry, Trace

LIGHT = ("#08468b", "#5ba3d6", "#f6f5f1", "#ee9a4d", "#963c04")
DARK = ("#a8d8ff", "#3284c4", "#24262a", "#cf6a1c", "#ffd3a3")
"""Colours at -bound, -bound / 4, 0, bound / 4 and bound, on light and on dark paper; straight lines between."""
PLACES = (-1.0, -0.25, 0.0, 0.25, 1.0)
"""Where those colours stand. Most numbers of an IPR are small: their part of the scale has the most colours."""
PAPER, PLATE, INK, QUIET = (255, 255, 255), (243, 243, 240), (29, 31, 34), (92, 95, 102)
MARGIN, GAP = 28, 20
MAP, BARS = 256, 88
"""Side of the map, and height of the bars, pixels."""
TITLE, TEXT = 20, 14
"""Sizes of the letters, pixels."""
LINE = 20
FRAME = (760, 476)
"""(width, height) of a frame of the animation, pixels."""
SCALE_COLOURS = 64
"""Of the 256 of all frames: kept for the scale, so that no photo takes them."""
HELD, HELD_LAST = 900, 2600
"""Milliseconds that a frame stays, and the last one before the animation begins again."""


def save_trace(trace: Trace, path: str | os.PathLike[str]) -> Path:
    """Writes it in the format of the path's suffix (`encode_trace`) and returns the path; missing folders are made.

    Raises `InputError` for a suffix that says no format, or a place that cannot be written to.
    """
    path = Path(path)
    write_picture(path, encode_trace(trace, path.suffix))
    return path


def encode_trace(trace: Trace, suffix: str) -> bytes:
    """The bytes of a file with this suffix.

    .npy: `Trace.array`, (T + 1, n) float32, row 0 the noise x_T, row i the IPR after step i, the last row the final
    IPR; `numpy.load` reads it. .png: all steps side by side. .gif: a frame per step.
    Raises `InputError` for other suffixes.
    """
    check_suffix(suffix)
    buffer = BytesIO()
    match suffix.lower():
        case ".npy":
            np.save(buffer, trace.array())
        case ".png":
            strip_image(trace).save(buffer, "PNG")
        case ".gif":
            first, *rest = _indexed(list(frames(trace)))
            held = [HELD] * len(rest) + [HELD_LAST]
            first.save(buffer, "GIF", save_all=True, append_images=rest, duration=held, loop=0)
    return buffer.getvalue()


def check_suffix(suffix: str) -> None:
    """Raises `InputError` where no trace can be written so."""
    if suffix.lower() not in (".npy", ".png", ".gif"):
        asked = Message('as "{suffix}"', suffix=suffix) if suffix else Message("under a name without a suffix")
        raise InputError(
            Message("The diffusion cannot be saved {asked}.", asked=asked),
            "Use .gif (animation), .png (strip) or .npy (the numbers).",
        )


def name_of(number: int) -> str:
    return f"Step {number}" if number else "Noise"


def facts_of(entry: TimelineEntry) -> list[str]:
    """What is known of an entry, a few words each."""
    found = [f"norm {entry.norm:.2f}"]
    if entry.change is not None:
        found.append(f"{entry.change:.2f} from the step before")
    if entry.cosine is not None:
        found.append(f"cosine to the final IPR {entry.cosine:.3f}")
    if entry.difference is not None:
        found.append(f"picture {entry.difference:.2f} of 255 levels off")
    return found


def strip_image(trace: Trace) -> Image.Image:
    """A column per entry: its picture, its map, its bars and its facts; the scale and the timings below."""
    entries, bound = trace.timeline, trace.bound
    box = _picture_height(entries)
    top, width = MARGIN + 2 * LINE, 2 * MARGIN + len(entries) * (MAP + GAP) - GAP
    page, pen = _page(width, top + LINE + 12 + box + MAP + BARS + 2 * GAP + 4 * LINE + 3 * LINE + MARGIN)
    _text(pen, (MARGIN, MARGIN - 8), _heading(trace), TITLE)
    for i, entry in enumerate(entries):
        left, y = MARGIN + i * (MAP + GAP), top
        _text(pen, (left, y), name_of(entry.number), TITLE - 2)
        y += LINE + 12
        _place(page, entry.picture, left, y, MAP, box)
        y += box + GAP // 2
        page.paste(_map(entry.ipr, bound), (left, y))
        y += MAP + GAP // 2
        page.paste(bars_image(entry.ipr, bound, MAP, BARS, PLATE), (left, y))
        y += BARS + GAP // 2
        for line in facts_of(entry):
            _text(pen, (left, y), line, TEXT, QUIET)
            y += LINE
    bottom = page.height - MARGIN - LINE
    _scale(page, pen, bound, MARGIN, bottom)
    _text(pen, (MARGIN + MAP + 3 * GAP, bottom), _timing(trace), TEXT, QUIET)
    return page


def frames(trace: Trace) -> Iterator[Image.Image]:
    """A frame per entry: the picture on the left, map and bars on the right."""
    entries, bound = trace.timeline, trace.bound
    width, height = FRAME
    right = width - MARGIN - MAP
    for entry in entries:
        page, pen = _page(width, height)
        title = f"Step {entry.number} of {len(entries) - 1}" if entry.number else "Noise"
        _text(pen, (MARGIN, MARGIN - 10), title, TITLE)
        _progress(pen, entry.number, len(entries) - 1, right, MARGIN)
        _place(page, entry.picture, MARGIN, MARGIN + 24, right - MARGIN - GAP, MAP + BARS + GAP // 2)
        page.paste(_map(entry.ipr, bound), (right, MARGIN + 24))
        page.paste(bars_image(entry.ipr, bound, MAP, BARS, PLATE), (right, MARGIN + 24 + MAP + GAP // 2))
        for i, line in enumerate(facts_of(entry)[:4]):  # in two columns
            _text(pen, (MARGIN + i // 2 * 190, height - MARGIN - 30 + i % 2 * LINE), line, TEXT, QUIET)
        _scale(page, pen, bound, right, height - MARGIN - 20)
        yield page


def _indexed(frames: Sequence[Image.Image]) -> Iterator[Image.Image]:
    """In one palette for all of them, so that colours do not flicker: theirs, and those of the scale.

    The colours are spread over all that occur (maximum coverage). The usual choice, median cut, gives most of them to
    what there is most of, and takes small areas of strong colour for grey. Dithering makes up for those between.
    """
    every_other = np.concatenate([np.asarray(frame)[::2, ::2] for frame in frames])
    coverage = Image.Quantize.MAXCOVERAGE
    own = Image.fromarray(every_other).quantize(256 - SCALE_COLOURS, method=coverage).getpalette() or []
    own = (own + [0] * 768)[: 3 * (256 - SCALE_COLOURS)]
    palette = Image.new("P", (1, 1))
    palette.putpalette(own + colours(np.linspace(-1, 1, SCALE_COLOURS)).ravel().tolist())
    return (frame.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG) for frame in frames)


def _page(width: int, height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    page = Image.new("RGB", (width, height), PAPER)
    return page, ImageDraw.Draw(page)


def _text(pen: ImageDraw.ImageDraw, at: tuple[int, int], text: str, size: int, ink: tuple[int, int, int] = INK) -> None:
    pen.text(at, text, font=ImageFont.load_default(size), fill=ink)


def _map(ipr: np.ndarray, bound: float) -> Image.Image:
    return map_image(ipr, bound, max(1, MAP // side_of(len(ipr)))).resize((MAP, MAP), Image.Resampling.NEAREST)


def _picture_height(entries: tuple[TimelineEntry, ...]) -> int:
    """As the widest picture needs it, so that nothing is cropped and little is left empty."""
    shapes = [entry.picture for entry in entries if entry.picture is not None]
    return max((min(360, max(40, round(MAP * p.height / p.width))) for p in shapes), default=MAP // 2)


def _place(page: Image.Image, picture: Picture | None, left: int, top: int, width: int, height: int) -> None:
    """The picture in the middle of its box, enlarged or reduced; a plate where it was not decoded."""
    pen = ImageDraw.Draw(page)
    if picture is None:
        pen.rectangle((left, top, left + width - 1, top + height - 1), fill=PLATE)
        pen.text((left + width / 2, top + height / 2), "not decoded", QUIET, ImageFont.load_default(TEXT), anchor="mm")
        return
    image = Image.fromarray(picture.pixels)
    factor = min(width / image.width, height / image.height)
    size = max(1, round(image.width * factor)), max(1, round(image.height * factor))
    page.paste(image.resize(size), (left + (width - size[0]) // 2, top + (height - size[1]) // 2))


def _scale(page: Image.Image, pen: ImageDraw.ImageDraw, bound: float, left: int, top: int) -> None:
    """The colours' numbers, below the colours."""
    page.paste(scale_image(MAP, 10), (left, top - 4))
    font = ImageFont.load_default(TEXT - 2)
    for share, anchor in ((-1, "la"), (-0.5, "ma"), (0, "ma"), (0.5, "ma"), (1, "ra")):
        at = (left + (share + 1) * MAP / 2, top + 9)
        pen.text(at, f"{share * bound:.2f}" if share else "0", QUIET, font, anchor=anchor)


def _progress(pen: ImageDraw.ImageDraw, number: int, last: int, left: int, top: int) -> None:
    """A line of dashes, one per entry, filled as far as the animation is."""
    width = MAP / (last + 1)
    for i in range(last + 1):
        at = (left + i * width, top, left + (i + 1) * width - 4, top + 5)
        pen.rectangle(at, fill=(15, 118, 110) if i <= number else (217, 217, 212))


def _heading(trace: Trace) -> str:
    run = trace.restoration
    length = f"The diffusion of {len(trace.noise)} numbers, from noise to the IPR"
    return length if run is None else f"{length}: {run.task}, {run.weights}, seed {run.request.settings.seed}"


def _timing(trace: Trace) -> str:
    run = trace.restoration
    if run is None:
        return "The run was not finished."
    return (
        f"Diffusion: {len(trace.steps)} steps on {len(trace.noise)} numbers, {seconds(run.seconds.denoise)} in all. "
        f"The image network runs once per picture, {seconds(run.seconds.paint)} for the result "
        f"of {run.picture.width} x {run.picture.height} pixels."
    )


def colours(shares: np.ndarray, palette: tuple[str, ...] = LIGHT) -> np.ndarray:
    """(...) numbers over their bound, in [-1, 1] or clipped to it -> (..., 3) uint8."""
    stops = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in palette], float)
    mixed = [np.interp(shares, PLACES, stops[:, channel]) for channel in range(3)]
    return np.stack(mixed, axis=-1).round().astype(np.uint8)


def side_of(length: int) -> int:
    """The map of 256 numbers is 16 x 16."""
    return math.isqrt(length - 1) + 1 if length else 1


def map_image(ipr: np.ndarray, bound: float, cell: int) -> Image.Image:
    """(n,) -> a square of squares, `cell` pixels each, row by row from the top left; what is left over stays zero."""
    side = side_of(len(ipr))
    shares = np.zeros(side * side)
    shares[: len(ipr)] = ipr / bound
    small = Image.fromarray(colours(shares.reshape(side, side)))
    return small.resize((side * cell, side * cell), Image.Resampling.NEAREST)


def bars_image(ipr: np.ndarray, bound: float, width: int, height: int, paper: tuple[int, int, int]) -> Image.Image:
    """(n,) -> a bar per number, up for positive ones, in the colours of the ends. Drawn at twice the size."""
    pixels = np.full((2 * height, 2 * width, 3), paper, np.uint8)
    middle, reach = height, height - 4
    below, above = colours(np.array([-0.6, 0.6]))
    for i, number in enumerate(ipr):
        left = round(i * 2 * width / len(ipr))
        right = max(left + 1, round((i + 0.8) * 2 * width / len(ipr)))
        length = round(min(1.0, abs(float(number)) / bound) * reach)
        rows = slice(middle - length, middle) if number > 0 else slice(middle, middle + length)
        pixels[rows, left:right] = above if number > 0 else below
    pixels[middle - 1 : middle + 1] = (140, 140, 140)
    return Image.fromarray(pixels).resize((width, height), Image.Resampling.BOX)


def scale_image(width: int, height: int) -> Image.Image:
    """The scale itself, from -bound on the left to bound on the right."""
    return Image.fromarray(np.repeat(colours(np.linspace(-1, 1, width))[None], height, axis=0))
