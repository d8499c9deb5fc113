"""Which mask belongs to which photo, and what results are called, on every system."""

from __future__ import annotations

import unicodedata
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from diffir_demo.batch import Job, foreseen, gather, plan, plan_jobs
from diffir_demo.batch.names import distinct, fitting
from diffir_demo.imaging import Packed, load_mask, pictures_in_zip
from diffir_demo.tasks import TASKS
from tests.pictures import noise, noise_file
from tests.test_imaging import encoded


def packed(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, b"")
    return path


def pairs(jobs: list[Job]) -> dict[str, str | None]:
    """Photo -> mask, by their whole paths inside zips."""

    def called(source: Path | Packed | None) -> str | None:
        return source.member if isinstance(source, Packed) else source and source.name

    return {called(job.source) or "": "?" if job.problem else called(job.mask) for job in jobs}


def brought(tmp_path: Path, *names: str) -> dict[str, str | None]:
    return pairs(plan(gather([packed(tmp_path / "x.zip", *names)], True), "filled", ".png"))


def test_a_mask_beside_its_photo_is_that_photos(tmp_path: Path) -> None:
    names = ("a/1.png", "a/1_mask.png", "b/1.png", "b/1_mask.png", "c/1.png")
    assert brought(tmp_path, *names) == {"a/1.png": "a/1_mask.png", "b/1.png": "b/1_mask.png", "c/1.png": None}
    two = [packed(tmp_path / f"{name}.zip", "1.png", "1_mask.png") for name in "xy"]
    for job in plan(gather(two, True), "filled", ".png"):
        assert isinstance(job.source, Packed) and isinstance(job.mask, Packed)
        assert job.mask.archive == job.source.archive


def test_a_mask_elsewhere_is_taken_where_it_is_meant_for_sure(tmp_path: Path) -> None:
    assert brought(tmp_path, "photos/1.png", "masks/1_mask.png") == {"photos/1.png": "masks/1_mask.png"}
    two = brought(tmp_path, "a/1.png", "b/1.png", "masks/1_mask.png")
    assert two == {"a/1.png": "?", "b/1.png": "?"}
    assert brought(tmp_path, "1.png", "1_mask.png", "1_mask.jpg") == {"1.png": "?"}


def test_the_reason_is_told(tmp_path: Path) -> None:
    (job,) = plan(gather([packed(tmp_path / "x.zip", "1.png", "1_mask.png", "1_mask.jpg")], True), "filled", ".png")
    assert str(job.problem) == "Two masks fit '1.png': 1_mask.jpg and 1_mask.png. Leave one of them."


@pytest.mark.parametrize(
    ("photo", "mask"),
    [
        ("IMG_1.JPG", "img_1_MASK.png"),
        (unicodedata.normalize("NFC", "Tür.png"), unicodedata.normalize("NFD", "Tür_mask.png")),
        (unicodedata.normalize("NFD", "Tür.png"), unicodedata.normalize("NFC", "TÜR_mask.png")),
    ],
)
def test_case_and_accents_do_not_matter(photo: str, mask: str, tmp_path: Path) -> None:
    assert brought(tmp_path, photo, mask) == {photo: mask}


def test_names_that_differ_in_case_alone_keep_their_own(tmp_path: Path) -> None:
    names = ("Cat.png", "cat.png", "Cat_mask.png", "cat_mask.png")
    assert brought(tmp_path, *names) == {"Cat.png": "Cat_mask.png", "cat.png": "cat_mask.png"}


def test_a_folder_of_masks_may_have_the_folders_of_a_zip(tmp_path: Path) -> None:
    for folder in "ab":
        noise_file(tmp_path / "masks" / folder / "1.png")
    noise_file(tmp_path / "masks" / "2_mask.png"), noise_file(tmp_path / "masks" / "2.png")
    source = packed(tmp_path / "x.zip", "a/1.png", "b/1.png", "c/2.png")
    jobs = plan_jobs([source], str(tmp_path / "out.zip"), tmp_path / "masks", TASKS["inpaint"])
    found = [job.mask.relative_to(tmp_path / "masks").as_posix() for job in jobs if isinstance(job.mask, Path)]
    assert found == ["a/1.png", "b/1.png", "2_mask.png"]
    assert [job.target.name for job in jobs] == ["1.png", "1 (2).png", "2.png"]


