"""Asked twice, painted once; asked anything else, painted anew; and never more kept than there may be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from diffir_demo.events import Finished, Painting, PriorStep, Restoration, Started, last
from diffir_demo.imaging import Picture
from diffir_demo.tasks import TASKS, Request
from diffir_demo.ui.answers import KEPT_BEFORE, Answers, key_of
from diffir_demo.ui.studio import Studio

DEBLUR = TASKS["deblur"]


def picture(seed: int = 0, side: int = 32) -> Picture:
    return Picture(np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8))


@pytest.fixture(scope="module")
def studio() -> Studio:
    return Studio(device="cpu", precision="fp32")


def faithful(studio: Studio) -> str:
    """The file of the preset that looks for no camera path."""
    return next(each.path for each in studio.weights_for(DEBLUR) if each.preset == "faithful")


def test_who_asks_again_gets_the_same_at_once(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    path = faithful(studio)
    first = list(studio.run(DEBLUR, Request(picture()), path, True))
    assert any(isinstance(event, Painting) for event in first)
    monkeypatch.setattr(studio, "perform", None)
    again = list(studio.run(DEBLUR, Request(picture()), path, True))  # the same bytes, in another array
    assert [type(event) for event in again] == [Started, *4 * [PriorStep], Finished]
    before, after = last(first), last(again)
    np.testing.assert_array_equal(before.picture.pixels, after.picture.pixels)
    assert all(step.preview is not None for step in after.steps[:-1]) and after.seconds == before.seconds
    assert after.notices == (*before.notices, KEPT_BEFORE)
    assert last(studio.run(DEBLUR, Request(picture()), path, True)).notices == after.notices, "said once"


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
        Request(picture(), mask, seed=1),
        Request(picture(), mask, feather=1),
    ]
    keys = [key_of(base, "file", None), key_of(base, "another", None), key_of(base, "file", 2)]
    keys += [key_of(base, "file", np.zeros(4, np.float32)), key_of(base, "file", np.ones(4, np.float32))]
    keys += [key_of(other, "file", None) for other in others]
    assert len(set(keys)) == len(keys)
    assert key_of(Request(picture(), mask.copy()), "file", None) == keys[0]


def test_a_run_that_is_left_is_not_kept(studio: Studio) -> None:
    path, request = faithful(studio), Request(picture(5))
    run = studio.run(DEBLUR, request, path)
    assert isinstance(next(run), Started)
    run.close()
    assert not studio.is_busy
    assert any(isinstance(event, Painting) for event in studio.run(DEBLUR, request, path))


def test_the_least_lately_asked_for_go_first(studio: Studio) -> None:
    run = last(studio.run(DEBLUR, Request(picture()), faithful(studio)))
    size = 2 * run.picture.pixels.nbytes
    answers = Answers(most=2 * size)

    def ask(name: str, found: Restoration = run) -> None:
        list(answers.listen(name.encode(), [Finished(found)]))

    ask("a")
    ask("b")
    assert answers.get(b"a") and answers.get(b"b") and answers.get(b"a")
    ask("c")
    assert answers.get(b"a") and answers.get(b"c") and answers.get(b"b") is None
    ask("large", replace(run, picture=picture(side=100)))
    assert answers.get(b"large") is None and answers.get(b"a"), "too large to keep, and nothing lost for it"
