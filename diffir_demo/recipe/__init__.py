"""All that is needed to repeat a run: as a value, as JSON, and inside the results themselves."""

from __future__ import annotations

from .files import KEYWORD, RUN_KEYWORD, find_recipe, read_recipe, run_text, text_of
from .parts import Drawing, KnownPath, Photo, UsedWeights, stroke_fields
from .recipe import Recipe, recipe_of

__all__ = [
    "KEYWORD",
    "RUN_KEYWORD",
    "Drawing",
    "KnownPath",
    "Photo",
    "Recipe",
    "UsedWeights",
    "find_recipe",
    "read_recipe",
    "recipe_of",
    "stroke_fields",
    "run_text",
    "text_of",
]
