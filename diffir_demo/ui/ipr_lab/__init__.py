"""The numbers of an IPR as bars that can be pulled: a typed gr.HTML whose value is what the visitor made of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
from gradio.data_classes import GradioModel
from pydantic import Field

from ...lab import LARGEST
from ..component import TypedHTML, parts
from ..words import lab as words

MOST = 4096
"""Numbers that any network's IPR may have."""
Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]


class IprNumbers(GradioModel):
    """What travels: finite numbers within bounds, or nothing."""

    own: list[Number] = Field(default=[], max_length=MOST)
    """The run's own estimate, which the bars are measured against; only shown, never painted with."""
    numbers: list[Number] = Field(default=[], max_length=MOST)
    """What to paint with."""

    @classmethod
    def of(cls, own: np.ndarray, numbers: np.ndarray | None = None) -> IprNumbers:
        """own, numbers: (n,); without numbers nothing is changed yet. Values beyond the bounds are cut to them."""
        now = own if numbers is None else numbers
        first, second = (np.clip(vector, -LARGEST, LARGEST).astype(float).tolist() for vector in (own, now))
        return cls(own=first, numbers=second)


class IprLab(TypedHTML):
    """Bars to pull by mouse, pen, touch or keys, with tools to zero, scale, reset and undo."""

    data_model = IprNumbers

    def __init__(self, value: IprNumbers | None = None, **options: Any) -> None:
        settings = parts(Path(__file__).parent, "bars", "tools") | options
        keys_id = f"{options.get('elem_id', 'ipr-lab')}-keys"
        super().__init__(value or IprNumbers(), words=words.EDITOR, keys_id=keys_id, largest=LARGEST, **settings)
