"""What people should know about a result, one sentence each; () where there is nothing to say."""

from __future__ import annotations

from collections.abc import Mapping

from .messages import Message, joined
from .shake import Undone, path_in_words
from .tasks import Request
from .texture import expectation
from .tiling import Tile
from .weights.directions import WORDS

PAINTED_ONE = Message("Painted in {count} tile of {width} x {height} pixels to fit the memory.")
PAINTED_MANY = Message("Painted in {count} tiles of {width} x {height} pixels to fit the memory.")
MOVE = Message("{name} {amount:+.2g}")


def path_notice(undone: Undone | None, request: Request) -> tuple[str, ...]:
    return () if undone is None else (path_in_words(undone, request.settings.strength),)


def part_notice(part: Tile | None) -> tuple[str, ...]:
    if part is None:
        return ()
    return (
        Message(
            "The network looked at {width} x {height} pixels around the hole; the rest stayed as it was.",
            width=part.width,
            height=part.height,
        ),
    )


def tile_notice(tiles: list[Tile], decoded: list[Tile]) -> tuple[str, ...]:
    if len(tiles) == 1:
        return ()
    sentence = PAINTED_MANY if len(decoded) > 1 else PAINTED_ONE
    return (sentence.format(count=len(decoded), width=tiles[0].width, height=tiles[0].height),)


def hole_notice(request: Request) -> tuple[str, ...]:
    sentence = None if request.mask is None else expectation(request.mask, request.settings.fill or "network")
    return (sentence,) if sentence else ()


def precision_notice(begun_again: bool) -> tuple[str, ...]:
    sentence = Message("Done in float32: a smaller precision gave NaN or infinite numbers for this photo.")
    return (sentence,) if begun_again else ()


def steered_notice(amounts: Mapping[str, float]) -> tuple[str, ...]:
    moves = [MOVE.format(name=WORDS[name][0], amount=amount) for name, amount in amounts.items() if amount]
    sentence = Message("Painted with the numbers moved by hand: {moved} standard deviations.", moved=joined(moves))
    return (sentence,) if moves else ()
