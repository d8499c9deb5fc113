"""Holes filled with texture: copies by depth and roughness, and the same choice wherever a run is asked for."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from diffir_demo import exemplar, texture
from diffir_demo.cli import main
from diffir_demo.errors import InputError
from diffir_demo.events import COPYING, Painting
from diffir_demo.exemplar import Filled, depth_of
from diffir_demo.imaging import Picture, save_picture
from diffir_demo.recipe import Recipe
from diffir_demo.settings import Settings
from diffir_demo.tasks import TASKS, Fill, Request
from diffir_demo.texture import (
    AT_ONCE,
    MARGIN,
    NEAR,
    SHARE_OF_THIN,
    Textured,
    bands,
    low_difference,
    matched,
    nearness,
    share,
    textured,
)
from diffir_demo.tick import Tick, no_tick
from diffir_demo.weights import save
from tests.tiny import engine, network

INPAINT = TASKS["inpaint"]


def bricks(side: int = 160) -> np.ndarray:
    """(side, side, 3) uint8: rows of bricks with joints."""
    y, x = np.mgrid[:side, :side]
    joint = (y % 16 < 3) | ((x + 16 * (y // 16 % 2)) % 32 < 3)
    return np.where(joint[..., None], (200, 196, 190), (150, 70, 50)).astype(np.uint8)


def hole_in(side: int, low: int, high: int) -> np.ndarray:
    hole = np.zeros((side, side), bool)
    hole[low:high, low:high] = True
    return hole


def filled_with(copies: np.ndarray):  # noqa: ANN201
    """In place of `exemplar.fill`."""

    def fill(
        pixels: np.ndarray, hole: np.ndarray, seed: int = 0, guide: np.ndarray | None = None, tick: Tick = no_tick
    ) -> Filled:
        return Filled(np.where(hole[..., None], copies, pixels), hole)

    return fill


def error(a: np.ndarray, b: np.ndarray, where: np.ndarray) -> float:
    return float(np.abs(a.astype(float) - b)[where].mean())


def test_texture_comes_back_where_a_network_would_paint_the_mean() -> None:
    truth, hole = bricks(), hole_in(160, 60, 100)
    painted = np.where(hole[..., None], truth.mean(axis=(0, 1)), truth).astype(np.uint8)
    found = textured(np.where(hole[..., None], 0, truth).astype(np.uint8), hole, painted, "texture")
    assert error(found.pixels, truth, hole) < 0.3 * error(painted, truth, hole)
    assert np.array_equal(found.pixels[~hole], truth[~hole])
    assert np.array_equal(found.copied, hole) and found.notices == ()


def test_what_is_hidden_has_no_say() -> None:
    hole = hole_in(160, 60, 100)
    painted = bricks()
    found = [
        textured(np.where(hole[..., None], np.uint8(level), bricks()), hole, painted, "auto") for level in (0, 255)
    ]
    assert np.array_equal(found[0].pixels, found[1].pixels) and np.array_equal(found[0].copied, found[1].copied)


def test_auto_leaves_smooth_ground_to_the_network() -> None:
    sky = np.broadcast_to(np.linspace(100, 160, 160).astype(np.uint8)[:, None, None], (160, 160, 3)).copy()
    painted, hole = np.where(hole_in(160, 60, 100)[..., None], np.uint8(7), sky), hole_in(160, 60, 100)
    found = textured(sky, hole, painted, "auto")
    assert np.array_equal(found.pixels, painted) and not found.copied.any()
    always = textured(sky, hole, painted, "texture")
    assert always.copied.any() and not np.array_equal(always.pixels, painted)


def test_auto_takes_more_of_wide_holes_than_of_thin_strokes() -> None:
    thin, wide = np.zeros((160, 160), bool), hole_in(160, 60, 100)
    thin[78:82] = True
    assert share(bricks(), thin)[80, 80] == pytest.approx(1 - SHARE_OF_THIN)
    assert share(bricks(), wide)[80, 80] == pytest.approx(1)
    assert not share(bricks(), wide)[~wide].any()


def test_auto_judges_the_depths_of_a_hole_as_its_rim() -> None:
    hole = hole_in(400, 60, 340)
    assert share(bricks(400), hole)[hole].min() == 1
    assert share(np.full((400, 400, 3), 90, np.uint8), hole).max() == 0
    assert share(bricks(40), np.ones((40, 40), bool)).max() == 0  # nothing known


def test_auto_doubts_copies_that_the_network_contradicts_near_the_rim(monkeypatch: pytest.MonkeyPatch) -> None:
    hole = hole_in(160, 40, 120)
    painted = np.where(hole[..., None], np.uint8(10), bricks())
    monkeypatch.setattr(exemplar, "fill", filled_with(np.full((160, 160, 3), 240, np.uint8)))
    auto, always = (textured(bricks(), hole, painted, fill) for fill in ("auto", "texture"))
    assert (auto.pixels[80, 42] == 10).all() and not auto.copied[80, 42] and always.copied[80, 42]
    assert (auto.pixels[80, 80] == 240).all() and auto.copied[80, 80], (
        "deep inside there is nothing to set against them"
    )
    assert (always.pixels[80, 80] == 240).all() and always.copied[80, 80]


def test_near_the_rim_the_colours_are_the_networks() -> None:
    hole = hole_in(160, 20, 140)
    grey, pale = np.full((160, 160, 3), 100, np.uint8), np.full((160, 160, 3), 140, np.uint8)
    painted = np.where(hole[..., None], grey, pale)
    copies = np.full_like(grey, 140)
    mixed = matched(copies, low_difference(copies, painted, hole), nearness(hole))
    depth = depth_of(hole)
    rim, middle = mixed[(depth > 2) & (depth <= NEAR)], mixed[depth > 40]
    assert rim.mean() < 130 and (middle == 140).all()


@pytest.mark.parametrize("fill", ["texture", "auto"])
def test_in_portions_it_is_the_same_picture(fill: Fill, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are mixed in bands, so that a large photo can be left between two of them."""
    pixels, hole = np.tile(bricks(), (3, 1, 1)), np.zeros((480, 160), bool)
    hole[30:60, 20:140] = hole[200:330, 40:110] = hole[470:] = True
    painted = np.where(hole[..., None], np.uint8(120), pixels)
    found = list[Textured]()
    for at_once in (texture.AT_ONCE, 160 * 200):
        monkeypatch.setattr(texture, "AT_ONCE", at_once)
        found.append(textured(pixels, hole, painted, fill))
    assert len(list(bands(hole))) > 3
    assert np.array_equal(found[0].pixels, found[1].pixels) and np.array_equal(found[0].copied, found[1].copied)


