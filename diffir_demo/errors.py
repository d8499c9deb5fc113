"""Everything that can go wrong for a user, each in one plain sentence: what was expected, what was found, what to do.

Faces turn these into one line, a toast or exit code 2. Anything else that is raised is a bug and stays visible.
"""

from __future__ import annotations

from .messages import SENTENCES


class DiffIRError(Exception):
    """Base of all user-facing errors. `message` says what is wrong, `hint` what to do about it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(SENTENCES.format(first=message, next=hint) if hint else message)
        self.message = message
        self.hint = hint


class InputError(DiffIRError):
    """The picture, the mask or an option cannot be used."""


class WeightsError(DiffIRError):
    """A weight file is missing, damaged, unsafe, or made for something else."""


class DeviceError(DiffIRError):
    """The device or precision asked for is not there, or has no memory left."""
