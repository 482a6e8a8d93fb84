"""How well scores separate two kinds of lesion; what cannot be said is NaN, with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from radiorim.errors import DataError
from radiorim.metrics.voxel import ratio

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "at_threshold",
    "binary",
    "brier",
    "confusion",
    "pr_auc",
    "prevalence",
    "roc_auc",
    "summary",
    "why_undefined",
]


def binary(y: ArrayLike, score: ArrayLike) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Check truth (0 / 1 or bool) and finite scores of equal length, and give them as arrays."""
    truth, scores = np.asarray(y), np.asarray(score, dtype=float)
    if truth.shape != scores.shape or truth.ndim != 1:
        raise DataError(f"y {truth.shape} and score {scores.shape} must be two lists of one length.")
    if truth.dtype != bool and not np.isin(truth, (0, 1)).all():
        raise DataError("y must be 0 or 1 for every lesion. Leave out the lesions whose truth is not known.")
    if not np.isfinite(scores).all():
        raise DataError(f"{int((~np.isfinite(scores)).sum())} of {scores.size} scores are NaN or infinite.")
    return truth.astype(bool), scores


def why_undefined(y: ArrayLike) -> str:
    """Say why a figure that needs both classes is NaN; empty where both are there.

    >>> why_undefined([0, 0])
    'no positive among 2'
    """
    truth = np.asarray(y).astype(bool)
    if not truth.size:
        return "no lesion"
    if truth.all():
        return f"no negative among {truth.size}"
    return "" if truth.any() else f"no positive among {truth.size}"


def prevalence(y: ArrayLike) -> float:
    """Share of positives: the PR-AUC of a score that knows nothing. NaN without lesions."""
    truth = np.asarray(y).astype(bool)
    return ratio(int(truth.sum()), truth.size)


def roc_auc(y: ArrayLike, score: ArrayLike) -> float:
    """Probability that a positive outscores a negative, ties 1/2 (Mann-Whitney U / (m n), Hanley 1982).

    NaN with one class only, never 0.5.

    >>> roc_auc([0, 0, 1, 1], [.1, .4, .35, .8])
    0.75
    """
    truth, scores = binary(y, score)
    positives, negatives = int(truth.sum()), int((~truth).sum())
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    midrank = np.cumsum(counts) - (counts - 1) / 2
    return ratio(midrank[inverse[truth]].sum() - positives * (positives + 1) / 2, positives * negatives)


def pr_auc(y: ArrayLike, score: ArrayLike) -> float:
    """Average precision, the step area under precision and recall: sum of (R_k - R_(k-1)) P_k.

    k runs over distinct scores from the highest; not the trapezoid, which is optimistic (Davis 2006).
    Compare with `prevalence`, never across cohorts. NaN without positives.

    >>> round(pr_auc([0, 0, 1, 1], [.1, .4, .35, .8]), 4)
    0.8333
    """
    truth, scores = binary(y, score)
    if not truth.any():
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.flatnonzero(np.diff(scores[order])), scores.size - 1)
    hits = np.cumsum(truth[order])[last]
    return float(np.sum(np.diff(hits, prepend=0) / truth.sum() * hits / (last + 1)))


def brier(y: ArrayLike, score: ArrayLike) -> float:
    """Mean of (score - y)^2 for scores that are probabilities (Brier 1950).

    NaN without lesions, and NaN where a score lies outside 0 to 1.

    >>> brier([0, 1], [.5, 1])
    0.125
    """
    truth, scores = binary(y, score)
    if np.any((scores < 0) | (scores > 1)):
        return float("nan")
    return ratio(float(np.sum((scores - truth) ** 2)), truth.size)


def confusion(y: ArrayLike, score: ArrayLike, threshold: float) -> dict[str, int]:
    """Count TP, FP, FN and TN, where score >= threshold says positive.

    >>> confusion([0, 1, 1], [.5, .5, .4], .5)
    {'TP': 1, 'FP': 1, 'FN': 1, 'TN': 0}
    """
    truth, scores = binary(y, score)
    said = scores >= threshold
    tp, fp = int(np.sum(said & truth)), int(np.sum(said & ~truth))
    return {"TP": tp, "FP": fp, "FN": int(truth.sum()) - tp, "TN": int((~truth).sum()) - fp}


def at_threshold(y: ArrayLike, score: ArrayLike, threshold: float) -> dict[str, float]:
    """Figures of the 2 x 2 table at a threshold that was frozen before these lesions were seen.

    f1 = 2TP / (2TP + FP + FN), sensitivity = TP / (TP + FN), specificity = TN / (TN + FP),
    ppv = TP / (TP + FP), npv = TN / (TN + FN), accuracy = (TP + TN) / all and
    mcc = (TP TN - FP FN) / sqrt((TP + FP)(TP + FN)(TN + FP)(TN + FN)). Each 0 / 0 is NaN, mcc too.

    >>> at_threshold([0, 1, 1], [.5, .6, .4], .5)["f1"]
    0.5
    """
    table = confusion(y, score, threshold)
    tp, fp, fn, tn = (float(table[name]) for name in ("TP", "FP", "FN", "TN"))
    return {
        "f1": ratio(2 * tp, 2 * tp + fp + fn),
        "sensitivity": ratio(tp, tp + fn),
        "specificity": ratio(tn, tn + fp),
        "ppv": ratio(tp, tp + fp),
        "npv": ratio(tn, tn + fn),
        "mcc": ratio(tp * tn - fp * fn, float(np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)))),
        "accuracy": ratio(tp + tn, tp + fp + fn + tn),
    }


def summary(y: ArrayLike, score: ArrayLike, threshold: float) -> pd.DataFrame:
    """One row for each figure: metric, value, and the reason where the value is NaN (else empty).

    >>> summary([0, 0], [.1, .2], .5).set_index("metric").loc["roc_auc", "reason"]
    'no positive among 2'
    """
    import pandas as pd

    values = {
        "roc_auc": roc_auc(y, score),
        "pr_auc": pr_auc(y, score),
        "prevalence": prevalence(y),
        "brier": brier(y, score),
        **at_threshold(y, score, threshold),
    }
    rows = [(name, value, _reason(name, value, y)) for name, value in values.items()]
    return pd.DataFrame(rows, columns=["metric", "value", "reason"])


def _reason(name: str, value: float, y: ArrayLike) -> str:
    if not np.isnan(value):
        return ""
    empty = "no lesion" if not np.size(y) else ""
    special = {
        "brier": "scores outside 0 to 1 are no probabilities",
        "ppv": "nothing was called positive",
        "npv": "nothing was called negative",
        "f1": "no positive, and none was called",
    }
    return empty or special.get(name) or why_undefined(y) or "everything was called one class"
