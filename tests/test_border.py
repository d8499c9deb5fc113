"""The pixel border by numbers: what readers disagree about, colour told without a profile, transparency, odd TIFFs."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import ExifTags, Image

from diffir_demo.errors import InputError
from diffir_demo.imaging import is_grey, load_picture, picture_size, visible_colours
from diffir_demo.imaging.colour import own_levels
from diffir_demo.imaging.exif import SRGB, Exif, parse
from diffir_demo.imaging.save import encode_picture
from tests.pictures import noise
from tests.test_imaging import display_p3_profile, encoded, smooth, worst

Chunk = tuple[bytes, bytes]


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(pixels: np.ndarray, *extra: Chunk, after: Iterable[Chunk] = ()) -> bytes:
    """An ordinary PNG with chunks put in behind its header, and others behind its pixels."""
    data = encoded(Image.fromarray(pixels), "PNG")
    behind = b"".join(chunk(*each) for each in after)
    return data[:33] + b"".join(chunk(*each) for each in extra) + data[33:-12] + behind + data[-12:]


def raw_png(bits: int, colour: int, width: int, height: int, rows: Iterable[bytes], *extra: Chunk) -> bytes:
    """A PNG of any depth."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    packed = zlib.compress(b"".join(b"\0" + row for row in rows))
    body = b"".join(chunk(*each) for each in (*extra, (b"IDAT", packed), (b"IEND", b"")))
    return b"\x89PNG\r\n\x1a\n" + head + body


def exif_of(orientation: int) -> bytes:
    """An EXIF block without its prefix."""
    return b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHIHH", 0x112, 3, 1, orientation, 0) + bytes(4)


def xmp_of(orientation: int) -> bytes:
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" '
        f'tiff:Orientation="{orientation}"/></rdf:RDF></x:xmpmeta>'
    ).encode()


# ---- orientation ----


@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF", "WEBP", "AVIF"])
def test_exif_turns_and_the_header_says_the_same_size(form: str, tmp_path: Any) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    path = tmp_path / "photo"
    path.write_bytes(encoded(Image.fromarray(smooth(40, 60)), form, exif=exif))
    picture = load_picture(path)
    assert (picture.width, picture.height) == (40, 60) == picture_size(path)
    assert worst(picture.pixels, np.rot90(smooth(40, 60), -1)) < 40
    assert picture.exif is None or parse(picture.exif).orientation == 1


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_xmp_alone_turns_nothing_as_in_browsers(form: str) -> None:
    options: dict[str, Any] = {"xmp": xmp_of(6)} if form != "PNG" else {}
    data = encoded(Image.fromarray(smooth(40, 60)), form, **options)
    if form == "PNG":
        data = png(smooth(40, 60), (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp_of(6)))
    picture = load_picture(data)
    assert (picture.width, picture.height) == (60, 40)
    again = encode_picture(picture, ".jpg")
    assert b'tiff:Orientation="6"' in again, "whoever turns by it shows the result as the photo"


def test_a_turned_picture_says_so_nowhere_any_more() -> None:
    exif = b"Exif\0\0" + exif_of(6)
    picture = load_picture(encoded(Image.fromarray(smooth(40, 60)), "JPEG", exif=exif, xmp=xmp_of(6)))
    assert (picture.width, picture.height) == (40, 60)
    for suffix in (".jpg", ".png", ".webp", ".tif"):
        saved = encode_picture(picture, suffix)
        assert b"tiff:Orientation" not in saved
        assert (load_picture(saved).width, load_picture(saved).height) == (40, 60)


def test_exif_behind_the_pixels_of_a_png_does_not_turn_it() -> None:
    assert load_picture(png(noise(), after=[(b"eXIf", exif_of(6))])).pixels.shape == noise().shape
    assert load_picture(png(noise(), (b"eXIf", exif_of(6)))).pixels.shape == (30, 20, 3)


@pytest.mark.parametrize("orientation", [0, 9, 300])
def test_an_orientation_that_does_not_exist_turns_nothing(orientation: int) -> None:
    assert load_picture(png(noise(), (b"eXIf", exif_of(orientation)))).pixels.shape == noise().shape


# ---- colour without a profile ----


def chromaticities(white: tuple[float, float], *corners: tuple[float, float]) -> bytes:
    return struct.pack(">8I", *(round(each * 1e5) for point in (white, *corners) for each in point))


