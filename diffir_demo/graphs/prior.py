"""The two small networks behind the IPR as graphs: prior encoder and denoiser."""

from __future__ import annotations

from ..model import PriorDenoiser, PriorEncoder
from ..model.prior import SLOPE, ResidualBlock
from .build import Graph, Value
from .layers import conv, leaky, linear, mean, unshuffled


def pooled(g: Graph, encoder: PriorEncoder, damaged: Value) -> Value:
    """`PriorEncoder.pool`: damaged (1, in_channels, h, w) -> (1, n)."""
    x = leaky(g, conv(g, unshuffled(g, damaged, encoder.fold, encoder.in_channels), encoder.stem), SLOPE)
    for block in encoder.blocks:
        assert isinstance(block, ResidualBlock)
        x = g.op("Add", x, conv(g, leaky(g, conv(g, x, block.conv1), SLOPE), block.conv2))
    for layer in encoder.widen:
        x = leaky(g, conv(g, x, layer), SLOPE)
    return mean(g, x, [2, 3], keep=False)


def projected(g: Graph, encoder: PriorEncoder, features: Value) -> Value:
    """`PriorEncoder.project`: (1, n) -> the diffusion's condition (1, n)."""
    for layer in encoder.mlp:
        features = leaky(g, linear(g, features, layer), SLOPE)
    return features


def denoised(g: Graph, denoiser: PriorDenoiser, noisy: Value, time: Value, condition: Value) -> Value:
    """`PriorDenoiser.forward`: noisy (1, n), time (1, 1), condition (1, n) -> the estimate of x0 (1, n)."""
    share = g.op("Div", time, g.constant(denoiser.max_period))
    x = g.op("Concat", condition, share, noisy, axis=1)
    for layer in (denoiser.stem, *denoiser.hidden):
        x = leaky(g, linear(g, x, layer), SLOPE)
    return x
