"""The judge that learns from the lesion table: features in, the probability of being the wanted kind out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radiorim.case import Case
from radiorim.classic.boost import Boost, Forest
from radiorim.classic.calibrate import Platt
from radiorim.classic.explain import learned_numbers, log_odds_shares
from radiorim.errors import DataError
from radiorim.features.table import feature_columns, measure
from radiorim.lesions import Lesions
from radiorim.metrics.thresholds import choose_threshold
from radiorim.metrics.truth import answers
from radiorim.recipe import Example, Measure

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from imblearn.pipeline import Pipeline

__all__ = ["Tabular", "TabularScorer"]


@dataclass(frozen=True)
class Tabular:
    """Measure each lesion, then classify its row.

    The threshold that turns scores into calls is chosen by the named rule on out-of-fold scores of
    `inner_folds` folds by person inside the training part. With `calibrate` the same scores also teach a
    `Platt` that turns scores into probabilities. Features named in `leave_out` are measured but not learned
    from (coordinates of the scanner, say).
    """

    measures: tuple[Measure, ...]
    model: Boost | Forest = Boost()
    threshold_rule: str = "f1max"
    inner_folds: int = 3
    calibrate: bool = False
    leave_out: tuple[str, ...] = ()

    def measure(self, case: Case, lesions: Lesions) -> Lesions:
        """The lesions with one column for each feature, and `too_small`."""
        return measure(case, lesions, self.measures)

    def fit(self, examples: Sequence[Example], *, seed: int) -> TabularScorer:
        """Learn from measured lesions; rows whose `truth` is NaN teach nothing and are left out."""
        import pandas as pd

        tables = [lesions.table.assign(person=case.person) for case, lesions in examples]
        return self.fit_table(pd.concat(tables, ignore_index=True), seed=seed)

    def fit_table(self, table: pd.DataFrame, *, seed: int) -> TabularScorer:
        """Learn from a feature table with the columns `person` and `truth` (1, 0 or NaN: not known)."""
        if "truth" not in table:
            raise DataError("no training lesion has a known truth. Fit on cases with derivatives/truth.")
        known = table.assign(truth=answers(table, "truth")).dropna(subset="truth")
        features = [name for name in feature_columns(known) if name not in self.leave_out]
        if not features:
            raise DataError("the table holds no feature columns. Make it with `radiorim extract-features`.")
        rows, truth = known[features].to_numpy(float), known["truth"].to_numpy(int)
        persons = known["person"].to_numpy()
        n = min(self.inner_folds, len(set(persons[truth == 1])), len(set(persons[truth == 0])))
        held_out = self._held_out(rows, truth, persons, n=n, seed=seed)
        platt = self._platt(truth, held_out)
        threshold, note = self._threshold(truth, held_out if platt is None else platt(held_out), n)
        return TabularScorer(
            self, self.model.fit(rows, truth, seed=seed), tuple(features), threshold, note, platt
        )

    def load(self, folder: Path) -> TabularScorer:
        """Read what the scorer wrote; raises `DataError` for a damaged file or one with foreign types."""
        from radiorim.classic.persist import load_scorer

        return load_scorer(self, folder)

    def _held_out(
        self, rows: np.ndarray, truth: np.ndarray, persons: np.ndarray, *, n: int, seed: int
    ) -> np.ndarray:
        """Scores of rows by a model that was fitted on other people; NaN where none could be."""
        from sklearn.model_selection import StratifiedGroupKFold

        scores = np.full(len(truth), np.nan)
        if n < 2:
            return scores
        folds = StratifiedGroupKFold(n, shuffle=True, random_state=seed)
        for train, test in folds.split(rows, truth, persons):
            if len(set(truth[train])) == 2 and np.bincount(truth[train]).min() >= 2:
                fitted = self.model.fit(rows[train], truth[train], seed=seed)
                scores[test] = fitted.predict_proba(rows[test])[:, 1]
        return scores

    def _platt(self, truth: np.ndarray, scores: np.ndarray) -> Platt | None:
        judged = ~np.isnan(scores)
        if not self.calibrate or len(set(truth[judged])) < 2:
            return None
        return Platt.fit(scores[judged], truth[judged])

    def _threshold(self, truth: np.ndarray, scores: np.ndarray, n: int) -> tuple[float, str]:
        judged = ~np.isnan(scores)
        if n < 2:
            return 0.5, "threshold 0.5: the positive (or negative) training lesions are all of one person"
        if len(set(truth[judged])) < 2:
            return 0.5, "threshold 0.5: too few positive training lesions to choose one on held-out people"
        chosen = choose_threshold(truth[judged], scores[judged], self.threshold_rule)
        # "Call nothing" is an infinite threshold, which JSON cannot hold; above 1 is the same.
        chosen = min(chosen, float(np.nextafter(1.0, 2.0)))
        return chosen, f"threshold {chosen:.3f}: {self.threshold_rule} on {n} inner folds by person"


@dataclass(frozen=True, eq=False)
class TabularScorer:
    """A fitted `Tabular`: the chain without its sampler, the feature names in order, the threshold on its
    scores, and what calibrates them (None: they are the chain's own).
    """

    judge: Tabular
    chain: Pipeline
    features: tuple[str, ...]
    threshold: float
    note: str = ""
    platt: Platt | None = None

    def __call__(self, case: Case, lesions: Lesions) -> Lesions:
        """The lesions with `score` and `found`; they are measured first unless that was done."""
        measured = lesions if set(self.features) <= set(lesions.table) else self.judge.measure(case, lesions)
        return Lesions(measured.labels, self.score_table(measured.table))

    def save(self, folder: Path) -> None:
        """Write `judge.skops` and `judge.json`, without the sampler and its rows."""
        from radiorim.classic.persist import save_scorer

        save_scorer(self, folder)

    def score_table(self, table: pd.DataFrame) -> pd.DataFrame:
        """A feature table with `score` (0..1) and `found`; raises `DataError` naming missing columns."""
        rows = self._rows(table)
        score = self.chain.predict_proba(rows)[:, 1] if len(table) else np.zeros(0)
        score = score if self.platt is None else self.platt(score)
        return table.assign(score=score, found=score >= self.threshold)

    def contributions(self, table: pd.DataFrame) -> pd.DataFrame:
        """What each selected feature adds to each lesion's log-odds (`log_odds_shares`), plus `base`.

        Indexed like `table`; a row's values sum to its log-odds.
        """
        import pandas as pd

        names = [*self._selected(), "base"]
        if not len(table):
            return pd.DataFrame(columns=names, dtype=float)
        rows = self._rows(table)
        for _, step in self.chain.steps[:-1]:
            rows = step.transform(rows)
        shares = log_odds_shares(self.chain[-1], rows)
        if self.platt is not None:
            shares = shares * self.platt.slope
            shares[:, -1] += self.platt.intercept
        return pd.DataFrame(shares, columns=names, index=table.index)

    @property
    def parameters(self) -> int:
        """How many numbers the trees learned: a threshold for each split and a value for each leaf."""
        return learned_numbers(self.chain[-1])

    def _rows(self, table: pd.DataFrame) -> np.ndarray:
        missing = [name for name in self.features if name not in table]
        if missing:
            raise DataError(
                f"{len(missing)} features that the model was trained on are missing, the first is "
                f"{missing[0]!r}. Extract features with the same recipe and images."
            )
        return table[list(self.features)].to_numpy(float)

    def _selected(self) -> list[str]:
        names = np.array(self.features)
        for _, step in self.chain.steps[:-1]:
            if hasattr(step, "get_support"):
                names = names[step.get_support()]
        return names.tolist()
