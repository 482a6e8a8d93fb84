"""The true lesions of a session, from `derivatives/truth`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from radiorim.errors import DataError
from radiorim.io.entities import BidsFile
from radiorim.io.nifti import load_labels, load_mask
from radiorim.io.tables import read_table, table_path
from radiorim.lesions import GEOMETRY, Lesions

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TRUTH_CONNECTIVITY", "is_lesion_label", "numbered_truth", "truth_of"]

TRUTH_CONNECTIVITY = 6
"""How a mask of new lesions without numbers is split: as the MSSEG-2 judge (animaSegPerfAnalyzer) does."""


def is_lesion_label(file: BidsFile) -> bool:
    """Whether the file's `label-` says lesion: `L` in BIDS, `lesion` in the wild."""
    return file.entities.get("label", "").lower() in ("l", "lesion", "lesions")


def truth_of(files: Sequence[BidsFile]) -> Callable[[], Lesions] | None:
    """What reads the true lesions when called: numbered lesions with a table, else a mask of the new ones.

    None if there is neither. Rater masks are no truth. Two truths in one folder raise `DataError` when asked.
    """
    numbered = [
        f
        for f in files
        if f.suffix == "dseg"
        and (f.entities.get("desc") == "lesions" or (is_lesion_label(f) and "desc" not in f.entities))
    ]
    new = [f for f in files if f.suffix == "mask" and f.entities.get("desc") == "new" and is_lesion_label(f)]
    for found, read in ((numbered, numbered_truth), (new, _new_only)):
        if len(found) > 1:
            names = " and ".join(f.path.name for f in found)
            return partial(_refuse, f"{found[0].path.parent} holds more than one truth: {names}. Keep one.")
        if found:
            return partial(read, found[0].path)
    return None


def numbered_truth(path: Path) -> Lesions:
    """The lesions of a label map with the columns of the `.tsv` beside it (`lesion` or `index`, then any).

    Rows of lesions without a voxel (vanished ones) are left out. Raises `DataError` if the table is missing,
    names a lesion twice, lacks one that the map has, or has neither `status` nor `rim`.
    """
    labels = load_labels(path)
    rows = _rows(table_path(path))
    lesions = Lesions.from_labels(labels)
    absent = sorted(set(lesions.numbers) - set(rows.index))
    if absent:
        raise DataError(
            f"{table_path(path)} has no row for lesion {absent[0]} of {path.name}. "
            "Add it, or clear its voxels."
        )
    return lesions.with_columns(rows)


def _rows(path: Path) -> pd.DataFrame:
    table = read_table(path)
    key = next((name for name in ("lesion", "index") if name in table.columns), None)
    if key is None or not {"status", "rim"} & set(table.columns):
        raise DataError(f"{path} needs a column lesion (or index), and status or rim, to say what is true.")
    if len(table) and (table[key].dtype.kind != "i" or table[key].duplicated().any()):
        raise DataError(f"{path}: the column {key} must hold each lesion's whole number once.")
    rows = table.set_index(key)
    return rows.drop(columns=[name for name in (*GEOMETRY, "index", "name") if name in rows.columns])


def _refuse(problem: str) -> Lesions:
    raise DataError(problem)


def _new_only(path: Path) -> Lesions:
    return Lesions.from_mask(load_mask(path), connectivity=TRUTH_CONNECTIVITY).with_columns(status="new")
