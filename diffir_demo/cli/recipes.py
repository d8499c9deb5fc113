"""What `restore` is to do, as recipes: one run, or several in a row."""

from __future__ import annotations

import argparse
from dataclasses import replace

from ..deconvolve import blur_of
from ..errors import InputError
from ..imaging import load_picture
from ..recipe import MOST_RUNS, Recipe, read_recipe
from ..tasks import get_task

CHAIN = "chain"
"""In place of a task."""
OF_ONE_RUN = ("weights", "preset", "scale", "seed", "steps", "baseline", "strength", "path", "trace", "mask")
"""Options that have no meaning for several runs."""


def recipes_of(options: argparse.Namespace) -> tuple[Recipe, ...]:
    """In order; () for what each photo seems to need. Raises `InputError` for what makes no sense."""
    runs = _chain(options) if options.task == CHAIN else (_single(options),)
    runs = (*runs, *map(_named, options.then))
    if len(runs) > MOST_RUNS:
        raise InputError(f"That would be {len(runs)} runs in a row, and {MOST_RUNS} is the most.", "Take fewer.")
    return runs


def _chain(options: argparse.Namespace) -> tuple[Recipe, ...]:
    named = next((name for name in OF_ONE_RUN if getattr(options, name) is not None), None)
    if named:
        raise InputError(
            f"--{named} belongs to one run, and '{CHAIN}' makes several.", "Leave it out, or name the task."
        )
    if options.recipe:
        return read_recipe(options.recipe).runs
    if options.then:
        raise InputError(f"Without --recipe, '{CHAIN}' finds out by itself what comes when.", "Leave --then out.")
    return ()


def _named(text: str) -> Recipe:
    """TASK or TASK:PRESET"""
    key, _, preset = text.partition(":")
    task = get_task(key)
    if task.wants_mask:
        raise InputError(f"{task.title} needs a mask of its own, so it can only come first.", "Begin with it.")
    return Recipe(key, preset=task.preset(preset or None).key)


def _single(options: argparse.Namespace) -> Recipe:
    """The recipe that was named, or an empty one; what the other options say goes first.

    Of several runs in a row it is the last one.
    """
    recipe = read_recipe(options.recipe).runs[-1] if options.recipe else Recipe(options.task)
    if recipe.task != options.task:
        raise InputError(
            f"The recipe in {options.recipe.name} is for '{recipe.task}', not for '{options.task}'.",
            f"Call: restore {recipe.task} ...",
        )
    if options.weights or options.preset or options.scale:
        recipe = replace(recipe, weights=None, preset=options.preset, scale=options.scale)
    elif not options.recipe:
        recipe = replace(recipe, preset=get_task(options.task).preset().key)
    recipe = recipe.changed(
        **{name: given for name in ("seed", "steps") if (given := getattr(options, name)) is not None}
    )
    if options.path:
        recipe = recipe.changed(blur=blur_of(load_picture(options.path)))
    return recipe if options.strength is None else recipe.changed(strength=options.strength)


def recorded(recipe: Recipe, options: argparse.Namespace) -> Recipe:
    """What results are saved with. Boxes stand in each one as the mask of its own photo, so not here."""
    return replace(recipe, drawing=None, mask=None) if options.boxes else recipe