def test_bands_cover_the_hole_and_leave_out_the_rest() -> None:
    hole = np.zeros((9000, 1000), bool)
    hole[10:20] = hole[3000:5500] = hole[8999] = True
    found = list(bands(hole))
    covered = np.zeros(9000, int)
    for band in found:
        covered[band.rows] += 1
        assert band.seen.stop - band.seen.start <= AT_ONCE / 1000 + MARGIN
        assert np.arange(9000)[band.seen][band.inner][0] == band.rows.start
    assert covered.max() == 1 and (covered[hole.any(axis=1)] == 1).all() and not covered[6000:8990].any()


def test_the_pictures_border_is_no_rim() -> None:
    hole = np.zeros((64, 64), bool)
    hole[:, :20] = True
    assert depth_of(hole)[32, 0] == pytest.approx(20, abs=0.5)


@pytest.mark.parametrize("fill", ["texture", "auto"])
def test_a_run_copies_and_says_where(fill: Fill) -> None:
    photo, hole = Picture(bricks()), hole_in(160, 60, 100)
    events = list(engine("inpaint").stream(Request(photo, hole, Settings(seed=3, fill=fill))))
    told = [event.fraction for event in events if isinstance(event, Painting) and event.label == COPYING]
    assert told and told == sorted(told)
    run = events[-1].restoration
    assert run.copied is not None and run.copied.any() and not run.copied[~hole].any()
    assert run.seconds.copy > 0 and run.seconds.total >= run.seconds.copy
    assert np.array_equal(run.picture.pixels[~hole], photo.pixels[~hole])
    again = engine("inpaint").restore(Request(photo, hole, Settings(seed=3, fill=fill)))
    assert np.array_equal(again.picture.pixels, run.picture.pixels)


