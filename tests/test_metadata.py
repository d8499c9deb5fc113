"""What a file says besides pixels: it goes along byte by byte, is left out on request, and told where it is lost."""

from __future__ import annotations

import io
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image

from diffir_demo.errors import InputError
from diffir_demo.imaging import Picture, load_picture, losses, over_the_limit, source_of
from diffir_demo.imaging.exif import Entry, Exif, parse
from diffir_demo.imaging.losses import Source
from diffir_demo.imaging.metadata import Metadata, photoshop_resources
from diffir_demo.imaging.save import encode_picture, read_text, save_picture
from tests.pictures import noise
from tests.test_border import png
from tests.test_imaging import encoded, smooth

NAMES = "© 2024 José Nuñez\0".encode()
XMP = (
    '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/" xmp:Rating="5" '
    'exif:GPSLatitude="48,8N"/></rdf:RDF></x:xmpmeta>' + " " * 2000 + '<?xpacket end="w"?>'
).encode()
IPTC = b"\x1c\x02\x78\x00\x07Harbour\x1c\x02\x5a\x00\x05Paris"


def ascii_entry(value: bytes) -> Entry:
    return Entry(2, len(value), value)


def camera_exif(order: str = ">") -> bytes:
    """With UTF-8 in texts, a comment in UTF-16, values of types that the standard does not have there, and a place."""
    kind = Exif(order)
    comment = b"UNICODE\0" + "Straße".encode("utf-16-be" if order == ">" else "utf-16-le")
    main = {0x10E: ascii_entry("Straße\0".encode()), 0x10F: ascii_entry(b"Maker\0"), 0x8298: ascii_entry(NAMES)}
    camera = {
        0x9003: ascii_entry(b"2024:05:06 07:08:09\0"),
        0x9286: Entry(7, len(comment), comment),
        0x9204: Entry(10, 1, struct.pack(order + "ii", -2, 0)),
        0xA431: ascii_entry(b"serial 12345\0"),
        0xA001: kind.short(1),
    }
    place = {0x1D: Entry(5, 1, struct.pack(order + "II", 7, 1)), 2: ascii_entry(b"48 N\0")}
    block = Exif(order, main, camera, place).to_bytes()
    assert block is not None
    return block


def segment(photoshop: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, 0xED, len(photoshop) + 2) + photoshop


def told_photo(order: str = ">") -> bytes:
    """A JPEG that has all that one can have."""
    options: dict[str, Any] = {"exif": camera_exif(order), "xmp": XMP, "comment": b"scanned by hand", "dpi": (300, 300)}
    return encoded(Image.fromarray(smooth()), "JPEG", quality=95, extra=segment(photoshop_resources(IPTC)), **options)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".avif", ".tif"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_exif_goes_along_byte_by_byte(order: str, suffix: str) -> None:
    source = parse(camera_exif(order))
    again = load_picture(encode_picture(load_picture(told_photo(order)), suffix))
    assert again.exif is not None
    kept = parse(again.exif)
    assert kept.order == order and kept.camera == source.camera and kept.place == source.place
    assert {tag: kept.main[tag] for tag in (0x10E, 0x10F, 0x8298)} == {
        0x10E: ascii_entry("Straße\0".encode()),
        0x10F: ascii_entry(b"Maker\0"),
        0x8298: ascii_entry(NAMES),
    }


@pytest.mark.parametrize(("suffix", "lost"), [(".jpg", ()), (".png", ()), (".webp", ("iptc", "comment", "dpi"))])
def test_everything_else_goes_along(suffix: str, lost: tuple[str, ...]) -> None:
    picture = load_picture(told_photo())
    about = picture.metadata
    assert about.xmp is not None and b'xmp:Rating="5"' in about.xmp and len(about.xmp) < len(XMP) - 1900
    assert about == Metadata(about.xmp, IPTC, b"scanned by hand", (), (300, 300))
    again = load_picture(encode_picture(picture, suffix)).metadata
    expected = replace(about, **dict.fromkeys(lost))
    if suffix == ".png":  # a comment is one of its texts
        expected = replace(expected, comment=None, texts=((b"tEXt", b"Comment\0scanned by hand"),))
        assert again.dpi is not None and again.dpi == pytest.approx((300, 300), abs=0.02)
        again = replace(again, dpi=expected.dpi)
    assert again == expected
    assert load_picture(encode_picture(picture, ".tif")).metadata.iptc == IPTC


