"""What one DiffIR network looks like: a frozen description, and the presets that exist.

The paper's four sub-projects (inpainting, super-resolution, real-world super-resolution, deblurring) differ only by the
fields below. The official variants and our own compact presets are values of this one type.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

Norm = Literal["with_bias", "bias_free"]
Head = Literal["conv", "upsampler", "shuffle"]
Base = Literal["none", "nearest", "bicubic", "fill", "deconvolved"]
Padding = Literal["zeros", "replicate"]

ADDED_LATER = {"prior_padding", "shrinkage"}
"""Fields that older files lack; what they hold was made with the default."""


@dataclass(frozen=True)
class ModelConfig:
    """One network, stage 1 and stage 2 alike. Contradictions raise `ValueError`, naming the fields."""

    in_channels: int = 3
    """Channels of the damaged picture: 3 (RGB), or 4 (RGB with the hole zeroed, and the mask, 1 = hole)."""
    width: int = 48
    """Channels at level 1 of the U-Net; levels 2, 3 and the latent have 2, 4 and 8 times as many."""
    blocks: tuple[int, int, int, int] = (3, 5, 6, 6)
    """Transformer blocks at encoder levels 1, 2, 3 and in the latent; the decoder mirrors the first three."""
    refinement_blocks: int = 4
    """Blocks after the decoder, at twice the width."""
    heads: tuple[int, int, int, int] = (1, 2, 4, 8)
    """Attention heads per level."""
    ffn_expansion: float = 2.0
    """Hidden channels of the feed-forward layer over its input channels: `int(channels * ffn_expansion)`."""
    norm: Norm = "with_bias"
    """`bias_free` divides by the standard deviation without subtracting the mean, and has no shift."""
    stem_fold: int = 1
    """Space-to-depth factor before the U-Net."""
    head: Head = "conv"
    """`conv`: one 3x3 convolution. `upsampler`: (conv, shuffle x2) twice and a conv, the official SR tail.
    `shuffle`: one convolution and one pixel shuffle, a fraction of the upsampler's cost."""
    head_scale: int = 1
    """How far the head enlarges what the U-Net made."""
    base: Base = "nearest"
    """What the network's output is added to: nothing, the input enlarged by a kernel, or (with a mask) the input with
    its hole filled smoothly (`harmonic_fill`), which is then also what the U-Net sees instead of a zeroed hole.
    `deconvolved`: the input mixed with the same without its blur, which comes with it, and with how much of that
    (`shake.Undone`). The U-Net sees all of these, and paints two corrections: of the mixture, and of what is still
    blurred in it."""
    shrinkage: bool = False
    """Whether a first restoration of the input is made, as the IPR says (`SteeredShrinkage`). The U-Net sees it
    beside the input, and the base picture is made of it."""
    resample_kernel: int = 3
    """Kernel of the convolutions that change level; 1 spares compact presets a third of their parameters."""
    prior_fold: int = 4
    """Space-to-depth factor before the prior encoder (CPEN)."""
    prior_width: int = 64
    """Channels of the prior encoder's residual blocks."""
    prior_blocks: int = 5
    """Residual blocks of the prior encoder."""
    prior_padding: Padding = "zeros"
    """What the prior encoder's convolutions see beyond the border. With `replicate` the mean of its features depends
    less on the picture's size, so crops to train on and whole photos have IPRs of one kind."""
    ipr_length: int = 256
    """Numbers in the image prior representation (IPR)."""
    denoiser_blocks: int = 1
    """Hidden layers of the denoiser."""
    timesteps: int = 4
    """Diffusion steps; 0: none, the prior encoder's output is the IPR."""
    beta_start: float = 0.1
    beta_end: float = 0.99
    """First and last beta; the schedule is linear between their square roots."""

    def __post_init__(self) -> None:
        if self.head == "conv" and self.head_scale != 1:
            raise ValueError(f"head='conv' cannot enlarge: head_scale must be 1, not {self.head_scale}")
        if self.head == "upsampler" and self.head_scale != 4:
            raise ValueError(f"head='upsampler' enlarges by 4: head_scale must be 4, not {self.head_scale}")
        if self.head_scale % self.stem_fold:
            raise ValueError(f"head_scale={self.head_scale} is no multiple of stem_fold={self.stem_fold}")
        if self.base == "fill" and (self.in_channels != 4 or self.scale != 1):
            raise ValueError("base='fill' needs in_channels=4 (a mask) and scale 1")
        if self.shrinkage and (self.in_channels != 3 or self.base not in ("nearest", "bicubic")):
            raise ValueError("shrinkage=True needs in_channels=3 and base='nearest' or 'bicubic'")
        plain = self.in_channels == 3 and self.scale == 1 and self.head != "upsampler" and not self.shrinkage
        if self.base == "deconvolved" and not plain:
            raise ValueError("base='deconvolved' needs in_channels=3, scale 1, no upsampler and no shrinkage")
        if self.timesteps < 0:
            raise ValueError(f"timesteps must be 0 or more, not {self.timesteps}")
        if self.in_channels not in (3, 4):
            raise ValueError(f"in_channels must be 3 (RGB) or 4 (RGB and mask), not {self.in_channels}")
        if any(self.level_width(level) % heads for level, heads in enumerate(self.heads)):
            raise ValueError(f"width={self.width} does not divide into heads={self.heads}")

    @property
    def scale(self) -> int:
        """Output side over input side."""
        return self.head_scale // self.stem_fold

    @property
    def multiple_of(self) -> int:
        """Input sides must be multiples of this: three halvings in the U-Net after its fold, and CPEN's fold."""
        multiple = 8 * self.stem_fold
        return multiple if multiple % self.prior_fold == 0 else multiple * self.prior_fold

    @property
    def input_channels(self) -> int:
        """Channels of the network's input: the damaged picture's; where its blur is undone beforehand three more for
        that picture, and one for its share."""
        return self.in_channels + 4 * self.wants_path

    @property
    def painter_channels(self) -> int:
        """Channels that the U-Net sees: the input's, and three more for the first restoration where there is one."""
        return self.input_channels + 3 * (self.shrinkage or self.wants_path)

    @property
    def painted_channels(self) -> int:
        """Channels that the U-Net paints: three for each correction."""
        return 6 if self.wants_path else 3

    @property
    def wants_path(self) -> bool:
        """Whether the photo's blur is to be found and undone before the network sees it."""
        return self.base == "deconvolved"

    @property
    def wants_mask(self) -> bool:
        return self.in_channels == 4

    @property
    def target_fold(self) -> int:
        """Space-to-depth factor that brings the ground truth to the grid of the teacher's prior encoder."""
        return self.scale * self.prior_fold

    def level_width(self, level: int) -> int:
        """Channels at U-Net level 0..3."""
        return self.width * 2**level

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for a file's metadata."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ModelConfig:
        """The inverse of `to_dict`; unknown or missing names raise `ValueError`, save those that came later."""
        names = {f.name for f in fields(cls)}
        if not names - ADDED_LATER <= set(values) <= names:
            raise ValueError(f"config fields differ: {sorted(set(values) ^ names)}")
        plain: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
        return cls(**plain)


