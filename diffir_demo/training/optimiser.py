"""AdamW for everything, or Muon for the matrices of the U-Net and AdamW for the rest."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ..errors import InputError
from .recipe import Recipe

BETAS = (0.9, 0.99)


class Optimisers:
    """Several optimisers as one: what the loop, the guard and the saved state need of it."""

    def __init__(self, *parts: torch.optim.Optimizer) -> None:
        self.parts = parts

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        return [group for part in self.parts for group in part.param_groups]

    def step(self) -> None:
        for part in self.parts:
            part.step()

    def zero_grad(self, set_to_none: bool = True) -> None:
        for part in self.parts:
            part.zero_grad(set_to_none=set_to_none)

    def state_dict(self) -> dict[str, Any]:
        return {str(number): part.state_dict() for number, part in enumerate(self.parts)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for number, part in enumerate(self.parts):
            part.load_state_dict(state[str(number)])


def make_optimiser(network: nn.Module, recipe: Recipe) -> Optimisers:
    """Every group carries its peak learning rate as `peak`.

    Muon (Jordan et al., 2024) makes a matrix's step orthogonal, so that all directions learn at one pace; with
    `match_rms_adamw` its rates are AdamW's. Raises `InputError` where this torch has none.
    """
    rate, prior_rate = recipe.learning_rate, recipe.learning_rate * recipe.prior_rate
    matrices: list[Tensor] = []
    rest: list[Tensor] = []
    prior: list[Tensor] = []
    for name, parameter in network.named_parameters():
        if not name.startswith("painter.") or ".steer." in name:
            prior.append(parameter)
        elif recipe.optimiser == "muon" and parameter.ndim == 2:
            matrices.append(parameter)
        else:
            rest.append(parameter)
    groups = [{"params": rest, "lr": rate, "peak": rate}, {"params": prior, "lr": prior_rate, "peak": prior_rate}]
    adam = torch.optim.AdamW(groups, betas=BETAS, weight_decay=0, fused=next(network.parameters()).device.type != "mps")
    if not matrices:
        return Optimisers(adam)
    if not hasattr(torch.optim, "Muon"):
        raise InputError("This torch has no Muon.", "Use torch 2.9 or later, or --optimiser adamw.")
    group = {"params": matrices, "lr": rate, "peak": rate}
    return Optimisers(adam, torch.optim.Muon([group], weight_decay=0, adjust_lr_fn="match_rms_adamw"))
