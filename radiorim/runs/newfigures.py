"""Figures of one new-lesion recipe on the cases that all recipes share, and tests of every pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from radiorim.case import Case
from radiorim.metrics.compare import holm
from radiorim.metrics.froc import froc_curve, froc_score
from radiorim.metrics.truth import MIN_SHARE
from radiorim.runs.benchmark import Benchmark, Outcome
from radiorim.runs.evaluation import EVALUATION_COLUMNS, evaluate_groups, evaluate_masks
from radiorim.runs.masks import mask_pairs

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Judged", "mask_tests", "new_lesion_figures"]

TESTED = "F1_score"
FROC_NOTE = "mean sensitivity at 1/8 to 8 false finds a case; true if it shares a tenth of either"


@dataclass(frozen=True, eq=False)
class Judged:
    """One recipe against the truth: figures over both groups, figures case by case, and FROC points."""

    figures: pd.DataFrame
    cases: pd.DataFrame
    curve: pd.DataFrame


def new_lesion_figures(
    bench: Benchmark, outcome: Outcome, cases: Sequence[Case], true: pd.DataFrame
) -> Judged:
    """By MSSEG-2's rule on masks, and FROC of the candidates: one point if the recipe gives no scores."""
    import pandas as pd

    work = bench.out / "work" / outcome.recipe.name
    table = evaluate_masks(mask_pairs(outcome.recipe, cases, outcome.judged, work))
    figures = evaluate_groups(table, seed=bench.seed, resamples=bench.profile.resamples)
    curve = _froc(outcome, true, {case.id for case in cases})
    if outcome.judged["score"].notna().any():
        row = ("all cases", "froc", froc_score(curve), np.nan, np.nan, FROC_NOTE)
        more = pd.DataFrame([row], columns=list(EVALUATION_COLUMNS))
        figures = pd.concat([figures, more], ignore_index=True)
    return Judged(figures, table, curve)


def mask_tests(tables: Mapping[str, pd.DataFrame], *, n: int, seed: int) -> pd.DataFrame:
    """Every pair of recipes: the difference of mean F1_score over cases with new lesions.

    Columns first, second, metric, value_first, value_second, difference, p_swap (the two recipes' figures
    swapped within whole people: p = (1 + #|D*| >= |D|) / (n + 1)), p_swap_holm and reason.
    """
    import pandas as pd

    rows = []
    for first, second in combinations(tables, 2):
        both = tables[first].merge(tables[second], on=["case", "person"], suffixes=("_first", "_second"))
        both = both[both[f"{TESTED}_first"].notna() & both[f"{TESTED}_second"].notna()]
        values = [both[f"{TESTED}_{side}"].to_numpy(float) for side in ("first", "second")]
        means = [float(value.mean()) if value.size else np.nan for value in values]
        p = _swap_p((values[0] - values[1]), both["person"].astype(str).to_numpy(), n, seed)
        reason = "" if values[0].size else "no case with new lesions"
        rows.append((first, second, TESTED, *means, means[0] - means[1], p, reason))
    columns = ["first", "second", "metric", "value_first", "value_second", "difference", "p_swap"]
    table = pd.DataFrame(rows, columns=[*columns, "reason"])
    table.insert(len(columns), "p_swap_holm", holm(table["p_swap"].tolist()))
    return table


def _swap_p(gap: np.ndarray, persons: np.ndarray, n: int, seed: int) -> float:
    if not gap.size:
        return float("nan")
    weights = np.bincount(np.unique(persons, return_inverse=True)[1], weights=gap)
    signs = np.random.default_rng(seed).integers(0, 2, size=(n, weights.size)) * 2 - 1
    return (1 + int(np.sum(np.abs(signs @ weights) >= abs(weights.sum()) - 1e-12))) / (n + 1)


def _froc(outcome: Outcome, true: pd.DataFrame, ids: set[str]) -> pd.DataFrame:
    """FROC points; each new lesion has the highest score among the candidates that share enough with it."""
    judged = outcome.judged[outcome.judged["case"].isin(ids)]
    judged = judged.assign(score=judged["score"].fillna(1.0))
    shared = outcome.matches[["share_of_found", "share_of_truth"]].max(axis=1) >= MIN_SHARE
    pairs = outcome.matches[shared].merge(judged[["case", "lesion", "score"]], on=["case", "lesion"])
    best = pairs.groupby(["case", "partner"])["score"].max().rename("score")
    new = true[(true["truth"] == 1) & true["case"].isin(ids)]
    scored = new.merge(
        best.reset_index(), left_on=["case", "true_lesion"], right_on=["case", "partner"], how="left"
    )
    wrong = judged.loc[judged["truth"] == 0, "score"]
    return froc_curve(wrong, scored["score"], scans=len(ids)).assign(recipe=outcome.recipe.name)
