"""From a classifier's scores to probabilities that hold at the prevalence it was trained at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Platt"]

_EDGE = 1e-6


@dataclass(frozen=True)
class Platt:
    """`1 / (1 + exp(-(slope * log-odds + intercept)))` of a score in 0..1 (Platt 1999, on log-odds).

    Oversampling shows a classifier more positives than there are, so its scores are too high: this takes
    that back. Rising for a positive slope, so the order of lesions stays.
    """

    slope: float = 1.0
    intercept: float = 0.0

    @classmethod
    def fit(cls, scores: np.ndarray, truth: np.ndarray) -> Platt:
        """From scores of lesions that the classifier was not fitted on; truth holds both 0 and 1.

        A slope that comes out as 0 or less (scores no better than chance) leaves the scores as they are.
        """
        from sklearn.linear_model import LogisticRegression

        line = LogisticRegression(C=1e9).fit(_log_odds(scores)[:, None], truth)
        slope, intercept = float(line.coef_[0, 0]), float(line.intercept_[0])
        return cls(slope, intercept) if slope > 0 else cls()

    def __call__(self, scores: np.ndarray) -> np.ndarray:
        """The calibrated scores, in 0..1."""
        return 1 / (1 + np.exp(-(self.slope * _log_odds(scores) + self.intercept)))


def _log_odds(scores: np.ndarray) -> np.ndarray:
    inside = np.clip(scores, _EDGE, 1 - _EDGE)
    return np.log(inside / (1 - inside))
