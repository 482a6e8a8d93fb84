"""Where networks run: one choice, made by `--device` and asked by whoever fits or predicts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING

from radiorim.errors import UsageError, require

if TYPE_CHECKING:
    import torch

__all__ = ["DEVICES", "autocast", "chosen_device", "current_device", "on_device"]

DEVICES = ("auto", "cpu", "cpu-bf16", "cuda", "mps")
"""`cpu-bf16` is the CPU with bfloat16 in training and inference: about twice as fast on processors that
compute in it (AVX512-BF16, AMX), slower on others; probabilities differ in the third decimal."""

_HALF = "-bf16"

_CHOSEN: ContextVar[str] = ContextVar("radiorim_device", default="auto")


@contextmanager
def on_device(name: str) -> Iterator[None]:
    """Networks run on this device while the block lasts; `auto` takes a GPU if torch sees one."""
    if name not in DEVICES:
        raise UsageError(f"device must be one of {', '.join(DEVICES)}, not {name!r}.")
    token = _CHOSEN.set(name)
    try:
        yield
    finally:
        _CHOSEN.reset(token)


def chosen_device() -> str:
    """The name that was chosen, for handing it to another process."""
    return _CHOSEN.get()


def current_device() -> torch.device:
    """The chosen device; raises `UsageError` if torch does not see it."""
    torch = require("torch", "dl")
    seen = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    name = _CHOSEN.get().removesuffix(_HALF)
    if name == "auto":
        name = next(each for each in ("cuda", "mps", "cpu") if seen[each])
    if not seen[name]:
        raise UsageError(f"torch sees no {name} device on this machine. Use --device cpu or auto.")
    return torch.device(name)


def autocast(device: torch.device, *, training: bool) -> AbstractContextManager:
    """The arithmetic of a block: bfloat16 on `cpu-bf16`, and when training on a GPU; else as it is."""
    import torch

    half = chosen_device().endswith(_HALF) if device.type == "cpu" else training and device.type == "cuda"
    return torch.autocast(device.type, dtype=torch.bfloat16) if half else nullcontext()
