"""Scores for the lesions of a cohort: by a saved model, by cross-validation, or by rules alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from radiorim.case import Case
from radiorim.dl.loop import Run
from radiorim.errors import DataError
from radiorim.features.table import feature_columns
from radiorim.io.tables import write_table
from radiorim.model import Model
from radiorim.recipe import Recipe
from radiorim.runs.crossvalidation import (
    Plan,
    contributions,
    crossvalidate,
    judged_columns,
    scores,
    tabular_judge,
)
from radiorim.runs.folds import make_folds, save_folds
from radiorim.runs.imagefolds import crossvalidate_images, image_folds
from radiorim.runs.learners import fit_on_cases, staged_keys
from radiorim.runs.protocol import shared_folds, true_lesions

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Fitting",
    "by_crossvalidation",
    "by_model",
    "fit_on_images",
    "fit_on_table",
    "images_by_crossvalidation",
    "recipe_columns",
    "require_truth",
    "trained_on",
    "write_scores",
]


def by_crossvalidation(recipe: Recipe, table: pd.DataFrame, out: Path, *, n: int, plan: Plan) -> pd.DataFrame:
    """Out-of-fold scores of a measured table; writes `folds.json`."""
    require_truth(recipe, table)
    folds = make_folds(table, n=n, seed=plan.seed)
    save_folds(folds, out / "folds.json")
    return crossvalidate(recipe, table, folds, plan)


def images_by_crossvalidation(
    recipe: Recipe, cases: Sequence[Case], out: Path, *, n: int, plan: Plan
) -> pd.DataFrame:
    """The same for a recipe that learns from images, on cases staged in `out/work`; writes `folds.json`."""
    true = true_lesions(cases, recipe.task)
    folds = shared_folds(true, [case.person for case in cases], recipe.task, n=n, seed=plan.seed)
    save_folds(folds, out / "folds.json")
    pieces = image_folds(recipe, cases, folds, (out / "work").absolute(), seed=plan.seed)
    return crossvalidate_images(pieces, n_jobs=plan.n_jobs)


def by_model(model: Model, table: pd.DataFrame) -> pd.DataFrame:
    """Scores of a measured table by a model; without a judge every candidate is found and has no score."""
    if model.scorer is None:
        return table.assign(score=np.nan, found=True, threshold=np.nan)
    return judged_columns(model.scorer, table)


def fit_on_table(recipe: Recipe, table: pd.DataFrame, *, seed: int, data: str) -> Model:
    """A model fitted on every row of a measured table whose truth is known, with its provenance."""
    require_truth(recipe, table)
    known = table[table["truth"].notna()]
    scorer = tabular_judge(recipe).fit_table(table, seed=seed)
    facts = _facts(table, known["truth"]) | {"data": data, "seed": seed}
    return Model(recipe, recipe.find.fit((), seed=seed), scorer, facts)


@dataclass(frozen=True)
class Fitting:
    """How a model of all cases is fitted: `work` holds them staged, `data` is the name of the data set.

    `progress` is told of each epoch, as `radiorim.dl.loop.Run` says.
    """

    work: Path
    seed: int
    data: str
    progress: Callable[[dict[str, float]], None] | None = None

    def run(self, recipe: Recipe, cases: Sequence[Case]) -> Run:
        """Where its networks keep their checkpoints: apart for other files, truths or people."""
        who = [[case.id, case.person] for case in cases]
        what = [recipe.digest, self.seed, who, staged_keys(recipe, self.work, cases)]
        key = hashlib.sha256(json.dumps(what).encode()).hexdigest()[:12]
        return Run(self.work / "training" / f"all-{key}", key, self.progress)


def fit_on_images(recipe: Recipe, cases: Sequence[Case], how: Fitting) -> Model:
    """A model of a recipe that learns from images, fitted on every staged case, with its provenance."""
    true = true_lesions(cases, recipe.task)
    model = fit_on_cases(recipe, cases, how.work, seed=how.seed, run=how.run(recipe, cases))
    facts = _facts(true, true["truth"].dropna()) | {"data": how.data, "seed": how.seed}
    return replace(model, provenance=facts)


def _facts(table: pd.DataFrame, truth: pd.Series) -> dict[str, Any]:
    """What a model was fitted on: how many, and fingerprints of who."""
    return {
        "cases": int(table["case"].nunique()),
        "people": int(table["person"].nunique()),
        "lesions": len(truth),
        "positive": int(truth.sum()),
        "people_sha256": sorted({_fingerprint(person) for person in table["person"]}),
    }


def trained_on(model: Model, persons: Iterable[str]) -> set[str]:
    """Those of the people whom the model has learned from: figures on them would say nothing."""
    known = set(model.provenance.get("people_sha256", ()))
    return {person for person in persons if _fingerprint(person) in known}


def recipe_columns(recipe: Recipe, table: pd.DataFrame) -> pd.DataFrame:
    """The table without features that the recipe does not measure, so that its name keeps its meaning."""
    columns = feature_columns(table)
    explained = {name for block in tabular_judge(recipe).measures for name in block.dictionary(columns)}
    return table.drop(columns=[name for name in columns if name not in explained])


def _fingerprint(person: str) -> str:
    return hashlib.sha256(str(person).encode()).hexdigest()[:16]


def require_truth(recipe: Recipe, table: pd.DataFrame) -> None:
    """Raise `DataError` unless the table says of at least one lesion what is true."""
    if "truth" not in table or table["truth"].notna().sum() == 0:
        raise DataError(
            f"{recipe.name} learns from lesions whose truth is known, but this data has none. "
            "A data set needs derivatives/truth; a feature table needs the column `truth` (1 or 0)."
        )


def write_scores(judged: pd.DataFrame, out: Path) -> None:
    """Write `scores.tsv` and, where a judge was asked, `contributions.tsv`."""
    write_table(scores(judged), out / "scores.tsv")
    shares = contributions(judged)
    (out / "contributions.tsv").unlink(missing_ok=True)
    if len(shares.columns) > 2:
        write_table(shares, out / "contributions.tsv")
