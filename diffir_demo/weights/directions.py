"""What a network's IPR says of a photo, in units of the photo; and how to move the IPR so that it says more or less.

Both were fitted to the finished network on photos damaged in known ways (`training/directions.py`), and travel in the
training record of its weight file. The reading is a regression of noise, softness and compression on the IPR: a line,
and a hidden layer for what the line leaves over. The directions are the opposite regression, of the IPR on these three:
what all its numbers do when one of them grows and the others stay. (The reading's own
weights would be no directions: they pick what fits best, not what changes most.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..messages import Message, joined

FIELD = "directions"
"""Of the training record."""
SHAPES = {
    **{"weight": "kn", "bias": "k", "error": "k", "r2": "k", "most": "k"},
    **{"move": "kn", "mean": "n", "deviation": "n"},
    **{"hidden": "hn", "hidden_bias": "h", "out": "kh"},
}
"""Of the fields' arrays: k things to read, n numbers of the IPR, h units of the hidden layer (older files: none)."""
WORDS = {
    "noise": (Message("grain"), Message("no grain")),
    "softness": (Message("softness"), Message("sharp")),
    "compression": (Message("JPEG damage"), Message("no JPEG damage")),
}
"""What can be read: what people call it, and how one says that there is none."""
REACH = 3.0
"""Errors by which a reading may leave the range that was learned; what lies farther out is no reading."""
FAINT_JPEG = 3.0
"""Compression (100 - quality) below which it cannot be seen."""
FURTHEST = 1.5
"""Standard deviations that an IPR may be moved by, up or down; beyond lies what networks have never learned."""


@dataclass(frozen=True)
class Value:
    """One thing that was read."""

    name: str
    """"noise", "softness" or "compression"."""
    value: float
    """Standard deviation of the noise in levels of 255; of the blur in pixels; or 100 - JPEG quality. Never below 0."""
    error: float
    """Root mean square error of such readings on held-out photos, in the same unit."""
    inside: bool = True
    """Within what the network has learned, give or take `REACH` errors. Where not, `value` is no measurement."""


@dataclass(frozen=True)
class Reading:
    """What the IPR says is wrong with a photo."""

    values: tuple[Value, ...]

    def __getitem__(self, name: str) -> Value:
        """Raises `KeyError` for what this network does not read."""
        return {value.name: value for value in self.values}[name]

    @property
    def quality(self) -> float | None:
        """JPEG quality, 1..100; None for networks that do not read compression."""
        found = [100 - value.value for value in self.values if value.name == "compression"]
        return max(1.0, found[0]) if found else None

    def to_dict(self) -> dict[str, float | None]:
        """Plain values: "noise", "softness" and "jpeg_quality", as far as they are read; None for what lies outside of
        what was learned."""
        found: dict[str, float | None] = {}
        for each in self.values:
            compressed = each.name == "compression"
            value = max(1.0, 100 - each.value) if compressed else each.value
            found["jpeg_quality" if compressed else each.name] = round(value, 2) if each.inside else None
        return found


