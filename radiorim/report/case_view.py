"""A case report as its sections look at it: the table in reading order, what was called, pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from radiorim.recipe import Recipe
from radiorim.report.slices import Scene, scene
from radiorim.report.words import plural, volume

if TYPE_CHECKING:
    import pandas as pd

    from radiorim.report.page import CaseReport

__all__ = ["CaseView", "answer", "called", "called_word", "case_view", "in_reading_order"]


@dataclass(frozen=True, eq=False)
class CaseView:
    """The report, its table (called lesions first, then by score), and the pictures' common ground."""

    report: CaseReport
    table: pd.DataFrame
    scene: Scene

    @property
    def found(self) -> pd.DataFrame:
        """The rows that were called."""
        return self.table[self.table["found"]]

    @property
    def word(self) -> str:
        """What a called lesion is called: new, vanished or rim-positive."""
        return called_word(self.report.recipe)


def case_view(report: CaseReport) -> CaseView:
    """Bring images to one orientation and the table to reading order."""
    shown = scene(report.case, report.lesions, report.recipe.task)
    return CaseView(report, in_reading_order(report.lesions.table), shown)


def called(table: pd.DataFrame) -> pd.Series:
    """Whether each row was called; without a column `found` every candidate is the answer."""
    if "found" not in table:
        return table.index.to_series().notna()
    return table["found"].fillna(value=False).astype(bool)


def in_reading_order(table: pd.DataFrame) -> pd.DataFrame:
    """Called rows first; within them by score, peak and volume, the highest first, unknown last."""
    table = table.assign(found=called(table))
    if "score" not in table:
        table = table.assign(score=float("nan"))
    keys = [key for key in ("found", "score", "peak_sd", "volume_mm3") if key in table]
    return table.sort_values(keys, ascending=False, na_position="last", kind="stable").reset_index(drop=True)


def called_word(recipe: Recipe) -> str:
    """`rim-positive` for the rim task; else what `find` looks for: `new` (the default) or `vanished`."""
    return "rim-positive" if recipe.task == "rim" else str(getattr(recipe.find, "sign", "new"))


def answer(view: CaseView) -> str:
    """The result in one sentence."""
    n, looked_at = len(view.found), len(view.table)
    if not looked_at:
        return (
            "There was no lesion to call." if _given(view) else "No candidate was found, so none was called."
        )
    total = volume(float(view.found["volume_mm3"].sum())) + (" together" if n > 1 else "")
    if _given(view):
        among = plural(looked_at, "given lesion")
        return f"{n} of {among} called {view.word}, {total}." if n else f"None of {among} called {view.word}."
    looked = f"; {plural(looked_at, 'candidate')} looked at."
    return f"{plural(n, 'lesion')} called {view.word}".capitalize() + (f", {total}" if n else "") + looked


def _given(view: CaseView) -> bool:
    """Whether lesions are given and not found, as rim systems have it."""
    return view.report.recipe.task == "rim"
