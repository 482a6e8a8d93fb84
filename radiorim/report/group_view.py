"""A group report as its sections look at it: scored lesions, and what happened in each case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radiorim.report.case_view import called, called_word
from radiorim.report.curves import Scored

if TYPE_CHECKING:
    import pandas as pd

    from radiorim.report.page import GroupReport

__all__ = ["GroupView", "case_counts", "group_view"]

COUNTS = (
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
    import pandas as pd

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
    """One row (`COUNTS`) for each case, also without lesions; `surprise` is the mean of |score - truth|.

    What is said against the truth is NaN where no lesion of the case has a known truth; a case without any
    row has nothing to miss that is known here. Cases that only `scores` names are added at the end.
    """
    import pandas as pd

    names = list(dict.fromkeys([*cases, *scores["case"]]))
    rows = [_counts(case, scores[scores["case"] == case]) for case in names]
    return pd.DataFrame(rows, columns=list(COUNTS))


def _counts(case: str, own: pd.DataFrame) -> dict[str, object]:
    right, known, hit = own["truth"] == 1, own["truth"].notna(), own["found"]
    against = {
        "hits": int((right & hit).sum()),
        "false_alarms": int((known & ~right & hit).sum()),
        "missed": int((right & ~hit).sum()),
        "surprise": float((own["score"] - own["truth"]).abs().mean()),
    }
    return {
        "case": case,
        "person": own["person"].iloc[0] if len(own) else "",
        "candidates": len(own),
        "called": int(hit.sum()),
        "volume_mm3": float(own["volume_mm3"][hit].sum()),
        **(against if known.any() else {}),
    }
