"""What a straight line does not read off the IPR: a small hidden layer beside it, fitted to what the line leaves over.

How strong a damage is bends the IPR: the second ten levels of noise move it less than the first ten, and compression
hides what noise would have shown. The prior encoder's own loss asks for a linear reading; the numbers hold more.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

UNITS = 64
"""Of the hidden layer, rectified."""
COMPONENTS = 128
"""Principal components of the IPRs that it sees, each with a variance of 1: the faint ones are mostly noise."""
EPOCHS, BATCH = 64, 256
RATE, DECAY = 2e-3, 0.01
"""AdamW's peak learning rate, which falls along a cosine to zero, and its weight decay."""
DROPPED, NOISE = 0.2, 0.05
"""Share of the units that are left out at random, and deviation of the noise on the components, while it learns."""


def fit_hidden(iprs: Tensor, left: Tensor) -> dict[str, Tensor]:
    """iprs (m, n) float32 and what is left over there (m, k) -> "hidden" (h, n), "hidden_bias" (h,), "out" (k, h) and
    "out_bias" (k,), float32: left ~ out @ max(hidden @ ipr + hidden_bias, 0) + out_bias. The same call, the same fit.
    """
    mean, basis = _whitening(iprs)
    seen = (iprs - mean) @ basis.T
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        layer, out = nn.Linear(len(basis), UNITS), nn.Linear(UNITS, left.shape[1])
        _train(layer, out, seen, left)
    hidden = layer.weight.detach() @ basis
    return {
        "hidden": hidden,
        "hidden_bias": layer.bias.detach() - hidden @ mean,
        "out": out.weight.detach(),
        "out_bias": out.bias.detach(),
    }


def _whitening(iprs: Tensor) -> tuple[Tensor, Tensor]:
    """-> (mean (n,), (c, n)): the leading components, each over its deviation."""
    mean = iprs.mean(dim=0)
    _, sizes, components = torch.linalg.svd((iprs - mean).double(), full_matrices=False)
    kept = min(COMPONENTS, int((sizes > 1e-6 * sizes[0]).sum()))
    deviations = sizes[:kept] / len(iprs) ** 0.5
    return mean, (components[:kept] / deviations[:, None]).float()


@torch.enable_grad()
def _train(layer: nn.Linear, out: nn.Linear, seen: Tensor, left: Tensor) -> None:
    optimiser = torch.optim.AdamW([*layer.parameters(), *out.parameters()], RATE, weight_decay=DECAY)
    steps = EPOCHS * -(-len(seen) // BATCH)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in range(steps):
        drawn = torch.randint(len(seen), (BATCH,))
        units = torch.relu(layer(seen[drawn] + NOISE * torch.randn(BATCH, seen.shape[1])))
        loss = (out(nn.functional.dropout(units, DROPPED)) - left[drawn]).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        falling.step()


def added(fitted: dict[str, Tensor], iprs: Tensor) -> Tensor:
    """(m, k): what the hidden layer adds to the line's readings of the IPRs (m, n)."""
    units = torch.relu(iprs @ fitted["hidden"].T + fitted["hidden_bias"])
    return units @ fitted["out"].T + fitted["out_bias"]
