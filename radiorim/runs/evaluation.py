"""Figures with intervals over people: of scored lesions, and of masks case by case."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from radiorim.metrics.anima import segmentation_performance
from radiorim.metrics.classification import at_threshold, brier, pr_auc, prevalence, roc_auc, summary
from radiorim.metrics.detection import AnimaOptions
from radiorim.metrics.intervals import person_bootstrap
from radiorim.metrics.rules import score_lesions
from radiorim.volume import Volume, require_same_grid

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ANIMA_GROUPS",
    "EVALUATION_COLUMNS",
    "MaskPair",
    "evaluate_groups",
    "evaluate_masks",
    "evaluate_rule",
    "evaluate_scores",
]

EVALUATION_COLUMNS = ("group", "metric", "value", "low", "high", "note")
CALLS = ("f1", "sensitivity", "specificity", "ppv", "npv", "mcc", "accuracy")
Groups = tuple[Sequence[str], Sequence[str]]
ANIMA_GROUPS: Groups = (("F1_score", "SensL", "PPVL", "Dice"), ("NbTestedLesions", "VolTestedLesions"))
"""Figures for cases with true lesions, and for cases without."""
COUNTS = ("rule", "connectivity", "min_mm3", "truths", "finds", "truths_found", "finds_true")
WITH, WITHOUT = "cases with true lesions", "cases without true lesions"


@dataclass(frozen=True, eq=False)
class MaskPair:
    """The true and the found mask of one case, on one grid."""

    case: str
    person: str
    truth: Volume
    found: Volume


def evaluate_scores(judged: pd.DataFrame, *, seed: int = 0, resamples: int = 1000) -> pd.DataFrame:
    """Classification figures of the lesions whose truth is known, with 95 % intervals over people.

    `judged` has the columns `person truth score found`. What is undefined is NaN, and `note` says why.
    Figures that depend on calls use `found`: each lesion at the threshold of its own fold.
    """
    known = judged[judged["truth"].notna()]
    truth, score = known["truth"].to_numpy(int), known["score"].to_numpy(float)
    found, persons = known["found"].to_numpy(float), known["person"].to_numpy()
    group = f"lesions ({len(known)}, {int(truth.sum())} positive, {len(set(persons))} people)"
    left = len(judged) - len(known)
    group += f"; {left} of unknown truth left out" if left else ""
    reasons = {**_reasons(truth, score, SCORES), **_reasons(truth, found, CALLS)}
    figures = [(metric, score) for metric in SCORES] + [(metric, found) for metric in CALLS]
    rows = []
    for metric, values in figures:
        statistic = SCORES.get(metric) or partial(_called, metric)
        if not len(known):
            rows.append((group, metric, np.nan, np.nan, np.nan, "no lesion with known truth"))
            continue
        interval = person_bootstrap([truth, values], statistic, persons, n=resamples, seed=seed)
        note = reasons[metric] if np.isnan(interval.value) else interval.reason
        rows.append((group, metric, interval.value, interval.low, interval.high, note))
    return _frame(rows)


def evaluate_masks(
    pairs: Iterable[MaskPair], options: AnimaOptions | None = None, *, surface: bool = False
) -> pd.DataFrame:
    """Anima's figures for each case, one row each, under the analyzer's names; what it does not print is NaN.

    Raises `DataError` for a pair on two grids: Anima answers 1 mm there, radiorim refuses.
    """
    import pandas as pd

    groups = ("voxel", "surface", "detection") if surface else ("voxel", "detection")
    rows = []
    for pair in pairs:
        require_same_grid({f"{pair.case}: truth": pair.truth, f"{pair.case}: found": pair.found})
        figures = segmentation_performance(
            pair.found.data, pair.truth.data, pair.truth.spacing, options, groups=groups
        )
        rows.append({"case": pair.case, "person": pair.person, **figures})
    table = pd.DataFrame(rows)
    for name in ("Dice", "PPVL", "SensL", "F1_score", "NbTestedLesions", "VolTestedLesions"):
        if name not in table:
            table[name] = np.nan
    return table


def evaluate_rule(pairs: Iterable[MaskPair], rule: str) -> tuple[pd.DataFrame, Groups]:
    """Another lesion rule, case by case, and which figures are meant for cases with and without true lesions.

    Each row names the rule, its connectivity and its smallest lesion, and gives the counts behind the scores.
    `NbTestedLesions` is the number of found lesions where there are no true ones, else NaN.
    """
    import pandas as pd

    rows, names = [], ()
    for pair in pairs:
        require_same_grid({f"{pair.case}: truth": pair.truth, f"{pair.case}: found": pair.found})
        result = score_lesions(pair.found.data, pair.truth.data, pair.truth.spacing, rule=rule)
        names = tuple(result.scores)
        counts = {name: getattr(result, name) for name in COUNTS}
        false = result.finds if result.truths == 0 else np.nan
        first = {"case": pair.case, "person": pair.person}
        rows.append(first | counts | result.scores | {"NbTestedLesions": false})
    return pd.DataFrame(rows), (names, ("NbTestedLesions",))


def evaluate_groups(
    table: pd.DataFrame, groups: Groups = ANIMA_GROUPS, *, seed: int = 0, resamples: int = 1000
) -> pd.DataFrame:
    """Means over cases with and over cases without true lesions, each with an interval over people.

    The two groups answer different questions and are never pooled: F1, SensL, PPVL and Dice need true
    lesions, number and volume of false lesions need their absence.
    """
    empty = table["NbTestedLesions"].notna()
    ruled = f", {table['rule'][0]}, {table['connectivity'][0]}-connected" if "rule" in table else ""
    rows = []
    for name, part, metrics in (
        (WITH, table[~empty], groups[0]),
        (WITHOUT, table[empty], groups[1]),
    ):
        group = f"{name} ({len(part)}){ruled}"
        for metric in metrics:
            rows.append((group, metric, *_mean_interval(part, metric, seed, resamples)))
    return _frame(rows)


def _mean_interval(
    part: pd.DataFrame, metric: str, seed: int, resamples: int
) -> tuple[float, float, float, str]:
    if not len(part):
        return np.nan, np.nan, np.nan, "no such case"
    values = part[metric].to_numpy(float)
    interval = person_bootstrap([values], _nanmean, part["person"].to_numpy(), n=resamples, seed=seed)
    undefined = int(np.isnan(values).sum())
    note = f"undefined in {undefined} cases, which are left out" if undefined else interval.reason
    return interval.value, interval.low, interval.high, note


def _nanmean(values: np.ndarray) -> float:
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if defined.size else float("nan")


def _called(metric: str, truth: np.ndarray, found: np.ndarray) -> float:
    return at_threshold(truth, found, 0.5)[metric]


def _reasons(truth: np.ndarray, values: np.ndarray, metrics: Iterable[str]) -> dict[str, str]:
    """Why each of these figures of scores, or of calls (1 or 0), is undefined; empty where it is not."""
    reasons = summary(truth, values, 0.5).set_index("metric")["reason"]
    return {metric: reasons[metric] for metric in metrics}


def _frame(rows: list[tuple]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows, columns=list(EVALUATION_COLUMNS))


SCORES: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "roc_auc": roc_auc,
    "pr_auc": pr_auc,
    "prevalence": lambda truth, score: prevalence(truth),  # noqa: ARG005
    "brier": brier,
}
