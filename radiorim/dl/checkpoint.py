"""A training that can go on after an interruption: its whole state in one safetensors file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from radiorim.errors import DataError, UsageError
from radiorim.io.files import whole

if TYPE_CHECKING:
    import torch

    from radiorim.dl.loop import State

__all__ = ["clear_checkpoints", "load_checkpoint", "save_checkpoint"]

NAME = "checkpoint.safetensors"


def save_checkpoint(state: State, folder: Path, key: str) -> Path:
    """Write weights, averaged and best weights, optimiser and history; whole or not at all."""
    from safetensors.torch import save_file

    tensors = _tensors(state.module.state_dict(), "module/")
    if state.average is not None:
        tensors |= _tensors(state.average.state_dict(), "average/")
    if state.best is not None:
        tensors |= _tensors(state.best, "best/")
    for number, entry in state.optimiser.state_dict()["state"].items():
        tensors |= _tensors({k: v for k, v in entry.items() if v is not None}, f"optimiser/{number}/")
    # Python's JSON writes NaN for a score that could not be said, and reads it back.
    facts = {"key": key, "history": json.dumps(state.history)}
    with whole(folder / NAME) as temporary:
        save_file(tensors, temporary, metadata=facts)
    return folder / NAME


def load_checkpoint(state: State, folder: Path, key: str) -> None:
    """Put a checkpoint's content into a fresh state, if there is one.

    Raises `DataError` for a damaged file and `UsageError` for one of another training.
    """
    from safetensors import SafetensorError, safe_open

    path = folder / NAME
    if not path.exists():
        return
    try:
        with safe_open(path, framework="pt") as file:
            facts = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
        history = json.loads(facts["history"])
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise DataError(f"{path} is damaged or no checkpoint ({error}). Delete it to start again.") from error
    if facts["key"] != key:
        raise UsageError(f"{path} belongs to another training. Give another folder, or delete it.")
    state.history = history
    state.module.load_state_dict(_under(tensors, "module/"))
    if state.average is not None:
        state.average.load_state_dict(_under(tensors, "average/"))
    device = next(state.module.parameters()).device
    state.best = {name: value.to(device) for name, value in _under(tensors, "best/").items()} or None
    _restore_optimiser(state.optimiser, _under(tensors, "optimiser/"))


def clear_checkpoints(folder: Path) -> None:
    """Delete the checkpoints in a folder and below it: what they led to is done. `metrics.tsv` stays."""
    for path in Path(folder).rglob(NAME):
        path.unlink()


def _restore_optimiser(optimiser: torch.optim.Optimizer, tensors: dict[str, Any]) -> None:
    entries: dict[int, dict[str, Any]] = {}
    for name, value in tensors.items():
        number, field = name.split("/", 1)
        entries.setdefault(int(number), {})[field] = value
    optimiser.load_state_dict({"state": entries, "param_groups": optimiser.state_dict()["param_groups"]})


def _tensors(values: dict[str, Any], prefix: str) -> dict[str, torch.Tensor]:
    import torch

    # A copy of each: safetensors refuses tensors that share memory.
    return {
        prefix + name: torch.as_tensor(value).detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, value in values.items()
    }


def _under(tensors: dict[str, Any], prefix: str) -> dict[str, Any]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
