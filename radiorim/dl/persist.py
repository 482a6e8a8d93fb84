"""Trained networks on disk: weights as safetensors, facts as JSON. Loading runs no code from the files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from radiorim.dl.device import current_device, memory_format
from radiorim.dl.registry import Net
from radiorim.errors import DataError, require
from radiorim.io.files import existing, read_json, whole, write_json

if TYPE_CHECKING:
    from torch import nn

__all__ = ["load_networks", "save_networks"]


def save_networks(nets: Sequence[nn.Module], folder: Path, name: str, facts: Mapping[str, Any]) -> None:
    """Write `<name>.safetensors` with the weights of all networks, then `<name>.json` with the facts."""
    require("safetensors", "dl")
    from safetensors.torch import save_file

    tensors = {
        f"{index}/{key}": value.detach().cpu().contiguous().clone()
        for index, net in enumerate(nets)
        for key, value in net.state_dict().items()
    }
    with whole(Path(folder) / f"{name}.safetensors") as temporary:
        save_file(tensors, temporary, metadata={"radiorim": name})
    write_json(Path(folder) / f"{name}.json", dict(facts))


def load_networks(net: Net, folder: Path, name: str) -> tuple[list[nn.Module], dict[str, Any]]:
    """The networks that `save_networks` wrote, ready to be asked, and the facts.

    The architecture comes from the recipe, not from the file. Raises `DataError` in one sentence for a
    file that is damaged, foreign, or of another architecture.
    """
    require("torch", "dl")
    safetensors = require("safetensors", "dl")
    path, device = existing(Path(folder) / f"{name}.safetensors"), current_device()
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (no mapping)
        count = len({key.split("/")[0] for key in tensors})
        nets = [net.build(seed=0) for _ in range(max(count, 1))]
        for index, each in enumerate(nets):
            prefix = f"{index}/"
            own = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
            each.load_state_dict(own)
            each.to(device, memory_format=memory_format(device)).eval()
    except (safetensors.SafetensorError, OSError, KeyError, ValueError, RuntimeError) as error:
        said = str(error).splitlines()[0].rstrip(":. ")
        raise DataError(
            f"{path} is damaged or holds no {net.name} of this recipe ({said}). Train it again."
        ) from error
    return nets, read_json(Path(folder) / f"{name}.json")
