"""Presets: the networks that a task ships, told apart by name and scale, with their files there or not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
import torch
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from diffir_demo.api import load
from diffir_demo.cli import main
from diffir_demo.errors import InputError, WeightsError
from diffir_demo.imaging import Picture, load_picture, save_picture
from diffir_demo.model import COMPACT
from diffir_demo.recipe import Recipe, UsedWeights, read_recipe
from diffir_demo.settings import Settings
from diffir_demo.shipped import checkpoint_folder
from diffir_demo.tasks import TASKS, Preset
from diffir_demo.training import runs
from diffir_demo.training.config import TrainConfig
from diffir_demo.training.data import PairStream, PhotoPool, TrainData
from diffir_demo.training.init_from import network_of
from diffir_demo.ui.component import times
from diffir_demo.ui.history import RunList
from diffir_demo.ui.state import AppState, choice
from diffir_demo.ui.tab import Tab
from diffir_demo.weights import inspect, save
from tests.factories import served
from tests.pictures import noise
from tools.evaluation import evaluate

from .tiny import network_of as tiny

SR = TASKS["sr"]
REAL_X4, REAL_X2, FAITHFUL, CRISP = SR.presets


def ship(folder: Path, *presets: Preset) -> None:
    """Their weight files, tiny and untrained."""
    for seed, preset in enumerate(presets):
        save(folder / preset.weights, tiny(preset, seed), task="sr", provenance="untrained", name=preset.key)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty checkpoints folder."""
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    monkeypatch.setenv("DIFFIR_CHECKPOINTS", str(folder))
    return folder


@pytest.fixture
def whole(folder: Path) -> Path:
    """A checkpoints folder with every preset of super-resolution."""
    ship(folder, *SR.presets)
    return folder


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    pixels = noise(24, 32)
    save_picture(Picture(pixels), tmp_path / "small.png")
    return tmp_path / "small.png"


# --- what tasks say of them ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_every_task_has_presets_that_it_accepts(task) -> None:  # noqa: ANN001
    assert all(task.accepts(preset.config) for preset in task.presets)
    assert len({(preset.weights, preset.fill) for preset in task.presets}) == len(task.presets)
    assert len({(preset.key, preset.scale) for preset in task.presets}) == len(task.presets)
    assert (task.config, task.weights) in [(preset.config, preset.weights) for preset in task.presets]
    assert all(preset.config in COMPACT.values() and preset.summary.endswith(".") for preset in task.presets)


def test_names_and_scales() -> None:
    assert SR.scales == (2, 4) and TASKS["deblur"].scales == (1,)
    assert SR.preset("real", 2) is REAL_X2 and SR.preset("crisp") is CRISP and SR.preset(scale=2) is REAL_X2
    assert [SR.title_of(each) for each in SR.presets] == ["Real photos x4", "Real photos x2", "Faithful", "Crisp"]
    with pytest.raises(InputError, match="no preset 'reel'. Choose one of: real, faithful, crisp."):
        SR.preset("reel")
    with pytest.raises(InputError, match="The preset 'crisp' cannot enlarge x2. It works at x4."):
        SR.preset("crisp", 2)
    with pytest.raises(InputError, match="Super-resolution cannot enlarge x3. It works at x2 and x4."):
        SR.preset(scale=3)


def test_the_default_is_the_first_whose_file_is_there(folder: Path) -> None:
    assert SR.available == () and SR.preset() is REAL_X4
    ship(folder, CRISP)
    assert SR.preset() is CRISP and SR.preset("real") is REAL_X4
    ship(folder, FAITHFUL)
    assert SR.available == (FAITHFUL, CRISP) and SR.preset(scale=4) is FAITHFUL
    ship(folder, REAL_X2)
    assert SR.preset("real") is REAL_X2, "the one of that name that is there"
    ship(folder, REAL_X4)
    assert SR.preset() is SR.preset("real") is REAL_X4


