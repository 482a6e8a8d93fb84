"""The two pages that radiorim writes: one for a case, one for a group of cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from radiorim.report.case_sections import CASE_SECTIONS, case_head, case_view
from radiorim.report.group_sections import GROUP_SECTIONS, group_head, group_view
from radiorim.report.render import write_page

if TYPE_CHECKING:
    import pandas as pd

    from radiorim.case import Case
    from radiorim.lesions import Lesions
    from radiorim.recipe import Recipe

__all__ = ["CaseReport", "GroupReport", "write_case_page", "write_group_page"]


@dataclass(frozen=True, eq=False)
class CaseReport:
    """What the page of one case is made from.

    `case` is prepared: its images lie on the grid of `lesions`, whose table may hold score, found, status,
    truth, sign, too_small and features. `contributions` is indexed by lesion with one column for each feature
    (LightGBM's pred_contrib, log-odds). `skipped` are sentences.
    """

    case: Case
    lesions: Lesions
    recipe: Recipe
    contributions: pd.DataFrame | None = None
    skipped: tuple[str, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class GroupReport:
    """What the page of a group is made from.

    `scores`: a row for each lesion (case, person, lesion, volume_mm3, score, found, truth 0/1/NaN, fold).
    `evaluation`: group, metric, value, low, high, n, note. `cases` names all, also those without a lesion;
    `pages` links them; `failed` is a table of cases and reasons.
    """

    scores: pd.DataFrame
    evaluation: pd.DataFrame
    recipe: Recipe
    cases: Sequence[str]
    pages: Mapping[str, str] = field(default_factory=dict)
    failed: pd.DataFrame | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)


def write_case_page(path: Path, report: CaseReport) -> Path:
    """Write the page of one case; equal reports give equal bytes."""
    view = case_view(report)
    return write_page(path, case_head(view), CASE_SECTIONS, view)


def write_group_page(path: Path, report: GroupReport) -> Path:
    """Write the page of a group; equal reports give equal bytes."""
    view = group_view(report)
    return write_page(path, group_head(view), GROUP_SECTIONS, view)
