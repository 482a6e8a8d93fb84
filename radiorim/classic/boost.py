"""The classifiers of a lesion table: boosted trees (LightGBM) and a random forest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radiorim.classic.chain import Chain
from radiorim.classic.sampling import DmwrSmote, Smote

if TYPE_CHECKING:
    from imblearn.pipeline import Pipeline
    from lightgbm import LGBMClassifier
    from sklearn.ensemble import RandomForestClassifier

__all__ = ["Boost", "Forest"]


@dataclass(frozen=True)
class Boost:
    """Gradient boosting (LightGBM) on SMOTE-balanced rows, sized for a few dozen to a few thousand lesions.

    Impute (median) -> scale (z-score) -> select (`features` best by ANOVA F) -> SMOTE -> LightGBM, all fitted
    on the rows given to `fit` and on nothing else. SMOTE walks between neighbours, so it needs one scale for
    all features and fewer neighbours than the rare class has lesions: k = min(`neighbours`, rarest - 1).
    `sampler` takes the place of this SMOTE.
    """

    trees: int = 60
    learning_rate: float = 0.05
    leaves: int = 7
    min_child_samples: int = 5
    column_share: float = 0.5
    features: int = 30
    smote: bool = True
    neighbours: int = 5
    sampler: DmwrSmote | None = None

    def fit(self, rows: np.ndarray, truth: np.ndarray, *, seed: int) -> Pipeline:
        """Fit the whole chain. The sampler is removed from the result: it holds the training rows.

        Raises `DataError` unless both classes have at least two rows and any feature differs between them.
        """
        plain = Smote(self.neighbours) if self.smote else None
        return Chain(self.features, self.sampler or plain, seed).fit(self._classifier(seed), rows, truth)

    def _classifier(self, seed: int) -> LGBMClassifier:
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


@dataclass(frozen=True)
class Forest:
    """Random forest (Gini, leaves of one row); `features_per_split` is R's mtry.

    Impute -> scale -> sampler -> forest, all fitted on the rows given to `fit`. `sampler` None leaves the
    classes as they are.
    """

    trees: int = 500
    features_per_split: int = 4
    sampler: DmwrSmote | Smote | None = None

    def fit(self, rows: np.ndarray, truth: np.ndarray, *, seed: int) -> Pipeline:
        """Fit the whole chain; the sampler is removed from the result. Raises `DataError` as `Boost` does."""
        return Chain(None, self.sampler, seed).fit(self._classifier(rows, seed), rows, truth)

    def _classifier(self, rows: np.ndarray, seed: int) -> RandomForestClassifier:
        from sklearn.ensemble import RandomForestClassifier

        return RandomForestClassifier(
            n_estimators=self.trees,
            max_features=min(self.features_per_split, rows.shape[1]),
            random_state=seed,
            n_jobs=1,
        )
