"""What every task shares, swept over TASKS: a new task is tested by being listed."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from diffir_demo.errors import InputError
from diffir_demo.imaging import Picture, grown
from diffir_demo.model import OFFICIAL, DiffIR
from diffir_demo.settings import Settings
from diffir_demo.tasks import TASKS, Request, get_task, masks
from diffir_demo.tasks.deblur import LONGEST, SHORTEST
from diffir_demo.tasks.masks import IRREGULAR, KINDS, MOST_HIDDEN, mask_of, random_mask
from diffir_demo.tasks.motion import camera_shake, defocus, hand_shake, straight_motion
from tests.tiny import engine

KEYS = list(TASKS)
SIZES = [(1, 1), (1, 7), (2, 3), (16, 16), (17, 33), (31, 5), (48, 64)]


def noise_photo(height: int, width: int, alpha: bool = False) -> Picture:
    rng = np.random.default_rng(height * 1000 + width)
    pixels = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Picture(pixels, rng.integers(0, 256, (height, width), dtype=np.uint8) if alpha else None)


def request_for(key: str, height: int, width: int, alpha: bool = False) -> Request:
    mask = None
    if TASKS[key].wants_mask:
        mask = np.zeros((height, width), bool)
        mask[: max(1, height // 2), : max(1, width // 2)] = True
        mask[-1, -1] = False
    return Request(noise_photo(height, width, alpha), mask)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("size", SIZES)
def test_any_size_comes_back_at_scale(key: str, size: tuple[int, int]) -> None:
    task, request = TASKS[key], request_for(key, *size)
    if task.wants_mask and size == (1, 1):
        with pytest.raises(InputError):
            engine(key).restore(Request(request.picture, np.ones((1, 1), bool)))
        return
    result = engine(key).restore(request).picture
    assert (result.height, result.width) == (size[0] * task.config.scale, size[1] * task.config.scale)
    if request.mask is not None:
        assert np.array_equal(result.pixels[~request.mask], request.picture.pixels[~request.mask])


@pytest.mark.parametrize("key", KEYS)
def test_alpha_is_carried_to_the_result(key: str) -> None:
    task, request = TASKS[key], request_for(key, 20, 28, alpha=True)
    result = engine(key).restore(request).picture
    assert result.alpha is not None and result.alpha.shape == result.pixels.shape[:2]
    if task.config.scale == 1:
        assert np.array_equal(result.alpha, request.picture.alpha)


@pytest.mark.parametrize("key", KEYS)
def test_presets_keep_their_promises(key: str) -> None:
    """Small enough for a git file in fp16 and for two CPU cores, with the paper's IPR of 256 numbers and 4 steps."""
    task = TASKS[key]
    assert task.accepts(task.config)
    assert (task.config.ipr_length, task.config.timesteps) == (256, 4)
    with torch.device("meta"):
        network, side = DiffIR(task.config), 256 // task.config.scale
        damaged, noise = torch.zeros(1, task.config.in_channels, side, side), torch.zeros(1, 256)
        with FlopCounterMode(display=False) as counter:
            picture, _ = network(damaged, noise)
    assert picture.shape == (1, 3, 256, 256)
    assert sum(p.numel() for p in network.parameters()) <= 4_900_000
    assert 1e9 < counter.get_total_flops() / 2 <= 5e9  # multiply-accumulates per 256 x 256 output


def test_the_feather_fades_into_the_photo_and_stops_there():
    photo, hole = noise_photo(40, 48), np.zeros((40, 48), bool)
    hole[10:20, 12:30] = True
    request = Request(photo, grown(hole, 5), Settings(feather=5))
    assert request.mask is not None
    output = engine("inpaint").restore(request).picture.pixels
    plain = engine("inpaint").restore(Request(photo, request.mask)).picture.pixels
    rim = request.mask & ~hole
    assert np.array_equal(output[~request.mask], photo.pixels[~request.mask])
    assert np.array_equal(output[hole], plain[hole]), "the network sees the same hole"
    low, high = np.minimum(plain, photo.pixels), np.maximum(plain, photo.pixels)
    assert ((low <= output) & (output <= high)).all()
    assert (output[rim] != plain[rim]).any() and (output[rim] != photo.pixels[rim]).any()


