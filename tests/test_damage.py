"""Damage: what it does to a picture, alone and in batches; and the pairs that training makes of it."""

from __future__ import annotations

import dataclasses
import io

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from diffir_demo.errors import InputError
from diffir_demo.imaging import Picture
from diffir_demo.model.pixels import to_pixels
from diffir_demo.tasks import TASKS, clean, damage, masks, motion, single, wear
from diffir_demo.tasks.damage import Parameters
from diffir_demo.tasks.jpeg import CELL, compress
from diffir_demo.training.data import PairStream, PhotoPool, TrainData
from tests.pictures import noise

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


MARGINS = {"clean": TASKS["clean"].margin, "deblur": TASKS["deblur"].margin, "sr": 8}
"""Of single pictures; inpainting looks at nothing around one."""


def around(pixels: np.ndarray, margin: int) -> torch.Tensor:
    return tensor(np.pad(pixels, ((margin, margin), (margin, margin), (0, 0)), mode="symmetric"))


def inner(x: torch.Tensor, margin: int) -> torch.Tensor:
    return x[..., margin : x.shape[-2] - margin, margin : x.shape[-1] - margin]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("key", list(MARGINS))
def test_one_picture_is_damaged_as_a_batch_of_one(key: str, seed: int) -> None:
    task, margin = TASKS[key], MARGINS[key]
    scale = task.config.scale
    kind = task.damage(CPU, np.random.default_rng(0))
    case = single.degraded(Picture(photo()), np.random.default_rng(seed), kind, margin=margin, scale=scale)
    chance = generator(int(np.random.default_rng(seed).integers(2**63)))
    parameters = kind.draw(1, chance)
    batch = inner(kind.apply(around(photo(), margin), parameters, chance), margin // scale)
    assert np.array_equal(case.request.picture.pixels, to_pixels(batch))
    assert (case.severity is None) == (not task.reads)
    if case.severity is not None:
        assert np.array_equal(case.severity, parameters.severity(scale)[0].numpy())


def test_a_hole_in_one_picture_is_a_hole_in_a_batch() -> None:
    case = TASKS["inpaint"].degrade(Picture(photo()), np.random.default_rng(0))
    hole = torch.from_numpy(case.request.mask)[None, None].float()
    assert torch.equal(TASKS["inpaint"].encode(case.request), damage.hide(tensor(photo()), hole))


@pytest.mark.parametrize("key", list(MARGINS))
def test_pictures_of_a_batch_have_parameters_of_their_own(key: str) -> None:
    """Without noise, which is drawn for all of them together."""
    kind = TASKS[key].damage(CPU, np.random.default_rng(0))
    drawn = kind.draw(6, generator(3))
    drawn = dataclasses.replace(drawn, noise=None if drawn.noise is None else torch.zeros(6))
    sharp = torch.cat([tensor(photo(96, 128, seed)) for seed in range(6)])
    together = kind.apply(sharp, drawn, generator())
    for i in range(6):
        own = {name: None if value is None else value[i : i + 1] for name, value in vars(drawn).items()}
        assert torch.equal(kind.apply(sharp[i : i + 1], Parameters(**own), generator())[0], together[i])


def test_tall_pictures_are_damaged_in_bands_without_seams(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blur reaches across the bands' borders, JPEG's colours as well."""
    picture, margin = Picture(photo(320, 64)), TASKS["clean"].margin
    kind = wear.fixed(softness=2.5, quality=30)
    whole, banded = [], []
    for band, found in ((10_000, whole), (64, banded)):
        monkeypatch.setattr(single, "BAND", band)
        case = single.degraded(picture, np.random.default_rng(0), kind, margin=margin)
        found.append(case.request.picture.pixels)
    differ = np.any(whole[0] != banded[0], axis=(1, 2))
    assert differ.mean() < 0.1  # transforms of other lengths round otherwise, now and then
    assert not np.any(differ[64::64] | differ[63:-1:64])


def test_bands_have_noise_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(single, "BAND", 64)
    grey = Picture(np.full((192, 64, 3), 128, np.uint8))
    noisy = single.degraded(grey, np.random.default_rng(0), wear.fixed(noise=20)).request.picture.pixels.astype(float)
    assert abs(noisy.std() - 20) < 0.5
    assert abs(np.corrcoef(noisy[:64].ravel(), noisy[64:128].ravel())[0, 1]) < 0.05


def test_severity_is_told_in_pixels_of_the_small_picture() -> None:
    drawn = wear.Wear(scale=4).draw(200, generator())
    found = drawn.severity(4)
    assert found.shape == (200, 3) and damage.SEVERITIES == ("noise", "softness", "compression")
    noise, softness, quality = drawn.noise, drawn.softness, drawn.quality
    assert noise is not None and softness is not None and quality is not None
    assert torch.equal(found[:, 0], noise) and torch.equal(found[:, 1], softness / 4)
    uncompressed = quality > 100
    assert uncompressed.any() and (found[uncompressed, 2] == 0).all()
    assert torch.equal(found[~uncompressed, 2], 100 - quality[~uncompressed])
    assert float(found[:, 1].max()) <= 3
    with pytest.raises(ValueError, match="no noise, softness and JPEG quality"):
        TASKS["deblur"].damage(CPU, np.random.default_rng(0)).draw(1, generator()).severity()


@pytest.mark.parametrize("grain", [0.0, damage.GREY, damage.SMOOTH], ids=["grey", "smooth", "white"])
def test_each_kind_of_camera_noise_has_the_deviation_it_is_given(grain: float) -> None:
    levels = torch.tensor([3.0, 10.0, 25.0])
    flat = torch.full((3, 3, 128, 128), 0.5)
    noise = 255 * (damage.camera_noise(flat, levels, torch.full((3,), grain), generator()) - flat)
    within = noise[..., 1:-1, 1:-1]  # kernels of smooth noise reach beyond the border
    torch.testing.assert_close(within.std(dim=(1, 2, 3)), levels, rtol=0.03, atol=0)
    grey = bool((noise[:, 0] == noise[:, 1]).all())
    alike = float((within[..., 1:] * within[..., :-1]).mean() / within.square().mean())
    assert grey == (grain == 0) and (abs(alike - 2 / 3) < 0.03 if grain == damage.GREY else abs(alike) < 0.03)


def test_what_is_spared_comes_back_bit_for_bit() -> None:
    spared = dataclasses.replace(TASKS["clean"], damage=lambda device, rng: wear.Wear(untouched=1).damage())
    case = single.degraded(
        Picture(photo()), np.random.default_rng(0), spared.damage(CPU, np.random.default_rng(0)), margin=spared.margin
    )
    assert np.array_equal(case.request.picture.pixels, photo())
    assert case.severity is not None and not case.severity.any()


def test_the_mix_has_all_of_it_and_now_and_then_none() -> None:
    found = wear.Wear().draw(4000, generator()).severity()
    none = (found == 0).float().mean(dim=0)
    for share, expected in zip(none.tolist(), wear.Wear().without, strict=True):
        assert abs(share - (0.08 + 0.92 * expected)) < 0.02
    assert abs(float((found == 0).all(dim=1).float().mean()) - wear.Wear().untouched) < 0.015
    assert float(found[:, 0].max()) > 38 and float(found[:, 1].max()) > 2.8 and float(found[:, 2].max()) > 72


def test_what_is_damaged_to_be_shown_is_never_left_as_it_was() -> None:
    found = clean.SEEN.draw(4000, generator()).severity()
    assert (found > 0).any(dim=1).all() and 0.1 < float((found[:, 0] == 0).float().mean()) < 0.18


def saved_and_loaded(pixels: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file).convert("RGB"))


@pytest.mark.parametrize("size", [(96, 120), (97, 113), (40, 33), (5, 4), (1, 1)], ids=str)
def test_jpeg_is_what_pillow_writes_and_reads_bit_for_bit(size: tuple[int, int]) -> None:
    """libjpeg's own whole numbers, at sizes that fill no cell, too."""
    exact = noise(*size, seed=1)
    smooth = photo(104, 120)[: size[0], : size[1]].copy()
    for pixels in (exact, smooth):
        qualities = list(range(10, 96, 5)) + [1, 100]
        many = compress(tensor(pixels).expand(len(qualities), -1, -1, -1), torch.tensor(qualities).float())
        for quality, one in zip(qualities, many, strict=True):
            found = np.rint(one.permute(1, 2, 0).numpy() * 255).astype(int)
            assert np.array_equal(found, saved_and_loaded(pixels, quality)), quality


def test_jpeg_cells_begin_where_the_margin_ends() -> None:
    """So what a network sees has its blocks where files have them."""
    sharp = photo(96, 96)
    kind = wear.fixed(quality=20)
    case = single.degraded(Picture(sharp), np.random.default_rng(0), kind, margin=CELL)
    inside = slice(CELL, -CELL)
    assert np.array_equal(case.request.picture.pixels[inside, inside], saved_and_loaded(sharp, 20)[inside, inside])


def test_shrinking_is_pillow_s_within_a_level() -> None:
    """Pillow rounds between its two passes, so single levels may differ, no more."""
    size = (120 // 4, 96 // 4)
    theirs = np.asarray(Image.fromarray(photo()).resize(size, Image.Resampling.BICUBIC)).astype(float)
    shrunk = damage.to_levels(damage.reduced(tensor(photo()), 4))[0].permute(1, 2, 0).numpy() * 255
    assert np.abs(shrunk - theirs).max() <= 1.001
    assert np.mean(np.abs(shrunk - theirs) > 0.5) < 0.25


def blurred_by_opencv(pixels: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """(h, w, 3) uint8 -> float32 levels in [0, 255], blurred in linear light."""
    light = cv2.filter2D((pixels / np.float32(255)) ** damage.GAMMA, -1, kernel, borderType=cv2.BORDER_REFLECT)
    return np.maximum(light, 0) ** np.float32(1 / damage.GAMMA) * 255


@pytest.mark.parametrize("make", [motion.camera_shake, motion.straight_motion])
def test_blur_in_batches_is_the_blur_of_one_picture(make) -> None:  # noqa: ANN001
    rng = np.random.default_rng(1)
    kernels = [make(length, rng) for length in (7.0, 13.0, 20.0)]
    bank = damage.KernelBank(kernels)
    sharp = torch.cat([tensor(photo(seed=i)) for i in range(3)])
    blurred = damage.blur(sharp, bank.kernels)
    within = slice(bank.radius, -bank.radius)
    for i, kernel in enumerate(kernels):
        one = blurred_by_opencv(photo(seed=i), kernel)[within, within]
        many = blurred[i].permute(1, 2, 0).numpy()[within, within] * 255
        assert np.abs(one - many).max() < 0.01


def test_blur_keeps_flat_areas_and_spreads_a_point() -> None:
    kernel = torch.from_numpy(motion.straight_motion(9.0, np.random.default_rng(0)))[None]
    flat = torch.full((1, 3, 32, 32), 100 / 255)
    assert (damage.blur(flat, kernel) - flat).abs().max() < 1e-4
    point = torch.zeros(1, 3, 41, 41)
    point[..., 20, 20] = 1
    light = damage.blur(point, kernel)[0, 0].pow(damage.GAMMA)
    assert abs(light.sum() - 1) < 1e-3 and light.max() < 0.5


def test_light_adds_up_linearly_by_option() -> None:
    """Half black, half white: averaged light is brighter than averaged levels."""
    stripes = torch.zeros(1, 3, 32, 32)
    stripes[..., ::2] = 1
    kernel = torch.ones(1, 1, 1).expand(1, 3, 3) / 9
    linear, levels = (float(damage.blur(stripes, kernel, linear_light=on)[..., 15:17].mean()) for on in (True, False))
    assert abs(levels - 0.5) < 0.01 and linear > 0.7


def test_noise_has_the_strength_that_was_drawn() -> None:
    grey = torch.full((400, 3, 16, 16), 0.5)
    levels = torch.linspace(0, 6, 400)
    found = (damage.white_noise(grey, levels, generator()) * 255).std(dim=(1, 2, 3))
    torch.testing.assert_close(found[1:], levels[1:], rtol=0.12, atol=0.02)
    assert torch.equal(damage.white_noise(grey[:1], levels[:1], generator()), grey[:1])


def test_holes_are_zeroed_and_told() -> None:
    sharp = tensor(photo())
    hole = (torch.rand(1, 1, 96, 120) > 0.5).float()
    damaged = damage.hide(sharp, hole)
    assert torch.equal(damaged[:, 3:], hole)
    assert torch.equal(damaged[:, :3], sharp * (1 - hole))


def test_masks_in_batches_hide_as_much_as_masks_of_photos() -> None:
    rng = np.random.default_rng(0)
    whole = [masks.random_mask(256, 256, rng) for _ in range(60)]
    crops = damage.MaskBank(whole).draw(400, 96, generator())
    assert crops.shape == (400, 1, 96, 96) and set(crops.unique().tolist()) == {0.0, 1.0}
    share = crops.mean(dim=(1, 2, 3))
    assert float(((share >= 0.01) & (share <= 0.35)).float().mean()) > 0.9
    assert 0.3 < float(share.mean()) / np.mean([mask.mean() for mask in whole]) < 1.5


@pytest.mark.parametrize("key", list(TASKS))
def test_pairs_come_in_the_network_s_form_and_line_up(key: str) -> None:
    task = TASKS[key]
    pool = PhotoPool([photo(160, 200, seed) for seed in range(3)])
    batch = PairStream(TrainData.prepare(task, pool), seed=1).batch(4, 64)
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
    train_data = TrainData.prepare(TASKS["sr"], PhotoPool([photo(), photo(seed=1)]))
    first, again, other = (PairStream(train_data, 5, number).batch(3, 64).target for number in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)
    stream = PairStream(train_data, 5)
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
    busy = noise(200, 200)
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
