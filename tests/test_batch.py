"""Many photos into one zip: what is taken, what comes out, and what happens when something goes wrong on the way."""

from __future__ import annotations

import csv
import gc
import io
import struct
import sys
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from diffir_demo.batch import (
    MAX_PHOTOS,
    Archive,
    Entry,
    Gathered,
    Job,
    Working,
    archive,
    gather,
    plan,
    request_of,
    run_batch,
)
from diffir_demo.batch.archive import report
from diffir_demo.batch.running import Pace
from diffir_demo.devices import lock_for
from diffir_demo.errors import InputError
from diffir_demo.events import Event, Waiting
from diffir_demo.imaging import Packed, Picture, load_picture, megapixels_of, pictures_in_zip
from diffir_demo.recipe import Recipe
from diffir_demo.run import run
from diffir_demo.settings import Settings
from diffir_demo.tasks import TASKS, Request
from tests.pictures import noise_file
from tests.tiny import engine

DEBLUR, INPAINT = TASKS["deblur"], TASKS["inpaint"]


def packed(path: Path, *files: Path | tuple[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as made:
        for file in files:
            if isinstance(file, Path):
                made.write(file, file.name)
            else:
                made.writestr(*file)
    return path


def asking(task: str, seed: int = 0) -> Callable[[Job], Request]:
    return partial(request_of, recipe=Recipe(task, Settings(seed=seed)))


def running(task: str) -> Callable[[Request], Iterator[Event]]:
    return engine(task).stream


def restored(gathered: Gathered, target: Path, task: str = "deblur", **options: object) -> list[Working | Entry]:
    with Archive(target, text=lambda job, _: {"DiffIR": job.source.name}, files={"recipe.json": "{}"}) as filled:
        jobs = plan(gathered, "restored", ".png")
        return list(run_batch(jobs, asking(task), running(task), filled, **options))  # pyright: ignore[reportArgumentType]


def entries(events: list[Working | Entry]) -> list[Entry]:
    return [event for event in events if isinstance(event, Entry)]


def table(target: Path) -> list[dict[str, str]]:
    with zipfile.ZipFile(target) as done:
        return list(csv.DictReader(io.StringIO(done.read("report.csv").decode("utf-8-sig"))))


# --- what comes out ------------------------------------------------------------------------------------------


def test_a_batch_gives_what_single_runs_give(tmp_path: Path) -> None:
    files = [noise_file(tmp_path / name, seed=i) for i, name in enumerate(("a.png", "b.bmp", "c.webp"))]
    told = entries(restored(gather(files, False), tmp_path / "done.zip"))
    assert [entry.result for entry in told] == ["a-restored.png", "b-restored.png", "c-restored.png"]
    with zipfile.ZipFile(tmp_path / "done.zip") as done:
        assert done.testzip() is None
        assert done.namelist() == ["a-restored.png", "b-restored.png", "c-restored.png", "report.csv", "recipe.json"]
        assert {member.compress_type for member in done.infolist()} == {zipfile.ZIP_STORED}
        for file in files:
            alone = list(running("deblur")(Request(load_picture(file))))[-1].restoration  # pyright: ignore
            with Image.open(done.open(f"{file.stem}-restored.png")) as result:
                assert np.array_equal(np.asarray(result), alone.picture.pixels)
                assert result.text["DiffIR"] == file.name  # pyright: ignore[reportAttributeAccessIssue]


def test_a_bad_file_in_the_middle_stops_no_other(tmp_path: Path) -> None:
    files = [noise_file(tmp_path / "a.png"), tmp_path / "b.png", noise_file(tmp_path / "c.png")]
    files[1].write_text("no picture")
    told = entries(restored(gather(files, False), tmp_path / "done.zip"))
    assert [entry.error is None for entry in told] == [True, False, True]
    assert told[1].error is not None and "b.png is not a picture" in told[1].error
    assert "Traceback" not in told[1].error and str(tmp_path) not in told[1].error
    rows = table(tmp_path / "done.zip")
    assert [row["result"] for row in rows] == ["a-restored.png", "", "c-restored.png"]
    assert rows[1]["error"] == told[1].error and rows[0]["width"] == "24" and float(rows[0]["seconds"]) >= 0


def test_a_file_that_went_away_is_its_own_error(tmp_path: Path) -> None:
    gathered = gather([noise_file(tmp_path / "a.png"), noise_file(tmp_path / "b.png")], False)
    (tmp_path / "a.png").unlink()
    told = entries(restored(gathered, tmp_path / "done.zip"))
    assert told[0].error is not None and "does not exist" in told[0].error and told[1].error is None


def test_where_nothing_could_be_done_there_is_no_zip(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("no picture")
    restored(gather([tmp_path / "a.png"], False), tmp_path / "out" / "done.zip")
    assert list((tmp_path / "out").iterdir()) == []


def test_stopping_keeps_what_is_finished(tmp_path: Path) -> None:
    files = [noise_file(tmp_path / f"{name}.png") for name in "abcd"]
    seen: list[Entry] = []
    with Archive(tmp_path / "done.zip") as filled:
        jobs = plan(gather(files, False), "restored", ".png")
        events = run_batch(jobs, asking("deblur"), running("deblur"), filled, stopped=lambda: len(seen) == 2)
        for event in events:
            if isinstance(event, Entry):
                seen.append(event)
    assert [entry.name for entry in seen] == ["a.png", "b.png"] and filled.finished == 2
    assert [row["error"] for row in table(tmp_path / "done.zip")] == ["", "", archive.NOT_BEGUN, archive.NOT_BEGUN]


def test_stopping_bites_in_the_middle_of_a_photo(tmp_path: Path) -> None:
    looks = iter(range(1_000))
    files = [noise_file(tmp_path / "a.png"), noise_file(tmp_path / "b.png")]
    events = restored(gather(files, False), tmp_path / "done.zip", stopped=lambda: next(looks) >= 3)
    assert entries(events) == [] and not (tmp_path / "done.zip").exists()
    assert not any(isinstance(event, Working) and event.share == 1 for event in events)


def test_whoever_leaves_leaves_nothing_behind(tmp_path: Path) -> None:
    files = [noise_file(tmp_path / "a.png"), noise_file(tmp_path / "b.png")]

    def listening() -> Iterator[Working | Entry]:
        with Archive(tmp_path / "out" / "done.zip") as filled:
            jobs = plan(gather(files, False), "restored", ".png")
            yield from run_batch(jobs, asking("deblur"), running("deblur"), filled)

    events = listening()
    while not isinstance(next(events), Entry):
        pass
    assert len(list((tmp_path / "out").iterdir())) == 1, "under another name while it is written"
    events.close()  # pyright: ignore[reportAttributeAccessIssue]
    assert list((tmp_path / "out").iterdir()) == []


def test_a_bug_on_the_way_ends_its_own_photo_only(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    files = [noise_file(tmp_path / f"{name}.png", seed=seed) for seed, name in enumerate("abcd")]
    faults = {2: ZeroDivisionError(), 3: MemoryError()}

    def failing(request: Request, runs: list[int] = []) -> Iterator[Event]:  # noqa: B006
        runs.append(1)
        if len(runs) in faults:
            raise faults[len(runs)]
        yield from running("deblur")(request)

    with Archive(tmp_path / "done.zip") as filled:
        list(run_batch(plan(gather(files, False), "x", ".png"), asking("deblur"), failing, filled))
    rows = table(tmp_path / "done.zip")
    assert [row["result"] for row in rows] == ["a-x.png", "", "", "d-x.png"]
    assert "ZeroDivisionError" in rows[1]["error"] and "memory" in rows[2]["error"]
    assert "ZeroDivisionError" in caplog.text, "a fault of ours stays visible"


def test_memory_does_not_grow_with_the_number_of_photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts the large arrays that are alive whenever something is told."""
    alive: set[int] = set()
    most = []
    made = Picture.__post_init__

    def counted(self: Picture) -> None:
        made(self)
        if self.pixels.size > 128 * 128 * 3:
            alive.add(id(self))

    monkeypatch.setattr(Picture, "__post_init__", counted)
    monkeypatch.setattr(Picture, "__del__", lambda self: alive.discard(id(self)), raising=False)
    files = [noise_file(tmp_path / f"{i}.png", 200, 150, seed=i) for i in range(8)]
    with Archive(tmp_path / "done.zip") as filled:
        jobs = plan(gather(files, False), "restored", ".png")
        for event in run_batch(jobs, asking("deblur"), running("deblur"), filled):
            if isinstance(event, Entry):
                gc.collect()
                most.append(len(alive))
    assert most == [0] * 8, "once it is told, nothing of a photo is left but its thumbnail"
    assert all(entry.thumbnail is not None and entry.thumbnail.width == 128 for entry in filled.entries)


def test_a_thumbnail_is_small(tmp_path: Path) -> None:
    told = entries(restored(gather([noise_file(tmp_path / "a.png", 400, 200)], False), tmp_path / "done.zip"))
    assert told[0].thumbnail is not None and (told[0].thumbnail.width, told[0].thumbnail.height) == (128, 64)


def test_a_full_zip_takes_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_BYTES", 100)
    files = [noise_file(tmp_path / "a.png"), noise_file(tmp_path / "b.png")]
    told = entries(restored(gather(files, False), tmp_path / "done.zip"))
    assert [entry.error for entry in told] == [None, archive.FULL]


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "SPARE_BYTES", 2**62)
    told = entries(restored(gather([noise_file(tmp_path / "a.png")], False), tmp_path / "done.zip"))
    assert told[0].error == archive.NO_SPACE and not (tmp_path / "done.zip").exists()


def test_a_report_is_no_formula(tmp_path: Path) -> None:
    text = report([Entry('=HYPERLINK("x").png', error="-1"), Entry("b.png", "b-x.png", (3, 2), 0.5, ("One.", "Two."))])
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert rows[1][0].startswith("'=") and rows[1][5] == "'-1"
    assert rows[2] == ["b.png", "b-x.png", "3", "2", "0.50", "", "One. Two."]


# --- progress ------------------------------------------------------------------------------------------------


def test_progress_tells_which_photo_and_how_far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[run.__module__], "BREATH", 0.0)
    files = [noise_file(tmp_path / f"{i}.png", 64, 48) for i in range(3)]
    events = [e for e in restored(gather(files, False), tmp_path / "done.zip") if isinstance(e, Working)]
    assert {event.total for event in events} == {3} and {event.number for event in events} == {1, 2, 3}
    places = [event.number + event.share for event in events]
    assert places == sorted(places) and any(0 < event.share < 1 for event in events)
    assert events[0].seconds_left is None
    assert all(event.seconds_left is not None for event in events if event.number > 1)


def test_a_batch_that_waits_says_so_and_can_be_stopped(tmp_path: Path) -> None:
    def queued(request: Request) -> Iterator[Event]:
        yield Waiting()
        yield Waiting()
        yield from running("deblur")(request)

    jobs = plan(gather([noise_file(tmp_path / "a.png"), noise_file(tmp_path / "b.png")], False), "x", ".png")
    with Archive(tmp_path / "done.zip") as filled:
        events = list(run_batch(jobs, asking("deblur"), queued, filled))
    waiting = [event.number for event in events if isinstance(event, Working) and event.waiting]
    assert waiting == [1, 1, 2, 2] and len(entries(events)) == 2
    looks = iter([False, False, True])
    with Archive(tmp_path / "none.zip") as filled:
        events = list(run_batch(jobs, asking("deblur"), queued, filled, stopped=lambda: next(looks)))
    assert isinstance(events[-1], Working) and events[-1].waiting and not (tmp_path / "none.zip").exists()


def test_a_run_that_waits_goes_between_two_photos(tmp_path: Path) -> None:
    """The device is not held from one photo to the next."""
    lock, free = lock_for(torch.device("cpu")), []
    with Archive(tmp_path / "done.zip") as filled:
        jobs = plan(gather([noise_file(tmp_path / "a.png"), noise_file(tmp_path / "b.png")], False), "x", ".png")
        for event in run_batch(jobs, asking("deblur"), running("deblur"), filled):
            if isinstance(event, Entry):
                free.append(not lock.locked())
    assert free == [True, True]


def test_the_pace_is_the_median_per_megapixel() -> None:
    pace = Pace([1.0, 2.0, None, 4.0])
    assert pace.left(0) is None and pace.left(0, 0.05, 1.0) is None
    assert pace.left(0, 0.5, 1.0) == pytest.approx(2 * (0.5 + 2 + 2 + 4))
    pace.took(0, 3.0)
    pace.took(1, 20.0)
    pace.took(2, 6.0)
    assert pace.left(3) == pytest.approx(3 * 4) and pace.left(3, 0.75) == pytest.approx(3)


def test_sizes_are_read_from_headers(tmp_path: Path) -> None:
    large = noise_file(tmp_path / "a.png", 300, 200)
    (tmp_path / "b.png").write_text("no picture")
    assert megapixels_of(large) == pytest.approx(0.06)
    assert megapixels_of(tmp_path / "b.png") is None and megapixels_of(tmp_path / "gone.png") is None
    inside, _ = pictures_in_zip(packed(tmp_path / "x.zip", large))
    assert megapixels_of(inside[0]) == pytest.approx(0.06)


# --- what goes in --------------------------------------------------------------------------------------------


def test_a_zip_is_walked_through_and_clutter_left_out(tmp_path: Path) -> None:
    data = noise_file(tmp_path / "a.png").read_bytes()
    inner = packed(tmp_path / "inner.zip", ("deep.png", data)).read_bytes()
    members = ["summer/1.png", "summer/sub/2.JPG", "__MACOSX/._1.png", "summer/.hidden.png", "../../3.png", "w\\4.png"]
    made = packed(
        tmp_path / "x.zip", *[(name, data) for name in members], ("notes.txt", b"hi"), ("inner.zip", inner), ("d/", b"")
    )
    gathered = gather([made], False)
    assert [source.name for source in gathered.photos] == ["3.png", "1.png", "2.JPG", "4.png"]
    assert gathered.left_out == ("notes.txt", "inner.zip")
    told = entries(restored(gathered, tmp_path / "done.zip"))
    assert all(entry.error is None for entry in told)
    with zipfile.ZipFile(tmp_path / "done.zip") as done:
        assert done.namelist()[:4] == ["3-restored.png", "1-restored.png", "2-restored.png", "4-restored.png"]
    assert {file.name for file in tmp_path.iterdir()} == {"a.png", "inner.zip", "x.zip", "done.zip"}, "nothing unpacked"


def test_a_zip_bomb_is_read_no_further_than_a_picture_may_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diffir_demo.imaging.opening.MAX_MEGABYTES", 1)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("bomb.png", bytes(30_000_000))
        made.write(noise_file(tmp_path / "a.png"), "fine.png")
    assert (tmp_path / "bomb.zip").stat().st_size < 50_000
    asked = []
    read = Packed.read
    monkeypatch.setattr(Packed, "read", lambda self, limit=-1: asked.append(limit) or read(self, limit))
    told = entries(restored(gather([tmp_path / "bomb.zip"], False), tmp_path / "done.zip"))
    assert told[0].error is not None and "larger than 1 megabytes" in told[0].error and told[1].error is None
    assert asked and all(0 < limit <= 1_000_001 for limit in asked)


def test_a_zip_that_lies_about_its_sizes_is_one_sentence(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as made:
        made.write(noise_file(tmp_path / "a.png"), "a.png")
    data = bytearray((tmp_path / "x.zip").read_bytes())
    place = data.index(b"PK\1\2") + 24
    data[place : place + 4] = struct.pack("<I", 20)
    (tmp_path / "x.zip").write_bytes(data)
    told = entries(restored(gather([tmp_path / "x.zip"], False), tmp_path / "done.zip"))
    assert told[0].error is not None and "a.png is damaged" in told[0].error


def test_zips_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "no.zip").write_text("no zip at all")
    locked = bytearray(packed(tmp_path / "locked.zip", noise_file(tmp_path / "a.png")).read_bytes())
    for mark, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        locked[locked.index(mark) + offset] |= 1
    (tmp_path / "locked.zip").write_bytes(locked)
    with zipfile.ZipFile(tmp_path / "odd.zip", "w", zipfile.ZIP_LZMA) as made:
        made.write(tmp_path / "a.png", "a.png")
    long = bytearray((tmp_path / "odd.zip").read_bytes())
    place = long.rindex(b"PK\5\6") + 12
    long[place : place + 4] = struct.pack("<I", 5_000_000)
    (tmp_path / "long.zip").write_bytes(long)
    for name, sentence in (
        ("no.zip", "not a zip"),
        ("locked.zip", "password"),
        ("odd.zip", "not known here"),
        ("long.zip", "too many files"),
        ("gone.zip", "not a zip"),
    ):
        with pytest.raises(InputError, match=sentence):
            gather([tmp_path / name], False)


def test_limits_are_told_and_nothing_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = noise_file(tmp_path / "a.png").read_bytes()
    many = packed(tmp_path / "many.zip", *[(f"{i}.png", data) for i in range(MAX_PHOTOS)])
    full = gather([many], False)
    with pytest.raises(InputError, match="201 photos, and 200 is the most"):
        gather([tmp_path / "a.png"], False, full)
    monkeypatch.setattr("diffir_demo.batch.jobs.MAX_MEGABYTES", 0)
    with pytest.raises(InputError, match="megabytes"):
        gather([tmp_path / "a.png"], False)
    (tmp_path / "notes.txt").write_text("hi")
    with pytest.raises(InputError, match="no pictures"):
        gather([tmp_path / "notes.txt"], False)


def test_the_same_file_counts_once_and_can_be_taken_out(tmp_path: Path) -> None:
    files = [noise_file(tmp_path / "a.png"), noise_file(tmp_path / "b.png")]
    gathered = gather(files, False, gather(files[:1], False))
    assert list(gathered.photos) == files
    assert list(gathered.without(0).photos) == files[1:]


def test_masks_find_their_photos_by_name(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.png"):
        noise_file(tmp_path / name)
    hole = np.zeros((16, 24), np.uint8)
    hole[4:8, 5:15] = 255
    Image.fromarray(hole).save(tmp_path / "a_mask.png")
    files = sorted(file for file in tmp_path.iterdir())
    gathered = gather(files, True)
    assert [source.name for source in gathered.photos] == ["a.jpg", "b.png"]
    assert [source.name for source in gathered.masks] == ["a_mask.png"]
    told = entries(restored(gathered, tmp_path / "done.zip", "inpaint"))
    assert told[0].error is None and told[1].error is not None and "No mask for 'b.png'" in told[1].error
    with zipfile.ZipFile(tmp_path / "done.zip") as done, Image.open(done.open("a-restored.png")) as result:
        changed = (np.asarray(result) != load_picture(tmp_path / "a.jpg").pixels).any(axis=2)
    assert changed[4:8, 5:15].any()
    changed[4:8, 5:15] = False
    assert not changed.any()
    assert len(gather(files, False).photos) == 3, "elsewhere a mask is a picture like any"


@pytest.mark.parametrize(
    ("names", "targets"),
    [
        (["a.png", "a.jpg"], ["a-4x.png", "a-4x (2).png"]),
        (["Cat.png", "cat.webp", "CAT.gif"], ["Cat-4x.png", "cat-4x (2).png", "CAT-4x (3).png"]),
        (["a<b>:c.png", " .png", "x" * 300 + ".png"], ["a_b__c-4x.png", "photo-4x.png", "x" * 193 + "-4x.png"]),
    ],
)
def test_results_have_names_of_their_own(names: list[str], targets: list[str]) -> None:
    sources = tuple(Packed(Path("x.zip"), name, 1) for name in names)
    assert [job.target.name for job in plan(Gathered(sources), "4x", ".png")] == targets


def test_a_format_can_be_kept(tmp_path: Path) -> None:
    sources = tuple(Packed(Path("x.zip"), name, 1) for name in ("a.jpg", "b.WEBP", "c.gif"))
    targets = [job.target.name for job in plan(Gathered(sources), "4x", "")]
    assert targets == ["a-4x.jpg", "b-4x.webp", "c-4x.png"]
    assert plan(Gathered(sources), "4x", ".jpg")[1].target.name == "b-4x.jpg"


def test_what_a_format_cannot_keep_is_told(tmp_path: Path) -> None:
    Image.new("RGBA", (24, 16), (9, 9, 9, 9)).save(tmp_path / "a.png")
    with Archive(tmp_path / "done.zip") as filled:
        jobs = plan(gather([tmp_path / "a.png"], False), "x", ".jpg")
        told = entries(list(run_batch(jobs, asking("deblur"), running("deblur"), filled)))
    assert "no transparency" in told[0].notices[0] and table(tmp_path / "done.zip")[0]["notices"] == told[0].notices[0]
