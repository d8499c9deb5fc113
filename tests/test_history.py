"""The list of a browser's runs without a browser: what it is told, and what it is believed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from gradio.data_classes import FileData
from pydantic import ValidationError

from diffir_demo.imaging import Picture, save_picture
from diffir_demo.recipe import Recipe
from diffir_demo.tasks import TASKS
from diffir_demo.ui.files import still_there
from diffir_demo.ui.history import RunList, RunListValue, again
from diffir_demo.ui.photo.canvas import MaskValue, StrokeData
from diffir_demo.ui.photo.photos import canvas_for, recipe_for
from diffir_demo.ui.photo.reading import placed


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    (tmp_path / "cache" / "a").mkdir(parents=True)
    return tmp_path / "cache"


def test_only_files_of_the_cache_are_ever_there(cache: Path, tmp_path: Path) -> None:
    inside, outside = cache / "a" / "x.png", tmp_path / "secret.txt"
    inside.touch()
    outside.touch()
    asked = [str(inside), str(outside), str(cache / ".." / "secret.txt"), str(cache / "a"), "\0", 7, "/etc/passwd"]
    assert still_there(asked) == [True, False, False, False, False, False, False]
    assert still_there("/etc/passwd") == [] and len(still_there([str(inside)] * 1000)) < 100


@pytest.mark.parametrize("value", [{"photo": {"path": "secret.png"}, "recipe": ""}, {"recipe": "x" * 400_001}])
def test_a_request_names_only_files_that_gradio_checks(value: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RunListValue.model_validate({"restore": value}, context={"validate_meta": True})


def test_every_task_has_an_event() -> None:
    runs = RunList(render=False)
    for key in TASKS:
        assert callable(getattr(runs, again(key)))


def test_the_canvas_comes_back_from_a_recipe(tmp_path: Path) -> None:
    hole = np.zeros((40, 60), bool)
    hole[5:9, 7:30] = True
    base = save_picture(Picture(np.repeat(hole[..., None], 3, 2).astype(np.uint8) * 255), tmp_path / "mask.png")
    drawn = MaskValue(
        file=FileData(path="x.png"),
        mask=FileData(path=str(base)),
        strokes=[
            StrokeData(r=0.05, p=[(0.2, 0.2), (0.6, 0.7)]),
            StrokeData(k="lasso", e=1, p=[(0.1, 0.1), (0.5, 0.1), (0.3, 0.4)]),
            StrokeData(k="grow", r=-0.01),
        ],
        feather=0.03,
    )
    recipe = Recipe.from_json(recipe_for(TASKS["inpaint"], drawn, 3).to_json())
    back = canvas_for(recipe, MaskValue(file=FileData(path="y.png")))
    assert back.file is not None and back.file.path == "y.png" and back.feather == 0.03
    assert np.array_equal(back.rasterised(40, 60), drawn.rasterised(40, 60))
    assert not canvas_for(replace(recipe, drawing=None, mask=None), back).has_mask


def test_a_photo_that_browsers_cannot_show_gets_a_preview(tmp_path: Path) -> None:
    picture = Picture(np.full((4, 6, 3), 9, np.uint8))
    shown, hidden = (save_picture(picture, tmp_path / name) for name in ("a.png", "a.tif"))
    assert placed(FileData(path=str(shown))).preview is None
    preview = placed(FileData(path=str(hidden))).preview
    assert preview is not None and preview.path.endswith(".png")
