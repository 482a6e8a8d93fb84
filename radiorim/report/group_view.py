"""A group report as its sections look at it: scored lesions, and what happened in each case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from radiorim.report.case_view import called, called_word
from radiorim.report.curves import Scored

if TYPE_CHECKING:
    from radiorim.report.page import GroupReport

__all__ = ["GroupView", "case_counts", "group_view"]


@dataclass(frozen=True, eq=False)
class GroupView:
    """The report, its scores with every column a section asks for, and one row of counts for each case."""

    report: GroupReport
    scores: pd.DataFrame
    cases: pd.DataFrame

    @property
    def scored(self) -> Scored:
        """The lesions that have a finite score."""
        rows = self.scores[np.isfinite(self.scores["score"])]
        people = rows["person"].astype(str).to_numpy()
        return Scored(rows["truth"].to_numpy(float), rows["score"].to_numpy(float), people)

    @property
    def word(self) -> str:
        """What a called lesion is called: new, vanished or rim-positive."""
        return called_word(self.report.recipe)

    @property
    def known(self) -> bool:
        """Whether the truth is known for any lesion."""
        return bool(self.scores["truth"].notna().any())


def group_view(report: GroupReport) -> GroupView:
    """Fill in what the table of scores may lack (truth, score, found, person) as unknown."""
    scores = report.scores.reset_index(drop=True)
    if not len(scores):
        scores = scores.reindex(columns=list(dict.fromkeys([*scores.columns, "case"])))
    for name in ("score", "truth", "volume_mm3"):
        values = scores[name] if name in scores else pd.Series(np.nan, index=scores.index)
        scores = scores.assign(**{name: pd.to_numeric(values).astype(float)})
    scores = scores.assign(found=called(scores))
    if "person" not in scores:
        scores = scores.assign(person=scores["case"])
    scores = scores.astype({"case": str, "person": str})
    return GroupView(report, scores, case_counts(scores, [str(case) for case in report.cases]))


def case_counts(scores: pd.DataFrame, cases: list[str]) -> pd.DataFrame:
    """One row for each case, also without lesions: candidates, called, volume, and against the truth.

    hits, false_alarms and missed are NaN where no lesion of the case has a known truth; a case without any
    row has nothing to miss that is known here. Cases that only `scores` names are added at the end.
    """
    names = list(dict.fromkeys([*cases, *scores["case"]]))
    rows = []
    for case in names:
        own = scores[scores["case"] == case]
        right, known, hit = own["truth"] == 1, own["truth"].notna(), own["found"]
        counts = {
            "hits": int((right & hit).sum()),
            "false_alarms": int((known & ~right & hit).sum()),
            "missed": int((right & ~hit).sum()),
        }
        rows.append(
            {
                "case": case,
                "person": own["person"].iloc[0] if len(own) else "",
                "candidates": len(own),
                "called": int(hit.sum()),
                "volume_mm3": float(own["volume_mm3"][hit].sum()),
                **(counts if known.any() else dict.fromkeys(counts, np.nan)),
                "surprise": float((own["score"] - own["truth"]).abs().mean()) if known.any() else np.nan,
            }
        )
    columns = (
        "case",
        "person",
        "candidates",
        "called",
        "volume_mm3",
        "hits",
        "false_alarms",
        "missed",
        "surprise",
    )
    return pd.DataFrame(rows, columns=list(columns))
