"""A camera's path in other forms: drawn, bent, as a picture, in words, in recipes and on the command line."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from diffir_demo.cli import main
from diffir_demo.deconvolve import LARGEST, Blur, blur_of, drawn, picture_of, rasterised, span
from diffir_demo.errors import InputError
from diffir_demo.events import PathFound, last
from diffir_demo.imaging import Picture, load_picture, save_picture
from diffir_demo.recipe import Recipe, find_recipe
from diffir_demo.settings import Settings
from diffir_demo.shake import Shake, Undone, bent, likeness, path_facts, path_in_words, undo
from diffir_demo.tasks import Request, deblur, get_task
from diffir_demo.tasks.motion import camera_shake, straight_motion
from diffir_demo.ui.adjust import PathChange, bent_request, busiest
from diffir_demo.ui.cache import key_of
from diffir_demo.ui.compare.view import board_of
from diffir_demo.ui.files import ImageServer
from diffir_demo.ui.outcome import DECONVOLVED, RESULT, Bend, Outcome, changes, path_of_recipe
from diffir_demo.weights import save
from tests.test_deconvolve import large_scene
from tests.test_shake import shaken
from tests.tiny import WITH_PATH, engine, network, network_of

PATH = camera_shake(13, np.random.default_rng(2))
BLUR = Blur(PATH)


def scene(side: int = 96) -> Picture:
    return Picture(np.ascontiguousarray(shaken(large_scene(side, side))))


class TestForms:
    def test_a_line_is_walked_at_a_constant_speed(self) -> None:
        kernel = drawn(np.array([[0, 0], [0.2, 0], [0.4, 0], [12, 0]]))  # many points in one place make no knot
        row = kernel[kernel.shape[0] // 2]
        lit = row[row > 0]
        assert kernel.sum() == pytest.approx(1) and len(lit) == 13
        assert lit[1:-1].max() < 1.2 * lit[1:-1].min()

    def test_a_line_may_lie_anywhere(self) -> None:
        line = np.array([[0, 0], [5, 3], [9, -2]])
        assert np.allclose(drawn(line), drawn(line + 30), atol=1e-6)

    def test_a_point_is_no_blur(self) -> None:
        assert drawn(np.array([[3.3, 4.0]])).max() == pytest.approx(1)

    def test_the_longest_line_fits_a_kernel(self) -> None:
        most = LARGEST - 3
        assert Blur(drawn(np.array([[0, 0], [most, most]]))).kernel.shape == (LARGEST, LARGEST)
        with pytest.raises(InputError, match=f"may span {most} pixels, not 99"):
            drawn(np.array([[0, 0], [99, 0]]))

    @pytest.mark.parametrize("line", [np.zeros((0, 2)), np.array([[0, np.nan]]), np.array([[0, np.inf], [1, 1]])])
    def test_what_is_no_line_is_refused(self, line: np.ndarray) -> None:
        with pytest.raises(InputError, match="drawn with one point at least"):
            drawn(line)

    @pytest.mark.parametrize("length", [5, 9, 14, 25])
    def test_the_length_is_from_end_to_end(self, length: int) -> None:
        for seed in range(4):
            assert span(straight_motion(length, np.random.default_rng(seed))) == pytest.approx(length, abs=1.5)

    def test_a_turned_path_is_turned_as_people_see_it(self) -> None:
        quarter = bent(PATH, 90)
        assert likeness(quarter, np.rot90(PATH, -1).copy()) > 0.95  # clockwise
        assert likeness(quarter, np.rot90(PATH).copy()) < 0.8
        assert likeness(bent(bent(PATH, 37), -37), PATH) > 0.9
        assert bent(PATH) is PATH and bent(PATH, 360) is PATH

    @pytest.mark.parametrize("stretch", [0.5, 0.8, 1.4, 2.0])
    def test_a_stretched_path_is_longer_and_as_bright(self, stretch: float) -> None:
        longer = bent(PATH, 0, stretch)
        assert span(longer) == pytest.approx(stretch * span(PATH), rel=0.15)
        assert longer.sum() == pytest.approx(1, abs=1e-5) and longer.dtype == np.float32
        assert Blur(longer).kernel.shape == longer.shape

    def test_a_path_is_not_stretched_beyond_a_kernel(self) -> None:
        with pytest.raises(InputError, match="101 is the most"):
            bent(straight_motion(80, np.random.default_rng(0)), 0, 2.0)
        with pytest.raises(ValueError, match="above 0"):
            bent(PATH, 0, 0.0)


class TestPictures:
    def test_a_path_is_read_back_from_its_picture(self, tmp_path: Path) -> None:
        save_picture(picture_of(PATH), tmp_path / "path.png")
        found = blur_of(load_picture(tmp_path / "path.png"))
        assert likeness(found.kernel, PATH) > 0.9999 and not found.exact

    @pytest.mark.parametrize("shape", [(20, 20), (21, 30), (1, 8), (150, 200)])
    def test_sides_may_be_even_and_black_does_not_count(self, shape: tuple[int, int]) -> None:
        light = np.zeros((*shape, 3), np.uint8)
        light[shape[0] // 2, 1:7] = 200
        kernel = blur_of(Picture(light)).kernel
        assert kernel.shape == (7, 7) and np.count_nonzero(kernel) == 6 and kernel.sum() == pytest.approx(1)

    def test_a_haze_is_black(self) -> None:
        light = np.full((120, 120, 3), 3, np.uint8)
        light[60, 50:60] = 255
        assert blur_of(Picture(light)).kernel.shape == (11, 11)

    def test_pictures_without_a_path_are_refused(self) -> None:
        with pytest.raises(InputError, match="is black"):
            blur_of(Picture(np.zeros((9, 9, 3), np.uint8)))
        with pytest.raises(InputError, match="spans 140 pixels; 101 is the most"):
            blur_of(Picture(np.full((9, 140, 3), 200, np.uint8)))


def undone(kernel: np.ndarray = PATH, confidence: float = 0.7, **changes: Any) -> Undone:
    pixels = np.zeros((4, 4, 3), np.uint8)
    shake = Shake(kernel, "linear", confidence, (kernel,), (slice(0, 4), slice(0, 4)))
    return replace(Undone(pixels, pixels, shake, shake.trust), **changes)


class TestWords:
    def test_what_is_believed(self) -> None:
        length = round(span(PATH))
        assert path_in_words(undone()) == f"Camera path found: {length} px long, fairly sure (70 %)."
        assert path_in_words(undone(confidence=0.95)) == f"Camera path found: {length} px long, sure (95 %)."
        assert path_in_words(undone(confidence=0.28)) == "Not sure of the camera's path (28 %): undone in part."
        assert (
            path_in_words(undone(confidence=0.05)) == "No path of the camera explains this photo, so none was undone."
        )
        still = np.zeros((3, 3), np.float32)
        still[1, 1] = 1
        assert path_in_words(undone(still)) == "No shake found: the photo counts as sharp."

    def test_what_was_asked(self) -> None:
        length = round(span(PATH))
        assert path_in_words(undone(strength=0.4), 0.4) == (
            f"Camera path found: {length} px long, fairly sure (70 %); strength 40 %, as asked."
        )
        assert path_in_words(undone(given=True)) == f"Camera path as given: {length} px long."
        assert path_in_words(undone(confidence=0.05, strength=1.0), 1.0) == (
            "No path of the camera explains this photo (5 %); strength 100 %, as asked."
        )

    def test_small_photos(self) -> None:
        assert "too small" in path_in_words(undo(np.zeros((20, 20, 3), np.uint8)))

    def test_for_programs(self) -> None:
        assert path_facts(undone()) == {
            "given": False,
            "length": pytest.approx(span(PATH), abs=0.01),
            "radius": pytest.approx(undone().shake.radius, abs=1e-3),
            "confidence": 0.7,
            "strength": pytest.approx(0.75),
        }


class TestRecipes:
    recipe = Recipe("deblur", Settings(blur=Blur(PATH, "sRGB", exact=False), strength=0.35), preset="path")

    def test_a_path_comes_back_to_the_last_bit(self) -> None:
        again = Recipe.from_json(self.recipe.to_json())
        assert again == self.recipe
        request = again.request(scene())
        assert request.settings.blur is not None and np.array_equal(request.settings.blur.kernel, Blur(PATH).kernel)
        assert (request.settings.blur.light, request.settings.blur.exact, request.settings.strength) == (
            "sRGB",
            False,
            0.35,
        )
        assert request.settings.blur == again.settings.blur
        assert json.loads(self.recipe.to_json())["diffir_recipe"] == 3
        assert json.loads(Recipe("deblur").to_json())["diffir_recipe"] == 1

    def test_a_run_is_repeated_with_the_same_pixels(self) -> None:
        ours = engine("deblur", config=WITH_PATH)
        ours = replace(ours, info=replace(ours.info, file=deblur.PATH.weights))
        run = ours.restore(Request(scene(), settings=Settings(blur=BLUR, strength=0.6)))
        found = run.recipe("photo.png")
        assert found is not None and found.preset == "path"
        again = Recipe.from_json(found.to_json())
        repeated = ours.restore(again.request(scene()))
        assert np.array_equal(repeated.picture.pixels, run.picture.pixels)

    @pytest.mark.parametrize(
        "path",
        [
            "here",
            {},
            {"side": 5},
            {"side": 5, "kernel": "!!", "light": "linear", "exact": 1},
            {"side": 5, "kernel": base64.b64encode(b"no zlib").decode(), "light": "linear", "exact": 1},
            {"side": 5, "kernel": "short", "light": "linear", "exact": 1},
            {"side": 4, "kernel": np.ones((4, 4)), "light": "linear", "exact": 1},
            {"side": 103, "kernel": np.ones((103, 103)), "light": "linear", "exact": 1},
            {"side": 5, "kernel": np.zeros((5, 5)), "light": "linear", "exact": 1},
            {"side": 5, "kernel": np.full((5, 5), np.nan), "light": "linear", "exact": 1},
            {"side": 5, "kernel": np.ones((5, 6)), "light": "linear", "exact": 1},
            {"side": 5, "kernel": np.ones((5, 5)), "light": "candle", "exact": 1},
            {"side": 5, "kernel": np.zeros((4000, 4000)), "light": "linear", "exact": 1},  # unpacks to 64 MB
        ],
    )
    def test_a_strange_path_is_refused(self, path: Any) -> None:
        if isinstance(path, dict) and isinstance(kernel := path.get("kernel"), np.ndarray):
            path = path | {"kernel": base64.b64encode(zlib.compress(kernel.astype("<f4").tobytes())).decode()}
        fields = json.loads(self.recipe.to_json()) | {"path": path}
        with pytest.raises(InputError, match="The recipe is damaged: its field '.*' makes no sense"):
            Recipe.from_fields(fields)

    @pytest.mark.parametrize("strength", [-0.1, 1.1, "half", float("nan"), True])
    def test_a_strange_strength_is_refused(self, strength: Any) -> None:
        with pytest.raises(InputError, match="its field 'strength' makes no sense"):
            Recipe.from_fields(json.loads(self.recipe.to_json()) | {"strength": strength})

    def test_other_tasks_have_no_path(self) -> None:
        with pytest.raises(InputError, match="its field 'path' makes no sense"):
            Recipe.from_fields(json.loads(self.recipe.to_json()) | {"task": "clean"})


def test_answers_are_told_apart_by_path_and_strength() -> None:
    picture = scene()
    asked = [
        Request(picture),
        Request(picture, settings=Settings(strength=0.5)),
        Request(picture, settings=Settings(strength=0.6)),
        Request(picture, settings=Settings(blur=BLUR)),
        Request(picture, settings=Settings(blur=Blur(PATH, "sRGB"))),
        Request(picture, settings=Settings(blur=Blur(PATH, exact=False))),
        Request(picture, settings=Settings(blur=Blur(PATH.T))),
    ]
    assert len({key_of(request) for request in asked}) == len(asked)
    assert key_of(asked[3]) == key_of(Request(picture, settings=Settings(blur=Blur(PATH.copy()))))


def test_a_path_that_was_found_is_not_looked_for_again() -> None:
    request = Request(scene(160), settings=Settings(strength=0.4))
    run = engine("deblur", config=WITH_PATH).restore(request)
    assert run.undone is not None
    events = list(engine("deblur", config=WITH_PATH).stream(request, found=run.undone.shake))
    told = next(event for event in events if isinstance(event, PathFound))
    assert told.shake is run.undone.shake
    assert np.array_equal(last(events).picture.pixels, run.picture.pixels)


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    run = engine("deblur", config=WITH_PATH).restore(Request(scene(128)))
    return Outcome(run, "photo.png", recipe=replace(Recipe("deblur"), preset="path"))


class TestByHand:
    def test_what_a_bend_asks_for(self, outcome: Outcome) -> None:
        undone, request = outcome.run.undone, outcome.run.request
        assert undone is not None and bent_request(request, undone, Bend()) is request
        weaker = bent_request(request, undone, Bend(strength=20))
        assert weaker.settings.blur is None and weaker.settings.strength == 0.2
        turned = bent_request(request, undone, Bend(turn=90, length=150))
        assert (
            turned.settings.blur is not None
            and turned.settings.strength == undone.strength
            and not turned.settings.blur.exact
        )
        assert np.array_equal(turned.settings.blur.kernel, Blur(bent(undone.shake.kernel, 90, 1.5)).kernel)
        line = bent_request(request, undone, Bend(line=[(-5, 0), (5, 0)], strength=100))
        assert line.settings.blur is not None and np.array_equal(
            line.settings.blur.kernel, drawn(np.array([[-5, 0], [5, 0]]))
        )

    def test_the_outcome_goes_along_and_back(self, outcome: Outcome, tmp_path: Path) -> None:
        undone = outcome.run.undone
        assert undone is not None and outcome.recipe is not None
        measured = replace(
            outcome, measured={RESULT: {"psnr": 1.0}, DECONVOLVED: {"psnr": 1.0}, "input": {"psnr": 2.0}}
        )
        bend = Bend(turn=12, strength=40)
        request = bent_request(outcome.run.request, undone, bend)
        after = measured.moved(engine("deblur", config=WITH_PATH).restore(request, ipr=outcome.run.estimate), bend)
        assert (
            after.recipe is not None
            and after.recipe.settings.blur is not None
            and after.recipe.settings.strength == 0.4
        )
        assert after.run is outcome.restoration and after.measured == {"input": {"psnr": 2.0}}
        shown = board_of(after, ImageServer(lambda data, name: str(tmp_path / name))).path
        assert shown is not None and shown.bent == "Changed by you: turned by +12°, strength 40 %."
        assert shown.says == path_in_words(undone) and shown.bend == bend
        back = after.moved(after.run, Bend())
        assert back.restoration is outcome.restoration and back.recipe == outcome.recipe and back.bend.is_nothing

    def test_the_board_shows_how_it_was_found(self, outcome: Outcome, tmp_path: Path) -> None:
        value = board_of(outcome, ImageServer(lambda data, name: str(tmp_path / name)))
        assert value.path is not None and outcome.run.undone is not None
        kernel = outcome.run.undone.shake.kernel
        assert value.path.kernel.side == len(kernel) and max(value.path.kernel.levels) == 255
        assert np.argmax(value.path.kernel.levels) == kernel.argmax()
        shares = [step.share for step in value.path.steps]
        assert shares == sorted(shares) and shares[-1] == 1 and len(shares) > 3
        faithful = engine("deblur").restore(Request(scene()))
        assert board_of(Outcome(faithful, "photo.png"), ImageServer(lambda data, name: name)).path is None

    def test_the_deconvolved_photo_can_be_compared(self, outcome: Outcome, tmp_path: Path) -> None:
        undone = outcome.run.undone
        assert undone is not None and undone.strength > 0
        value = board_of(outcome, ImageServer(lambda data, name: str(tmp_path / name)))
        keys = [each.key for each in value.methods]
        assert keys[:3] == ["input", DECONVOLVED, "result"] and value.methods[1].view is not None
        assert np.array_equal(outcome.pictures[DECONVOLVED].pixels, undone.sharp)
        assert outcome.pictures[DECONVOLVED] is outcome.pictures[DECONVOLVED]  # so that its file is written once
        sharp = engine("deblur", config=WITH_PATH).restore(Request(Picture(large_scene(192, 192))))
        assert DECONVOLVED not in Outcome(sharp, "photo.png").pictures

    def test_words_for_changes(self) -> None:
        assert changes(Bend()) == ""
        changed = Bend(turn=-30, length=150, strength=5, line=[(0, 0), (1, 1)])
        assert changes(changed) == "drawn by hand, turned by −30°, 150 % long, strength 5 %"
        recipe = Recipe("deblur", Settings(blur=BLUR, strength=0.4))
        assert path_of_recipe(recipe) == ["a path of its own", "strength 40 %"] and path_of_recipe(Recipe("sr")) == []

    @pytest.mark.parametrize(
        "bend",
        [
            {"turn": 181},
            {"length": 10},
            {"length": float("nan")},
            {"strength": 101},
            {"line": [[0, 102]]},
            {"line": [[0, 0, 0]]},
            {"line": [[0, 0]] * 401},
        ],
    )
    def test_what_no_page_asks_is_refused(self, bend: Any) -> None:
        with pytest.raises(ValidationError):
            PathChange.model_validate({"number": 1, "bend": bend})


class TestCommandLine:
    @pytest.fixture(autouse=True)
    def files(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Tiny weights, a shaken photo and a picture of its path."""
        folder = tmp_path / "checkpoints"
        folder.mkdir()
        for key in ("deblur", "clean"):
            save(folder / get_task(key).weights, network(key), task=key, provenance="untrained", name="tiny")
        save(folder / deblur.PATH.weights, network_of(deblur.PATH), task="deblur", provenance="untrained", name="tiny")
        monkeypatch.setenv("DIFFIR_CHECKPOINTS", str(folder))
        monkeypatch.chdir(tmp_path)
        save_picture(scene(), "in.png")
        save_picture(picture_of(PATH), "path.png")
        return tmp_path

    def run(self, *more: str, task: str = "deblur") -> int:
        return main(["restore", task, "in.png", "-o", "out.png", *more])

    def test_path_and_strength(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.run("--preset", "path", "--path", "path.png", "--strength", "0.5", "--json") == 0
        told = json.loads(capsys.readouterr().out)
        assert told["path"]["given"] and told["path"]["strength"] == 0.5 and told["preset"] == "path"
        assert told["path"]["length"] == pytest.approx(span(PATH), abs=1) and told["path"]["confidence"] == 1
        assert told["notices"] == [f"Camera path as given: {round(span(PATH))} px long; strength 50 %, as asked."]
        recipe = find_recipe(Path("out.png"))
        assert recipe is not None and recipe.settings.blur is not None and recipe.settings.strength == 0.5
        first = load_picture("out.png").pixels
        assert main(["restore", "deblur", "in.png", "-o", "again.png", "--recipe", "out.png"]) == 0
        assert np.array_equal(load_picture("again.png").pixels, first)

    def test_the_path_is_saved_and_read_back(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.run("--preset", "path", "--path-map", "found.png") == 0
        assert "path -> found.png" in capsys.readouterr().out
        found = load_picture("found.png")
        assert found.pixels.max() == 255 and found.width == found.height and found.width % 2 == 1
        assert self.run("--preset", "path", "--path", "found.png", "--path-map", "same.png") == 0
        same = blur_of(load_picture("same.png")).kernel
        assert likeness(same, blur_of(found).kernel) > 0.9999

    @pytest.mark.parametrize(
        ("more", "sentence"),
        [
            (
                ["--preset", "faithful", "--strength", "0.5"],
                "'faithful' undoes no camera path, so --strength has no use. Add --preset path.",
            ),
            (["--preset", "faithful", "--path", "path.png"], "'faithful' undoes no camera path, so --path has no use"),
            (
                ["--preset", "faithful", "--path-map", "p.png"],
                "'faithful' undoes no camera path, so --path-map has no use",
            ),
            (["--baseline", "blind", "--strength", "0"], "--baseline runs no network, so --strength has no use"),
            (["--preset", "path", "--path-map", "p.jpg"], "A path is saved as PNG, not as 'p.jpg'"),
            (["--preset", "path", "--path-map", "out.png"], "The path map would overwrite 'out.png'"),
            (["--preset", "path", "--path", "path.png", "--path-map", "path.png"], "would overwrite 'path.png'"),
            (["--preset", "path", "--path-map", "a.png", "--trace", "a.png"], "Trace and path map would both be saved"),
            (["--preset", "path", "--path", "in.png.not"], "in.png.not"),
        ],
    )
    def test_one_sentence_for_each_misuse(
        self, more: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert self.run(*more) == 2
        told = capsys.readouterr().err
        assert sentence in told and told.count("\n") == 1 and not Path("out.png").exists()

    def test_other_tasks_have_no_path(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.run("--strength", "1", task="clean") == 2
        assert "undoes no camera path, so --strength has no use. Leave it out." in capsys.readouterr().err

    def test_a_picture_that_is_no_path(self, capsys: pytest.CaptureFixture[str]) -> None:
        Image.new("RGB", (9, 9)).save("black.png")
        assert self.run("--preset", "path", "--path", "black.png") == 2
        assert "The picture of the camera's path is black." in capsys.readouterr().err


def test_a_path_is_what_training_draws() -> None:
    """One rasteriser serves both: the kernels of training and of the page are of one kind."""
    points = np.stack([np.linspace(-4, 4, 256), np.zeros(256)], axis=1)
    assert np.allclose(rasterised(points), drawn(np.array([[-4, 0], [4, 0]])), atol=1e-6)


def test_a_bent_path_is_shown_where_there_is_something_to_see() -> None:
    pixels = np.full((600, 900, 3), 120, np.uint8)
    pixels[400:480:4, 700:780] = 255
    left, top, right, bottom = busiest(Picture(pixels), (0.0, 0.0, 1.0, 1.0), 160)
    assert left * 900 <= 700 and right * 900 >= 780 and top * 600 <= 400 and bottom * 600 >= 480
    assert (right - left) * 900 <= 161 and (bottom - top) * 600 <= 161
    seen = (0.0, 0.0, 0.5, 0.5)  # what is not on the screen does not count
    left, top, right, bottom = busiest(Picture(pixels), seen, 160)
    assert right <= 0.5 and bottom <= 0.5
    assert busiest(Picture(pixels[:40, :50]), (0.2, 0.2, 0.4, 0.4), 160) == pytest.approx((0.2, 0.2, 0.4, 0.4))
