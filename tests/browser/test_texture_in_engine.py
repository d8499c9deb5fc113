"""The modules with which the page without a server copies texture give what those of the library give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page

from diffir_demo import exemplar, texture
from diffir_demo.exemplar.fill import parts
from diffir_demo.grain import drawn, grain_of
from tests.browser import test_without_server as whole
from tests.browser.test_without_server import in_page

engine = whole.engine
EXAMPLE = Path("examples/building-stone-house.jpg")
ALIKE = 0.97
"""Share of the hole's pixels that are the library's but for a level, at least: sums in another order may tip a choice
between two patches that are as like. Mostly all of them are."""


RGBA = """const level = (all) => (_, i) => (i % 4 === 3 ? 255 : all[3 * (i >> 2) + (i % 4)]);
const rgba = (all) => Uint8ClampedArray.from({ length: (4 * all.length) / 3 }, level(all));
const rgb = (all) => [...all].filter((_, i) => i % 4 < 3);
const { height, width } = given, hole = given.hole && Uint8Array.from(given.hole);"""


def facts(pixels: np.ndarray, hole: np.ndarray, **more: Any) -> dict[str, Any]:
    """For `RGBA`."""
    return {
        "pixels": pixels.ravel().tolist(),
        "hole": hole.ravel().astype(int).tolist(),
        "height": hole.shape[0],
        "width": hole.shape[1],
        **more,
    }


def photo(side: int) -> np.ndarray:
    with Image.open(EXAMPLE) as image:
        left = (image.width - image.height) // 2
        return np.asarray(image.crop((left, 0, left + image.height, image.height)).resize((side, side)))


def holes(kind: str, side: int) -> np.ndarray:
    """(side, side) bool: in the middle; at corner and edge, far from each other; a line from edge to edge; all but a
    corner."""
    hole = np.zeros((side, side), bool)
    if kind == "middle":
        hole[side // 3 : 2 * side // 3, side // 4 : side // 2] = True
    elif kind == "several":
        hole[:9, :12] = hole[side // 2 : side // 2 + 20, side - 14 :] = hole[side - 5 :, 20:60] = True
    elif kind == "line":
        hole[side // 2 : side // 2 + 5] = True
    else:
        hole[12:] = hole[:, 12:] = True
    return hole


@pytest.mark.browser
@pytest.mark.parametrize("guided", [False, True])
@pytest.mark.parametrize(("kind", "side"), [("middle", 96), ("several", 160), ("line", 70), ("most", 64), ("most", 22)])
def test_holes_are_filled_with_the_library_s_copies(engine: Page, kind: str, side: int, guided: bool) -> None:
    pixels, hole = photo(side), holes(kind, side)
    guide = cv2.GaussianBlur(pixels, (0, 0), 5) if guided else None
    wanted = exemplar.fill(pixels, hole, 2**40 + 3, guide)
    body = f"""{RGBA} const guide = given.guide && rgba(given.guide), shares = [], tick = (share) => shares.push(share);
      const found = engine.fill(rgba(given.pixels), hole, height, width, 2 ** 40 + 3, guide, tick);
      return [rgb(found.pixels), [...found.copied], found.lack, shares]"""
    given = facts(pixels, hole, guide=None if guide is None else guide.ravel().tolist())
    found, copied, lack, shares = in_page(engine, "exemplar/fill", body, given)
    found = np.array(found, np.uint8).reshape(pixels.shape)
    assert (found[~hole] == pixels[~hole]).all()
    assert (np.array(copied).reshape(hole.shape) == wanted.copied).all()
    assert (lack is not None) == (wanted.notice is not None)
    if kind != "most":  # nothing is alike there, and a first choice that is tipped changes all that follow
        assert (np.abs(found.astype(int) - wanted.pixels).max(axis=2)[hole] <= 1).mean() > ALIKE
    assert np.abs(found[hole].mean(axis=0) - wanted.pixels[hole].mean(axis=0)).max() < 4
    assert shares == sorted(shares) and shares[-1] == 1


@pytest.mark.browser
@pytest.mark.parametrize("fill", ["auto", "texture"])
def test_copies_and_network_are_mixed_as_by_the_library(engine: Page, fill: Any) -> None:
    rng, hole = np.random.default_rng(0), holes("middle", 96)
    pixels = 128 + (photo(96).astype(float) - 128) * np.linspace(0, 0.4, 96)[:, None, None]  # rough below, smooth above
    pixels = (pixels + rng.normal(0, 1.2, pixels.shape)).astype(np.uint8)
    decoded = cv2.GaussianBlur(pixels, (0, 0), 3)
    wanted, part = texture.textured(pixels, hole, decoded, fill, 5), texture.share(pixels, hole)
    assert ((part > 0) & (part < 1)).any(), "otherwise this says nothing about what lies between"
    body = f"""{RGBA} const pixels = rgba(given.pixels);
      const found = engine.textured(pixels, hole, rgba(given.decoded), height, width, given.fill, 5, () => {{}});
      return [rgb(found.pixels), [...found.copied], [...engine.shareOf(pixels, hole, height, width)]]"""
    given = facts(pixels, hole, fill=fill, decoded=decoded.ravel().tolist())
    found, copied, shares = (np.array(each) for each in in_page(engine, "texture", body, given))
    assert np.abs(shares.reshape(hole.shape) - part).max() < 1e-4
    assert (copied.reshape(hole.shape) != wanted.copied).mean() < 0.001
    assert (np.abs(found.reshape(pixels.shape) - wanted.pixels).max(axis=2)[hole] <= 1).mean() > ALIKE


@pytest.mark.browser
def test_grain_is_measured_and_drawn_as_by_the_library(engine: Page) -> None:
    rng, hole = np.random.default_rng(3), holes("middle", 96)
    coarse = cv2.GaussianBlur(rng.normal(0, 9, (96, 96, 3)), (0, 0), 0.8) + 0.5 * rng.normal(0, 5, (96, 96, 1))
    pixels = np.clip(cv2.GaussianBlur(photo(96), (0, 0), 9) + coarse, 0, 255).astype(np.uint8)
    grain, lack = grain_of(pixels, ~hole), rng.random((96, 96), dtype=np.float32)
    assert grain is not None and grain.strength > 0 and grain.coarseness > 0
    body = f"""{RGBA} const grain = engine.grainOf(rgba(given.pixels), hole, height, width);
      const noise = engine.drawn(grain, Float32Array.from(given.lack), height, width, 7);
      return [grain.covariance, grain.coarseness, [...noise]]"""
    given = facts(pixels, hole, lack=lack.ravel().tolist())
    covariance, coarseness, noise = in_page(engine, "grain", body, given)
    assert np.allclose(covariance, grain.covariance, rtol=1e-4)
    assert abs(coarseness - grain.coarseness) < 1e-4
    assert np.abs(np.array(noise).reshape(3, 96, 96).transpose(1, 2, 0) - drawn(grain, lack, 7)).max() < 1e-3


@pytest.mark.browser
@pytest.mark.parametrize("seed", [0, 7, 2**32 + 5, 2**53 - 1])
def test_normal_numbers_are_numpy_s(engine: Page, seed: int) -> None:
    body = "return [...engine.drawNormal(engine.generator(given), new Float32Array(20001))]"
    found, wanted = in_page(engine, "generator", body, seed), np.random.default_rng(seed)
    assert np.abs(np.array(found) - wanted.standard_normal(20001, np.float32)).max() < 1e-6


@pytest.mark.browser
def test_filters_are_opencv_s(engine: Page) -> None:
    rng = np.random.default_rng(0)
    for height, width in [(40, 57), (5, 9), (1, 8)]:
        plane, hole = rng.random((height, width), dtype=np.float32), rng.random((height, width)) < 0.8
        hole[height // 2, width // 2] = False
        body = f"""{RGBA} const plane = Float32Array.from(given.pixels), at = [height, width];
          const {{ distance, nearest }} = engine.distances(hole, ...at), {{ reflected }} = engine;
          return [
            distance, nearest, engine.gaussianBlur(plane, ...at, 2.3), engine.gaussianBlur(plane, ...at, 4, reflected),
            engine.squareMeans(plane, ...at, 3, reflected), engine.squareMeans(plane, ...at, 3),
            engine.squareMost(plane, ...at, 4), engine.eroded(hole, ...at, 1), engine.dilated(hole, ...at, 3),
          ].map((all) => [...all])"""
        found = [np.array(each).reshape(height, width) for each in in_page(engine, "filters", body, facts(plane, hole))]
        distance, labels = cv2.distanceTransformWithLabels(
            hole.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
        )
        labels = np.asarray(labels, np.int64)
        at = np.zeros(labels.max() + 1, int)
        at[labels[~hole]] = np.flatnonzero(~hole)
        square, mask = np.ones((7, 7), np.uint8), hole.astype(np.uint8)
        wanted = [
            distance,
            at[labels],
            cv2.GaussianBlur(plane, (0, 0), 2.3),
            cv2.GaussianBlur(plane, (0, 0), 4, borderType=cv2.BORDER_REFLECT),
            cv2.blur(plane, (7, 7), borderType=cv2.BORDER_REFLECT),
            cv2.blur(plane, (7, 7), borderType=cv2.BORDER_CONSTANT),
            cv2.dilate(plane, np.ones((9, 9), np.uint8)),
            cv2.erode(mask, np.ones((3, 3), np.uint8), borderValue=0),
            cv2.dilate(mask, square),
        ]
        for number, (mine, theirs) in enumerate(zip(found, wanted, strict=True)):
            assert np.abs(mine - theirs).max() < 1e-5, number


@pytest.mark.browser
def test_holes_are_cut_where_the_library_cuts_them(engine: Page) -> None:
    """And in its order, which decides who draws which random numbers."""
    rng = np.random.default_rng(1)
    for _ in range(8):
        hole = np.zeros((700, 520), bool)
        for y, x in zip(rng.integers(0, 690, 14), rng.integers(0, 510, 14), strict=True):
            hole[y : y + 10, x : x + 10] = True
        body = """const hole = new Uint8Array(given.height * given.width);
          for (const at of given.places) hole[at] = 1;
          return engine.partsOf(hole, given.height, given.width).map(({ window: { top, left, height, width }, hole }) =>
            [top, left, height, width, hole.reduce((sum, is) => sum + is)])"""
        given = {"places": np.flatnonzero(hole).tolist(), "height": 700, "width": 520}
        wanted = [
            [part.window[0].start, part.window[1].start, *part.hole.shape, int(part.hole.sum())] for part in parts(hole)
        ]
        assert in_page(engine, "exemplar/fill", body, given) == wanted


@pytest.mark.browser
def test_eigenvectors_are_orthogonal_and_give_the_matrix_back(engine: Page) -> None:
    rng = np.random.default_rng(0)
    factor = rng.normal(size=(40, 25))
    for matrix in (factor.T @ factor, np.diag(np.arange(5.0)), np.ones((6, 6)), np.zeros((3, 3))):
        size = len(matrix)
        body = """const { values, vectors } = engine.eigen(Float64Array.from(given.all), given.size);
          return [[...values], [...vectors]]"""
        values, vectors = in_page(engine, "exemplar/components", body, {"all": matrix.ravel().tolist(), "size": size})
        vectors = np.array(vectors).reshape(size, size)
        assert np.abs(vectors @ vectors.T - np.eye(size)).max() < 1e-12
        assert np.abs(vectors.T * values @ vectors - matrix).max() < 1e-10
        assert np.abs(np.array(values) - np.linalg.eigvalsh(matrix)).max() < 1e-10
