"""Recipes that learn from images: fitted on prepared cases, fold by fold, where others need a table only."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from radiorim.case import Case
from radiorim.classic.nothing import Nothing
from radiorim.classic.tabular import Tabular
from radiorim.dl.loop import Run
from radiorim.errors import UsageError
from radiorim.io.files import read_json
from radiorim.lesions import Lesions
from radiorim.model import Examination, Model, find_and_tidy, fit_judge, with_truth
from radiorim.recipe import Recipe
from radiorim.runs.fingerprint import truth_digest
from radiorim.runs.stage import load_examination, write_examination

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "apply_model",
    "fit_on_cases",
    "front",
    "learns_from_images",
    "require_learns",
    "score_cases",
    "staged_folder",
    "staged_keys",
    "staged_root",
]

JUDGED = ("case", "person", "lesion", "volume_mm3", "x_mm", "y_mm", "z_mm", "truth")


def learns_from_images(recipe: Recipe) -> bool:
    """Whether fitting needs the cases themselves and not only a table of their lesions."""
    return recipe.learns_to_find or not (recipe.judge is None or isinstance(recipe.judge, Tabular))


def require_learns(recipe: Recipe) -> None:
    """Raise `UsageError` for a recipe that has nothing to fit."""
    if not recipe.learns:
        raise UsageError(
            f"{recipe.name} learns nothing, so it cannot be trained or cross-validated. "
            "`radiorim list` says which recipes learn."
        )


def front(recipe: Recipe) -> Recipe:
    """The part of a recipe that learns nothing, which every fold shares: up to `tidy`, or to `prepare`."""
    if not recipe.learns_to_find:
        return recipe
    if recipe.judge is not None:
        raise UsageError(
            f"{recipe.name} has a judge behind a finder that learns. Such a judge needs candidates from "
            "finders that have not seen the person, which is not built yet."
        )
    return replace(recipe, find=Nothing(), tidy=())


def staged_root(recipe: Recipe, work: Path) -> Path:
    """Where the part of `front` is staged: apart from the candidates if each fold has its own."""
    return work / "prepared" if recipe.learns_to_find else work


def staged_folder(recipe: Recipe, work: Path, case: Case) -> Path:
    """The same for one case."""
    return staged_root(recipe, work) / case.id


def staged_keys(recipe: Recipe, work: Path, cases: Sequence[Case]) -> list[str]:
    """What the staged cases depend on, in their order: their files, truth, recipe and version."""
    return [read_json(staged_folder(recipe, work, case) / "stage.json")["key"] for case in cases]


def fit_on_cases(recipe: Recipe, cases: Sequence[Case], work: Path, *, seed: int, run: Run = Run()) -> Model:
    """The recipe fitted on staged cases with truth; `work` holds what `stage` left of `front(recipe)`.

    With a `run` that has a folder an interrupted training goes on from its last epoch.
    """
    looked = list(_examined(recipe, cases, work))
    if recipe.learns_to_find:
        return Model(recipe, recipe.find.fit([one.case for one in looked], seed=seed, run=run))
    examples = [(one.case, one.lesions) for one in looked]
    scorer = fit_judge(recipe, examples, seed=seed, run=run)
    return Model(recipe, recipe.find.fit((), seed=seed), scorer)


def apply_model(model: Model, case: Case, work: Path) -> Examination:
    """A staged case judged by a model. Candidates of a learned finder are kept as if they had been staged."""
    recipe = model.recipe
    looked = next(_examined(recipe, [case], work))
    if recipe.learns_to_find:
        looked = with_truth(find_and_tidy(recipe, model.finder, looked.case), recipe.task)
    judged = Examination(looked.case, model.judge(looked), looked.skipped)
    if recipe.learns_to_find:
        write_examination(judged, work / case.id, _found_key(judged.lesions, case))
    case.release()
    return judged


def score_cases(model: Model, cases: Sequence[Case], work: Path) -> pd.DataFrame:
    """One row for each lesion of staged cases: identity, `truth`, `score`, `found` and `threshold`."""
    import pandas as pd

    tables = []
    for case in cases:
        table = apply_model(model, case, work).lesions.table.assign(case=case.id, person=case.person)
        kept = [name for name in (*JUDGED, "score", "found") if name in table]
        tables.append(table[kept].assign(threshold=_threshold(model)))
    return pd.concat([table for table in tables if len(table)] or tables[:1], ignore_index=True)


def _examined(recipe: Recipe, cases: Sequence[Case], work: Path) -> Iterator[Examination]:
    for case in cases:
        yield load_examination(front(recipe), case, staged_folder(recipe, work, case))


def _found_key(found: Lesions, case: Case) -> str:
    """Changes with the candidates and with the truth that they are matched with."""
    words = found.table.to_csv(index=False) + truth_digest(case)
    return hashlib.sha256(words.encode() + found.labels.data.tobytes()).hexdigest()[:16]


def _threshold(model: Model) -> Any:
    learned = model.finder if model.scorer is None else model.scorer
    return getattr(learned, "threshold", float("nan"))
