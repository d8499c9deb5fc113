"""The IPR lab without a page: vectors, files of them, and the experiments on tiny networks."""

from __future__ import annotations

import io
from collections.abc import Callable, Generator
from typing import Any, TypeVar

import numpy as np
import pytest
import torch

from diffir_demo.deconvolve import Blur
from diffir_demo.devices import lock_for
from diffir_demo.errors import InputError
from diffir_demo.events import Event, Painting
from diffir_demo.imaging import Picture
from diffir_demo.lab import (
    LARGEST,
    MAX_SEEDS,
    Run,
    blend,
    check_numbers,
    differ,
    heat_colours,
    ipr_of,
    likeness,
    move,
    over,
    read_ipr,
    runs_of,
    small_enough,
    steering,
    sweep,
    try_steps,
    write_ipr,
)
from diffir_demo.lab.experiments import WINDOW, _averaged
from diffir_demo.metrics import psnr
from diffir_demo.model import Teacher
from diffir_demo.oracle import oracle
from diffir_demo.settings import Settings
from diffir_demo.tasks import TASKS, Case, Request
from diffir_demo.tick import streamed
from tests.tiny import CONFIGS, engine
from tests.tiny import teacher as tiny_teacher

KEYS = list(TASKS)
R = TypeVar("R")


def photo(height: int = 48, width: int = 64) -> Picture:
    rows, columns = np.mgrid[0:height, 0:width]
    return Picture(np.stack([rows * 4 % 256, columns * 3 % 256, (rows + columns) % 256], axis=-1).astype(np.uint8))


def damaged(key: str, seed: int = 1) -> Case:
    return TASKS[key].degrade(photo(), np.random.default_rng(seed))


def with_shares(work: Callable[..., R], *arguments: Any) -> tuple[list[float], R]:
    """(the shares of its ticks, what came back)"""
    shares: list[float] = []
    result = work(*arguments, tick=shares.append)
    return shares, result


@pytest.mark.parametrize("key", KEYS)
def test_an_ipr_without_its_painting(key: str) -> None:
    model, request = engine(key), damaged(key).request
    for options in ({}, {"steps": 2}):
        wanted = model.restore(request, **options).ipr
        assert np.array_equal(model.estimate(request, **options), wanted)
        assert np.array_equal(ipr_of(runs_of(model)(request, **options)), wanted)
    assert not lock_for(model.device).locked()


def test_nothing_is_painted_for_an_ipr(monkeypatch: pytest.MonkeyPatch) -> None:
    model = engine("deblur")
    monkeypatch.setattr(model.diffir, "decode", lambda *_: pytest.fail("decoded"))
    assert model.estimate(damaged("deblur").request).shape == (256,)
    assert ipr_of(runs_of(model)(damaged("deblur").request)).shape == (256,)


def test_likeness() -> None:
    one, other = np.array([3.0, 4.0]), np.array([6.0, 8.0])
    found = likeness(one, other)
    assert (found.distance, found.relative) == (5.0, 0.5) and found.cosine == pytest.approx(1)
    assert likeness(one, -one).cosine == pytest.approx(-1)
    assert likeness(np.zeros(2), one) == likeness(np.zeros(2), one).__class__(5.0, 1.0, 0.0)
    assert likeness(one, np.zeros(2)).relative == float("inf") and likeness(one * 0, one * 0).relative == 0


def test_blending_goes_beyond_the_other() -> None:
    one, other = np.array([0, 2], np.float32), np.array([4, 0], np.float32)
    assert blend(one, other, 0).tolist() == [0, 2] and blend(one, other, 1).tolist() == [4, 0]
    assert blend(one, other, 0.5).tolist() == [2, 1] and blend(one, other, 2).tolist() == [8, -2]
    assert blend(one, other, 2).dtype == np.float32


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ([1.0, 2.0], "3 numbers, not 2"),
        ([[1.0, 2.0, 3.0]], "3 numbers"),
        ([1.0, float("nan"), 0.0], "between -1000 and 1000"),
        ([1.0, float("inf"), 0.0], "between"),
        ([1.0, LARGEST + 1, 0.0], "between"),
        (["a", "b", "c"], "3 numbers"),
    ],
)
def test_numbers_that_are_refused(values: list, says: str) -> None:
    with pytest.raises(InputError, match=says):
        check_numbers(values, 3)


def test_a_file_of_numbers_round_trip() -> None:
    ipr = np.random.default_rng(0).normal(size=256).astype(np.float32)
    data = write_ipr(ipr)
    assert np.array_equal(read_ipr(data, 256), ipr)
    assert np.array_equal(np.load(io.BytesIO(data)), ipr)
    for other in (ipr.astype(np.float64)[None], ipr.astype(">f4"), np.arange(256)):
        buffer = io.BytesIO()
        np.save(buffer, other)
        assert np.array_equal(read_ipr(buffer.getvalue(), 256), other.reshape(-1).astype(np.float32))


