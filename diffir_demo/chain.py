"""Several runs in a row, each on the result of the one before: from a recipe, by name, or as the photo needs them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

import numpy as np

from .api import Model
from .errors import InputError
from .events import Event, Finished
from .imaging import Picture, check_mask, mask_bytes
from .messages import AND, Message, joined
from .recipe import Recipe
from .restoration import Restoration
from .scratches import search
from .tasks import Request, get_task

Run = Callable[[Request], Iterator[Event]]


@dataclass(frozen=True)
class Link:
    """One run of a chain."""

    recipe: Recipe
    run: Run
    """`Model.stream` of its network, with everything but the request chosen."""


def chained(links: Sequence[Link]) -> Run:
    """All of them as one run, whose result knows the recipes of all.

    The request is for the first; what the others ask for is in their
    recipes. Raises `InputError` in mid-run where a recipe's mask has another size than the result it is for.
    """

    def run(request: Request) -> Generator[Event, None, None]:
        before: Restoration | None = None
        notices: tuple[str, ...] = ()
        for number, link in enumerate(links):
            if before is not None:
                request = link.recipe.request(before.picture, name=request.name)
                _require_fitting_mask(request, link.recipe)
            found = yield from _followed(link.run(request))
            notices = tuple(dict.fromkeys([*notices, *found.notices]))
            made_by = before and before.recipe(base=links[number - 1].recipe)
            before = replace(found, before=made_by, notices=notices)
        assert before is not None  # a chain has one link at least
        yield Finished(before)

    return run


def _followed(events: Iterator[Event]) -> Generator[Event, None, Restoration]:
    """Passes on all events of a run but the last, and gives what came back."""
    with closing(events):  # pyright: ignore[reportArgumentType]  # all runs are generators
        for event in events:
            if isinstance(event, Finished):
                return event.restoration
            yield event
    raise RuntimeError("the run ended without a result")


def _require_fitting_mask(request: Request, recipe: Recipe) -> None:
    picture, mask = request.picture, request.mask
    if mask is not None and mask.shape != (picture.height, picture.width):
        raise InputError(
            Message(
                "The mask of the run '{task}' has {width} x {height} pixels, but its photo has {picture_width} x "
                "{picture_height} here.",
                task=recipe.task,
                width=mask.shape[1],
                height=mask.shape[0],
                picture_width=picture.width,
                picture_height=picture.height,
            ),
            "Use the recipe on a photo of the size that it was made for.",
        )


# --- what a photo seems to need ------------------------------------------------------------------------------------

FINDS = "clean"
"""The task whose network reads what is wrong with a photo."""
NOTHING_TO_MEND = Message("Nothing was found in the photo that needs mending.")
SCRATCHED, SURE, FILLED = 1.5e-3, 0.2, 0.35
"""A photo is scratched where so large a share of it is marked at sensitivity `SURE`; then what is marked at `FILLED` is
filled. Of the 24 Kodak photos none is taken for scratched, and 22 once they are made to look old: measured by
`tools.evaluation.scratches --plan`."""
MOST_CLEANED = 4.0
"""Megapixels up to which scratches are looked for in the cleaned photo where it is worn: grain breaks them up. With
grain, soft focus and JPEG damage laid over their scratches, 21 of the 24 are found, measured likewise."""
WORN = {"noise": 5.0, "softness": 0.9, "compression": 30.0}
"""Readings from which a photo is cleaned: levels of 255, pixels, and 100 - JPEG quality."""
READ = 768
"""Pixels a side of the piece that is read."""
SMALL, TINY = 0.8, 0.2
"""Megapixels up to which a photo is enlarged twice, and four times."""
WORDS = {
    "noise": Message("grain"),
    "softness": Message("a soft focus"),
    "compression": Message("JPEG damage"),
}


@dataclass(frozen=True)
class Proposal:
    """One run that seems to help, and why."""

    recipe: Recipe
    reason: str
    """What was found, in words that follow "found:"."""
    hole: np.ndarray | None = field(default=None, compare=False, repr=False)
    """(h, w) bool: what would be filled; None for a run without a mask."""


def propose(
    picture: Picture, reader: Model, marked: np.ndarray | None = None, looked_over: bool = False
) -> tuple[Proposal, ...]:
    """Which runs a photo seems to need, in order: scratches filled, cleaned, enlarged. () for one that is fine.

    reader: of the task `FINDS`, with a network that reads. marked: (h, w) bool, what is to be filled beside the
    scratches that are found, or in their place, where it was `looked_over`: made of what had been found, and corrected
    by hand. Raises `InputError` where it has another size, or is all of the photo. Looking takes about a second per
    megapixel, and two more where the photo is worn.
    """
    found = []
    worn = _worn(picture, reader)
    hole, reasons = np.zeros(picture.pixels.shape[:2], bool), list[str]()
    marked = hole if marked is None or not marked.any() else marked
    if marked.any():
        check_mask(marked, picture)
    if not (looked_over and marked.any()):
        seen = reader.restore(picture).picture if worn and picture.megapixels <= MOST_CLEANED else picture
        scratches = search(seen.pixels)
        if scratches.mask(SURE).mean() > SCRATCHED:
            hole = scratches.mask(FILLED) & ~marked
            reasons.append(Message("scratches ({percent:.1f} % of it)", percent=100 * hole.mean()))
    if marked.any():
        hole = hole | marked
        reasons.append(Message("what is marked ({percent:.1f} % of it)", percent=100 * marked.mean()))
    if reasons:
        recipe = Recipe("inpaint", preset=get_task("inpaint").preset().key, mask=mask_bytes(hole))
        found.append(Proposal(recipe, joined(reasons, AND), hole))
    if worn:
        found.append(Proposal(Recipe(FINDS, preset=get_task(FINDS).preset().key), joined(worn, AND)))
    if picture.megapixels <= SMALL:
        scale = 4 if picture.megapixels <= TINY else 2
        preset = get_task("sr").preset("real", scale)
        reason = Message(
            "few pixels ({width} × {height})",
            width=picture.width,
            height=picture.height,
        )
        found.append(Proposal(Recipe("sr", preset=preset.key, scale=scale), reason))
    return tuple(found)


def in_sentence(proposals: Sequence[Proposal]) -> str:
    """As in "found scratches (0.4 % of it), then clean"."""
    return "; ".join(f"{each.reason}: {each.recipe.task}" for each in proposals)


def _worn(picture: Picture, reader: Model) -> list[str]:
    directions = reader.info.directions
    if directions is None:
        return []
    reading = directions.reading(reader.estimate(_middle(picture)))
    return [WORDS[each.name] for each in reading.values if each.inside and each.value >= WORN[each.name]]


def _middle(picture: Picture) -> Picture:
    """A piece of `READ` pixels a side at most: what is wrong with a photo is wrong with all of it."""
    top, left = (max(0, (side - READ) // 2) for side in (picture.height, picture.width))
    return Picture(np.ascontiguousarray(picture.pixels[top : top + READ, left : left + READ]))
