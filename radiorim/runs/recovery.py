"""What a recipe recovered of lesions that were put into a scan: by their size, place and brightness."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from radiorim.lesions import Lesions
from radiorim.metrics.matching import match_labels

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LEAST_SHARE", "SIZES_MM3", "false_lesions", "grade", "recovered"]

SIZES_MM3 = (0.0, 30.0, 100.0, 300.0, np.inf)
"""Edges of the classes of size."""

LEAST_SHARE = 0.1
"""A lesion counts as found when at least this share of it is covered."""


def recovered(truth: Lesions, found: Lesions) -> pd.DataFrame:
    """The true lesions with `covered` (share of the lesion inside found ones) and `found`."""
    pairs = match_labels(truth.labels.data, found.labels.data)
    covered = pairs.groupby("partner")["share_of_truth"].sum()
    table = truth.table.copy()
    table["covered"] = covered.reindex(table["lesion"]).fillna(0.0).to_numpy(float)
    return table.assign(found=table["covered"] >= LEAST_SHARE)


def false_lesions(truth: Lesions, found: Lesions) -> int:
    """How many found lesions touch no true one. The second visit is a copy, so nothing else has changed."""
    touching = set(match_labels(truth.labels.data, found.labels.data)["lesion"])
    return len(set(found.numbers) - touching)


def grade(table: pd.DataFrame) -> pd.DataFrame:
    """Rows `by`, `group`, `lesions`, `found`, `sensitivity` for the classes that hold a lesion."""
    import pandas as pd

    names = [f"{low:g}-{high:g} mm3" for low, high in pairwise(SIZES_MM3[:-1])]
    sizes = pd.cut(table["volume_mm3"], SIZES_MM3, labels=[*names, f"> {SIZES_MM3[-2]:g} mm3"], right=False)
    groups = {"all": pd.Series("all", index=table.index), "size": sizes, "place": table["zone"]}
    groups["contrast"] = pd.cut(
        table["contrast"], [0, 0.3, 0.5, np.inf], labels=["< 0.3", "0.3-0.5", "> 0.5"]
    )
    rows = []
    for by, group in groups.items():
        for name, own in table.groupby(group, observed=True, sort=True):
            found = int(own["found"].sum())
            rows.append((by, str(name), len(own), found, found / len(own)))
    return pd.DataFrame(rows, columns=["by", "group", "lesions", "found", "sensitivity"])
