"""Asked twice, painted once; asked anything else, painted anew; and never more kept than there may be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from diffir_demo.deconvolve import Blur
from diffir_demo.events import Finished, Painting, Started, last
from diffir_demo.imaging import Picture
from diffir_demo.restoration import PriorStep, Restoration
from diffir_demo.settings import Settings
from diffir_demo.tasks import TASKS, Request
from diffir_demo.ui.cache import FROM_CACHE, ResultCache, key_of
from diffir_demo.ui.state import AppState

DEBLUR = TASKS["deblur"]


def picture(seed: int = 0, side: int = 32) -> Picture:
    return Picture(np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8))


@pytest.fixture(scope="module")
def state() -> AppState:
    return AppState(device="cpu", precision="fp32")


def faithful(state: AppState) -> str:
    """The file of the preset that looks for no camera path."""
    return next(each.path for each in state.weights_for(DEBLUR) if each.preset == "faithful")


def test_who_asks_again_gets_the_same_at_once(state: AppState, monkeypatch: pytest.MonkeyPatch) -> None:
    def asked() -> Request:
        return Request(picture(), settings=Settings(previews=True))

    path = faithful(state)
    first = list(state.run(DEBLUR, asked(), path))
    assert any(isinstance(event, Painting) for event in first)
    monkeypatch.setattr(state, "perform", None)
    again = list(state.run(DEBLUR, asked(), path))  # the same bytes, in another array
    assert [type(event) for event in again] == [Started, *4 * [PriorStep], Finished]
    before, after = last(first), last(again)
    np.testing.assert_array_equal(before.picture.pixels, after.picture.pixels)
    assert all(step.preview is not None for step in after.steps[:-1]) and after.seconds == before.seconds
    assert after.notices == (*before.notices, FROM_CACHE)
    assert last(state.run(DEBLUR, asked(), path)).notices == after.notices, "said once"


OTHERWISE = {
    "seed": 1,
    "steps": 2,
    "steered": {"noise": 0.5},
    "ipr": [0.5],
    "fill": "texture",
    "feather": 1,
    "blur": Blur(np.eye(5)),
    "strength": 0.5,
    "previews": True,
    "memory_budget": 1,
    "whole": True,
}


def test_every_setting_makes_another_request() -> None:
    assert set(OTHERWISE) == set(Settings.__dataclass_fields__)
    keys = {key_of(Request(picture(), settings=Settings(**{name: value}))) for name, value in OTHERWISE.items()}
    assert len(keys | {key_of(Request(picture()))}) == len(OTHERWISE) + 1
    moved = [{"noise": 0.5, "softness": 1.0}, {"softness": 1.0, "noise": 0.5}]
    assert len({key_of(Request(picture(), settings=Settings(steered=each))) for each in moved}) == 1


def test_anything_else_is_another_request() -> None:
    mask = np.zeros((32, 32), dtype=bool)
    base = Request(picture(), mask)
    others = [
        Request(picture(1), mask),
        Request(replace(picture(), alpha=np.full((32, 32), 9, np.uint8)), mask),
        Request(replace(picture(), exif=b"Exif"), mask),
        Request(replace(picture(), before=picture(2)), mask),
        Request(picture(), ~mask),
        Request(picture()),
        Request(picture(), mask, Settings(seed=1)),
        Request(picture(), mask, Settings(feather=1)),
    ]
    keys = [key_of(base, "file", None), key_of(base, "another", None), key_of(base, "file", 2)]
    keys += [key_of(base, "file", np.zeros(4, np.float32)), key_of(base, "file", np.ones(4, np.float32))]
    keys += [key_of(other, "file", None) for other in others]
    assert len(set(keys)) == len(keys)
    assert key_of(Request(picture(), mask.copy()), "file", None) == keys[0]


def test_a_run_that_is_left_is_not_kept(state: AppState) -> None:
    path, request = faithful(state), Request(picture(5))
    run = state.run(DEBLUR, request, path)
    assert isinstance(next(run), Started)
    run.close()
    assert not state.is_busy
    assert any(isinstance(event, Painting) for event in state.run(DEBLUR, request, path))


def test_the_least_lately_asked_for_go_first(state: AppState) -> None:
    run = last(state.run(DEBLUR, Request(picture()), faithful(state)))
    size = 2 * run.picture.pixels.nbytes
    results = ResultCache(most=2 * size)

    def ask(name: str, found: Restoration = run) -> None:
        list(results.recording(name.encode(), [Finished(found)]))

    ask("a")
    ask("b")
    assert results.get(b"a") and results.get(b"b") and results.get(b"a")
    ask("c")
    assert results.get(b"a") and results.get(b"c") and results.get(b"b") is None
    ask("large", replace(run, picture=picture(side=100)))
    assert results.get(b"large") is None and results.get(b"a"), "too large to keep, and nothing lost for it"
