"""What every recipe of a comparison shares: the true lesions, the folds, and which find is which truth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from radiorim.case import Case
from radiorim.errors import DataError
from radiorim.io import nifti
from radiorim.io.files import read_json
from radiorim.io.tables import read_table, write_table
from radiorim.metrics.matching import match_labels
from radiorim.metrics.truth import answers
from radiorim.prepare.resample import labels_to
from radiorim.runs.folds import COUNT_EDGES, PRESENCE_EDGES, balanced_folds, load_folds

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "CONTROLS",
    "case_matches",
    "common_lesions",
    "folds_of",
    "matched",
    "shared_folds",
    "true_lesions",
]

CONTROLS = ("size-only", "mask-only", "flair-only")
"""The recipes that stand in every rim board: what a system adds to them is what it has learned."""

TRUE = ("case", "person", "true_lesion", "truth", "true_mm3")


def true_lesions(cases: Sequence[Case], task: str) -> pd.DataFrame:
    """One row for each true lesion: case, person, true_lesion, truth (1, 0, or NaN: not known), true_mm3.

    For rim the truth is whether it has a rim, for new-lesion whether it is new. Raises `DataError` for a case
    without truth: nothing could be said about it.
    """
    import pandas as pd

    unknown = [case.id for case in cases if case.truth is None]
    if unknown or not cases:
        raise DataError(
            f"{len(unknown)} of {len(cases)} cases have no truth, like {unknown[0]}. A comparison needs "
            "derivatives/truth for every case."
            if unknown
            else "the data set holds no case that could be compared on."
        )
    tables = []
    for case in cases:
        table = case.truth().table
        tables.append(
            pd.DataFrame(
                {
                    "case": case.id,
                    "person": case.person,
                    "true_lesion": table["lesion"].to_numpy(int),
                    "truth": _truth(table, task),
                    "true_mm3": table["volume_mm3"].to_numpy(float),
                }
            )
        )
        case.release()
    return pd.concat(tables, ignore_index=True)[list(TRUE)]


def shared_folds(
    true: pd.DataFrame, people: Iterable[str], task: str, *, n: int, seed: int
) -> dict[str, int]:
    """Folds for everyone, also without a lesion: by rim counts for rim, by presence for new lesions."""
    import pandas as pd

    names = sorted(set(map(str, people)))
    known = true[true["truth"].notna()]
    grouped = known.groupby("person")["truth"]
    counts = pd.DataFrame({"positives": grouped.sum(), "lesions": grouped.size()})
    counts = counts.reindex(names, fill_value=0).rename_axis("person").reset_index()
    edges = COUNT_EDGES if task == "rim" else PRESENCE_EDGES
    return balanced_folds(counts.astype({"positives": int, "lesions": int}), n=n, seed=seed, edges=edges)


def folds_of(path: Path, true: pd.DataFrame, people: Iterable[str]) -> dict[str, int]:
    """The folds of a file; raises `DataError` unless they hold everyone and each a positive lesion."""
    folds, everyone = load_folds(path), sorted(set(map(str, people)))
    missing = [person for person in everyone if person not in folds]
    if missing:
        raise DataError(
            f"{len(missing)} of {len(everyone)} people are in no fold of {path}, like {missing[0]}. "
            "Make the folds of this data set, or leave these people out of it."
        )
    bearing = set(true.loc[true["truth"] == 1, "person"].map(folds))
    for number in sorted(set(folds.values())):
        if number not in bearing:
            raise DataError(
                f"fold {number} of {path} holds no positive lesion of this data set, so nothing could be "
                "said of it. Use fewer folds, or leave out --folds to have them made."
            )
    return {person: folds[person] for person in everyone}


def case_matches(case: Case, folder: Path) -> pd.DataFrame:
    """Which found lesion of a staged case shares voxels with which true one, on the scan's own grid.

    The columns of `match_labels`, with `partner` the true lesion and the case in front. Kept in the folder
    until the case is staged anew.
    """
    path = folder / f"matches-{read_json(folder / 'stage.json')['key']}.tsv"
    if not path.exists():
        found, truth = nifti.load_labels(folder / "native.nii.gz"), case.truth()
        if not truth.labels.same_grid(found):
            truth = labels_to(truth, found)
        pairs = match_labels(truth.labels.data, found.data)
        pairs.insert(0, "case", case.id)
        write_table(pairs, path)
    return read_table(path)


def matched(true: pd.DataFrame, judged: pd.DataFrame, matches: pd.DataFrame) -> pd.DataFrame:
    """Each true lesion of known truth with the scored lesion that shares most voxels with it.

    The columns of `true` and of `judged` (lesion, score, found, threshold, fold). A true lesion that no
    scored lesion meets has no row; one scored lesion may stand for several true ones.
    """
    order = ["case", "partner", "overlap_voxels", "lesion"]
    best = matches.sort_values(order, ascending=[True, True, False, True]).drop_duplicates(order[:2])
    best = best[["case", "partner", "lesion"]].rename(columns={"partner": "true_lesion"})
    columns = [name for name in ("score", "found", "threshold", "fold", "volume_mm3") if name in judged]
    known = true[true["truth"].notna()]
    joined = known.merge(best, on=["case", "true_lesion"]).merge(
        judged[["case", "lesion", *columns]], on=["case", "lesion"]
    )
    return joined.sort_values(["case", "true_lesion"], ignore_index=True)


def common_lesions(boards: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The same rows for every recipe: only the true lesions that all of them have scored, in one order."""
    keys = [board.set_index(["case", "true_lesion"]).index for board in boards.values()]
    shared = keys[0]
    for key in keys[1:]:
        shared = shared[shared.isin(key)]
    return {
        name: board[key.isin(shared)].reset_index(drop=True)
        for (name, board), key in zip(boards.items(), keys, strict=True)
    }


def _truth(table: pd.DataFrame, task: str) -> np.ndarray:
    """1, 0 or NaN for each true lesion; a rim marked `ambiguous` is not known, here as in training."""
    if task == "rim":
        rim = answers(table, "rim").to_numpy(float) if "rim" in table else np.full(len(table), np.nan)
        return np.where(table["ambiguous"] == 1, np.nan, rim) if "ambiguous" in table else rim
    return (table["status"] == "new").to_numpy(float) if "status" in table else np.ones(len(table))
