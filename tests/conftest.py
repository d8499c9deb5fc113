"""Settings for all tests."""

from __future__ import annotations

import torch

torch.set_num_threads(1)  # the networks here are tiny: threads cost more than they give, and starve on a busy machine
