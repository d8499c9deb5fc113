"""`ModulatedShrinkage` as nodes: a block transform, its coefficients damped as the IPR says, and the way back."""

from __future__ import annotations

import numpy as np

from ..model.shrinkage import (
    BLOCK,
    KINDS,
    LARGEST_GAIN,
    LEAST_THRESHOLD,
    STEP,
    ModulatedShrinkage,
    colour_matrix,
    dct_basis,
)
from .build import Graph, Value
from .layers import linear, padded, per_pixel


def shrunk(g: Graph, layer: ModulatedShrinkage, picture: Value, ipr: Value) -> Value:
    """picture (1, 3, h, w), sides multiples of `STEP`; ipr (1, n) -> (1, 3, h, w), not clamped."""
    border = BLOCK - STEP
    colours, basis = colour_matrix(), dct_basis(BLOCK)[:, None]
    # Brightness and both differences of colour are three pictures of one channel.
    around = per_pixel(g, padded(g, picture, border, "edge"), colours)
    planes = g.op("Transpose", around, perm=[1, 0, 2, 3])
    steps = {"kernel_shape": [BLOCK, BLOCK], "strides": [STEP, STEP]}
    coefficients = g.op("Conv", planes, g.constant(basis.numpy()), **steps)
    kept = _damped(g, layer, coefficients, ipr)
    inverse = basis / (BLOCK // STEP) ** 2
    planes = g.op("ConvTranspose", kept, g.constant(inverse.numpy()), pads=[border] * 4, **steps)
    return per_pixel(g, g.op("Transpose", planes, perm=[1, 0, 2, 3]), colours.T.contiguous())


def _damped(g: Graph, layer: ModulatedShrinkage, coefficients: Value, ipr: Value) -> Value:
    """c * lift * u^4 / (1 + u^4) with u = c * scale; frequency 0, the mean, stays. (3, BLOCK^2, h', w') both."""
    thresholds = g.op("Add", g.op("Softplus", linear(g, ipr, layer.threshold)), g.constant(LEAST_THRESHOLD))
    scale = _for_colours(g, g.op("Div", g.constant(255.0), thresholds))
    most = g.constant(LARGEST_GAIN)
    lift = _for_colours(g, g.op("Exp", g.op("Clip", linear(g, ipr, layer.gain), g.op("Neg", most), most)))
    reach = g.constant(30.0)
    u = g.op("Clip", g.op("Mul", coefficients, scale), g.op("Neg", reach), reach)
    square = g.op("Mul", u, u)
    strength = g.op("Mul", square, square)
    share = g.op("Mul", g.op("Div", strength, g.op("Add", strength, g.constant(1.0))), lift)
    of_mean = np.zeros((1, BLOCK**2, 1, 1), np.float32)
    of_mean[0, 0] = 1
    share = g.op("Add", g.op("Mul", share, g.constant(1 - of_mean)), g.constant(of_mean))
    return g.op("Mul", coefficients, share)


def _for_colours(g: Graph, curves: Value) -> Value:
    """(1, KINDS * BLOCK^2) -> (3, BLOCK^2, 1, 1): both differences of colour share theirs."""
    kinds = g.op("Reshape", curves, g.constant([KINDS, BLOCK**2, 1, 1]))
    return g.op("Gather", kinds, g.constant([0, 1, 1]), axis=0)
