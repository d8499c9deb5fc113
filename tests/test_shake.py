"""The camera's path: found where there is one, doubted where there is none, and undone as far as it is believed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from diffir_demo.deconvolve import Blur, grey
from diffir_demo.errors import InputError
from diffir_demo.events import UNDOING, Painting, PathFound, last
from diffir_demo.imaging import Picture
from diffir_demo.metrics import psnr
from diffir_demo.planning import Machine, estimate
from diffir_demo.restoration import PriorStep
from diffir_demo.settings import Settings
from diffir_demo.shake import Shake, find_shake, likeness, undo
from diffir_demo.shake.find import BELIEF, DOUBT, LARGEST, MOVED, STILL, informative_window
from diffir_demo.shake.judge import Evidence, agreement, distances, evidence
from diffir_demo.shake.kernels import cleaned, fitted, pair, point, reach
from diffir_demo.shake.scale import ROUNDS, Scale, steps_for
from diffir_demo.shake.search import FINEST, LIGHTS, SIDE, STARTS, climb, search
from diffir_demo.shake.undo import SHARP, mixed
from diffir_demo.tasks import Request, deblur
from diffir_demo.tasks.motion import camera_shake, straight_motion
from diffir_demo.tick import Tick, streamed
from tests.test_deconvolve import large_scene
from tests.tiny import WITH_PATH, engine, network

PATH = camera_shake(13, np.random.default_rng(2))


def shaken(pixels: np.ndarray, kernel: np.ndarray = PATH) -> np.ndarray:
    case = deblur.blurred_by(lambda rng: kernel, Picture(pixels), np.random.default_rng(0))
    return case.request.picture.pixels


@pytest.fixture(scope="module")
def soft() -> np.ndarray:
    return shaken(large_scene(288, 320))


@pytest.fixture(scope="module")
def found(soft: np.ndarray) -> Shake:
    return find_shake(soft)


def test_the_path_is_found_in_a_blurred_photo(found: Shake, soft: np.ndarray) -> None:
    assert likeness(found.kernel, PATH) > 0.85
    assert likeness(found.kernel, PATH) > likeness(found.kernel, PATH[::-1, ::-1].copy()) + 0.1  # not mirrored
    assert found.light == "linear"
    assert found.kernel.dtype == np.float32 and found.kernel.min() >= 0
    assert found.kernel.sum() == pytest.approx(1, abs=1e-5)
    assert found.radius == pytest.approx(find_shake(soft).radius)
    assert found.trust > 0.5


def test_the_steps_go_from_coarse_to_fine(found: Shake) -> None:
    sides = [step.shape[0] for step in found.steps]
    assert sides[0] <= 7 and len(sides) in {steps_for(side) for side, _ in STARTS}
    assert np.array_equal(found.steps[-1], found.kernel)
    for step in found.steps:
        assert step.shape[0] == step.shape[1] and step.shape[0] % 2 == 1
        assert step.sum() == pytest.approx(1, abs=1e-4)


def test_the_same_photo_gives_the_same_path(found: Shake, soft: np.ndarray) -> None:
    again = find_shake(soft.copy())
    assert np.array_equal(found.kernel, again.kernel)
    assert (found.confidence, found.light) == (again.confidence, again.light)


def test_undoing_it_brings_the_photo_back(soft: np.ndarray) -> None:
    sharp = large_scene(288, 320)
    assert psnr(undo(soft).mixed, sharp) > psnr(soft, sharp) + 2


def test_a_sharp_photo_is_left_alone() -> None:
    sharp = large_scene(288, 320)
    result = undo(sharp)
    assert result.shake.trust == 0
    assert result.mixed is sharp and result.sharp is sharp


@pytest.mark.parametrize("pixels", [np.full((300, 300, 3), 90, np.uint8), np.zeros((300, 300, 3), np.uint8)])
def test_where_nothing_is_seen_nothing_is_believed(pixels: np.ndarray) -> None:
    assert np.array_equal(undo(pixels).mixed, pixels)


def test_noise_alone_has_no_path() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8)
    assert np.array_equal(undo(noise).mixed, noise)


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (47, 300)])
def test_photos_too_small_come_back_as_they_are(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    result = undo(pixels)
    assert np.array_equal(result.mixed, pixels)
    assert result.shake.confidence == result.shake.radius == 0 and result.shake.steps == ()


@pytest.mark.parametrize("size", [(48, 48), (60, 700)])
def test_small_and_narrow_photos_are_looked_at(size: tuple[int, int]) -> None:
    result = undo(shaken(large_scene(*size), straight_motion(5, np.random.default_rng(0))))
    assert result.mixed.shape == (*size, 3)
    assert 0 <= result.shake.confidence <= 1


def shake_of(kernel: np.ndarray, confidence: float) -> Shake:
    return Shake(kernel, "linear", confidence, (), (slice(0, 9), slice(0, 9)))


def test_trust_needs_both_a_path_and_confidence(found: Shake) -> None:
    assert replace(found, confidence=DOUBT).trust == 0
    assert replace(found, confidence=BELIEF).trust == 1
    half = replace(found, confidence=(DOUBT + BELIEF) / 2).trust
    assert half == pytest.approx(0.5)
    still = np.zeros((9, 9), np.float32)
    still[4, 4:6] = 0.5
    assert shake_of(still, 1).radius == pytest.approx(0.5) and shake_of(still, 1).trust == 0
    for length in (4, 5, 6, 7, 9):
        line = np.zeros((11, 11), np.float32)
        line[5, 5 - length // 2 : 5 - length // 2 + length] = 1 / length
        shake = shake_of(line, 1)
        assert (shake.trust == 0) == (shake.radius <= STILL) and (shake.trust == 1) == (shake.radius >= MOVED)


def test_half_a_trust_is_half_of_each() -> None:
    one, other = np.full((600, 4, 3), 10, np.uint8), np.full((600, 4, 3), 251, np.uint8)
    assert (mixed(one, other, 0.25) == 70).all()
    assert mixed(one, other, 1.0) is other


def test_a_blur_that_is_told_is_not_looked_for(soft: np.ndarray) -> None:
    sharp = large_scene(288, 320)
    told = undo(soft, Blur(PATH))
    assert (told.strength, told.shake.confidence, told.shake.steps) == (1, 1, ())
    assert told.mixed is told.sharp
    assert psnr(told.sharp, sharp) > psnr(soft, sharp) + 4
    assert np.allclose(told.shake.kernel, Blur(PATH * 7).kernel, rtol=1e-6)


def test_the_strength_is_the_share_of_the_deconvolved_photo(soft: np.ndarray) -> None:
    half, none = undo(soft, Blur(PATH), 0.5), undo(soft, Blur(PATH), 0.0)
    assert np.array_equal(half.mixed, mixed(soft, half.sharp, 0.5)) and not np.array_equal(half.mixed, half.sharp)
    assert none.mixed is soft and none.sharp is soft


@pytest.mark.parametrize("kernel", [np.ones((4, 4)), np.ones((3, 5)), np.ones((1, 1)), np.ones(9), np.ones((103, 103))])
def test_a_blur_has_a_square_kernel_with_a_middle(kernel: np.ndarray) -> None:
    with pytest.raises(InputError, match="square kernel with an odd side of 3 to 101"):
        Blur(kernel)


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_a_blur_has_light(value: float) -> None:
    with pytest.raises(InputError, match="finite numbers of 0 and more"):
        Blur(np.full((3, 3), value))
    with pytest.raises(InputError, match="averages 'linear' light"):
        Blur(np.ones((3, 3)), "log")  # pyright: ignore[reportArgumentType]


class TestPainted:
    """With a network that sees the photo beside its deconvolved self."""

    def test_it_sees_the_photo_the_sharp_one_and_the_strength(self, soft: np.ndarray) -> None:
        small = np.ascontiguousarray(soft[:100, :92])
        ours = engine("deblur", config=WITH_PATH)
        seen, decode = list[torch.Tensor](), ours.diffir.decode
        ours.diffir.decode = lambda damaged, *others: (seen.append(damaged), decode(damaged, *others))[1]
        run = ours.restore(Request(Picture(small), settings=Settings(blur=Blur(PATH), strength=0.5)))
        assert run.undone is not None and run.picture.pixels.shape == small.shape
        for number, each in enumerate((small, run.undone.sharp)):
            shown = seen[0][0, 3 * number : 3 * number + 3, :100, :92].permute(1, 2, 0)
            assert np.array_equal(np.rint(shown.numpy() * 255), each)
        assert seen[0].shape[1] == 7 and bool((seen[0][:, 6] == 0.5).all())

    def test_its_correction_is_of_the_mixed_picture(self, soft: np.ndarray) -> None:
        ours = engine("deblur", config=WITH_PATH)
        for parameter in ours.diffir.unet.head.parameters():
            parameter.zero_()
        small = np.ascontiguousarray(soft[:96, :96])
        for strength in (0.0, 0.3, 1.0):
            run = ours.restore(Request(Picture(small), settings=Settings(blur=Blur(PATH), strength=strength)))
            assert run.undone is not None
            assert np.abs(run.picture.pixels.astype(int) - run.undone.mixed).max() <= (strength == 0.3)

    def test_its_two_corrections_are_of_the_mixture_and_of_what_is_blurred_in_it(self) -> None:
        model, ipr = network("deblur", config=WITH_PATH), torch.ones(1, 256)
        photo, sharp = torch.rand(2, 1, 3, 16, 16)
        corrections = torch.rand(1, 6, 16, 16)

        def unet(seen: torch.Tensor, ipr: torch.Tensor, tick: Tick) -> torch.Tensor:
            assert seen.shape == (1, 10, 16, 16)
            return corrections

        for strength in (0.0, 0.25, 1.0):
            damaged = torch.cat([photo, sharp, torch.full_like(photo[:, :1], strength)], dim=1)
            painted = model.decode(damaged, ipr, unet)
            mixture = photo + strength * (sharp - photo)
            expected = mixture + corrections[:, 3:] + (1 - strength) * corrections[:, :3]
            assert torch.allclose(painted, expected, atol=1e-6)

    def test_its_ipr_is_of_the_photo_alone(self, soft: np.ndarray) -> None:
        ours, small = engine("deblur", config=WITH_PATH), np.ascontiguousarray(soft[:96, :96])
        some, other = (
            ours.restore(Request(Picture(small), settings=Settings(blur=Blur(PATH), strength=strength)))
            for strength in (0.0, 1.0)
        )
        assert np.array_equal(some.ipr, other.ipr)

    def test_tiles_see_their_part_of_all(self, soft: np.ndarray) -> None:
        ours = engine("deblur", config=WITH_PATH)
        request = Request(Picture(soft), settings=Settings(blur=Blur(PATH)))
        run = ours.restore(request, memory_budget=2**20)
        whole = ours.restore(request)
        assert run.tiles > 1 and run.picture.pixels.shape == soft.shape
        assert psnr(run.picture.pixels, whole.picture.pixels) > 30

    def test_a_run_tells_the_path_first_and_how_long_it_took(self, soft: np.ndarray) -> None:
        small = np.ascontiguousarray(soft[:192, :192])
        events = list(engine("deblur", config=WITH_PATH).stream(Request(Picture(small))))
        told = [event.fraction for event in events if isinstance(event, Painting) and event.label == UNDOING]
        assert told and told == sorted(told)
        run, kinds = last(events), [type(event) for event in events]
        assert kinds.index(PathFound) < kinds.index(PriorStep)
        assert run.seconds.undo > 0 and run.seconds.copy == 0
        undone = undo(small)
        assert run.undone is not None and run.undone.strength == undone.strength > 0
        assert np.array_equal(run.undone.mixed, undone.mixed)

    def test_where_no_path_is_believed_the_run_says_so(self) -> None:
        run = engine("deblur", config=WITH_PATH).restore(Request(Picture(large_scene(192, 192))))
        assert run.notices == (f"{SHARP}.",) and run.undone is not None and run.undone.strength == 0

    @pytest.mark.parametrize("told", [{"blur": Blur(PATH)}, {"strength": 0.5}])
    def test_what_is_told_of_a_path_is_never_ignored(self, told: dict[str, Any]) -> None:
        with pytest.raises(InputError, match="does not look at the camera's path"):
            engine("deblur").restore(Request(Picture(large_scene(64, 64)), settings=Settings(**told)))

    def test_the_preset_has_a_network_of_its_own_and_its_time_is_foreseen(self) -> None:
        preset = deblur.TASK.preset("path")
        assert preset.config.wants_path and preset.weights != deblur.FAITHFUL.weights
        assert deblur.TASK.presets[0] is preset, "the default: the other takes sharp photos for blurred"
        machine = Machine(torch.device("cpu"), torch.float32)
        times = [estimate(config, (1000, 800), machine).undo for config in (deblur.FAITHFUL.config, preset.config)]
        assert times[0] == 0 and times[1] > 2


class TestKernels:
    def test_cleaning(self) -> None:
        kernel = torch.zeros(11, 11)
        kernel[3, 3:8], kernel[10, 10], kernel[0, 0], kernel[0, 5] = 1.0, 0.3, -2, 0.04
        clean = cleaned(kernel, last=True)
        assert int((clean > 0).sum()) == 5 and torch.allclose(clean[5, 3:8], torch.full((5,), 0.2))
        assert cleaned(kernel)[0, 0] == 0 and int((cleaned(kernel) > 0).sum()) == 6  # crumbs stay until the end
        assert torch.equal(cleaned(torch.zeros(5, 5)), point(5))
        dust = torch.zeros(35, 35)
        dust[::3, ::3] = 1
        dust[1, 0] = 1
        left = cleaned(dust, last=True)  # nothing but crumbs: the largest one stays
        assert int((left > 0).sum()) == 2 and left.sum() == pytest.approx(1)

    def test_reach_and_fit(self) -> None:
        assert reach(pair(9)) == 1
        kernel = torch.from_numpy(PATH)
        for side in (9, 35):
            assert fitted(kernel, side, 1.0).shape == (side, side)
        assert likeness(fitted(kernel, 35, 1.0), kernel) == pytest.approx(1, abs=1e-4)
        assert reach(fitted(kernel, 35, 1.4)) > reach(kernel)

    def test_likeness_knows_no_shift_but_turns(self) -> None:
        kernel = torch.from_numpy(PATH)
        moved = torch.nn.functional.pad(kernel, (5, 0, 0, 5))
        assert likeness(kernel, moved) == pytest.approx(1, abs=1e-4)
        assert likeness(kernel, kernel.T) < 0.9
        assert (
            agreement([kernel, moved, kernel.T, kernel.flip(0)])[0] > agreement([kernel, kernel.T, kernel.flip(0)])[0]
        )
        assert agreement([kernel]) == [0.0]


class TestSearch:
    def test_sharp_picture_and_kernel_from_each_other(self) -> None:
        """With the truth of one, the other comes out near the truth."""
        sharp = large_scene(200, 200)
        grey = torch.from_numpy(shaken(sharp).astype(np.float32).mean(axis=2) / 255) ** 2.2
        truth = torch.from_numpy(sharp.astype(np.float32).mean(axis=2) / 255) ** 2.2
        scale = Scale.of(grey, 0, 25)
        wide = scale.wide.clone()
        top = (wide.shape[0] - 200) // 2
        wide[top : top + 200, top : top + 200] = truth
        assert likeness(cleaned(scale.blur_of(wide)), PATH) > 0.9
        kernel = fitted(torch.from_numpy(PATH), 25, 1.0)
        found = scale.sharp(kernel, 1e-3)[top : top + 200, top : top + 200]
        assert float((found - truth).square().mean()) < 0.5 * float((grey - truth).square().mean())

    def test_evidence_speaks_for_the_true_path(self, soft: np.ndarray) -> None:
        scale = Scale.of(grey(soft, "linear"), 0, SIDE)
        true = fitted(torch.from_numpy(PATH), SIDE, 1.0)
        turned = true.T.contiguous()

        def of(kernel: torch.Tensor, agrees: float = 0.9) -> Evidence:
            return evidence(scale, kernel, "linear", 1.0, agrees)[0]

        assert of(true).likelihood > max(of(turned).likelihood, of(point(SIDE)).likelihood, 0)
        assert of(true).excess < of(turned).excess and of(true).overshoot < of(turned).overshoot
        assert of(point(SIDE)).likelihood == pytest.approx(0, abs=1e-5)
        assert of(true).spread == pytest.approx(of(turned).spread)
        assert of(true).score > of(turned).score and of(true).confidence > of(turned).confidence
        assert of(true).confidence > of(true, 0.4).confidence  # the others found other paths

    def test_a_wrong_path_rings_in_flat_places_and_leaves_a_pattern(self, soft: np.ndarray) -> None:
        scale = Scale.of(grey(soft, "linear"), 0, SIDE)
        true = fitted(torch.from_numpy(PATH), SIDE, 1.0)
        right, wrong, none = (
            evidence(scale, kernel, "linear", 1.0, 0.9)[0] for kernel in (true, true.T.contiguous(), point(SIDE))
        )
        assert right.ringing < wrong.ringing and right.edges < wrong.edges
        assert right.pattern < wrong.pattern
        assert none.change < min(right.change, wrong.change)
        assert abs(none.ringing) < 0.1

    def test_pictures_of_right_paths_are_like_each_other(self) -> None:
        right = large_scene(40, 40)[..., 0].astype(np.float32)
        noise = np.random.default_rng(0).normal(size=(4, 40, 40)).astype(np.float32)
        alike = [torch.from_numpy(right + each) for each in noise[:3]]
        (nearest, distance), *_, (lone_nearest, lone_distance) = distances([*alike, torch.from_numpy(right * 0.5)])
        assert nearest == pytest.approx(2**0.5, rel=0.1) and nearest < distance < lone_distance
        assert lone_nearest == pytest.approx(lone_distance, rel=0.01)

    def test_a_plain_photo_gives_finite_evidence(self) -> None:
        for plain in (torch.zeros(64, 64), torch.ones(48, 70)):
            found, _ = evidence(Scale.of(plain, 0, 17), point(17), "linear", 0.0, 1.0)
            assert all(np.isfinite(found.numbers)) and 0 <= found.confidence <= 1

    def test_the_likeliest_candidate_comes_first(self, soft: np.ndarray) -> None:
        found = search(soft)
        assert len(found) == len(LIGHTS) * len(STARTS)
        scores = [each.evidence.score for each in found]
        assert scores == sorted(scores, reverse=True)
        truth = [likeness(each.kernel, PATH) for each in found]
        assert truth[0] > np.mean(truth) and truth[0] > max(truth) - 0.05

    def test_a_climb_ticks_after_every_round(self, soft: np.ndarray) -> None:
        shares = list[float]()
        climb(grey(soft, "linear"), STARTS[0][1], tick=shares.append)
        assert len(shares) == ROUNDS * steps_for(SIDE) + FINEST
        assert shares == sorted(shares) and shares[-1] == 1


def test_the_window_lies_where_the_edges_are() -> None:
    pixels = np.full((900, 1600, 3), 120, np.uint8)
    pixels[300:800, 1000:1500] = large_scene(500, 500)
    rows, columns = informative_window(pixels)
    assert rows.stop - rows.start == columns.stop - columns.start == LARGEST
    assert rows.start <= 300 + 32 and rows.stop >= 800 - 32
    assert columns.start <= 1000 + 32 and columns.stop >= 1500 - 32
    assert informative_window(pixels[:400, :300]) == (slice(0, 400), slice(0, 300))
    wide = informative_window(pixels[:300])
    assert wide[0] == slice(0, 300) and wide[1].stop - wide[1].start == LARGEST


def test_the_share_done_rises_to_one_and_a_stop_takes_no_time(soft: np.ndarray) -> None:
    shares = list[float]()
    undo(soft, tick=shares.append)
    assert shares == sorted(shares) and shares[-1] == 1 and len(shares) > 50
    going = streamed(lambda tick: undo(np.zeros((3000, 4000, 3), np.uint8), tick=tick))
    next(going)
    going.close()


def test_wrong_arrays_are_refused() -> None:
    for wrong in (np.zeros((90, 90), np.uint8), np.zeros((90, 90, 3), np.float32)):
        with pytest.raises(ValueError, match="pixels must be"):
            find_shake(wrong)
