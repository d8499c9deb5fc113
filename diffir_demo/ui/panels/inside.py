"""The inside of the diffusion: what happens to the 256 numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..ipr_view import IprView
from .panel import Panel, Updates

if TYPE_CHECKING:
    from ..tab import Tab


class InsidePanel(Panel):
    """The steps of the run that is going, or that made the result."""

    def __init__(self, tab: Tab) -> None:
        super().__init__(tab)
        self.ipr = IprView(elem_id=self.named("ipr"))
        self.outputs = [self.ipr]

    def emptied(self) -> Updates:
        return {self.ipr: None}
