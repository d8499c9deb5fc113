"""The pixel border: the only place that touches picture files, colour and transparency.

Outside the networks a picture is a `Picture` (uint8 RGB, upright, sRGB) and a mask a boolean array, True = hole; inside
they are float tensors in [0, 1]. Files become the first here, and the first becomes files.
"""

from __future__ import annotations

from .blocks import BLOCK, first_blocks
from .colour import is_srgb, profile_name
from .load import MAX_MEGABYTES, MAX_MEGAPIXELS, PictureSource, load_image, load_picture, megapixels_of, picture_size
from .mask import blended, check_mask, fill_map, grown, load_mask, mask_bytes, mask_picture, painted_share
from .noise import noise_level
from .packed import READABLE, Packed, pictures_in_zip
from .picture import Fit, Picture, convert, pad_to_multiple, to_pixels, to_tensor
from .save import FORMATS, encode_picture, keeps_text, save_picture
from .text import read_text

__all__ = [
    "BLOCK",
    "FORMATS",
    "MAX_MEGABYTES",
    "MAX_MEGAPIXELS",
    "READABLE",
    "Fit",
    "Packed",
    "Picture",
    "PictureSource",
    "blended",
    "check_mask",
    "convert",
    "encode_picture",
    "fill_map",
    "first_blocks",
    "grown",
    "is_srgb",
    "keeps_text",
    "load_image",
    "load_mask",
    "load_picture",
    "mask_bytes",
    "mask_picture",
    "megapixels_of",
    "noise_level",
    "pad_to_multiple",
    "painted_share",
    "picture_size",
    "pictures_in_zip",
    "profile_name",
    "read_text",
    "save_picture",
    "to_pixels",
    "to_tensor",
]
