"""When the app opens a browser window by itself."""

from __future__ import annotations

import pytest

from diffir_demo.ui import opens_browser


@pytest.mark.parametrize(
    ("platform", "host", "environment", "opens"),
    [
        ("darwin", None, {}, True),
        ("win32", "localhost", {}, True),
        ("linux", None, {}, False),
        ("linux", None, {"DISPLAY": ":0"}, True),
        ("linux", "127.0.0.1", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("linux", "0.0.0.0", {"DISPLAY": ":0"}, False),
        ("darwin", None, {"GRADIO_SERVER_NAME": "0.0.0.0"}, False),
        ("darwin", None, {"SSH_CONNECTION": "1.2.3.4 5 6.7.8.9 22"}, False),
        ("linux", None, {"DISPLAY": ":0", "SPACE_ID": "a/b"}, False),
        ("linux", None, {"DISPLAY": ":0", "DIFFIR_BROWSER": "0"}, False),
        ("linux", None, {"DIFFIR_BROWSER": "1"}, True),
    ],
)
def test_a_window_opens_only_on_a_desktop(
    platform: str, host: str | None, environment: dict[str, str], opens: bool
) -> None:
    assert opens_browser(host, environment, platform) is opens
