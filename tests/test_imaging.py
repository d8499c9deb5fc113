"""The pixel border: what goes through unchanged, every odd file, and files that must not be left half-written."""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import ExifTags, Image, ImageCms

from diffir_demo.errors import InputError
from diffir_demo.imaging import (
    FORMATS,
    MAX_MEGAPIXELS,
    Picture,
    check_mask,
    encode_picture,
    first_blocks,
    load_image,
    load_mask,
    load_picture,
    mask_picture,
    profile_name,
    save_picture,
)
from diffir_demo.imaging.colour import SRGB, own_levels
from diffir_demo.model.pixels import pad_to_multiple, to_pixels, to_tensor
from tests.pictures import noise
from tests.test_deconvolve import large_scene

quick = settings(max_examples=60, deadline=None, derandomize=True)
sides = st.integers(1, 40)


def smooth(height: int = 40, width: int = 60) -> np.ndarray:
    """A gradient in each direction, which lossy formats keep to within a few levels."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x * 255 / width, y * 255 / height, (x + y) * 255 / (width + height)], axis=-1).astype(np.uint8)


def encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def error_of(source: Any) -> str:
    with pytest.raises(InputError) as caught:
        load_picture(source)
    return str(caught.value)


def worst(a: np.ndarray, b: np.ndarray) -> int:
    return int(np.abs(a.astype(int) - b.astype(int)).max())


# ---- pixels <-> tensors ----


@quick
@given(arrays.arrays(np.uint8, st.tuples(sides, sides, st.just(3))))
def test_tensor_and_back_is_identity(pixels: np.ndarray) -> None:
    tensor = to_tensor(pixels)
    assert tensor.dtype == torch.float32 and tensor.shape == (1, 3, *pixels.shape[:2])
    assert tensor.min() >= 0 and tensor.max() <= 1
    assert np.array_equal(to_pixels(tensor), pixels)


def test_to_pixels_clamps_and_rounds() -> None:
    levels = torch.tensor([-0.5, 0.4 / 255, 0.6 / 255, 2.0]).reshape(1, 1, 1, 4)
    assert to_pixels(levels).ravel().tolist() == [0, 0, 1, 255]


@quick
@given(sides, sides, st.sampled_from([8, 16, 32]), st.sampled_from([1, 2, 4]))
def test_padding_is_undone(height: int, width: int, multiple: int, scale: int) -> None:
    image = torch.arange(3 * height * width).reshape(1, 3, height, width).float()
    padded, fit = pad_to_multiple(image, multiple)
    assert all(side % multiple == 0 for side in padded.shape[-2:])
    assert all(0 <= new - old < multiple for new, old in zip(padded.shape[-2:], (height, width), strict=True))
    enlarged = [x.repeat_interleave(scale, -1).repeat_interleave(scale, -2) for x in (padded, image)]
    assert torch.equal(fit.undo(enlarged[0], scale), enlarged[1])


@quick
@given(sides, sides, st.sampled_from([8, 16, 32]), st.integers(0, 7), st.integers(0, 7))
def test_padding_mirrors_like_numpy(height: int, width: int, multiple: int, top: int, left: int) -> None:
    image = torch.rand(1, 1, height, width, generator=torch.Generator().manual_seed(height))
    padded, fit = pad_to_multiple(image, multiple, (top, left))
    room = (top, -(top + height) % multiple), (left, -(left + width) % multiple)
    assert np.array_equal(padded[0, 0].numpy(), np.pad(image[0, 0].numpy(), room, "symmetric"))
    assert torch.equal(fit.undo(padded), image)
    doubled = padded.repeat_interleave(2, -1).repeat_interleave(2, -2)
    assert torch.equal(fit.undo(doubled, 2), image.repeat_interleave(2, -1).repeat_interleave(2, -2))


def jpeg(pixels: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file).convert("RGB"))


@pytest.mark.parametrize("name", ["animal-cat-chelsea", "building-cincinnati-bridge", "landscape-lone-tree"])
def test_blocks_of_a_cropped_jpeg_are_found(name: str) -> None:
    with Image.open(Path(__file__).parent.parent / "examples" / f"{name}.jpg") as image:
        plain = np.asarray(image.convert("RGB").resize((480, 320), Image.Resampling.LANCZOS))
    assert first_blocks(plain) == (0, 0)
    for quality in (30, 60):
        saved = jpeg(plain, quality)
        for row, column in ((0, 0), (1, 7), (5, 2), (4, 4)):
            assert first_blocks(saved[row:, column:]) == (-row % 8, -column % 8)


def test_where_no_blocks_are_seen_none_are_told() -> None:
    for plain in (large_scene(300, 340), noise(), np.full((300, 300, 3), 9, np.uint8), noise()[:1, :1]):
        assert first_blocks(plain) == (0, 0)


def test_picture_refuses_other_arrays() -> None:
    with pytest.raises(ValueError, match="uint8"):
        Picture(noise().astype(np.float32))
    with pytest.raises(ValueError, match="alpha"):
        Picture(noise(), alpha=noise()[:5, :, 0])


# ---- good files ----


@pytest.mark.parametrize("form", ["PNG", "BMP", "PPM", "TIFF", "GIF"])
def test_lossless_formats_are_exact(form: str) -> None:
    pixels = noise(8, 8)  # few enough colours for a GIF's palette
    picture = load_picture(encoded(Image.fromarray(pixels), form))
    assert np.array_equal(picture.pixels, pixels)
    assert (picture.alpha, picture.notices, picture.exif) == (None, (), None)


@pytest.mark.parametrize("form", ["JPEG", "WEBP", "AVIF", "JPEG2000"])
def test_lossy_formats_open(form: str) -> None:
    picture = load_picture(encoded(Image.fromarray(smooth()), form, quality=95))
    assert worst(picture.pixels, smooth()) < 16 and picture.notices == ()


def test_path_bytes_and_file_give_the_same(tmp_path: Path) -> None:
    data = encoded(Image.fromarray(noise()), "PNG")
    path = tmp_path / "a.png"
    path.write_bytes(data)
    with path.open("rb") as file:
        sources = [path, str(path), data, file]
        assert all(np.array_equal(load_picture(source).pixels, noise()) for source in sources)


@pytest.mark.parametrize("form", ["PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize(
    ("orientation", "turned"),
    [(1, lambda a: a), (2, np.fliplr), (3, lambda a: np.rot90(a, 2)), (6, np.rot90), (8, lambda a: np.rot90(a, -1))],
)
def test_orientation_is_applied_and_reset(form: str, orientation: int, turned: Any) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Make] = "Camera"
    options = {"lossless": True, "exact": True} if form == "WEBP" else {}
    # Orientation 6 says "turn 90 degrees clockwise to view"; rot90 turns the other way.
    stored = turned(noise())
    picture = load_picture(encoded(Image.fromarray(np.ascontiguousarray(stored)), form, exif=exif, **options))
    assert np.array_equal(picture.pixels, noise())
    kept = Image.Exif()
    kept.load(picture.exif or b"")
    assert kept[ExifTags.Base.Make] == "Camera" and ExifTags.Base.Orientation not in kept


def test_exif_keeps_the_photograph_and_drops_the_old_file() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = "Ada"
    exif[ExifTags.Base.Compression] = 6
    exif.get_ifd(ExifTags.IFD.Exif).update(
        {
            ExifTags.Base.DateTimeOriginal: "2020:02:03 04:05:06",
            ExifTags.Base.ExifImageWidth: 9999,
            ExifTags.Base.MakerNote: b"preview of what was painted over",
            ExifTags.Base.ColorSpace: 65535,
        }
    )
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    picture = load_picture(encoded(Image.fromarray(smooth()), "JPEG", exif=exif))
    for suffix in (".jpg", ".png", ".webp", ".tiff"):
        again = load_picture(encode_picture(picture, suffix))
        assert again.exif and b"painted over" not in again.exif
        kept = Image.Exif()
        kept.load(again.exif)
        assert kept[ExifTags.Base.Artist] == "Ada" and ExifTags.Base.Compression not in kept
        assert kept.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] == "N"
        camera = kept.get_ifd(ExifTags.IFD.Exif)
        assert camera[ExifTags.Base.DateTimeOriginal] == "2020:02:03 04:05:06"
        assert camera[ExifTags.Base.ColorSpace] == 1 and ExifTags.Base.ExifImageWidth not in camera


def test_overlong_exif_is_left_out() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = "x" * 70_000
    picture = load_picture(encoded(Image.fromarray(noise()), "PNG", exif=exif))
    assert picture.exif is None and "EXIF" in picture.notices[0]


# ---- colour ----


def srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def swapped_profile() -> bytes:
    """sRGB whose red and green primaries have changed places: what it calls red is green."""
    return srgb_profile().replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")


def icc(device: bytes, space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    """A version 2 profile by hand (ICC.1:2001-04, sections 6.1 and 6.2)."""
    tags = {b"wtpt": b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061), **tags}  # D50 in 16.16 fixed point
    offset = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for signature, data in tags.items():
        data += bytes(-len(data) % 4)
        table += signature + struct.pack(">II", offset + len(body), len(data))
        body += data
    header = struct.pack(">I4sI4s4s4s", offset + len(body), bytes(4), 0x02400000, device, space, connection)
    header += struct.pack(">6H", 2020, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + table + body


def display_p3_profile() -> bytes:
    """Display P3's primaries (adapted to D50) with a plain gamma of 2.2."""
    primaries = {b"rXYZ": (0.51512, 0.2412, -0.00105), b"gXYZ": (0.29198, 0.69225, 0.04189)}
    primaries[b"bXYZ"] = (0.1571, 0.06657, 0.78407)
    tags = {
        key: b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in xyz)) for key, xyz in primaries.items()
    }
    gamma = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(2.2 * 256))
    return icc(b"mntr", b"RGB ", b"XYZ ", {**tags, **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), gamma)})