def test_the_network_alone_copies_nothing() -> None:
    run = engine("inpaint").restore(Request(Picture(bricks()), hole_in(160, 60, 100)))
    assert run.copied is None and run.seconds.copy == 0


def test_in_a_large_photo_copies_lie_where_the_hole_is() -> None:
    pixels = np.tile(bricks(320), (6, 5, 1))  # 1920 x 1600
    hole = np.zeros(pixels.shape[:2], bool)
    hole[1700:1740, 1400:1450] = True
    run = engine("inpaint").restore(Request(Picture(pixels), hole, Settings(fill="texture")))
    assert run.copied is not None and np.array_equal(run.copied, hole)
    assert error(run.picture.pixels, pixels, hole) < 20
    assert np.array_equal(run.picture.pixels[~hole], pixels[~hole])


def test_other_fills_are_refused() -> None:
    with pytest.raises(InputError, match="one of network, texture, auto, not by 'magic'"):
        Request(Picture(bricks()), settings=Settings(fill="magic"))  # pyright: ignore[reportArgumentType]


def test_presets_share_a_file_and_differ_in_what_fills_holes() -> None:
    assert [(each.key, each.fill) for each in INPAINT.presets] == [
        ("auto", "auto"),
        ("texture", "texture"),
        ("faithful", "network"),
    ]
    assert INPAINT.preset_behind(INPAINT.weights, 1, "auto") is INPAINT.presets[0]
    assert len(INPAINT.presets_of(INPAINT.weights, 1)) == 3


def test_a_recipe_repeats_the_fill() -> None:
    photo, hole = Picture(bricks()), hole_in(160, 60, 100)
    run = engine("inpaint").restore(Request(photo, hole, Settings(fill="texture")))
    recipe = run.recipe("photo.png")
    assert recipe is not None
    assert Recipe("inpaint", preset="auto").request(photo, hole).settings.fill == "auto"
    assert Recipe("inpaint").request(photo, hole).settings.fill == "network", (
        "as in recipes from before there was a choice"
    )


def test_the_command_line_chooses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:  # noqa: ANN001
    monkeypatch.setenv("DIFFIR_CHECKPOINTS", str(tmp_path))
    save(tmp_path / INPAINT.weights, network("inpaint"), task="inpaint", provenance="untrained", name="tiny")
    photo, mask = tmp_path / "photo.png", tmp_path / "mask.png"
    save_picture(Picture(bricks()), photo)
    save_picture(
        Picture(np.where(hole_in(160, 60, 100)[..., None], 255, np.zeros((160, 160, 3))).astype(np.uint8)), mask
    )
    call = ["restore", "inpaint", str(photo), "--mask", str(mask), "--json", "-o"]
    found = {}
    for name, more in {"default": [], "texture": ["--preset", "texture"], "faithful": ["--preset", "faithful"]}.items():
        assert main([*call, str(tmp_path / f"{name}.png"), *more]) == 0
        found[name] = json.loads(capsys.readouterr().out)
    assert [found[name]["preset"] for name in found] == ["auto", "texture", "faithful"]
    assert found["texture"]["seconds"]["copy"] > 0 and found["faithful"]["seconds"]["copy"] == 0
    again = tmp_path / "again.png"
    assert main([*call, str(again), "--recipe", str(tmp_path / "texture.png")]) == 0
    assert again.read_bytes() == (tmp_path / "texture.png").read_bytes()