@dataclass(frozen=True, eq=False)
class Directions:
    """The fitted regressions of one network, for k things to read and n numbers of the IPR."""

    names: tuple[str, ...]
    weight: np.ndarray = field(repr=False)
    """(k, n): reading = weight @ ipr + bias + out @ max(hidden @ ipr + hidden_bias, 0)."""
    bias: np.ndarray = field(repr=False)
    """(k,)"""
    error: np.ndarray = field(repr=False)
    """(k,): root mean square error on held-out photos."""
    r2: np.ndarray = field(repr=False)
    """(k,): share of the variance on held-out photos that the reading explains."""
    most: np.ndarray = field(repr=False)
    """(k,): the strongest damage that this was fitted to; the weakest is 0, none."""
    move: np.ndarray = field(repr=False)
    """(k, n): what one standard deviation more of each does to the IPR, the others kept."""
    mean: np.ndarray = field(repr=False)
    """(n,): of the IPRs that this was fitted to."""
    deviation: np.ndarray = field(repr=False)
    """(n,): likewise."""
    hidden: np.ndarray = field(repr=False)
    """(h, n)"""
    hidden_bias: np.ndarray = field(repr=False)
    """(h,)"""
    out: np.ndarray = field(repr=False)
    """(k, h)"""

    def reading(self, ipr: np.ndarray) -> Reading:
        """ipr (n,) float32."""
        ipr = np.asarray(ipr, np.float32)
        units = np.maximum(self.hidden @ ipr + self.hidden_bias, 0)
        found = self.weight @ ipr + self.bias + self.out @ units
        inside = (found >= -REACH * self.error) & (found <= self.most + REACH * self.error)
        columns = (np.maximum(found, 0), self.error, inside)
        rows = zip(self.names, *(column.tolist() for column in columns), strict=True)
        return Reading(tuple(Value(*row) for row in rows))

    def steered(self, ipr: np.ndarray, amounts: Mapping[str, float]) -> np.ndarray:
        """ipr (n,) moved by so many standard deviations of each, clamped to `FURTHEST`: (n,) float32.

        Raises `KeyError` for a name that this network does not read.
        """
        moved = np.asarray(ipr, np.float32).copy()
        for name, amount in amounts.items():
            if name not in self.names:
                raise KeyError(name)
            moved += np.float32(np.clip(amount, -FURTHEST, FURTHEST)) * self.move[self.names.index(name)]
        return moved

    def to_dict(self) -> dict[str, Any]:
        """Plain values of five digits, for the file's metadata."""
        short = np.vectorize(lambda value: float(f"{value:.5g}"), otypes=[float])
        arrays = {name: getattr(self, name) for name in SHAPES}
        return {"names": list(self.names)} | {name: short(each).tolist() for name, each in arrays.items() if each.size}

    @classmethod
    def from_training(cls, training: Mapping[str, Any], length: int) -> Directions | None:
        """Of a network with so many numbers in its IPR; None where the record holds none, or damaged ones."""
        fields = training.get(FIELD)
        try:
            names = tuple(str(name) for name in fields["names"])  # pyright: ignore[reportOptionalSubscript]
            line = {"hidden": np.zeros((0, length)), "hidden_bias": (), "out": np.zeros((len(names), 0))}
            arrays = {key: np.asarray((line | fields)[key], np.float32) for key in SHAPES}  # pyright: ignore[reportOperatorIssue]
            sizes = {"k": len(names), "n": length, "h": len(arrays["hidden_bias"])}
        except (KeyError, OverflowError, TypeError, ValueError):
            return None
        known = bool(names) and len(set(names)) == len(names) and set(names) <= set(WORDS)
        fits = all(arrays[key].shape == tuple(sizes[side] for side in shape) for key, shape in SHAPES.items())
        sound = all(np.isfinite(array).all() for array in arrays.values())
        return cls(names, **arrays) if known and fits and sound else None


def in_words(reading: Reading) -> str:
    """For people: "grain 12 of 255, softness 1.1 px, JPEG quality about 45"; "no grain, sharp, no JPEG damage".

    What lies below its own error is none; JPEG quality is rounded to fives.
    """
    return joined(map(_said, reading.values))


def _said(found: Value) -> str:
    thing, nothing = WORDS[found.name]
    if not found.inside:
        return Message("{thing} unlike any it has learned", thing=thing)
    if found.value < (max(found.error, FAINT_JPEG) if found.name == "compression" else found.error):
        return nothing
    if found.name == "noise":
        return Message("{thing} {value:.0f} of 255", thing=thing, value=max(found.value, 1))
    if found.name == "softness":
        return Message("{thing} {value:.1f} px", thing=thing, value=found.value)
    return Message("JPEG quality about {quality}", quality=max(5, 5 * round((100 - found.value) / 5)))
