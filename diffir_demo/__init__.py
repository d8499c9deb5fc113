"""DiffIR Studio as a library.

import diffir_demo

model = diffir_demo.load("sr")  # or a weight file: load("SISR-DiffIRS2.pth")
result = model.restore("small.jpg", seed=1)  # a path, a picture of Pillow's, an array or a `Picture`
result.save("large.png")
for event in model.stream("small.jpg"):  # the same run, as it happens
    print(event)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from .version import VERSION

if TYPE_CHECKING:
    from .api import Model, load
    from .errors import DeviceError, DiffIRError, InputError, WeightsError
    from .events import Encoding, Event, Finished, Painting, PathFound, Started, Waiting
    from .imaging import Picture, load_mask, load_picture, save_picture
    from .recipe import Recipe, find_recipe, read_recipe
    from .restoration import PriorStep, Restoration
    from .settings import Settings
    from .tasks import TASKS, Request, Task
    from .weights import Directions, Reading

__version__ = VERSION

_HOMES = {
    "api": ("Model", "load"),
    "errors": ("DeviceError", "DiffIRError", "InputError", "WeightsError"),
    "events": ("Encoding", "Event", "Finished", "Painting", "PathFound", "Started", "Waiting"),
    "imaging": ("Picture", "load_mask", "load_picture", "save_picture"),
    "recipe": ("Recipe", "find_recipe", "read_recipe"),
    "restoration": ("PriorStep", "Restoration"),
    "settings": ("Settings",),
    "tasks": ("TASKS", "Request", "Task"),
    "weights": ("Directions", "Reading"),
}
"""Modules and what they give. They are imported at first use, so that the command line need not wait for torch."""
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "TASKS",
    "DeviceError",
    "DiffIRError",
    "Directions",
    "Encoding",
    "Event",
    "Finished",
    "InputError",
    "Model",
    "Painting",
    "PathFound",
    "Picture",
    "PriorStep",
    "Reading",
    "Recipe",
    "Request",
    "Restoration",
    "Settings",
    "Started",
    "Task",
    "Waiting",
    "WeightsError",
    "find_recipe",
    "load",
    "load_mask",
    "load_picture",
    "read_recipe",
    "save_picture",
]


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME_OF[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME_OF])