def test_a_file_is_a_preset_by_its_name_and_scale() -> None:
    assert SR.preset_behind("compact-sr-real-x2.safetensors", 2) is REAL_X2
    assert SR.preset_behind("compact-sr-real-x2.safetensors", 4) is None
    assert SR.preset_behind("mine.pth", 4) is None


def test_a_task_as_a_preset() -> None:
    real = SR.as_preset(REAL_X2)
    assert (real.config, real.weights, real.margin) == (REAL_X2.config, REAL_X2.weights, 32)
    assert real.reads == ("noise", "softness", "compression") and list(real.sets) == ["x2", "real-x2"]
    crisp = SR.as_preset(CRISP)
    assert (crisp.weights, crisp.damage, crisp.sets, crisp.reads) == (CRISP.weights, SR.damage, SR.sets, ())
    assert SR.at_scale(4) is SR and SR.at_scale(2) == real


@pytest.mark.parametrize("preset", SR.presets, ids=lambda each: f"{each.key}-x{each.scale}")
def test_training_pairs_and_test_cases_have_the_scale_of_the_preset(preset: Preset) -> None:
    task = SR.as_preset(preset)
    pool = PhotoPool([noise(224, 224)], torch.device("cpu"))
    batch = PairStream(TrainData.prepare(task, pool), seed=0).batch(2, 64)
    assert batch.target.shape == (2, 3, 64, 64)
    assert batch.damaged.shape == (2, 3, 64 // preset.scale, 64 // preset.scale)
    assert (batch.severity is not None) == (preset.key == "real")
    sharp = Picture(noise(96, 128, seed=1))
    for degrade in (task.degrade, *task.sets.values()):
        case = degrade(sharp, np.random.default_rng(0))
        assert case.reference.width == case.request.picture.width * preset.scale


def test_real_photos_are_worse_than_clean_reductions() -> None:
    pixels = np.kron(np.random.default_rng(2).integers(0, 256, (12, 16, 3)), np.ones((16, 16, 1))).astype(np.uint8)
    clean, real = (SR.sets[name](Picture(pixels), np.random.default_rng(0)).request.picture for name in ("x4", "real"))
    assert clean.pixels.shape == real.pixels.shape
    assert np.abs(clean.pixels.astype(int) - real.pixels).mean() > 2


# --- the library -----------------------------------------------------------------------------------------------------


def test_presets_are_loaded_by_name_and_scale(whole: Path) -> None:
    found = [load("sr", preset="real", scale=2), load("sr"), load("sr", scale=2), load("sr", preset="crisp")]
    files = [REAL_X2.weights, REAL_X4.weights, REAL_X2.weights, CRISP.weights]
    assert [engine.info.file for engine in found] == files
    (whole / REAL_X4.weights).unlink()
    assert load("sr", scale=4).info.file == FAITHFUL.weights
    with pytest.raises(WeightsError, match="enlarges x4; x2 was asked for"):
        load("sr", whole / CRISP.weights, scale=2)
    with pytest.raises(InputError, match="names its own weight file"):
        load("sr", whole / CRISP.weights, preset="crisp")
    with pytest.raises(InputError, match="no preset 'crisp'. Choose one of: path, faithful."):
        load("deblur", preset="crisp")
    (whole / CRISP.weights).unlink()
    with pytest.raises(WeightsError, match="No weights for Super-resolution, Crisp, are shipped here"):
        load("sr", preset="crisp")


# --- the command line ------------------------------------------------------------------------------------------------


def restored(photo: Path, *arguments: object) -> int:
    return main(["restore", "sr", str(photo), "-o", str(photo.with_name("large.png")), *map(str, arguments)])


@pytest.mark.parametrize(
    ("arguments", "preset", "scale"),
    [
        ([], "real", 4),
        (["--scale", 2], "real", 2),
        (["--preset", "real", "--scale", 2], "real", 2),
        (["--preset", "crisp"], "crisp", 4),
    ],
)
def test_the_command_line_runs_the_preset_and_names_it(
    whole: Path, photo: Path, arguments: list[object], preset: str, scale: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert restored(photo, *arguments, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["preset"], told["scale"], told["size"]) == (preset, scale, [32 * scale, 24 * scale])
    recipe = read_recipe(photo.with_name("large.png"))
    assert (recipe.preset, recipe.scale) == (preset, scale)
    assert restored(photo, *arguments) == 0
    assert f", {SR.title_of(SR.preset(preset, scale))}, untrained" in capsys.readouterr().out


def test_weights_of_one_s_own_are_no_preset(whole: Path, photo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (whole / CRISP.weights).rename(whole / "mine.safetensors")
    assert restored(photo, "--weights", whole / "mine.safetensors", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["preset"], told["scale"]) == (None, 4)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--preset", "reel"], "Choose one of: real, faithful, crisp."),
        (["--preset", "faithful", "--scale", 2], "The preset 'faithful' cannot enlarge x2."),
        (["--scale", 3], "cannot enlarge x3"),
        (["--preset", "crisp", "--weights", "a.pth"], "--weights has no use beside it"),
        (["--preset", "crisp", "--baseline", "bicubic"], "--preset has no use beside it"),
        (["--baseline", "bicubic", "--scale", 3], "cannot enlarge x3"),
    ],
)
def test_what_makes_no_sense_is_refused(
    whole: Path, photo: Path, arguments: list[object], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert restored(photo, *arguments) == 2
    assert says in capsys.readouterr().err and not photo.with_name("large.png").exists()


@pytest.mark.parametrize("method", ["bicubic", "lanczos"])
@pytest.mark.parametrize("scale", [2, 4])
def test_baselines_take_a_scale(folder: Path, photo: Path, method: str, scale: int) -> None:
    assert restored(photo, "--baseline", method, "--scale", scale) == 0
    assert load_picture(photo.with_name("large.png")).width == 32 * scale


# --- recipes ---------------------------------------------------------------------------------------------------------


def test_a_recipe_from_elsewhere_finds_the_preset_where_the_file_differs(whole: Path, photo: Path) -> None:
    assert restored(photo, "--preset", "real", "--scale", 2) == 0
    first = photo.with_name("large.png").rename(photo.with_name("first.png"))
    save(whole / REAL_X2.weights, tiny(REAL_X2, 9), task="sr", provenance="untrained", name="retrained")
    recipe = read_recipe(first)
    assert recipe.find_weights() == whole / REAL_X2.weights
    assert "which is not here" in recipe.notices(inspect(whole / REAL_X2.weights))[0]
    assert restored(photo, "--recipe", first) == 0
    assert load_picture(photo.with_name("large.png")).width == 64
    assert restored(photo, "--recipe", first, "--preset", "crisp") == 0, "what is said beside it wins"
    assert read_recipe(photo.with_name("large.png")).preset == "crisp"


def test_what_a_recipe_is_found_by_in_turn(whole: Path) -> None:
    sha256 = inspect(whole / CRISP.weights).sha256
    unknown = UsedWeights(FAITHFUL.weights, "0" * 64, "")
    found = [
        Recipe("sr", weights=UsedWeights("gone.pth", sha256, ""), preset="real", scale=2),
        Recipe("sr", weights=unknown, preset="real", scale=2),
        Recipe("sr", weights=unknown),
        Recipe("sr", weights=UsedWeights("gone.pth", "0" * 64, ""), preset="of tomorrow", scale=2),
        Recipe("sr", preset="crisp"),
    ]
    files = [CRISP.weights, REAL_X2.weights, FAITHFUL.weights, REAL_X2.weights, CRISP.weights]
    assert [path.name for each in found if (path := each.find_weights())] == files
    assert Recipe("sr").find_weights() is None
    (whole / CRISP.weights).unlink()
    used = inspect(whole / FAITHFUL.weights)
    assert "with the preset crisp x4, which is not here" in Recipe("sr", preset="crisp").notices(used)[0]
    assert Recipe("sr", preset="faithful", scale=4).notices(used) == ()


def test_recipes_of_before_are_read_and_wrong_ones_refused() -> None:
    old = {"diffir_recipe": 1, "version": "0.1.0", "task": "sr", "seed": 3}
    assert Recipe.from_fields(old) == Recipe("sr", Settings(seed=3), version="0.1.0")
    for name, value in (("preset", 4), ("preset", "a" * 41), ("scale", "4"), ("scale", 0), ("scale", 4.0)):
        with pytest.raises(InputError, match=f"field '{name}' makes no sense"):
            Recipe.from_fields(old | {name: value})


# --- measuring and training ------------------------------------------------------------------------------------------


def test_networks_are_measured_at_their_own_scale(whole: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    save_picture(Picture(noise(64, 96)), data / "1.png")
    found = {table.set: table for table in (each.table for each in evaluate(SR.at_scale(2), data, precision="fp32"))}
    assert list(found) == ["x2", "real-x2", "untouched", "mix"]
    assert [row.method for row in found["x2"].rows if row.kind == "ours"] == ["DiffIR compact-sr-real-x2"]
    assert [row.method for row in found["x2"].rows if row.kind == "peer"] == []
    assert main(["evaluate", "--data", str(data), "--weights", str(whole / REAL_X2.weights), "--set", "x2"]) == 0
    assert main(["evaluate", "--data", str(data), "--task", "deblur", "--scale", "2"]) == 2


def test_a_training_run_knows_its_preset(whole: Path) -> None:
    recipe = TrainConfig("sr", 2, 1.0, preset="real", scale=2)
    assert recipe.trained.config == REAL_X2.config and recipe.trained.weights == REAL_X2.weights
    assert TrainConfig("sr", 2, 1.0).trained is SR
    assert TrainConfig.from_dict(recipe.to_dict()) == recipe
    assert [runs.label(SR.as_preset(each)) for each in SR.presets] == ["sr-real", "sr-real-x2", "sr", "sr-crisp"]
    with pytest.raises(InputError, match="no preset 'crisp'"):
        _ = TrainConfig("deblur", 1, 1.0, preset="crisp").trained
    with pytest.raises(InputError, match="holds another network than the one .* 'compact-sr-real-x2.safetensors'"):
        network_of(whole / REAL_X4.weights, SR.as_preset(REAL_X2))


# --- the app ---------------------------------------------------------------------------------------------------------


def test_the_app_lists_presets_first_and_by_their_titles(whole: Path) -> None:
    (whole / "a-mine.safetensors").write_bytes((whole / CRISP.weights).read_bytes())
    studio = AppState("cpu", "fp32")
    found = studio.weights_for(SR)
    assert [each.title for each in found] == ["Real photos x4", "Real photos x2", "Faithful", "Crisp", "a-mine"]
    assert found[0].label == "Real photos x4, the default (compact-sr-real.safetensors)"
    assert found[3].label == "Crisp (compact-sr-crisp.safetensors)" and found[4].label == "a-mine.safetensors"
    assert [each.preset for each in found] == ["real", "real", "faithful", "crisp", None]
    own = studio.own_weights(str(whole / CRISP.weights), SR)
    assert (own.preset, own.title) == (None, "compact-sr-crisp")
    assert studio.shipped(SR, "real", 2) == found[1] and studio.shipped(SR, None, None) == found[0]
    recipe = Recipe("sr", weights=UsedWeights("x.pth", "0" * 64, ""), preset="crisp", scale=4)
    assert studio.weights_of(recipe, SR) == found[3] and studio.weights_of(Recipe("sr"), SR) is None


def test_a_preset_without_its_file_is_told_in_a_sentence(folder: Path) -> None:
    ship(folder, FAITHFUL)
    studio = AppState("cpu", "fp32")
    assert studio.weights_for(SR)[0].label.startswith("Faithful, the default")
    with pytest.raises(WeightsError, match="The weights of Real photos x2 are not here"):
        studio.shipped(SR, "real", 2)


@pytest.fixture
def tab(whole: Path) -> Tab:
    """The tab of super-resolution, as the page has it."""
    with gr.Blocks():
        return Tab(SR, AppState("cpu", "fp32"), RunList())


def only(updates: Iterator[dict[Any, Any]]) -> dict[Any, Any]:
    """What a handler changes with its only answer."""
    (answer,) = updates
    return answer


def test_a_preset_chooses_its_weight_file(tab: Tab) -> None:
    presets, weights = tab.settings, tab.shared.weights
    assert presets.preset.value == "real" and weights.value == REAL_X4.weights
    assert [key for _, key in presets.preset.choices] == ["real", "faithful", "crisp"]
    assert presets.presets.visible and presets.scale.visible
    assert presets.scale.choices == [("x2", 2), ("x4", 4)] and presets.scale.value == 4
    smaller = only(presets.choose_preset("real", 2, None))
    assert smaller[weights] == REAL_X2.weights and smaller[presets.scale].value == 2
    assert REAL_X2.summary in smaller[presets.summary]
    crisp = only(presets.choose_preset("crisp", 2, None))
    assert crisp[weights] == CRISP.weights
    assert crisp[presets.scale].choices == [("x4", 4)] and crisp[presets.scale].visible, "what it does is seen, too"
    assert list(presets.choose_preset("reel", 4, None)) == []


def test_presets_follow_the_weight_file(tab: Tab, whole: Path) -> None:
    settings, shared = tab.settings, tab.shared
    chosen = only(settings.choose_weights(FAITHFUL.weights, {}, None))
    assert chosen[settings.preset].value == "faithful" and FAITHFUL.summary in chosen[settings.summary]
    brought = list(settings.upload_weights(str(whole / CRISP.weights), {}))[-1]
    assert brought[settings.preset].value is None and "No preset" in brought[settings.summary]
    restored, _ = settings.restored(Recipe("sr", preset="real", scale=2), {})
    assert restored[shared.weights] == REAL_X2.weights and restored[settings.scale].value == 2
    assert set(restored) <= set(settings.parts)


def test_test_damage_is_that_of_the_preset(tab: Tab) -> None:
    photo = tab.photo
    assert photo.task_for(REAL_X2.weights, {}).config == REAL_X2.config
    assert photo.task_for(FAITHFUL.weights, {}).degrade == SR.degrade
    own = choice(Path("mine.pth"), inspect(checkpoint_folder() / REAL_X2.weights), "mine")
    assert (own.preset, photo.task_for(own.key, {own.key: own}).config.scale) == (None, 2)


def test_there_is_nothing_to_choose_from_one(folder: Path) -> None:
    ship(folder, FAITHFUL)
    with gr.Blocks():
        tab = Tab(SR, AppState("cpu", "fp32"), RunList())
    assert not tab.settings.presets.visible


def test_the_api_takes_preset_and_scale(whole: Path, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(photo.parent / "cache"))
    with served() as url:
        client = Client(url, verbose=False)

        def asked(**options: Any) -> Recipe:
            answer = Path(client.predict(image=handle_file(photo), api_name="/sr", **options))
            recipe = read_recipe(answer)
            assert recipe.scale and load_picture(answer).width == 32 * recipe.scale
            assert answer.name == f"small-{recipe.scale}x.png"
            return recipe

        real = asked(preset="real", scale=2)
        assert (real.preset, real.scale) == ("real", 2) and asked(scale=2).preset == "real"
        assert asked().preset == "real" and asked().scale == 4
        assert asked(recipe=json.loads(real.to_json())).scale == 2
        assert asked(recipe=json.loads(real.to_json()), preset="crisp").preset == "crisp"
        with pytest.raises(AppError, match="Choose one of: real, faithful, crisp."):
            asked(preset="reel")
        described = client.view_api(return_format="dict", print_info=False)
        assert isinstance(described, dict)
        names = {
            key: {each["parameter_name"] for each in described["named_endpoints"][f"/{key}"]["parameters"]}
            for key in ("sr", "clean")
        }
        assert names["sr"] - names["clean"] == {"preset", "scale"}


def test_scales_in_words() -> None:
    assert times((2, 4)) == "two or four times" and times((4,)) == "four times"
    assert times((6,)) == "6 times"
