"""Crops whose camera's path was looked for, and the batches made of them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from diffir_demo.errors import InputError
from diffir_demo.metrics import psnr
from diffir_demo.model import DiffIR
from diffir_demo.tasks import deblur
from diffir_demo.training import estimates
from diffir_demo.training.data import PhotoPool, TrainData
from diffir_demo.training.estimates import Estimate, EstimateStream, estimated, grow, shards
from diffir_demo.training.initial import transfer_unet
from tests.test_deconvolve import large_scene
from tests.tiny import CONFIGS, WITH_PATH, network

TASK = deblur.TASK.as_preset(deblur.PATH)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> PhotoPool:
    monkeypatch.setattr(estimates, "SIDE", 96)
    monkeypatch.setattr(estimates, "SHARD", 2)
    return PhotoPool([large_scene(200, 240), large_scene(240, 200)])


def made(folder: Path, trusts: list[float], side: int = 64) -> np.ndarray:
    """A file of random crops in the folder: (n, 3, side, side, 3)."""
    pictures = np.random.default_rng(0).integers(0, 256, (len(trusts), 3, side, side, 3), np.uint8)
    np.save(folder / "00000.npy", pictures)
    (folder / "00000.json").write_text(json.dumps(trusts))
    return pictures


def stream(folder: Path, seed: int = 0, number: int = 0) -> EstimateStream:
    return EstimateStream(TASK, folder, torch.device("cpu"), seed, number)


def test_a_crop_is_blurred_searched_and_undone(small: PhotoPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimates, "KINDS", {"straight": 1.0})
    monkeypatch.setattr(estimates, "WRONG", 0.0)
    odds = small.odds(96 + 2 * estimates.MARGIN)
    found = estimated(small, np.random.default_rng(3), odds)
    for each in (found.sharp, found.blurred, found.deconvolved):
        assert each.shape == (96, 96, 3) and each.dtype == np.uint8
    assert psnr(found.blurred, found.sharp) < 30
    assert not np.array_equal(found.deconvolved, found.blurred) and 0 <= found.trust <= 1
    again = estimated(small, np.random.default_rng(3), odds)
    assert np.array_equal(found.deconvolved, again.deconvolved) and found.trust == again.trust


def test_a_sharp_crop_stays_sharp(small: PhotoPool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("KINDS", {"sharp": 1.0}), ("CLIPPED", 0.0), ("COMPRESSED", 0.0), ("NOISIEST", 0.0)):
        monkeypatch.setattr(estimates, name, value)
    found = estimated(small, np.random.default_rng(0), small.odds(96 + 2 * estimates.MARGIN))
    assert np.array_equal(found.blurred, found.sharp)


def test_the_folder_grows_by_whole_files(small: PhotoPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = list[int]()

    def quick(pool: PhotoPool, rng: np.random.Generator, odds: torch.Tensor) -> Estimate:
        calls.append(int(rng.integers(2**31)))
        picture = np.full((96, 96, 3), len(calls), np.uint8)
        return Estimate(picture, picture, picture, 0.5)

    monkeypatch.setattr(estimates, "estimated", quick)
    folder = tmp_path / "crops"
    grow(folder, small, 3)
    assert [path.name for path in shards(folder)] == ["00000.npy", "00001.npy"] and len(calls) == 4
    grow(folder, small, 5)
    assert len(shards(folder)) == 3 and len(calls) == 6, "what is there is not made again"
    first = calls.copy()
    calls.clear()
    grow(tmp_path / "other", small, 5)
    assert calls == first, "another folder gets the same crops"
    assert not list(folder.glob("*.part"))


def test_the_command_tells_of_a_folder_without_photos(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        estimates.main(["--data", str(tmp_path), "--out", str(tmp_path / "out"), "--crops", "2"])
    assert "There are no photos in" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_command_fills_a_folder(small: PhotoPool, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    Image.fromarray(large_scene(200, 200)).save(tmp_path / "data" / "a.png")
    out = tmp_path / "out"
    assert estimates.main(["--data", str(tmp_path / "data"), "--out", str(out), "--crops", "1"]) == 0
    assert np.load(shards(out)[0]).shape == (2, 3, 96, 96, 3)
    assert len(json.loads((out / "00000.json").read_text())) == 2


def test_a_batch_shows_blurred_and_deconvolved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = made(tmp_path, [0.25])[0]
    monkeypatch.setattr("diffir_demo.training.estimates.ANY_STRENGTH", 0.0)
    batch = stream(tmp_path).batch(8, 64)
    assert batch.damaged.shape == (8, 7, 64, 64) and batch.target.shape == (8, 3, 64, 64)
    assert bool((batch.damaged[:, 6] == 0.25).all())
    sharp, blurred, deconvolved = pictures
    whole = np.concatenate([blurred, deconvolved, sharp], axis=2)
    ways = [np.rot90(side, turn) for side in (whole, whole[:, ::-1]) for turn in range(4)]
    seen = torch.cat([batch.damaged[:, :6], batch.target], dim=1).permute(0, 2, 3, 1)
    found = {next(i for i, way in enumerate(ways) if np.array_equal(np.rint(one.numpy() * 255), way)) for one in seen}
    assert len(found) > 2, "turned and mirrored"


def test_where_no_path_is_trusted_both_are_the_photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path, [0.0, 0.0])
    monkeypatch.setattr("diffir_demo.training.estimates.ANY_STRENGTH", 0.0)
    blurred, deconvolved, strength = stream(tmp_path).batch(4, 32).damaged.split(3, dim=1)
    assert torch.equal(blurred, deconvolved) and not strength.any()
    monkeypatch.setattr("diffir_demo.training.estimates.ANY_STRENGTH", 1.0)
    damaged = stream(tmp_path).batch(4, 32).damaged
    assert len(set(damaged[:, 6, 0, 0].tolist())) == 4, "as people may set it"
    assert not torch.equal(damaged[:, :3], damaged[:, 3:6])


def test_the_surroundings_are_the_encoders(tmp_path: Path) -> None:
    made(tmp_path, [0.5, 0.5])
    batch = stream(tmp_path).batch(2, 32, surroundings=32)
    assert batch.damaged.shape[-1] == 64 and batch.window is not None and batch.window[2] == 32
    assert batch.cropped.damaged.shape == (2, 7, 32, 32)


def test_streams_repeat_and_differ(tmp_path: Path) -> None:
    made(tmp_path, [0.1, 0.9, 0.5])
    one, again, other = (stream(tmp_path, 3, number) for number in (0, 0, 1))
    first = one.batch(4, 32).damaged
    assert torch.equal(first, again.batch(4, 32).damaged) and not torch.equal(first, other.batch(4, 32).damaged)
    state, following = one.state(), one.batch(2, 32).target
    one.restore(state)
    assert torch.equal(one.batch(2, 32).target, following)


def test_an_empty_folder_and_a_missing_one_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There are no estimated paths in"):
        stream(tmp_path)
    pool = PhotoPool([large_scene(200, 200)])
    with pytest.raises(InputError, match="Name their folder with --estimates"):
        TrainData.prepare(TASK, pool)
    with pytest.raises(InputError, match="learns from estimated camera paths"):
        TrainData.prepare(deblur.TASK, pool, tmp_path)


def test_a_unet_that_begins_to_see_more_decodes_as_before() -> None:
    """What it gets beside the photo begins unheard, and what it paints beyond the former correction begins at zero."""
    plain, wider = network("deblur"), DiffIR(WITH_PATH)
    transfer_unet(wider.unet, plain.unet)
    photo, sharp = torch.rand(2, 1, 3, 32, 32)
    ipr = torch.ones(1, CONFIGS["deblur"].ipr_length)
    with torch.inference_mode():
        before = plain.decode(photo, ipr)
        for strength in (0.0, 0.4, 1.0):
            damaged = torch.cat([photo, sharp, torch.full_like(photo[:, :1], strength)], dim=1)
            assert torch.allclose(wider.decode(damaged, ipr), torch.lerp(before, sharp, strength), atol=1e-5)
