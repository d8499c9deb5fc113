"""Where and how precisely to compute, and one run at a time per device."""

from __future__ import annotations

import threading

import torch

from .errors import DeviceError
from .messages import Message

PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16}
_locks: dict[str, threading.Lock] = {}
_registry = threading.Lock()


def choose_device(name: str = "auto") -> torch.device:
    """`auto` takes CUDA, else Apple's MPS, else the CPU; a named device must be there, or `DeviceError` says so."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "mps" if _has_mps() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise DeviceError(
            Message("'{name}' is no device.", name=name), "Choose auto, cpu, cuda, cuda:1 or mps."
        ) from error
    if device.type == "cuda" and not (torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count()):
        raise DeviceError(
            Message("There is no CUDA device '{name}' on this machine.", name=name), "Use --device auto or cpu."
        )
    if device.type == "mps" and not _has_mps():
        raise DeviceError("There is no MPS device on this machine.", "Use --device auto or cpu.")
    if device.type not in ("cpu", "cuda", "mps"):
        raise DeviceError(Message("Device '{name}' is not supported.", name=name), "Choose auto, cpu, cuda or mps.")
    return device


def choose_precision(name: str, device: torch.device) -> torch.dtype:
    """`auto` takes bfloat16 where the hardware multiplies it natively, else float32."""
    if name == "auto":
        return torch.bfloat16 if has_fast_bf16(device) else torch.float32
    if name not in PRECISIONS:
        raise DeviceError(
            Message("'{name}' is no precision.", name=name),
            Message("Choose one of: auto, {names}.", names=", ".join(PRECISIONS)),
        )
    if name == "fp32" and device.type == "cuda":
        torch.backends.cudnn.allow_tf32 = False  # convolutions would round to 10 bits by default
    return PRECISIONS[name]


def require_compiler(device: torch.device) -> None:
    """Raises `DeviceError` where compiling the network is of no use."""
    if device.type != "cuda":
        raise DeviceError(
            Message(
                "Networks are compiled for CUDA devices only, and this run is on {device}.", device=device.type.upper()
            ),
            "Leave --compile out: a CPU runs the network in a quicker form anyway.",
        )


def precision_name(dtype: torch.dtype) -> str:
    return next(name for name, value in PRECISIONS.items() if value == dtype)


def has_fast_bf16(device: torch.device) -> bool:
    """Detected, never assumed: elsewhere bfloat16 is emulated, slower than float32."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type != "cpu":
        return False
    flags = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(bool(getattr(torch.cpu, flag, lambda: False)()) for flag in flags)


def lock_for(device: torch.device) -> threading.Lock:
    """The device's lock: runs take turns. A plain lock, because a generator may be resumed from another thread."""
    with _registry:
        return _locks.setdefault(f"{device.type}:{device.index or 0}", threading.Lock())


def _has_mps() -> bool:
    return torch.backends.mps.is_available()
