"""Prepared arrays of a cohort: made once a case, kept in memory up to a budget and beyond it on disk."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["Store"]


class Store:
    """Arrays under whole numbers 0, 1, ... in the order they were added.

    What exceeds `budget_mib` lies as .npy in a temporary folder and is memory-mapped, so memory stays
    bounded for any number of cases. Another process gets the paths, not copies; the folder is deleted with
    the store that made it. Nothing that is handed out may be written to.
    """

    def __init__(self, budget_mib: float = 1024.0) -> None:
        self.budget_mib = budget_mib
        self._items: list[np.ndarray | Path] = []
        self._held = 0
        self._folder: tempfile.TemporaryDirectory | None = None
        self._maps: dict[int, np.ndarray] = {}

    def __len__(self) -> int:
        return len(self._items)

    def add(self, array: np.ndarray) -> int:
        """Keep an array; returns its number."""
        array.setflags(write=False)
        if (self._held + array.nbytes) / 2**20 <= self.budget_mib:
            self._held += array.nbytes
            self._items.append(array)
        else:
            path = self._place() / f"{len(self._items)}.npy"
            np.save(path, array)
            self._items.append(path)
        return len(self._items) - 1

    def __getitem__(self, number: int) -> np.ndarray:
        item = self._items[number]
        if isinstance(item, np.ndarray):
            return item
        if number not in self._maps:
            self._maps[number] = np.load(item, mmap_mode="r")
        return self._maps[number]

    @property
    def held_mib(self) -> float:
        """Memory that the arrays in it hold, without those on disk."""
        return self._held / 2**20

    def _place(self) -> Path:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="radiorim-")
        return Path(self._folder.name)

    def __getstate__(self) -> dict[str, Any]:
        # Open maps would travel as copies, and the folder belongs to the process that made it.
        return {**self.__dict__, "_maps": {}, "_folder": None}
