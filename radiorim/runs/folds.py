"""Folds by person: nobody is on both sides, and every fold is like the others."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from radiorim.errors import DataError, UsageError
from radiorim.io.files import read_json, write_json
from radiorim.metrics.truth import answers

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COUNT_EDGES", "PRESENCE_EDGES", "balanced_folds", "load_folds", "make_folds", "save_folds"]

COUNT_EDGES = (1, 4, 8)
"""Positive lesions of a person in the bins 0, 1-3, 4-7 and > 7."""

PRESENCE_EDGES = (1,)
"""A person without or with any positive lesion."""


def make_folds(table: pd.DataFrame, *, n: int, seed: int) -> dict[str, int]:
    """Person -> fold 0..n-1 by `balanced_folds`, from a lesion table with the columns `person` and `truth`.

    Lesions whose truth is not known do not count. Raises `DataError` if a fold would hold no positive lesion:
    nothing could be said about it.
    """
    known = table.assign(truth=answers(table, "truth")).dropna(subset="truth")
    grouped = known.astype({"truth": int}).groupby("person")["truth"]
    people = grouped.agg(positives="sum", lesions="size").reset_index()
    return balanced_folds(people, n=n, seed=seed)


def balanced_folds(
    people: pd.DataFrame, *, n: int, seed: int, edges: Sequence[int] = COUNT_EDGES
) -> dict[str, int]:
    """Person -> fold, stratified and greedily balanced; the same people and seed give the same folds.

    `people` has one row for each person: `person`, `positives`, `lesions`. Strata are the bin of positives
    (`edges`, the most first) and within it the tertile of lesions. In an order drawn within each stratum,
    each person goes to the fold with the fewest people of that bin, then of that stratum, then with the
    fewest positives, lesions and people. If n people have a positive lesion, every fold holds one.
    """
    _check(people, n)
    # Sorted first, so that the order of the rows does not matter.
    people = people.assign(person=people["person"].astype(str)).sort_values("person", ignore_index=True)
    positives, lesions = (people[name].to_numpy(int) for name in ("positives", "lesions"))
    level = np.digitize(positives, edges)
    load = np.digitize(lesions, np.quantile(lesions, [1 / 3, 2 / 3]))
    drawn = np.random.default_rng(seed).permutation(len(people))
    order = drawn[np.lexsort((-load[drawn], -level[drawn]))]
    fold = np.full(len(people), -1)
    for person in order:
        alike = level == level[person]
        same = alike & (load == load[person])
        weights = (alike, same, positives, lesions, np.ones(len(people)))
        sums = [tuple(float(weight[fold == number].sum()) for weight in weights) for number in range(n)]
        fold[person] = min(range(n), key=sums.__getitem__)
    return dict(zip(people["person"], fold.tolist(), strict=True))


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


def _check(people: pd.DataFrame, n: int) -> None:
    if n < 2:
        raise UsageError(f"cross-validation needs at least 2 folds, not {n}.")
    bearers = int((people["positives"] > 0).sum())
    if bearers < n:
        advice = f"Use {bearers} folds or add people." if bearers > 1 else "Add people who have one."
        raise DataError(
            f"{n} folds need at least {n} people with a positive lesion, but only {bearers} of {len(people)} "
            f"have one, so a fold would hold no positive lesion and nothing could be said of it. {advice}"
        )


def _hash(folds: Mapping[str, int]) -> str:
    return hashlib.sha256(json.dumps(dict(folds), sort_keys=True).encode()).hexdigest()
