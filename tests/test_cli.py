"""The command line as scripts call it: names, exit codes, what is printed and what is left on disk."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from diffir_demo.cli import main
from diffir_demo.imaging import load_picture
from diffir_demo.recipe import find_recipe, read_recipe
from diffir_demo.tasks import TASKS
from diffir_demo.weights import save
from diffir_demo.weights.info import sha256_of
from tests.pictures import noise_file
from tests.tiny import network

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def checkpoints(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Tiny weights stand where the shipped ones would."""
    folder = tmp_path_factory.mktemp("checkpoints")
    for key, task in TASKS.items():
        save(folder / task.weights, network(key), task=key, provenance="untrained", name="tiny")
    monkeypatch.setenv("DIFFIR_CHECKPOINTS", str(folder))
    return folder


def mask(path: Path, width: int = 24, height: int = 16) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    hole = np.zeros((height, width), np.uint8)
    hole[4:8, 5:15] = 200
    hole[9, :] = 127
    Image.fromarray(hole).save(path)
    return path


def run(*arguments: object) -> int:
    return main([str(a) for a in arguments])


def test_one_file_to_one_file(tmp_path: Path) -> None:
    source, target = noise_file(tmp_path / "a.png"), tmp_path / "out" / "big.png"
    assert run("restore", "sr", source, "-o", target) == 0
    assert Image.open(target).size == (96, 64)


def test_inpainting_fills_from_128_up_and_keeps_the_rest(tmp_path: Path) -> None:
    source = noise_file(tmp_path / "a.png")
    assert run("restore", "inpaint", source, "-o", tmp_path / "b.png", "--mask", mask(tmp_path / "m.png")) == 0
    before, after = (load_picture(tmp_path / name).pixels for name in ("a.png", "b.png"))
    changed = (before != after).any(axis=2)
    assert changed[4:8, 5:15].mean() > 0.9
    changed[4:8, 5:15] = False
    assert not changed.any()


