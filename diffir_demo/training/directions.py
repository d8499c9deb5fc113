"""Fits to a finished network what its IPR says of a photo, and how to move the IPR so that it says more or less.

`weights/directions.py` says what the two regressions are for. Both are fitted to fresh random damage of training photos
and judged on photos that nothing was learned from.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from ..api import Model
from ..devices import choose_device, choose_precision
from ..errors import InputError
from ..figures import markdown_table
from ..imaging import Picture
from ..model import DiffIR
from ..tasks import Task, get_task
from ..weights import Directions, WeightsInfo, annotate, inspect
from ..weights import load as load_weights
from ..weights.directions import FIELD, WORDS
from .data import GRID, PairStream, PhotoPool, TrainData, photo_files, read_photos
from .hidden import added, fit_hidden
from .probe import ridge

PAIRS = 6000
SIDES, BATCH = (160, 224, 288), 16
"""Sides of the crops in pixels of the network's input, which take turns, and how many at a time."""
STRENGTHS = (1e-5, 1e-4, 1e-3, 0.01, 0.1)
"""Of the ridge: a part of the pairs decides, for each thing that is read."""
KEPT_BACK = 0.25
"""That part of the pairs."""
GAIN = 0.97
"""Of the squared error that a line leaves over there, the most at which a reading has the hidden layer, too."""
DAMAGES = 16
"""Random damages of each photo that the readings are judged by."""
STREAM = 998
"""Number of the pairs' source, far from those of training, which count from 0."""


def add_directions(
    weights: Path,
    data: Path,
    held_out: Path,
    *,
    target: Path | None = None,
    pairs: int = PAIRS,
    seed: int = 0,
    device: str = "auto",
) -> WeightsInfo:
    """Writes the weights with the fitted `Directions` in their training record; everything else stays as it was.

    data: photos to fit to; held_out: clean photos to judge by. target: a file; None: the weights' own.
    Raises `InputError` for a task whose IPR says nothing, too few pairs and folders without photos, `WeightsError` for
    files that are no stage 2 of ours.
    """
    info = inspect(weights)
    if info.task is None:
        raise InputError(f"'{weights.name}' does not say which task it is for.", "Convert it for a task first.")
    task = get_task(info.task)
    preset = next(iter(task.presets_of(info.file, info.config.scale)), None)
    task = task if preset is None else task.as_preset(preset)
    if not task.reads:
        raise InputError(f"The numbers of {task.key} were not trained to say what is wrong with a photo.")
    network = load_weights(weights, task=task.key).model
    assert isinstance(network, DiffIR)  # `load_weights` refuses a teacher where stage 2 is asked for
    least = 2 * network.config.ipr_length
    if pairs < least:
        raise InputError(f"{pairs} pairs are too few to fit {network.config.ipr_length} numbers to.", f"Take {least}.")
    where = choose_device(device)
    engine = Model(task, network.to(where), info, where, choose_precision("auto", where))
    photos = [Picture(photo) for photo in read_photos(photo_files(held_out))]
    pool = PhotoPool(list(read_photos(photo_files(data))), where)
    fitted = fit(*estimates(network, task, pool, pairs, seed), task.reads)
    (iprs,), true = random_damage(task, photos, [engine], len(photos))
    values = [[reading[name].value for name in task.reads] for reading in map(fitted.reading, iprs)]
    error, r2 = accuracy(np.array(values), true)
    directions = dataclasses.replace(fitted, error=error, r2=r2)
    how = {"pairs": pairs, "seed": seed, "photos": len(pool), "held_out": len(photos), "damages": DAMAGES}
    return annotate(weights, target or weights, {FIELD: directions.to_dict() | how})