# The official variants (released by the paper's authors).
INPAINTING = ModelConfig(
    in_channels=4, width=52, blocks=(1, 1, 1, 9), refinement_blocks=0, ffn_expansion=1.8, base="none"
)
INPAINTING_BIG = ModelConfig(
    in_channels=4,
    width=52,
    blocks=(1, 1, 1, 20),
    refinement_blocks=0,
    ffn_expansion=1.8,
    base="none",
    prior_blocks=8,
)


def _official_sr(fold: int) -> ModelConfig:
    """x4, x2 and x1 are one network behind a space-to-depth of 1, 2 and 4."""
    return ModelConfig(
        width=64,
        blocks=(13, 1, 1, 1),
        refinement_blocks=13,
        ffn_expansion=2.2,
        norm="bias_free",
        stem_fold=fold,
        head="upsampler",
        head_scale=4,
        prior_fold=fold,
        prior_blocks=9,
    )


SR_X4, SR_X2, SR_X1 = _official_sr(1), _official_sr(2), _official_sr(4)
DEBLUR = ModelConfig()

OFFICIAL: dict[str, ModelConfig] = {
    "inpainting": INPAINTING,
    "inpainting_big": INPAINTING_BIG,
    "sr_x4": SR_X4,
    "sr_x2": SR_X2,
    "sr_x1": SR_X1,
    "deblur": DEBLUR,
}

# Our compact presets: the same structure at a size that a git file and two CPU cores can carry.
COMPACT_SR_X4 = ModelConfig(
    width=32,
    blocks=(6, 1, 1, 1),
    refinement_blocks=4,
    head="shuffle",
    head_scale=4,
    base="bicubic",
    resample_kernel=1,
    prior_fold=2,
    prior_width=32,
    prior_blocks=2,
    prior_padding="replicate",
)
COMPACT_SR_REAL_X4 = replace(COMPACT_SR_X4, shrinkage=True, prior_fold=8)
COMPACT_SR_REAL_X2 = replace(COMPACT_SR_REAL_X4, stem_fold=2)
COMPACT_DEBLUR = ModelConfig(
    width=32,
    blocks=(1, 2, 2, 2),
    refinement_blocks=1,
    stem_fold=2,
    head="shuffle",
    head_scale=2,
    resample_kernel=1,
    prior_fold=8,
    prior_width=32,
    prior_blocks=2,
    prior_padding="replicate",
)
COMPACT_DEBLUR_PATH = replace(COMPACT_DEBLUR, base="deconvolved")
COMPACT_INPAINT = ModelConfig(
    in_channels=4,
    width=32,
    blocks=(1, 2, 2, 2),
    refinement_blocks=1,
    stem_fold=2,
    head="shuffle",
    head_scale=2,
    base="fill",
    resample_kernel=1,
    prior_fold=8,
    prior_width=32,
    prior_blocks=2,
    prior_padding="replicate",
)
COMPACT_CLEAN = ModelConfig(
    width=32,
    blocks=(1, 2, 2, 2),
    refinement_blocks=1,
    stem_fold=2,
    head="shuffle",
    head_scale=2,
    shrinkage=True,
    resample_kernel=1,
    prior_fold=8,
    prior_width=32,
    prior_blocks=2,
    prior_padding="replicate",
)
COMPACT: dict[str, ModelConfig] = {
    "compact_clean": COMPACT_CLEAN,
    "compact_sr_x4": COMPACT_SR_X4,
    "compact_sr_real_x4": COMPACT_SR_REAL_X4,
    "compact_sr_real_x2": COMPACT_SR_REAL_X2,
    "compact_deblur": COMPACT_DEBLUR,
    "compact_deblur_path": COMPACT_DEBLUR_PATH,
    "compact_inpaint": COMPACT_INPAINT,
}
PRESETS: dict[str, ModelConfig] = OFFICIAL | COMPACT
