"""The called lesions as masks on each scan's own grid: written as BIDS, compared with the truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from radiorim.case import Case
from radiorim.io import nifti
from radiorim.io.derivatives import Derivative, write_derivative
from radiorim.io.files import read_json
from radiorim.io.tables import write_table
from radiorim.lesions import Lesions
from radiorim.model import native
from radiorim.recipe import Recipe
from radiorim.runs.evaluation import (
    EVALUATION_COLUMNS,
    MaskPair,
    evaluate_groups,
    evaluate_masks,
    evaluate_scores,
)
from radiorim.runs.pairs import read_pair
from radiorim.volume import Volume

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["called", "evaluate", "mask_pairs", "true_mask", "write_masks"]

CALLS = {
    "score": {"Description": "Probability given by the judge; n/a for a recipe that learns nothing"},
    "found": {"Description": "Whether the score reaches the threshold"},
    "truth": {"Description": "1 or 0 by the true lesion that it overlaps; n/a where unknown"},
    "fold": {"Description": "Fold in which the person was held out"},
    "threshold": {"Description": "Threshold chosen inside the training part"},
}


def called(case: Case, judged: pd.DataFrame, work: Path) -> Lesions:
    """The found lesions of a staged case on its own grid, with their scores.

    They come from the working grid and not from `native.nii.gz`: on a coarser grid, a candidate that was not
    found may have taken their voxels there.
    """
    rows, folder = judged[judged["case"] == case.id], work / case.id
    lesions = Lesions.from_labels(nifti.load_labels(folder / "labels.nii.gz"))
    columns = [name for name in ("score", "found", "truth", "fold", "threshold") if name in rows]
    # A lesion that has no row has no value, which must not count as found.
    found = lesions.with_columns(rows.set_index("lesion")[columns]).keep(
        lambda table: table["found"].fillna(value=False).astype(bool)
    )
    pair = read_json(folder / "stage.json")["pair"]
    return native(case if pair is None else read_pair(case, folder / pair), found)


def mask_pairs(recipe: Recipe, cases: Sequence[Case], judged: pd.DataFrame, work: Path) -> Iterator[MaskPair]:
    """True and found mask of each case that has truth, one at a time; cases without any lesion stay in."""
    for case in cases:
        if case.truth is None:
            continue
        found = called(case, judged, work).labels
        yield MaskPair(case.id, case.person, true_mask(case.truth(), recipe.task), found)
        case.release()


def true_mask(truth: Lesions, task: str) -> Volume:
    """The true lesions of the task as a mask: those with `status` new, or those with a rim."""
    column, value = ("rim", 1) if task == "rim" else ("status", "new")
    kept = truth.keep(lambda table: table[column] == value) if column in truth.table else truth
    return kept.labels.like((kept.labels.data > 0).astype(np.uint8))


def write_masks(
    derivative: Derivative, cases: Sequence[Case], judged: pd.DataFrame, provenance: Mapping[str, Any]
) -> None:
    """Write the called lesions of every staged case as a BIDS derivative, also where there are none."""
    for case in cases:
        lesions = called(case, judged, derivative.root / "work")
        write_derivative(derivative, case, lesions, provenance=provenance, columns=CALLS)


def evaluate(
    recipe: Recipe, judged: pd.DataFrame, cases: Sequence[Case], out: Path, *, seed: int
) -> pd.DataFrame:
    """Write `evaluation.tsv`, for new lesions also `cases.tsv` by MSSEG-2's rule; returns the evaluation.

    Scored lesions of known truth give classification figures; true and found masks of whole cases give
    lesion-wise ones. Without truth nothing is written and the table is empty.
    """
    import pandas as pd

    parts = []
    for name in ("evaluation.tsv", "cases.tsv"):
        (out / name).unlink(missing_ok=True)
    if "truth" in judged and judged["score"].notna().any():
        parts.append(evaluate_scores(judged, seed=seed))
    if recipe.task == "new-lesion" and any(case.truth for case in cases):
        table = evaluate_masks(mask_pairs(recipe, cases, judged, out / "work"))
        write_table(table, out / "cases.tsv")
        parts.append(evaluate_groups(table, seed=seed))
    if not parts:
        return pd.DataFrame(columns=list(EVALUATION_COLUMNS))
    evaluation = pd.concat(parts, ignore_index=True)
    write_table(evaluation, out / "evaluation.tsv")
    return evaluation
