"""Reading and steering the IPR: the regressions, their place in a weight file, words, and the command that fits."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from diffir_demo.api import Model
from diffir_demo.cli import main as app
from diffir_demo.errors import InputError, WeightsError
from diffir_demo.imaging import Picture
from diffir_demo.model import DiffIR
from diffir_demo.settings import Settings
from diffir_demo.tasks import Request
from diffir_demo.tasks.damage import SEVERITIES
from diffir_demo.trace import readings_over
from diffir_demo.training import directions as fitting
from diffir_demo.training.__main__ import main
from diffir_demo.weights import Directions, Reading, Value, annotate, convert, in_words, inspect, save
from diffir_demo.weights.directions import FURTHEST, SHAPES, WORDS
from tests.pictures import noise
from tests.test_training import photos
from tests.tiny import directions, engine, network, teacher

PICTURE = Picture(noise(40, 48))


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    file = tmp_path / "clean.safetensors"
    record = {"steps": 7, "runs": [{"stage": 1}]}
    save(file, network("clean"), task="clean", provenance="trained", name="Tiny", training=record)
    return file


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for i, pixels in enumerate(photos(2, 80)):
        Image.fromarray(pixels).save(folder / f"{i}.png")
    return folder


def silent_engine() -> Model:
    """Of a file that says nothing of readings."""
    plain = engine("clean")
    return dataclasses.replace(plain, info=dataclasses.replace(plain.info, training={}))


def told_engine() -> Model:
    plain = engine("clean")
    info = dataclasses.replace(plain.info, training={"directions": directions().to_dict()})
    return dataclasses.replace(plain, info=info)


def test_a_linear_ipr_is_read_and_its_directions_are_found() -> None:
    """IPR = mean + y G + a little noise, y the standardised damage: readings give the damage, moves the rows of G."""
    generator = torch.Generator().manual_seed(0)
    most = torch.tensor([40.0, 3.0, 75.0])
    damage = torch.rand(600, 3, generator=generator) * most
    wanted = (damage - damage.mean(dim=0)) / damage.std(dim=0)
    moves = torch.randn(3, 32, generator=generator)
    iprs = 0.7 + wanted @ moves + 0.01 * torch.randn(600, 32, generator=generator)
    fitted = fitting.fit(iprs, damage, SEVERITIES)
    assert np.abs(fitted.move - moves.numpy()).max() < 0.01
    assert np.allclose(fitted.most, most, rtol=0.02) and (fitted.r2 > 0.999).all()
    assert np.allclose(fitted.mean, iprs.mean(dim=0), atol=1e-5) and np.allclose(fitted.deviation, iprs.std(dim=0))
    for ipr, truth in zip(iprs[:5].numpy(), damage[:5].numpy(), strict=True):
        found = [value.value for value in fitted.reading(ipr).values]
        assert np.abs(found - truth).max() < 0.01 * most.max()
        more = fitted.reading(fitted.steered(ipr, {"softness": 1.0}))
        assert more["softness"].value == pytest.approx(truth[1] + damage[:, 1].std().item(), abs=0.05)
        assert more["noise"].value == pytest.approx(truth[0], abs=0.5)


def test_what_bends_is_read_by_the_hidden_layer_and_what_does_not_by_the_line() -> None:
    """The IPR follows the square of the noise; softness is in it as it is."""
    generator = torch.Generator().manual_seed(0)
    damage = torch.rand(2400, 2, generator=generator) * torch.tensor([40.0, 3.0])
    noise, softness = damage[:, :1] / 40, damage[:, 1:] / 3
    facts = torch.cat([noise.square(), softness], dim=1)
    iprs = facts @ torch.randn(2, 24, generator=generator) + 0.01 * torch.randn(2400, 24, generator=generator)
    fitted = fitting.fit(iprs[:2000], damage[:2000], SEVERITIES[:2])
    found = np.array([[value.value for value in fitted.reading(ipr).values] for ipr in iprs[2000:].numpy()])
    line = iprs[2000:].numpy() @ fitted.weight.T + fitted.bias
    error, r2 = fitting.accuracy(found, damage[2000:].numpy())
    error_of_line, _ = fitting.accuracy(line, damage[2000:].numpy())
    assert r2.min() > 0.97 and error[0] < 0.7 * error_of_line[0]
    assert fitted.out[0].any() and not fitted.out[1].any(), "a line says it all"
    again = fitting.fit(iprs[:2000], damage[:2000], SEVERITIES[:2])
    assert np.array_equal(again.hidden, fitted.hidden) and np.array_equal(again.out, fitted.out)


def test_a_file_without_a_hidden_layer_is_read_by_its_line() -> None:
    whole = directions().to_dict()
    older = {key: value for key, value in whole.items() if "h" not in SHAPES.get(key, "")}
    found = Directions.from_training({"directions": older}, 256)
    assert found is not None and found.hidden.shape == (0, 256) and found.to_dict() == older
    ipr = np.ones(256, np.float32)
    values = [value.value for value in found.reading(ipr).values]
    assert np.allclose(values, np.maximum(found.weight @ ipr + found.bias, 0), rtol=1e-5)


def test_noise_in_the_ipr_asks_for_a_stronger_ridge(monkeypatch: pytest.MonkeyPatch) -> None:
    """With as many numbers as pairs, the strength that the kept-back pairs choose reads better than the weakest."""
    generator = torch.Generator().manual_seed(1)
    damage = torch.rand(160, 1, generator=generator) * 40
    iprs = torch.randn(160, 120, generator=generator)
    iprs[:, :20] += (damage - 20) / 12
    chosen = fitting.fit(iprs, damage, ("noise",))
    monkeypatch.setattr(fitting, "STRENGTHS", (0.001,))
    assert chosen.error[0] < 0.8 * fitting.fit(iprs, damage, ("noise",)).error[0]


def test_they_travel_in_the_weight_file(weights: Path, tmp_path: Path) -> None:
    before, kept = inspect(weights), weights.read_bytes()
    target = tmp_path / "told.safetensors"
    annotate(weights, target, {"directions": directions().to_dict()})
    info = inspect(target)
    found = info.directions
    assert before.directions is None and weights.read_bytes() == kept
    assert found is not None and found.names == SEVERITIES
    for name in SHAPES:
        assert np.allclose(getattr(found, name), getattr(directions(), name), rtol=1e-4)
    assert (info.name, info.provenance, info.task, info.config) == ("Tiny", "trained", "clean", before.config)
    assert {k: v for k, v in info.training.items() if k != "directions"} == before.training
    assert _tensors(target) == _tensors(weights)
    annotate(target, target, {"more": 1})  # in place
    assert inspect(target).training["more"] == 1 and inspect(target).directions is not None
    assert convert(target, tmp_path / "converted.safetensors").directions is not None
    with pytest.raises(WeightsError, match="does not end in .safetensors"):
        annotate(weights, tmp_path / "told.pth", {})


def _tensors(file: Path) -> bytes:
    data = file.read_bytes()
    return data[8 + int.from_bytes(data[:8], "little") :]


@pytest.mark.parametrize(
    "broken",
    [
        None,
        "gone",
        [],
        {},
        {"names": ["noise", "softness"]},
        {"names": []},
        {"names": ["noise", "softness", "hunger"]},
        {"names": ["noise", "noise", "softness"]},
        {"weight": [[1.0, 2.0]]},
        {"bias": ["a", "b", "c"]},
        {"move": None},
        {"error": [1.0, float("nan"), 1.0]},
        {"hidden": [[1.0, 2.0]]},
        {"hidden_bias": 1.0},
        {"out": None},
    ],
    ids=str,
)
def test_a_damaged_record_says_nothing(broken: Any) -> None:
    whole = directions().to_dict()
    assert Directions.from_training({"directions": whole}, 256) is not None
    assert Directions.from_training({"directions": whole}, 128) is None
    record = whole | broken if isinstance(broken, dict) and broken else broken
    assert Directions.from_training({"directions": record}, 256) is None
    assert Directions.from_training({}, 256) is None


def test_steering_is_clamped_and_refuses_what_is_not_known() -> None:
    own, told = np.ones(256, np.float32), told_engine()
    once = told.steered(own, noise=1.0) - own
    assert np.allclose(once, directions().move[0], rtol=1e-3, atol=1e-5)
    assert np.allclose(told.steered(own, noise=9.0) - own, FURTHEST * once, atol=1e-5)
    assert np.allclose(told.steered(own, noise=-9.0) - own, -FURTHEST * once, atol=1e-5)
    both = told.steered(own, noise=1.0, softness=-0.5) - own
    assert np.allclose(both, once - 0.5 * directions().move[1], rtol=1e-3, atol=1e-4)
    assert (own == 1).all()
    with pytest.raises(InputError, match="not by hunger=1"):
        told.steered(own, hunger=1.0)
    with pytest.raises(InputError, match="finite"):
        told.steered(own, noise=float("nan"))
    with pytest.raises(WeightsError, match="never measured"):
        silent_engine().steered(own, noise=1.0)


def test_a_reading_knows_how_far_it_can_be_trusted() -> None:
    """Up to three errors beyond what was learned; nothing is ever less than none."""
    one = {"weight": np.ones((1, 1)), "error": np.array([2.0]), "r2": np.ones(1), "most": np.array([40.0])}
    rest = {"bias": np.zeros(1), "move": np.ones((1, 1)), "mean": np.zeros(1), "deviation": np.ones(1)}
    rest |= {"hidden": np.zeros((0, 1)), "hidden_bias": np.zeros(0), "out": np.zeros((1, 0))}
    reads = Directions(("noise",), **{k: v.astype(np.float32) for k, v in (one | rest).items()})
    found = [reads.reading(np.array([x]))["noise"] for x in (-7.0, -5.0, 12.0, 45.0, 47.0)]
    assert [value.value for value in found] == [0, 0, 12, 45, 47]
    assert [value.inside for value in found] == [False, True, True, True, False]
    assert reads.reading(np.array([47.0])).to_dict() == {"noise": None}


@pytest.mark.parametrize(
    ("noise", "softness", "compression", "words"),
    [
        (12.3, 1.12, 55.0, "grain 12 of 255, softness 1.1 px, JPEG quality about 45"),
        (1.9, 0.2, 5.0, "no grain, sharp, no JPEG damage"),
        (40.0, 3.0, 99.0, "grain 40 of 255, softness 3.0 px, JPEG quality about 5"),
    ],
)
def test_the_words_for_people(noise: float, softness: float, compression: float, words: str) -> None:
    values = (Value("noise", noise, 2.0), Value("softness", softness, 0.25), Value("compression", compression, 6.0))
    assert in_words(Reading(values)) == words


def test_words_where_the_error_is_small_or_the_reading_is_none() -> None:
    assert in_words(Reading((Value("compression", 2.5, 1.0),))) == "no JPEG damage"
    assert in_words(Reading((Value("compression", 3.5, 1.0),))) == "JPEG quality about 95"
    strange = Reading((Value("noise", 90.0, 2.0, inside=False), Value("softness", 1.0, 0.2)))
    assert in_words(strange) == "grain unlike any it has learned, softness 1.0 px"
    assert tuple(WORDS) == SEVERITIES


def test_the_ipr_comes_without_the_painting(monkeypatch: pytest.MonkeyPatch) -> None:
    own, request = engine("clean"), Request(PICTURE, settings=Settings(seed=3))
    config = dataclasses.replace(own.config, timesteps=0)
    bare = dataclasses.replace(own, diffir=DiffIR(config).eval().requires_grad_(False))
    for each in (own, bare):
        assert np.array_equal(each.estimate(request), each.restore(request).ipr)
    monkeypatch.setattr(DiffIR, "decode", lambda *_: pytest.fail("painted"))
    assert own.estimate(request).shape == (256,)


def test_readings_follow_the_diffusion_to_its_end() -> None:
    told = told_engine()
    done = told.restore(Request(PICTURE))
    lines = readings_over(told.directions, done.steps)
    assert len(lines) == 4
    assert lines[0] == told.reading(done.steps[0].x0)
    for name in SEVERITIES:
        assert lines[-1][name].value == pytest.approx(told.reading(done.ipr)[name].value, abs=1e-3)
    assert done.reading == told.reading(done.ipr)
    assert silent_engine().restore(Request(PICTURE)).reading is None


def test_the_command_line_tells_it(weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.fromarray(PICTURE.pixels).save(tmp_path / "photo.png")
    call = ["restore", "clean", str(tmp_path / "photo.png"), "-o", str(tmp_path / "out.png"), "--weights", str(weights)]
    assert app([*call, "--json"]) == 0
    assert "reading" not in json.loads(capsys.readouterr().out)
    annotate(weights, weights, {"directions": directions().to_dict()})
    assert app([*call, "--json"]) == 0
    reading = json.loads(capsys.readouterr().out)["reading"]
    assert list(reading) == ["noise", "softness", "jpeg_quality"]
    assert app(call) == 0
    told = capsys.readouterr().out
    assert "\n  the 256 numbers say: " in told and ("JPEG" in told.splitlines()[1])


def test_the_command_fits_them_to_a_finished_network(
    weights: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, target = weights.read_bytes(), tmp_path / "told.safetensors"
    call = f"directions --weights {weights} --data {data} --held-out {data} --pairs 512 --seed 1 --device cpu".split()
    assert main([*call, "--out", str(target)]) == 0
    table = capsys.readouterr().out
    assert "| grain |" in table and "512 randomly damaged crops of 2 photos, seed 1" in table
    assert weights.read_bytes() == before and _tensors(target) == _tensors(weights)
    info = inspect(target)
    assert info.training["steps"] == 7 and info.training["runs"] == [{"stage": 1}]
    found = info.directions
    assert found is not None and found.names == SEVERITIES
    assert 35 < found.most[0] <= 40 and 2.5 < found.most[1] <= 3 and 65 < found.most[2] <= 75
    assert (found.error > 0).all() and (found.r2 <= 1).all()
    assert main(call) == 0  # in place; the same seed gives the same file
    assert weights.read_bytes() == target.read_bytes()


def test_the_command_refuses_in_one_sentence(
    weights: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, model, key in (("deblur", network("deblur"), "deblur"), ("s1", teacher("clean"), "clean")):
        save(tmp_path / f"{name}.safetensors", model, task=key, provenance="trained", name=name)
    (tmp_path / "empty").mkdir()

    def refusal(file: str, *more: str) -> str:
        call = ["directions", "--weights", str(tmp_path / file), "--data", str(data), "--held-out", str(data), *more]
        assert main(call) == 2
        told = capsys.readouterr().err.strip()
        assert told.startswith("error: ") and "\n" not in told
        return told

    assert "deblur were not trained to say" in refusal("deblur.safetensors")
    assert "stage-1" in refusal("s1.safetensors")
    assert "511 pairs are too few" in refusal("clean.safetensors", "--pairs", "511")
    assert "no photos in 'empty'" in refusal("clean.safetensors", "--data", str(tmp_path / "empty"))
    assert "no photos in 'empty'" in refusal("clean.safetensors", "--held-out", str(tmp_path / "empty"))
    assert "no such file" in refusal("missing.safetensors")
    tiny = tmp_path / "small"
    tiny.mkdir()
    Image.fromarray(np.zeros((20, 90, 3), np.uint8)).save(tiny / "a.png")
    assert "None of the photos has sides of" in refusal("clean.safetensors", "--data", str(tiny))
