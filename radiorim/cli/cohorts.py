"""A data set or a feature table as measured lesions, whichever the user gave."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from radiorim.case import Case
from radiorim.cli.shared import progress, say
from radiorim.errors import DataError, PartialFailure, UsageError
from radiorim.features.table import feature_columns
from radiorim.io.bids import read_dataset
from radiorim.io.files import existing
from radiorim.io.tables import read_table, write_table
from radiorim.recipe import Recipe
from radiorim.runs.classification import recipe_columns
from radiorim.runs.learners import front, learns_from_images, staged_root
from radiorim.runs.stage import stage

if TYPE_CHECKING:
    import pandas as pd


__all__ = ["Cohort", "measured_table"]

MOST_TOLD = 3
"""Failures that are told on the screen; all stand in failed.tsv."""


@dataclass(frozen=True, eq=False)
class Cohort:
    """Measured lesions; the cases behind them if they came from a data set; and who could not be used."""

    name: str
    table: pd.DataFrame
    cases: tuple[Case, ...] = ()
    failed: pd.DataFrame | None = None

    def tell_failures(self, out: Path) -> None:
        """Write `failed.tsv` and say why a case could not be used, before what follows may fail for want of
        it.
        """
        (out / "failed.tsv").unlink(missing_ok=True)
        if self.failed is not None and len(self.failed):
            write_table(self.failed, out / "failed.tsv")
            for row in self.failed[:MOST_TOLD].itertuples():
                say(f"{row.case} cannot be used: {row.reason}")

    def finish(self, out: Path) -> None:
        """Raise `PartialFailure` (exit code 5) if a case could not be used."""
        if self.failed is not None and len(self.failed):
            total = len(self.cases) + len(self.failed)
            raise PartialFailure(
                f"{len(self.cases)} of {total} cases done; {len(self.failed)} failed, see {out}/failed.tsv"
            )


def measured_table(recipe: Recipe, data: Path, work: Path, *, n_jobs: int) -> Cohort:
    """The lesions of a data set as the recipe finds and measures them, or a feature table as it is.

    Of a recipe whose finder learns, the cases are prepared and the table is empty. Raises `DataError` if no
    case can be used, `UsageError` for a table where the recipe needs images.
    """
    if existing(data).is_file():
        if learns_from_images(recipe):
            raise UsageError(
                f"{recipe.name} looks at images, so a feature table says too little. Give a BIDS data set."
            )
        return Cohort(data.name, _own_columns(recipe, read_table(data, needs=("case", "person", "lesion"))))
    with progress("cases") as tick:
        cases, root = read_dataset(data.absolute()), staged_root(recipe, work)
        staged = stage(front(recipe), cases, root, n_jobs=n_jobs, progress=tick)
    if not staged.cases:
        first = staged.failed.iloc[0]
        raise DataError(
            f"none of the {len(staged.failed)} cases in {data} can be used. {first.case}: {first.reason}"
        )
    return Cohort(data.name, staged.table, staged.cases, staged.failed)


def _own_columns(recipe: Recipe, table: pd.DataFrame) -> pd.DataFrame:
    own = recipe_columns(recipe, table)
    kept, given = len(feature_columns(own)), len(feature_columns(table))
    images = {image for block in recipe.judge.measures for image in getattr(block, "images", ())}
    missing = sorted(image for image in images if not any(name.startswith(f"{image}_") for name in own))
    if missing:
        raise DataError(
            f"the table has no feature of {' and '.join(missing)}, which {recipe.name} measures. "
            "Run `radiorim extract-features` with that image, or take a recipe that does without."
        )
    say(f"{kept} of the table's {given} features are measured by {recipe.name}; only these are used")
    return own
