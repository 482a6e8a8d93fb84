"""Impute, scale, select, oversample, boost: the one order that is safe for a few dozen lesions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radiorim.errors import DataError

if TYPE_CHECKING:
    from imblearn.pipeline import Pipeline

__all__ = ["Boost", "rarest"]


@dataclass(frozen=True)
class Boost:
    """Gradient boosting (LightGBM) on SMOTE-balanced rows, sized for a few dozen to a few thousand lesions.

    Impute (median) -> scale (z-score) -> select (`features` best by ANOVA F) -> SMOTE -> LightGBM, all fitted
    on the rows given to `fit` and on nothing else. SMOTE walks between neighbours, so it needs one scale for
    all features and fewer neighbours than the rare class has lesions: k = min(`neighbours`, rarest - 1).
    """

    trees: int = 60
    learning_rate: float = 0.05
    leaves: int = 7
    min_child_samples: int = 5
    column_share: float = 0.5
    features: int = 30
    smote: bool = True
    neighbours: int = 5

    def fit(self, rows: np.ndarray, truth: np.ndarray, *, seed: int) -> Pipeline:
        """Fit the whole chain. The sampler is removed from the result: it holds the training rows.

        Raises `DataError` unless both classes have at least two rows and any feature differs between them.
        """
        from imblearn.pipeline import Pipeline

        few = rarest(truth)
        if few < 2:
            counts = f"{int((truth == 1).sum())} positive and {int((truth == 0).sum())} negative"
            raise DataError(
                f"a judge learns from both kinds of lesion, at least two of each, but got {counts}. "
                "Add cases, use fewer folds, or loosen `find`."
            )
        if not _varying(rows):
            raise DataError("no feature differs between the training lesions, so nothing can be learned.")
        chain = Pipeline(self._steps(rows, few, seed))
        chain.fit(rows, truth)
        return Pipeline([(name, step) for name, step in chain.steps if name != "oversample"])

    def _steps(self, rows: np.ndarray, few: int, seed: int) -> list[tuple]:
        from imblearn.over_sampling import SMOTE
        from sklearn.feature_selection import SelectKBest, VarianceThreshold, f_classif
        from sklearn.impute import SimpleImputer
        from sklearn.preprocessing import StandardScaler

        sampler = SMOTE(k_neighbors=min(self.neighbours, few - 1), random_state=seed)
        return [
            ("impute", SimpleImputer(strategy="median", keep_empty_features=True)),
            ("vary", VarianceThreshold()),
            ("scale", StandardScaler()),
            ("select", SelectKBest(f_classif, k=min(self.features, _varying(rows)))),
            *([("oversample", sampler)] if self.smote else []),
            ("boost", self._classifier(seed)),
        ]

    def _classifier(self, seed: int) -> object:
        from lightgbm import LGBMClassifier

        return LGBMClassifier(
            n_estimators=self.trees,
            learning_rate=self.learning_rate,
            num_leaves=self.leaves,
            min_child_samples=self.min_child_samples,
            colsample_bytree=self.column_share,
            random_state=seed,
            # One thread and a fixed order of sums: the same seed gives the same bytes on any number of cores.
            deterministic=True,
            force_row_wise=True,
            n_jobs=1,
            verbosity=-1,
        )


def rarest(truth: np.ndarray) -> int:
    """Number of rows of the rarer class; 0 if one class is missing."""
    positive = int(np.sum(truth == 1))
    return min(positive, len(truth) - positive)


def _varying(rows: np.ndarray) -> int:
    """How many columns are not constant once their gaps are filled with the median."""
    from sklearn.impute import SimpleImputer

    filled = SimpleImputer(strategy="median", keep_empty_features=True).fit_transform(rows)
    return int((np.ptp(filled, axis=0) > 0).sum())
