"""The CPU backend of the U-Net against the plain one: every variant, odd sizes, strips, batches, both precisions."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor

from diffir_demo.model import PRESETS, DIRformer, ModelConfig, cpu, strips
from diffir_demo.model.cpu import CpuDIRformer
from diffir_demo.model.cpu_block import block_in_place
from diffir_demo.model.strips import strip_slices

EXACT = 1e-5
TINY = {"width": 8, "blocks": (1, 2, 1, 1), "ipr_length": 32}


def tiny(name: str) -> ModelConfig:
    config = PRESETS[name]
    return dataclasses.replace(config, refinement_blocks=min(config.refinement_blocks, 1), **TINY)


def painter(config: ModelConfig, seed: int = 0) -> DIRformer:
    """Every weight random, so that no term can be forgotten unseen; scaled as in a trained network."""
    torch.manual_seed(seed)
    plain = DIRformer(config).requires_grad_(False).eval()
    for name, parameter in plain.named_parameters():
        if parameter.dim() <= 1 or "temperature" in name:
            offset = 0.0 if name.endswith("bias") else 1.0
            parameter.copy_(offset + 0.2 * torch.randn_like(parameter))
    return plain


def inputs(config: ModelConfig, height: int, width: int, batch: int = 1) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    picture = torch.rand(batch, config.unet_channels, height, width, generator=generator)
    return picture, torch.randn(batch, config.ipr_length, generator=generator)


def largest_difference(a: Tensor, b: Tensor) -> float:
    assert a.shape == b.shape and a.dtype == b.dtype == torch.float32
    return float((a - b).abs().max())


@pytest.mark.parametrize("strip", [1, 16_000, 10**10], ids=["least strips", "some strips", "one strip"])
@pytest.mark.parametrize("name", PRESETS)
@torch.inference_mode()
def test_fast_equals_plain(name: str, strip: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """13 and 7 units of the network's multiple: at most levels no whole number of strips."""
    monkeypatch.setattr(strips, "STRIP", strip)
    config = tiny(name)
    plain = painter(config)
    x, ipr = inputs(config, 13 * config.multiple_of, 3 * config.multiple_of)
    assert largest_difference(CpuDIRformer(plain)(x, ipr), plain(x, ipr)) < EXACT


@pytest.mark.parametrize("units", [(1, 1), (1, 5), (5, 1)], ids=str)
@pytest.mark.parametrize("name", ["deblur", "sr_x4", "compact_inpaint", "compact_clean"])
@torch.inference_mode()
def test_the_smallest_sides(name: str, units: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the latent level is one pixel high or wide."""
    monkeypatch.setattr(strips, "STRIP", 1)
    config = tiny(name)
    plain = painter(config)
    x, ipr = inputs(config, *(side * config.multiple_of for side in units))
    assert largest_difference(CpuDIRformer(plain)(x, ipr), plain(x, ipr)) < EXACT


@pytest.mark.parametrize("height", range(1, 15))
@pytest.mark.parametrize("name", ["deblur", "inpainting"])
@torch.inference_mode()
def test_strips_join_seamlessly(name: str, height: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Strips of four rows, whatever is left for the last: 13 rows leave one, which is known from the strip above."""
    monkeypatch.setattr(strips, "STRIP", 1)
    plain = painter(tiny(name))
    block = plain.encoder[0][0]  # pyright: ignore[reportIndexIssue]
    x, ipr = torch.randn(2, height, 9, plain.config.width), torch.randn(2, plain.config.ipr_length)
    wanted = block(x, ipr)
    shares = list[float]()
    block_in_place(block, x, ipr, torch.empty_like(x), shares.append)
    assert largest_difference(x, wanted) < EXACT
    assert shares == sorted(shares) and shares[-1] == 1.0


@pytest.mark.parametrize("name", ["deblur", "sr_x4"])
@torch.inference_mode()
def test_pictures_of_a_batch_keep_their_own_iprs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strips, "STRIP", 8000)
    config = tiny(name)
    plain = painter(config)
    x, ipr = inputs(config, 24, 40, batch=2)
    both = CpuDIRformer(plain)(x, ipr)
    assert largest_difference(both, plain(x, ipr)) < EXACT
    swapped = CpuDIRformer(plain)(x, ipr.flip(0))
    assert largest_difference(both, swapped) > 100 * EXACT


