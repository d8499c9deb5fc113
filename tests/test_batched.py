"""Damage in batches is the damage of one picture: the same numbers, or where chance rules the same statistics."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from diffir_demo.errors import InputError
from diffir_demo.imaging import Picture
from diffir_demo.tasks import TASKS, batched, masks, motion
from diffir_demo.training.data import Material, PairStream
from diffir_demo.training.photos import PhotoPool

CPU = torch.device("cpu")


def photo(height: int = 96, width: int = 120, seed: int = 0) -> np.ndarray:
    """(h, w, 3) uint8, smooth in places and busy in others."""
    rng = np.random.default_rng(seed)
    coarse = np.kron(rng.integers(0, 256, (height // 8, width // 8, 3)), np.ones((8, 8, 1)))
    return np.clip(coarse + rng.normal(0, 6, coarse.shape), 0, 255).astype(np.uint8)


def tensor(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pixels.transpose(2, 0, 1).copy()).float()[None] / 255


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_shrinking_is_pillow_s_within_a_level() -> None:
    """Pillow rounds between its two passes, so single levels may differ, no more."""
    degraded = TASKS["sr"].degrade(Picture(photo()), np.random.default_rng(0)).request.picture.pixels
    shrunk = batched.shrink(tensor(photo()), 4)[0].permute(1, 2, 0).numpy() * 255
    assert np.abs(shrunk - degraded).max() <= 1.001
    assert np.mean(np.abs(shrunk - degraded) > 0.5) < 0.25
    assert np.array_equal(shrunk, np.rint(shrunk))


@pytest.mark.parametrize("make", [motion.camera_shake, motion.straight_motion])
def test_blur_in_batches_is_the_blur_of_one_picture(make) -> None:  # noqa: ANN001
    rng = np.random.default_rng(1)
    kernels = [make(length, rng) for length in (7.0, 13.0, 20.0)]
    bank = batched.KernelBank(kernels)
    sharp = torch.cat([tensor(photo(seed=i)) for i in range(3)])
    blurred = batched.blur(sharp, bank.kernels)
    inner = slice(bank.radius, -bank.radius)
    for i, kernel in enumerate(kernels):
        one = motion.blur(photo(seed=i), kernel)[inner, inner]
        many = blurred[i].permute(1, 2, 0).numpy()[inner, inner] * 255
        assert np.abs(one - many).max() < 0.01


def test_light_adds_up_linearly_by_option() -> None:
    """Half black, half white: averaged light is brighter than averaged levels."""
    stripes = torch.zeros(1, 3, 32, 32)
    stripes[..., ::2] = 1
    kernel = torch.ones(1, 1, 1).expand(1, 3, 3) / 9
    linear, levels = (float(batched.blur(stripes, kernel, linear_light=on)[..., 15:17].mean()) for on in (True, False))
    assert abs(levels - 0.5) < 0.01 and linear > 0.7


def test_noise_has_the_strength_that_was_drawn() -> None:
    grey = torch.full((400, 3, 16, 16), 0.5)
    found = (batched.sensor_noise(grey, 6.0, generator()) * 255).std(dim=(1, 2, 3))
    assert found.max() < 6.6 and abs(float(found.mean()) - 3) < 0.3
    assert torch.equal(batched.sensor_noise(grey[:2], 0.0, generator()), batched.to_levels(grey[:2]))


def test_holes_are_zeroed_and_told() -> None:
    sharp = tensor(photo())
    hole = (torch.rand(1, 1, 96, 120) > 0.5).float()
    damaged = batched.hide(sharp, hole)
    assert torch.equal(damaged[:, 3:], hole)
    assert torch.equal(damaged[:, :3], sharp * (1 - hole))


def test_masks_in_batches_hide_as_much_as_masks_of_photos() -> None:
    rng = np.random.default_rng(0)
    whole = [masks.random_mask(256, 256, rng) for _ in range(60)]
    crops = batched.MaskBank(whole).draw(400, 96, generator())
    assert crops.shape == (400, 1, 96, 96) and set(crops.unique().tolist()) == {0.0, 1.0}
    share = crops.mean(dim=(1, 2, 3))
    assert float(((share >= 0.01) & (share <= 0.35)).float().mean()) > 0.9
    assert 0.3 < float(share.mean()) / np.mean([mask.mean() for mask in whole]) < 1.5


@pytest.mark.parametrize("key", list(TASKS))
def test_pairs_come_in_the_network_s_form_and_line_up(key: str) -> None:
    task = TASKS[key]
    pool = PhotoPool([photo(160, 200, seed) for seed in range(3)])
    batch = PairStream(Material.prepare(task, pool), seed=1).batch(4, 64)
    scale = task.config.scale
    assert batch.damaged.shape == (4, task.config.in_channels, 64 // scale, 64 // scale)
    assert batch.target.shape == (4, 3, 64, 64) and batch.noise.shape == (4, task.config.ipr_length)
    assert batch.damaged.is_contiguous(memory_format=torch.channels_last)
    assert float(batch.damaged.min()) >= 0 and float(batch.damaged.max()) <= 1
    enlarged = torch.nn.functional.interpolate(batch.damaged[:, :3], scale_factor=scale)
    known = 1 - batch.damaged[:, 3:] if task.wants_mask else torch.ones(1)
    aligned = ((enlarged - batch.target).abs() * known).mean()
    shifted = ((enlarged - batch.target.roll((16, 16), (2, 3))).abs() * known).mean()
    assert aligned < 0.9 * shifted


def test_a_stream_repeats_itself_and_others_differ() -> None:
    material = Material.prepare(TASKS["sr"], PhotoPool([photo(), photo(seed=1)]))
    first, again, other = (PairStream(material, 5, number).batch(3, 64).target for number in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)
    stream = PairStream(material, 5)
    stream.batch(3, 64)
    state, later = stream.state(), stream.batch(3, 64)
    stream.restore(state)
    assert torch.equal(stream.batch(3, 64).noise, later.noise)


def test_crops_are_places_in_the_photos_seen_in_all_eight_ways() -> None:
    """A photo whose pixels tell their own row and column: every crop must be a turned square of it."""
    rows, columns = np.mgrid[0:40, 0:50]
    told = np.stack([rows, columns, np.zeros_like(rows)], axis=-1).astype(np.uint8)
    pool = PhotoPool([told, told.swapaxes(0, 1).copy()])
    crops = pool.crops(300, 8, pool.odds(8), generator()).numpy().astype(int)
    seen = set()
    for crop in crops:
        down, right = crop[1, 0, :2] - crop[0, 0, :2], crop[0, 1, :2] - crop[0, 0, :2]
        assert abs(down).sum() == 1 and abs(right).sum() == 1 and abs(down @ right) == 0
        steps = np.arange(8)
        expected = crop[0, 0, :2] + steps[:, None, None] * down + steps[None, :, None] * right
        assert np.array_equal(crop[..., :2], expected)
        seen.add((*down, *right))
    assert len(seen) == 8


def test_flat_crops_are_drawn_less_often() -> None:
    flat = np.full((200, 200, 3), 128, np.uint8)
    busy = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    pool = PhotoPool([flat, busy])
    crops = pool.detailed_crops(200, 32, pool.odds(32), generator()).float()
    assert float((crops.std(dim=(1, 2, 3)) > 2).float().mean()) > 0.6  # without the preference it would be half


def test_small_photos_are_left_out_and_missed_only_where_nothing_is_left() -> None:
    pool = PhotoPool([photo(40, 48), photo(96, 120)])
    assert pool.odds(64).tolist() == [0.0, 1.0]
    with pytest.raises(InputError, match="None of the 2 photos has sides of 200"):
        pool.odds(200)
    with pytest.raises(InputError, match="no photos"):
        PhotoPool([])
