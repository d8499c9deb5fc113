"""Deconvolution: it inverts what it is told, at every place and size, and stops often."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from diffir_demo.deconvolve import (
    deconvolve,
    divergence,
    fidelity_for,
    gradients,
    grey,
    photo,
    roughness,
    solve,
    spread,
    surrounded,
    to_levels,
    to_light,
    transfer,
    wiener,
)
from diffir_demo.imaging import Picture
from diffir_demo.metrics import psnr
from diffir_demo.tasks.damage import blur
from diffir_demo.tasks.motion import camera_shake, defocus
from diffir_demo.tick import streamed
from tests.test_baselines import scene

PATH = torch.from_numpy(camera_shake(11, np.random.default_rng(4)))


def large_scene(height: int, width: int) -> np.ndarray:
    """Rectangles of random sizes and colours."""
    rng = np.random.default_rng(7)
    pixels = np.full((height, width, 3), 90, np.uint8)
    for _ in range(height * width // 1500):
        top, left = rng.integers(0, height), rng.integers(0, width)
        pixels[top : top + rng.integers(4, 40), left : left + rng.integers(4, 40)] = rng.integers(20, 236, 3)
    return pixels


def blurred(pixels: np.ndarray, kernel: torch.Tensor = PATH, noise: float = 0.5) -> np.ndarray:
    """In linear light, mirrored at the border, with a little noise."""
    margin = kernel.shape[-1]
    around = np.pad(pixels, ((margin, margin), (margin, margin), (0, 0)), mode="symmetric")
    soft = blur(torch.from_numpy(around).permute(2, 0, 1)[None] / 255, kernel[None])[0].permute(1, 2, 0).numpy()
    levels = soft[margin:-margin, margin:-margin] * 255 + np.random.default_rng(1).normal(0, noise, pixels.shape)
    return np.clip(np.rint(levels), 0, 255).astype(np.uint8)


def test_the_transfer_is_the_blur_of_the_damage() -> None:
    """Centred kernels: the same picture as `damage.blur` makes, which fixes orientation and origin."""
    x = torch.rand(3, 48, 60)
    ours = torch.fft.irfft2(torch.fft.rfft2(x) * transfer(PATH, 48, 60), s=(48, 60))
    assert torch.allclose(ours, blur(x[None], PATH[None], linear_light=False)[0], atol=2e-3)


def test_a_kernel_off_its_middle_moves_nothing() -> None:
    kernel = torch.zeros(9, 9)
    kernel[2, 6] = kernel[3, 6] = 0.5  # centroid at (-1.5, 2)
    rows = torch.fft.fftfreq(64)[1]
    assert abs(float(transfer(kernel, 64, 64)[1, 0].angle())) < 1e-4 * float(rows)
    assert abs(float(transfer(kernel, 64, 64)[0, 1].angle())) < 1e-6


def test_divergence_is_the_transpose_of_the_gradients_and_roughness_their_product() -> None:
    x, down, right = torch.rand(12, 15), torch.rand(12, 15), torch.rand(12, 15)
    a, b = gradients(x)
    assert float((a * down + b * right).sum()) == pytest.approx(float((x * divergence(down, right)).sum()), rel=1e-4)
    twice = torch.fft.irfft2(torch.fft.rfft2(x) * roughness(12, 15), s=(12, 15))
    assert torch.allclose(twice, divergence(*gradients(x)), atol=1e-5)


@pytest.mark.parametrize("size", [(1, 1), (5, 40), (50, 31)])
def test_surroundings_wrap_without_an_edge(size: tuple[int, int]) -> None:
    x = torch.rand(2, *size)
    wide, top, left = surrounded(x, 7)
    assert top >= 7 and left >= 7
    assert torch.equal(wide[:, top : top + size[0], left : left + size[1]], x)
    inner = x.amax() - x.amin()
    outside = wide.clone()
    outside[:, top : top + size[0], left : left + size[1]] = torch.nan
    steps = torch.cat([g[~g.isnan()] for g in gradients(outside)])
    assert steps.abs().max() <= inner + 1e-6


def test_spread_of_simple_kernels() -> None:
    assert spread(torch.eye(1)) == 0
    line = torch.zeros(13, 13)
    line[6] = 1 / 13
    assert spread(line) == pytest.approx((13**2 / 12) ** 0.5, rel=0.01)
    assert spread(torch.from_numpy(defocus(4.0))) == pytest.approx(4 / 2**0.5, rel=0.02)


def test_shrinkage_is_the_minimiser() -> None:
    """Against a search over a fine grid, for weights at which the solution jumps."""
    grid = torch.linspace(-1.5, 1.5, 60_001)
    for weight in (1.0, 16.0, 256.0):
        for value in (-1.2, -0.4, -0.05, 0.0, 0.02, 0.3, 0.9):
            cost = weight / 2 * (grid - value).square() + grid.abs() ** solve.EXPONENT
            best = float(grid[cost.argmin()])
            found = float(solve.shrunk(torch.tensor([value]), weight))
            own = weight / 2 * (found - value) ** 2 + abs(found) ** solve.EXPONENT
            assert own <= float(cost.min()) + 0.02 * max(1.0, float(cost.min())), (weight, value, best, found)


def test_a_known_blur_is_undone() -> None:
    sharp = scene().pixels
    soft = blurred(sharp)
    before = psnr(soft, sharp)
    result = deconvolve(soft, PATH.numpy(), "linear", fidelity_for(0.5))
    assert psnr(result, sharp) > before + 8
    mirrored = deconvolve(soft, PATH.numpy()[::-1, ::-1], "linear", fidelity_for(0.5))
    assert psnr(mirrored, sharp) < before
    in_levels = deconvolve(soft, PATH.numpy(), "sRGB", fidelity_for(0.5))
    assert psnr(in_levels, sharp) < psnr(result, sharp) - 2
    linear = wiener(to_light(soft, "linear"), PATH, 3e-4)
    again = to_levels(linear, "linear").round_().to(torch.uint8).permute(1, 2, 0).numpy()
    assert psnr(again, sharp) > before + 4


def test_the_border_is_nearly_as_good_as_the_middle() -> None:
    sharp = scene().pixels
    soft = blurred(sharp)
    rim = np.ones(sharp.shape[:2], bool)
    rim[8:-8, 8:-8] = False
    result = deconvolve(soft, PATH.numpy(), "linear", fidelity_for(0.5))
    assert psnr(result, sharp, mask=rim) > psnr(soft, sharp, mask=rim) + 3


def test_what_was_beyond_the_border_leaves_no_combs(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in photos: what lies there is something else than a mirror image, and was blurred into the picture."""
    around, cut = large_scene(240, 260), (slice(40, 200), slice(40, 220))
    path = torch.from_numpy(camera_shake(21, np.random.default_rng(4)))
    soft, sharp = blurred(around, path)[cut], around[cut]
    rim = np.ones(sharp.shape[:2], bool)
    rim[40:-40, 40:-40] = False
    found = deconvolve(soft, path.numpy(), "linear", fidelity_for(1.0))
    monkeypatch.setattr(solve, "BORDER_ROUNDS", 0)
    without = deconvolve(soft, path.numpy(), "linear", fidelity_for(1.0))
    assert psnr(found, sharp, mask=rim) > psnr(without, sharp, mask=rim) + 1


