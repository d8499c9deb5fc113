"""DiffIR Studio as a library.

from diffir_demo import Request, load, load_picture, restore, save_picture

engine = load("sr")
result = restore("sr", Request(load_picture("small.jpg")), engine)
save_picture(result.picture, "large.png")
"""

from __future__ import annotations

from .errors import DeviceError, DiffIRError, InputError, WeightsError
from .imaging import Picture, load_mask, load_picture, save_picture
from .recipe import Recipe, find_recipe, read_recipe, recipe_of
from .restore import Engine, load, restore, stream
from .tasks import TASKS, Request, Task
from .version import VERSION
from .weights import Directions, Reading

__version__ = VERSION

__all__ = [
    "TASKS",
    "DeviceError",
    "DiffIRError",
    "Directions",
    "Engine",
    "InputError",
    "Picture",
    "Reading",
    "Recipe",
    "Request",
    "Task",
    "WeightsError",
    "find_recipe",
    "load",
    "load_mask",
    "load_picture",
    "read_recipe",
    "recipe_of",
    "restore",
    "save_picture",
    "stream",
]
