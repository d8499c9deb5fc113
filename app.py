"""Opens DiffIR Studio in the browser: `python app.py`. Hugging Face Spaces starts this file, too."""

from __future__ import annotations

import contextlib
import os

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
if os.environ.get("SPACES_ZERO_GPU"):
    with contextlib.suppress(ImportError):
        import spaces  # noqa: F401  # pyright: ignore[reportMissingImports]  # must come before torch

from diffir_demo.serving.spaces import accelerator  # noqa: E402
from diffir_demo.ui import build_app, launch_options, opens_browser  # noqa: E402

demo = build_app(accelerate=accelerator(), warm=True)

if __name__ == "__main__":
    demo.launch(inbrowser=opens_browser(), **launch_options())
