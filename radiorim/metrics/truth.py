"""What is true of a found lesion: carried over from the true lesion that it overlaps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from radiorim.errors import DataError
from radiorim.lesions import Lesions
from radiorim.metrics.matching import match_labels, partner

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["answers", "new_truth", "rim_truth"]

MIN_SHARE = 0.1
"""A candidate and a true lesion are one when they share at least this part of either."""


def answers(table: pd.DataFrame, column: str) -> pd.Series:
    """A column of truth as 1.0, 0.0 or NaN (not known); raises `DataError` for any other value."""
    import pandas as pd

    given = table[column]
    numbers = pd.to_numeric(given.astype(object), errors="coerce").astype(float)
    wrong = given[given.notna() & ~numbers.isin([0, 1])]
    if len(wrong):
        raise DataError(
            f"the column {column!r} holds {str(wrong.iloc[0])!r}; only 1 (yes), 0 (no) and n/a (not known) "
            "are allowed. Correct the table."
        )
    return numbers


def rim_truth(truth: Lesions, lesions: Lesions) -> np.ndarray:
    """For each lesion in table order, the `rim` (1 or 0) of the true lesion that shares most voxels with it.

    NaN where no true lesion overlaps, its rim is unknown, or it is marked `ambiguous`: such a lesion teaches
    nothing and is not scored.
    """
    if "rim" not in truth.table or not len(lesions):
        return np.full(len(lesions), np.nan)
    table = truth.table.set_index("lesion")
    rims = answers(table, "rim")
    if "ambiguous" in table:
        rims = rims.where(table["ambiguous"] != 1)
    best = partner(truth.labels.data, lesions.labels.data)
    return rims.reindex(best.reindex(lesions.numbers).to_numpy()).to_numpy(dtype=float)


def new_truth(truth: Lesions, lesions: Lesions) -> np.ndarray:
    """For each lesion in table order, 1 if it and a new true lesion share a tenth of either, else 0.

    Without a `status` column every true lesion counts as new.
    """
    new = truth.keep(lambda table: table["status"] == "new") if "status" in truth.table else truth
    pairs = match_labels(new.labels.data, lesions.labels.data)
    shared = pairs[pairs[["share_of_found", "share_of_truth"]].max(axis=1) >= MIN_SHARE]
    return np.isin(lesions.numbers, shared["lesion"]).astype(float)
