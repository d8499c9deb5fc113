"""One hole, from a small picture of it to the photo itself.

Multi-scale patch-based inpainting (Wexler, Shechtman and Irani, "Space-time completion of video", PAMI 2007; Newson et
al., "Video inpainting of complex scenes", SIIMS 2014, and "Non-local patch-based image inpainting", IPOL 2017): at each
scale, every patch that touches the hole looks for its like among the known ones, and every pixel becomes the mean of
what the patches over it say; again and again, then at twice the size. Last, pixels are copied instead of averaged, and
the seams between the copies are spread out.
"""

from __future__ import annotations

from itertools import count

import numpy as np
import torch

from ..tick import Stages, Tick, no_tick
from .level import REACH, Level, Scale, depth_of, texture_of
from .match import Features, Matches, Whole, search
from .poisson import blend
from .vote import copies, differences, vote, weights

SWEEPS, LAST_SWEEPS = 8, 3
"""Times that patches look for matches and pixels are voted on, at most: at each scale, and at the photo's own."""
ROUNDS, FIRST_ROUNDS = 2, 6
"""Of each search; more for the very first one, which starts from nothing."""
SETTLED = 0.3
"""Levels of 255: a sweep that changes the hole by less on average is the last of its scale."""
FEW = 1000
"""Targets up to which whole patches are compared, trusted pixels first: small scales decide how lines go on."""
NEAR = 16
"""Pixels around a match that the photo's own scale looks at; coarser ones look everywhere."""
LEAST_SIDE = 8 * REACH
"""Pixels of the smallest picture in the pyramid."""
LEAST_SOURCES = 30
"""Patches to choose from, below which a scale is left out."""
MOST_SEARCHED = 2_500_000
"""Pixels of the largest picture that is searched. Finer ones take over what was found at half their size."""
LEARN, LOOK, VOTE, COPY, BLEND = 0.4, 0.25, 1.0, 0.7, 3.0
"""What the steps take, per pixel of the picture or the hole, in microseconds of one thread, about; and per target:"""
SEARCH, START = 1.0, 12.0


def filled(
    pixels: np.ndarray,
    known: np.ndarray,
    source: np.ndarray,
    generator: torch.Generator,
    guide: np.ndarray | None = None,
    tick: Tick = no_tick,
) -> np.ndarray | None:
    """pixels (h, w, 3) uint8; known (h, w) bool, False is filled; source (h, w) bool: known, and may be copied.

    guide: (h, w, 3) uint8, a picture of the whole that is right in its low frequencies near the rim, if there is one.
    Ticks with the share done. Returns (h, w, 3) float32, levels of 255, or None where there is too little to copy from.
    """
    pyramid = scales(pixels, known, source, guide, tick)
    costs = [_cost(scale, last=scale is pyramid[-1]) for scale in pyramid]
    stages = Stages(tick, sum(costs))
    coarse: Level | None = None
    matches: Matches | None = None
    for number, scale in enumerate(pyramid):
        stages.report()
        level = Level.built(scale, stages.stage(0.0))
        stages.report()
        if len(level.sources) < LEAST_SOURCES:
            coarse = matches = None
        else:
            if coarse is None or matches is None:
                matches = _begun(level, generator, stages)
            else:
                matches = _continued(coarse, matches, level, generator, stages)
            if known.size >> 2 * (len(pyramid) - 1 - number) <= MOST_SEARCHED:
                _settled(level, matches, scale is pyramid[-1], generator, stages)
            coarse = level
        stages.done = sum(costs[: number + 1]) - (COPY + BLEND) * len(level.hole) * (scale is pyramid[-1])
    if coarse is None or matches is None:
        return None
    return _pasted(coarse, matches, stages)


