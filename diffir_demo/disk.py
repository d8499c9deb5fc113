"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PARTIAL = re.compile(r"\.[0-9a-f]{16}\.part")
"""Names of unfinished files."""
ABANDONED = 3600.0
"""Seconds after which an unfinished file is given up: results take a minute to write at most."""
_SEEN: set[Path] = set()
"""Folders that this process has written to: each is looked through once."""
_LOCK = threading.Lock()


def is_full(error: BaseException) -> bool:
    """Whether that, or what led to it, is a disk without room."""
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    return full or (error.__cause__ is not None and is_full(error.__cause__))


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Gives a new name in the folder of `path` to write to; what was written there takes that path when the block ends.

    The last step is one atomic rename: a reader sees the old file or the new one, even if writing is killed.
    Missing folders are made. Where anything is raised inside, nothing is left behind; what a process left that was
    killed there is deleted once it is an hour old. Raises `OSError`.
    """
    partial = partial_for(path)
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def partial_for(path: Path) -> Path:
    """A new name beside `path`, for what will be renamed to it. Makes missing folders. Raises `OSError`."""
    folder = path.parent
    folder.mkdir(parents=True, exist_ok=True)
    with _LOCK:
        is_new = folder not in _SEEN
        _SEEN.add(folder)
    if is_new:
        drop_abandoned(folder)
    return path.with_name(f".{secrets.token_hex(8)}.part")


def drop_abandoned(folder: Path) -> None:
    """Deletes unfinished files in `folder`, not below it, that nothing was written to for an hour."""
    with suppress(OSError):
        for each in os.scandir(folder):
            with suppress(OSError):
                if is_abandoned(each.name, time.time() - each.stat(follow_symlinks=False).st_mtime):
                    os.unlink(each.path)


def is_abandoned(name: str, age: float) -> bool:
    """Whether that is an unfinished file of `replacing` that nothing was written to for `age` seconds, an hour at
    least: its process was killed."""
    return age > ABANDONED and PARTIAL.fullmatch(name) is not None


def write_whole(path: Path, data: bytes | str) -> None:
    """`replacing` for what is in memory already; text becomes UTF-8. Raises `OSError`."""
    with replacing(path) as partial:
        partial.write_bytes(data.encode() if isinstance(data, str) else data)


def shown_name(name: str) -> str:
    """A file's name as text that can be printed and stored: what is not UTF-8 on disk is read as Windows wrote it."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return os.fsencode(name).decode("cp1252", "replace")
    return name
