"""What became of every lesion between two visits: one row for each lesion, or group that grew together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radiorim.errors import DataError
from radiorim.metrics.components import Components, fewest_voxels, find_components, overlaps
from radiorim.metrics.pair import voxel_volume_mm3

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["STATUSES", "ChangeOptions", "longitudinal_table"]

STATUSES = ("new", "vanished", "enlarging", "shrinking", "stable", "merged", "split", "regrouped")


@dataclass(frozen=True)
class ChangeOptions:
    """When a lesion that is there at both visits counts as changed, and what a lesion is.

    A lesion is a component of at least min_mm3 (equality kept). Its change counts from both more than
    change_share of the older volume and more than change_mm3 on: our choice, to be stated with results.
    """

    change_share: float = 0.2
    change_mm3: float = 6.0
    min_mm3: float = 6.0
    connectivity: int = 6


def longitudinal_table(
    newer: NDArray, older: NDArray, spacing: Sequence[float], options: ChangeOptions | None = None
) -> pd.DataFrame:
    """Group the lesions of two visits by shared voxels and say what became of each group.

    Columns status, older, newer (lesion numbers, comma-separated), older_mm3, newer_mm3, shared_mm3,
    change_mm3. No partner: new or vanished; one to one: enlarging, shrinking or stable by
    `ChangeOptions`; several to one: merged; one to several: split; several to several: regrouped.
    Numbers are by falling size at each visit. No lesion at either visit: no row.
    """
    import pandas as pd

    options = options or ChangeOptions()
    if np.shape(newer) != np.shape(older):
        raise DataError(f"{np.shape(newer)} and {np.shape(older)} are not one grid. Resample one first.")
    fewest = fewest_voxels(options.min_mm3, spacing, keep_equal=True)
    old, new = (
        find_components(mask, connectivity=options.connectivity, fewest=max(1, fewest))
        for mask in (older, newer)
    )
    pairs = overlaps(old, new)
    pairs = pairs[pairs[:, 1] > 0]
    rows = [_row(group, (old, new), pairs, voxel_volume_mm3(spacing)) for group in _groups(old, new, pairs)]
    columns = ["older", "newer", "older_mm3", "newer_mm3", "shared_mm3"]
    table = pd.DataFrame(rows, columns=columns)
    table["change_mm3"] = table["newer_mm3"] - table["older_mm3"]
    table.insert(0, "status", [_status(row, options) for row in table.itertuples()])
    return table


def _groups(old: Components, new: Components, pairs: NDArray) -> list[tuple[NDArray, NDArray]]:
    """Lesion numbers (older, newer) of each set of lesions linked by shared voxels, older ones first."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    total = old.count + new.count
    links = coo_matrix(
        (np.ones(len(pairs)), (pairs[:, 0] - 1, old.count + pairs[:, 1] - 1)), shape=(total, total)
    )
    count, group = connected_components(links, directed=False)
    before, after = group[: old.count], group[old.count :]
    return [(np.flatnonzero(before == g) + 1, np.flatnonzero(after == g) + 1) for g in range(count)]


def _row(
    group: tuple[NDArray, NDArray], visits: tuple[Components, Components], pairs: NDArray, voxel_mm3: float
) -> tuple[str, str, float, float, float]:
    shared = pairs[np.isin(pairs[:, 0], group[0]) & np.isin(pairs[:, 1], group[1]), 2].sum()
    names = [",".join(map(str, lesions)) for lesions in group]
    before, after = (
        float(visit.sizes[lesions - 1].sum()) * voxel_mm3
        for visit, lesions in zip(visits, group, strict=True)
    )
    return names[0], names[1], before, after, float(shared) * voxel_mm3


def _status(row: object, options: ChangeOptions) -> str:
    before, after = row.older.count(",") + bool(row.older), row.newer.count(",") + bool(row.newer)
    if not before or not after:
        return "vanished" if before else "new"
    if before > 1 or after > 1:
        return "regrouped" if before > 1 and after > 1 else "merged" if before > 1 else "split"
    if abs(row.change_mm3) <= max(options.change_share * row.older_mm3, options.change_mm3):
        return "stable"
    return "enlarging" if row.change_mm3 > 0 else "shrinking"