@pytest.mark.parametrize("feather", [-1, 1.5, 10_001, None])
def test_a_feather_is_a_number_of_pixels(feather):
    with pytest.raises(InputError, match="soft edge"):
        Request(noise_photo(8, 8), np.eye(8, dtype=bool), Settings(feather=feather))


def test_each_official_variant_suits_the_tasks_of_its_size() -> None:
    found = {name: [key for key, task in TASKS.items() if task.accepts(config)] for name, config in OFFICIAL.items()}
    assert found["inpainting"] == found["inpainting_big"] == ["inpaint"]
    assert found["sr_x4"] == found["sr_x2"] == ["sr"]
    assert found["sr_x1"] == ["clean"]
    assert found["deblur"] == ["deblur"], "only a network that cleans up first, or folds four times, cleans"


@pytest.mark.parametrize("key", KEYS)
def test_degrade_is_seeded_and_really_damages(key: str) -> None:
    task = TASKS[key]
    rng = np.random.default_rng(3)
    sharp = Picture(np.kron(rng.integers(0, 256, (12, 18, 3)), np.ones((8, 8, 1))).astype(np.uint8))
    first, again = (task.degrade(sharp, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(first.request.picture.pixels, again.request.picture.pixels)
    assert first.request.settings.seed == again.request.settings.seed
    task.check(first.request)
    assert first.reference.height == first.request.picture.height * task.config.scale
    assert not np.array_equal(first.request.picture.pixels, sharp.pixels)
    if first.request.mask is not None:
        assert np.array_equal(first.request.picture.pixels[~first.request.mask], sharp.pixels[~first.request.mask])


def photo_of(key: str) -> Picture:
    return Picture(np.kron(np.random.default_rng(3).integers(0, 256, (32, 48, 3)), np.ones((8, 8, 1))).astype(np.uint8))


SETS = [(key, name) for key, task in TASKS.items() for name in (*task.sets, *task.also)]


@pytest.mark.parametrize(("key", "name"), SETS)
def test_each_fixed_set_is_seeded_and_a_case_of_its_task(key: str, name: str) -> None:
    task, sharp = TASKS[key], photo_of(key)
    first, again, other = ({**task.sets, **task.also}[name](sharp, np.random.default_rng(seed)) for seed in (5, 5, 6))
    task.check(first.request)
    assert np.array_equal(first.request.picture.pixels, again.request.picture.pixels)
    assert first.request.settings.seed == again.request.settings.seed != other.request.settings.seed
    assert first.reference.height == first.request.picture.height * task.config.scale
    assert not np.array_equal(first.request.picture.pixels, sharp.pixels)


def test_the_names_of_the_fixed_sets() -> None:
    assert {key: list(task.sets) for key, task in TASKS.items()} == {
        "inpaint": ["thin", "medium", "thick", "scribble"],
        "clean": ["noise", "soft", "jpeg", "mixed"],
        "sr": ["x4", "real"],
        "deblur": ["weak", "strong"],
    }
    assert {key: list(task.also) for key, task in TASKS.items() if task.also} == {
        "deblur": ["straight", "hand", "defocus", "moving", "roll"]
    }
    preset = replace(TASKS["deblur"].presets[0], sets=TASKS["deblur"].sets)
    assert not TASKS["deblur"].as_preset(preset).also  # a preset with sets of its own is measured on those alone


def test_weak_and_strong_blur_are_the_same_path_at_two_lengths() -> None:
    """As long as they say, inside what the mix draws, and the stronger one costs more."""
    sharp, sets = photo_of("deblur"), TASKS["deblur"].sets
    for seed in range(6):
        weak, strong = (sets[name](sharp, np.random.default_rng(seed)) for name in ("weak", "strong"))
        spans = []
        for case, shortest, longest in ((weak, SHORTEST, 13), (strong, 15, LONGEST)):
            assert case.kernel is not None
            rows, columns = np.nonzero(case.kernel > 1e-4)
            spans.append(max(np.ptp(rows), np.ptp(columns)))
            assert shortest / 2**0.5 - 2 <= spans[-1] <= longest + 2  # a straight path may lie along the diagonal
        assert spans[0] < spans[1]
        psnr = [TASKS["deblur"].scores(c.request.picture.pixels, sharp.pixels)["psnr"] for c in (weak, strong)]
        assert psnr[0] > psnr[1]


def test_the_networks_never_see_what_the_hole_hides() -> None:
    task, request = TASKS["inpaint"], request_for("inpaint", 12, 12)
    other = request.picture.pixels.copy()
    other[request.mask] = 255 - other[request.mask]
    assert torch.equal(task.encode(request), task.encode(Request(Picture(other), request.mask)))


@pytest.mark.parametrize("kind", list(KINDS))
def test_each_kind_of_damage_draws_at_every_size(kind: str) -> None:
    for side in (8, 64, 300):
        canvas = np.zeros((side, side), np.uint8)
        for seed in range(5):
            KINDS[kind](canvas, np.random.default_rng(seed))
        assert canvas.any()


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (2, 2), (5, 90), (64, 64), (512, 768)])
def test_random_masks_hide_something_but_not_too_much(size: tuple[int, int]) -> None:
    for seed in range(20):
        mask = random_mask(*size, np.random.default_rng(seed))
        assert mask.shape == size and mask.dtype == bool
        assert 1 <= mask.sum() <= max(1, MOST_HIDDEN * mask.size)


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("size", [(1, 1), (2, 3), (16, 16), (512, 512)])
def test_masks_of_one_kind_hide_something_but_not_too_much(kind: str, size: tuple[int, int]) -> None:
    for seed in range(5):
        mask = mask_of(kind, *size, np.random.default_rng(seed))
        assert mask.shape == size and mask.dtype == bool and 1 <= mask.sum() <= max(1, 0.5 * mask.size)