def grey_profile(gamma: float) -> bytes:
    return icc(b"mntr", b"GRAY", b"XYZ ", {b"kTRC": b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))})


def cmyk_profile() -> bytes:
    """A press on which only black ink prints: lightness falls with K, all else is ignored (a "mft1" table)."""
    ramp = bytes(range(256))
    grid = b"".join(bytes([255 * (1 - k), 128, 128]) for _ in range(8) for k in (0, 1))  # K runs fastest
    identity = struct.pack(">9i", *(65536 * (i % 4 == 0) for i in range(9)))
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + identity + ramp * 4 + grid + ramp * 3
    return icc(b"prtr", b"CMYK", b"Lab ", {b"A2B0": table})


def test_srgb_profile_changes_nothing() -> None:
    picture = load_picture(encoded(Image.fromarray(noise()), "PNG", icc_profile=srgb_profile()))
    assert np.array_equal(picture.pixels, noise()) and picture.notices == ()
    assert picture.own is None, "nothing is kept twice"
    with Image.open(io.BytesIO(encode_picture(picture, ".png"))) as image:
        assert image.info["icc_profile"] == srgb_profile() and np.array_equal(np.asarray(image), noise())


def test_profile_with_red_and_green_swapped() -> None:
    picture = load_picture(encoded(Image.fromarray(noise()), "PNG", icc_profile=swapped_profile()))
    assert worst(picture.pixels, noise()[..., [1, 0, 2]]) <= 2
    assert picture.notices == (), "it will be saved in the colours it came in, so there is nothing to tell"


