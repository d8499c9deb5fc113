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


CONVOLUTIONS_ALONE = 3.0
"""Learning rate of the prior encoder's convolutions over that of its linear layers, while the prior learns alone."""


def make_optimiser(network: nn.Module, recipe: Recipe, probe: nn.Module | None = None) -> Optimisers:
    """Every group carries its peak learning rate as `peak`, and as `alone` the one for while the prior learns alone.

    probe: what learns beside the network, at the prior's rate.

    Muon (Jordan et al., 2024) makes a matrix's step orthogonal, so that all directions learn at one pace; with
    `match_rms_adamw` its rates are AdamW's. Raises `InputError` where this torch has none.
    """
    rate, prior_rate = recipe.learning_rate, recipe.learning_rate * recipe.prior_rate
    alone_rate = prior_rate if recipe.alone_rate is None else recipe.alone_rate
    steer_rate = prior_rate if recipe.steer_rate is None else rate * recipe.steer_rate
    matrices: list[Tensor] = []
    rest: list[Tensor] = []
    steering: list[Tensor] = []
    convolutions: list[Tensor] = []
    linear: list[Tensor] = [] if probe is None else [p for p in probe.parameters() if p.requires_grad]
    for name, parameter in network.named_parameters():
        if ".steer." in name:
            steering.append(parameter)
        elif not name.startswith("painter."):
            (convolutions if parameter.ndim == 4 else linear).append(parameter)
        elif recipe.optimiser == "muon" and parameter.ndim == 2:
            matrices.append(parameter)
        else:
            rest.append(parameter)
    faster = alone_rate if recipe.alone_rate is None else CONVOLUTIONS_ALONE * alone_rate
    groups = [
        {"params": rest, "lr": rate, "peak": rate, "alone": rate},
        {"params": steering, "lr": steer_rate, "peak": steer_rate, "alone": steer_rate},
        {"params": convolutions, "lr": prior_rate, "peak": prior_rate, "alone": faster},
        {"params": linear, "lr": prior_rate, "peak": prior_rate, "alone": alone_rate},
    ]
    adam = torch.optim.AdamW(groups, betas=BETAS, weight_decay=0, fused=next(network.parameters()).device.type != "mps")
    if not matrices:
        return Optimisers(adam)
    if not hasattr(torch.optim, "Muon"):
        raise InputError("This torch has no Muon.", "Use torch 2.9 or later, or --optimiser adamw.")
    group = {"params": matrices, "lr": rate, "peak": rate, "alone": rate}
    return Optimisers(adam, torch.optim.Muon([group], weight_decay=0, adjust_lr_fn="match_rms_adamw"))
