"""Confidence intervals that resample people, because lesions of one person are not independent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radiorim.errors import DataError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

__all__ = ["LEVEL", "Interval", "bca_bootstrap", "person_bootstrap", "rows_of_people"]

LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """A value with its interval, how it was made, and how many resamples left it undefined."""

    value: float
    low: float
    high: float
    method: str
    people: int
    resamples: int
    undefined: int
    level: float = LEVEL

    @property
    def reason(self) -> str:
        """Why the ends are NaN or rest on fewer resamples; empty where nothing is to be said."""
        return f"undefined in {self.undefined} of {self.resamples} resamples" if self.undefined else ""


def person_bootstrap(
    data: pd.DataFrame | Sequence[ArrayLike],
    statistic: Callable[..., float],
    persons: ArrayLike,
    *,
    n: int = 1000,
    seed: int = 0,
) -> Interval:
    """Percentile interval (95 %) of a statistic over n resamples of people with all their rows.

    `data` is a table, given to `statistic` whole, or a list of equally long arrays, given as arguments;
    `persons` names the person of each row. Resamples in which the statistic is NaN (no positive drawn)
    are left out of the percentiles and counted in `undefined`; the ends are NaN if all are.

    >>> interval = person_bootstrap([[1.0, 2.0, 3.0]], np.mean, ["a", "b", "b"], n=50, seed=1)
    >>> interval.low, interval.value, interval.high
    (1.0, 2.0, 2.5)
    """
    rows = rows_of_people(persons)
    call = _caller(data, statistic, sum(len(own) for own in rows))
    value, values = call(None), _resampled(call, rows, n, seed)
    tail = (1 - LEVEL) / 2
    return _interval(value, values, len(rows), "percentile, people resampled", (tail, 1 - tail))


def bca_bootstrap(
    data: pd.DataFrame | Sequence[ArrayLike],
    statistic: Callable[..., float],
    persons: ArrayLike,
    *,
    n: int = 1000,
    seed: int = 0,
) -> Interval:
    """Bias-corrected and accelerated interval (95 %, Efron 1987) over resamples of people.

    As `person_bootstrap`, with the percentiles moved by z0 = Phi^-1(share of resamples below the value,
    ties half) and the acceleration a = sum d^3 / (6 (sum d^2)^1.5), d = mean - value without one person.
    Where z0 or a is undefined (one person holds all positives), the ends are NaN.
    """
    rows = rows_of_people(persons)
    call = _caller(data, statistic, sum(len(own) for own in rows))
    value, values = call(None), _resampled(call, rows, n, seed)
    tails = _bca_tails(value, values[~np.isnan(values)], _leave_one_out(call, rows))
    return _interval(value, values, len(rows), "BCa, people resampled", tails)


def _resampled(call: Callable, rows: list[NDArray], n: int, seed: int) -> NDArray[np.float64]:
    draws = np.random.default_rng(seed).integers(0, len(rows), size=(n, len(rows)))
    return np.array([call(np.concatenate([rows[person] for person in draw])) for draw in draws])


def _leave_one_out(call: Callable, rows: list[NDArray]) -> NDArray[np.float64]:
    """The statistic without each person in turn."""
    if len(rows) < 2:
        return np.array([np.nan])
    return np.array([call(np.concatenate(rows[:person] + rows[person + 1 :])) for person in range(len(rows))])


def _bca_tails(value: float, values: NDArray, without: NDArray) -> tuple[float, float]:
    """The two percentiles, as shares, that BCa reads off the resamples."""
    from scipy.special import ndtr, ndtri

    gap = without.mean() - without
    spread = (gap**2).sum()
    if not values.size or np.isnan(gap).any():
        return np.nan, np.nan
    below = (np.sum(values < value) + np.sum(values <= value)) / (2 * values.size)
    bias = ndtri(below)
    # Without any spread there is nothing to correct: a = 0.
    acceleration = (gap**3).sum() / (6 * spread**1.5) if spread > 0 else 0.0
    z = bias + ndtri([(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    low, high = ndtr(bias + z / (1 - acceleration * z)) if np.isfinite(bias) else (np.nan, np.nan)
    return float(low), float(high)


def _interval(
    value: float, values: NDArray, people: int, method: str, tails: tuple[float, float]
) -> Interval:
    defined = values[~np.isnan(values)]
    known = defined.size > 0 and not np.isnan(tails).any()
    low, high = np.quantile(defined, tails) if known else (np.nan, np.nan)
    return Interval(value, float(low), float(high), method, people, values.size, values.size - defined.size)


def rows_of_people(persons: ArrayLike) -> list[NDArray[np.intp]]:
    """Row numbers of each person, people in sorted order."""
    _, person = np.unique(np.asarray(persons).astype(str), return_inverse=True)
    if not person.size:
        raise DataError("no row to resample: the table is empty.")
    order = np.argsort(person, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(person[order])) + 1)


def _caller(
    data: pd.DataFrame | Sequence[ArrayLike], statistic: Callable[..., float], rows: int
) -> Callable[[NDArray | None], float]:
    """One way to ask for the statistic of chosen rows (None: all), for tables and for arrays."""
    arrays = None if hasattr(data, "iloc") else [np.asarray(column) for column in data]
    lengths = {len(data)} if arrays is None else {len(column) for column in arrays}
    if lengths != {rows}:
        raise DataError(f"data has {sorted(lengths)} rows and persons {rows}. Name one person for each row.")

    def call(chosen: NDArray | None) -> float:
        if arrays is None:
            return float(statistic(data if chosen is None else data.iloc[chosen]))
        return float(statistic(*(column if chosen is None else column[chosen] for column in arrays)))

    return call
