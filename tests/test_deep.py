"""Sixteen bits in and out: untouched pixels bit for bit, soft gradients without steps, and a sentence elsewhere."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
from PIL import ExifTags, Image

from diffir_demo.baselines import get_baseline
from diffir_demo.errors import InputError
from diffir_demo.imaging import Picture, encode_picture, is_deep, load_picture, with_new_levels
from diffir_demo.imaging.colour import in_own_levels
from diffir_demo.imaging.deep import deep_levels
from tests.pictures import noise
from tests.test_border import chunk, png
from tests.test_cli import run
from tests.test_imaging import display_p3_profile


def levels(height: int = 24, width: int = 36, channels: int = 3) -> np.ndarray:
    """(h, w, c) uint16."""
    return np.random.default_rng(3).integers(0, 65536, (height, width, channels), np.uint16)


def png_of(found: np.ndarray, *extra: tuple[bytes, bytes]) -> bytes:
    swapped = found if found.ndim == 2 or found.shape[2] == 1 else found[..., [2, 1, 0, 3][: found.shape[2]]]
    data = cv2.imencode(".png", np.ascontiguousarray(swapped))[1].tobytes()
    return data[:33] + b"".join(chunk(*each) for each in extra) + data[33:]


def tiff_of(found: np.ndarray, **options: Any) -> bytes:
    buffer = io.BytesIO()
    photometric = "minisblack" if found.ndim == 2 else "rgb"
    tifffile.imwrite(buffer, found, photometric=photometric, metadata=None, **options)
    return buffer.getvalue()


def read(data: bytes) -> np.ndarray:
    """All 16 bits of a file, by libraries that did not write it."""
    if data.startswith(b"\x89PNG"):
        found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        assert found is not None
        return found[..., [2, 1, 0, 3][: found.shape[2]]]
    return tifffile.imread(io.BytesIO(data))


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize(
    "data",
    [png_of(levels()), tiff_of(levels()), tiff_of(levels(), byteorder=">"), tiff_of(levels(), compression="deflate")],
    ids=["png", "tiff", "big-endian", "deflated"],
)
def test_every_bit_comes_back(data: bytes, suffix: str) -> None:
    picture = load_picture(data)
    assert picture.notices == ("16-bit picture: worked on in 8 bit.",) and is_deep(picture)
    assert np.array_equal(read(encode_picture(picture, suffix, bits=16)), levels())
    assert read(encode_picture(picture, suffix)).dtype == np.uint8, "8 bits unless more are asked for"


def test_grey_and_transparent_ones() -> None:
    grey = levels(channels=1)[..., 0]
    for data in (png_of(grey), tiff_of(grey)):
        assert np.array_equal(read(encode_picture(load_picture(data), ".png", bits=16))[..., 1], grey)
    clear = levels(channels=4)
    back = read(encode_picture(load_picture(png_of(clear)), ".tif", bits=16))
    assert (
        np.array_equal(back[..., :3], clear[..., :3]) and np.abs(back[..., 3] / 257.0 - clear[..., 3] / 257.0).max() < 1
    )


def test_turned_and_in_its_own_colours() -> None:
    exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    picture = load_picture(png_of(levels(), (b"eXIf", exif)))
    assert np.array_equal(deep_levels(picture), np.rot90(levels(), -1))
    assert load_picture(png(noise())).deep is None, "8 bits have nothing below them"
    wide = load_picture(tiff_of(levels(), iccprofile=display_p3_profile()))
    assert wide.own is not None and np.array_equal(read(encode_picture(wide, ".png", bits=16)), levels())
    with Image.open(io.BytesIO(encode_picture(wide, ".png", bits=16))) as image:
        assert image.info["icc_profile"] == display_p3_profile()


def test_what_stands_beside_the_pixels_stays() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Camera"
    picture = load_picture(png_of(levels(), (b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0"))))
    saved = encode_picture(picture, ".png", bits=16, text={"recipe": "yes"})
    with Image.open(io.BytesIO(saved)) as image:
        assert image.info["recipe"] == "yes" and image.getexif()[ExifTags.Base.Make] == "Camera"


@pytest.mark.parametrize("profile", [None, display_p3_profile()])
def test_outside_a_hole_every_bit_stays(profile: bytes | None) -> None:
    options: dict[str, Any] = {"iccprofile": profile} if profile else {}
    picture, hole = load_picture(tiff_of(levels(), **options)), np.zeros((24, 36), bool)
    hole[8:14, 8:20] = True
    made = get_baseline("telea", "inpaint").run(picture, hole, 1)
    back = read(encode_picture(made, ".png", bits=16))
    assert np.array_equal(back[~hole], levels()[~hole]) and not np.array_equal(back[hole], levels()[hole])
    assert not (back[hole] % 257).any() or profile, "what is new has 8 bits"


def test_in_colours_beyond_srgb_as_well() -> None:
    """The way of a hole in colours that sRGB has not: filled in the file's own levels."""
    vivid = np.zeros((8, 8, 3), np.uint16)
    vivid[..., 1] = 64_123
    picture = load_picture(tiff_of(vivid, iccprofile=display_p3_profile()))
    work = in_own_levels(picture)
    assert work is not None
    new = work.pixels.copy()
    new[2:4, 2:4] = 9
    fresh = np.zeros((8, 8), bool)
    fresh[2:4, 2:4] = True
    made = with_new_levels(picture, work.restored(new, fresh=fresh))
    back = read(encode_picture(made, ".tif", bits=16))
    assert np.array_equal(back[~fresh], vivid[~fresh]) and (back[fresh] == 9 * 257).all()


def test_a_soft_gradient_stays_soft() -> None:
    """In 8 bits, a sky of 40 levels across 600 pixels shows 40 steps; enlarged with what is below them, none."""
    ramp = np.tile(np.linspace(30_000, 40_000, 600).astype(np.uint16)[None, :, None], (8, 1, 3))
    made = get_baseline("lanczos", "sr").run(load_picture(png_of(ramp)), None, 2)
    row = read(encode_picture(made, ".png", bits=16))[8, 40:-40, 0].astype(int)
    eight = np.asarray(Image.open(io.BytesIO(encode_picture(made, ".png"))))[8, 40:-40, 0].astype(int) * 257
    assert np.abs(np.diff(row)).max() < 150 < np.abs(np.diff(eight)).max()


def test_elsewhere_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.png").write_bytes(png_of(levels()))
    ask = ["restore", "sr", tmp_path / "a.png", "--baseline", "lanczos", "--bits", "16", "-o"]
    assert run(*ask, tmp_path / "b.jpg") == 2
    assert "Only PNG and TIFF hold 16 bits" in capsys.readouterr().err and not (tmp_path / "b.jpg").exists()
    assert run(*ask, tmp_path / "b.tif") == 0
    assert read((tmp_path / "b.tif").read_bytes()).dtype == np.uint16
    with pytest.raises(InputError, match="8 or 16"):
        encode_picture(Picture(noise()), ".png", bits=12)
    assert (read(encode_picture(Picture(noise()), ".png", bits=16)) == noise().astype(np.uint16) * 257).all()
