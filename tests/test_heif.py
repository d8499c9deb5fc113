"""HEIC photos as phones take them: `fixtures/heic.py` wrote them with libheif and x265."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from gradio.data_classes import FileData
from PIL import Image

from diffir_demo.errors import InputError
from diffir_demo.imaging import READABLE, load_picture, megapixels_of, picture_size, pictures_in_zip, source_of
from diffir_demo.imaging.colour import own_levels, profile_name
from diffir_demo.imaging.exif import parse
from diffir_demo.imaging.heif import is_heif
from diffir_demo.imaging.save import encode_picture
from diffir_demo.ui.files import ACCEPTED
from diffir_demo.ui.photo.reading import placed
from tests.test_cli import run
from tests.test_imaging import encoded, smooth, worst

FIXTURES = Path(__file__).parent / "fixtures"
PHONE = FIXTURES / "phone.heic"


def renamed(data: bytes, *brands: bytes) -> bytes:
    """The file with another list of brands of the same length; the first is the major one."""
    count = (int.from_bytes(data[:4], "big") - 16) // 4
    rest = (*brands[1:], *[b"miaf"] * count)[:count]
    return data[:8] + brands[0] + data[12:16] + b"".join(rest) + data[16 + 4 * count :]


def test_a_phones_photo_is_upright_and_keeps_what_it_says() -> None:
    """Display P3, turned by a property of the file, with EXIF whose orientation must not turn it again, and XMP."""
    picture = load_picture(PHONE)
    assert (picture.width, picture.height) == (40, 60) == picture_size(PHONE)
    assert worst(own_levels(picture), np.rot90(smooth(40, 60), -1)) < 24
    assert picture.profile is not None and picture.own is not None and profile_name(picture.profile) == ""
    assert picture.exif is not None and b"Phone" in picture.exif and parse(picture.exif).orientation == 1
    assert picture.metadata.xmp is not None and b"image/heic" in picture.metadata.xmp
    assert picture.notices == () and picture.alpha is None
    kept = load_picture(encode_picture(picture, ".png"))
    assert np.array_equal(kept.levels, picture.levels) and kept.exif is not None and kept.metadata.xmp


def test_what_it_says_is_known_before_it_is_decoded() -> None:
    source = source_of(PHONE)
    assert source is not None and (source.width, source.height) == (40, 60)
    assert source.says == {"exif", "xmp"}


@pytest.mark.parametrize(
    "brands", [(b"mif1", b"heic"), (b"heic", b"mif1"), (b"heix", b"mif1"), (b"msf1", b"mif1", b"heic")]
)
def test_any_brand_of_it_opens(brands: tuple[bytes, ...]) -> None:
    data = renamed(PHONE.read_bytes(), *brands)
    assert is_heif(data) and np.array_equal(load_picture(data).pixels, load_picture(PHONE).pixels)


def test_avif_under_the_common_brand_stays_avif() -> None:
    data = encoded(Image.fromarray(smooth()), "AVIF")
    data = renamed(data, b"mif1", b"avif")
    assert not is_heif(data) and worst(load_picture(data).pixels, smooth()) < 40


def test_transparency_and_company() -> None:
    picture = load_picture(FIXTURES / "transparent.heic")
    assert picture.alpha is not None and picture.alpha[0, 0] < 8 and picture.alpha[0, -1] > 247
    several = load_picture(FIXTURES / "several.heic")
    assert worst(several.pixels, smooth()) < 24 and "only the main one" in several.notices[0]


def test_code_points_and_hdr() -> None:
    """As of PNG and AVIF: (54, 97, 17) is what browsers show of (64, 96, 32) in Display P3."""
    assert worst(load_picture(FIXTURES / "codes.heic").pixels, np.full((16, 16, 3), (54, 97, 17))) <= 3
    notices = load_picture(FIXTURES / "hdr.heic").notices
    assert notices[0] == "10-bit picture: worked on in 8 bit." and "HDR" in notices[1]


def test_in_a_zip_of_any_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """EXIF may stand behind the pixels, farther than a header is looked for."""
    monkeypatch.setattr("diffir_demo.imaging.opening._HEADER", 600)
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        archive.write(PHONE, "holiday/IMG_0001.HEIC")
    (photo,), others = pictures_in_zip(tmp_path / "photos.zip")
    assert others == [] and megapixels_of(photo) == 40 * 60 / 1e6
    assert np.array_equal(load_picture(photo).pixels, load_picture(PHONE).pixels)


def test_the_command_line_takes_it(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "IMG_0001.HEIC").write_bytes(PHONE.read_bytes())
    assert run("restore", "sr", folder, "-o", tmp_path / "out", "--baseline", "lanczos") == 0
    with Image.open(tmp_path / "out" / "IMG_0001.png") as made:
        assert made.size == (160, 240) and made.info["icc_profile"] and made.getexif()[0x010F] == "Phone"


def test_the_page_shows_it_and_its_dialog_offers_it() -> None:
    opened = placed(FileData(path=str(PHONE)))
    assert opened.preview is not None and Image.open(opened.preview.path).size == (40, 60)
    assert set(ACCEPTED.split(",")) == {"image/*", *READABLE} and ".heic" in ACCEPTED


@pytest.mark.parametrize("name", ["phone", "transparent", "several", "hdr"])
def test_damage_gives_a_picture_or_one_sentence(name: str) -> None:
    rng = np.random.default_rng(1)
    data, refused = np.frombuffer((FIXTURES / f"{name}.heic").read_bytes(), np.uint8), 0
    for turn in range(60):
        broken = data.copy()
        places = rng.integers(0, len(data), 6)
        broken[places] = rng.integers(0, 256, 6)
        whole = broken.tobytes() if turn % 3 else data[: int(rng.integers(1, len(data)))].tobytes()
        try:
            assert load_picture(whole).pixels.shape[2] == 3
        except InputError as error:
            refused += 1
            assert str(error).startswith("The file") and "\n" not in str(error)
    assert refused > 0


def test_a_size_beyond_the_limit_is_refused_by_its_header() -> None:
    data = PHONE.read_bytes()
    at = data.index(b"ispe") + 8
    huge = data[:at] + struct.pack(">II", 20_000, 20_000) + data[at + 8 :]
    with pytest.raises(InputError, match="100 megapixels|damaged"):
        load_picture(io.BytesIO(huge))
