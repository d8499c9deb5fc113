"""Uploads and results are deleted by their age, whichever process wrote them and however that process ended."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from ..disk import is_abandoned

DAY = 86_400
HOUR = 3_600


def sweep(
    folder: str | os.PathLike[str], age: float = DAY, now: float | None = None, stay: Collection[str] = ()
) -> int:
    """Deletes the files in `folder`, and below it, that have not changed for `age` seconds, unfinished ones after an
    hour, and folders that are then empty; gives the number of files. Links are deleted, not followed.

    now: seconds since the epoch, None: the clock's. stay: paths of files that stay. A file from the future was written
    before the clock was set back: from now on it ages. Files that vanish on the way, or may not be deleted, are passed
    over.
    """
    now, count = time.time() if now is None else now, 0
    for place, _, names in os.walk(folder, topdown=False, followlinks=False):
        made = _changed(place)
        for file in (Path(place, name) for name in names):
            with suppress(OSError):
                old = now - file.lstat().st_mtime
                if old < -HOUR:
                    os.utime(file, (now, now), follow_symlinks=False)
                elif (old > age or is_abandoned(file.name, old)) and str(file) not in stay:
                    file.unlink()
                    count += 1
        if Path(place) != Path(folder) and made < now - HOUR:  # one that was made a moment ago is about to be filled
            with suppress(OSError):
                os.rmdir(place)  # refuses folders that are not empty
    return count


def _changed(place: str) -> float:
    try:
        return os.stat(place).st_mtime
    except OSError:
        return float("inf")


def own_folder() -> Path:
    """A folder for uploads and results of the app's own: made if it is not there, and closed to other users.

    It is the same after a restart, so that what an earlier process has left is found. Raises `OSError`.
    """
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    place = Path(tempfile.gettempdir()) / f"diffir-studio-{user}"
    place.mkdir(mode=0o700, exist_ok=True)
    if hasattr(os, "getuid") and (place.is_symlink() or place.stat().st_uid != os.getuid()):
        return Path(tempfile.mkdtemp(prefix="diffir-studio-"))  # somebody else was there first
    place.chmod(0o700)
    return place