def _saved(array: object, **options: bool) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, **options)  # pyright: ignore[reportArgumentType]
    return buffer.getvalue()


def _promising(shape: str) -> bytes:
    """A header that announces more than there is."""
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}}}"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no .npy file"),
        (b"no array at all", "no .npy file"),
        (b"PK\x03\x04" + bytes(100), "no .npy file"),
        (_saved(np.zeros(255)), "255 of float64"),
        (_saved(np.zeros((2, 128))), "2 x 128"),
        (_saved(np.float32(1)), "a single number"),
        (_saved(np.zeros(256, complex)), "complex"),
        (_saved(np.array([{}] * 256), allow_pickle=True), "object"),
        (_saved(np.full(256, np.nan)), "between"),
        (_saved(np.full(256, 1e6)), "between"),
        (_saved(np.zeros(256))[:-1], "cut off"),
        (_promising("(256,)"), "cut off"),
        (_promising("(1000000000000,)"), "1000000000000"),
        (_promising("(__import__('os'),)"), "no .npy file"),
        (bytes(2 << 20), "too large"),
    ],
)
def test_files_that_are_no_numbers(data: bytes, says: str) -> None:
    with pytest.raises(InputError, match=says):
        read_ipr(data, 256)


def test_a_sweep_over_seeds() -> None:
    model, request = engine("deblur"), damaged("deblur").request
    shares, found = with_shares(sweep, runs_of(model), request, 4)
    assert shares == [0.25, 0.5, 0.75, 1.0]
    assert found.seeds == tuple(request.settings.seed + i for i in range(4))
    for seed, ipr in zip(found.seeds, found.iprs, strict=True):
        assert np.array_equal(ipr, model.restore(Request(request.picture, settings=Settings(seed=seed))).ipr)
    pairs = [np.linalg.norm(found.iprs[i] - found.iprs[j]) for i in range(4) for j in range(i)]
    assert found.mean_distance == pytest.approx(np.mean(pairs), rel=1e-5)
    first, second = found.most_distant
    assert np.linalg.norm(found.iprs[first] - found.iprs[second]) == pytest.approx(max(pairs), rel=1e-5)
    assert 0 < found.spread < 1 and found.deviations.shape == (256,)


@pytest.mark.parametrize("count", [0, 1, MAX_SEEDS + 1, 2.5])
def test_too_few_or_many_seeds(count: float) -> None:
    with pytest.raises(InputError, match="from 2 to 64"):
        sweep(runs_of(engine("deblur")), damaged("deblur").request, count)  # pyright: ignore


def test_the_last_seed_is_followed_by_the_first() -> None:
    run, request = runs_of(engine("deblur")), Request(photo(), settings=Settings(seed=2**63 - 1))
    assert sweep(run, request, 2).seeds == (2**63 - 1, 0)


@pytest.mark.parametrize("key", KEYS)
def test_every_number_of_steps(key: str) -> None:
    model, case = engine(key), damaged(key)
    shares, rows = with_shares(try_steps, runs_of(model), case.request, TASKS[key], case.reference)
    assert shares == sorted(shares) and shares[0] >= 0 and shares[-1] <= 1
    assert [row.steps for row in rows] == list(range(1, 9))
    assert [row.steps for row in rows if row.trained] == [4]
    assert rows[3].likeness.distance == 0 and rows[3].agreement == float("inf")
    assert all(row.likeness.distance > 0 for row in rows if not row.trained)
    assert all(TASKS[key].headline in row.scores for row in rows)
    assert np.array_equal(rows[1].picture.pixels, model.restore(case.request, steps=2).picture.pixels)


def test_without_the_answer_there_are_no_scores() -> None:
    rows = try_steps(runs_of(engine("deblur")), damaged("deblur").request, TASKS["deblur"])
    assert all(row.scores == {} for row in rows)


def test_where_a_number_moves_the_picture() -> None:
    model, request = engine("deblur"), damaged("deblur").request
    ipr = model.restore(request).ipr
    shares, moved = with_shares(move, runs_of(model), request, ipr, 7, 40.0)
    step = np.eye(256, dtype=np.float32)[7] * 40
    up, down = (model.restore(request, ipr=v).picture.pixels.astype(int) for v in (ipr + step, ipr - step))
    assert shares == sorted(shares) and shares[-1] == 1
    assert moved.mean == pytest.approx(np.abs(up - down).mean() / 2, rel=1e-5) and moved.mean > 0
    assert moved.share == (up != down).any(axis=2).mean()
    assert np.array_equal(moved.up.pixels, up)
    assert moved.heat.shape == (48, 64) and moved.heat.max() <= np.abs(up - down).max() / 2