def test_the_mix_draws_every_kind_alone_and_in_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []

    def spying(name: str, draw):  # noqa: ANN001, ANN202
        return lambda canvas, rng: (drawn.append(name), draw(canvas, rng))

    for name in list(KINDS):
        monkeypatch.setitem(KINDS, name, spying(name, KINDS[name]))
    hidden = [random_mask(128, 192, np.random.default_rng(seed)).mean() for seed in range(120)]
    assert list(KINDS) == ["thin", "medium", "thick", "scribble", "text", "scratches"]
    assert min(drawn.count(name) for name in KINDS) >= 5
    assert min(drawn.count(name) for name in ("thin", "scribble")) > 1.5 * drawn.count("thick")
    assert len(drawn) > 135  # pairs occur
    assert min(hidden) < 0.05 and max(hidden) > 0.25


class Asked:
    """A generator of random integers that answers with the least or the greatest that it was asked for."""

    def __init__(self, most: bool, boxes: bool) -> None:
        self.most, self.chance, self.asked = most, 0.0 if boxes else 1.0, []

    def random(self) -> float:
        return self.chance

    def integers(self, low: int, high: int | None = None, size: int | None = None):  # noqa: ANN201
        low, high = (0, low) if high is None else (low, high)
        self.asked.append((low, high - 1))
        value = high - 1 if self.most else low
        return value if size is None else np.full(size, value)


STROKES = {
    ("thin", 256): ((4, 51), (10, 49), (5, 14)),
    ("thin", 512): ((4, 71), (10, 109), (5, 24)),
    ("medium", 256): ((4, 6), (10, 109), (5, 54)),
    ("medium", 512): ((4, 11), (10, 209), (5, 104)),
    ("thick", 256): ((1, 6), (10, 209), (5, 104)),
    ("thick", 512): ((1, 6), (10, 459), (5, 254)),
}
"""Published: strokes, their length and their width, least and most, at 256 and 512 pixels."""
BOXES = {
    ("medium", 256): ((1, 5), (10, 50), 0),
    ("medium", 512): ((1, 5), (30, 150), 0),
    ("thick", 256): ((1, 3), (30, 150), 10),
    ("thick", 512): ((1, 4), (30, 300), 10),
}
"""Published: boxes, their side, and the margin that they keep."""


