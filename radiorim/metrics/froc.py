"""Free-response ROC: lesion sensitivity against false lesions per scan, from one score for each lesion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from radiorim.errors import DataError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike

__all__ = ["FALSE_PER_SCAN", "froc_curve", "froc_score", "sensitivity_at_false"]

FALSE_PER_SCAN = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)


def froc_curve(false_scores: ArrayLike, truth_scores: ArrayLike, *, scans: int) -> pd.DataFrame:
    """One row for each threshold from the highest down: threshold, sensitivity, false_per_scan.

    `false_scores` are those of found lesions without a truth; `truth_scores` has for each true lesion
    the highest score among the finds that detect it, NaN or -inf where none does. Further finds of one
    truth count neither way. `scans` counts all scans, also those without lesions. No truth: sensitivity NaN.

    >>> froc_curve([.3], [.9, float("nan")], scans=2).sensitivity.tolist()
    [0.0, 0.5, 0.5]
    """
    import pandas as pd

    false, truth = np.asarray(false_scores, dtype=float), np.asarray(truth_scores, dtype=float)
    if scans < 1 or not np.isfinite(false).all():
        raise DataError(
            f"FROC needs at least one scan and finite scores of false lesions. Got {scans} scans."
        )
    found = np.sort(truth[np.isfinite(truth)])
    levels = np.concatenate([[np.inf], np.unique(np.concatenate([false, found]))[::-1]])
    hits = found.size - np.searchsorted(found, levels, "left")
    alarms = false.size - np.searchsorted(np.sort(false), levels, "left")
    columns = {
        "threshold": levels,
        "sensitivity": hits / (truth.size or np.nan),
        "false_per_scan": alarms / scans,
    }
    return pd.DataFrame(columns)


def sensitivity_at_false(curve: pd.DataFrame, false_per_scan: float) -> float:
    """Highest sensitivity with at most so many false lesions per scan; nothing is interpolated."""
    return float(curve.loc[curve.false_per_scan <= false_per_scan + 1e-12, "sensitivity"].max())


def froc_score(curve: pd.DataFrame, at: Sequence[float] = FALSE_PER_SCAN) -> float:
    """Mean sensitivity at 1/8, 1/4, 1/2, 1, 2, 4 and 8 false lesions per scan. NaN without truth.

    >>> froc_score(froc_curve([.5], [.9, .1], scans=1))
    0.7857142857142857
    """
    return float(np.mean([sensitivity_at_false(curve, limit) for limit in at]))
