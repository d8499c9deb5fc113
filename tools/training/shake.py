"""Fits the judge of camera paths: `python -m tools.training.shake --data FOLDER --every N`, seconds a photo.

Photos are blurred with fixed seeds, one kind after the other, and every search's kernel is undone: so it is known which
kernel restores best, and what share of its picture would have been best beside the blurred photo. Where the sharp photo
is shown as it is, that share is 0.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F
from tqdm import tqdm

from diffir_demo.deconvolve import deconvolve, fidelity_for
from diffir_demo.errors import DiffIRError
from diffir_demo.figures import markdown_table
from diffir_demo.imaging import Picture, noise_level
from diffir_demo.metrics import psnr
from diffir_demo.shake.find import informative_window
from diffir_demo.shake.search import Candidate, search
from diffir_demo.shake.undo import UNSURE, mixed
from diffir_demo.tasks import Case, Request, deblur
from diffir_demo.training.data import photo_files, read_photos

LONGEST, SIDES = 1024, (512, 768)
"""Photos are reduced to that, and their middle is used: shorter and longer side, pixels."""
KINDS: dict[str, Callable[[Picture, np.random.Generator], Case]] = {
    **deblur.TASK.sets,
    **deblur.TASK.also,
    "hand, in levels": partial(deblur.blurred_by, deblur.hand, linear_light=False),
    "untouched": lambda sharp, rng: Case(Request(sharp), sharp),
}
ORDER = (
    *("strong", "weak", "hand", "strong", "straight", "roll", "hand, in levels", "hand"),
    *("strong", "defocus", "moving", "weak", "untouched", "strong", "hand", "roll"),
)
"""Kinds of `KINDS`, one photo each and then again: paths that are long, and hands, where kernels differ most."""
EVEN = 0.005, 0.01
"""How strongly weights are drawn to zero: of the ranking, and of the share."""
CAP = 5.0
"""dB from the photo's mean at which a kernel counts no better or worse."""


@dataclass(frozen=True, eq=False)
class Example:
    """A blurred photo and what each search's kernel makes of it."""

    kind: str
    numbers: np.ndarray
    """(searches, k): the evidence."""
    scores: np.ndarray
    """(searches,) dB of the deconvolved picture."""
    shares: np.ndarray
    """(searches,) of it in the best mix with the blurred photo, in [0, 1]."""
    mixes: np.ndarray
    """(searches, 11) dB of mixes with a share of 0, 0.1 .. 1."""

    @classmethod
    def of(cls, kind: str, case: Case) -> Example:
        seen, sharp = case.request.picture.pixels, case.reference.pixels
        window = informative_window(seen)
        found = search(np.ascontiguousarray(seen[window]))
        fidelity = fidelity_for(max(noise_level(seen[window]), UNSURE))
        pictures = [_undone(seen, candidate, fidelity) for candidate in found]
        shares = [0.0 if kind == "untouched" else _best_share(seen, picture, sharp) for picture in pictures]
        return cls(
            kind,
            np.array([candidate.evidence.numbers for candidate in found]),
            np.array([min(psnr(picture, sharp), 99.0) for picture in pictures]),
            np.array(shares),
            np.array([[min(psnr(mixed(seen, p, n / 10), sharp), 99.0) for n in range(11)] for p in pictures]),
        )


def _undone(seen: np.ndarray, candidate: Candidate, fidelity: float) -> np.ndarray:
    return deconvolve(seen, candidate.kernel.numpy(), candidate.light, fidelity)


def _best_share(seen: np.ndarray, picture: np.ndarray, sharp: np.ndarray) -> float:
    step, wanted = (a.astype(np.float64) - seen for a in (picture, sharp))
    return float(np.clip((step * wanted).sum() / max((step * step).sum(), 1e-9), 0, 1))


def rank(examples: Sequence[Example]) -> np.ndarray:
    """(k,) dB per unit of each number: ridge regression within each blurred photo. Untouched ones say nothing here."""
    blurred = [each for each in examples if each.kind != "untouched"]
    x = np.concatenate([each.numbers - each.numbers.mean(axis=0) for each in blurred])
    y = np.concatenate([np.clip(each.scores - each.scores.mean(), -CAP, CAP) for each in blurred])
    deviation = x.std(axis=0) + 1e-9
    x = x / deviation
    return np.linalg.solve(x.T @ x + EVEN[0] * len(x) * np.eye(x.shape[1]), x.T @ y) / deviation


