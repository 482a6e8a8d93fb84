"""Compiled: the distribution of the values in each lesion."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

__all__ = ["NAMES", "measure_rows"]

NAMES = (
    "minimum",
    "10percentile",
    "median",
    "90percentile",
    "maximum",
    "interquartile_range",
    "range",
    "mean",
    "energy",
    "root_mean_squared",
    "mean_absolute_deviation",
    "variance",
    "skewness",
    "kurtosis",
    "robust_mean_absolute_deviation",
    "entropy",
    "uniformity",
)


@njit(cache=True, error_model="numpy", nogil=True)
def _quantile(x: np.ndarray, share: float) -> float:
    """Linear between two values of sorted `x`, rounded as numpy does: a bound may equal a value exactly."""
    place = (x.size - 1) * share
    below = math.floor(place)
    above = min(below + 1, x.size - 1)
    weight = place - below
    step = x[above] - x[below]
    if weight >= 0.5:
        return x[above] - step * (1 - weight)
    return x[below] + step * weight


@njit(cache=True, error_model="numpy", nogil=True)
def _order(x: np.ndarray, out: np.ndarray) -> None:
    out[0], out[4] = x[0], x[-1]
    out[1], out[2], out[3] = _quantile(x, 0.1), _quantile(x, 0.5), _quantile(x, 0.9)
    out[5] = _quantile(x, 0.75) - _quantile(x, 0.25)
    out[6] = x[-1] - x[0]


@njit(cache=True, error_model="numpy", nogil=True)
def _moments(x: np.ndarray, out: np.ndarray) -> None:
    # The mean of equal values must be that value, or rounding would give a flat lesion a skewness.
    mean = x[0] if x[0] == x[-1] else x.mean()
    energy = spread = m2 = m3 = m4 = 0.0
    for value in x:
        centred = value - mean
        square = centred * centred
        energy += value * value
        spread += abs(centred)
        m2 += square
        m3 += square * centred
        m4 += square * square
    m2, m3, m4 = m2 / x.size, m3 / x.size, m4 / x.size
    out[0], out[1], out[2], out[3], out[4] = mean, energy, math.sqrt(energy / x.size), spread / x.size, m2
    out[5] = m3 / m2**1.5 if m2 > 0 else 0.0
    out[6] = m4 / m2**2 if m2 > 0 else 0.0


@njit(cache=True, error_model="numpy", nogil=True)
def _robust(x: np.ndarray, low: float, high: float) -> float:
    """Mean absolute deviation of the values from `low` to `high`; NaN if there are none."""
    n, total, spread = 0, 0.0, 0.0
    for value in x:
        if low <= value <= high:
            n += 1
            total += value
    for value in x:
        if low <= value <= high:
            spread += abs(value - total / n)
    return spread / n if n else math.nan


@njit(cache=True, error_model="numpy", nogil=True)
def measure_rows(
    rows: np.ndarray,
    sorted_values: tuple[np.ndarray, np.ndarray],
    histogram: tuple[np.ndarray, np.ndarray],
    out: np.ndarray,
) -> None:
    """Fill `out[row]` in the order of NAMES.

    Sorted values come with where each lesion begins, counts of levels with how many levels it has.
    """
    ordered, first = sorted_values
    counts, present = histogram
    for k in rows:
        x = ordered[first[k] : first[k + 1]]
        _order(x, out[k, 0:7])
        _moments(x, out[k, 7:14])
        out[k, 14] = _robust(x, out[k, 1], out[k, 3])
        entropy = uniformity = 0.0
        for count in counts[first[k] : first[k] + present[k]]:
            p = count / x.size
            entropy -= p * math.log2(p)
            uniformity += p * p
        out[k, 15], out[k, 16] = entropy, uniformity
