"""onnxruntime-web, the page's only dependency: installed by npm from a locked version, and copied into the build."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from diffir_demo.errors import InputError
from diffir_demo.version import VERSION

WEB = Path(__file__).parents[2] / "web"
PACKAGE = WEB / "node_modules" / "onnxruntime-web"
PATIENCE = 300
"""Seconds for npm."""


@dataclass(frozen=True)
class Runtime:
    """One build of it: a script that is loaded at once, a binary that is loaded when it is needed."""

    name: str
    """What the page calls the device."""
    script: Path
    binary: Path


RUNTIMES = [
    Runtime("wasm", PACKAGE / "dist" / "ort.wasm.bundle.min.mjs", PACKAGE / "dist" / "ort-wasm-simd-threaded.wasm"),
    Runtime(
        "webgpu",
        PACKAGE / "dist" / "ort.webgpu.bundle.min.mjs",
        PACKAGE / "dist" / "ort-wasm-simd-threaded.asyncify.wasm",
    ),
]


def wanted() -> str:
    """The version that web/package.json names."""
    return json.loads((WEB / "package.json").read_text(encoding="utf-8"))["dependencies"]["onnxruntime-web"]


def is_installed() -> bool:
    """Whether that very version is there."""
    about = PACKAGE / "package.json"
    there = about.is_file() and json.loads(about.read_text(encoding="utf-8"))["version"] == wanted()
    return there and all(path.is_file() for each in RUNTIMES for path in (each.script, each.binary))


def install() -> None:
    """Has npm install it, from the lock file, without scripts. Raises `InputError` where that cannot be done."""
    if is_installed():
        return
    npm = shutil.which("npm")
    if npm is None:
        raise InputError(
            "The page needs onnxruntime-web, which npm installs, and there is no npm here.",
            "Install Node.js, or run: npm ci --prefix web on another machine and copy web/node_modules.",
        )
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(WEB)]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE)
    except (subprocess.SubprocessError, OSError) as error:
        detail = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
        raise InputError(
            f"npm could not install onnxruntime-web: {detail[-1] if detail else 'it gave no reason'}.",
            "Look whether this machine reaches a package registry, and try again.",
        ) from error


def licence(text: str) -> str:
    """The page's sentence about it. text: with {version} of ours and {runtime}."""
    return text.format(version=VERSION, runtime=wanted())