def test_display_p3_against_its_matrix() -> None:
    pixels = 64 + noise() // 2  # muted enough to lie within sRGB
    linear = (pixels / 255) ** 2.2 @ np.array([[1.2249, -0.2247, 0], [-0.042, 1.0419, 0], [-0.0197, -0.0786, 1.0979]]).T
    linear = linear.clip(0, 1)
    expected = 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    image = Image.fromarray(np.dstack([pixels, np.full(pixels.shape[:2], 77, np.uint8)]))
    picture = load_picture(encoded(image, "PNG", icc_profile=display_p3_profile()))
    assert worst(picture.pixels, expected.round()) <= 2
    assert worst(picture.pixels, pixels) > 10
    assert picture.alpha is not None and (picture.alpha == 77).all()


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp", ".jpg"])
def test_a_file_comes_back_in_its_own_colours(suffix: str) -> None:
    """Any colour of the wider space, also those that sRGB has no place for."""
    source = smooth() if suffix == ".jpg" else noise()
    picture = load_picture(encoded(Image.fromarray(source), "PNG", icc_profile=display_p3_profile()))
    assert profile_name(picture.profile or b"") == ""  # the profile made here has no name
    with Image.open(io.BytesIO(encode_picture(picture, suffix, quality=100))) as image:
        assert image.info["icc_profile"] == display_p3_profile()
        assert worst(np.asarray(image), source) <= (3 if suffix == ".jpg" else 0)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".bmp"])
def test_saved_in_srgb_it_looks_the_same(suffix: str) -> None:
    picture = load_picture(encoded(Image.fromarray(smooth()), "PNG", icc_profile=display_p3_profile()))
    data = encode_picture(picture, suffix, quality=100, own_profile=False)
    again = load_picture(data)
    assert worst(again.pixels, picture.pixels) <= (3 if suffix == ".jpg" else 0)
    with Image.open(io.BytesIO(data)) as image:
        assert image.info.get("icc_profile") == (None if suffix == ".bmp" else SRGB)