D65 = (0.3127, 0.3290)
ADOBE = chromaticities(D65, (0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
SHOWN = {  # what Chromium shows of the levels (64, 96, 32)
    "gama": ([(b"gAMA", struct.pack(">I", 100_000))], (137, 165, 99)),
    "chrm": ([(b"gAMA", struct.pack(">I", 45_455)), (b"cHRM", ADOBE)], (39, 96, 18)),
    "cicp": ([(b"cICP", bytes([12, 13, 0, 1]))], (54, 97, 17)),
    "srgb": ([(b"sRGB", b"\0"), (b"gAMA", struct.pack(">I", 100_000))], (64, 96, 32)),
    "plain gamma": ([(b"gAMA", struct.pack(">I", 45_455))], (64, 96, 32)),
    "primaries alone": ([(b"cHRM", ADOBE)], (64, 96, 32)),
}


@pytest.mark.parametrize("name", SHOWN)
def test_png_chunks_mean_colours_as_browsers_show_them(name: str) -> None:
    chunks, shown = SHOWN[name]
    flat = np.full((8, 8, 3), (64, 96, 32), np.uint8)
    picture = load_picture(png(flat, *chunks))
    assert worst(picture.pixels, np.full_like(flat, shown)) <= 1 and picture.notices == ()
    saved = load_picture(encode_picture(picture, ".png"))
    assert worst(saved.pixels, picture.pixels) <= 1, "the result looks as the photo does"
    assert np.array_equal(own_levels(picture), flat), "and has its levels"


def test_hdr_is_told() -> None:
    picture = load_picture(png(np.full((8, 8, 3), (64, 96, 32), np.uint8), (b"cICP", bytes([9, 16, 0, 1]))))
    assert "HDR" in picture.notices[0] and picture.own is None


def test_unknown_code_points_are_told() -> None:
    picture = load_picture(png(noise(), (b"cICP", bytes([200, 99, 0, 1]))))
    assert np.array_equal(picture.pixels, noise()) and "not known" in picture.notices[0]


def adobe_rgb_exif() -> bytes:
    """As Canon, Nikon and Fuji write their Adobe RGB mode: ColorSpace 65535, and R03 in a directory of its own."""
    interoperability = b"\x01\0" + struct.pack("<HHI4s", 1, 2, 4, b"R03\0") + bytes(4)
    camera_at, more_at = 26, 26 + 2 + 24 + 4
    main = b"\x01\0" + struct.pack("<HHII", 0x8769, 4, 1, camera_at) + bytes(4)
    camera = b"\x02\0" + struct.pack("<HHIHH", 0xA001, 3, 1, 0xFFFF, 0) + struct.pack("<HHII", 0xA005, 4, 1, more_at)
    return b"Exif\0\0II*\0\x08\0\0\0" + main + camera + bytes(4) + interoperability


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_adobe_rgb_by_exif(suffix: str) -> None:
    flat = np.full((16, 16, 3), (60, 200, 80), np.uint8)
    picture = load_picture(encoded(Image.fromarray(flat), "JPEG", quality=100, subsampling=0, exif=adobe_rgb_exif()))
    assert worst(picture.pixels, np.full_like(flat, (0, 201, 71))) <= 6
    data = encode_picture(picture, suffix, quality=100)
    with Image.open(io.BytesIO(data)) as image:
        assert worst(np.asarray(image), flat) <= 4 and image.info["icc_profile"]
        assert image.getexif().get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ColorSpace] == 0xFFFF
    assert worst(load_picture(data).pixels, picture.pixels) <= 4


def test_avif_colour_by_code_points() -> None:
    data = encoded(Image.fromarray(np.full((16, 16, 3), (64, 96, 32), np.uint8)), "AVIF", quality=100)
    at = data.index(b"colrnclx") + 8
    assert worst(load_picture(data).pixels, np.full((16, 16, 3), (64, 96, 32))) <= 2
    p3 = data[:at] + struct.pack(">HH", 12, 13) + data[at + 4 :]
    assert worst(load_picture(p3).pixels, np.full((16, 16, 3), (54, 97, 17))) <= 3


# ---- transparency ----


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_one_transparent_level_of_few(bits: int) -> None:
    count = 8 // bits
    levels = np.arange(count) % (1 << bits)
    row = bytes([sum(int(level) << (8 - bits * (i + 1)) for i, level in enumerate(levels))])
    picture = load_picture(raw_png(bits, 0, count, 1, [row], (b"tRNS", struct.pack(">H", 1))))
    assert picture.alpha is not None and np.array_equal(picture.alpha[0] == 0, levels == 1)
    assert np.array_equal(picture.pixels[0, :, 0], levels * (255 // ((1 << bits) - 1)))


def test_one_transparent_level_of_sixteen_bits() -> None:
    grey = np.array([0, 257, 258, 65535], np.uint16)
    picture = load_picture(raw_png(16, 0, 4, 1, [grey.astype(">u2").tobytes()], (b"tRNS", struct.pack(">H", 257))))
    assert picture.alpha is not None and picture.alpha.tolist() == [[255, 0, 255, 255]]
    assert picture.pixels[0, :, 0].tolist() == [0, 1, 1, 255]
    colour = np.array([[257, 514, 771], [257, 514, 770], [0, 0, 0]], np.uint16)
    transparent = (b"tRNS", struct.pack(">3H", 257, 514, 771))
    picture = load_picture(raw_png(16, 2, 3, 1, [colour.astype(">u2").tobytes()], transparent))
    assert picture.alpha is not None and picture.alpha.tolist() == [[0, 255, 255]]
    assert picture.pixels.tolist() == [[[1, 2, 3], [1, 2, 3], [0, 0, 0]]]


def test_what_is_seen_goes_on_below_transparency() -> None:
    pixels, alpha = np.zeros((40, 60, 3), np.uint8), np.zeros((40, 60), np.uint8)
    pixels[10:20, 10:30], alpha[10:20, 10:30] = (230, 200, 60), 255
    assert (visible_colours(pixels, alpha) == (230, 200, 60)).all()
    assert visible_colours(pixels, None) is pixels
    pixels[30:, 40:], alpha[30:, 40:] = (10, 20, 30), 128
    filled = visible_colours(pixels, alpha)
    assert np.array_equal(filled[alpha > 8], pixels[alpha > 8])
    assert filled[12, 5].tolist() == [230, 200, 60] and filled[38, 38].tolist() == pytest.approx([10, 20, 30], abs=60)


def test_grey_is_what_is_seen() -> None:
    grey = np.repeat(noise(channels=1), 3, axis=2)
    assert is_grey(load_picture(png(grey))) and not is_grey(load_picture(png(noise())))
    drawn, mask = grey.copy(), np.zeros(grey.shape[:2], bool)
    drawn[3:6, 4:9], mask[3:6, 4:9] = (255, 0, 0), True
    picture = load_picture(png(drawn))
    assert not is_grey(picture) and is_grey(picture, mask)


# ---- TIFF ----


def tiff(levels: np.ndarray, **options: Any) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, levels, **options)
    return buffer.getvalue()


DEPTHS = {"uint8": 1.0, "uint16": 257.0, "uint32": 16_843_009.0, "float32": 1 / 255}


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("depth", DEPTHS)
def test_tiff_of_every_layout(order: str, compression: str | None, depth: str) -> None:
    scene = smooth()
    scene[0, 0], scene[0, 1] = 255, 0  # so that white is the highest level there is
    deep = (scene * DEPTHS[depth]).astype(depth)
    kept: dict[str, Any] = {"byteorder": order, "compression": compression}
    for planar in ("contig", "separate"):
        stored = deep if planar == "contig" else np.moveaxis(deep, -1, 0).copy()
        picture = load_picture(tiff(stored, photometric="rgb", planarconfig=planar, **kept))
        assert worst(picture.pixels, scene) <= 1, planar
        assert bool(picture.notices) == (depth != "uint8")
    grey, white = deep[..., 0], deep.max()
    for colour, levels in (("minisblack", grey), ("miniswhite", (white - grey).astype(depth))):
        picture = load_picture(tiff(levels, photometric=colour, **kept))
        assert worst(picture.pixels[..., 1], scene[..., 0]) <= 1, colour


@pytest.mark.parametrize("depth", ["uint8", "uint16"])
@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_tiff_inks_and_alpha(depth: str, planar: str) -> None:
    scene = smooth()
    inks = np.dstack([255 - scene, np.zeros(scene.shape[:2], np.uint8)])
    see_through = np.dstack([scene, np.full(scene.shape[:2], 200, np.uint8)])
    for levels, options in (
        (inks, {"photometric": "separated"}),
        (see_through, {"photometric": "rgb", "extrasamples": ["unassalpha"]}),
    ):
        deep = (levels * DEPTHS[depth]).astype(depth)
        stored = deep if planar == "contig" else np.moveaxis(deep, -1, 0).copy()
        picture = load_picture(tiff(stored, planarconfig=planar, **options))
        assert worst(picture.pixels, scene) <= 1
        assert (picture.alpha is None) == (levels is inks)
        assert picture.alpha is None or (picture.alpha == 200).all()


@pytest.mark.parametrize(
    ("levels", "options", "words"),
    [
        (np.zeros((8, 8), np.int16), {"photometric": "minisblack"}, "sign"),
        (np.zeros((8, 8), np.int8), {"photometric": "minisblack"}, "sign"),
        (np.zeros((8, 8, 3), np.uint16), {"photometric": "cielab"}, "not known"),
        (np.zeros((8, 8, 3), np.uint8), {"photometric": "icclab"}, "not known"),
        (np.zeros((8, 8), np.uint16), {"photometric": "cfa"}, "not known"),
    ],
)
def test_levels_that_mean_no_picture_are_refused(levels: np.ndarray, options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        load_picture(tiff(levels, **options))
    assert caught.value.hint and "\n" not in str(caught.value)


@pytest.mark.parametrize("tag", [258, 259, 262, 277, 284, 339, 254, 256])
@pytest.mark.parametrize(("kind", "count"), [(3, 2), (2, 4), (12, 1), (3, 0), (5, 1)])
def test_a_tag_of_another_type_is_no_trace(tag: int, kind: int, count: int) -> None:
    """What a page says by one number, said by two, by a text, by a fraction: a picture, or one sentence."""
    data = bytearray(tiff(smooth(), photometric="rgb"))
    first = struct.unpack_from("<I", data, 4)[0]
    places = range(first + 2, first + 2 + 12 * struct.unpack_from("<H", data, first)[0], 12)
    for place in places:
        if struct.unpack_from("<H", data, place)[0] == tag:
            struct.pack_into("<HI", data, place + 2, kind, count)
    try:
        load_picture(bytes(data))
    except InputError as error:
        assert "\n" not in str(error)


# ---- damage that costs no picture ----


@pytest.mark.parametrize(
    "block", [b"garbage", b"", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff\xff" + b"\xaa" * 90, exif_of(6)[:14]]
)
def test_no_exif_costs_a_picture(block: bytes) -> None:
    assert np.array_equal(load_picture(png(noise(), (b"eXIf", block))).pixels, noise())
    for form in ("JPEG", "WEBP"):
        data = encoded(Image.fromarray(smooth()), form, exif=b"Exif\0\0" + block if block else b"")
        assert worst(load_picture(data).pixels, smooth()) < 40
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "A camera of some name"
    avif = encoded(Image.fromarray(smooth()), "AVIF", exif=exif)
    assert worst(load_picture(avif.replace(b"MM\0*", block[:4].ljust(4, b"x"))).pixels, smooth()) < 40


def test_long_chunks_are_no_damage() -> None:
    text = b"workflow\0\0" + zlib.compress(bytes(3_000_000))
    profile = b"name\0\0" + zlib.compress(display_p3_profile() + bytes(1_300_000))
    picture = load_picture(png(noise(), (b"zTXt", text), (b"iCCP", profile)))
    assert picture.pixels.shape == noise().shape and picture.metadata.texts == ((b"zTXt", text),)


def test_a_damaged_text_is_left_out_and_told() -> None:
    good = png(noise(), (b"tEXt", b"Author\0Ada"))
    picture = load_picture(good.replace(b"Author\0Ada", b"Author\0Bob"))  # its check sum is another's
    assert np.array_equal(picture.pixels, noise()) and "text" in picture.notices[0] and not picture.metadata.texts


def test_a_missing_end_mark_is_no_damage() -> None:
    whole = encoded(Image.fromarray(smooth()), "JPEG")
    assert np.array_equal(load_picture(whole[:-2]).pixels, load_picture(whole).pixels)
    progressive = encoded(Image.fromarray(smooth()), "JPEG", progressive=True)
    assert np.array_equal(load_picture(progressive[:-2]).pixels, load_picture(progressive).pixels)
    assert np.array_equal(load_picture(png(noise())[:-12]).pixels, noise())
    with pytest.raises(InputError, match="read to the end"):
        load_picture(whole[: -len(whole) // 5])


# ---- EXIF itself ----


@pytest.mark.parametrize("order", ["<", ">"])
def test_exif_directories_survive_as_they_are(order: str) -> None:
    about = Exif(order)
    main = {ExifTags.Base.Artist: about.short(1, 2, 3), ExifTags.Base.XResolution: about.ratio(72.5)}
    whole = Exif(order, main, {ExifTags.Base.ColorSpace: about.short(SRGB)}, {1: about.long(7)})
    block = whole.to_bytes()
    assert block is not None
    again = parse(block)
    assert (again.order, again.damaged) == (order, False)
    assert {**again.main, 0x8769: None, 0x8825: None} == {**main, 0x8769: None, 0x8825: None}
    assert (again.camera, again.place) == (whole.camera, whole.place)