def test_several_masks_in_a_folder_are_one_pictures_problem(tmp_path: Path) -> None:
    for name in ("1_mask.png", "1_mask.tif"):
        noise_file(tmp_path / "masks" / name)
    photos = [noise_file(tmp_path / "in" / f"{name}.png") for name in "12"]
    jobs = plan_jobs(photos, str(tmp_path / "out"), tmp_path / "masks", TASKS["inpaint"])
    assert [job.problem is not None for job in jobs] == [True, False]


# ---- names ----


def test_names_fit_every_system() -> None:
    assert fitting("a<b>:c", ".png") == "a_b__c.png"
    assert len(fitting("写" * 110, "-enlarged.png").encode()) <= 200
    assert fitting("写" * 110, ".png").startswith("写写") and fitting(" . ", ".png") == "photo.png"
    assert fitting("caf\udce9", ".png") == "café.png", "a byte that is not UTF-8 is read as Windows wrote it"
    nfc, nfd = (unicodedata.normalize(form, "é.png") for form in ("NFC", "NFD"))
    assert len({unicodedata.normalize("NFC", name) for name in distinct([nfc, nfd])}) == 2


@pytest.mark.parametrize(
    ("letters", "name"),
    [("cp932", "写真.png"), ("cp437", "été.png"), ("cp437", "Müller.png"), ("utf-8", "Tür.png")],
)
def test_names_in_a_zip_are_read_as_they_were_meant(letters: str, name: str, tmp_path: Path) -> None:
    raw = name.encode(letters)
    path = packed(tmp_path / "x.zip", "A" * (len(raw) - 4) + ".png")
    path.write_bytes(path.read_bytes().replace(b"A" * (len(raw) - 4) + b".png", raw))
    (found,), _ = pictures_in_zip(path)
    assert found.name == name and found.read() == b""


def test_every_name_of_jpeg_counts(tmp_path: Path) -> None:
    names = ["a.jfif", "b.jpe", "c.JPG", "d.pjpeg", "e.apng", "f.jif"]
    jobs = plan(gather([packed(tmp_path / "x.zip", *names)], False), "x", "")
    assert [job.target.name for job in jobs] == ["a-x.jfif", "b-x.jpe", "c-x.jpg", "d-x.pjpeg", "e-x.png", "f-x.jif"]


# ---- before the work ----


def test_a_result_beyond_its_format_becomes_a_png_and_that_is_told(tmp_path: Path) -> None:
    wide, small = tmp_path / "wide.webp", tmp_path / "small.webp"
    wide.write_bytes(encoded_webp(5000)), small.write_bytes(encoded_webp(50))
    jobs = [Job(path, tmp_path / "out" / path.name, None) for path in (small, wide)]
    changed, told = foreseen(jobs, 4, has_mask=False, may_change=True, place=tmp_path)
    assert [job.target.name for job in changed] == ["small.webp", "wide.png"]
    assert len(told) == 1 and "16383" in told[0] and "PNG" in told[0] and "1 of 2" in told[0]
    refused, _ = foreseen(jobs, 4, has_mask=False, may_change=False, place=tmp_path)
    assert [job.problem is not None for job in refused] == [False, True]


def test_too_little_space_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = [Job(noise_file(tmp_path / "a.png", 1000, 1000), tmp_path / "b.png", None)]
    assert foreseen(jobs, 4, has_mask=False, may_change=False, place=tmp_path)[1] == []
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 20_000_000}))
    (sentence,) = foreseen(jobs, 4, has_mask=False, may_change=False, place=tmp_path)[1]
    assert "48 MB" in sentence and "20 MB are free" in sentence


def encoded_webp(width: int) -> bytes:
    return encoded(Image.fromarray(noise(8, width)), "WEBP")


def test_a_photo_whose_hole_is_transparent_is_a_mask() -> None:
    hole = np.zeros((40, 60), bool)
    hole[10:20, 15:40] = True
    photo = np.dstack([noise(40, 60), np.where(hole, 0, 255).astype(np.uint8)])
    for erased in (photo, np.where(hole[..., None], 0, photo).astype(np.uint8)):
        assert np.array_equal(load_mask(encoded(Image.fromarray(erased), "PNG")), hole)
