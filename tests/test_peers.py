"""Networks of others: opened without running code, run in tiles within a budget, and DiffIR opened by theirs."""

from __future__ import annotations

import importlib.util
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from diffir_demo.devices import lock_for
from diffir_demo.errors import DeviceError, InputError, WeightsError
from diffir_demo.events import Finished, Painting
from diffir_demo.imaging import Picture
from diffir_demo.peers import _described, _without_torchvision, load_peer
from diffir_demo.tasks import TASKS, Request
from diffir_demo.tiling import OVERLAP, grid
from diffir_demo.ui.state import AppState
from tests.factories import photo, tiny_weights
from tests.weight_files import TINY, TINY_CLEAN, TINY_INPAINT, TINY_SR, network, official_state

HERE = all(importlib.util.find_spec(name) for name in ("spandrel", "einops"))
pytestmark = pytest.mark.skipif(not HERE, reason="spandrel is not installed")


def nafnet() -> dict[str, torch.Tensor]:
    with _without_torchvision():
        from spandrel.architectures.NAFNet import NAFNet
    torch.manual_seed(0)
    net = NAFNet(width=8, middle_blk_num=1, enc_blk_nums=[1], dec_blk_nums=[1])
    for each in net.parameters():
        torch.nn.init.normal_(each, std=0.1)
    return net.state_dict()


def compact(scale: int = 2) -> dict[str, torch.Tensor]:
    with _without_torchvision():
        from spandrel.architectures.Compact.__arch.SRVGG import SRVGGNetCompact
    torch.manual_seed(0)
    return SRVGGNetCompact(num_feat=8, num_conv=2, upscale=scale).state_dict()


def saved(folder: Path, state: Any, name: str = "theirs.pth") -> Path:
    torch.save(state, folder / name)
    return folder / name


# ---- opening ----


def test_what_it_is_and_what_it_is_for(tmp_path: Path) -> None:
    restorer = load_peer(saved(tmp_path, {"params": nafnet()}), "cpu")
    assert (restorer.architecture, restorer.scale, restorer.wants_mask) == ("NAFNet", 1, False)
    assert restorer.title == "theirs (NAFNet)" and len(restorer.sha256) == 64
    enlarger = load_peer(saved(tmp_path, compact()), "cpu")
    assert enlarger.scale == 2 and "torchvision" not in sys.modules
    suits = {key: [restorer.fits(task), enlarger.fits(task)] for key, task in TASKS.items()}
    assert suits == {"inpaint": [False] * 2, "clean": [True, False], "deblur": [True, False], "sr": [False, True]}


