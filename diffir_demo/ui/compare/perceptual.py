"""ST-LPIPS for the app, where its package is installed: measured on request, as it takes seconds."""

from __future__ import annotations

import functools

from ...errors import InputError
from ...stlpips import ST_LPIPS, StLpips
from ..component import words_of
from ..outcome import ORIGINAL, Outcome

WORDS = words_of("compare")

LARGEST = 2.0
"""Megapixels: it takes half a gigabyte for each."""


@functools.cache
def metric() -> StLpips | None:
    """None where the package is not installed."""
    return StLpips.installed()


def measured(outcome: Outcome) -> Outcome:
    """With the ST-LPIPS of every picture that has scores. Raises `InputError` for pictures that are too large or small.

    Only where `metric` is there and the clean photo is known.
    """
    found, reference = metric(), outcome.reference
    assert found is not None and reference is not None
    if reference.megapixels > LARGEST:
        raise InputError(WORDS.perceptual_large.format(megapixels=f"{LARGEST:g}"))
    distance = found.against(reference.pixels)
    if distance is None:
        raise InputError(WORDS.perceptual_small)
    pictures = outcome.pictures
    for key in [key for key in outcome.measured if key != ORIGINAL]:
        outcome = outcome.scored(key, {ST_LPIPS: distance(pictures[key].pixels)})
    return outcome
