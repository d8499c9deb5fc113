"""The steered shrinkage: what it leaves alone, what it removes, and that every way of running it gives the same."""

from __future__ import annotations

import dataclasses
import math
import sys

import numpy as np
import pytest
import torch
from torch import Tensor

from diffir_demo.imaging import Picture
from diffir_demo.model import COMPACT, OFFICIAL, CpuDIRformer, DiffIR, ModelConfig, ModulatedShrinkage, strips
from diffir_demo.model.shrinkage import (
    BLOCK,
    COLOURS,
    KINDS,
    LARGEST_GAIN,
    LEAST_THRESHOLD,
    STEP,
    colour_matrix,
    dct_basis,
)
from diffir_demo.tasks import Request
from tests.tiny import CONFIGS, engine, network

LENGTH = 16
LEVEL = 1 / 255


def layer(threshold: float | None = None, gain: float = 1.0) -> ModulatedShrinkage:
    """The same threshold, in levels, and gain for every frequency, whatever the IPR; None: random, as the IPR says."""
    torch.manual_seed(0)
    found = ModulatedShrinkage(LENGTH)
    with torch.no_grad():
        if threshold is None:
            for linear in (found.threshold, found.gain):
                linear.weight.normal_(std=0.5)
        else:
            found.threshold.bias.fill_(math.log(math.expm1(threshold)))
        found.gain.bias.fill_(math.log(gain))
    return found


def scene(height: int = 64, width: int = 80, count: int = 1) -> Tensor:
    """(count, 3, h, w) in [0, 1]: smooth shading, with an edge in it."""
    y, x = torch.meshgrid(torch.linspace(0, 3, height), torch.linspace(0, 3, width), indexing="ij")
    planes = [0.5 + 0.3 * torch.sin(x + k) * torch.cos(y + i) for i in range(count) for k in range(3)]
    found = torch.stack(planes).view(count, 3, height, width)
    found[..., width // 3 : width // 2] *= 0.6
    return found


def ipr(count: int = 1, seed: int = 1) -> Tensor:
    return torch.randn(count, LENGTH, generator=torch.Generator().manual_seed(seed))


def psnr(a: Tensor, b: Tensor) -> float:
    return -10 * math.log10(float((a - b).square().mean()))


def test_the_bases_are_orthonormal() -> None:
    basis = dct_basis(BLOCK).flatten(1)
    torch.testing.assert_close(basis @ basis.T, torch.eye(BLOCK**2), atol=1e-6, rtol=0)
    torch.testing.assert_close(colour_matrix() @ colour_matrix().T, torch.eye(len(COLOURS)), atol=1e-6, rtol=0)


@torch.inference_mode()
def test_tiny_thresholds_change_nothing() -> None:
    picture = torch.rand(1, 3, 24, 40, generator=torch.Generator().manual_seed(0))
    assert float((layer(LEAST_THRESHOLD)(picture, ipr()) - picture).abs().max()) < 0.1 * LEVEL


@torch.inference_mode()
def test_an_untrained_layer_changes_next_to_nothing() -> None:
    assert psnr(ModulatedShrinkage(LENGTH)(scene(), ipr()), scene()) > 45


@torch.inference_mode()
def test_the_mean_colour_stays_whatever_the_ipr_says() -> None:
    found = layer()
    flat = torch.tensor([0.1, 0.6, 0.9]).view(1, 3, 1, 1).expand(1, 3, 32, 32)
    torch.testing.assert_close(found(flat, ipr()), flat, atol=1e-5, rtol=0)
    picture = scene()
    off = (found(picture, ipr()) - picture).mean(dim=(2, 3)).abs()  # the border's blocks reach outside
    assert float(off.max()) < 0.5 * LEVEL < float((found(picture, ipr()) - picture).abs().max())


@torch.inference_mode()
def test_white_noise_is_removed_where_thresholds_lie_above_it() -> None:
    clean, sigma = scene(), 20.0
    noisy = clean + sigma * LEVEL * torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))
    denoised = layer(3 * sigma)(noisy, ipr())
    assert psnr(denoised, clean) > psnr(noisy, clean) + 7
    assert psnr(layer(sigma / 8)(noisy, ipr()), clean) < psnr(noisy, clean) + 0.5


@torch.inference_mode()
def test_a_gain_lifts_what_is_kept() -> None:
    wave = 0.2 * torch.cos(math.pi * torch.arange(64) / 4).expand(1, 3, 64, 64)
    lifted = layer(LEAST_THRESHOLD, gain=1.5)(0.5 + wave, ipr())[..., 16:48, 16:48] - 0.5
    torch.testing.assert_close(lifted, 1.5 * wave[..., 16:48, 16:48], atol=1e-3, rtol=0)