def test_what_was_not_painted_keeps_its_own_levels_bit_for_bit() -> None:
    source, hole = noise(), np.zeros((20, 30), bool)
    hole[5:12, 8:20] = True
    picture = load_picture(encoded(Image.fromarray(source), "PNG", icc_profile=display_p3_profile()))
    painted = np.where(hole[..., None], np.uint8((200, 30, 90)), picture.pixels)
    assert np.array_equal(picture.pixels[~hole], painted[~hole]) and not np.array_equal(source, picture.pixels)
    saved = own_levels(picture.restored(painted, fresh=hole))
    assert np.array_equal(saved[~hole], source[~hole])
    new = own_levels(picture.with_pixels(painted))
    assert np.array_equal(saved[hole], new[hole]), "nothing of what was painted over shines through"
    assert worst(new[~hole], source[~hole]) > 10, "converting there and back would lose what sRGB cannot hold"


def test_a_feathered_rim_fades_in_the_files_own_colours_too() -> None:
    vivid = np.full((8, 40, 3), (255, 0, 0), np.uint8)  # redder than sRGB can say
    picture = load_picture(encoded(Image.fromarray(vivid), "PNG", icc_profile=display_p3_profile()))
    alpha = np.repeat(np.linspace(1, 0, 40)[None], 8, axis=0)
    painted = np.rint(alpha[..., None] * np.array([0, 0, 255]) + (1 - alpha[..., None]) * picture.pixels)
    saved = own_levels(picture.restored(painted.astype(np.uint8), fresh=alpha)).astype(int)
    assert np.array_equal(saved[:, -1], vivid[:, -1])
    assert np.abs(np.diff(saved[:, -10:], axis=1)).max() <= 9, "no edge where the new pixels end"
    worse = own_levels(picture.with_pixels(painted.astype(np.uint8))).astype(int)
    assert np.abs(worse[:, -2] - vivid[:, -1]).max() > 20


def test_an_enlarged_picture_keeps_colours_that_srgb_cannot_hold() -> None:
    vivid = np.full((6, 6, 3), (255, 0, 0), np.uint8)
    picture = load_picture(encoded(Image.fromarray(vivid), "PNG", icc_profile=display_p3_profile()))
    large = np.repeat(np.repeat(picture.pixels, 4, axis=0), 4, axis=1)
    assert (own_levels(picture.restored(large)) == (255, 0, 0)).all()
    assert own_levels(picture.with_pixels(large))[..., 0].max() < 250


def test_exif_says_whose_colours_these_are() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = "Ada"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ColorSpace] = 65535
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2020:02:03 04:05:06"
    picture = load_picture(encoded(Image.fromarray(noise()), "PNG", icc_profile=display_p3_profile(), exif=exif))
    for own, space in ((True, 65535), (False, 1)):
        with Image.open(io.BytesIO(encode_picture(picture, ".jpg", own_profile=own))) as image:
            camera = image.getexif().get_ifd(ExifTags.IFD.Exif)
            assert camera[ExifTags.Base.ColorSpace] == space
            assert camera[ExifTags.Base.DateTimeOriginal] == "2020:02:03 04:05:06"
    with Image.open(io.BytesIO(encode_picture(picture, ".jpg", exif=False))) as image:
        assert not image.getexif()


def test_a_profile_of_one_direction_is_left_for_srgb() -> None:
    """A scanner's table from its levels to colours, without one for the way back."""
    corners = [(red, green, blue) for red in (0, 255) for green in (0, 255) for blue in (0, 255)]
    ramp, grid = bytes(range(256)), bytes(level for red, green, blue in corners for level in (green, red, blue))
    identity = struct.pack(">9i", *(65536 * (i % 4 == 0) for i in range(9)))
    table = b"mft1\0\0\0\0" + bytes([3, 3, 2, 0]) + identity + ramp * 3 + grid + ramp * 3
    scanner = icc(b"scnr", b"RGB ", b"Lab ", {b"A2B0": table})
    picture = load_picture(encoded(Image.fromarray(noise()), "PNG", icc_profile=scanner))
    assert picture.own is None and "converted" in picture.notices[0]
    with Image.open(io.BytesIO(encode_picture(picture, ".png"))) as image:
        assert image.info["icc_profile"] == SRGB and np.array_equal(np.asarray(image), picture.pixels)


def test_grey_and_printers_colours_come_back_as_srgb() -> None:
    grey = encoded(Image.fromarray(noise()[..., 0]), "PNG", icc_profile=grey_profile(1.8))
    press = encoded(Image.fromarray(noise(channels=4), "CMYK"), "TIFF", icc_profile=cmyk_profile())
    for data in (grey, press):
        picture = load_picture(data)
        assert "converted" in picture.notices[0]
        with Image.open(io.BytesIO(encode_picture(picture, ".png"))) as image:
            assert image.info["icc_profile"] == SRGB and np.array_equal(np.asarray(image), picture.pixels)


