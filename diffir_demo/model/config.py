"""What one DiffIR network looks like: a frozen description, and the presets that exist.

The paper's four sub-projects (inpainting, super-resolution, real-world super-resolution, deblurring) differ only by the
fields below. The official variants and our own compact presets are values of this one type.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, get_args

from ..messages import Message

Norm = Literal["with_bias", "bias_free"]
Head = Literal["conv", "upsampler", "shuffle"]
Base = Literal["none", "nearest", "bicubic", "fill", "deconvolved"]
Padding = Literal["zeros", "replicate"]

ADDED_LATER = {"prior_padding", "shrinkage"}
"""Fields that older files lack; what they hold was made with the default."""
CHOICES: dict[str, tuple[str, ...]] = {
    **{"norm": get_args(Norm), "head": get_args(Head), "base": get_args(Base), "prior_padding": get_args(Padding)},
}
RANGES: dict[str, tuple[int, int]] = {
    **{"in_channels": (3, 4), "width": (1, 256), "blocks": (0, 64), "refinement_blocks": (0, 64), "heads": (1, 64)},
    **{"stem_fold": (1, 8), "head_scale": (1, 8), "resample_kernel": (1, 7)},
    **{"prior_fold": (1, 16), "prior_width": (1, 256), "prior_blocks": (0, 64)},
    **{"ipr_length": (1, 2048), "denoiser_blocks": (0, 16), "timesteps": (0, 1000)},
}
"""Least and most of each whole number: several times what the released networks have, and nothing that would take a
machine's memory, or hours. Configs come from files that anybody may have written."""
MOST_EXPANSION = 16.0
MOST_BETA = 0.9999
"""With a beta of 1 nothing is left of the signal, and no step leads back."""


@dataclass(frozen=True)
class ModelConfig:
    """One network, stage 1 and stage 2 alike.

    Values of another type, out of range (`RANGES`) or contradicting each other raise `ValueError`, naming the fields.
    """

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
    (`shake.Undone`). The U-Net sees all of these, and makes two corrections: of the mixture, and of what is still
    blurred in it."""
    shrinkage: bool = False
    """Whether a first restoration of the input is made, as the IPR says (`ModulatedShrinkage`). The U-Net sees it
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
        self._require_sound_values()
        if self.head == "conv" and self.head_scale != 1:
            raise ValueError(
                Message(
                    "head='conv' cannot enlarge: head_scale must be 1, not {head_scale}", head_scale=self.head_scale
                )
            )
        if self.head == "upsampler" and self.head_scale != 4:
            raise ValueError(
                Message(
                    "head='upsampler' enlarges by 4: head_scale must be 4, not {head_scale}", head_scale=self.head_scale
                )
            )
        if self.head_scale % self.stem_fold:
            raise ValueError(
                Message(
                    "head_scale={head_scale} is no multiple of stem_fold={stem_fold}",
                    head_scale=self.head_scale,
                    stem_fold=self.stem_fold,
                )
            )
        if self.base == "fill" and (self.in_channels != 4 or self.scale != 1):
            raise ValueError(Message("base='fill' needs in_channels=4 (a mask) and scale 1"))
        if self.shrinkage and (self.in_channels != 3 or self.base not in ("nearest", "bicubic")):
            raise ValueError(Message("shrinkage=True needs in_channels=3 and base='nearest' or 'bicubic'"))
        plain = self.in_channels == 3 and self.scale == 1 and self.head != "upsampler" and not self.shrinkage
        if self.base == "deconvolved" and not plain:
            raise ValueError(Message("base='deconvolved' needs in_channels=3, scale 1, no upsampler and no shrinkage"))
        if any(self.level_width(level) % heads for level, heads in enumerate(self.heads)):
            raise ValueError(
                Message("width={width} does not divide into heads={heads}", width=self.width, heads=self.heads)
            )
        if int(self.width * self.ffn_expansion) < 1:
            raise ValueError(
                Message(
                    "ffn_expansion={ffn_expansion} leaves no hidden channel at width={width}",
                    ffn_expansion=self.ffn_expansion,
                    width=self.width,
                )
            )

    def _require_sound_values(self) -> None:
        """Each field by itself."""
        for name, (least, most) in RANGES.items():
            value: Any = getattr(self, name)
            many = name in ("blocks", "heads")
            if many and not (isinstance(value, tuple) and len(value) == 4):
                raise ValueError(
                    Message("{name} must be four whole numbers, not {value}", name=name, value=_shown(value))
                )
            values: tuple[Any, ...] = value if many else (value,)
            if not all(_is_whole(each) and least <= each <= most for each in values):
                raise ValueError(
                    Message(
                        "{name} must be whole, from {least} to {most}, not {value}",
                        name=name,
                        least=least,
                        most=most,
                        value=_shown(value),
                    )
                )
        for name, known in CHOICES.items():
            if (value := getattr(self, name)) not in known:
                raise ValueError(
                    Message(
                        "{name} must be one of {names}, not {value}",
                        name=name,
                        names=", ".join(known),
                        value=_shown(value),
                    )
                )
        if not isinstance(self.shrinkage, bool):
            raise ValueError(Message("shrinkage must be true or false, not {value}", value=_shown(self.shrinkage)))
        if not self.resample_kernel % 2:
            raise ValueError(
                Message("resample_kernel must be odd, not {resample_kernel}", resample_kernel=self.resample_kernel)
            )
        if not (_is_number(self.ffn_expansion) and 0 < self.ffn_expansion <= MOST_EXPANSION):
            raise ValueError(
                Message(
                    "ffn_expansion must be from 0 to {most_expansion:g}, not {value}",
                    most_expansion=MOST_EXPANSION,
                    value=_shown(self.ffn_expansion),
                )
            )
        betas = self.beta_start, self.beta_end
        if not (all(map(_is_number, betas)) and 0 < self.beta_start <= self.beta_end <= MOST_BETA):
            raise ValueError(
                Message(
                    "betas must rise from above 0 to {most_beta} at most, not {value}",
                    most_beta=MOST_BETA,
                    value=_shown(betas),
                )
            )

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
    def unet_channels(self) -> int:
        """Channels that the U-Net sees: the input's, and three more for the first restoration where there is one."""
        return self.input_channels + 3 * (self.shrinkage or self.wants_path)

    @property
    def correction_channels(self) -> int:
        """Channels that the U-Net makes: three for each correction."""
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
            differ = ", ".join(map(_shown, sorted(set(values) ^ names, key=str)[:3]))
            raise ValueError(Message("its config lacks fields, or has others: {differ}", differ=differ))
        plain: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
        return cls(**plain)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: object) -> str:
    """A value from a file as part of a sentence: short, whatever it is."""
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


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