def scales(
    pixels: np.ndarray,
    known: np.ndarray,
    source: np.ndarray,
    guide: np.ndarray | None = None,
    tick: Tick = no_tick,
) -> list[Scale]:
    """The pyramid, smallest first: there the hole is about as deep as a patch reaches."""
    halvings = max(0, int(np.ceil(np.log2(max(depth_of(~known).max(), 1) / REACH))))
    while halvings and min(known.shape) >> halvings < LEAST_SIDE:
        halvings -= 1
    tick(0.0)
    texture = texture_of(pixels, known, 2 ** max(halvings - 1, 1), tick)
    seen = known[..., None].astype(np.float32)
    colour = pixels * seen
    tick(0.0)
    whole = None if guide is None else guide.astype(np.float32)
    found = [Scale(colour, texture * seen, known, source, whole)]
    for _ in range(halvings):
        found.append(found[-1].halved(tick))
        tick(0.0)
    return found[::-1]


def _cost(scale: Scale, last: bool) -> float:
    """Microseconds, about, that a scale takes at most."""
    pixels, hole = scale.known.size, int((~scale.known).sum())
    sweep = LOOK * pixels + (VOTE + SEARCH * ROUNDS) * hole
    return LEARN * pixels + sweep * (LAST_SWEEPS if last else SWEEPS) + (COPY + BLEND) * hole * last


def _begun(level: Level, generator: torch.Generator, stages: Stages) -> Matches:
    """The coarsest scale, filled in layers from the rim inwards; only what is known by then is compared."""
    matches = Matches.drawn(level, generator)
    level.mirror()
    known = level.share.clone()
    known[level.hole] = 0
    left = level.hole
    for layer in count(1):
        outer = level.depth[left] <= layer * REACH
        now, left = left[outer], left[~outer]
        if not len(now):
            continue
        some = level.targets_of(now)
        tick, measure = stages.stage(START * len(now)), Whole(level, known, some)
        search(level, matches, measure, rounds=FIRST_ROUNDS, reach=level.side, generator=generator, tick=tick)
        vote(level, matches, weights(level, matches, some), now, stages.stage(VOTE * len(now)))
        known[now] = level.share[now]
        if not len(left):
            return matches
    raise AssertionError("layers without end")


def _continued(coarse: Level, before: Matches, level: Level, generator: torch.Generator, stages: Stages) -> Matches:
    """The next scale, as the matches of the one before say. Where those are lost, it is the same picture, larger."""
    level.take_over(coarse, stages.stage(0))
    matches, good = before.finer(coarse, level, generator)
    stages.report()
    matches.distance[good] = 0
    weight = torch.zeros_like(level.trust)
    weight[good] = level.trust[good]
    vote(level, matches, weight, level.hole, stages.stage(0))
    return matches


def _settled(level: Level, matches: Matches, last: bool, generator: torch.Generator, stages: Stages) -> None:
    """Search and vote in turns until little changes. Past the last vote, matches are looked for once more."""
    pixels, hole = level.height * level.width, len(level.hole)
    measure = Features(level) if len(level.targets) > FEW else Whole(level, level.share, level.targets)
    if isinstance(measure, Features):
        measure.learn(stages.stage(LEARN * pixels))
    reach = NEAR if last else level.side
    for left in range(LAST_SWEEPS if last else SWEEPS, -1, -1):
        if isinstance(measure, Features):
            measure.look(stages.stage(LOOK * pixels))
        tick = stages.stage(SEARCH * ROUNDS * hole)
        search(level, matches, measure, rounds=ROUNDS, reach=reach, generator=generator, tick=tick)
        if not left:
            return
        weight = weights(level, matches, level.targets)
        change = vote(level, matches, weight, level.hole, stages.stage(VOTE * hole))
        if change < SETTLED and not last:
            return


def _pasted(level: Level, matches: Matches, stages: Stages) -> np.ndarray:
    """Copies instead of means, and the seams between them spread out."""
    cost = len(level.hole)
    origin = copies(level, matches, stages.stage(COPY * cost))
    picture = level.grid(level.image).numpy()[..., :3].copy()
    box = level.box
    copy, across, down = differences(level, origin, box, stages.stage(0))
    stages.report()
    # The ring around the photo is neither hole nor known: nothing pulls at it.
    picture[box] = blend(copy, across, down, level.hidden[box], level.inside[box], stages.stage(BLEND * cost))
    return picture[level.inner]