def test_code_in_a_file_is_not_run(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return Path.touch, (tmp_path / "ran",)

    with pytest.raises(WeightsError, match="was not run"):
        load_peer(saved(tmp_path, {"params": nafnet() | {"x": Evil()}}))
    (tmp_path / "plain.pkl").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(WeightsError):
        load_peer(tmp_path / "plain.pkl")
    assert not (tmp_path / "ran").exists()


def test_what_is_none_of_them_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for state in ({"a.weight": torch.zeros(3)}, nafnet() | {"intro.weight": torch.zeros(8, 3, 1, 1)}):
        with pytest.raises(WeightsError, match="theirs.pth: this") as caught:
            load_peer(saved(tmp_path, state))
        assert "\n" not in str(caught.value)
    monkeypatch.setattr("diffir_demo.peers.find_spec", lambda name: None)
    with pytest.raises(WeightsError, match=r"diffir-studio\[peers\]"):
        load_peer(tmp_path / "theirs.pth")


# ---- running ----


def test_a_budget_cuts_it_into_tiles_that_look_like_the_whole(tmp_path: Path) -> None:
    peer = load_peer(saved(tmp_path, compact()), "cpu")
    picture = photo(200, 260)
    budget = 120 * 120 * peer.bytes_per_pixel
    tiles = peer.tiles(200, 260, budget)
    assert len(tiles) > 4 and all(tile.height * tile.width * peer.bytes_per_pixel <= budget for tile in tiles)
    shares = list[float]()
    cut = peer.restore(picture, budget=budget, tick=shares.append)
    whole = peer.restore(picture)
    assert cut.pixels.shape == (400, 520, 3) and shares == sorted(shares) and shares[-1] == 1.0
    assert np.abs(cut.pixels.astype(int) - whole.pixels).max() <= 1


@pytest.mark.parametrize("shape", [(97, 301), (640, 97), (300, 300)])
def test_the_grid_covers_everything(shape: tuple[int, int]) -> None:
    covered = np.zeros(shape, int)
    for tile in grid(*shape, 96):
        assert max(tile.height, tile.width) <= 96
        covered[tile.window] += 1
    assert covered.min() >= 1 and grid(50, 60, 96) == grid(50, 60, 96, OVERLAP)


def test_odd_sizes_transparency_and_grey(tmp_path: Path) -> None:
    peer = load_peer(saved(tmp_path, nafnet()), "cpu")
    grey = np.repeat(photo(33, 47).pixels[..., :1], 3, axis=2)
    alpha = np.full((33, 47), 200, np.uint8)
    made = peer.restore(Picture(grey, alpha))
    assert made.pixels.shape == grey.shape and made.alpha is not None and np.array_equal(made.alpha, alpha)
    assert (made.pixels == made.pixels[..., :1]).all()


# ---- DiffIR for theirs ----


@pytest.fixture
def registered() -> Any:
    """integrations/spandrel/diffir_spandrel.py, as chaiNNer or a script would load it."""
    with _without_torchvision():
        import spandrel
    before = spandrel.MAIN_REGISTRY.copy()
    path = Path(__file__).parent.parent / "integrations" / "spandrel" / "diffir_spandrel.py"
    spec = importlib.util.spec_from_file_location("diffir_spandrel", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    vars(spandrel.MAIN_REGISTRY).update(vars(before))


@pytest.mark.parametrize(
    ("config", "purpose", "scale"),
    [(TINY, "Restoration", 1), (TINY_SR, "SR", 4), (TINY_CLEAN, "Restoration", 1), (TINY_INPAINT, "Inpainting", 1)],
    ids=["deblur", "sr", "clean", "inpaint"],
)
def test_spandrel_reads_diffir(registered: Any, config: Any, purpose: str, scale: int) -> None:
    """The authors' key layouts: what comes out is what our own network gives for the same noise, at odd sizes."""
    found = _described(official_state(config))
    assert (found.architecture.id, found.purpose) == ("DiffIR", purpose)
    ours, image = network(config).eval(), torch.rand(1, 3, 64, 96)
    mask = (torch.rand(1, 1, 64, 96) > 0.8).float()
    with torch.inference_mode():
        made = found(image, mask) if config.wants_mask else found(image)
        damaged = torch.cat([image * (1 - mask), mask], 1) if config.wants_mask else image
        expected = ours(damaged, registered.noise_for(ours.config.ipr_length))[0].clamp(0, 1)
    if config.wants_mask:
        expected = torch.where(mask > 0.5, expected, image)
        made = torch.where(mask > 0.5, made, image)
    assert made.shape == (1, 3, 64 * scale, 96 * scale) and torch.allclose(made, expected, atol=1e-5)
    odd = torch.rand(1, 3, 35, 51)
    again = found(odd, torch.ones(1, 1, 35, 51)) if config.wants_mask else found(odd)
    assert again.shape == (1, 3, 35 * scale, 51 * scale)


def test_other_networks_are_still_theirs(registered: Any) -> None:
    assert _described(nafnet()).architecture.id == "NAFNet"


def test_a_diffir_file_that_lacks_something_is_refused(registered: Any) -> None:
    state = official_state(TINY)
    state.pop(next(name for name in state if name.startswith("G.latent")))
    with pytest.raises(WeightsError, match="do not fit together"):
        _described(state)


# ---- on the page ----


def test_a_visitors_network_is_compared_with_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "checkpoints").mkdir()
    monkeypatch.setenv("DIFFIR_CHECKPOINTS", str(tiny_weights(tmp_path / "checkpoints")))
    state, task = AppState("cpu", "fp32"), TASKS["clean"]
    path = str(saved(tmp_path, nafnet()))
    mine = state.own_weights(path, task)
    assert mine.is_peer and mine.title == "theirs (NAFNet)" and mine.badge == "NAFNet, a network of others"
    request = Request(photo(64, 80))
    *before, finished = state.run_peer(task, request, path)
    assert isinstance(finished, Finished) and all(isinstance(event, Painting) for event in before)
    assert np.array_equal(finished.restoration.picture.pixels, state.peer(path).restore(photo(64, 80)).pixels)
    assert state.peer(path) is state.peer(path) and finished.restoration.recipe() is None
    with pytest.raises(WeightsError, match="keeps the size, so it is none for"):
        state.own_weights(path, TASKS["sr"])
    with pytest.raises(InputError, match="mask"):
        list(state.run_peer(TASKS["inpaint"], request, path))
    going = state.run_peer(task, Request(photo(300, 300)), path)
    next(going)
    going.close()
    assert not lock_for(state.machine.device).locked(), "who leaves frees the device"


def test_without_memory_it_does_not_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "checkpoints").mkdir()
    monkeypatch.setenv("DIFFIR_CHECKPOINTS", str(tiny_weights(tmp_path / "checkpoints")))
    state, path = AppState("cpu", "fp32"), str(saved(tmp_path, nafnet()))
    monkeypatch.setattr("diffir_demo.memory.free_memory", lambda: 1000)
    with pytest.raises(DeviceError, match="are free"):
        list(state.run_peer(TASKS["clean"], Request(photo(64, 80)), path))
