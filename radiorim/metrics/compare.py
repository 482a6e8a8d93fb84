"""Two recipes on the same lesions: is the difference in ROC-AUC more than chance?

Lesions of one person resemble each other, so plain DeLong is too sure of itself. The permutation
by person is the primary test, Obuchowski's clustered variance the second, plain DeLong the literature's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radiorim.errors import DataError
from radiorim.metrics.classification import binary

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Comparison", "Paired", "below", "delong_test", "holm", "obuchowski_test", "undefined"]


@dataclass(frozen=True)
class Comparison:
    """First minus second AUC, its p (two-sided), standard error where there is one, and which test."""

    test: str
    first: float
    second: float
    difference: float
    standard_error: float
    p: float
    reason: str = ""


@dataclass(frozen=True)
class Paired:
    """Truth, the scores of two recipes, and the person of each lesion; the same rows for both recipes."""

    y: NDArray[np.bool_]
    first: NDArray[np.float64]
    second: NDArray[np.float64]
    persons: NDArray[np.intp]

    @classmethod
    def of(cls, y: ArrayLike, first: ArrayLike, second: ArrayLike, persons: ArrayLike) -> Paired:
        """Check four lists of one length; people are numbered from 0."""
        truth, scores = binary(y, first)
        other = binary(y, second)[1]
        names = np.asarray(persons).astype(str)
        if names.shape != truth.shape:
            raise DataError(f"persons has {names.size} entries for {truth.size} lesions. Name one for each.")
        return cls(truth, scores, other, np.unique(names, return_inverse=True)[1])

    def placements(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Share of negatives that each positive outscores, share of positives that outscore each negative.

        Rows are the two recipes; columns are the positives, and the negatives.
        """
        both = [_placements(score[self.y], score[~self.y]) for score in (self.first, self.second)]
        return np.stack([own for own, _ in both]), np.stack([other for _, other in both])


def below(points: NDArray[np.float64], ranked: NDArray[np.float64]) -> NDArray[np.float64]:
    """How many of `ranked` (sorted) lie below each point, ties counting 1/2."""
    return (np.searchsorted(ranked, points, "left") + np.searchsorted(ranked, points, "right")) / 2


def _placements(
    positives: NDArray[np.float64], negatives: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Share of negatives below each positive, and of positives above each negative."""
    above = below(positives, np.sort(negatives)) / negatives.size
    return above, 1 - below(negatives, np.sort(positives)) / positives.size


def delong_test(paired: Paired) -> Comparison:
    """DeLong's paired test (DeLong 1988), which takes all lesions as independent.

    With placements V10 of m positives and V01 of n negatives, var(A1 - A2) = var(V10_1 - V10_2) / m +
    var(V01_1 - V01_2) / n (sample variances), and z = (A1 - A2) / sqrt(var) against the normal. NaN with
    fewer than two of either class, or where the variance is 0 (identical scores, or both AUCs 1).
    """
    few = _too_few(int(paired.y.sum()), int((~paired.y).sum()), "lesions")
    if few:
        return undefined(paired, "DeLong, lesions taken as independent", few)
    v10, v01 = paired.placements()
    variance = np.var(v10[0] - v10[1], ddof=1) / v10.shape[1] + np.var(v01[0] - v01[1], ddof=1) / v01.shape[1]
    return _normal("DeLong, lesions taken as independent", v10.mean(axis=1), float(variance))


def obuchowski_test(paired: Paired) -> Comparison:
    """DeLong's test for clustered data (Obuchowski 1997): lesions of one person may be alike.

    With d10, d01 the differences of placements, summed within person i and centred by m_i or n_i times
    the AUC difference, S10 = I10 / ((I10 - 1) m) sum d10_i^2 over people with positives, S01 likewise,
    S11 = I / (I - 1) sum d10_i d01_i, var = S10 / m + S01 / n + 2 S11 / (m n). NaN with fewer than two
    people with either class, or where the variance is not above 0.
    """
    name = "Obuchowski, lesions clustered in people"
    own = [
        np.bincount(paired.persons[side], minlength=paired.persons.max(initial=0) + 1)
        for side in (paired.y, ~paired.y)
    ]
    few = _too_few(int((own[0] > 0).sum()), int((own[1] > 0).sum()), "people")
    if few:
        return undefined(paired, name, few)
    v10, v01 = paired.placements()
    areas = v10.mean(axis=1)
    m, n, people = v10.shape[1], v01.shape[1], own[0].size
    d10, d01 = (
        np.bincount(paired.persons[side], weights=v[0] - v[1], minlength=people)
        - count * (areas[0] - areas[1])
        for side, v, count in ((paired.y, v10, own[0]), (~paired.y, v01, own[1]))
    )
    s10, s01 = (
        (count > 0).sum() / ((count > 0).sum() - 1) / count.sum() * (d**2).sum()
        for d, count in ((d10, own[0]), (d01, own[1]))
    )
    s11 = people / (people - 1) * (d10 * d01).sum()
    return _normal(name, areas, float(s10 / m + s01 / n + 2 * s11 / (m * n)))


def holm(p: Sequence[float]) -> list[float]:
    """Adjust p values for many comparisons (Holm 1979); undefined ones stay NaN and are not counted.

    The k-th smallest of m is multiplied by m - k + 1, never falls below the one before, at most 1.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    values = np.asarray(p, dtype=float)
    defined = np.flatnonzero(~np.isnan(values))
    order = defined[np.argsort(values[defined], kind="stable")]
    adjusted = np.full(values.size, np.nan)
    steps = values[order] * np.arange(order.size, 0, -1)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(steps))
    return adjusted.tolist()


def _too_few(positives: int, negatives: int, what: str) -> str:
    short = [kind for kind, count in (("positive", positives), ("negative", negatives)) if count < 2]
    return f"fewer than two {what} with a {' or '.join(short)} lesion" if short else ""


def undefined(paired: Paired, test: str, reason: str) -> Comparison:
    """A comparison with its AUCs as far as they exist, p NaN, and the reason."""
    both = bool(paired.y.any() and not paired.y.all())
    areas = paired.placements()[0].mean(axis=1).tolist() if both else [np.nan, np.nan]
    return Comparison(test, *areas, areas[0] - areas[1], np.nan, np.nan, reason)


def _normal(test: str, areas: NDArray[np.float64], variance: float) -> Comparison:
    """Two-sided p of difference / standard error."""
    from scipy.special import ndtr

    first, second = areas.tolist()
    if not variance > 1e-18:
        return Comparison(test, first, second, first - second, np.nan, np.nan, "the variance is not above 0")
    error = float(np.sqrt(variance))
    return Comparison(
        test, first, second, first - second, error, float(2 * ndtr(-abs(first - second) / error))
    )
