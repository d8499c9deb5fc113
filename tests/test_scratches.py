"""Scratches are found, and little else is: on the example photos, on drawn patterns, and by the command line."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from diffir_demo import scratches
from diffir_demo.cli import main
from diffir_demo.errors import InputError
from diffir_demo.imaging import load_mask, load_picture
from diffir_demo.scratches import find_scratches
from diffir_demo.scratches.judge import CONTEXT, FILE, SURE, TONE, shipped, with_context
from diffir_demo.scratches.parts import FIGURES, Parts
from diffir_demo.tasks import TASKS
from diffir_demo.tasks.old_photo import VISIBLE, aged, faded, touched
from diffir_demo.weights import save
from tests.tiny import network
from tools.evaluation import scratches as measurement
from tools.training import scratches as fitting

EXAMPLES = Path(__file__).parent.parent / "examples"
NAMES = ("portrait-eileen-collins", "landscape-lone-tree", "building-venetian-lagoon")


@cache
def example(name: str) -> np.ndarray:
    """(h, w, 3) uint8, 400 pixels a side at most."""
    return np.ascontiguousarray(load_picture(EXAMPLES / f"{name}.jpg").pixels[:400, :400])


def flat(side: int = 160, level: int = 128) -> np.ndarray:
    return np.full((side, side, 3), level, np.uint8)


def noisy(pixels: np.ndarray, deviation: float, seed: int = 0) -> np.ndarray:
    grain = np.random.default_rng(seed).normal(0, deviation, (*pixels.shape[:2], 1))
    return np.rint(np.clip(pixels + grain, 0, 255)).astype(np.uint8)


def texture(side: int = 256, seed: int = 1) -> np.ndarray:
    """Smooth random ground with grain: cloth, or sand."""
    ground = cv2.GaussianBlur(np.random.default_rng(seed).normal(0, 1, (side, side)), (0, 0), 3)
    return noisy(np.repeat((110 + 12 * ground / ground.std())[..., None], 3, axis=2).astype(np.uint8), 3)


def test_damage_is_found_in_aged_examples() -> None:
    total = measurement.Count()
    for seed, name in enumerate(NAMES):
        damaged, truth = aged(example(name), np.random.default_rng(seed))
        count = measurement.compared(find_scratches(damaged), truth)
        assert count.damage > 500
        assert count.nearly > 0.25 * count.damage and count.near > 0.75 * count.marked
        total.add(count)
    assert total.nearly > 0.55 * total.damage  # in one of them it lies across windows and boats
    assert total.near > 0.8 * total.marked


def test_clean_examples_raise_few_alarms() -> None:
    shares = [find_scratches(example(name)).mean() for name in NAMES]
    assert max(shares) < 0.002


def test_more_sensitivity_marks_all_of_less_and_more() -> None:
    damaged, _ = aged(example(NAMES[0]), np.random.default_rng(0))
    masks = [find_scratches(damaged, sensitivity) for sensitivity in (0, 0.25, 0.5, 0.75, 1)]
    for less, more in zip(masks[:-1], masks[1:], strict=True):
        assert not (less & ~more).any()
    assert masks[0].sum() < masks[2].sum() < masks[4].sum()
    assert (find_scratches(damaged) == masks[2]).all()


@pytest.mark.parametrize("sensitivity", [-0.1, 1.1, float("nan")])
def test_a_sensitivity_out_of_range_is_refused(sensitivity: float) -> None:
    with pytest.raises(InputError, match="0 to 1"):
        find_scratches(flat(8), sensitivity)


def step_edge() -> np.ndarray:
    pixels = flat()
    pixels[:, 90:] = 200
    return cv2.GaussianBlur(noisy(pixels, 2), (0, 0), 0.8)


def checks() -> np.ndarray:
    squares = (np.indices((160, 160)) // 8).sum(axis=0) % 2
    return noisy(np.repeat((60 + 120 * squares[..., None]).astype(np.uint8), 3, axis=2), 2)


@pytest.mark.parametrize(
    "pixels",
    [
        flat(),
        flat(level=0),
        flat(level=255),
        noisy(flat(), 4),
        noisy(flat(), 20),
        step_edge(),
        checks(),
        texture(),
    ],
    ids=["flat", "black", "white", "grain", "noise", "step", "checkerboard", "texture"],
)
def test_what_is_no_scratch_is_left_alone(pixels: np.ndarray) -> None:
    assert find_scratches(pixels).mean() < 0.002


@pytest.mark.parametrize(
    ("level", "angle", "sensitivity"),
    [(250, 0, 0.5), (250, 30, 0.5), (250, 90, 0.5), (250, 135, 0.75), (5, 0, 0.75), (5, 30, 0.75), (5, 90, 0.75)],
)
def test_a_line_two_pixels_wide_is_covered_with_its_rim(level: int, angle: int, sensitivity: float) -> None:
    """The only one of its picture; dark ones may as well be wires, and take more sensitivity."""
    pixels, line = texture(), np.zeros((256, 256), np.uint8)
    reach = 90 * np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    start, end = (tuple(np.rint(128 + sign * reach).astype(int).tolist()) for sign in (-1, 1))
    cv2.line(line, start, end, 255, 2, cv2.LINE_AA)
    share = line[..., None] / 255
    mask = find_scratches(np.rint(pixels * (1 - share) + level * share).astype(np.uint8), sensitivity)
    assert mask[line > 30].mean() > 0.97
    assert mask.sum() < 4.5 * (line > 30).sum()


def test_a_part_hears_how_sure_the_others_are() -> None:
    """Two light parts and a dark one, in a photo of 20 x 20: the dark one is sure, and speaks for the light ones."""
    figures = np.zeros((2, len(FIGURES)), np.float32)
    figures[:, TONE] = 0.1, -0.2
    labels, places = np.repeat((0, 1), 10), np.arange(20)
    light = Parts(False, labels, places, figures, 0.7)
    dark = Parts(True, np.zeros(10, int), np.arange(100, 110), figures[:1] + 0.3, 0.7)

    def told(of_light: float, of_dark: float) -> dict[str, np.ndarray]:
        odds = [np.array(values, np.float32) for values in ((of_light, -3), (of_dark,))]
        context = with_context([light, dark], odds, 20, 20)[0][:, len(FIGURES) :]
        return dict(zip(CONTEXT, context.T, strict=True))

    nobody, another, itself = told(-3, -3), told(-3, SURE), told(SURE, -3)
    for name in ("sure", "likely", "sure of all"):
        assert (another[name] > nobody[name]).all() and itself[name][1] > nobody[name][1]
        assert itself[name][0] == pytest.approx(nobody[name][0])  # nobody speaks for himself
    for name in ("sure of its kind", "likely of its kind"):
        assert (another[name] == nobody[name]).all() and itself[name][1] > nobody[name][1]
    assert itself["unlike the sure"] == pytest.approx([0, 0.3]) and nobody["unlike the sure"] == pytest.approx(
        [0.1, 0.2]
    )
    assert (nobody["colourfulness"] == np.float32(0.7)).all()


def test_specks_are_found() -> None:
    """At a great sensitivity only: three in an otherwise clean photo are hardly dust."""
    pixels = noisy(flat(), 3)
    truth = np.zeros((160, 160), np.uint8)
    for x, y, radius in ((30, 40, 2), (110, 60, 3), (70, 120, 2)):
        cv2.circle(truth, (x, y), radius, 255, -1)
    mask = find_scratches(np.where(truth[..., None] > 0, np.uint8(245), pixels), 0.9)
    assert mask[truth > 0].all() and mask.sum() < 5 * (truth > 0).sum()


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (2, 3), (7, 5), (16, 300)])
def test_any_size(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    mask = find_scratches(pixels, 1.0)
    assert mask.shape == size and mask.dtype == bool
    damaged, truth = aged(pixels, np.random.default_rng(0))
    assert damaged.shape == (*size, 3) and truth.shape == size


def test_large_photos_are_searched_reduced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratches, "MOST_PIXELS", 250_000)
    side = 900
    pixels = np.full((side, side, 3), 120, np.uint8)
    cv2.line(pixels, (100, 300), (side - 100, side - 500), (250, 250, 250), 5, cv2.LINE_AA)
    line = pixels[..., 0] > 180
    mask = find_scratches(pixels)
    assert mask.shape == line.shape and mask[line].mean() > 0.97 and mask.sum() < 4 * line.sum()


def test_the_photo_is_left_as_it_is_and_the_answer_is_always_the_same() -> None:
    damaged, _ = aged(example(NAMES[2]), np.random.default_rng(3))
    kept = damaged.copy()
    assert (find_scratches(damaged[:, ::-1][:, ::-1]) == find_scratches(damaged)).all()
    assert (damaged == kept).all()


def test_ageing_marks_what_it_changed_visibly() -> None:
    pixels = example(NAMES[1])
    damaged, truth = aged(pixels, np.random.default_rng(5))
    again, _ = aged(pixels, np.random.default_rng(5))
    assert damaged.dtype == np.uint8 and damaged.shape == pixels.shape and (damaged == again).all()
    assert 0.001 < truth.mean() < 0.1
    grey = damaged.astype(np.float32).mean(axis=2)
    ground = cv2.medianBlur(damaged, 15).astype(np.float32).mean(axis=2)
    assert np.abs(grey - ground)[truth].mean() > VISIBLE > np.abs(grey - ground)[~truth].mean()


def test_a_print_that_was_kept_well_is_worn_like_an_aged_one_but_whole() -> None:
    pixels = example(NAMES[1])
    whole, (damaged, truth) = faded(pixels, np.random.default_rng(5)), aged(pixels, np.random.default_rng(5))
    away = np.abs(whole.astype(np.float32) - damaged).max(axis=2)
    assert whole.shape == pixels.shape and whole.dtype == np.uint8
    assert np.median(away[truth]) > VISIBLE > 2 * np.median(away[~truth])


def test_a_touched_photo_keeps_its_colours_and_is_damaged_a_little() -> None:
    pixels = example(NAMES[2])
    shares = []
    for seed in range(8):
        damaged, truth = touched(pixels, np.random.default_rng(seed))
        away = np.abs(damaged.astype(np.float32) - pixels).max(axis=2)
        assert np.median(away[truth]) > VISIBLE > 2 * np.median(away[~truth])
        shares.append(truth.mean())
    assert min(shares) > 0 and max(shares) < 0.02


def test_the_judge_is_written_and_read_back(tmp_path: Path) -> None:
    shipped().save(tmp_path / "judge.json")
    assert (tmp_path / "judge.json").read_text() == FILE.read_text()


def test_a_network_learns_what_sets_damage_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "STEPS", 100)
    monkeypatch.setattr(fitting, "BATCH", 512)
    rng = np.random.default_rng(0)
    figures = rng.normal(3, 2, (4000, len(FIGURES))).astype(np.float32)
    damage = figures[:, 2] > figures[:, 5] + 1
    found = fitting.fit_network(figures, damage, np.ones(len(figures)))
    assert ((found.odds(figures) > 0) == damage).mean() > 0.95


def test_parts_on_damage_are_told_from_those_beside_it() -> None:
    damaged, truth = aged(example(NAMES[0]), np.random.default_rng(0))
    told = fitting.Example.of(damaged, truth)
    inside = np.concatenate(
        [truth.reshape(-1)[p.places][d[p.labels]] for p, d in zip(told.found, told.damage, strict=True)]
    )
    outside = np.concatenate(
        [truth.reshape(-1)[p.places][~d[p.labels]] for p, d in zip(told.found, told.damage, strict=True)]
    )
    assert inside.mean() > 0.5 > 0.1 > outside.mean()
    clean = fitting.Example.of(example(NAMES[0]), np.zeros(truth.shape, bool))
    assert not any(each.any() for each in clean.damage)


def test_a_judge_is_fitted_to_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fitting, "STEPS", 20)
    monkeypatch.setattr(fitting, "SIDES", (150, 150))
    for name in NAMES:
        Image.fromarray(example(name)).save(tmp_path / f"{name}.png")
    file = tmp_path / "judge.json"
    assert fitting.main(["--data", str(tmp_path), "--output", str(file)]) == 0
    assert "7 versions" in capsys.readouterr().out  # three each of the first and the third, the second as it is
    assert tuple(json.loads(file.read_text())["figures"]) == FIGURES and file.stat().st_size < 40_000


def test_the_measurement_prints_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.fromarray(example(NAMES[0])[:200, :200]).save(tmp_path / "a.png")
    assert measurement.main(["--data", str(tmp_path)]) == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| 0")]
    assert [row.split(" | ")[0] for row in rows] == ["| 0.25", "| 0.5", "| 0.75"]


def test_photos_that_are_taken_for_scratched_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in NAMES[:2]:
        Image.fromarray(example(name)).save(tmp_path / f"{name}.png")
    assert measurement.main(["--data", str(tmp_path), "--plan"]) == 0
    rows = [line.strip("| ").split(" | ") for line in capsys.readouterr().out.splitlines()[2:]]
    assert [row[1] for row in rows] == ["no", "yes", "no", "yes"]
    assert rows[0][0] == "as it is" and rows[0][2] == "0 of 2" and rows[1][2] in ("1 of 2", "2 of 2")


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


@pytest.fixture
def scratched(tmp_path: Path) -> Path:
    """A photo whose file lies on its side, scratched across."""
    pixels = texture(96)
    cv2.line(pixels, (10, 20), (80, 70), (250, 250, 250), 2, cv2.LINE_AA)
    exif = Image.Exif()
    exif[0x0112] = 6  # turned a quarter
    file = tmp_path / "old.png"
    Image.fromarray(pixels[:64]).save(file, exif=exif)
    return file


def test_mask_then_inpaint(
    scratched: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    save(tmp_path / TASKS["inpaint"].weights, network("inpaint"), task="inpaint", provenance="untrained", name="tiny")
    monkeypatch.setenv("DIFFIR_CHECKPOINTS", str(tmp_path))
    mask_file, result = tmp_path / "mask.png", tmp_path / "out.png"
    assert run("mask", scratched, "-o", mask_file) == 0
    assert "old.png -> " in capsys.readouterr().out
    picture, mask = load_picture(scratched), load_mask(mask_file)
    assert mask.shape == (picture.height, picture.width) == (96, 64)
    assert set(np.unique(np.asarray(Image.open(mask_file)))) == {0, 255}
    assert (mask == find_scratches(picture.pixels)).all() and mask.any()
    assert run("restore", "inpaint", scratched, "-o", result, "--mask", mask_file) == 0
    painted = load_picture(result).pixels
    assert (painted[~mask] == picture.pixels[~mask]).all() and (painted[mask] != picture.pixels[mask]).any()


def test_a_folder_gets_the_mask_under_the_name_that_restore_looks_for(scratched: Path, tmp_path: Path) -> None:
    assert run("mask", scratched, "-o", f"{tmp_path / 'masks'}/") == 0
    assert (tmp_path / "masks" / "old_mask.png").is_file()


def test_json_tells_what_was_marked(scratched: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("mask", scratched, "-o", tmp_path / "mask.png", "--sensitivity", "0.75", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["size"] == [64, 96] and told["sensitivity"] == 0.75
    assert told["share"] == pytest.approx(load_mask(tmp_path / "mask.png").mean(), abs=1e-5)


def test_nothing_found_is_an_error_and_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.fromarray(flat(48)).save(tmp_path / "flat.png")
    assert run("mask", tmp_path / "flat.png", "-o", tmp_path / "mask.png", "--json") == 2
    printed = capsys.readouterr()
    assert printed.err.startswith("error: Nothing that looks like a scratch was found")
    assert "Nothing" in json.loads(printed.out)["error"]
    assert not (tmp_path / "mask.png").exists()


@pytest.mark.parametrize(
    ("source", "output", "says"),
    [
        ("old.png", "old.png", "overwrite"),
        ("old.png", "mask.jpg", "PNG"),
        ("gone.png", "mask.png", "gone.png"),
        (".", "mask.png", "not a file"),
    ],
)
def test_calls_that_make_no_sense(
    source: str, output: str, says: str, scratched: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = scratched.read_bytes()
    assert run("mask", scratched.parent / source, "-o", scratched.parent / output) == 2
    printed = capsys.readouterr().err
    assert printed.startswith("error: ") and len(printed.strip().splitlines()) == 1 and says in printed
    assert scratched.read_bytes() == before
    assert sorted(file.name for file in scratched.parent.iterdir()) == ["old.png"]


@pytest.mark.parametrize("value", ["-1", "2", "nan", "much"])
def test_a_misspelt_sensitivity_exits_with_2(value: str, scratched: Path) -> None:
    with pytest.raises(SystemExit) as stop:
        run("mask", scratched, "-o", "mask.png", "--sensitivity", value)
    assert stop.value.code == 2