def test_texts_of_a_png_go_along(tmp_path: Path) -> None:
    texts = [(b"tEXt", b"Author\0Ada"), (b"iTXt", "Titel\0\0\0de\0\0Tür".encode()), (b"tEXt", b"DiffIR\0an old recipe")]
    picture = load_picture(png(noise(), *texts, (b"tEXt", b"Software\0Camera")))
    path = save_picture(picture, tmp_path / "a.png", text={"DiffIR": "a new one", "Software": "This"})
    with Image.open(path) as image:
        image.load()
        found = image.text  # type: ignore[attr-defined]
    assert found == {"DiffIR": "a new one", "Software": "This", "Author": "Ada", "Titel": "Tür"}


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_a_recipe_joins_the_photos_own_xmp(suffix: str, tmp_path: Path) -> None:
    path = save_picture(load_picture(told_photo()), tmp_path / f"a{suffix}", text={"DiffIR": "first"})
    again = save_picture(load_picture(path), tmp_path / f"b{suffix}", text={"DiffIR": "second"})
    data = again.read_bytes()
    assert read_text(again, "DiffIR", 1000) == "second" and b'xmp:Rating="5"' in data
    assert data.count(b"urn:diffir-studio:text:1") == 1, "the former run's recipe is gone"
    long = save_picture(load_picture(told_photo()), tmp_path / f"c{suffix}", text={"DiffIR": "x" * 48_900})
    assert read_text(long, "DiffIR", 50_000) == "x" * 48_900
    assert load_picture(long).metadata == load_picture(path).metadata, "too long for one packet, not for two"


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".avif", ".tif"])
def test_place_and_camera_are_left_out_on_request(suffix: str) -> None:
    data = encode_picture(load_picture(told_photo()), suffix, place_and_camera=False)
    for secret in (b"48 N", b"Maker", b"serial", b"GPSLatitude", b"Paris", b"Harbour".hex().encode()):
        assert secret not in data
    kept = load_picture(data)
    assert kept.exif is not None
    assert parse(kept.exif).main[0x8298].value == NAMES and 0x9003 in parse(kept.exif).camera
    assert not parse(kept.exif).place
    bare = encode_picture(load_picture(told_photo()), suffix, exif=False)
    for secret in (NAMES[:-1], b"Rating", b"Harbour", b"scanned"):
        assert secret not in bare


def test_no_preview_of_what_is_covered_now_goes_along() -> None:
    """Thumbnails stand in EXIF, in Photoshop's resources and in XMP."""
    thumbnail = b"<xmp:Thumbnails>secret</xmp:Thumbnails>"
    xmp = XMP.replace(b"<rdf:Description", thumbnail + b"<rdf:Description", 1)
    body = b"Photoshop 3.0\0" + b"8BIM\x04\x0c\0\0" + struct.pack(">I", 6) + b"secret" + photoshop_resources(IPTC)[14:]
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = "Ada"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.MakerNote] = b"secret"
    picture = load_picture(encoded(Image.fromarray(smooth()), "JPEG", exif=exif, xmp=xmp, extra=segment(body)))
    assert picture.metadata.iptc == IPTC
    for suffix in (".jpg", ".png", ".webp", ".tif"):
        assert b"secret" not in encode_picture(picture, suffix)


@pytest.mark.parametrize("dpi", [(0, 0), (99_999, 99_999)])
def test_a_resolution_that_cannot_be_is_left_out(dpi: tuple[int, int]) -> None:
    across = struct.pack(">IIB", *(round(each / 0.0254) for each in dpi), 1)
    assert load_picture(png(noise(), (b"pHYs", across))).metadata.dpi is None


# ---- losses ----


