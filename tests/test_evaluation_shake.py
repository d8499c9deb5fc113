"""Measuring how paths are found: the table is what single photos say, and bad calls get a sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from diffir_demo.metrics import aligned_psnr, psnr
from diffir_demo.tasks import TASKS
from tests.test_deconvolve import large_scene
from tests.tiny import WITH_PATH, engine
from tools.evaluation import cases, shake


@pytest.fixture
def data(tmp_path: Path) -> Path:
    Image.fromarray(large_scene(160, 200)).save(tmp_path / "1.png")
    return tmp_path


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_a_row_is_what_the_photos_say(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert shake.main(["--data", str(data), "--set", "strong"]) == 0
    head, _, line = capsys.readouterr().out.strip().splitlines()
    found = dict(zip(cells(head), cells(line), strict=True))
    (case,) = cases(TASKS["deblur"], data, "strong")
    before = psnr(case.request.picture.pixels, case.reference.pixels)
    assert (found["set"], found["photos"], found["as it came"]) == ("strong", "1", f"{before:.2f}")
    assert float(found["least gain"]) == pytest.approx(float(found["blind"]) - before, abs=0.011)
    assert float(found["true path (oracle)"]) > before and 0 < float(found["likeness of the path"]) <= 1


def test_untouched_photos_have_no_path_and_stay_as_they_are(data: Path) -> None:
    (case,) = shake.blurred("untouched", data, None)
    before, after, _, gain, oracle, path, trust, *_ = shake.measured(case, "linear")
    assert before == after == np.inf and gain == trust == 0
    assert np.isnan(oracle) and np.isnan(path)


def test_hands_in_levels_differ_from_those_in_light(data: Path) -> None:
    (levels,), (light,) = (list(shake.blurred(name, data, None)) for name in (shake.IN_LEVELS, "hand"))
    assert levels.kernel is not None and np.array_equal(levels.kernel, light.kernel)
    assert not np.array_equal(levels.request.picture.pixels, light.request.picture.pixels)


def test_networks_are_measured_beside_it(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    networks = engine("deblur"), engine("deblur", config=WITH_PATH)
    (case,) = cases(TASKS["deblur"], data, "weak")
    values = shake.measured(case, "linear", networks)
    assert len(values) == len(shake.HEADS) - 2 + 3 * len(networks)
    for network, painted, still, gain in zip(networks, values[-6::3], values[-5::3], values[-4::3], strict=True):
        made = network.restore(case.request).picture.pixels
        expected = psnr(made, case.reference.pixels)
        assert painted == pytest.approx(expected) and gain == pytest.approx(expected - values[0])
        assert still == pytest.approx(aligned_psnr(made, case.reference.pixels))
    monkeypatch.setattr(shake, "blurred", lambda *_: [case, case])
    monkeypatch.setattr(shake, "measured", lambda *_: values)
    line = shake.cells_of("weak", data, None, networks)
    assert len(line) == len(shake.HEADS) + 6 and line[-1] == f"{values[-1]:.2f}"


def test_a_folder_without_photos_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        shake.main(["--data", str(tmp_path)])
    assert "There are no pictures in" in capsys.readouterr().err