@pytest.mark.parametrize("key", TASKS)
def test_a_result_is_the_recipe_for_the_next_run(key: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, first, again = noise_file(tmp_path / "a.png"), tmp_path / "first.png", tmp_path / "again.png"
    with_mask = ["--mask", mask(tmp_path / "m.png")] if TASKS[key].wants_mask else []
    assert run("restore", key, source, "-o", first, "--seed", 5, "--steps", 2, *with_mask) == 0
    recipe = read_recipe(first)
    assert (recipe.task, recipe.settings.seed, recipe.settings.steps) == (key, 5, 2)
    assert recipe.photo and recipe.photo.name == "a.png" and recipe.photo.sha256 == sha256_of(source)
    (tmp_path / "recipe.json").write_text(recipe.to_json())
    for file in (first, tmp_path / "recipe.json"):
        assert run("restore", key, source, "-o", again, "--recipe", file) == 0
        assert np.array_equal(load_picture(again).pixels, load_picture(first).pixels)
        assert read_recipe(again) == recipe
    assert run("restore", key, source, "-o", again, "--recipe", first, "--seed", 6) == 0
    assert read_recipe(again) == recipe.changed(seed=6), "what is said beside the recipe wins"
    assert "note:" not in capsys.readouterr().err


def test_recipes_that_do_not_serve(tmp_path: Path, checkpoints: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, first = noise_file(tmp_path / "a.png"), tmp_path / "first.png"
    assert run("restore", "sr", source, "-o", first) == 0
    for call, sentence in (
        (("deblur", source, "-o", tmp_path / "b.png", "--recipe", first), "first.png is for 'sr', not for 'deblur'"),
        (("sr", source, "-o", tmp_path / "b.png", "--recipe", source), "a.png holds no recipe"),
        (("sr", source, "-o", first, "--recipe", first), "would overwrite 'first.png'"),
        (("sr", source, "-o", tmp_path / "b.png", "--recipe", tmp_path / "no.png"), "no.png cannot be read"),
    ):
        assert run("restore", *call) == 2
        assert sentence in capsys.readouterr().err
    save(checkpoints / TASKS["sr"].weights, network("sr", seed=1), task="sr", provenance="untrained", name="tiny")
    assert run("restore", "sr", source, "-o", tmp_path / "b.png", "--recipe", first) == 0
    assert "note: The recipe was made with compact-sr.safetensors" in capsys.readouterr().err


def test_a_baseline_leaves_no_recipe(tmp_path: Path) -> None:
    source, target = noise_file(tmp_path / "a.png"), tmp_path / "b.png"
    assert run("restore", "sr", source, "-o", target, "--baseline", "bicubic") == 0
    assert find_recipe(target) is None


def test_the_number_of_diffusion_steps(tmp_path: Path) -> None:
    source = noise_file(tmp_path / "a.png")
    for name, more in (("plain", ()), ("four", ("--steps", "4")), ("one", ("--steps", "1"))):
        assert run("restore", "deblur", source, "-o", tmp_path / f"{name}.png", *more) == 0
    plain, four, one = (load_picture(tmp_path / f"{name}.png").pixels for name in ("plain", "four", "one"))
    assert np.array_equal(plain, four) and not np.array_equal(plain, one)
    for count in ("0", "9", "two"):
        with pytest.raises(SystemExit):
            run("restore", "deblur", source, "-o", tmp_path / "b.png", "--steps", count)


def test_a_folder_keeps_names_and_matches_masks_by_stem(tmp_path: Path) -> None:
    for name in ("one.png", "two.bmp", "three.gif", "holiday.final.jpg"):
        noise_file(tmp_path / "in" / name)
        mask(tmp_path / "masks" / (Path(name).stem + ".png"))
    (tmp_path / "in" / "notes.txt").write_text("not a picture")
    assert run("restore", "inpaint", tmp_path / "in", "-o", tmp_path / "out", "--mask", tmp_path / "masks") == 0
    assert sorted(f.name for f in (tmp_path / "out").iterdir()) == [
        "holiday.final.jpg",
        "one.png",
        "three.png",
        "two.bmp",
    ]
    assert Image.open(tmp_path / "out" / "holiday.final.jpg").format == "JPEG"


def test_zips_go_in_and_come_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as made:
        for name in ("b/two.png", "one.gif"):
            made.write(noise_file(tmp_path / Path(name).name), name)
        made.writestr("bad.png", "no picture")
        made.writestr("notes.txt", "hi")
    target = tmp_path / "out" / "done.zip"
    assert run("restore", "sr", tmp_path / "in.zip", "-o", target, "--seed", 4) == 1
    assert "bad.png is not a picture" in capsys.readouterr().err
    with zipfile.ZipFile(target) as done:
        assert done.namelist() == ["two.png", "one.png", "report.csv", "recipe.json"]
        done.extract("two.png", tmp_path / "out")
    assert read_recipe(tmp_path / "out" / "two.png").settings.seed == 4
    assert run("restore", "sr", tmp_path / "two.png", "-o", tmp_path / "alone.png", "--seed", 4) == 0
    alone = load_picture(tmp_path / "alone.png").pixels
    assert np.array_equal(load_picture(tmp_path / "out" / "two.png").pixels, alone)
    assert run("restore", "sr", tmp_path / "in.zip", "-o", tmp_path / "folder") == 1
    assert sorted(file.name for file in (tmp_path / "folder").iterdir()) == ["one.png", "two.png"]
    assert run("restore", "sr", tmp_path / "in.zip", "-o", tmp_path / "in.zip") == 2
    assert "would overwrite 'in.zip'" in capsys.readouterr().err


def test_a_bad_picture_stops_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, also = noise_file(tmp_path / "a.png"), noise_file(tmp_path / "c.png", seed=1)
    bad = tmp_path / "b.png"
    bad.write_text("this is no picture")
    assert run("restore", "deblur", good, bad, also, tmp_path / "missing.png", "-o", tmp_path / "out") == 1
    assert sorted(f.name for f in (tmp_path / "out").iterdir()) == ["a.png", "c.png"]
    errors = capsys.readouterr().err
    assert "b.png" in errors and "missing.png" in errors and "Traceback" not in errors


def test_a_missing_mask_is_one_pictures_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    noise_file(tmp_path / "in" / "a.png"), noise_file(tmp_path / "in" / "b.png")
    mask(tmp_path / "masks" / "b_mask.png")
    assert run("restore", "inpaint", tmp_path / "in", "-o", tmp_path / "out", "--mask", tmp_path / "masks") == 1
    assert [f.name for f in (tmp_path / "out").iterdir()] == ["b.png"]
    assert "No mask for 'a.png'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["inpaint", "IN", "-o", "OUT"], "--mask"),
        (["sr", "IN", "-o", "OUT", "--mask", "MASK"], "takes no mask"),
        (["sr", "GONE", "-o", "OUT"], "gone.png"),
        (["sr", "IN", "-o", "IN"], "overwrite"),
        (["sr", "IN", "-o", "OUT", "--weights", "MASK"], "mask.png"),
        (["sr", "IN", "-o", "OUT", "--weights", "GONE"], "gone.png"),
        (["sr", "IN", "-o", "OUT", "--device", "cuda:77"], "cuda:77"),
        (["sr", "IN", "-o", "OUT", "--device", "toaster"], "toaster"),
        (["sr", "IN", "-o", "OUT", "--baseline", "telea"], "bicubic"),
        (["sr", "IN", "-o", "OUT", "--baseline", "bicubic", "--steps", "2"], "--steps has no use"),
        (["sr", "EMPTY", "-o", "OUT"], "no pictures"),
        (["inpaint", "IN", "-o", "OUT", "--mask", "GONE"], "no mask"),
        (["inpaint", "IN", "-o", "OUT", "--mask", "LARGE"], "24 x 16"),
    ],
)
def test_user_errors_are_one_line_and_exit_code_2(
    arguments: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {
        "IN": noise_file(tmp_path / "in.png"),
        "OUT": tmp_path / "out.png",
        "MASK": mask(tmp_path / "mask.png"),
        "LARGE": mask(tmp_path / "large.png", 48, 32),
        "GONE": tmp_path / "gone.png",
        "EMPTY": tmp_path / "empty",
    }
    places["EMPTY"].mkdir()
    assert run("restore", *(places.get(a, a) for a in arguments)) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith("error: ") and len(printed.err.strip().splitlines()) == 1
    assert says in printed.err and "Traceback" not in printed.err
    assert not places["OUT"].exists()


@pytest.mark.parametrize("arguments", [["restore", "dehaze", "a.png", "-o", "b.png"], ["restore", "sr", "a.png"], []])
def test_misspelt_calls_exit_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2


def test_json_is_one_line_a_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sources = [noise_file(tmp_path / "a.png"), noise_file(tmp_path / "b.png", 10, 12)]
    bad = tmp_path / "c.png"
    bad.write_bytes(b"")
    assert run("restore", "sr", *sources, bad, "-o", tmp_path / "out", "--seed", 5, "--json") == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [Path(line["file"]).name for line in lines] == ["a.png", "b.png", "c.png"]
    assert lines[0]["size"] == [96, 64] and lines[1]["size"] == [40, 48]
    assert lines[0]["task"] == "sr" and lines[0]["seed"] == 5 and lines[0]["weights"].startswith("untrained")
    assert set(lines[0]["seconds"]) == {"encode", "denoise", "paint", "previews", "copy", "undo", "total"}
    assert "error" in lines[2] and "seconds" not in lines[2]


def test_the_seed_decides_the_pixels(tmp_path: Path) -> None:
    source = noise_file(tmp_path / "a.png", 64, 64)
    for name, seed in (("b", 1), ("c", 1), ("d", 2)):
        assert run("restore", "deblur", source, "-o", tmp_path / f"{name}.png", "--seed", seed) == 0
    b, c, d = (load_picture(tmp_path / f"{name}.png").pixels for name in "bcd")
    assert np.array_equal(b, c) and not np.array_equal(b, d)


def test_a_baseline_instead_of_the_network(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = noise_file(tmp_path / "a.png")
    assert run("restore", "sr", source, "-o", tmp_path / "b.png", "--baseline", "bicubic", "--json") == 0
    expected = Image.open(source).resize((96, 64), Image.Resampling.BICUBIC)
    assert np.array_equal(load_picture(tmp_path / "b.png").pixels, np.asarray(expected))
    assert json.loads(capsys.readouterr().out)["weights"].startswith("baseline")


def test_names_that_would_collide_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    noise_file(tmp_path / "x" / "a.png"), noise_file(tmp_path / "y" / "a.png")
    assert run("restore", "sr", tmp_path / "x" / "a.png", tmp_path / "y" / "a.png", "-o", tmp_path / "out") == 2
    assert "Several pictures" in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_inspect_and_convert(tmp_path: Path, checkpoints: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = tmp_path / "copy.safetensors"
    assert run("convert", checkpoints / TASKS["deblur"].weights, copy) == 0
    capsys.readouterr()
    assert run("inspect", copy, "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["task"] == "deblur" and facts["stage"] == 2 and facts["scale"] == 1
    assert facts["parameters"] == sum(p.numel() for p in network("deblur").parameters())
    assert run("inspect", copy) == 0
    assert "deblur" in capsys.readouterr().out
    assert run("inspect", tmp_path / "nothing.pth") == 2


def test_evaluate_prints_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for i in range(2):
        noise_file(tmp_path / "data" / f"{i}.png", 64, 48, seed=i)
    assert run("evaluate", "--task", "sr", "--data", tmp_path / "data", "--json", tmp_path / "t.json") == 0
    assert "| Bicubic |" in capsys.readouterr().out
    table = json.loads((tmp_path / "t.json").read_text())[0]
    assert table["pictures"] == 2 and {"psnr_y", "ssim_y"} <= set(table["rows"][0]["scores"])


def test_a_folder_named_with_a_slash_need_not_exist(tmp_path: Path) -> None:
    assert run("restore", "deblur", noise_file(tmp_path / "a.png"), "-o", f"{tmp_path / 'new'}/") == 0
    assert [f.name for f in (tmp_path / "new").iterdir()] == ["a.png"]


def test_masks_may_lie_beside_their_pictures_and_survive(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, hole = noise_file(tmp_path / "in" / "a.png"), mask(tmp_path / "in" / "a_mask.png")
    noise_file(tmp_path / "in" / "._a.png")
    before = hole.read_bytes()
    assert run("restore", "inpaint", tmp_path / "in", "-o", tmp_path / "out", "--mask", tmp_path / "in") == 0
    assert [f.name for f in (tmp_path / "out").iterdir()] == ["a.png"]
    changed = (load_picture(source).pixels != load_picture(tmp_path / "out" / "a.png").pixels).any(axis=2)
    assert changed.sum() <= 40
    assert run("restore", "inpaint", source, "-o", hole, "--mask", hole) == 2
    assert "overwrite" in capsys.readouterr().err and hole.read_bytes() == before


def test_names_that_only_png_makes_alike_stay_apart(tmp_path: Path) -> None:
    noise_file(tmp_path / "in" / "a.gif"), noise_file(tmp_path / "in" / "a.png")
    assert run("restore", "deblur", tmp_path / "in", "-o", tmp_path / "out") == 0
    assert sorted(f.name for f in (tmp_path / "out").iterdir()) == ["a.gif.png", "a.png"]


def test_alpha_and_exif_reach_the_file(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    picture = Image.fromarray(rng.integers(0, 256, (16, 24, 4), dtype=np.uint8), "RGBA")
    exif = Image.Exif()
    exif[0x010F] = "A camera"
    picture.save(tmp_path / "a.png", exif=exif)
    assert run("restore", "deblur", tmp_path / "a.png", "-o", tmp_path / "b.png") == 0
    with Image.open(tmp_path / "b.png") as result:
        assert np.array_equal(np.asarray(result)[..., 3], np.asarray(picture)[..., 3])
        assert result.getexif()[0x010F] == "A camera"


def test_what_a_format_cannot_keep_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clear = np.full((16, 24, 4), 120, np.uint8)
    Image.fromarray(clear, "RGBA").save(tmp_path / "a.png")
    hole = mask(tmp_path / "m.png")
    assert run("restore", "inpaint", tmp_path / "a.png", "-o", tmp_path / "b.jpg", "--mask", hole, "--json") == 0
    notices = " ".join(json.loads(capsys.readouterr().out)["notices"])
    assert "no transparency" in notices and "JPEG stores" in notices
    assert run("restore", "inpaint", tmp_path / "a.png", "-o", tmp_path / "b.png", "--mask", hole, "--json") == 0
    assert json.loads(capsys.readouterr().out)["notices"] == []


def test_precision_and_memory_budget_are_obeyed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = noise_file(tmp_path / "a.png", 200, 150)
    for precision in ("fp32", "bf16"):
        target = tmp_path / f"{precision}.png"
        assert run("restore", "deblur", source, "-o", target, "--precision", precision, "--json") == 0
        assert json.loads(capsys.readouterr().out)["precision"] == precision
    target = tmp_path / "tiles.png"
    assert run("restore", "deblur", source, "-o", target, "--memory-budget", "0.001", "--json") == 0
    assert "tiles" in json.loads(capsys.readouterr().out)["notices"][0]


def test_ctrl_c_is_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("diffir_demo.batch.running.load_picture", interrupted)
    assert run("restore", "deblur", noise_file(tmp_path / "a.png"), "-o", tmp_path / "b.png") == 130
    assert capsys.readouterr().err == "stopped\n"


def test_evaluating_twice_gives_the_same_numbers(tmp_path: Path) -> None:
    for i, side in enumerate((64, 12)):  # the small one has no SSIM
        noise_file(tmp_path / "data" / f"{i}.png", side, side, seed=i)
    tables = []
    for name in ("one.json", "two.json"):
        asked = ("--task", "deblur", "--set", "weak", "--data", tmp_path / "data", "--json", tmp_path / name)
        assert run("evaluate", *asked) == 0
        tables.append(json.loads((tmp_path / name).read_text())[0]["rows"])
    assert [row["scores"] for row in tables[0]] == [row["scores"] for row in tables[1]]
    assert run("evaluate", "--task", "sr", "--data", tmp_path / "data", "--json", tmp_path / "no" / "t.json") == 2


def test_a_progress_bar_is_shown_on_a_terminal(tmp_path: Path, checkpoints: Path) -> None:
    source = noise_file(tmp_path / "a.png")
    command = [sys.executable, "-m", "diffir_demo", "restore", "deblur", str(source), "-o", str(tmp_path / "b.png")]
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    done = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=follower)
    os.close(follower)
    printed = b""
    with contextlib.suppress(OSError):  # Linux's end of file on a terminal
        while chunk := os.read(leader, 4096):
            printed += chunk
    assert done.wait(300) == 0
    assert b"denoising, step 4" in printed and b"painting" in printed


def test_the_module_runs_from_a_shell(tmp_path: Path) -> None:
    source = noise_file(tmp_path / "a.png")
    command = [sys.executable, "-m", "diffir_demo", "restore", "deblur", str(source), "-o", str(tmp_path / "b.png")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert Image.open(tmp_path / "b.png").size == (24, 16)
    assert done.stderr == ""  # no progress bar where nobody watches


@pytest.mark.parametrize(("name", "pictures"), [("steps.npy", False), ("steps.gif", True), ("strip.png", True)])
def test_the_diffusion_is_saved_beside_the_result(
    name: str, pictures: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target, trace = noise_file(tmp_path / "a.png"), tmp_path / "b.png", tmp_path / "made" / name
    assert run("restore", "deblur", source, "-o", target, "--steps", 3, "--trace", trace) == 0
    assert target.exists() and f"diffusion -> {trace}" in capsys.readouterr().out
    if pictures:
        with Image.open(trace) as image:
            assert getattr(image, "n_frames", 1) == (4 if name.endswith("gif") else 1)
    else:
        assert np.load(trace).shape == (4, 256)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["a.png", "-o", "b.png", "--trace", "steps.mp4"], ".gif (animation)"),
        (["a.png", "-o", "b.png", "--trace", "b.png"], "overwrite 'b.png'"),
        (["a.png", "c.png", "-o", "out", "--trace", "steps.gif"], "one run, not 2"),
        (["a.png", "-o", "b.png", "--trace", "s.gif", "--baseline", "unsharp"], "--trace has no use"),
    ],
)
def test_a_trace_that_makes_no_sense_is_refused_before_any_work(
    arguments: list[str],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    noise_file(tmp_path / "a.png")
    noise_file(tmp_path / "c.png")
    assert run("restore", "deblur", *arguments) == 2
    assert sentence in capsys.readouterr().err
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.png", "c.png"]


@pytest.mark.parametrize("command", ["evaluate", "bench"])
def test_measuring_needs_a_clone(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("diffir_demo.checkout.ROOT", tmp_path)
    assert main([command, "--data", "photos"]) == 2
    assert "needs a clone of the repository" in capsys.readouterr().err