def test_losses_are_the_same_by_the_header_and_by_the_picture(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(told_photo())
    Image.fromarray(noise(channels=4)).save(tmp_path / "b.png")
    for path in tmp_path.iterdir():
        by_header, exact = source_of(path), source_of(load_picture(path))
        assert by_header == exact and exact is not None
    jpeg, clear = source_of(tmp_path / "a.jpg"), source_of(tmp_path / "b.png")
    assert jpeg is not None and clear is not None
    assert losses(jpeg, Path("x.png")) == () == losses(clear, Path("x.png"))
    assert "captions (IPTC) and comment" in losses(jpeg, Path("x.webp"))[0]
    assert any("no transparency" in sentence for sentence in losses(clear, Path("x.jpg")))
    assert any("outside the mask" in sentence for sentence in losses(clear, Path("x.jpg"), has_mask=True))
    assert any("camera data" in sentence for sentence in losses(jpeg, Path("x.bmp")))


@pytest.mark.parametrize(("suffix", "side"), [(".webp", 16_383), (".jpg", 65_500)])
def test_limits_are_known_before(suffix: str, side: int) -> None:
    at, beyond = (Source(width, 8, False) for width in (side // 4, side // 4 + 1))
    assert over_the_limit(at, Path(f"x{suffix}"), 4) is None
    assert str(side) in (over_the_limit(beyond, Path(f"x{suffix}"), 4) or "")
    assert over_the_limit(beyond, Path("x.png"), 4) is None
    with pytest.raises(InputError, match=str(side)):
        encode_picture(Picture(np.zeros((1, side + 1, 3), np.uint8)), suffix)


def test_lossless_webp_stays_lossless(tmp_path: Path) -> None:
    for lossless, quality in ((True, 100), (False, 95)):
        Image.fromarray(noise()).save(tmp_path / "a.webp", lossless=lossless)
        source = source_of(tmp_path / "a.webp")
        assert source is not None and source.quality(".webp") == quality and source.quality(".jpg") == 95


def test_a_tiff_is_read_by_others(tmp_path: Path) -> None:
    """What this program writes itself, as Pillow reads it."""
    picture = load_picture(told_photo())
    clear = replace(picture, pixels=noise(), alpha=noise()[..., 0])
    with Image.open(io.BytesIO(encode_picture(clear, ".tif"))) as image:
        assert np.array_equal(np.asarray(image), np.dstack([noise(), noise()[..., 0]]))
        assert image.getexif()[ExifTags.Base.Make] == "Maker"
        assert image.info["dpi"] == (300, 300)
        assert image.getexif().get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] == "2024:05:06 07:08:09"


def big_tiff(order: str, pixels: np.ndarray) -> bytes:
    """One of an RGB picture, turned by EXIF, with a camera's directory and a place. Every offset has 64 bits."""
    height, width, _ = pixels.shape

    def pack(form: str, *values: int) -> bytes:
        return struct.pack(order + form, *values)

    def directory(at: int, entries: dict[int, tuple[int, int, bytes]]) -> bytes:
        head, body, after = pack("Q", len(entries)), b"", at + 16 + 20 * len(entries)
        for tag in sorted(entries):
            kind, count, value = entries[tag]
            place = value.ljust(8, b"\0") if len(value) <= 8 else pack("Q", after + len(body))
            body += value if len(value) > 8 else b""
            head += pack("HHQ", tag, kind, count) + place
        return head + bytes(8) + body

    strips = 16
    camera = strips + pixels.nbytes
    taken = directory(camera, {0x9003: (2, 20, b"2024:05:06 07:08:09\0"), 0x9204: (17, 1, pack("q", -1))})
    place = camera + len(taken)
    where = directory(place, {1: (2, 2, b"N\0"), 2: (5, 3, pack("6I", 52, 1, 31, 1, 12, 1))})
    main = directory(
        place + len(where),
        {
            0x100: (3, 1, pack("H", width)),
            0x101: (3, 1, pack("H", height)),
            0x102: (3, 3, pack("3H", 8, 8, 8)),
            0x103: (3, 1, pack("H", 1)),
            0x106: (3, 1, pack("H", 2)),
            0x10F: (2, 6, b"Maker\0"),
            0x111: (16, 1, pack("Q", strips)),
            0x112: (3, 1, pack("H", 6)),
            0x115: (3, 1, pack("H", 3)),
            0x117: (16, 1, pack("Q", pixels.nbytes)),
            0x8769: (18, 1, pack("Q", camera)),
            0x8825: (13, 1, pack("I", place)),
        },
    )
    magic = b"II+\0" if order == "<" else b"MM\0+"
    return magic + pack("HHQ", 8, 0, place + len(where)) + pixels.tobytes() + taken + where + main


@pytest.mark.parametrize("order", ["<", ">"])
def test_bigtiff_says_the_same_as_tiff(order: str) -> None:
    stored = noise()
    data = big_tiff(order, stored)
    exif = parse(data)
    assert not exif.damaged and exif.orientation == 6
    picture = load_picture(data)
    assert np.array_equal(picture.pixels, np.rot90(stored, -1)) and not picture.notices
    with Image.open(io.BytesIO(encode_picture(picture, ".jpg"))) as image:
        found = image.getexif()
    assert found[ExifTags.Base.Make] == "Maker" and ExifTags.Base.Orientation not in found
    assert found.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] == "2024:05:06 07:08:09"
    assert 0x9204 not in found.get_ifd(ExifTags.IFD.Exif), "64 bits have no place in an EXIF block"
    assert found.get_ifd(ExifTags.IFD.GPSInfo)[2] == (52, 31, 12)
    for cut in range(0, len(data), 7):
        parse(data[:cut])
