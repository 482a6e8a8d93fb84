"""Which lesion of one label image is which of the other: truth is carried by overlap, never by number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from radiorim.errors import DataError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

__all__ = ["match_labels", "partner"]

COLUMNS = ("lesion", "partner", "overlap_voxels", "share_of_found", "share_of_truth", "iou")


def match_labels(truth_labels: ArrayLike, found_labels: ArrayLike) -> pd.DataFrame:
    """List every pair of a found lesion (`lesion`) and a truth lesion (`partner`) that share voxels.

    share_of_found = overlap / voxels of the found lesion, share_of_truth = overlap / voxels of the truth
    lesion, iou = overlap / voxels of either. Sorted by lesion, then by falling overlap, then by partner.
    Lesions without any overlap have no row; two empty images give an empty table.

    >>> match_labels([0, 7, 7, 7], [0, 0, 2, 2])[["lesion", "partner", "overlap_voxels", "share_of_truth"]]
       lesion  partner  overlap_voxels  share_of_truth
    0       2        7               2        0.666667
    """
    import pandas as pd

    truth, found = _label_pairs(truth_labels, found_labels)
    in_truth, in_found = (
        dict(zip(*np.unique(side, return_counts=True), strict=True)) for side in (truth, found)
    )
    both = (truth != 0) & (found != 0)
    pairs, voxels = np.unique(np.stack([found[both], truth[both]]), axis=1, return_counts=True)
    n_found = np.array([in_found[label] for label in pairs[0].tolist()], dtype=float)
    n_truth = np.array([in_truth[label] for label in pairs[1].tolist()], dtype=float)
    values = (*pairs, voxels, voxels / n_found, voxels / n_truth, voxels / (n_found + n_truth - voxels))
    table = pd.DataFrame(dict(zip(COLUMNS, values, strict=True)))
    return table.sort_values(
        ["lesion", "overlap_voxels", "partner"], ascending=[True, False, True], ignore_index=True
    )


def partner(truth_labels: ArrayLike, found_labels: ArrayLike) -> pd.Series:
    """Give each found lesion the truth lesion that shares most voxels with it, 0 where none does.

    Indexed by the found labels present, in rising order; ties go to the smaller truth label. Several
    found lesions may have one partner.

    >>> partner([1, 1, 2, 0, 0], [5, 5, 5, 0, 9]).to_dict()
    {5: 1, 9: 0}
    """
    import pandas as pd

    found = np.unique(np.asarray(found_labels))
    table = match_labels(truth_labels, found_labels).drop_duplicates("lesion")
    best = table.set_index("lesion")["partner"].reindex(found[found != 0], fill_value=0)
    return pd.Series(best.to_numpy(dtype=np.int64), index=best.index.astype(np.int64), name="partner")


def _label_pairs(truth: ArrayLike, found: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Labels of both images at the voxels where either is set."""
    truth, found = np.asarray(truth), np.asarray(found)
    if truth.shape != found.shape:
        raise DataError(
            f"truth {truth.shape} and found {found.shape} must be label images on one grid. "
            "Resample one onto the other first (nearest neighbour)."
        )
    either = (truth != 0) | (found != 0)
    sides = truth[either], found[either]
    if any(side.dtype.kind == "f" and not np.all(side == np.rint(side)) for side in sides):
        raise DataError("a label image holds values that are not whole numbers.")
    return sides[0].astype(np.int64), sides[1].astype(np.int64)
