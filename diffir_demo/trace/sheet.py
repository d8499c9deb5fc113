"""A trace on paper: all moments side by side, or one frame each for an animation."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..imaging import Picture
from .figures import seconds
from .gather import Moment, Trace
from .plot import bars_image, colours, map_image, scale_image, side_of

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
"""Of a frame's 256: kept for the scale, so that no photo takes them."""


def name_of(number: int) -> str:
    return f"Step {number}" if number else "Noise"


def facts_of(moment: Moment) -> list[str]:
    """What is known of a moment, a few words each."""
    found = [f"norm {moment.norm:.2f}"]
    if moment.change is not None:
        found.append(f"{moment.change:.2f} from the step before")
    if moment.cosine is not None:
        found.append(f"cosine to the final IPR {moment.cosine:.3f}")
    if moment.difference is not None:
        found.append(f"picture {moment.difference:.2f} of 255 levels off")
    return found


def strip_image(trace: Trace) -> Image.Image:
    """A column per moment: its picture, its map, its bars and its facts; the scale and the timings below."""
    moments, bound = trace.moments, trace.bound
    box = _picture_height(moments)
    top, width = MARGIN + 2 * LINE, 2 * MARGIN + len(moments) * (MAP + GAP) - GAP
    page, pen = _page(width, top + LINE + 12 + box + MAP + BARS + 2 * GAP + 4 * LINE + 3 * LINE + MARGIN)
    _write(pen, (MARGIN, MARGIN - 8), _heading(trace), TITLE)
    for i, moment in enumerate(moments):
        left, y = MARGIN + i * (MAP + GAP), top
        _write(pen, (left, y), name_of(moment.number), TITLE - 2)
        y += LINE + 12
        _place(page, moment.picture, left, y, MAP, box)
        y += box + GAP // 2
        page.paste(_map(moment.ipr, bound), (left, y))
        y += MAP + GAP // 2
        page.paste(bars_image(moment.ipr, bound, MAP, BARS, PLATE), (left, y))
        y += BARS + GAP // 2
        for line in facts_of(moment):
            _write(pen, (left, y), line, TEXT, QUIET)
            y += LINE
    bottom = page.height - MARGIN - LINE
    _scale(page, pen, bound, MARGIN, bottom)
    _write(pen, (MARGIN + MAP + 3 * GAP, bottom), _timing(trace), TEXT, QUIET)
    return page


def frames(trace: Trace) -> Iterator[Image.Image]:
    """A frame per moment, in 256 colours: the picture on the left, map and bars on the right."""
    moments, bound = trace.moments, trace.bound
    width, height = FRAME
    right = width - MARGIN - MAP
    for moment in moments:
        page, pen = _page(width, height)
        title = f"Step {moment.number} of {len(moments) - 1}" if moment.number else "Noise"
        _write(pen, (MARGIN, MARGIN - 10), title, TITLE)
        _progress(pen, moment.number, len(moments) - 1, right, MARGIN)
        _place(page, moment.picture, MARGIN, MARGIN + 24, right - MARGIN - GAP, MAP + BARS + GAP // 2)
        page.paste(_map(moment.ipr, bound), (right, MARGIN + 24))
        page.paste(bars_image(moment.ipr, bound, MAP, BARS, PLATE), (right, MARGIN + 24 + MAP + GAP // 2))
        for i, line in enumerate(facts_of(moment)[:4]):  # in two columns
            _write(pen, (MARGIN + i // 2 * 190, height - MARGIN - 30 + i % 2 * LINE), line, TEXT, QUIET)
        _scale(page, pen, bound, right, height - MARGIN - 20)
        yield _indexed(page)


def _indexed(frame: Image.Image) -> Image.Image:
    """In the frame's own colours and those of the scale."""
    own = frame.quantize(256 - SCALE_COLOURS).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette(own[: 3 * (256 - SCALE_COLOURS)] + colours(np.linspace(-1, 1, SCALE_COLOURS)).ravel().tolist())
    return frame.quantize(palette=palette)


def _page(width: int, height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    page = Image.new("RGB", (width, height), PAPER)
    return page, ImageDraw.Draw(page)


def _write(
    pen: ImageDraw.ImageDraw, at: tuple[int, int], text: str, size: int, ink: tuple[int, int, int] = INK
) -> None:
    pen.text(at, text, font=ImageFont.load_default(size), fill=ink)


def _map(ipr: np.ndarray, bound: float) -> Image.Image:
    return map_image(ipr, bound, max(1, MAP // side_of(len(ipr)))).resize((MAP, MAP), Image.Resampling.NEAREST)


def _picture_height(moments: tuple[Moment, ...]) -> int:
    """As the widest picture needs it, so that nothing is cropped and little is left empty."""
    shapes = [moment.picture for moment in moments if moment.picture is not None]
    return max((min(360, max(40, round(MAP * p.height / p.width))) for p in shapes), default=MAP // 2)


def _place(page: Image.Image, picture: Picture | None, left: int, top: int, width: int, height: int) -> None:
    """The picture in the middle of its box, enlarged or reduced; a plate where it was not painted."""
    pen = ImageDraw.Draw(page)
    if picture is None:
        pen.rectangle((left, top, left + width - 1, top + height - 1), fill=PLATE)
        pen.text((left + width / 2, top + height / 2), "not painted", QUIET, ImageFont.load_default(TEXT), anchor="mm")
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
    """A line of dashes, one per moment, filled as far as the animation is."""
    width = MAP / (last + 1)
    for i in range(last + 1):
        at = (left + i * width, top, left + (i + 1) * width - 4, top + 5)
        pen.rectangle(at, fill=(15, 118, 110) if i <= number else (217, 217, 212))


def _heading(trace: Trace) -> str:
    run = trace.restoration
    length = f"The diffusion of {len(trace.noise)} numbers, from noise to the IPR"
    return length if run is None else f"{length}: {run.task}, {run.weights}, seed {run.request.seed}"


def _timing(trace: Trace) -> str:
    run = trace.restoration
    if run is None:
        return "The run was not finished."
    return (
        f"Diffusion: {len(trace.steps)} steps on {len(trace.noise)} numbers, {seconds(run.seconds.denoise)} in all. "
        f"The image network runs once per picture, {seconds(run.seconds.paint)} for the result "
        f"of {run.picture.width} x {run.picture.height} pixels."
    )