@pytest.mark.parametrize("heads", [(1, 1, 1, 1), (2, 4, 8, 8), (8, 1, 2, 4)], ids=str)
@torch.inference_mode()
def test_any_number_of_heads(heads: tuple[int, int, int, int]) -> None:
    config = dataclasses.replace(tiny("deblur"), heads=heads)
    plain = painter(config)
    x, ipr = inputs(config, 16, 24)
    assert largest_difference(CpuDIRformer(plain)(x, ipr), plain(x, ipr)) < EXACT


@pytest.mark.parametrize("name", PRESETS)
@torch.inference_mode()
def test_bf16_is_close(name: str) -> None:
    config = tiny(name)
    plain = painter(config)
    x, ipr = inputs(config, 4 * config.multiple_of, 3 * config.multiple_of)
    exact, quick = plain(x, ipr), CpuDIRformer(plain, torch.bfloat16)(x, ipr)
    spread = max(1.0, float(exact.abs().max()))  # untrained networks need not stay in [0, 1]
    assert largest_difference(exact, quick) < 1e-2 * spread
    assert 10 * np.log10(spread**2 / float((exact - quick).square().mean())) > 50


@torch.inference_mode()
def test_ticks_pass_the_plain_ones_milestones_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strips, "STRIP", 8000)
    plain = painter(tiny("deblur"))
    x, ipr = inputs(plain.config, 32, 48, batch=2)
    milestones, shares = list[float](), list[float]()
    plain(x, ipr, milestones.append)
    CpuDIRformer(plain)(x, ipr, shares.append)
    assert tuple(milestones) == plain.milestones
    assert milestones == sorted(milestones) and milestones[-1] == shares[-1] == 1
    assert len(milestones) == 11  # ten blocks and the head
    assert shares == sorted(shares) and set(milestones) < set(shares) and shares[0] == 0


@pytest.mark.parametrize("name", ["compact_sr_x4", "compact_deblur", "compact_inpaint", "compact_clean"])
def test_a_megapixel_is_painted_in_many_small_pieces(name: str) -> None:
    """Counted, not timed: a run that is cancelled between two ticks ends after a small share of the whole."""
    with torch.device("meta"):
        plain = DIRformer(PRESETS[name]).requires_grad_(False)
        side = 1024 // plain.config.scale
        x, ipr = torch.empty(1, plain.config.unet_channels, side, side), torch.empty(1, plain.config.ipr_length)
    shares = [0.0]
    CpuDIRformer(plain)(x, ipr, shares.append)
    assert max(after - before for before, after in pairwise(shares)) < 0.02


def test_it_takes_no_part_in_training() -> None:
    """And it has no weights of its own: what the plain network learns is there at the next call."""
    plain = painter(tiny("deblur")).requires_grad_(True)
    quick = CpuDIRformer(plain)
    x, ipr = inputs(plain.config, 16, 16)
    before = quick(x, ipr.requires_grad_(True))
    assert not before.requires_grad and torch.is_grad_enabled()
    with torch.no_grad():
        plain.latent[0].attention.out.weight.mul_(2)  # pyright: ignore
        plain.down[0][0].weight.mul_(2)  # pyright: ignore
    after = quick(x, ipr)
    assert largest_difference(before, after) > 100 * EXACT
    assert largest_difference(after, plain(x, ipr).detach()) < EXACT


@pytest.mark.parametrize("height", [1, 3, 4, 5, 17, 64])
@pytest.mark.parametrize("row", [1, 100_000, 10**7])
@pytest.mark.parametrize("least", [4, cpu.HEAD_ROWS])
def test_strips_cover_every_row_once(height: int, row: int, least: int) -> None:
    slices = list(strip_slices(height, row, least))
    assert [r for s in slices for r in range(s.start, s.stop)] == list(range(height))
    longest = slices[0].stop
    assert longest * row <= strips.STRIP or longest <= least
