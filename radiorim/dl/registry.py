"""Networks and losses by name: a file in `nets/` or `losses/` with a function `build` is all it takes."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from types import ModuleType
from typing import TYPE_CHECKING, Any

from radiorim.dl import losses, nets
from radiorim.errors import UnknownName, UsageError, require

if TYPE_CHECKING:
    from torch import nn

__all__ = ["Loss", "Net", "Options", "count_parameters", "loss_names", "net_names", "networks"]

Options = tuple[tuple[str, Any], ...]
"""Named numbers in the order of their names: hashable and JSON-able, unlike a dict."""


@dataclass(frozen=True)
class Net:
    """An architecture: `radiorim/dl/nets/<name>.py` builds it from channels in, numbers out and its options.

    `options` may be given as a dict; it is kept as sorted pairs. What an architecture knows about its own
    small version is `SMALL` in its file.
    """

    name: str
    channels: int
    outputs: int = 1
    options: Options | Mapping[str, Any] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "options", _pairs(self.options))

    def build(self, *, seed: int) -> nn.Module:
        """The network with weights drawn from the seed; the global generator is left as it was.

        Raises `MissingExtra` without torch, `UnknownName` for a name or option that no file knows.
        """
        torch = require("torch", "dl")
        module = _module(nets, "network", self.name)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return _call(
                module, self.name, channels=self.channels, outputs=self.outputs, **dict(self.options)
            )

    def smoke(self) -> Net:
        """The same architecture with the small numbers of its own file."""
        require("torch", "dl")
        small = getattr(_module(nets, "network", self.name), "SMALL", {})
        return replace(self, options={**dict(self.options), **small})

    def small_edge(self, usual: int = 32) -> int:
        """The edge in voxels of a patch for the small version: `SMALL_EDGE` in its own file, or the usual."""
        require("torch", "dl")
        return getattr(_module(nets, "network", self.name), "SMALL_EDGE", usual)


@dataclass(frozen=True)
class Loss:
    """A loss: `radiorim/dl/losses/<name>.py` builds `loss(output, target) -> scalar` from its options."""

    name: str
    options: Options | Mapping[str, Any] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "options", _pairs(self.options))

    def build(self) -> nn.Module:
        """The loss as a module; parameters that it holds are learned with the network's."""
        require("torch", "dl")
        return _call(_module(losses, "loss", self.name), self.name, **dict(self.options))


def count_parameters(net: Net) -> int:
    """How many numbers a network learns. It is built without memory for its weights (torch's meta device)."""
    torch = require("torch", "dl")
    with torch.device("meta"):
        return sum(weight.numel() for weight in net.build(seed=0).parameters() if weight.requires_grad)


def networks(value: Any) -> Iterator[Net]:
    """Every network inside a block, in the order of its fields."""
    if isinstance(value, Net):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from networks(item)
    elif is_dataclass(value):
        for part in fields(value):
            yield from networks(getattr(value, part.name))


def net_names() -> list[str]:
    """The names that `Net` knows."""
    return _names(nets)


def loss_names() -> list[str]:
    """The names that `Loss` knows."""
    return _names(losses)


def _names(package: ModuleType) -> list[str]:
    found = (module.name for module in pkgutil.iter_modules(package.__path__))
    return sorted(name.replace("_", "-") for name in found if not name.startswith("_"))


def _module(package: ModuleType, kind: str, name: str) -> ModuleType:
    if name not in _names(package):
        raise UnknownName(kind, name, _names(package))
    return importlib.import_module(f"{package.__name__}.{name.replace('-', '_')}")


def _call(module: ModuleType, name: str, **options: Any) -> Any:
    build: Callable[..., Any] = module.build
    known = inspect.signature(build).parameters
    for option in options:
        if option not in known:
            raise UnknownName(f"option of {name}", option, known)
    return build(**options)


def _pairs(options: Options | Mapping[str, Any]) -> Options:
    items = options.items() if isinstance(options, Mapping) else options
    pairs = tuple(sorted((str(key), tuple(v) if isinstance(v, list) else v) for key, v in items))
    if len({key for key, _ in pairs}) < len(pairs):
        raise UsageError(f"an option is given twice: {', '.join(key for key, _ in pairs)}.")
    return pairs
