"""Fitting the judge of camera paths: it finds what examples were made by, and is tried on what it has not seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from diffir_demo.imaging import Picture
from diffir_demo.shake.judge import PREFERRED
from diffir_demo.shake.search import LIGHTS, STARTS
from diffir_demo.tasks import deblur
from tests.test_deconvolve import large_scene
from tools.training.shake import KINDS, ORDER, Example, believe, left_out, main, rank

WORTH = np.array([-1.0, 0.5, 2.0, 0.0, 0.3])


def examples(count: int) -> list[Example]:
    """Scores are `WORTH` of the numbers, and the best share grows with the third number."""
    rng = np.random.default_rng(0)
    made = []
    for _ in range(count):
        numbers = rng.normal(size=(6, 5))
        scores = 25 + numbers @ WORTH
        shares = 1 / (1 + np.exp(-3 * numbers[:, 2]))
        mixes = 20 + np.linspace(0, 1, 11) * (scores[:, None] - 20)
        made.append(Example("weak", numbers, scores, shares, mixes))
    return made


def test_the_ranking_finds_what_scores_are_made_of() -> None:
    found = rank(examples(60))
    assert np.abs(found - WORTH).max() < 0.2
    sharp = [Example("untouched", each.numbers, -each.scores, each.shares, each.mixes) for each in examples(60)]
    assert np.allclose(rank([*examples(60), *sharp]), found)  # a sharp photo says nothing about kernels


def test_belief_follows_the_best_share() -> None:
    weights, offset = believe(examples(80), WORTH)
    assert int(np.abs(weights).argmax()) == 2 and weights[2] > 1
    assert abs(offset) < 1


def test_each_photo_is_tried_with_a_judge_that_has_not_seen_it() -> None:
    made = examples(20)
    rows = np.array(left_out(made))
    assert rows.shape == (20, 5)
    before, chosen, mix, best, share = rows.T
    assert (before == 20).all() and (chosen <= best + 1e-9).all()
    assert ((share > 0) & (share < 1)).all() and chosen.mean() > np.mean([each.scores.mean() for each in made]) + 1
    assert (np.minimum(before, chosen) - 1e-9 <= mix).all() and (mix <= np.maximum(before, chosen) + 1e-9).all()


def test_an_example_knows_what_each_kernel_is_worth() -> None:
    sharp = Picture(large_scene(160, 192))
    example = Example.of("weak", deblur.TASK.sets["weak"](sharp, np.random.default_rng(0)))
    searches = len(LIGHTS) * len(STARTS)
    assert example.numbers.shape == (searches, len(PREFERRED)) and example.mixes.shape == (searches, 11)
    assert np.allclose(example.mixes[:, -1], example.scores)
    nearest = example.mixes[np.arange(searches), np.rint(10 * example.shares).astype(int)]
    assert (example.mixes.max(axis=1) - nearest < 0.1).all()
    spared = Example.of("untouched", KINDS["untouched"](sharp, np.random.default_rng(0)))
    assert not spared.shares.any() and (spared.mixes[:, 0] == 99).all()


def test_every_kind_has_its_turn() -> None:
    assert set(ORDER) == set(KINDS)


def test_a_folder_without_photos_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--data", str(tmp_path)])
    assert "There are no photos in" in capsys.readouterr().err