def test_tiles_leave_no_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    sharp = large_scene(300, 260)
    soft = blurred(sharp)
    whole = deconvolve(soft, PATH.numpy(), "linear", 5000)
    monkeypatch.setattr(photo, "TILE", 128)
    assert len(list(photo.tiles(300, 260))) == 9
    tiled = deconvolve(soft, PATH.numpy(), "linear", 5000)
    assert psnr(tiled, whole) > 45
    seam = np.zeros((300, 260), bool)
    for rows, columns in photo.tiles(300, 260):
        seam[rows.start : rows.start + 2] = seam[:, columns.start : columns.start + 2] = True
    assert psnr(tiled, sharp, mask=seam) > psnr(whole, sharp, mask=seam) - 0.3


def test_a_part_is_what_the_whole_has_there() -> None:
    soft = blurred(large_scene(300, 260))
    part = slice(40, 170), slice(120, 260)
    alone = deconvolve(soft, PATH.numpy(), "linear", 5000, part)
    assert alone.shape == (130, 140, 3)
    assert psnr(alone, deconvolve(soft, PATH.numpy(), "linear", 5000)[part]) > 45


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 7), (50, 3)])
def test_every_size_comes_back(height: int, width: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    assert deconvolve(pixels, PATH.numpy(), "linear", 5000).shape == pixels.shape


@pytest.mark.parametrize("value", [0, 90, 255])
def test_a_flat_picture_stays_flat(value: int) -> None:
    pixels = np.full((40, 50, 3), value, np.uint8)
    assert np.abs(deconvolve(pixels, PATH.numpy(), "linear", 5000).astype(int) - value).max() <= 1


def test_a_point_changes_next_to_nothing() -> None:
    pixels = scene().pixels
    assert psnr(deconvolve(pixels, np.ones((1, 1)), "linear", fidelity_for(0.5)), pixels) > 40


def test_the_share_done_rises_to_one_and_a_stop_leaves_nothing_behind() -> None:
    shares = list[float]()
    deconvolve(blurred(large_scene(200, 160)), PATH.numpy(), "linear", 5000, tick=shares.append)
    assert shares == sorted(shares) and shares[-1] == 1 and len(shares) > 10
    large = np.zeros((4000, 6000, 3), np.uint8)
    going = streamed(lambda tick: deconvolve(large, PATH.numpy(), "linear", 5000, tick=tick))
    assert 0 < next(going) < 0.1
    going.close()  # raises nothing, and does not wait for the rest


def test_light_and_levels_are_inverse() -> None:
    pixels = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2)
    for kind in ("linear", "sRGB"):
        back = to_levels(to_light(pixels, kind), kind).round().to(torch.uint8).permute(1, 2, 0).numpy()
        assert np.array_equal(back, pixels)
    assert float(grey(pixels, "linear")[-1, -1]) == pytest.approx(1)
    assert Picture(pixels).pixels is pixels


def test_wrong_arrays_are_refused() -> None:
    pixels = np.zeros((8, 8, 3), np.uint8)
    for wrong, kernel, problem in (
        (pixels[..., 0], np.ones((3, 3)), "pixels must be"),
        (pixels / 255, np.ones((3, 3)), "pixels must be"),
        (pixels, np.ones((3, 4)), "odd side"),
        (pixels, np.ones((4, 4)), "odd side"),
        (pixels, np.zeros((3, 3)), "odd side"),
    ):
        with pytest.raises(ValueError, match=problem):
            deconvolve(wrong, kernel, "linear", 5000)
