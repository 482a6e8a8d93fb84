"""From lesions to people: who has rim lesions, how many, and how well the numbers agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from radiorim.errors import DataError
from radiorim.metrics.classification import at_threshold, confusion
from radiorim.metrics.voxel import ratio

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    from numpy.typing import ArrayLike

__all__ = ["at_least", "count_agreement", "icc", "person_counts"]


def person_counts(
    persons: ArrayLike, true: ArrayLike, predicted: ArrayLike, *, everyone: Iterable[str] = ()
) -> pd.DataFrame:
    """One row for each person: person, lesions, true and predicted number of rim lesions.

    `true` and `predicted` are 0 / 1 for each lesion. People of `everyone` without any lesion keep a row
    of zeros: leaving them out hides that nothing was found, or wrongly found, in them.
    """
    import pandas as pd

    names = np.asarray(persons).astype(str)
    table = pd.DataFrame(
        {"person": names, "lesions": 1, "true": np.asarray(true), "predicted": np.asarray(predicted)}
    )
    counts = table.groupby("person").sum()
    index = sorted({*counts.index, *map(str, everyone)})
    return counts.reindex(index, fill_value=0).astype(int).rename_axis("person").reset_index()


def at_least(counts: pd.DataFrame, k: int = 1) -> dict[str, float]:
    """Figures for calling a person positive from k rim lesions on, true and predicted alike.

    Those of `at_threshold` with the counts TP, FP, FN, TN and k beside them. k = 1 asks who has any,
    k = 4 is RimNet's cut; with k = 1 false alarms grow with the number of lesions. 0 / 0 is NaN.
    """
    y, said = (counts["true"] >= k).to_numpy(), (counts["predicted"] >= k).to_numpy(dtype=float)
    return {"k": float(k), **confusion(y, said, 0.5), **at_threshold(y, said, 0.5)}


def count_agreement(counts: pd.DataFrame) -> dict[str, float]:
    """How the predicted number of rim lesions agrees with the true one, over people.

    mae = mean |p - t|; bias = mean (p - t) with limits of agreement bias -+ 1.96 sd (Bland 1986);
    pearson_r; icc (`icc`). Undefined is NaN: one person, or no spread (r, icc).
    """
    true, predicted = (counts[name].to_numpy(dtype=float) for name in ("true", "predicted"))
    gap, n = predicted - true, true.size
    sd = float(gap.std(ddof=1)) if n > 1 else float("nan")
    bias = ratio(float(gap.sum()), n)
    spread = (
        float(np.sqrt(((true - true.mean()) ** 2).sum() * ((predicted - predicted.mean()) ** 2).sum()))
        if n
        else 0
    )
    together = float(((true - true.mean()) * (predicted - predicted.mean())).sum()) if n else 0.0
    return {
        "people": float(n),
        "mae": ratio(float(np.abs(gap).sum()), n),
        "bias": bias,
        "limit_low": bias - 1.96 * sd,
        "limit_high": bias + 1.96 * sd,
        "pearson_r": ratio(together, spread),
        "icc": icc(np.stack([true, predicted], axis=1)),
    }


def icc(ratings: ArrayLike) -> float:
    """ICC(2,1): two-way random effects, absolute agreement, single rating (Shrout 1979).

    (MSR - MSE) / (MSR + (k - 1) MSE + k (MSC - MSE) / n) for n people (rows) and k raters (columns).
    NaN with fewer than two people or raters, or without any spread.

    >>> round(icc([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]), 2)
    0.29
    """
    x = np.asarray(ratings, dtype=float)
    if x.ndim != 2:
        raise DataError(f"ratings must be a table of people by raters. Got shape {x.shape}.")
    n, k = x.shape
    if n < 2 or k < 2:
        return float("nan")
    rows, columns, mean = x.mean(axis=1), x.mean(axis=0), x.mean()
    between = k * ((rows - mean) ** 2).sum() / (n - 1)
    raters = n * ((columns - mean) ** 2).sum() / (k - 1)
    error = ((x - rows[:, None] - columns[None, :] + mean) ** 2).sum() / ((n - 1) * (k - 1))
    return ratio(between - error, between + (k - 1) * error + k * (raters - error) / n)
