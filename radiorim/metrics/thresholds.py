"""From scores to yes or no: a threshold by a named rule, chosen on lesions that are not judged by it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from radiorim.errors import DataError, UsageError
from radiorim.metrics.classification import binary, why_undefined

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["RULES", "choose_threshold", "operating_points"]

RULES = ("f1max", "youden", "spec95", "fixed")


def operating_points(y: ArrayLike, score: ArrayLike) -> tuple[NDArray[np.float64], NDArray, NDArray]:
    """Thresholds from the highest down, with TP and FP of calling score >= threshold positive.

    The first threshold is infinite (nothing is called); then each distinct score.

    >>> [points.tolist() for points in operating_points([0, 1, 1], [.5, .5, .9])]
    [[inf, 0.9, 0.5], [0, 1, 2], [0, 0, 1]]
    """
    truth, scores = binary(y, score)
    order = np.argsort(-scores, kind="stable")
    last = np.flatnonzero(np.append(np.diff(scores[order]), 1)) if scores.size else np.array([], dtype=int)
    hits = np.cumsum(truth[order])[last]
    thresholds = np.concatenate([[np.inf], scores[order][last]])
    return thresholds, np.concatenate([[0], hits]), np.concatenate([[0], last + 1 - hits])


def choose_threshold(y: ArrayLike, score: ArrayLike, rule: str) -> float:
    """Choose t, so that score >= t says positive, by rule; ties go to the highest t, the fewest false alarms.

    f1max: greatest F1. youden: greatest sensitivity + specificity - 1 (Youden 1950). spec95 (any specNN):
    lowest t with specificity of at least .95. fixed: 0.5, or `fixed:0.3`. A rule that lacks a class it
    needs raises DataError instead of inventing a threshold.

    >>> choose_threshold([0, 0, 1, 1], [.1, .6, .5, .9], "f1max")
    0.5
    """
    fixed = re.fullmatch(r"fixed(?::(-?[0-9.]+))?", rule)
    if fixed:
        return float(fixed[1] or 0.5)
    share = re.fullmatch(r"spec([0-9]{1,2})", rule)
    if not share and rule not in RULES:
        raise UsageError(
            f"threshold rule must be one of {', '.join(RULES)} (or specNN, fixed:T). Got {rule!r}."
        )
    truth, _ = binary(y, score)
    lacking = "" if share and not truth.all() else why_undefined(truth)
    if lacking:
        raise DataError(
            f"rule {rule!r} cannot choose a threshold: {lacking}. "
            "Use the rule 'fixed' or folds with both classes."
        )
    thresholds, hits, alarms = operating_points(y, score)
    specificity = 1 - alarms / (~truth).sum()
    if share:
        # Counts, not ratios: 1 - 1/20 must not miss .95 by rounding.
        allowed = np.floor((100 - int(share[1])) * int((~truth).sum()) / 100 + 1e-9)
        return float(thresholds[alarms <= allowed][-1])
    gain = hits / truth.sum() + specificity if rule == "youden" else 2 * hits / (hits + alarms + truth.sum())
    return float(thresholds[np.argmax(gain)])