def test_a_file_without_a_profile_gets_none() -> None:
    picture = load_picture(encoded(Image.fromarray(noise()), "PNG"))
    for own in (True, False):
        with Image.open(io.BytesIO(encode_picture(picture, ".png", own_profile=own))) as image:
            assert "icc_profile" not in image.info


def test_grey_profile_reaches_16_bit_too() -> None:
    grey = np.full((4, 4), 128 * 257, np.uint16)
    picture = load_picture(encoded(Image.fromarray(grey), "PNG", icc_profile=grey_profile(1.0)))
    assert worst(picture.pixels, np.full((4, 4, 3), 188)) <= 1  # linear 0.5 is 188 in sRGB
    assert len(picture.notices) == 2


def test_grey_picture_with_a_colour_profile() -> None:
    grey = noise()[..., 0]
    picture = load_picture(encoded(Image.fromarray(grey), "PNG", icc_profile=display_p3_profile()))
    assert np.ptp(picture.pixels, axis=2).max() <= 1


@pytest.mark.parametrize("profile", [b"not a profile", srgb_profile()[:200], grey_profile(2.2), bytes(500)])
def test_profile_that_cannot_be_used_is_ignored(profile: bytes) -> None:
    picture = load_picture(encoded(Image.fromarray(noise()), "PNG", icc_profile=profile))
    assert np.array_equal(picture.pixels, noise())
    assert "ignored" in picture.notices[0]


def test_cmyk() -> None:
    inks = np.zeros((16, 16, 4), np.uint8)
    inks[..., 0], inks[8:, :, 3] = 255, 255  # cyan everywhere, black below
    image = Image.fromarray(inks, "CMYK")
    plain = load_picture(encoded(image, "TIFF"))
    assert plain.pixels[0, 0].tolist() == [0, 255, 255] and plain.pixels[15, 0].tolist() == [0, 0, 0]
    assert "CMYK" in plain.notices[0]
    jpeg = load_picture(encoded(image, "JPEG", quality=95))
    assert worst(jpeg.pixels, plain.pixels) < 16
    pressed = load_picture(encoded(image, "TIFF", icc_profile=cmyk_profile()))
    assert pressed.pixels[0, 0].min() > 250 and pressed.pixels[15, 0].max() < 5


def test_lab() -> None:
    image = Image.merge("LAB", [Image.new("L", (4, 4), level) for level in (255, 128, 128)])
    assert load_image(image).pixels.min() > 250


@pytest.mark.parametrize("form", ["PNG", "TIFF", "PPM", "JPEG2000"])
def test_16_bit_grey(form: str) -> None:
    grey = np.arange(0, 65536, 16, dtype=np.uint16).reshape(64, 64)
    options = {"irreversible": False} if form == "JPEG2000" else {}
    picture = load_picture(encoded(Image.fromarray(grey), form, **options))
    assert worst(picture.pixels[..., 0], np.rint(grey / 257)) <= 1
    assert picture.notices == ("16-bit picture: worked on in 8 bit.",)


@pytest.mark.parametrize("mode", ["I;16", "I;16L", "I;16B", "I"])
def test_16_bit_modes(mode: str) -> None:
    image = Image.new(mode, (2, 1))
    image.putpixel((0, 0), 32896)
    image.putpixel((1, 0), 65535)
    assert load_image(image).pixels[0, :, 0].tolist() == [128, 255]


def test_float_grey() -> None:
    levels = np.array([[-1, 0, 0.5, 1, np.nan, np.inf]], np.float32)
    picture = load_picture(encoded(Image.fromarray(levels), "TIFF"))
    assert picture.pixels[0, :, 1].tolist() == [0, 0, 128, 255, 0, 255]
    assert picture.notices == ("32-bit picture: worked on in 8 bit.",)
    assert load_image(Image.fromarray(4 * levels)).pixels[0, :4, 1].tolist() == [0, 0, 128, 255]


def png(bits: int, colour_type: int, width: int, height: int, rows: bytes) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_16_bit_colour() -> None:
    picture = load_picture(png(16, 2, 2, 1, b"\0" + struct.pack(">6H", 0, 257 * 9, 65535, 257, 514, 771)))
    assert picture.pixels.tolist() == [[[0, 9, 255], [1, 2, 3]]]
    assert picture.notices == ("16-bit picture: worked on in 8 bit.",)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_opaque_modes(mode: str) -> None:
    image = Image.fromarray(noise(8, 8)).convert(mode)
    picture = load_picture(encoded(image, "PNG"))
    assert np.array_equal(picture.pixels, np.asarray(image.convert("RGB")))
    assert picture.alpha is None


