"""The search: for every patch that touches the hole, one that looks alike among those that are wholly known.

Randomised, as openly described by Barnes et al. (2009) and Newson et al. (IPOL 2017): a patch tries where its
neighbours found theirs, and around the best so far a few places are tried at random. Here all patches of a block take
each step at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ..tick import Tick
from .level import AWAY, BORDER, FEATURES, REACH, SIDE, TEXTURE, Level

JUMPS = (1, 4, 2, 8)
"""Pixels between neighbours that try each other's matches; one after the other, so that good ones spread fast."""
BLOCK, EXACT_BLOCK = 16384, 2048
"""Targets that are worked on together: what they need fits a processor's cache."""
FEW_OF = 4
"""One patch in so many, and less: there it pays to project them one by one rather than all that lie in their rows."""
Distance = Callable[[Tensor], Tensor]
"""Places of sources (n,) -> squared distance to each target of a block, (n,) float32."""


@dataclass(frozen=True, eq=False)
class Matches:
    """Where each target's match is, as maps of a level."""

    centre: Tensor
    """(pixels,) int64: place of the source."""
    distance: Tensor
    """(pixels,) float32."""

    @classmethod
    def drawn(cls, level: Level, generator: torch.Generator) -> Matches:
        """Any source for each target."""
        centre = level.sources[:1].repeat(level.height * level.width)
        pick = torch.randint(len(level.sources), (len(level.targets),), generator=generator)
        centre[level.targets] = level.sources[pick]
        return cls(centre, torch.full((len(centre),), torch.inf))

    def finer(self, coarse: Level, level: Level, generator: torch.Generator) -> tuple[Matches, Tensor]:
        """The matches for the level twice as large, and those of its targets (n,) that found theirs here.

        The others get any source.
        """
        found = Matches.drawn(level, generator)
        y, x = level.targets // level.width - BORDER, level.targets % level.width - BORDER
        place = (y // 2 + BORDER) * coarse.width + x // 2 + BORDER
        centre = self.centre[place]
        row = 2 * (centre // coarse.width - BORDER) + y % 2 + BORDER
        column = 2 * (centre % coarse.width - BORDER) + x % 2 + BORDER
        twice = row.clamp_max(level.height - 1) * level.width + column.clamp_max(level.width - 1)
        good = torch.from_numpy(level.whole).flatten()[twice] & self.distance[place].isfinite()
        found.centre[level.targets[good]] = twice[good]
        return found, level.targets[good]


class Features:
    """Distances between projected patches: a tenth of the work of whole ones."""

    def __init__(self, level: Level) -> None:
        self.level = level
        self.sources = torch.full((level.height * level.width, FEATURES), AWAY)
        self.targets = level.targets
        self.wanted = torch.empty(len(level.targets), FEATURES)

    def learn(self, tick: Tick) -> None:
        """The sources; they stay as they are."""
        level = self.level
        grid, whole = level.grid(self.sources), torch.from_numpy(level.whole)
        for top, bottom in level.strips(REACH, level.height - REACH):
            here = whole[top:bottom, REACH : level.width - REACH, None]
            grid[top:bottom, REACH : level.width - REACH] = torch.where(here, level.features(top, bottom), AWAY)
            tick(bottom / level.height)

    def look(self, tick: Tick) -> None:
        """The targets as they are now."""
        level, last = self.level, 0
        rows = level.targets // level.width
        for top, bottom in level.strips(int(rows[0]), int(rows[-1]) + 1):
            first, last = last, int(torch.searchsorted(rows, bottom))
            if (last - first) * FEW_OF < (bottom - top) * level.width:  # scratches across a large photo
                self.wanted[first:last] = level.features_at(level.targets[first:last])
                tick(last / len(self.targets))
                continue
            column = level.targets[first:last] - rows[first:last] * level.width - REACH
            wide = level.width - 2 * REACH
            found = level.features(top, bottom).view(-1, FEATURES)
            self.wanted[first:last] = found[(rows[first:last] - top) * wide + column]
            tick(last / len(self.targets))

    def block(self, some: slice) -> Distance:
        wanted, ones = self.wanted[some], torch.ones(FEATURES)

        def distance(places: Tensor) -> Tensor:
            difference = torch.index_select(self.sources, 0, places).sub_(wanted)
            return difference.square_() @ ones

        return distance


class Whole:
    """Distances between whole patches, with a weight for every pixel: exact, and five to ten times the work."""

    def __init__(self, level: Level, weight: Tensor, targets: Tensor) -> None:
        self.level, self.weight, self.targets = level, weight, targets
        self.barred = torch.where(torch.from_numpy(level.whole).flatten(), 0.0, AWAY**2)

    def block(self, some: slice) -> Distance:
        level = self.level
        near = self.targets[some, None] + level.steps
        weight, wanted = self.weight[near], level.image[near]
        texture, share = level.texture[self.targets[some]], weight.sum(dim=1) * TEXTURE
        full = SIDE**2 / weight.sum(dim=1).clamp_min(1e-3)
        row, unit = self.targets[some] // level.width, level.rows_of_few / level.side

        def distance(places: Tensor) -> Tensor:
            near = (places[:, None] + level.steps).view(-1)
            difference = level.image.index_select(0, near).view_as(wanted).sub_(wanted)
            colour = torch.linalg.vecdot(difference.square_().sum(dim=2), weight)
            rough = (level.texture[places] - texture).square_().sum(dim=1) * share
            apart = ((places // level.width - row) * unit).square()
            return (colour + rough) * full + apart + self.barred[places]

        return distance


def search(
    level: Level,
    matches: Matches,
    measure: Features | Whole,
    *,
    rounds: int,
    reach: int,
    generator: torch.Generator,
    tick: Tick,
) -> None:
    """Improves the matches of the measure's targets, in place.

    reach: pixels around the best match so far in which one place is tried; then in half of that, and so on to one.
    """
    targets = measure.targets
    size = BLOCK if isinstance(measure, Features) else EXACT_BLOCK
    margin = REACH * level.width + REACH
    for number in range(rounds):
        jump = JUMPS[number % len(JUMPS)]
        for start in range(0, len(targets), size):
            some = slice(start, start + size)
            places, distance = targets[some], measure.block(some)
            best = matches.centre[places]
            least = distance(best) if number == 0 else matches.distance[places]
            for step in (jump, -jump, jump * level.width, -jump * level.width):
                best, least = _better(best, least, matches.centre[places - step] + step, distance)
            radius = reach
            while radius:
                away = torch.randint(-radius, radius + 1, (2, len(places)), generator=generator)
                offer = (best + away[0] * level.width + away[1]).clamp_(margin, len(matches.centre) - 1 - margin)
                best, least = _better(best, least, offer, distance)
                radius //= 2
            matches.centre[places], matches.distance[places] = best, least
            tick((number + min(start + size, len(targets)) / len(targets)) / rounds)


def _better(best: Tensor, least: Tensor, offer: Tensor, distance: Distance) -> tuple[Tensor, Tensor]:
    found = distance(offer)
    return torch.where(found < least, offer, best), torch.minimum(found, least)
