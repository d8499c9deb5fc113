"""Text inside picture files: found again, and searched for in any file without harm."""

from __future__ import annotations

import struct
import tempfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diffir_demo.imaging import Picture, keeps_text, load_picture, read_text, save_picture

quick = settings(max_examples=60, deadline=None, derandomize=True)
GREY = Picture(np.full((9, 12, 3), 99, np.uint8))


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".avif"])
def test_text_is_read_back(suffix: str, tmp_path: Path) -> None:
    text = {"DiffIR": '{"title": "Tür <&> 門"}', "Software": "this one"}
    path = save_picture(GREY, tmp_path / f"a{suffix}", text=text)
    assert keeps_text(suffix, text)
    for keyword, value in text.items():
        assert read_text(path, keyword, 1000) == value
    assert read_text(path, "Comment", 1000) is None
    with pytest.raises(ValueError, match="more than 5 bytes"):
        read_text(path, "DiffIR", 5)
    load_picture(path)


def test_a_text_too_long_for_jpeg_is_left_out(tmp_path: Path) -> None:
    text = {"DiffIR": "x" * 60_000}
    assert keeps_text(".png", text) and keeps_text(".webp", text)
    assert not keeps_text(".jpg", text) and not keeps_text(".bmp", {"a": "b"}) and not keeps_text(".tif", {"a": "b"})
    path = save_picture(GREY, tmp_path / "a.jpg", text=text)
    assert read_text(path, "DiffIR", 100_000) is None


def chunked(*chunks: tuple[bytes, bytes]) -> bytes:
    parts = (struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_text_behind_the_pixels_and_compressed(tmp_path: Path) -> None:
    packed = b"DiffIR\0\1\0en\0Rezept\0" + zlib.compress(b"recipe")
    path = tmp_path / "a.png"
    path.write_bytes(chunked((b"IHDR", bytes(13)), (b"IDAT", bytes(99)), (b"iTXt", b"DiffIRx\0"), (b"iTXt", packed)))
    assert read_text(path, "DiffIR", 100) == "recipe"


@pytest.mark.parametrize(
    "chunk",
    [
        b"DiffIR\0",
        b"DiffIR\0\1\0\0\0not zlib",
        b"DiffIR\0\1\0\0\0" + zlib.compress(bytes(10**8)),
        b"DiffIR\0\0\0\0\0\xff\xfe",
        b"DiffIR\0\0\0\0\0" + b"x" * 50_000,
    ],
    ids=["cut off", "not compressed", "bomb", "not UTF-8", "too long"],
)
def test_text_that_is_damaged_or_huge(chunk: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(chunked((b"IHDR", bytes(13)), (b"iTXt", chunk)))
    with pytest.raises(ValueError):
        read_text(path, "DiffIR", 10_000)
    flipped = bytearray(chunked((b"iTXt", b"DiffIR\0\0\0\0\0text")))
    flipped[-6] ^= 1
    path.write_bytes(flipped)
    with pytest.raises(ValueError, match="damaged"):
        read_text(path, "DiffIR", 10_000)


@quick
@given(st.binary(max_size=200))
def test_no_file_breaks_the_search_for_text(data: bytes) -> None:
    for start in (b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe1"):
        with tempfile.NamedTemporaryFile() as file:
            file.write(start + data)
            file.flush()
            assert read_text(file.name, "DiffIR", 100) is None
