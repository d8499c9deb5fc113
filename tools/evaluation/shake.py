"""How well are camera paths found and undone? `python -m tools.evaluation.shake --data FOLDER`.

The sets of the deblurring task and those beside it (photo i with seed i), hands in sRGB levels, and photos as they are.
With `--preset` also what that network makes of them, with one shift undone as well, and the least of its gains.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from diffir_demo.api import Model, load
from diffir_demo.deconvolve import Light, deconvolve, fidelity_for
from diffir_demo.errors import DiffIRError
from diffir_demo.figures import markdown_row, markdown_table
from diffir_demo.imaging import Picture, load_picture, noise_level
from diffir_demo.metrics import aligned_psnr, mean_score, psnr
from diffir_demo.shake import likeness, undo
from diffir_demo.tasks import Case, deblur

from .methods import blur_of
from .sets import UNTOUCHED, cases, photos

IN_LEVELS = "hand, in levels"
"""Software that blurs, and cameras that process a lot before they average, blur like that."""
HEADS = (
    "set",
    "photos",
    "as it came",
    "blind",
    "aligned",
    "least gain",
    "true path (oracle)",
    "likeness of the path",
    "trust",
    "radius",
    "seconds of one core",
)


def blurred(name: str, folder: Path, pictures: int | None) -> Iterator[Case]:
    """The set of that name."""
    if name != IN_LEVELS:
        yield from cases(deblur.TASK, folder, name, pictures)
        return
    damage: Callable[[Picture, np.random.Generator], Case]
    damage = partial(deblur.blurred_by, deblur.hand, linear_light=False)
    for seed, file in enumerate(photos(folder, pictures)):
        yield damage(load_picture(file), np.random.default_rng(seed))


def measured(case: Case, light: Light, engines: Iterable[Model] = ()) -> list[float]:
    """What the columns of `HEADS` are the means of, and for every engine dB, aligned as well, and the gain.

    `nan` for what an untouched photo does not have.
    """
    seen, sharp = case.request.picture.pixels, case.reference.pixels
    began = time.process_time()
    found = undo(seen)
    pixels = found.mixed
    spent = time.process_time() - began
    before, after = psnr(seen, sharp), psnr(pixels, sharp)
    aligned, oracle, path = _aligned(pixels, sharp), float("nan"), float("nan")
    true = blur_of(case)
    if true is not None:
        oracle = psnr(deconvolve(seen, true, light, fidelity_for(noise_level(seen))), sharp)
        path = likeness(found.shake.kernel, true)
    values = [before, after, aligned, _gain(before, after), oracle, path, found.shake.trust, found.shake.radius, spent]
    for engine in engines:
        made = engine.restore(case.request).picture.pixels
        restored = psnr(made, sharp)
        values += [restored, _aligned(made, sharp), _gain(before, restored)]
    return values


def _aligned(result: np.ndarray, sharp: np.ndarray) -> float:
    """`nan` for a picture that is too small."""
    found = aligned_psnr(result, sharp)
    return float("nan") if found is None else found


def _gain(before: float, after: float) -> float:
    """0 where both are infinite."""
    return 0.0 if after == before else after - before


def cells_of(name: str, folder: Path, pictures: int | None, engines: Sequence[Model] = ()) -> list[str]:
    """A set's line of the table."""
    light: Light = "sRGB" if name == IN_LEVELS else "linear"
    bar = tqdm(blurred(name, folder, pictures), desc=name, unit="photo", disable=None, leave=False)
    values = np.array([measured(case, light, engines) for case in bar])
    cells = [mean_score(list(column)) for column in values.T]
    for column in (3, *range(len(HEADS), values.shape[1], 3)):  # gains: the least
        cells[column] = float(values[:, column].min())
    return [name, str(len(values)), *("–" if np.isnan(cell) else f"{cell:.2f}" for cell in cells)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints a table in Markdown; 2 where the folder cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m tools.evaluation.shake")
    names = [*deblur.TASK.sets, *deblur.TASK.also, IN_LEVELS, UNTOUCHED]
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="clean photos")
    parser.add_argument("--set", action="append", choices=names, dest="sets", help="only this one; several: repeat it")
    parser.add_argument("--pictures", type=int, metavar="N", help="only the first N photos")
    presets = [preset.key for preset in deblur.TASK.presets]
    parser.add_argument("--preset", action="append", choices=presets, default=[], dest="presets", help="likewise")
    options = parser.parse_args(arguments)
    try:
        photos(options.data, options.pictures)
        engines = [load(deblur.TASK, preset=preset) for preset in options.presets]
        heads = [*HEADS, *(head for preset in options.presets for head in (preset, "aligned", "least gain"))]
        print(markdown_table(heads), flush=True)
        for name in options.sets or names:
            print(markdown_row(cells_of(name, options.data, options.pictures, engines)), flush=True)
    except DiffIRError as error:
        parser.error(str(error))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
