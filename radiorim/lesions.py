"""Lesions: a label volume and a table with one row for each label."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from radiorim.errors import DataError, UsageError
from radiorim.volume import Volume

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CONNECTIVITIES", "GEOMETRY", "Lesions", "components"]

CONNECTIVITIES = (6, 18, 26)
"""How voxels may touch to be one lesion: by faces, faces and edges, or faces, edges and corners."""

GEOMETRY = ("lesion", "volume_mm3", "x_mm", "y_mm", "z_mm")
"""The columns that every lesion table has: number, size, centre of mass in RAS mm."""


@dataclass(frozen=True, eq=False)
class Lesions:
    """A label volume (0 = background) and a table with one row for each label that is present.

    Lesion numbers never change: `keep` removes rows and clears their voxels; the others keep their numbers.
    """

    labels: Volume
    table: pd.DataFrame

    @classmethod
    def from_mask(cls, mask: Volume, *, connectivity: int, min_mm3: float = 0.0) -> Lesions:
        """Connected components of a mask (any non-zero voxel), the largest first.

        Components smaller than `min_mm3` are dropped before numbering. An empty mask gives an empty table.
        """
        return (
            cls.from_labels(mask.like(components(mask.data != 0, connectivity)))
            .keep(lambda table: table.volume_mm3 >= min_mm3)
            .renumbered()
        )

    @classmethod
    def from_labels(cls, labels: Volume) -> Lesions:
        """Lesions as they are numbered in a label volume; numbers need not be consecutive.

        Raises `DataError` for negative labels and for values between whole numbers, which would be cut off.
        """
        name = labels.source or "the label volume"
        if labels.data.dtype.kind == "f" and not (labels.data == np.rint(labels.data)).all():
            raise DataError(f"{name} holds values between whole numbers, so it is not a label map or mask.")
        if labels.data.min(initial=0) < 0:
            raise DataError(f"{name} holds negative labels; 0 is background, 1..n lesions.")
        whole = labels.like(np.ascontiguousarray(labels.data, dtype=np.int32))
        return cls(whole, _geometry(whole))

    @property
    def numbers(self) -> list[int]:
        """The lesion numbers, in the order of the table."""
        return self.table["lesion"].tolist()

    def __len__(self) -> int:
        return len(self.table)

    def with_columns(self, columns: pd.DataFrame | None = None, **more: Any) -> Lesions:
        """The same lesions with more columns: a frame indexed by lesion number, or arrays in table order.

        A lesion that the frame does not name gets NaN. Raises `UsageError` if it names one twice.
        """
        table = self.table.copy()
        if columns is not None:
            twice = columns.index[columns.index.duplicated()]
            if len(twice):
                raise UsageError(f"the new columns' index names lesion {twice[0]} twice.")
            added = columns.reindex(table["lesion"].to_numpy()).reset_index(drop=True)
            import pandas as pd

            table = pd.concat([table.drop(columns=list(added.columns), errors="ignore"), added], axis=1)
        return Lesions(self.labels, table.assign(**more))

    def keep(self, rule: Callable[[pd.DataFrame], Any]) -> Lesions:
        """Only the lesions whose row fulfils the rule (a function of the table that returns booleans)."""
        answers = np.asarray(rule(self.table), dtype=object)
        # NaN counts as true in numpy: a column with gaps is no answer.
        if answers.shape != (len(self.table),) or not all(isinstance(a, (bool, np.bool_)) for a in answers):
            raise UsageError(f"a rule must give one boolean for each of the {len(self.table)} rows.")
        chosen = answers.astype(bool)
        kept = np.zeros(int(self.labels.data.max(initial=0)) + 1, dtype=np.int32)
        numbers = self.table["lesion"].to_numpy(int)[chosen]
        kept[numbers] = numbers
        return Lesions(self.labels.like(kept[self.labels.data]), self.table[chosen].reset_index(drop=True))

    def renumbered(self) -> Lesions:
        """Numbers 1..n by falling volume, ties in the order of the old numbers. Only for a newly made set."""
        order = np.argsort(-self.table["volume_mm3"].to_numpy(), kind="stable")
        table = self.table.iloc[order].reset_index(drop=True)
        new = np.zeros(int(self.labels.data.max(initial=0)) + 1, dtype=np.int32)
        new[table["lesion"].to_numpy()] = np.arange(1, len(table) + 1)
        return Lesions(
            self.labels.like(new[self.labels.data]), table.assign(lesion=np.arange(1, len(table) + 1))
        )


def components(mask: np.ndarray, connectivity: int) -> np.ndarray:
    """Label the 6-, 18- or 26-connected components of a boolean array 1..n, int32."""
    from scipy import ndimage

    if connectivity not in CONNECTIVITIES:
        raise UsageError(f"connectivity must be one of {CONNECTIVITIES}, not {connectivity!r}.")
    structure = ndimage.generate_binary_structure(3, CONNECTIVITIES.index(connectivity) + 1)
    return ndimage.label(mask, structure)[0].astype(np.int32, copy=False)


def _geometry(labels: Volume) -> pd.DataFrame:
    import pandas as pd

    # Only the voxels inside lesions are looked at: they are a thousandth of a brain. Found in one dimension,
    # which numpy does ten times faster than in three.
    voxels = np.unravel_index(np.flatnonzero(labels.data != 0), labels.shape)
    numbers, place, counts = np.unique(labels.data[voxels], return_inverse=True, return_counts=True)
    sums = [np.bincount(place, weights=axis, minlength=numbers.size) for axis in voxels]
    centres = labels.to_mm(np.stack(sums, axis=1) / np.maximum(counts, 1)[:, None])
    columns = [numbers, counts * labels.voxel_mm3, *centres.T]
    return pd.DataFrame(dict(zip(GEOMETRY, columns, strict=True))).astype({"lesion": int})