# ---- transparency ----


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_alpha_is_set_aside(mode: str) -> None:
    image = Image.fromarray(noise(channels=4)).convert(mode)
    picture = load_picture(encoded(image, "PNG"))
    assert picture.alpha is not None and np.array_equal(picture.alpha, np.asarray(image.getchannel("A")))
    assert np.array_equal(picture.pixels, np.asarray(image.convert("RGB")))


def test_opaque_alpha_is_dropped() -> None:
    image = Image.fromarray(noise())
    image.putalpha(255)
    assert load_picture(encoded(image, "PNG")).alpha is None


def test_palette_with_transparency() -> None:
    image = Image.new("P", (3, 1))
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    image.putdata([0, 1, 2])
    picture = load_picture(encoded(image, "PNG", transparency=1))
    assert picture.alpha is not None and picture.alpha.tolist() == [[255, 0, 255]]
    assert picture.pixels.tolist() == [[[255, 0, 0], [0, 255, 0], [0, 0, 255]]]
    partly = load_picture(encoded(image, "PNG", transparency=bytes([10, 20, 30])))
    assert partly.alpha is not None and partly.alpha.tolist() == [[10, 20, 30]]


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tiff"])
def test_alpha_round_trip(suffix: str) -> None:
    picture = Picture(noise(), alpha=noise()[..., 0])
    again = load_picture(encode_picture(picture, suffix, quality=100))
    assert np.array_equal(again.pixels, picture.pixels)
    assert again.alpha is not None and np.array_equal(again.alpha, noise()[..., 0])


@pytest.mark.parametrize("suffix", [".jpg", ".bmp"])
def test_alpha_is_laid_on_white(suffix: str) -> None:
    alpha = np.repeat(np.array([[255, 0]], np.uint8), 8, axis=1).repeat(16, axis=0)
    again = load_picture(encode_picture(Picture(np.zeros((16, 16, 3), np.uint8), alpha=alpha), suffix))
    assert again.alpha is None
    assert again.pixels[:, :8].max() < 8 and again.pixels[:, 8:].min() > 247


# ---- more than one picture in a file ----


@pytest.mark.parametrize(("form", "word"), [("GIF", "frame"), ("PNG", "frame"), ("WEBP", "frame"), ("TIFF", "page")])
def test_first_of_several(form: str, word: str) -> None:
    red, blue = (Image.new("RGB", (16, 16), colour) for colour in ("red", "blue"))
    options = {"lossless": True} if form == "WEBP" else {}
    picture = load_picture(encoded(red, form, save_all=True, append_images=[blue], **options))
    assert (picture.pixels == (255, 0, 0)).all()
    assert len(picture.notices) == 1 and word in picture.notices[0]


def test_the_first_of_several_where_the_second_ends_early() -> None:
    red, blue = (Image.new("RGB", (16, 16), colour) for colour in ("red", "blue"))
    data = encoded(red, "GIF", save_all=True, append_images=[blue])
    second = data.index(b",", data.index(b",") + 1)  # where its descriptor begins
    for end in range(second, second + 11):
        picture = load_picture(data[:end])
        assert (picture.pixels == (255, 0, 0)).all(), end


@pytest.mark.parametrize("tag", [256, 257], ids=["width", "height"])
@pytest.mark.parametrize("bits", [8, 16])
def test_a_tiff_without_any_pixels(tag: int, bits: int) -> None:
    buffer = io.BytesIO()
    levels = np.zeros((48, 64, 3), np.uint16 if bits == 16 else np.uint8)
    tifffile.imwrite(
        buffer, levels, planarconfig="separate" if bits == 16 else "contig", photometric="rgb", byteorder="<"
    )
    data = bytearray(buffer.getvalue())
    at = next(at for at in range(len(data)) if data[at : at + 4] == struct.pack("<HH", tag, 4))
    data[at + 8 : at + 12] = bytes(4)
    assert "damaged" in error_of(bytes(data)) or "cannot be read" in error_of(bytes(data))


def test_a_phones_second_view_is_no_animation() -> None:
    first, second = Image.fromarray(smooth()), Image.new("RGB", (60, 40))
    data = encoded(first, "MPO", save_all=True, append_images=[second], quality=95)
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "MPO"
    picture = load_picture(data)
    assert worst(picture.pixels, smooth()) < 16 and picture.notices == ()


# ---- files that cannot be used ----


