"""Writes an ONNX graph node by node: standard operators only, weights in half precision where that loses nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from ..errors import DiffIRError

if TYPE_CHECKING:
    from onnx import ModelProto

OPSET = 20
"""The first with Gelu."""
IR_VERSION = 10
"""Of the file format; runtimes refuse files that are newer than they are."""
SMALL = 64
"""Numbers below which a weight stays in float32: a Cast would cost more than it saves."""
Shape = Sequence[int | str]
"""Sides that a runtime decides are names."""


@dataclass(frozen=True)
class Value:
    """What a node makes, by its name in the graph."""

    name: str


class Graph:
    """One graph while it is being written. Values are (1, c, h, w) unless their makers say otherwise."""

    def __init__(self, name: str, inputs: Mapping[str, Shape]) -> None:
        """Raises `DiffIRError` where the package onnx is not installed."""
        self.onnx = _onnx()
        self.name = name
        self.inputs = [self._described(key, shape) for key, shape in inputs.items()]
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []
        self._count = 0
        self._constants: dict[tuple[str, tuple[int, ...], bytes], Value] = {}

    def op(self, kind: str, *inputs: Value | None, **attributes: Any) -> Value:
        """A node with one output. None: an optional input that is left out."""
        return self.split(kind, *inputs, into=1, **attributes)[0]

    def split(self, kind: str, *inputs: Value | None, into: int, **attributes: Any) -> list[Value]:
        """A node with several outputs."""
        outputs = [self._named(kind) for _ in range(into)]
        names = ["" if each is None else each.name for each in inputs]
        made = self.onnx.helper.make_node(kind, names, [each.name for each in outputs], **attributes)
        self.nodes.append(made)
        return outputs

    def weight(self, numbers: Tensor | np.ndarray) -> Value:
        """Learned numbers, any shape, bit for bit: as float16 with a Cast where that changes none of them."""
        array = numbers.detach().cpu().numpy() if isinstance(numbers, Tensor) else numbers
        array = np.ascontiguousarray(array, np.float32)
        half = _halved(array)
        if array.size < SMALL or half is None:
            return self.constant(array)
        return self.op("Cast", self.constant(half), to=self.onnx.TensorProto.FLOAT)

    def constant(self, numbers: np.ndarray | Sequence[float] | float) -> Value:
        """Numbers that stand in the graph, the same ones once. Whole numbers become int64, others float32."""
        array = np.asarray(numbers)
        if array.dtype != np.float16:
            array = array.astype(np.int64 if array.dtype.kind in "iu" else np.float32)
        key = str(array.dtype), array.shape, array.tobytes()
        if key not in self._constants:
            value = self._constants[key] = self._named("const")
            self.initializers.append(self.onnx.numpy_helper.from_array(array, value.name))
        return self._constants[key]

    def finished(self, outputs: Mapping[str, tuple[Value, Shape]]) -> ModelProto:
        """The model, checked by ONNX itself. outputs: by name, with their shapes."""
        helper = self.onnx.helper
        for name, (value, _) in outputs.items():
            self.nodes.append(helper.make_node("Identity", [value.name], [name]))
        described = [self._described(name, shape) for name, (_, shape) in outputs.items()]
        graph = helper.make_graph(self.nodes, self.name, self.inputs, described, self.initializers)
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="DiffIR Studio",
        )
        self.onnx.checker.check_model(model, full_check=True)
        return model

    def _named(self, kind: str) -> Value:
        self._count += 1
        return Value(f"{kind.lower()}_{self._count}")

    def _described(self, name: str, shape: Shape) -> Any:
        return self.onnx.helper.make_tensor_value_info(name, self.onnx.TensorProto.FLOAT, list(shape))


def _halved(array: np.ndarray) -> np.ndarray | None:
    """The same numbers as float16; None where one of them would change."""
    with np.errstate(over="ignore"):
        half = array.astype(np.float16)
    return half if np.array_equal(half.astype(np.float32), array) else None


def _onnx() -> Any:
    """onnx, imported when it is needed: nothing else here does."""
    try:
        import onnx
    except ImportError as error:
        raise DiffIRError(
            "Writing ONNX graphs needs the package onnx, which is not installed.",
            "Install it with: pip install 'diffir-studio[export]' (in a clone: pip install -e '.[export]').",
        ) from error
    return onnx
