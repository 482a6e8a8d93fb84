"""The symmetries of a cube, to show a network the same thing from several sides and average what it says."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations, product
from typing import TYPE_CHECKING

import numpy as np

from radiorim.errors import UnknownName, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

__all__ = ["VIEWS", "View", "views"]

VIEWS = ("none", "flips", "rotations", "symmetries")
"""1, 8, 24 (proper rotations) and 48 (with mirror images) views."""


@dataclass(frozen=True)
class View:
    """Axes exchanged, then some flipped; applies to the last three axes of a tensor."""

    order: tuple[int, int, int] = (0, 1, 2)
    flipped: tuple[int, ...] = ()

    def apply(self, tensor: torch.Tensor) -> torch.Tensor:
        """The tensor as it is seen."""
        return _flip(_permute(tensor, self.order), self.flipped)

    def undo(self, tensor: torch.Tensor) -> torch.Tensor:
        """What `apply` made, put back: undo(apply(x)) is x."""
        back = tuple(int(axis) for axis in np.argsort(self.order))
        return _permute(_flip(tensor, self.flipped), back)

    @property
    def proper(self) -> bool:
        """Whether it is a rotation and no mirror image."""
        matrix = np.eye(3)[list(self.order)] * np.where(np.isin(range(3), self.flipped), -1, 1)[:, None]
        return bool(np.linalg.det(matrix) > 0)


def views(kind: str, size: Sequence[int]) -> list[View]:
    """The views of a kind, always in the same order; the first is the thing as it is.

    Raises `UnknownName` for another kind, `UsageError` for turning a patch that is no cube.
    """
    if kind not in VIEWS:
        raise UnknownName("kind of views", kind, VIEWS)
    if kind == "none":
        return [View()]
    if kind != "flips" and len(set(size)) > 1:
        raise UsageError(f"views {kind!r} need a cubic patch, not {tuple(size)}. Use 'flips'.")
    orders = [(0, 1, 2)] if kind == "flips" else list(permutations(range(3)))
    flips = [tuple(axis for axis in range(3) if one[axis]) for one in product((0, 1), repeat=3)]
    every = [View(order, flipped) for order in orders for flipped in flips]
    return [view for view in every if view.proper] if kind == "rotations" else every


def _permute(tensor: torch.Tensor, order: Sequence[int]) -> torch.Tensor:
    before = tensor.ndim - 3
    return tensor.permute(*range(before), *(before + axis for axis in order))


def _flip(tensor: torch.Tensor, axes: Sequence[int]) -> torch.Tensor:
    return tensor.flip([tensor.ndim - 3 + axis for axis in axes]) if axes else tensor
