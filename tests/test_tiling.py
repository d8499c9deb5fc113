"""Tiles: they cover, they overlap, they keep the budget, and they fade into each other. The budget: as measured."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.profiler import ProfilerActivity, profile

from diffir_demo import tiling
from diffir_demo.devices import has_fast_bf16
from diffir_demo.model import PRESETS, CpuDIRformer, DiffIR, strips
from diffir_demo.run import _condition
from diffir_demo.tiling import OVERLAP, Tile, TileBlender, around_hole, decoding_bytes, plan, strip_bytes, taper
from tests.tiny import engine


@settings(deadline=None)  # a busy machine is no failure
@given(
    name=st.sampled_from(sorted(PRESETS)),
    rows=st.integers(1, 300),
    columns=st.integers(1, 300),
    megabytes=st.floats(0, 4000),
    strips=st.sampled_from([None, torch.float32, torch.bfloat16]),
)
def test_every_plan_covers_with_overlap_and_keeps_the_budget(
    name: str, rows: int, columns: int, megabytes: float, strips: torch.dtype | None
) -> None:
    config, budget = PRESETS[name], int(megabytes * 2**20)
    multiple = config.multiple_of
    height, width = rows * multiple, columns * multiple
    tiles = plan(height, width, config, budget, strips)
    smallest = 2 * -(-OVERLAP // multiple) * multiple + multiple  # below that, tiles could not overlap twice
    for tile in tiles:
        assert all(value % multiple == 0 for value in (tile.top, tile.left, tile.height, tile.width))
        assert 0 <= tile.top <= height - tile.height and 0 <= tile.left <= width - tile.width
        fits = decoding_bytes(tile.height, tile.width, config, strips) <= budget
        assert fits or max(tile.height, tile.width) <= max(4 * multiple, smallest)
    for extent, spans in (
        (height, sorted({(t.top, t.top + t.height) for t in tiles})),
        (width, sorted({(t.left, t.left + t.width) for t in tiles})),
    ):
        assert spans[0][0] == 0 and spans[-1][1] == extent
        for (_, end), (start, _) in zip(spans, spans[1:], strict=False):
            assert end - start >= OVERLAP
    assert len(tiles) == len({t.top for t in tiles}) * len({t.left for t in tiles})


@pytest.mark.parametrize("strips", [None, torch.float32, torch.bfloat16])
def test_a_picture_within_the_budget_is_one_tile(strips: torch.dtype | None) -> None:
    config = PRESETS["compact_deblur"]
    budget = decoding_bytes(512, 512, config, strips)
    assert plan(512, 512, config, budget, strips) == [Tile(0, 0, 512, 512)]
    assert len(plan(512, 512, config, budget - 1, strips)) > 1


@pytest.mark.parametrize("name", PRESETS)
def test_strips_take_a_fraction_of_the_memory(name: str) -> None:
    """So tiles, which change the result a little, come much later."""
    config = PRESETS[name]
    plain = decoding_bytes(1024, 1024, config)
    exact, rounded = (strip_bytes(1024, 1024, config, dtype) for dtype in (torch.float32, torch.bfloat16))
    assert rounded <= exact < plain / (1.8 if name == "compact_clean" else 3)  # folded by 4, it needs little anyway


ONLY_WITH_BF16 = pytest.mark.skipif(
    not has_fast_bf16(torch.device("cpu")),
    reason="the processor would emulate bfloat16, which takes minutes and other memory, and which nobody is given",
)


def peak_bytes(work: Callable[[], object]) -> int:
    """Most bytes that tensors held at one time."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as found:
        work()
    events = [e for e in found.profiler.kineto_results.events() if e.name() == "[memory]"]  # pyright: ignore
    return max(itertools.accumulate(e.nbytes() for e in sorted(events, key=lambda e: e.start_ns())))


@pytest.mark.parametrize("dtype", [torch.float32, pytest.param(torch.bfloat16, marks=ONLY_WITH_BF16)], ids=str)
@pytest.mark.parametrize("name", ["deblur", "sr_x4", "sr_x1", "compact_sr_x4", "compact_inpaint"])
def test_the_estimate_is_near_what_tensors_take_and_above_it(
    name: str, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Real widths, few blocks, and strips as small beside the picture as they are in large ones."""
    for module in (strips, tiling):
        monkeypatch.setattr(module, "STRIP", 80_000)
    config = dataclasses.replace(PRESETS[name], blocks=(1, 1, 1, 1), refinement_blocks=1, prior_blocks=1)
    model = DiffIR(config).eval()
    height, width = 20 * config.multiple_of, 12 * config.multiple_of
    damaged, ipr = torch.rand(1, config.in_channels, height, width), torch.zeros(1, config.ipr_length)

    @torch.inference_mode()
    def paint() -> None:
        model.encoder(damaged.to(dtype))
        model.decode(damaged, ipr, CpuDIRformer(model.unet, dtype))

    assert 0.4 < peak_bytes(paint) / strip_bytes(height, width, config, dtype) <= 1


@pytest.mark.parametrize("scale", [1, 4])
def test_tiles_of_one_colour_give_one_colour(scale: int) -> None:
    tiles = plan(320, 480, PRESETS["compact_deblur"], 1)
    canvas = TileBlender(320, 480, scale)
    for tile in tiles:
        canvas.add(tile, torch.full((1, 3, tile.height * scale, tile.width * scale), 0.7))
    assert torch.allclose(canvas.picture(), torch.tensor(0.7), atol=1e-6)


def test_neighbours_fade_into_each_other() -> None:
    canvas = TileBlender(8, 96, 1)
    canvas.add(Tile(0, 0, 8, 64), torch.zeros(1, 3, 8, 64))
    canvas.add(Tile(0, 32, 8, 64), torch.ones(1, 3, 8, 64))
    row = canvas.picture()[0, 0, 4]
    assert (row[:32] == 0).all() and (row[64:] == 1).all()
    ramp = row[32:64]
    assert (ramp.diff() > 0).all() and ramp.diff().max() < 0.06


def test_feather_is_positive_to_the_very_edge() -> None:
    weights = taper(100)
    assert weights.min() > 0 and weights.max() == 1 and torch.equal(weights, weights.flip(0))


def test_one_ipr_for_all_tiles() -> None:
    """The condition pools over every tile: it moves with any of them, and little against the whole picture's."""
    model = engine("deblur")
    picture = torch.rand(1, 3, 160, 320, generator=torch.Generator().manual_seed(0))
    picture[..., 160:] *= 0.2
    tiles = [Tile(0, 0, 160, 160), Tile(0, 160, 160, 160)]
    whole = _condition(model, picture, [Tile(0, 0, 160, 320)])
    both, left = (_condition(model, picture, chosen) for chosen in (tiles, tiles[:1]))
    assert (both - whole).abs().mean() < 0.2 * (left - whole).abs().mean()
    assert np.isfinite(both.numpy()).all()


def test_a_small_hole_needs_its_surroundings_only() -> None:
    mask = np.zeros((3000, 4000), bool)
    mask[100:200, 3000:3800] = True
    assert around_hole(mask) == Tile(0, 3000 - 399, 200 + 399, 4000 - 3000 + 399)  # 399 is half of its length
    mask[2900, 10] = True  # another one, far away
    assert around_hole(mask) is None


def test_no_hole_and_small_photos_are_seen_whole() -> None:
    assert around_hole(np.zeros((3000, 4000), bool)) is None
    mask = np.zeros((1000, 2000), bool)
    mask[0, 0] = True
    assert around_hole(mask) is None
    assert around_hole(np.pad(mask, ((0, 1), (0, 0)))) == Tile(0, 0, 257, 257)
