"""The pieces of a benchmark that run anywhere: one case of one recipe, one fold of one recipe.

Each leaves what it made in files that appear whole or not at all, and gives back only why it failed. So a
piece that was done is not done again, whoever did it: this process, another one, a worker that died since.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from radiorim.case import Case
from radiorim.classic.tabular import TabularScorer
from radiorim.errors import RadiorimError
from radiorim.io.files import read_json, write_json
from radiorim.io.tables import read_table, write_table
from radiorim.recipe import Recipe
from radiorim.runs.cost import watched
from radiorim.runs.crossvalidation import fit_fold, fold_key, judged_columns, scores, tabular_judge
from radiorim.runs.imagefolds import ImageFold
from radiorim.runs.learners import front, staged_folder
from radiorim.runs.pairs import PAIR_RECORD, shared_pairs
from radiorim.runs.protocol import case_matches
from radiorim.runs.stage import stage_case

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FoldWork", "case_cost", "do_case", "do_fold", "fold_results"]

COST = "cost.json"


def do_case(recipe: Recipe, case: Case, work: Path) -> str:
    """Stage one case and match it with its truth; the reason if it failed, else an empty text.

    Recipes that register pairs alike share them, in `prepared` beside their own folders. Of a recipe with a
    learned finder the candidates come with the folds, and so do their matches.
    """
    folder = staged_folder(recipe, work, case)
    try:
        pair = None
        for shared in shared_pairs(recipe, case, work.parent / "prepared"):
            _paid(shared.make, shared.folder / PAIR_RECORD)
            pair = shared.folder
        _paid(partial(stage_case, front(recipe), case, folder, pair=pair), folder / "stage.json")
        if not recipe.learns_to_find:
            case_matches(case, folder)
    except Exception as error:
        return _reason(error)
    finally:
        case.release()
    return ""


def case_cost(folder: Path) -> dict[str, float | None]:
    """Seconds and peak memory of a staged case, its preparation by whichever recipe came first included.

    Unknown if the run was cut off at that very moment.
    """
    paths, pair = [folder / COST], read_json(folder / "stage.json")["pair"]
    while pair is not None:
        folder = folder / pair
        paths.append(folder / COST)
        pair = read_json(folder / PAIR_RECORD)["before"]
    if not all(path.exists() for path in paths):
        return {"seconds": None, "peak_mib": None}
    parts = [read_json(path) for path in paths]
    peaks = [part["peak_mib"] for part in parts if part["peak_mib"] is not None]
    return {"seconds": sum(part["seconds"] for part in parts), "peak_mib": max(peaks, default=None)}


@dataclass(frozen=True, eq=False)
class FoldWork:
    """One fold of one recipe: `table` holds every measured lesion with its `fold`."""

    recipe: Recipe
    table: pd.DataFrame
    fold: int
    seed: int
    folder: Path

    @property
    def path(self) -> Path:
        """Where its scores are kept: the name holds the recipe, the seed and every value of the table."""
        return self.folder / f"fold-{self.fold}-{fold_key(self.recipe, self.table, self.seed)}.tsv"

    @property
    def done(self) -> bool:
        """Whether the scores are there."""
        return self.path.exists()

    def fit(self) -> TabularScorer:
        """The judge fitted on the rows of everyone outside this fold."""
        return fit_fold(tabular_judge(self.recipe), self.table, self.fold, seed=self.seed)

    def score(self, scorer: TabularScorer) -> pd.DataFrame:
        """The lesions of this fold, judged."""
        return scores(judged_columns(scorer, self.table[self.table["fold"] == self.fold]))

    def keep(self, judged: pd.DataFrame) -> None:
        """Write the scores."""
        write_table(judged, self.path)


def do_fold(work: FoldWork | ImageFold) -> str:
    """Fit on the other folds and score this one, unless that was done; the reason if it failed."""
    try:
        path = work.path
        if work.done:
            return ""
        with watched() as train:
            learned = work.fit()
        with watched() as predict:
            judged = work.score(learned)
    except Exception as error:
        return _reason(error)
    peaks = [cost.peak_mib for cost in (train, predict) if cost.peak_mib is not None]
    cost = {
        "train_seconds": train.seconds,
        "predict_seconds": predict.seconds,
        "peak_mib": max(peaks, default=None),
        "parameters": learned.parameters,
    }
    write_json(path.with_suffix(".json"), cost)
    work.keep(judged)
    return ""


def fold_results(work: FoldWork | ImageFold) -> tuple[pd.DataFrame, Mapping[str, Any]]:
    """The scores of a finished fold and what they cost."""
    return read_table(work.path), read_json(work.path.with_suffix(".json"))


def _paid(work: Callable[[], Path], record: Path) -> None:
    """Do a piece of work; if it wrote its record anew, what it cost stands beside that."""
    before = record.stat().st_mtime_ns if record.exists() else None
    with watched() as cost:
        work()
    if record.stat().st_mtime_ns != before:
        write_json(record.parent / COST, {"seconds": cost.seconds, "peak_mib": cost.peak_mib})


def _reason(error: Exception) -> str:
    """Why a piece failed. One recipe that breaks must not take the others with it, bug or not."""
    if isinstance(error, RadiorimError):
        return str(error)
    return f"{type(error).__name__}: {error} (not foreseen: please report it)"
