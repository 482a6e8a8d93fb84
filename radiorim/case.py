"""One session of one person: images, masks and, where it is known, the truth; each is read on first use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from radiorim.errors import DataError
from radiorim.lesions import Lesions
from radiorim.volume import Volume

__all__ = ["IMAGES", "Case", "Lazy", "Placement"]

IMAGES = ("flair", "flair0", "t1", "t2star", "phase", "chi")
"""The images that recipes ask for by name; `flair0` is the earlier visit. chi is in ppb inside radiorim."""


class Lazy(Mapping[str, Any]):
    """Names to values, each loaded by its function when it is first asked for and kept until `release`."""

    def __init__(self, loaders: Mapping[str, Callable[[], Any]]) -> None:
        self._loaders = dict(loaders)
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._loaded:
            self._loaded[name] = self._loaders[name]()
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._loaders)

    def __len__(self) -> int:
        return len(self._loaders)

    def __contains__(self, name: object) -> bool:
        return name in self._loaders

    def release(self) -> None:
        """Forget what was loaded; it is read again when needed."""
        self._loaded.clear()


@dataclass(frozen=True, eq=False)
class Placement:
    """Where a case's working grid lies in the scan that its results belong to.

    `to_native` takes RAS mm of the working grid to RAS mm of the native scan; `native` is that scan's grid
    (its data are not used).
    """

    native: Volume
    to_native: np.ndarray


@dataclass(frozen=True, eq=False)
class Case:
    """One session of one person.

    `truth` gives the true lesions on the case's grid, with the columns `status` and/or `rim`, or None.
    `placement` is None as long as the case is on its own grid. `notes` are sentences for the report.
    """

    id: str
    person: str
    images: Mapping[str, Volume]
    masks: Mapping[str, Volume] = field(default_factory=dict)
    truth: Callable[[], Lesions] | None = None
    placement: Placement | None = None
    notes: tuple[str, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    quality: Mapping[str, float] = field(default_factory=dict)

    def image(self, name: str) -> Volume:
        """The named image, or a `DataError` that says which ones the case has."""
        if name not in self.images:
            has = ", ".join(sorted(self.images)) or "no image"
            raise DataError(f"{self.id} has no image {name!r} (it has: {has}).")
        return self.images[name]

    def mask(self, name: str) -> Volume:
        """The named mask, or a `DataError` that says which ones the case has."""
        if name not in self.masks:
            has = ", ".join(sorted(self.masks)) or "no mask"
            raise DataError(f"{self.id} has no mask {name!r} (it has: {has}).")
        return self.masks[name]

    def with_(self, **changes: Any) -> Case:
        """A copy with some fields replaced."""
        return replace(self, **changes)

    def release(self) -> None:
        """Forget loaded arrays, so that a cohort can be walked through in the memory of one case."""
        for store in (self.images, self.masks):
            if isinstance(store, Lazy):
                store.release()
