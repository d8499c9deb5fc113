"""Picture files, colour and transparency, handled here alone; numpy, OpenCV and Pillow, no torch.

A picture is a `Picture` (uint8 RGB, upright, sRGB) and a mask a boolean array, True = hole. What networks see are float
tensors in [0, 1]: `model.pixels` leads there and back.
"""

from __future__ import annotations

from .analysis import BLOCK, best_window, first_blocks, noise_level
from .colour import grey_of, in_own_levels, is_grey, is_srgb, profile_name, with_new_levels
from .deep import is_deep
from .load import load_image, load_picture
from .losses import losses, over_the_limit, source_of
from .mask import blended, check_mask, fill_map, grown, load_mask, mask_bytes, mask_picture, soft_mask
from .opening import MAX_MEGABYTES, MAX_MEGAPIXELS, PictureSource, is_turned_webp, megapixels_of, picture_size
from .packed import READABLE, Packed, pictures_in, pictures_in_zip
from .picture import Picture
from .save import BITS, FORMATS, OFFERED, QUALITY, encode_picture, keeps_text, read_text, save_picture, write_picture
from .transparency import visible_colours

__all__ = [
    "BITS",
    "BLOCK",
    "FORMATS",
    "MAX_MEGABYTES",
    "MAX_MEGAPIXELS",
    "OFFERED",
    "QUALITY",
    "READABLE",
    "Packed",
    "Picture",
    "PictureSource",
    "best_window",
    "blended",
    "check_mask",
    "encode_picture",
    "fill_map",
    "first_blocks",
    "grey_of",
    "grown",
    "in_own_levels",
    "is_deep",
    "is_grey",
    "is_srgb",
    "is_turned_webp",
    "keeps_text",
    "load_image",
    "load_mask",
    "load_picture",
    "losses",
    "mask_bytes",
    "mask_picture",
    "megapixels_of",
    "noise_level",
    "over_the_limit",
    "soft_mask",
    "picture_size",
    "pictures_in",
    "pictures_in_zip",
    "profile_name",
    "read_text",
    "save_picture",
    "write_picture",
    "source_of",
    "visible_colours",
    "with_new_levels",
]
