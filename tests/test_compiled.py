"""Compiled blocks paint what plain ones do, also where compiling fails; and nobody waits for a compiler in vain."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from diffir_demo.api import load
from diffir_demo.cli import main
from diffir_demo.errors import DeviceError
from diffir_demo.model.compiled import compile_blocks
from diffir_demo.model.dirformer import Block
from diffir_demo.ui.state import AppState
from tests.tiny import network


def counting(calls: list[int]) -> Callable[..., Any]:
    def backend(graph: torch.fx.GraphModule, _: Any) -> Any:
        calls.append(1)
        return graph.forward

    return backend


def failing(_: Any, __: Any) -> Any:
    raise RuntimeError("no compiler here")


@pytest.mark.parametrize("works", [True, False])
@torch.no_grad()
def test_compiled_blocks_paint_the_same(works: bool) -> None:
    plain = network("deblur").unet
    compiled, calls = copy.deepcopy(plain), []
    torch._dynamo.reset()
    compile_blocks(compiled, backend=counting(calls) if works else failing)
    for side in (16, 32):
        damaged, ipr = torch.rand(1, 3, side, side), torch.randn(1, plain.config.ipr_length)
        torch.testing.assert_close(compiled(damaged, ipr), plain(damaged, ipr))
    blocks = sum(isinstance(module, Block) for module in plain.modules())
    assert len(calls) <= 2 * blocks and bool(calls) == works


def test_a_cpu_needs_no_compiling(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "photo.png"
    Image.new("RGB", (32, 32)).save(source)
    for start in (lambda: load("deblur", device="cpu", compiled=True), lambda: AppState("cpu", compiled=True)):
        with pytest.raises(DeviceError, match="CUDA devices only"):
            start()
    assert (
        main(["restore", "deblur", str(source), "-o", str(tmp_path / "out.png"), "--device", "cpu", "--compile"]) == 2
    )
    assert "Leave --compile out" in capsys.readouterr().err
