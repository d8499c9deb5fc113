"""Whether the app may open a browser by itself: only where somebody sits in front of this very machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

REMOTE = ("SSH_CONNECTION", "SSH_TTY", "SPACE_ID", "CI", "KUBERNETES_SERVICE_HOST", "COLAB_RELEASE_TAG")
"""Set where the screen, if there is one, is not the visitor's: a remote shell, a hosting platform, a test machine."""
LOCAL_HOSTS = frozenset(["", "127.0.0.1", "localhost", "::1"])


def opens_browser(
    host: str | None = None, environment: Mapping[str, str] = os.environ, platform: str = sys.platform
) -> bool:
    """True on a desktop, for an app that serves this machine alone. host: as given to the server; None: the default.

    DIFFIR_BROWSER=0 or 1 decides it instead. platform: as `sys.platform`.
    """
    if (asked := environment.get("DIFFIR_BROWSER")) in ("0", "1"):
        return asked == "1"
    if (host or environment.get("GRADIO_SERVER_NAME") or "") not in LOCAL_HOSTS:
        return False
    if any(environment.get(name) for name in REMOTE):
        return False
    return platform in ("darwin", "win32") or bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))
