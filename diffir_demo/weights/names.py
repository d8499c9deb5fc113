"""The authors' parameter names and ours, one to one, spelled out for a given network."""

from __future__ import annotations

from collections.abc import Iterator

from ..model import ModelConfig

_BLOCK = {
    "norm1.body.weight": "attention.norm.weight",
    "norm1.body.bias": "attention.norm.bias",
    "attn.temperature": "attention.temperature",
    "attn.kernel.0.weight": "attention.norm.steer.weight",
    "attn.qkv.weight": "attention.qkv.weight",
    "attn.qkv_dwconv.weight": "attention.depthwise.weight",
    "attn.project_out.weight": "attention.out.weight",
    "norm2.body.weight": "feed_forward.norm.weight",
    "norm2.body.bias": "feed_forward.norm.bias",
    "ffn.project_in.weight": "feed_forward.project.weight",
    "ffn.dwconv.weight": "feed_forward.depthwise.weight",
    "ffn.project_out.weight": "feed_forward.out.weight",
    "ffn.kernel.0.weight": "feed_forward.norm.steer.weight",
}
_FRAME = {
    "patch_embed.proj.weight": "stem.weight",
    "down1_2.body.0.weight": "down.0.0.weight",
    "down2_3.body.0.weight": "down.1.0.weight",
    "down3_4.body.0.weight": "down.2.0.weight",
    "up2_1.body.0.weight": "up.0.0.weight",
    "up3_2.body.0.weight": "up.1.0.weight",
    "up4_3.body.0.weight": "up.2.0.weight",
    "reduce_chan_level2.weight": "reduce.0.weight",
    "reduce_chan_level3.weight": "reduce.1.weight",
}
_HEADS = {"conv": {"output": "head"}, "upsampler": {"tail.0.0": "head.0", "tail.0.2": "head.2", "tail.1": "head.4"}}


def official_names(config: ModelConfig, stage: int) -> dict[str, str]:
    """Every parameter of the network: official name -> our name. Aliases and schedule buffers are not in it.

    `config.head` must be one that the authors' code has: "conv" or "upsampler" (`KeyError` otherwise).
    """
    encoder = "E" if stage == 1 else "condition"
    parts = [("G", "painter", _painter(config)), (encoder, "encoder", _encoder(config))]
    if stage == 2:
        parts.append(("denoise", "denoiser", _denoiser(config)))
    return {f"{theirs}.{a}": f"{ours}.{b}" for theirs, ours, names in parts for a, b in names}


def _painter(config: ModelConfig) -> Iterator[tuple[str, str]]:
    yield from _FRAME.items()
    for layer, ours in _HEADS[config.head].items():
        yield f"{layer}.weight", f"{ours}.weight"
        if config.head == "upsampler":
            yield f"{layer}.bias", f"{ours}.bias"
    levels = [("latent", "latent", config.blocks[3]), ("refinement", "refinement", config.refinement_blocks)]
    for side in ("encoder", "decoder"):
        levels += [(f"{side}_level{i + 1}", f"{side}.{i}", config.blocks[i]) for i in range(3)]
    for level, ours, count in levels:
        for i in range(count):
            for a, b in _BLOCK.items():
                if config.norm == "with_bias" or not a.endswith(".bias"):
                    yield f"{level}.{i}.{a}", f"{ours}.{i}.{b}"


def _encoder(config: ModelConfig) -> Iterator[tuple[str, str]]:
    """In the authors' Sequential, 0 is the stem, 2..n+1 are the residual blocks, and n+2, n+4 and n+6 widen."""
    count = config.prior_blocks
    layers = {"E.0": "stem", "mlp.0": "mlp.0", "mlp.2": "mlp.1"}
    layers |= {f"E.{count + 2 + 2 * i}": f"widen.{i}" for i in range(3)}
    for i in range(count):
        layers |= {f"E.{i + 2}.body.0": f"blocks.{i}.conv1", f"E.{i + 2}.body.2": f"blocks.{i}.conv2"}
    return _with_bias(layers)


def _denoiser(config: ModelConfig) -> Iterator[tuple[str, str]]:
    layers = {"resmlp.0": "stem"}
    layers |= {f"resmlp.{i + 2}.resmlp.0": f"hidden.{i}" for i in range(config.denoiser_blocks)}
    return _with_bias(layers)


def _with_bias(layers: dict[str, str]) -> Iterator[tuple[str, str]]:
    for theirs, ours in layers.items():
        for parameter in ("weight", "bias"):
            yield f"{theirs}.{parameter}", f"{ours}.{parameter}"
