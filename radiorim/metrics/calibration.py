"""Can a score be read as a probability, and would acting on it help?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from radiorim.errors import DataError, UsageError
from radiorim.metrics.classification import binary
from radiorim.metrics.voxel import ratio

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

__all__ = ["calibration_error", "decision_curve", "reliability_curve"]

BINNINGS = ("width", "count")


def reliability_curve(
    y: ArrayLike, score: ArrayLike, *, bins: int = 10, binning: str = "width"
) -> pd.DataFrame:
    """One row for each bin that is not empty: low, high, lesions, mean_score, observed (share of positives).

    `binning` "width": equal widths over 0 to 1, the last bin closed; "count": about equally many lesions,
    equal scores never apart. Scores must be probabilities. No lesions: no rows.
    """
    import pandas as pd

    truth, scores = _probabilities(y, score)
    if binning not in BINNINGS or bins < 1:
        raise UsageError(
            f"binning must be one of {', '.join(BINNINGS)}, bins at least 1. Got {binning!r}, {bins}."
        )
    edges = np.linspace(0, 1, bins + 1)
    if binning == "count" and scores.size:
        edges = np.unique(np.quantile(scores, edges))
    place = np.clip(np.searchsorted(edges, scores, side="right") - 1, 0, max(edges.size - 2, 0))
    count = np.bincount(place, minlength=max(edges.size - 1, 1))
    used = np.flatnonzero(count)
    columns = {
        "low": edges[used],
        "high": edges[np.minimum(used + 1, edges.size - 1)],
        "lesions": count[used],
        "mean_score": np.bincount(place, weights=scores, minlength=count.size)[used] / count[used],
        "observed": np.bincount(place, weights=truth, minlength=count.size)[used] / count[used],
    }
    return pd.DataFrame(columns)


def calibration_error(y: ArrayLike, score: ArrayLike, *, bins: int = 10, binning: str = "width") -> float:
    """Expected calibration error: sum over bins of lesions / all * |observed - mean_score| (Naeini 2015).

    Depends on the bins, so say which. At low prevalence most lesions share one bin of equal width; look
    at the curve too. NaN without lesions.

    >>> round(calibration_error([0, 1, 1, 1], [.2, .6, .6, .9]), 3)
    0.275
    """
    curve = reliability_curve(y, score, bins=bins, binning=binning)
    gaps = (curve.lesions * (curve.observed - curve.mean_score).abs()).sum()
    return ratio(float(gaps), int(curve.lesions.sum()))


def decision_curve(y: ArrayLike, score: ArrayLike, thresholds: Sequence[float] | None = None) -> pd.DataFrame:
    """Net benefit of acting on score >= t: TP / N - FP / N * t / (1 - t) (Vickers 2006).

    Columns threshold, net_benefit, treat_all, treat_none; t runs over .01 ... .99 unless given, and is
    the probability at which one would just act. Scores must be probabilities. NaN without lesions.
    """
    import pandas as pd

    truth, scores = _probabilities(y, score)
    at = np.linspace(0.01, 0.99, 99) if thresholds is None else np.asarray(thresholds, dtype=float)
    if np.any((at <= 0) | (at >= 1)):
        raise UsageError("thresholds of a decision curve lie between 0 and 1, both excluded.")
    said = scores[None, :] >= at[:, None]
    odds, n = at / (1 - at), truth.size or np.nan
    benefit = (said & truth).sum(axis=1) / n - (said & ~truth).sum(axis=1) / n * odds
    everyone = truth.sum() / n - (~truth).sum() / n * odds
    columns = {
        "threshold": at,
        "net_benefit": benefit,
        "treat_all": everyone,
        "treat_none": np.zeros(at.size),
    }
    return pd.DataFrame(columns)


def _probabilities(y: ArrayLike, score: ArrayLike) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    truth, scores = binary(y, score)
    if np.any((scores < 0) | (scores > 1)):
        raise DataError(
            "scores outside 0 to 1 are no probabilities: calibrate them on the training part first."
        )
    return truth, scores