@pytest.mark.parametrize(("dimension", "delta"), [(256, 1.0), (-1, 1.0), (0, 0.0), (0, -1.0), (0, float("nan"))])
def test_moves_that_are_none(dimension: int, delta: float) -> None:
    run, request = runs_of(engine("deblur")), damaged("deblur").request
    with pytest.raises(InputError):
        move(run, request, np.zeros(256, np.float32), dimension, delta)


def test_squares_are_averaged() -> None:
    plane = np.random.default_rng(0).random((20, 30)).astype(np.float32)
    padded = np.pad(plane, WINDOW // 2, mode="symmetric")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (WINDOW, WINDOW))
    np.testing.assert_allclose(_averaged(plane), windows.mean(axis=(2, 3)), rtol=1e-5)


def test_the_difference_of_two_pictures() -> None:
    before = photo()
    same = differ(before, before)
    assert (same.mean, same.share, same.psnr) == (0, 0, float("inf"))
    assert (same.picture.pixels == 128).all()
    pixels = np.clip(before.pixels.astype(int), 10, 245)
    pixels[:4, :, 0] += 7
    found = differ(Picture(np.clip(before.pixels, 10, 245)), Picture(pixels.astype(np.uint8)))
    assert found.mean == pytest.approx(7 * 4 / 48 / 3) and found.share == pytest.approx(4 / 48)
    assert found.gain == 16 and (found.picture.pixels[:4, :, 0] == 128 + 7 * 16).all()
    assert (found.picture.pixels[:, :, 1:] == 128).all()
    assert differ(before, Picture(255 - before.pixels)).gain == 1


def test_steering_is_a_fact_of_the_weights() -> None:
    model = engine("deblur")
    found = steering(model)
    assert found.shape == (256,) and (found > 0).all()
    matrices = [m for name, m in model.diffir.unet.named_parameters() if name.endswith("norm.steer.weight")]
    assert len(matrices) == 2 * sum(1 for name, _ in model.diffir.unet.named_modules() if name.endswith(".attention"))
    assert found[5] == pytest.approx(float(torch.cat([m[:, 5] for m in matrices]).norm()), rel=1e-5)
    for matrix in matrices:
        matrix[:, 3] = 0
    assert steering(model)[3] == 0


@pytest.mark.parametrize("start", ["sweep", "steps", "move"])
def test_an_experiment_that_is_closed_gives_the_device_back(start: str) -> None:
    model, request = engine("deblur"), damaged("deblur").request
    events: list[Event] = []

    def run(request: Request, **options: object) -> Generator[Event, None, None]:
        for event in model.stream(request, **options):  # pyright: ignore[reportArgumentType]
            events.append(event)
            yield event

    experiments = {
        "sweep": lambda tick: sweep(run, request, 4, tick),
        "steps": lambda tick: try_steps(run, request, TASKS["deblur"], tick=tick),
        "move": lambda tick: move(run, request, np.ones(256, np.float32), 0, 1.0, tick),
    }
    going = streamed(experiments[start])
    for share in going:
        if share > 0:
            break
    if start != "sweep":  # which holds nothing between two estimates
        assert isinstance(events[-1], Painting) and lock_for(model.device).locked()
    going.close()
    assert not lock_for(model.device).locked()


def test_colours_get_lighter_and_never_go_back() -> None:
    colours = heat_colours(np.linspace(-0.5, 1.5, 400)) / 255
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(luminance) >= -1e-3).all() and luminance[0] < 0.02 and luminance[-1] > 0.75
    shown = luminance[100:300]
    steps = np.diff(np.where(shown > 0.008856, 116 * np.cbrt(shown) - 16, 903.3 * shown))  # CIE lightness
    assert steps.max() < 4 * steps.mean(), "equal steps of the value look alike"


def test_a_heat_map_is_clear_where_nothing_moves() -> None:
    picture, heat = photo(), np.zeros((48, 64), np.float32)
    heat[:24] = 2.0
    shown = over(picture, heat, 2.0).pixels
    assert np.ptp(shown[24:].astype(int), axis=2).max() <= 1, "grey"
    assert np.ptp(shown[:24].astype(int), axis=2).max() > 20
    assert over(picture, heat * 0, 0.0).pixels.shape == (48, 64, 3)


@pytest.mark.parametrize("key", KEYS)
def test_small_photos_are_taken_whole(key: str) -> None:
    case = damaged(key)
    small = small_enough(case.request, TASKS[key].config.scale, case.reference)
    assert small.how == "whole" and small.reference is case.reference
    assert small.request.picture is case.request.picture and small.request.mask is case.request.mask


@pytest.mark.parametrize("size", [(48, 64), (1100, 1200)])
def test_experiments_see_what_the_network_paints_by_itself(size: tuple[int, int]) -> None:
    given = Settings(fill="texture", blur=Blur(np.ones((3, 3), np.float32)), strength=0.5, seed=3)
    settings = small_enough(Request(Picture(np.zeros((*size, 3), np.uint8)), settings=given), 1).request.settings
    assert settings == Settings(fill="network", seed=3)


