"""The weights that ship: small enough for git, what their card says, and better than the classical methods."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from diffir_demo.api import load
from diffir_demo.baselines import baselines_for
from diffir_demo.devices import has_fast_bf16
from diffir_demo.imaging import Picture, load_picture
from diffir_demo.tasks import TASKS, Case, Request
from diffir_demo.weights import inspect

ROOT = Path(__file__).parent.parent
CARD = (ROOT / "checkpoints" / "README.md").read_text()
KEYS = list(TASKS)
PHOTOS = [
    "animal-cat-chelsea.jpg",
    "building-venetian-lagoon.jpg",
    "street-textile-market.jpg",
    "animal-king-penguin.jpg",
]
"""Example photos; none of them was trained or selected on."""


@cache
def cases(key: str) -> list[Case]:
    """Crops of the examples' middle, 256 pixels a side, damaged with fixed seeds."""
    found = []
    for seed, name in enumerate(PHOTOS):
        pixels = load_picture(ROOT / "examples" / name).pixels
        top, left = (pixels.shape[0] - 256) // 2, (pixels.shape[1] - 256) // 2
        crop = Picture(np.ascontiguousarray(pixels[top : top + 256, left : left + 256]))
        found.append(TASKS[key].degrade(crop, np.random.default_rng(seed)))
    return found


def mean_score(key: str, pictures: list[Picture]) -> float:
    """The task's headline metric, dB."""
    pairs = zip(cases(key), pictures, strict=True)
    return float(
        np.mean(
            [
                TASKS[key].scores(picture.pixels, case.reference.pixels, case.request.mask)[TASKS[key].headline]
                for case, picture in pairs
            ]
        )
    )


@cache
def network(key: str, precision: str = "fp32", file: str | None = None, count: int = len(PHOTOS)) -> list[Picture]:
    engine = load(key, ROOT / "checkpoints" / (file or TASKS[key].weights), device="cpu", precision=precision)
    return [engine.restore(case.request).picture for case in cases(key)[:count]]


def baseline(key: str, method: str) -> float:
    run = next(b.run for b in baselines_for(key) if b.key == method)
    scale = TASKS[key].config.scale
    return mean_score(key, [run(c.request.picture, c.request.mask, scale) for c in cases(key)])


@pytest.mark.parametrize("path", sorted((ROOT / "checkpoints").glob("*.safetensors")), ids=lambda path: path.stem)
def test_a_file_is_what_its_card_says(path: Path) -> None:
    assert path.stat().st_size <= 10_000_000
    info = inspect(path)
    assert info.task in TASKS and info.stage == 2
    preset = TASKS[info.task].preset_behind(path.name, info.config.scale)
    assert preset is not None and info.config == preset.config
    assert info.provenance == "trained" and info.training["steps"] > 0 and info.training["data"]
    row = next(line for line in CARD.splitlines() if line.startswith(f"| `{path.name}`"))
    assert info.fingerprint in row and f"{info.training['steps']:,}" in row and f"{info.parameters:,}" in row


@pytest.mark.parametrize("key", KEYS)
def test_every_task_has_a_file(key: str) -> None:
    assert (ROOT / "checkpoints" / TASKS[key].weights).is_file()


def test_super_resolution_beats_bicubic() -> None:
    assert mean_score("sr", network("sr")) > baseline("sr", "bicubic") + 0.5


def test_the_crisp_preset_is_sharper_and_stays_near_the_faithful_one() -> None:
    """Detail, as mean gradient: both have less than photos have; the crisp one closes a fifth of the gap at least."""

    def detail(pictures: list[Picture]) -> float:
        greens = [picture.pixels[..., 1].astype(float) for picture in pictures]
        return float(np.mean([np.abs(np.diff(g, axis=0)).mean() + np.abs(np.diff(g, axis=1)).mean() for g in greens]))

    faithful, crisp = network("sr"), network("sr", file="compact-sr-crisp.safetensors")
    truth = detail([case.reference for case in cases("sr")])
    assert detail(crisp) < truth
    assert truth - detail(crisp) < 0.8 * (truth - detail(faithful))
    assert mean_score("sr", faithful) - 1 < mean_score("sr", crisp) < mean_score("sr", faithful)


def test_deblurring_beats_doing_nothing() -> None:
    assert mean_score("deblur", network("deblur")) > mean_score("deblur", [c.request.picture for c in cases("deblur")])


def test_cleaning_up_beats_the_denoisers() -> None:
    found = mean_score("clean", network("clean"))
    assert found > max(baseline("clean", method) for method in ("non-local-means", "bilateral"))


def test_a_photo_that_is_fine_comes_back_unharmed() -> None:
    engine = load("clean", device="cpu", precision="fp32")
    for case in cases("clean"):
        fine = case.reference
        restored = engine.restore(Request(fine)).picture
        assert TASKS["clean"].scores(restored.pixels, fine.pixels, None)["psnr"] > 40


def test_real_photos_are_enlarged_better_than_by_the_preset_for_clean_ones() -> None:
    real, faithful = (load("sr", preset=key, scale=4, device="cpu", precision="fp32") for key in ("real", "faithful"))
    worn = [TASKS["sr"].sets["real"](case.reference, np.random.default_rng(7)) for case in cases("sr")]

    def score(pictures: list[Picture]) -> float:
        pairs = zip(worn, pictures, strict=True)
        return float(np.mean([TASKS["sr"].scores(p.pixels, c.reference.pixels, None)["psnr_y"] for c, p in pairs]))

    found = score([real.restore(case.request).picture for case in worn])
    bicubic = next(each.run for each in baselines_for("sr") if each.key == "bicubic")
    assert found > score([faithful.restore(case.request).picture for case in worn]) + 0.2
    assert found > score([bicubic(case.request.picture, None, 4) for case in worn]) + 0.2


def test_inpainting_beats_the_mean_of_the_classical_methods() -> None:
    classical = (baseline("inpaint", "telea") + baseline("inpaint", "navier-stokes")) / 2
    assert mean_score("inpaint", network("inpaint")) > classical


@pytest.mark.parametrize("key", KEYS)
def test_bf16_loses_nothing_that_can_be_seen(key: str) -> None:
    count = len(PHOTOS) if has_fast_bf16(torch.device("cpu")) else 1  # emulated, each takes many seconds
    quick = network(key, "bf16", count=count)
    pairs = zip(network(key)[:count], quick, strict=True)
    errors = [np.mean((a.pixels.astype(float) - b.pixels) ** 2) for a, b in pairs]
    assert 10 * np.log10(255**2 / max(np.mean(errors), 1e-9)) > 50
