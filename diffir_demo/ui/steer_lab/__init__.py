"""The sliders of the lab, and a small piece of the photo painted as the numbers say and as they were moved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gradio.data_classes import GradioModel

from ..compare_board import SliderData
from ..component import TypedHTML, parts
from ..words import lab as words
from ..words.steering import SLIDERS


class SteerLabValue(GradioModel):
    """Empty where there is no run, or its network's IPR cannot be read."""

    says: str = ""
    sliders: list[SliderData] = []
    furthest: float = 1.5
    run: str = ""
    """Another one for every run."""
    number: int = 0
    """Of the `look` that the second picture answers; 0 where it answers none."""
    own: str = ""
    """A data URL: painted as the numbers say."""
    other: str = ""
    """Likewise: painted with other numbers."""
    caption: str = ""
    """Of the second."""


class SteerLab(TypedHTML):
    """Events: `look`, with {"number": int, "amounts": {name: amount}}; `tell`, with {"kind": one of `lab.KINDS`}."""

    data_model = SteerLabValue

    def __init__(self, value: SteerLabValue | None = None, **options: Any) -> None:
        settings = parts(Path(__file__).parent, "../sliders", "crops", styles=["../sliders"]) | options
        texts = words.STEER | {"sliders": SLIDERS}
        super().__init__(value or SteerLabValue(), words=texts, kinds=words.AS_IF, **settings)
