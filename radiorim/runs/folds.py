"""Folds by person: nobody is on both sides."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from radiorim.errors import DataError, UsageError
from radiorim.io.files import read_json, write_json

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["load_folds", "make_folds", "save_folds"]


def make_folds(table: pd.DataFrame, *, n: int, seed: int) -> dict[str, int]:
    """Person -> fold 0..n-1, balanced in lesions and positives (scikit-learn's StratifiedGroupKFold).

    `table` has the columns `person` and `truth`. Raises `DataError` if a fold would hold no positive lesion:
    nothing could be said about it.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    if n < 2:
        raise UsageError(f"cross-validation needs at least 2 folds, not {n}.")
    known = table[table["truth"].notna()].sort_values(["person", "truth"], kind="stable")
    truth, persons = known["truth"].to_numpy(int), known["person"].to_numpy()
    bearers = len(set(persons[truth == 1]))
    if bearers < n:
        raise DataError(
            f"{n} folds need at least {n} people with a positive lesion, but only {bearers} of "
            f"{len(set(persons))} have one. Use --crossvalidate {max(bearers, 2)} or add people."
        )
    splits = StratifiedGroupKFold(n, shuffle=True, random_state=seed).split(persons, truth, persons)
    folds = {}
    for number, (_, test) in enumerate(splits):
        if not truth[test].any():
            raise DataError(
                f"fold {number} of {n} holds no positive lesion. Use fewer folds or another --seed."
            )
        folds |= {str(person): number for person in sorted(set(persons[test]))}
    return dict(sorted(folds.items()))


def save_folds(folds: Mapping[str, int], path: Path) -> Path:
    """Write the folds as JSON with a hash, so that every recipe can be given the same ones."""
    return write_json(path, {"sha256": _hash(folds), "folds": dict(folds)})


def load_folds(path: Path) -> dict[str, int]:
    """Read what `save_folds` wrote; raises `DataError` if it was edited."""
    content = read_json(path)
    folds = content.get("folds") if isinstance(content, dict) else None
    if not isinstance(folds, dict) or _hash(folds) != content.get("sha256"):
        raise DataError(f"{path} is not a fold file of radiorim, or was edited. Make it again.")
    return folds


def _hash(folds: Mapping[str, int]) -> str:
    return hashlib.sha256(json.dumps(dict(folds), sort_keys=True).encode()).hexdigest()