@torch.inference_mode()
def test_the_ipr_is_heard_within_limits() -> None:
    found = layer()
    thresholds, gains = found.curves(1000 * ipr(2))
    assert thresholds.shape == gains.shape == (2, KINDS, BLOCK**2)
    assert float(thresholds.min()) >= LEAST_THRESHOLD and thresholds.isfinite().all()
    assert float(gains.log().abs().max()) <= LARGEST_GAIN + 1e-4
    assert not torch.equal(found(scene(), ipr(seed=1)), found(scene(), ipr(seed=2)))


@torch.inference_mode()
def test_pictures_of_a_batch_keep_their_own_iprs() -> None:
    found, pictures, numbers = layer(), scene(count=2), ipr(2)
    both = found(pictures, numbers)
    for i in range(2):
        torch.testing.assert_close(both[i : i + 1], found(pictures[i : i + 1], numbers[i : i + 1]), atol=1e-6, rtol=0)


@pytest.mark.parametrize("size", [(STEP, STEP), (8, 8), (8, 72), (52, 12), (64, 80)], ids=str)
def test_strips_and_the_way_that_learns_give_the_same(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    found, picture = layer(), torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(0))
    learning = found(picture, ipr(2))
    assert learning.requires_grad
    for strip in (1, 30_000, 10**9):
        monkeypatch.setattr(strips, "STRIP", strip)
        with torch.no_grad():
            torch.testing.assert_close(found(picture, ipr(2)), learning.detach(), atol=1e-6, rtol=0)


def test_it_learns_from_the_picture_and_so_does_the_ipr() -> None:
    found, numbers = layer(), ipr().requires_grad_()
    found(scene() + 0.05 * torch.randn(1, 3, 64, 80), numbers).square().mean().backward()
    for tensor in (numbers, *found.parameters()):
        assert tensor.grad is not None and float(tensor.grad.abs().sum()) > 0


@torch.inference_mode()
def test_it_stays_in_float32_under_autocast() -> None:
    found = layer()
    exact = found(scene(), ipr())
    with torch.autocast("cpu", torch.bfloat16):
        rounded = found(scene(), ipr())
    assert rounded.dtype == torch.float32
    torch.testing.assert_close(rounded, exact, atol=1e-6, rtol=0)


@torch.inference_mode()
def test_the_picture_is_the_first_restoration_and_a_correction(monkeypatch: pytest.MonkeyPatch) -> None:
    """The U-Net sees both, damaged first; its twin gets the same."""
    model = network("clean")
    assert model.shrinkage is not None
    torch.nn.init.normal_(model.shrinkage.threshold.weight, std=0.1)
    picture, numbers = scene(32, 64), torch.ones(1, 256)
    first = model.shrinkage(picture, numbers)
    painted = model.decode(picture, numbers)
    correction = model.unet(torch.cat([picture, first], dim=1), numbers)
    torch.testing.assert_close(painted, first + correction, atol=1e-6, rtol=0)
    twin = model.decode(picture, numbers, CpuDIRformer(model.unet))
    torch.testing.assert_close(twin, painted, atol=1e-5, rtol=0)


@pytest.mark.parametrize("task", ["clean", "deblur"])
def test_it_sees_a_cropped_jpegs_blocks_where_its_cells_begin(task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["diffir_demo.run"], "first_blocks", lambda pixels: (3, 6))
    ours, pixels = engine(task), np.random.default_rng(0).integers(0, 256, (50, 60, 3), np.uint8)
    seen, decode = list[torch.Tensor](), ours.diffir.decode
    ours.diffir.decode = lambda damaged, *others: (seen.append(damaged), decode(damaged, *others))[1]
    result = ours.restore(Request(Picture(pixels)))
    assert result.picture.pixels.shape == pixels.shape
    top, left = (5, 2) if ours.config.shrinkage else (0, 0)
    shown = seen[0][0, :, top : top + 50, left : left + 60].permute(1, 2, 0)
    assert np.array_equal(np.rint(shown.numpy() * 255), pixels)


def test_networks_without_it_are_as_published() -> None:
    for name, config in {**OFFICIAL, **COMPACT}.items():
        with torch.device("meta"):
            names = list(DiffIR(config).state_dict())
        assert config.shrinkage == (name in ("compact_clean", "compact_sr_real_x4", "compact_sr_real_x2"))
        assert any(each.startswith("shrinkage.") for each in names) == config.shrinkage
        if not config.wants_path:
            assert config.unet_channels == config.in_channels + 3 * config.shrinkage


def test_older_files_say_nothing_of_it() -> None:
    for config in OFFICIAL.values():
        older = {name: value for name, value in config.to_dict().items() if name != "shrinkage"}
        assert ModelConfig.from_dict(older) == config
    assert ModelConfig.from_dict(CONFIGS["clean"].to_dict()) == CONFIGS["clean"]


@pytest.mark.parametrize("more", [{"in_channels": 4}, {"base": "none"}, {"in_channels": 4, "base": "fill"}], ids=str)
def test_contradictions_are_refused(more: dict) -> None:
    with pytest.raises(ValueError, match="shrinkage=True needs in_channels=3"):
        dataclasses.replace(CONFIGS["clean"], **more)
