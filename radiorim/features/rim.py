"""How complete and how even a lesion's rim is, seen from its centre."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from radiorim.features.naming import entry

__all__ = ["NEIGHBOURS", "RIM_ENTRIES", "Cones", "Rim"]


@dataclass(frozen=True, eq=False)
class Cones:
    """Directions (unit vectors along the array's axes, shape (n, 3)) and the half angle around each."""

    directions: np.ndarray
    degrees: float

    @classmethod
    def to_neighbours(cls, steps: int, degrees: float) -> Cones:
        """The directions to all voxels up to `steps` away along an axis: 26, or 98 for two steps.

        Turning the axes into each other leaves them as they are.
        """
        side = 2 * steps + 1
        offsets = np.indices((side,) * 3).reshape(3, -1).T - steps
        offsets = offsets[np.any(offsets != 0, axis=1)]
        shortest = np.unique(offsets // np.gcd.reduce(offsets, axis=1)[:, None], axis=0)
        return cls(shortest / np.linalg.norm(shortest, axis=1, keepdims=True), degrees)


NEIGHBOURS = Cones.to_neighbours(1, 30.0)
"""26 cones that cover the sphere."""

_NO_CORE = "NaN without a core or a first outward shell"
RIM_ENTRIES = {
    "rim_completeness_bright": entry(
        "share of directions whose rim is brighter than both core_mean and the mean of the first outward "
        "shell; a direction is the mean of the rim voxels in a cone of 30 degrees around one of the 26 "
        "neighbour directions, seen from the lesion's centre of mass; those without rim voxels do not count",
        "1",
        span="0 to 1",
        degenerate=_NO_CORE,
    ),
    "rim_completeness_dark": entry(
        "share of directions whose rim is darker than both core_mean and the mean of the first outward shell",
        "1",
        span="0 to 1",
        degenerate=_NO_CORE,
    ),
    "rim_unevenness": entry(
        "SD over directions (divided by their number) of the rim's mean",
        "image",
        span="0 or more",
        degenerate="NaN for one voxel",
    ),
}


@dataclass(frozen=True, eq=False)
class Rim:
    """Which rim voxels lie in which direction: `weights` (directions, rim voxels), each row sums to 1."""

    weights: np.ndarray

    @classmethod
    def of(cls, inside: np.ndarray, rim: np.ndarray, spacing: Sequence[float], cones: Cones) -> Rim:
        """The directions of a lesion's rim; boolean arrays of one box with voxels of `spacing` mm."""
        centre = np.argwhere(inside).mean(axis=0)
        offsets = (np.argwhere(rim) - centre) * np.asarray(spacing)
        lengths = np.linalg.norm(offsets, axis=1, keepdims=True)
        # A voxel at the centre itself lies in no direction.
        units = np.divide(offsets, lengths, out=np.zeros_like(offsets), where=lengths > 1e-9)
        member = cones.directions @ units.T >= np.cos(np.radians(cones.degrees)) - 1e-9
        member = member[member.any(axis=1)]
        return cls(member / member.sum(axis=1, keepdims=True))

    def measure(self, values: np.ndarray, core: float, outside: float) -> dict[str, float]:
        """Completeness and unevenness of the rim voxels' values; NaN where core or outside are."""
        if not len(self.weights):
            return {}
        means = self.weights @ values
        highest, lowest = np.maximum(core, outside), np.minimum(core, outside)
        known = np.isfinite(highest)
        # A sum of equal values may differ from their mean in its last digits.
        rounding = 1e-9 * max(abs(highest), abs(lowest))
        return {
            "rim_completeness_bright": float((means > highest + rounding).mean()) if known else np.nan,
            "rim_completeness_dark": float((means < lowest - rounding).mean()) if known else np.nan,
            "rim_unevenness": float(means.std()),
        }
