"""One tested set of versions: `python -m tools.lock` writes requirements.lock anew, by means of uv.

For every Python that the project runs on, and for every system. PyTorch and what it brings are left out: a machine
without a GPU wants another build than one with, and some hosts want one release of it.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "requirements.lock"
OLDEST = "3.10"
HEAD = """\
# Versions that were tested together, for containers and Spaces; written by `python -m tools.lock`.
# PyTorch is not in it: install the build that fits the machine first.
"""
PYTORCHS = re.compile(r"(torch|triton|nvidia-|cuda-)")
"""Beginnings of the packages that are left out."""


def compiled() -> str:
    """What uv makes of requirements.txt, one pinned package a line."""
    command = [sys.executable, "-m", "uv", "pip", "compile", str(ROOT / "requirements.txt"), "--universal"]
    options = ["--python-version", OLDEST, "--no-emit-index-url", "--no-header", "--no-annotate", "--quiet"]
    return subprocess.run([*command, *options], check=True, capture_output=True, text=True).stdout


def main() -> None:
    kept = [line for line in compiled().splitlines() if line and not PYTORCHS.match(line)]
    LOCK.write_text(HEAD + "\n".join(kept) + "\n", encoding="utf-8")
    print(f"{len(kept)} lines in {LOCK.name}")


if __name__ == "__main__":
    main()