@pytest.mark.parametrize(("key", "height", "width"), [("deblur", 1000, 1500), ("sr", 300, 500), ("deblur", 3000, 400)])
def test_a_large_photo_gives_a_piece_from_its_middle(key: str, height: int, width: int) -> None:
    scale = TASKS[key].config.scale
    rows, columns = np.mgrid[0:height, 0:width]
    picture = Picture(np.stack([rows // 16, columns // 16, rows * 0], axis=-1).astype(np.uint8))
    reference = Picture(np.repeat(np.repeat(picture.pixels, scale, 0), scale, 1))
    small = small_enough(Request(picture, settings=Settings(seed=3)), scale, reference)
    piece = small.request.picture
    assert small.how == "crop" and small.request.settings.seed == 3
    assert 0.4 < piece.megapixels * scale**2 <= 0.5
    assert small.reference is not None
    assert np.array_equal(small.reference.pixels[::scale, ::scale], piece.pixels)
    assert abs(int(piece.pixels[..., 0].mean()) - height // 32) <= 1


@pytest.mark.parametrize("corner", [True, False])
def test_the_piece_of_a_masked_photo_holds_some_of_the_hole(corner: bool) -> None:
    picture, mask = Picture(np.zeros((1200, 1600, 3), np.uint8)), np.zeros((1200, 1600), bool)
    mask[:9, :9] = corner
    mask[1100:1105, 300:900] = not corner
    small = small_enough(Request(picture, mask), 1)
    assert small.how == "crop" and small.request.mask is not None
    assert small.request.mask.any() and not small.request.mask.all()
    assert small.request.mask.shape == (small.request.picture.height, small.request.picture.width)


def test_a_photo_that_is_nearly_all_hole_is_shrunk() -> None:
    picture, mask = Picture(np.full((1200, 1600, 3), 9, np.uint8)), np.ones((1200, 1600), bool)
    mask[:, :400] = False
    mask[:, 1500:] = False
    small = small_enough(Request(picture, mask, Settings(feather=40)), 1, picture)
    assert small.how == "shrunk" and small.request.mask is not None and small.reference is not None
    assert small.request.mask.mean() == pytest.approx(mask.mean(), abs=0.01)
    assert small.request.picture.megapixels <= 0.5 and small.request.settings.feather == 20
    assert small.reference.pixels.shape == small.request.picture.pixels.shape


@pytest.mark.parametrize("key", KEYS)
def test_the_oracle_sees_the_truth(key: str) -> None:
    """With another truth in its encoder, stage 1 paints something else; and it keeps what is known of a photo."""
    task, teacher, case = TASKS[key], tiny_teacher(key), damaged(key)
    found = oracle(task, teacher, case)
    assert found.ipr.shape == (256,) and found.picture.pixels.shape == case.reference.pixels.shape
    flipped = Case(case.request, Picture(255 - case.reference.pixels))
    other = oracle(task, teacher, flipped)
    assert not np.array_equal(found.ipr, other.ipr)
    assert not np.array_equal(found.picture.pixels, other.picture.pixels)
    if case.request.mask is not None:
        known = ~case.request.mask
        assert np.array_equal(found.picture.pixels[known], case.reference.pixels[known])
    shares = with_shares(oracle, task, teacher, case)[0]
    assert shares == sorted(shares) and shares[-1] == 1


def test_the_oracle_refuses_another_original_and_another_task() -> None:
    case = damaged("deblur")
    with pytest.raises(InputError, match="64 x 48 of the picture, but the original is 64 x 40"):
        oracle(TASKS["deblur"], tiny_teacher("deblur"), Case(case.request, photo(40)))
    with pytest.raises(InputError):
        oracle(TASKS["deblur"], Teacher(CONFIGS["inpaint"]).eval(), case)


def test_the_network_can_paint_with_the_oracles_numbers() -> None:
    model, case = engine("deblur"), damaged("deblur")
    ipr = oracle(TASKS["deblur"], tiny_teacher("deblur"), case).ipr
    painted = model.restore(case.request, ipr=ipr)
    assert np.array_equal(painted.ipr, ipr)
    assert psnr(painted.picture.pixels, model.restore(case.request).picture.pixels) < float("inf")


def test_runs_are_the_straight_path() -> None:
    model, request = engine("sr"), damaged("sr").request
    run: Run = runs_of(model)
    for options in ({}, {"ipr": np.ones(256, np.float32)}, {"steps": 2}):
        ours, theirs = list(run(request, **options))[-1], list(model.stream(request, **options))[-1]
        assert np.array_equal(ours.restoration.picture.pixels, theirs.restoration.picture.pixels)  # pyright: ignore
