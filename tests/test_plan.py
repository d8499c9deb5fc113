"""What the plan for an old photo shows before it starts."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

from diffir_demo.imaging import Picture
from diffir_demo.ui.stage import MARKS_COLOUR, MARKS_SIDE, marks


def seen(photo: Picture, hole: np.ndarray) -> np.ndarray:
    kind, data = marks(photo, hole).split(",")
    assert kind == "data:image/jpeg;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"), int)


def test_even_a_line_of_one_pixel_is_seen_in_a_large_photo() -> None:
    photo, hole = Picture(np.full((1500, 2000, 3), 120, np.uint8)), np.zeros((1500, 2000), bool)
    hole[:, 1000] = True
    shown = seen(photo, hole)
    assert shown.shape == (MARKS_SIDE * 3 // 4, MARKS_SIDE, 3)
    line, ground = shown[100, MARKS_SIDE // 2], shown[100, 40]
    assert line[0] - line[1] > 80 and np.abs(ground - ground.mean()).max() < 6


def test_what_is_filled_is_coloured_and_a_small_photo_stays_as_it_is() -> None:
    photo, hole = Picture(np.full((60, 90, 3), (40, 90, 200), np.uint8)), np.zeros((60, 90), bool)
    hole[10:40, 20:60] = True
    shown = seen(photo, hole)
    assert shown.shape == (60, 90, 3) and np.abs(shown[25, 40] - MARKS_COLOUR).max() < 12
    assert shown[50, 80, 2] > shown[50, 80, 0] + 30, "the photo can be recognised"