def believe(examples: Sequence[Example], ranking: np.ndarray) -> tuple[np.ndarray, float]:
    """Weights (k,) and offset of the logit of the share that the picture of the first in rank should have."""
    first = [int((each.numbers @ ranking).argmax()) for each in examples]
    numbers = np.stack([each.numbers[i] for each, i in zip(examples, first, strict=True)])
    shares = torch.tensor([float(each.shares[i]) for each, i in zip(examples, first, strict=True)])
    mean, deviation = numbers.mean(axis=0), numbers.std(axis=0) + 1e-9
    x = torch.from_numpy((numbers - mean) / deviation).float()
    weights = torch.zeros(x.shape[1] + 1, requires_grad=True)
    optimiser = torch.optim.LBFGS([weights], max_iter=100)

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        fit = F.binary_cross_entropy_with_logits(x @ weights[:-1] + weights[-1], shares)
        total = fit + EVEN[1] * weights[:-1].square().sum()
        total.backward()
        return total

    optimiser.step(loss)
    found = weights.detach().numpy()
    per_number = found[:-1] / deviation
    return per_number, float(found[-1] - per_number @ mean)


def left_out(examples: Sequence[Example]) -> list[list[float]]:
    """For each example, with a judge that was fitted on all others: dB as it came, of the kernel that the judge took,
    of the mix that it believed in, of the best kernel; and the share it believed in."""
    rows = []
    for number, each in enumerate(examples):
        others = [*examples[:number], *examples[number + 1 :]]
        ranking = rank(others)
        weights, offset = believe(others, ranking)
        i = int((each.numbers @ ranking).argmax())
        share = 1 / (1 + np.exp(-(each.numbers[i] @ weights + offset)))
        mix = float(np.interp(share, np.linspace(0, 1, 11), each.mixes[i]))
        rows.append([each.mixes[0, 0], each.scores[i], mix, each.scores.max(), share])
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the judge's constants and what they are worth; 2 where the folder cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m tools.training.shake")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="clean photos, subfolders too")
    parser.add_argument("--photos", type=int, metavar="N", help="so many of them, in an order that is always the same")
    options = parser.parse_args(arguments)
    examples: list[Example] = []
    try:
        files = photo_files(options.data)
        chosen = [files[number] for number in np.random.default_rng(1).permutation(len(files))][: options.photos]
        for seed, photo in enumerate(tqdm(read_photos(chosen), total=len(chosen), unit="photo")):
            kind = ORDER[seed % len(ORDER)]
            examples.append(Example.of(kind, KINDS[kind](Picture(_middle(photo)), np.random.default_rng(seed))))
    except DiffIRError as error:
        parser.error(str(error))
    ranking = rank(examples)
    weights, offset = believe(examples, ranking)
    print(f"PREFERRED = ({', '.join(f'{value:.3f}' for value in ranking)})")
    print(f"BELIEVED, BELIEVED_OFFSET = ({', '.join(f'{value:.3f}' for value in weights)}), {offset:.3f}\n")
    rows, cells = left_out(examples), []
    for kind in KINDS:
        own = np.array([row for row, each in zip(rows, examples, strict=True) if each.kind == kind])
        if len(own):
            cells.append([kind, len(own), *(f"{value:.2f}" for value in own.mean(axis=0))])
    print(markdown_table(["kind", "photos", "as it came", "chosen", "mixed", "best of all", "confidence"], cells))
    return 0


def _middle(photo: np.ndarray) -> np.ndarray:
    share = min(1.0, LONGEST / max(photo.shape[:2]))
    size = round(photo.shape[1] * share), round(photo.shape[0] * share)
    small = np.asarray(Image.fromarray(photo).resize(size, Image.Resampling.LANCZOS)) if share < 1 else photo
    sides = SIDES if small.shape[0] <= small.shape[1] else SIDES[::-1]
    tops = [max(0, (have - want) // 2) for have, want in zip(small.shape, sides, strict=False)]
    return np.ascontiguousarray(small[tops[0] : tops[0] + sides[0], tops[1] : tops[1] + sides[1]])


if __name__ == "__main__":
    raise SystemExit(main())