def test_missing_folder_and_empty(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    (tmp_path / "folder.png").mkdir()
    for name, words in {"no.png": "does not exist", "folder.png": "not a file", "empty.png": "empty"}.items():
        message = error_of(tmp_path / name)
        assert name in message and words in message
        assert str(tmp_path) not in message


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.98])
def test_truncated(form: str, share: float, tmp_path: Path) -> None:
    data = encoded(Image.fromarray(noise(40, 60)), form)
    path = tmp_path / "half.bin"
    path.write_bytes(data[: int(share * len(data))])
    message = error_of(path)
    assert message.startswith("half.bin") and "damaged" in message
    assert str(tmp_path) not in message


@pytest.mark.parametrize("side", [9_999, 11_000, 60_000])
def test_bomb_is_refused_by_its_header(side: int) -> None:
    message = error_of(png(8, 2, side, side + 2, b""))
    limit = f"more than {MAX_MEGAPIXELS} megapixels"
    assert (limit in message) == (side * (side + 2) > MAX_MEGAPIXELS * 1_000_000)


@pytest.mark.filterwarnings("error")
def test_between_pillows_limit_and_ours_is_no_bomb() -> None:
    assert "cannot be read to the end" in error_of(png(8, 2, 9_999, 9_999, b""))


def test_open_image_beyond_the_limit() -> None:
    with pytest.raises(InputError, match="megapixels"):
        load_image(Image.new("1", (MAX_MEGAPIXELS * 1000, 1001)))


def test_too_many_bytes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("diffir_demo.imaging.opening.MAX_MEGABYTES", 1)
    path = tmp_path / "long.png"
    path.write_bytes(bytes(1_000_001))
    for source in (path, path.read_bytes(), io.BytesIO(path.read_bytes())):
        assert "larger than 1 megabytes" in error_of(source)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"Dear diary, today was fine.", "known format"),
        (bytes(1000), "known format"),
        (b"%PDF-1.7\n" + bytes(100), "known format"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "known format"),
        (b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg' width='9'/>", "SVG"),
        (struct.pack(">I", 24) + b"ftypheic\0\0\0\0mif1heic" + bytes(100), "HEIC"),
        (struct.pack(">I", 24) + b"ftypmif1\0\0\0\0mif1heic" + bytes(100), "HEIC"),
        (struct.pack(">I", 24) + b"ftypisom\0\0\0\0mp41isom" + bytes(100), "known format"),
    ],
)
def test_not_a_picture(data: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "renamed.png"
    path.write_bytes(data)
    message = error_of(path)
    assert message.startswith("renamed.png is") and words in message
    assert str(tmp_path) not in message and "\n" not in message


def test_raw_file_is_not_taken_for_its_preview() -> None:
    preview = encoded(Image.fromarray(noise()), "TIFF", tiffinfo={int(ExifTags.Base.NewSubfileType): 1})
    assert "raw file" in error_of(preview)


def test_damaged_exif_is_left_out() -> None:
    picture = load_picture(encoded(Image.fromarray(smooth()), "JPEG", exif=b"Exif\0\0II*\0" + b"\xff" * 40))
    assert worst(picture.pixels, smooth()) < 40
    assert picture.exif is None and "EXIF" in picture.notices[0]


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF", "JPEG2000", "PPM"])
@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's remarks on damaged tags
def test_damage_gives_a_picture_or_one_error(form: str) -> None:
    rng = np.random.default_rng(1)
    data = np.frombuffer(encoded(Image.fromarray(noise()), form), np.uint8)
    refused = 0
    for _ in range(40):
        broken = data.copy()
        places = rng.integers(0, min(len(data), 300), 6)
        broken[places] = rng.integers(0, 256, 6)
        try:
            assert load_picture(broken.tobytes()).pixels.shape[2] == 3
        except InputError as error:
            refused += 1
            assert error.message.startswith("The file")
    assert refused > 0


# ---- saving ----


@pytest.mark.parametrize("suffix", FORMATS)
def test_save_and_load(suffix: str, tmp_path: Path) -> None:
    target = tmp_path / "new" / "folder" / f"out{suffix.upper()}"
    assert save_picture(Picture(smooth()), target, quality=100) == target
    again = load_picture(target)
    assert worst(again.pixels, smooth()) <= (3 if FORMATS[suffix].is_lossy(100) else 0)
    assert [path.name for path in target.parent.iterdir()] == [target.name]


def test_quality_matters_and_jpeg_keeps_full_colour() -> None:
    large, small = (encode_picture(Picture(noise()), ".jpg", quality=quality) for quality in (95, 20))
    assert len(large) > len(small)
    with Image.open(io.BytesIO(large)) as image:
        assert [layer[1:3] for layer in image.layer] == [(1, 1)] * 3  # type: ignore[attr-defined]
    assert len(encode_picture(Picture(noise()), ".webp", quality=20)) < len(encode_picture(Picture(noise()), ".webp"))


def test_text_goes_into_png(tmp_path: Path) -> None:
    path = save_picture(Picture(noise()), tmp_path / "a.png", text={"recipe": '{"seed": 7, "title": "Tür, 門"}'})
    with Image.open(path) as image:
        assert image.text == {"recipe": '{"seed": 7, "title": "Tür, 門"}'}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "quality", "words"),
    [("a.xyz", 95, ".png, .jpg"), ("a", 95, "without a suffix"), ("a.jpg", 0, "quality"), ("a.webp", 101, "quality")],
)
def test_refused_before_anything_is_written(name: str, quality: int, words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=words):
        save_picture(Picture(noise()), tmp_path / "new" / name, quality=quality)
    assert list(tmp_path.iterdir()) == []