@pytest.mark.parametrize(("kind", "side"), list(STROKES))
@pytest.mark.parametrize("most", [False, True])
def test_strokes_follow_the_published_integers(
    kind: str, side: int, most: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[tuple[tuple[int, int], tuple[int, int], int]] = []
    monkeypatch.setattr(masks.cv2, "line", lambda canvas, start, end, level, brush: lines.append((start, end, brush)))
    rng = Asked(most, boxes=False)
    KINDS[kind](np.zeros((side, side), np.uint8), rng)  # pyright: ignore[reportArgumentType]
    times, length, brush = (pair[most] for pair in STROKES[kind, side])
    assert len(lines) == times * (5 if most else 1)  # segments per stroke
    assert {line[2] for line in lines} == {brush}
    assert (0, 3) in rng.asked  # four headings
    if not most:  # the first stroke starts in the corner and heads out of the picture; the second one does not
        (x0, y0), (x1, y1) = lines[0][:2] if len(lines) == 1 else lines[1][:2]
        assert abs(max(abs(x1 - x0), abs(y1 - y0)) - length) <= 1


@pytest.mark.parametrize(("kind", "side"), list(BOXES))
def test_boxes_follow_the_published_integers(kind: str, side: int) -> None:
    times, sides, margin = BOXES[kind, side]
    canvas, rng = np.zeros((side, side), np.uint8), Asked(False, boxes=True)
    KINDS[kind](canvas, rng)  # pyright: ignore[reportArgumentType]
    rows, columns = np.nonzero(canvas)
    assert rng.asked[0] == times and rng.asked[1] == sides
    assert (rows.min(), columns.min()) == (margin, margin)
    assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == (sides[0], sides[0])
    KINDS[kind](canvas, Asked(True, boxes=True))  # pyright: ignore[reportArgumentType]
    rows, columns = np.nonzero(canvas)
    assert rows.max() == columns.max() == side - margin - 1


@pytest.mark.parametrize("side", [96, 256, 512, 1024])
def test_thicker_masks_reach_further_from_what_is_known(side: int) -> None:
    """They need not hide more: it is the distance to the rim that makes a hole hard."""
    depth: dict[str, float] = {}
    for kind in IRREGULAR:
        holes = [mask_of(kind, side, side, np.random.default_rng(seed)) for seed in range(15)]
        to_rim = [cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, 5)[hole] for hole in holes]
        depth[kind] = float(np.mean(np.concatenate(to_rim)))
    assert 1.4 * depth["thin"] < depth["medium"] and 1.4 * depth["medium"] < depth["thick"], depth


@pytest.mark.parametrize("make", [camera_shake, straight_motion])
def test_motion_kernels_are_energy_preserving_and_as_long_as_asked(make) -> None:  # noqa: ANN001
    for seed in range(10):
        kernel = make(15.0, np.random.default_rng(seed))
        assert kernel.shape[0] == kernel.shape[1] and kernel.shape[0] % 2 == 1
        assert kernel.min() >= 0 and abs(kernel.sum() - 1) < 1e-5
        rows, columns = np.nonzero(kernel > 1e-4)
        assert 8 <= max(np.ptp(rows), np.ptp(columns)) <= 18


def test_a_hand_slows_down_and_turns_back() -> None:
    """As long as asked; and light gathers in knots, more than along an even path."""
    knots = {make: [] for make in (hand_shake, straight_motion)}
    for seed in range(20):
        for make, found in knots.items():
            kernel = make(15.0, np.random.default_rng(seed))
            assert kernel.shape[0] == kernel.shape[1] and kernel.shape[0] % 2 == 1
            assert kernel.min() >= 0 and abs(kernel.sum() - 1) < 1e-5
            rows, columns = np.nonzero(kernel > 1e-4)
            assert 8 <= max(np.ptp(rows), np.ptp(columns)) <= 18
            found.append(float(kernel.max() / kernel[kernel > 1e-4].mean()))
    assert np.mean(knots[hand_shake]) > 1.4 * np.mean(knots[straight_motion])


def test_a_disc_is_as_large_and_as_even_as_asked() -> None:
    for radius in (3.0, 3.7, 5.0):
        kernel = defocus(radius)
        assert kernel.sum() == pytest.approx(1, abs=1e-5)
        assert np.array_equal(kernel, kernel.T) and np.array_equal(kernel, kernel[::-1, ::-1])
        assert 1 / kernel.max() == pytest.approx(np.pi * radius**2, rel=0.02)


def test_doing_nothing_is_what_scores_say_it_is() -> None:
    damaged = TASKS["deblur"].degrade(noise_photo(48, 48), np.random.default_rng(0))
    assert TASKS["deblur"].scores(damaged.reference.pixels, damaged.reference.pixels, None)["psnr"] == float("inf")
    assert TASKS["deblur"].scores(damaged.request.picture.pixels, damaged.reference.pixels, None)["psnr"] < 30


def test_unknown_tasks_are_named_with_the_known_ones() -> None:
    with pytest.raises(InputError, match="inpaint, clean, sr, deblur"):
        get_task("dehaze")
