"""Transformer blocks through torch.compile, so that a norm and its steering become one kernel on a GPU."""

from __future__ import annotations

from typing import Any

from torch import nn

from .dirformer import Block


def compile_blocks(network: nn.Module, **options: Any) -> None:
    """Lets every `Block` in `network` compile itself when it is first called; one that fails stays plain.

    Blocks of one level share their code, so a size costs one compilation per level, not per block. options: as
    `torch.compile` takes them.
    """
    import torch._dynamo

    torch._dynamo.config.suppress_errors = True
    torch._dynamo.config.recompile_limit = max(64, torch._dynamo.config.recompile_limit)
    for module in network.modules():
        if isinstance(module, Block):
            module.compile(**options)