@torch.inference_mode()
def estimates(network: DiffIR, task: Task, pool: PhotoPool, pairs: int, seed: int) -> tuple[Tensor, Tensor]:
    """The network's IPRs of randomly damaged crops, each from noise of its own, and what was done to them.

    -> ((pairs, n), (pairs, k) in the order of `task.reads`), both float32 on the CPU.
    Raises `InputError` where the photos are too small for any crop.
    """
    task = dataclasses.replace(task, config=network.config)
    scale, step = task.config.scale, max(task.config.multiple_of, GRID)
    available = (pool.largest_crop - 2 * task.margin) // (step * scale) * step
    if available < step:
        raise InputError(f"None of the photos has sides of {step * scale + 2 * task.margin} pixels.")
    stream = PairStream(TrainData.prepare(task, pool), seed, STREAM)
    iprs: list[Tensor] = []
    damages: list[Tensor] = []
    starts = range(0, pairs, BATCH)
    for start in tqdm(starts, desc=f"{task.key}, {pairs} pairs", unit="batch", disable=None, leave=False):
        side = min(SIDES[start // BATCH % len(SIDES)], available)
        batch = stream.batch(min(BATCH, pairs - start), side * scale)
        assert batch.severity is not None  # the task reads something
        iprs.append(network.estimate(batch.damaged, batch.noise).float().cpu())
        damages.append(batch.severity.float().cpu())
    return torch.cat(iprs), torch.cat(damages)


def fit(iprs: Tensor, damages: Tensor, names: tuple[str, ...]) -> Directions:
    """The regressions of IPRs (m, n) and what was done to the pictures (m, k), in the order of `names`.

    `error` and `r2` are those on the pairs that chose the ridge's strength and whether there is a hidden layer, to be
    replaced by better ones.
    """
    centre, spread = damages.mean(dim=0), damages.std(dim=0).clamp_min(1e-3)
    wanted = (damages - centre) / spread
    kept = round(len(iprs) * (1 - KEPT_BACK))
    tried = torch.stack([_left_over(iprs, wanted, kept, strength) for strength in STRENGTHS])
    chosen = tried.argmin(dim=0)
    squares = tried.gather(0, chosen[None])[0]

    def line(count: int) -> tuple[Tensor, Tensor]:
        rows = [ridge(iprs[:count], wanted[:count, i : i + 1], STRENGTHS[int(best)]) for i, best in enumerate(chosen)]
        return torch.cat([row[0] for row in rows]), torch.cat([row[1] for row in rows])

    def hidden(weight: Tensor, bias: Tensor, count: int) -> tuple[dict[str, Tensor], Tensor]:
        left = wanted - (iprs @ weight.T + bias)
        units = fit_hidden(iprs[:count], left[:count])
        return units, left - added(units, iprs)

    with_hidden = hidden(*line(kept), kept)[1][kept:].square().mean(dim=0)
    helps = with_hidden < GAIN * squares
    weight, bias = line(len(iprs))
    units, _ = hidden(weight, bias, len(iprs))
    squares, bias = torch.where(helps, with_hidden, squares), bias + units["out_bias"] * helps
    used = len(units["hidden_bias"]) if helps.any() else 0
    ones = torch.ones(len(iprs), 1)
    move = torch.linalg.lstsq(torch.cat([ones, wanted], dim=1).double(), iprs.double()).solution[1:]
    fitted = {
        "weight": weight * spread[:, None],
        "bias": bias * spread + centre,
        "hidden": units["hidden"][:used],
        "hidden_bias": units["hidden_bias"][:used],
        "out": (units["out"] * (spread * helps)[:, None])[:, :used],
        "error": squares.sqrt() * spread,
        "r2": 1 - squares / wanted[kept:].var(dim=0, correction=0).clamp_min(1e-9),
        "most": damages.amax(dim=0),
        "move": move.float(),
        "mean": iprs.mean(dim=0),
        "deviation": iprs.std(dim=0),
    }
    return Directions(names, **{name: value.numpy() for name, value in fitted.items()})


def _left_over(iprs: Tensor, wanted: Tensor, kept: int, strength: float) -> Tensor:
    """(k,) mean squared error on the later pairs of the ridge that was fitted to the first `kept`."""
    weight, bias = ridge(iprs[:kept], wanted[:kept], strength)
    return (iprs[kept:] @ weight.T + bias - wanted[kept:]).square().mean(dim=0)


def random_damage(
    task: Task, photos: Iterable[Picture], engines: Sequence[Model], total: int | None = None
) -> tuple[list[np.ndarray], np.ndarray]:
    """Every photo damaged `DAMAGES` times as the task damages at random; fixed seeds.

    total: number of photos, for the bar. -> (for each network its estimates (m, n), what was done to the photos (m, k)
    in the order of `task.reads`).
    """
    iprs: list[list[np.ndarray]] = [[] for _ in engines]
    damages: list[np.ndarray] = []
    bar = tqdm(photos, desc=f"{task.key}, readings", total=total, unit="photo", disable=None, leave=False)
    for number, photo in enumerate(bar):
        for again in range(DAMAGES):
            case = task.degrade(photo, np.random.default_rng([number, again]))
            assert case.severity is not None  # the damage of tasks that read something has a strength
            damages.append(case.severity[task.columns])
            for own, engine in zip(iprs, engines, strict=True):
                own.append(engine.estimate(case.request))
    return [np.stack(own) for own in iprs], np.stack(damages)


def accuracy(found: np.ndarray, true: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What was read (m, k) against what was done (m, k) -> (root mean square error (k,), R2 (k,))."""
    squares = np.square(found - true).mean(axis=0)
    return np.sqrt(squares), 1 - squares / np.maximum(true.var(axis=0), 1e-9)


def markdown(info: WeightsInfo) -> str:
    """What was fitted, as a table, and how it was measured."""
    directions, how = info.directions, info.training.get(FIELD, {})
    assert directions is not None  # `add_directions` has just written them
    values = zip(directions.names, directions.most, directions.error, directions.r2, directions.move, strict=True)
    rows = [
        [WORDS[name][0], f"{most:.3g}", f"{error:.3g}", f"{r2:.3f}", f"{np.sqrt(np.square(move).mean()):.3f}"]
        for name, most, error, r2, move in values
    ]
    return (
        markdown_table(["read", "learned up to", "error", "R2", "IPR moved by one deviation"], rows)
        + f"\n\n{info.file}: fitted to {how['pairs']} randomly damaged crops of {how['photos']} photos, seed "
        f"{how['seed']}; error and R2 on {how['held_out']} other photos, {how['damages']} random damages each. Grain "
        "in levels of 255, softness in pixels, JPEG damage as 100 - quality; the move is the root mean square over all "
        "numbers."
    )
