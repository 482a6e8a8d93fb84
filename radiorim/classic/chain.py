"""Impute, scale, select, oversample, classify: the one order that is safe for a few dozen lesions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radiorim.errors import DataError

if TYPE_CHECKING:
    from imblearn.pipeline import Pipeline
    from sklearn.base import ClassifierMixin

    from radiorim.classic.sampling import Sampler

__all__ = ["Chain", "rarest"]


@dataclass(frozen=True)
class Chain:
    """Impute (median) -> scale (z-score) -> select -> oversample -> classify, fitted on given rows only.

    `features` of the columns are kept, the best by ANOVA F (None: all that vary). Samplers walk between
    neighbours, so they come after the scaling. `sampler` None leaves the classes as they are.
    """

    features: int | None
    sampler: Sampler | None
    seed: int

    def fit(self, classifier: ClassifierMixin, rows: np.ndarray, truth: np.ndarray) -> Pipeline:
        """Fit the whole chain. The sampler is removed from the result: it holds the training rows.

        Raises `DataError` unless both classes have at least two rows and any feature differs between them.
        """
        from imblearn.pipeline import Pipeline

        if rarest(truth) < 2:
            counts = f"{int((truth == 1).sum())} positive and {int((truth == 0).sum())} negative"
            raise DataError(
                f"a judge learns from both kinds of lesion, at least two of each, but got {counts}. "
                "Add cases, use fewer folds, or loosen `find`."
            )
        if not _varying(rows):
            raise DataError("no feature differs between the training lesions, so nothing can be learned.")
        chain = Pipeline([*self._steps(rows, truth), ("classify", classifier)])
        chain.fit(rows, truth)
        return Pipeline([(name, step) for name, step in chain.steps if name != "oversample"])

    def _steps(self, rows: np.ndarray, truth: np.ndarray) -> list[tuple]:
        from sklearn.feature_selection import SelectKBest, VarianceThreshold, f_classif
        from sklearn.impute import SimpleImputer
        from sklearn.preprocessing import StandardScaler

        steps = [
            ("impute", SimpleImputer(strategy="median", keep_empty_features=True)),
            ("vary", VarianceThreshold()),
            ("scale", StandardScaler()),
        ]
        if self.features is not None:
            steps.append(("select", SelectKBest(f_classif, k=min(self.features, _varying(rows)))))
        if self.sampler is not None:
            steps.append(("oversample", self.sampler.build(rarest(truth), seed=self.seed)))
        return steps


def rarest(truth: np.ndarray) -> int:
    """Number of rows of the rarer class; 0 if one class is missing."""
    positive = int(np.sum(truth == 1))
    return min(positive, len(truth) - positive)


def _varying(rows: np.ndarray) -> int:
    """How many columns are not constant once their gaps are filled with the median."""
    from sklearn.impute import SimpleImputer

    filled = SimpleImputer(strategy="median", keep_empty_features=True).fit_transform(rows)
    return int((np.ptp(filled, axis=0) > 0).sum())