def test_too_long_for_the_format() -> None:
    with pytest.raises(InputError, match="16383"):
        encode_picture(Picture(np.zeros((1, 16_384, 3), np.uint8)), ".webp")


@pytest.fixture(params=["disk is full", "rename fails"])
def failing_disk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device", "/secret/folder/a.png")

    def half(path: Path, data: bytes) -> None:
        with path.open("wb") as file:
            file.write(data[:10])
        fail()

    if request.param == "disk is full":
        monkeypatch.setattr(Path, "write_bytes", half)
    else:
        monkeypatch.setattr(os, "replace", fail)
    yield


def test_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path, failing_disk: None) -> None:
    target = tmp_path / "a.png"
    target.touch()
    with pytest.raises(InputError) as caught:
        save_picture(Picture(noise()), target)
    assert str(caught.value).startswith("a.png cannot be written (No space left")
    assert "secret" not in str(caught.value) and str(tmp_path) not in str(caught.value)
    assert [(path.name, path.stat().st_size) for path in tmp_path.iterdir()] == [("a.png", 0)]


def test_unwritable_targets(tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "file").touch()
    for target in (tmp_path / "folder.png", tmp_path / "file" / "a.png"):
        with pytest.raises(InputError, match="cannot be written"):
            save_picture(Picture(noise()), target)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.png"]


# ---- masks ----


@quick
@given(arrays.arrays(np.bool_, st.tuples(sides, sides)))
def test_mask_round_trip(mask: np.ndarray) -> None:
    assert np.array_equal(load_mask(encode_picture(mask_picture(mask), ".png")), mask)


def test_mask_threshold() -> None:
    grey = np.array([[0, 127, 128, 255]], np.uint8)
    assert load_mask(encoded(Image.fromarray(grey), "PNG")).tolist() == [[False, False, True, True]]


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 59, 48), (255, 255, 255)])
@pytest.mark.parametrize("opacity", [255, 140, 60])
def test_mask_of_strokes_on_a_transparent_layer(colour: tuple[int, int, int], opacity: int) -> None:
    layer = np.zeros((8, 8, 4), np.uint8)
    layer[2:5, 3:6] = (*colour, opacity)
    layer[5, 3:6] = (*colour, opacity // 5)  # a soft edge
    expected = np.zeros((8, 8), bool)
    expected[2:5, 3:6] = True
    assert np.array_equal(load_mask(encoded(Image.fromarray(layer), "PNG")), expected)


def test_mask_with_alpha_and_several_colours_is_laid_on_black() -> None:
    row = np.array([[[255, 255, 255, 255], [255, 255, 255, 100], [0, 0, 0, 255], [200, 200, 200, 170]]], np.uint8)
    assert load_mask(encoded(Image.fromarray(row), "PNG")).tolist() == [[True, False, False, True]]


def test_blank_layer_is_an_empty_mask() -> None:
    mask = load_mask(encoded(Image.new("RGBA", (30, 20), (255, 255, 255, 0)), "PNG"))
    with pytest.raises(InputError, match="empty"):
        check_mask(mask, Picture(noise()))


def test_check_mask() -> None:
    picture = Picture(noise(20, 30))
    mask = np.zeros((20, 30), bool)
    mask[3, 4] = True
    check_mask(mask, picture)
    with pytest.raises(InputError, match="whole picture"):
        check_mask(np.ones((20, 30), bool), picture)
    with pytest.raises(InputError, match="20 x 30 pixels, but the picture 30 x 20"):
        check_mask(mask.T, picture)
