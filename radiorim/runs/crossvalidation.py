"""Out-of-fold scores: every lesion is judged by a model that has not seen its person."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from radiorim import __version__
from radiorim.case import Case
from radiorim.classic.tabular import Tabular, TabularScorer
from radiorim.errors import DataError, UsageError
from radiorim.io.tables import read_table, write_table
from radiorim.lesions import GEOMETRY
from radiorim.model import examine, with_truth
from radiorim.recipe import Recipe
from radiorim.runs.folds import make_folds

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Plan",
    "contributions",
    "crossvalidate",
    "crossvalidate_cases",
    "fit_fold",
    "fold_key",
    "judged_columns",
    "score_fold",
    "scores",
    "tabular_judge",
]

IDENTITY = ("case", "person", *GEOMETRY, "too_small", "truth", "fold")
SHARE = "contribution_"


@dataclass(frozen=True)
class Plan:
    """How a cross-validation is carried out. Finished folds are kept in `folder`, if there is one."""

    seed: int = 0
    n_jobs: int = 1
    folder: Path | None = None


def crossvalidate(recipe: Recipe, table: pd.DataFrame, folds: Mapping[str, int], plan: Plan) -> pd.DataFrame:
    """Judge each lesion of a measured table by a model fitted on the other folds.

    Returns one row for each lesion in the order of the table: identity, `truth`, `fold`, `score`, `found`,
    `threshold` and `contribution_*` (log-odds). People in no fold, because none of their lesions has a known
    truth, are judged by the model of fold 0, which has not seen them either.
    """
    import pandas as pd
    from joblib import Parallel, delayed

    judge, numbers = tabular_judge(recipe), sorted(set(folds.values()))
    # Folds name people by words; a table made in a notebook may number them.
    table = table.assign(person=table["person"].astype(str))
    _require_each_once(table)
    _require_folds(table, folds)
    assigned = table.assign(fold=table["person"].map(folds).fillna(numbers[0]).astype(int))
    key = fold_key(recipe, assigned, plan.seed)
    if plan.folder is not None:
        # Other processes may have another current folder.
        plan = replace(plan, folder=plan.folder.absolute())
    parts = Parallel(n_jobs=plan.n_jobs)(
        delayed(_fold)(judge, assigned, number, plan, key) for number in numbers
    )
    # A feature that a fold did not select contributed nothing there.
    judged = pd.concat(parts, ignore_index=True)
    shares = [name for name in judged if name.startswith(SHARE)]
    judged[shares] = judged[shares].fillna(0.0)
    ordered = table[["case", "lesion"]].merge(
        judged, on=["case", "lesion"], how="left", validate="one_to_one"
    )
    return ordered[judged.columns]


def crossvalidate_cases(recipe: Recipe, cases: Sequence[Case], *, n: int = 5, seed: int = 0) -> pd.DataFrame:
    """The same in memory, for notebooks and tests: cases in, judged lesions out."""
    import pandas as pd

    judge, finder, tables = tabular_judge(recipe), recipe.find.fit((), seed=seed), []
    for case in cases:
        looked = with_truth(examine(recipe, finder, case), recipe.task)
        measured = judge.measure(looked.case, looked.lesions).table
        tables.append(measured.assign(case=case.id, person=case.person))
        case.release()
    table = pd.concat([rows for rows in tables if len(rows)] or tables[:1], ignore_index=True)
    return crossvalidate(recipe, table, make_folds(table, n=n, seed=seed), Plan(seed=seed))


def _require_folds(table: pd.DataFrame, folds: Mapping[str, int]) -> None:
    """Everyone who could teach must be in a fold: else a model would judge people that it was fitted on."""
    known = set(table.loc[table["truth"].notna(), "person"])
    left = sorted(known - set(folds))
    if left:
        raise DataError(
            f"{len(left)} people with known truth are in no fold, such as {left[0]}. Make the folds again."
        )


def score_fold(judge: Tabular, table: pd.DataFrame, fold: int, *, seed: int) -> pd.DataFrame:
    """Fit on every other fold, judge this one. Raises `DataError` if a person is on both sides."""
    return judged_columns(fit_fold(judge, table, fold, seed=seed), table[table["fold"] == fold])


def fit_fold(judge: Tabular, table: pd.DataFrame, fold: int, *, seed: int) -> TabularScorer:
    """Fit on every fold but this one. Raises `DataError` if a person is on both sides."""
    train, test = table[table["fold"] != fold], table[table["fold"] == fold]
    shared = sorted(set(train["person"]) & set(test["person"]))
    if shared:
        raise DataError(
            f"{len(shared)} people are in both parts of fold {fold}, like {shared[0]}. Folds are by person."
        )
    return judge.fit_table(train, seed=seed)


def judged_columns(scorer: TabularScorer, table: pd.DataFrame) -> pd.DataFrame:
    """Identity, truth, score, call and contributions of each lesion, without the features."""
    import pandas as pd

    kept = [name for name in IDENTITY if name in table]
    scored = scorer.score_table(table)[[*kept, "score", "found"]].assign(threshold=scorer.threshold)
    return pd.concat([scored, scorer.contributions(table).add_prefix(SHARE)], axis=1)


def scores(judged: pd.DataFrame) -> pd.DataFrame:
    """The judged lesions without their contributions."""
    return judged[[name for name in judged if not name.startswith(SHARE)]]


def contributions(judged: pd.DataFrame) -> pd.DataFrame:
    """What each feature added to each lesion's log-odds: `case`, `lesion` and one column a feature."""
    shares = [name for name in judged if name.startswith(SHARE)]
    return judged[["case", "lesion", *shares]].rename(columns=lambda name: name.removeprefix(SHARE))


def tabular_judge(recipe: Recipe) -> Tabular:
    """The judge of a recipe if it learns from lesion tables; `UsageError` otherwise."""
    if not isinstance(recipe.judge, Tabular):
        raise UsageError(
            f"{recipe.name} does not learn from a lesion table, so it cannot be trained or cross-validated. "
            "`radiorim list` says which recipes learn."
        )
    return recipe.judge


def _require_each_once(table: pd.DataFrame) -> None:
    twice = table[table.duplicated(["case", "lesion"])]
    if len(twice):
        row = twice.iloc[0]
        raise DataError(f"lesion {row.lesion} of {row.case} has more than one row. Keep one of them.")


def _fold(judge: Tabular, table: pd.DataFrame, fold: int, plan: Plan, key: str) -> pd.DataFrame:
    if plan.folder is None:
        return score_fold(judge, table, fold, seed=plan.seed)
    path = plan.folder / f"fold-{fold}-{key}.tsv"
    if not path.exists():
        write_table(score_fold(judge, table, fold, seed=plan.seed), path)
    return read_table(path)


def fold_key(recipe: Recipe, table: pd.DataFrame, seed: int) -> str:
    """What the folds' results depend on: the recipe, the seed, the version and every value of the table."""
    import pandas as pd

    rows = np.ascontiguousarray(pd.util.hash_pandas_object(table, index=False).to_numpy())
    words = f"{__version__} {recipe.digest} {seed} {' '.join(table.columns)}"
    return hashlib.sha256(rows.tobytes() + words.encode()).hexdigest()[:12]
