"""Files that try to hurt the program that opens them: `python -m tools.gauntlet FOLDER` opens each as the app does.

Every file has to give a result or one sentence (`DiffIRError`), within `SECONDS` and `MEGABYTES`. All are made here,
from nothing but a seed; hardly any is larger than a few hundred kilobytes, whatever it claims to be.
"""

from __future__ import annotations

import argparse
import io
import json
import pickle
import random
import struct
import sys
import time
import tracemalloc
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from diffir_demo.batch.jobs import gather
from diffir_demo.errors import DiffIRError
from diffir_demo.imaging import load_mask, load_picture
from diffir_demo.model import ModelConfig
from diffir_demo.recipe import Recipe, read_recipe
from diffir_demo.weights import load
from diffir_demo.weights.store import FORMAT

SECONDS = 20.0
MEGABYTES = 1500
"""Of what Python and numpy take; a picture of 100 megapixels may be opened."""
READERS: dict[str, Callable[[Path], Any]] = {
    "picture": load_picture,
    "mask": load_mask,
    "recipe": read_recipe,
    "weights": load,
    "zip": lambda path: gather([path], with_masks=False),
}
"""What the app does with a file of each group first."""
CUTS = (0.0, 0.02, 0.3, 0.7, 0.99)
"""Shares of a file that are left of it."""
FLIPS = 12
"""Files of each kind with a few bits changed."""


@dataclass(frozen=True)
class Case:
    group: str
    name: str
    data: bytes


def cases(seed: int = 0) -> Iterator[Case]:
    """All of them; the same for the same seed."""
    chance = random.Random(seed)
    for group, made in (
        ("picture", pictures()),
        ("mask", masks()),
        ("recipe", recipes()),
        ("weights", weights()),
        ("zip", zips()),
    ):
        for name, data in made:
            yield Case(group, name, data)
            if len(data) < 200_000 and name.startswith("good"):
                yield from _spoilt(group, name, data, chance)


def _spoilt(group: str, name: str, data: bytes, chance: random.Random) -> Iterator[Case]:
    for share in CUTS:
        yield Case(group, f"cut-{share:g}-{name}", data[: int(len(data) * share)])
    for number in range(FLIPS):
        changed = bytearray(data)
        for _ in range(1 + number):
            changed[chance.randrange(min(len(changed), 4000))] ^= 1 << chance.randrange(8)
        yield Case(group, f"flipped-{number}-{name}", bytes(changed))


def encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def claiming(width: int, height: int) -> bytes:
    """A PNG of that size that holds next to nothing."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(bytes(100)))
        + _chunk(b"IEND", b"")
    )


def pictures() -> Iterator[tuple[str, bytes]]:
    rng = np.random.default_rng(0)
    photo = Image.fromarray(rng.integers(0, 256, (48, 64, 3), dtype=np.uint8))
    for form in ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF"):
        yield f"good.{form.lower()}", encoded(photo, form)
    for mode in ("1", "L", "LA", "P", "RGBA", "CMYK", "I;16", "F"):
        pixels = photo.convert("L").convert("I").convert("I;16") if mode == "I;16" else photo.convert(mode)
        yield f"mode-{mode.replace(';', '')}.tiff", encoded(pixels, "TIFF")
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        yield f"orientation-{orientation}.jpg", encoded(photo, "JPEG", exif=exif)
    yield "exif-of-garbage.png", encoded(photo, "PNG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
    yield "profile-of-garbage.jpg", encoded(photo, "JPEG", icc_profile=b"no profile" * 20)
    for width, height in ((1, 1), (1, 30_000), (9900, 9900), (30_000, 30_000), (2**31 - 1, 2**31 - 1), (0, 5)):
        yield f"claims-{width}x{height}.png", claiming(width, height)
    yield "flat-81-megapixels.png", encoded(Image.new("L", (9000, 9000)), "PNG")
    inflated = _chunk(b"zTXt", b"DiffIR\0\0" + zlib.compress(bytes(100_000_000)))
    whole = encoded(photo, "PNG")
    yield "text-of-100-MB.png", whole[:33] + inflated + whole[33:]
    yield from (("empty.png", b""), ("text.png", b"hello"), ("page.jpg", b"<!doctype html>"), ("null.png", bytes(999)))


def masks() -> Iterator[tuple[str, bytes]]:
    hole = np.zeros((48, 64), np.uint8)
    hole[10:20, 10:20] = 255
    yield "good.png", encoded(Image.fromarray(hole), "PNG")
    yield "soft.png", encoded(Image.fromarray(hole // 2 + 1), "PNG")
    yield "alpha.png", encoded(Image.fromarray(np.dstack([hole] * 4)), "PNG")
    yield "claims-too-much.png", claiming(30_000, 30_000)


def recipes() -> Iterator[tuple[str, bytes]]:
    plain = json.loads(Recipe("inpaint").to_json())
    yield "good.json", json.dumps(plain).encode()
    for name in plain:
        for value in (None, [], {}, "x" * 2000, -1, 1e300, True, float("nan"), [[[]]], {"a": {"b": 1}}):
            yield f"{name}-{str(value)[:12]}.json", json.dumps(plain | {name: value}).encode()
    for number, text in enumerate(("", "null", "[]", "[" * 100_000, '{"a":' * 50_000, '{"task": 1e999}', "9" * 10_000)):
        yield f"text-{number}.json", text.encode()
    points = [[0.5, 0.5]] * 200_000
    drawing = {"strokes": [{"k": "line", "r": 0.5, "e": 0, "p": points}], "feather": 0.1}
    yield "a-stroke-of-200000-points.json", json.dumps(plain | {"drawing": drawing}).encode()


def _described(facts: dict[str, str]) -> bytes:
    """A safetensors file with one number, and that description."""
    tensor = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
    header = json.dumps({"__metadata__": facts, "a": tensor}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(4)


def weights() -> Iterator[tuple[str, bytes]]:
    config = ModelConfig().to_dict()
    facts = {"format": FORMAT, "task": "deblur", "stage": "2", "provenance": "trained", "name": "x", "training": "{}"}

    def described(**changed: Any) -> bytes:
        return _described(facts | {"config": json.dumps(config | changed)})

    yield "good-header.safetensors", described()
    for name in config:
        for value in (None, 0, -1, "x", 10**9, 1e300, float("nan"), [], [10**6] * 4, {}):
            yield f"{name}-{str(value)[:12]}.safetensors", described(**{name: value})
    yield "deep-config.safetensors", _described(facts | {"config": "[" * 100_000})
    yield "huge-training.safetensors", _described(facts | {"training": "[" + "1," * 10**6 + "1]", "config": "{}"})
    for claim in (99_000_000, 2**63 - 1):
        yield f"header-of-{claim}.safetensors", struct.pack("<Q", claim) + b"{" + b" " * 1000
    header = json.dumps({"a": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}}).encode()
    yield "claims-4-TB.safetensors", struct.pack("<Q", len(header)) + header + bytes(64)
    repeated = torch.full((1,), 0.001).expand(20_000, 20_000)
    for name, content in (
        ("one-number-400-million-times.pth", {"params": {"G.patch_embed.proj.weight": repeated}}),
        ("whole-numbers.pth", {"params": {"G.patch_embed.proj.weight": torch.zeros(3, dtype=torch.int64)}}),
        ("sparse.pth", {"params": {"G.patch_embed.proj.weight": torch.eye(3).to_sparse()}}),
        ("list.pth", [1, 2]),
    ):
        file = io.BytesIO()
        torch.save(content, file)
        yield name, file.getvalue()
    yield "runs-code.pth", pickle.dumps(_Trap(), 2)
    yield "deep.pth", b"\x80\x02" + b"(" * 200_000 + b"t" * 200_000 + b"."


class _Trap:
    """Unpickled, it would end the process."""

    def __reduce__(self) -> Any:
        return sys.exit, (99,)


def zips() -> Iterator[tuple[str, bytes]]:
    photo = encoded(Image.new("RGB", (8, 8)), "PNG")

    def packed(*members: tuple[str, bytes]) -> bytes:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in members:
                archive.writestr(name, data)
        return file.getvalue()

    yield "good.zip", packed(("a.png", photo), ("b/c.png", photo))
    yield "climbs.zip", packed(("../../a.png", photo), ("/etc/a.png", photo), ("C:\\a.png", photo))
    yield "bomb.zip", packed(("a.png", bytes(100_000_000)))
    yield "many.zip", packed(*((f"{number}.png", b"") for number in range(5000)))
    yield "nothing.zip", packed()


def tried(case: Case, folder: Path) -> tuple[str, float, float]:
    """Writes the file and opens it: ("result", "sentence" or what was raised; seconds; megabytes at the peak)."""
    path = folder / case.group / case.name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(case.data)
    tracemalloc.start()
    began = time.perf_counter()
    try:
        READERS[case.group](path)
        found = "result"
    except DiffIRError as error:
        is_clean = str(error) and "\n" not in str(error) and str(folder) not in str(error)
        found = "sentence" if is_clean else f"not a plain sentence: {error}"
    except Exception as error:
        found = f"{type(error).__name__}: {error}"
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return found, time.perf_counter() - began, peak


def main() -> int:
    """1 where a file gave anything but a result or a sentence, or took too much."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    counts, failed = Counter[tuple[str, str]](), 0
    for case in cases(options.seed):
        found, seconds, peak = tried(case, options.folder)
        is_good = found in ("result", "sentence") and seconds <= SECONDS and peak <= MEGABYTES
        if not is_good:
            print(f"{case.group}/{case.name}: {found}, {seconds:.1f} s, {peak:.0f} MB")
        failed += not is_good
        counts[case.group, found if is_good else "failed"] += 1
    for (group, found), count in sorted(counts.items()):
        print(f"{group}: {count} {found}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
