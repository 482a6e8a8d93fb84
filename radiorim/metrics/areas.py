"""Areas and points of the ROC curve where few false alarms are allowed; partial areas say which kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from radiorim.errors import UsageError
from radiorim.metrics.classification import binary, why_undefined
from radiorim.metrics.thresholds import operating_points

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["mcclish", "partial_auc", "partial_auc_mcclish", "partial_auc_raw", "roc_curve", "sensitivity_at"]


def roc_curve(y: ArrayLike, score: ArrayLike) -> tuple[NDArray, NDArray, NDArray]:
    """False positive rate, true positive rate and threshold, from (0, 0) on, one point a distinct score.

    A rate without its class is NaN throughout.

    >>> [side.tolist() for side in roc_curve([0, 1], [.2, .7])]
    [[0.0, 0.0, 1.0], [0.0, 1.0, 1.0], [inf, 0.7, 0.2]]
    """
    truth, _ = binary(y, score)
    thresholds, hits, alarms = operating_points(y, score)
    positives, negatives = int(truth.sum()) or np.nan, int((~truth).sum()) or np.nan
    return alarms / negatives, hits / positives, thresholds


def partial_auc(y: ArrayLike, score: ArrayLike, limit: float = 0.1) -> float:
    """Area under the ROC curve left of a false positive rate of `limit`; at most `limit`.

    Straight lines between points. Rarely what to print: see `partial_auc_raw` and `partial_auc_mcclish`.
    NaN with one class only.

    >>> partial_auc([0, 0, 1, 1], [.1, .2, .8, .9])
    0.1
    """
    if not 0 < limit <= 1:
        raise UsageError(f"limit must be above 0 and at most 1. Got {limit}.")
    if why_undefined(y):
        return float("nan")
    false, true, _ = roc_curve(y, score)
    inside = false <= limit
    edge = np.interp(limit, false, true) if not inside.all() else true[-1]
    # np.interp takes the last of several points at one rate, the top of a vertical step: what is wanted.
    return float(np.trapezoid([*true[inside], edge], [*false[inside], limit]))


def partial_auc_raw(y: ArrayLike, score: ArrayLike, limit: float = 0.1) -> float:
    """`partial_auc` / limit: the mean sensitivity over false positive rates up to the limit.

    1 is perfect, chance is limit / 2. NaN with one class only. In simulation full AUCs of .955 and .981
    went with about .73 and .835 at a limit of 0.1.
    """
    return partial_auc(y, score, limit) / limit


def partial_auc_mcclish(y: ArrayLike, score: ArrayLike, limit: float = 0.1) -> float:
    """`partial_auc` rescaled so that chance is 0.5 and perfect 1 (McClish 1989).

    (1 + (A - limit^2 / 2) / (limit - limit^2 / 2)) / 2. NaN with one class only.
    """
    return mcclish(partial_auc(y, score, limit), limit)


def mcclish(area: float, limit: float) -> float:
    """Rescale a partial area A: (1 + (A - limit^2 / 2) / (limit - limit^2 / 2)) / 2.

    >>> mcclish(0.005, 0.1), mcclish(0.1, 0.1)
    (0.5, 1.0)
    """
    chance = limit**2 / 2
    return (1 + (area - chance) / (limit - chance)) / 2


def sensitivity_at(y: ArrayLike, score: ArrayLike, specificity: float = 0.95) -> float:
    """Highest sensitivity of a threshold whose specificity is at least the one asked for.

    Only thresholds that exist count, nothing is interpolated. The threshold is chosen on the lesions
    judged, so this describes the curve and is no estimate of a frozen rule. NaN with one class only.

    >>> sensitivity_at([0, 0, 1, 1], [.1, .6, .5, .9], .95)
    0.5
    """
    if why_undefined(y):
        return float("nan")
    false, true, _ = roc_curve(y, score)
    return float(true[1 - false >= specificity - 1e-12].max())
