"""Samplers that make rare lesions less rare; each is fitted inside the training part and then thrown away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from radiorim.errors import UsageError

if TYPE_CHECKING:
    from imblearn import FunctionSampler
    from imblearn.base import BaseSampler

__all__ = ["DmwrSmote", "Sampler", "Smote", "dmwr_smote", "smote_before_split"]


class Sampler(Protocol):
    """A choice of oversampling."""

    def build(self, rarest: int, *, seed: int) -> BaseSampler:
        """imbalanced-learn's sampler for a rarer class of so many rows."""


@dataclass(frozen=True)
class Smote:
    """SMOTE up to equal classes (Chawla 2002), with fewer neighbours than the rare class has lesions."""

    neighbours: int = 5

    def build(self, rarest: int, *, seed: int) -> BaseSampler:
        """k = min(`neighbours`, rarest - 1)."""
        from imblearn.over_sampling import SMOTE

        return SMOTE(k_neighbors=min(self.neighbours, rarest - 1), random_state=seed)


@dataclass(frozen=True)
class DmwrSmote:
    """SMOTE in percentages, as in the R package DMwR: see `dmwr_smote`."""

    over_percent: int = 1000
    under_percent: int = 100
    neighbours: int = 5

    def __post_init__(self) -> None:
        if self.over_percent < 100 or self.over_percent % 100 or self.under_percent <= 0:
            raise UsageError("over_percent is a multiple of 100 from 100 up, under_percent above 0.")

    def build(self, rarest: int, *, seed: int) -> FunctionSampler:
        """imbalanced-learn's wrapper of `dmwr_smote`; `rarest` is known from the rows."""
        from imblearn import FunctionSampler

        del rarest
        return FunctionSampler(func=dmwr_smote, validate=False, kw_args={"sampler": self, "seed": seed})


def dmwr_smote(
    rows: np.ndarray, truth: np.ndarray, *, sampler: DmwrSmote, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Rows and truth (1 the rarer class) after over- and undersampling by percentages.

    Each of the P positives gets `over_percent` / 100 new rows, a random part of the way to one of its nearest
    positives (Euclidean); from the negatives `under_percent` % of the number of new rows are drawn with
    replacement. 90 positives with 1000 and 100 give 990 positive rows and 900 negative ones.
    """
    rng = np.random.default_rng(seed)
    positive, negative = rows[truth == 1], rows[truth != 1]
    copies = sampler.over_percent // 100
    near = _neighbours(positive, sampler.neighbours)
    partner = near[np.arange(len(positive)), rng.integers(0, near.shape[1], (copies, len(positive)))]
    way = rng.random((copies, len(positive), 1))
    made = (positive + way * (positive[partner] - positive)).reshape(-1, rows.shape[1])
    drawn = negative[rng.integers(0, len(negative), int(len(made) * sampler.under_percent / 100))]
    out = np.concatenate([positive, made, drawn])
    return out, np.repeat([1, 0], [len(positive) + len(made), len(drawn)])


def smote_before_split(
    rows: np.ndarray, truth: np.ndarray, *, sampler: DmwrSmote, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What must not be done: oversample a whole table, then deal its rows into ten folds.

    A synthetic lesion lies between two real ones, so its parents are in the other folds and the classifier
    is asked about what it has seen. Kept to show by how much that flatters (APRL tuned its forest so); no
    recipe uses it. Returns rows, truth and the fold of each.
    """
    made, labels = dmwr_smote(rows, truth, sampler=sampler, seed=seed)
    folds = np.random.default_rng(seed).permutation(len(made)) % 10
    return made, labels, folds


def _neighbours(points: np.ndarray, count: int) -> np.ndarray:
    """Indices of the nearest other points of each, shape (n, k); a lone point is its own neighbour."""
    from scipy.spatial.distance import cdist

    apart = cdist(points, points)
    np.fill_diagonal(apart, np.inf)
    return np.argsort(apart, axis=1, kind="stable")[:, : max(1, min(count, len(points) - 1))]
