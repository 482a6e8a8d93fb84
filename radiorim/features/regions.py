"""The part of the grid around each lesion, so that nothing is computed on the whole grid for each of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radiorim.errors import DataError
from radiorim.volume import require_same_grid

if TYPE_CHECKING:
    import pandas as pd

    from radiorim.case import Case
    from radiorim.lesions import Lesions
    from radiorim.volume import Volume

__all__ = ["Region", "aligned_image", "distance_mm", "feature_frame", "line_ends", "regions"]

DISTANCE_DIGITS = 6
"""Squared distances are rounded to these decimals: the order of axes must not decide a voxel's shell."""


@dataclass(frozen=True, eq=False)
class Region:
    """One lesion in its box: `inside` is the lesion and `taken` any other one, boolean arrays of the box."""

    number: int
    box: tuple[slice, slice, slice]
    inside: np.ndarray
    taken: np.ndarray

    def values(self, image: Volume, chosen: np.ndarray | None = None) -> np.ndarray:
        """The image in the chosen voxels of the box (the lesion's, unless told), float64, in array order.

        Raises `DataError` if one of them is not finite.
        """
        values = image.data[self.box][self.inside if chosen is None else chosen].astype(np.float64)
        if not np.isfinite(values).all():
            raise DataError(
                f"{image.source or 'an image'} holds NaN or infinite values at lesion {self.number}. "
                "Replace them before measuring."
            )
        return values

    def voxels(self) -> np.ndarray:
        """Voxel indices of the lesion on the whole grid, shape (n, 3)."""
        return np.argwhere(self.inside) + [side.start for side in self.box]


def regions(lesions: Lesions, *, margin_mm: float = 0.0) -> Iterator[Region]:
    """One region for each row of the table, in its order; boxes grow by the margin and stop at the edge."""
    from scipy import ndimage

    labels = lesions.labels.data
    margins = [int(np.ceil(margin_mm / edge)) for edge in lesions.labels.spacing]
    boxes = ndimage.find_objects(labels)
    for number in lesions.numbers:
        box = tuple(
            slice(max(side.start - margin, 0), min(side.stop + margin, length))
            for side, margin, length in zip(boxes[number - 1], margins, labels.shape, strict=True)
        )
        inside = labels[box] == number
        yield Region(number, box, inside, (labels[box] != 0) & ~inside)


def aligned_image(case: Case, name: str, lesions: Lesions) -> Volume:
    """The case's image; raises `DataError` if it is missing or not on the grid of the lesions."""
    image = case.image(name)
    require_same_grid({f"the labels of {case.id}": lesions.labels, f"image {name!r}": image})
    return image


def feature_frame(
    numbers: Sequence[int], columns: Sequence[str], rows: Sequence[Mapping[str, float]]
) -> pd.DataFrame:
    """Float columns indexed by lesion number; what a row does not hold is NaN."""
    import pandas as pd

    index = pd.Index(numbers, name="lesion", dtype=int)
    return pd.DataFrame(list(rows), index=index, columns=list(columns), dtype=float)


def distance_mm(mask: np.ndarray, spacing: Sequence[float], reach_mm: float) -> np.ndarray:
    """Distance from each voxel's centre to the nearest face of the mask's voxels; 0 inside, inf beyond reach.

    Exact for boxes, not for centres: on any grid the next voxel along an axis lies half its edge away. The
    squared distance is a sum over axes, so one minimum for each axis and step is enough.
    """
    from radiorim.features.fast.distance import spread

    squared = np.where(mask, 0.0, np.inf)
    for axis, edge in enumerate(spacing):
        steps = np.arange(1, int(np.floor(reach_mm / edge + 0.5 + 1e-6)) + 1)
        squared = spread(squared, axis, ((steps - 0.5) * edge) ** 2)
    distance = np.sqrt(np.round(squared, DISTANCE_DIGITS))
    distance[distance > reach_mm + 1e-6] = np.inf
    return distance


def line_ends(inside: np.ndarray) -> np.ndarray:
    """First and last voxel of every line along the first axis; extremes in any direction are among them."""
    lines = np.argwhere(inside.any(axis=0))
    first = inside.argmax(axis=0)[tuple(lines.T)]
    last = len(inside) - 1 - inside[::-1].argmax(axis=0)[tuple(lines.T)]
    return np.concatenate([np.column_stack([end, lines]) for end in (first, last)])
