"""Opens DiffIR Studio in the browser: `python app.py`. Hugging Face Spaces starts this file, too."""

from __future__ import annotations

import contextlib
import os
import sys

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
if os.environ.get("SPACES_ZERO_GPU"):
    with contextlib.suppress(ImportError):
        import spaces  # noqa: F401  # pyright: ignore[reportMissingImports]  # must come before torch

from diffir_demo.errors import DiffIRError  # noqa: E402
from diffir_demo.server import Policy, log_to_stderr  # noqa: E402
from diffir_demo.serving.spaces import accelerator  # noqa: E402
from diffir_demo.ui import build_app, launch, leave  # noqa: E402

demo = build_app(accelerate=accelerator(), warm=True, longest=Policy.of().longest)

if __name__ == "__main__":
    log_to_stderr()
    try:
        launch(demo)
    except DiffIRError as error:
        sys.exit(f"error: {error}")
    leave()
