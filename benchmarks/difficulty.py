"""How hard the phantom is: figures of simple recipes at each level of difficulty, folds by person.

    python benchmarks/difficulty.py WORK --people 60 --out results/difficulty.tsv

Rims: `rim-radiomics-boost` and its controls `size-only` and `flair-only` at the three levels and, at medium,
where sizes are matched. ROC-AUC and F1 are out of fold, over lesions that are a clear case. New
lesions are compared by `radiorim benchmark` itself: `benchmarks/boards.sh`.

Everyone is made and measured once: what is in WORK is read again, so that a run goes on where it stopped. It
knows the parameters but not the code that they are for: after a change there, take another folder.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pandas as pd

from radiorim import recipes
from radiorim.case import Case
from radiorim.io import nifti
from radiorim.io.files import write_json
from radiorim.io.tables import read_table, write_table
from radiorim.phantom import Params, cohort
from radiorim.phantom.parameters import DIFFICULTIES
from radiorim.recipe import Recipe
from radiorim.runs.classification import recipe_columns
from radiorim.runs.crossvalidation import Plan, crossvalidate
from radiorim.runs.evaluation import evaluate_scores
from radiorim.runs.folds import make_folds
from radiorim.runs.masks import true_mask
from radiorim.runs.stage import stage_case

RIM_RECIPES = ("rim-radiomics-boost", "size-only", "flair-only")
"""The first one is staged; the others use some of its features."""

FOLDS, RESAMPLES = 5, 500


@dataclass(frozen=True)
class Setting:
    """One cohort: the level, whether sizes are matched, voxels and people."""

    level: str
    matched: bool
    spacing_mm: float
    people: int

    @property
    def params(self) -> Params:
        """Those of its people; T1w is left out."""
        scans = ("flair", "chi")
        return replace(
            Params(spacing_mm=self.spacing_mm, size_matched=self.matched, contrasts=scans).at(self.level)
        )

    @property
    def facts(self) -> dict[str, object]:
        """The first columns of the table."""
        name = self.level + (", sizes matched" if self.matched else "")
        return {"level": name, "spacing_mm": self.spacing_mm, "people": self.people}

    def folder(self, work: Path, recipe: Recipe) -> Path:
        """Where its people are kept, told apart by everything that they depend on."""
        key = hashlib.sha256(f"{recipe.digest} {sorted(asdict(self.params).items())}".encode()).hexdigest()
        name = f"{recipe.name}-{self.level}{'-matched' * self.matched}-{self.spacing_mm}"
        return work / f"{name}-{key[:10]}"


@dataclass(frozen=True, eq=False)
class Measured:
    """Measured lesions of everyone, the true ones, and the folder that holds their masks."""

    found: pd.DataFrame
    true: pd.DataFrame
    cases: list[Case]
    folder: Path


def measured(setting: Setting, recipe: Recipe, work: Path) -> Measured:
    """Everyone of a cohort, prepared and measured by the recipe's own blocks."""
    folder = setting.folder(work, recipe)
    cases = cohort(setting.people, params=setting.params)
    tables = [keep(case, recipe, folder / case.id) for case in cases]
    found, true = (
        pd.concat([t for t in part if len(t)], ignore_index=True) for part in zip(*tables, strict=True)
    )
    return Measured(found, true, cases, folder)


def keep(case: Case, recipe: Recipe, folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Stage one case unless that was done; its measured and its true lesions."""
    if not (folder / "done.json").exists():
        true = case.truth()
        stage_case(recipe, case, folder)
        nifti.save(true_mask(true, recipe.task), folder / "true.nii.gz")
        write_table(true.table.assign(case=case.id, person=case.person), folder / "true.tsv")
        case.release()
        write_json(folder / "done.json", {})
    return read_table(folder / "lesions.tsv"), read_table(folder / "true.tsv")


def rim_rows(setting: Setting, work: Path) -> Iterator[dict[str, object]]:
    """ROC-AUC and F1 of each rim recipe on one cohort."""
    people = measured(setting, recipes.get(RIM_RECIPES[0]), work)
    folds = make_folds(people.found, n=FOLDS, seed=0)
    counts = {
        "lesions": len(people.true),
        "rims": int(people.true["rim"].sum()),
        "ambiguous_share": round(float(people.true["ambiguous"].mean()), 3),
        "people_with_rims": int((people.true.groupby("person")["rim"].sum() > 0).sum()),
    }
    for name in RIM_RECIPES:
        recipe = recipes.get(name)
        judged = crossvalidate(recipe, recipe_columns(recipe, people.found), folds, Plan())
        figures = evaluate_scores(judged, resamples=RESAMPLES).set_index("metric")
        yield {**setting.facts, **counts, "recipe": name, **shown(figures, "roc_auc"), **shown(figures, "f1")}


def shown(figures: pd.DataFrame, metric: str) -> dict[str, float]:
    """A figure and its interval over people."""
    value, low, high = figures.loc[metric, ["value", "low", "high"]].astype(float).round(3)
    name = metric.lower()
    return {name: value, f"{name}_low": low, f"{name}_high": high}


def main() -> None:
    """Make and measure the cohorts, print and write one table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("work", type=Path)
    parser.add_argument("--people", type=int, default=60)
    parser.add_argument("--matched-people", type=int, default=None, help="as many as --people if not given")
    parser.add_argument("--spacing", type=float, default=1.0)
    parser.add_argument("--levels", nargs="+", default=list(DIFFICULTIES), choices=list(DIFFICULTIES))
    parser.add_argument("--matched", choices=("also", "only", "no"), default="also")
    parser.add_argument("--out", type=Path, default=None)
    options = parser.parse_args()
    every = [Setting(level, False, options.spacing, options.people) for level in options.levels]
    matched = [Setting("medium", True, options.spacing, options.matched_people or options.people)] * (
        options.matched != "no"
    )
    rows: list[dict[str, object]] = []
    for setting in [*every * (options.matched != "only"), *matched]:
        rows += rim_rows(setting, options.work)
    table = pd.DataFrame(rows)
    print(table.to_string(index=False))
    if options.out:
        write_table(table, options.out)


if __name__ == "__main__":
    main()
