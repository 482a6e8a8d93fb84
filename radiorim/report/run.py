"""The pages of a finished run, made from what it left on disk."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from radiorim.blocks import recipe_from_json
from radiorim.case import Case
from radiorim.errors import DataError
from radiorim.io.bids import read_dataset
from radiorim.io.tables import read_table
from radiorim.lesions import Lesions
from radiorim.recipe import Recipe
from radiorim.report.case_view import called
from radiorim.report.page import CaseReport, GroupReport, write_case_page, write_group_page
from radiorim.runs.evaluation import EVALUATION_COLUMNS
from radiorim.runs.record import read_run
from radiorim.runs.stage import load_examination

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["write_pages"]

_LOG = logging.getLogger(__name__)

JUDGED = ("score", "found", "threshold", "fold")


@dataclass(frozen=True, eq=False)
class Run:
    """A folder that `classify` made, read back."""

    out: Path
    recipe: Recipe
    provenance: dict[str, Any]
    data: Path

    @classmethod
    def read(cls, out: Path) -> Run:
        """Raises `DataError` if the folder was not made by `classify`."""
        record = read_run(out)
        if record["request"]["command"] != "classify":
            raise DataError(
                f"{out} was made by {record['request']['command']}, which writes its own report or none. "
                "Pages are made of what `radiorim classify` left."
            )
        data = Path(record["request"]["inputs"]["data"])
        return cls(out, recipe_from_json(record["recipe"]), record["provenance"], data)

    def table(self, name: str) -> pd.DataFrame | None:
        """One of its tables, or None if it was not written."""
        path = self.out / name
        return read_table(path) if path.exists() else None


def write_pages(
    out: Path, *, n_jobs: int = 1, progress: Callable[[str, int, int], None] | None = None
) -> Path:
    """Write `group.html` and a page for each case of a data set; returns the group page.

    A run on a feature table has no images and gets the group page alone. Cases whose images or staged lesions
    are gone get no page, which is logged. Raises `DataError` for a run that did not end.
    """
    from joblib import Parallel, delayed

    run = Run.read(out)
    scores = run.table("scores.tsv")
    if scores is None:
        raise DataError(
            f"{out} holds no scores.tsv: its run did not end. Run the same `radiorim classify` again."
        )
    failed = run.table("failed.tsv")
    cases = _staged(run, failed)
    shares = run.table("contributions.tsv")
    pages = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(_case_page)(run, case, _of(case, scores), _of(case, shares)) for case in cases
    )
    for done, case in enumerate(zip(cases, pages, strict=True), start=1):
        if progress:
            progress(case[0].id, done, len(cases))
    evaluation = run.table("evaluation.tsv")
    group = GroupReport(
        scores=scores,
        evaluation=_no_evaluation() if evaluation is None else evaluation,
        recipe=run.recipe,
        cases=[case.id for case in cases] or sorted(set(scores["case"])),
        pages={case.id: f"{case.id}.html" for case in cases},
        failed=failed,
        provenance=run.provenance,
    )
    return write_group_page(out / "group.html", group)


def _staged(run: Run, failed: pd.DataFrame | None) -> list[Case]:
    """The cases that this run used: a failed one may still have a stage, which an earlier run left."""
    if not run.data.exists():
        _LOG.warning("%s is gone, so there are no pages of its cases", run.data)
    cases = read_dataset(run.data) if run.data.is_dir() else []
    left_out = set() if failed is None else set(failed["case"])
    used = [case for case in cases if case.id not in left_out]
    staged = [case for case in used if (run.out / "work" / case.id / "stage.json").exists()]
    if len(staged) < len(used):
        _LOG.warning("%d of %d cases have nothing in %s/work", len(used) - len(staged), len(used), run.out)
    return staged


def _of(case: Case, table: pd.DataFrame | None) -> pd.DataFrame | None:
    """The rows of the case by lesion; a page reads no table, which holds all cases."""
    if table is None:
        return None
    return table[table["case"] == case.id].set_index("lesion").drop(columns="case")


def _case_page(run: Run, case: Case, scores: pd.DataFrame, shares: pd.DataFrame | None) -> Path:
    looked = load_examination(run.recipe, case, run.out / "work" / case.id)
    judged = looked.lesions.with_columns(scores[[name for name in JUDGED if name in scores]])
    page = CaseReport(looked.case, _called(judged), run.recipe, shares, looked.skipped, run.provenance)
    written = write_case_page(run.out / f"{case.id}.html", page)
    case.release()
    return written


def _called(lesions: Lesions) -> Lesions:
    """`found` as booleans: a table without rows has no type of its own; what was not judged is not called."""
    return lesions.with_columns(found=called(lesions.table))


def _no_evaluation() -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(columns=list(EVALUATION_COLUMNS))
