"""APRL's 44 first-order statistics: formulas for all lesions at once, and what each of them means."""

from __future__ import annotations

import numpy as np

from radiorim.features.grouped import Grouped

__all__ = ["RIA_DIFFERS", "STATISTICS", "statistics_44"]

_TRIMS = {5: 0.025, 10: 0.05, 20: 0.1}
_WITHIN = "smallest to largest value"
_SPREAD = "0 or more"
_ONE = "x for one voxel"
_FLAT = "0 where all values are equal"
_SHIFTED = "the values shifted so that the smallest is 1 if it is 0 or less"
_ONE_IF_FLAT = "1 where all values are the same and 0 or less"
_BINNED = "only meaningful after binning, for of values that all differ it tells"

STATISTICS: dict[str, tuple[str, str, str, str]] = {
    "mean": ("sum of x / n", "Mean", _WITHIN, _ONE),
    "median": ("middle value", "Median", _WITHIN, _ONE),
    "mode": (f"most frequent value; {_BINNED} the smallest", "Mode", _WITHIN, "of several the smallest"),
    "geometric_mean": ("exp(mean of ln|x|)", "Geo_mean", "above 0", "ln|0| counts as 0"),
    "geometric_mean_signed": ("exp(mean of sign(x) ln|x|)", "Geo_mean2", "above 0", "ln|0| counts as 0"),
    "geometric_mean_shifted": (f"exp(mean of ln x), {_SHIFTED}", "Geo_mean3", "above 0", _ONE_IF_FLAT),
    "harmonic_mean": (f"1 / mean of 1/x, {_SHIFTED}", "Har_mean", "above 0", _ONE_IF_FLAT),
    **{
        f"trimmed_mean_{percent}": (
            f"mean without floor({share:g} n) values at either end",
            f"Trim_mean_{percent}",
            _WITHIN,
            f"the mean of fewer than {1 / share:g} voxels",
        )
        for percent, share in _TRIMS.items()
    },
    "interquartile_mean": ("mean without floor(n / 4) values at either end", "IQ_mean", _WITHIN, _ONE),
    "trimean": ("(Q1 + 2 median + Q3) / 4", "Tri_mean", _WITHIN, _ONE),
    "mean_deviation_from_mean": ("mean of |x - mean|", "Mn_AD_mn", _SPREAD, _FLAT),
    "mean_deviation_from_median": ("mean of |x - median|", "Mn_AD_md", _SPREAD, _FLAT),
    "median_deviation_from_mean": ("median of |x - mean|", "Md_AD_mn", _SPREAD, _FLAT),
    "median_deviation_from_median": ("median of |x - median|", "Md_AD_md", _SPREAD, _FLAT),
    "mad": ("1.4826 x median of |x - median|", "MAD", _SPREAD, _FLAT),
    "maximum_deviation_from_mean": ("largest |x - mean|", "Max_AD_mn", _SPREAD, _FLAT),
    "maximum_deviation_from_median": ("largest |x - median|", "Max_AD_md", _SPREAD, _FLAT),
    "root_mean_square": ("sqrt(mean of x^2)", "RMS", _SPREAD, "|x| for one voxel"),
    "minimum": ("smallest value", "Min", "any", _ONE),
    "maximum": ("largest value", "Max", "any", _ONE),
    "quartile_1": ("Q1, 25th percentile, linear between values", "Quartiles (25%)", _WITHIN, _ONE),
    "quartile_3": ("Q3, 75th percentile, linear between values", "Quartiles (75%)", _WITHIN, _ONE),
    "interquartile_range": ("Q3 - Q1", "IQR", _SPREAD, _FLAT),
    "low_notch": ("Q1 - 1.5 (Q3 - Q1)", "Low_notch", "any", _ONE),
    "high_notch": ("Q3 + 1.5 (Q3 - Q1)", "High_notch", "any", _ONE),
    "range": ("largest - smallest value", "Range", _SPREAD, _FLAT),
    **{
        f"decile_{k}": (
            f"{10 * k}th percentile, linear between values",
            f"Deciles ({10 * k}%)",
            _WITHIN,
            _ONE,
        )
        for k in range(1, 10)
    },
    "variance": ("sum of (x - mean)^2 / (n - 1)", "Variance", _SPREAD, "0 for one voxel"),
    "sd": ("sqrt(variance)", "SD", _SPREAD, "0 for one voxel"),
    "skewness": ("mean of (x - mean)^3 / sd^3", "Skew", "any", _FLAT),
    "kurtosis": ("mean of (x - mean)^4 / sd^4 - 3", "Kurtosis", "-3 or more", _FLAT),
    "energy": ("sum of x^2, which grows with the number of voxels", "Energy", _SPREAD, "x^2 for one voxel"),
    "uniformity": (
        f"sum of p^2, p the share of each different value; {_BINNED} 1 / n",
        "Uniformity",
        "1 / n to 1",
        "1 where all values are equal",
    ),
    "entropy": (
        f"-sum of p log2 p, p the share of each different value; {_BINNED} log2 n",
        "Entropy",
        "0 to log2 n",
        _FLAT,
    ),
}
"""Name to formula (x the values, n their number), name in RIA, range and degenerate case, in RIA's order."""

RIA_DIFFERS: dict[str, tuple[str, str, str, str]] = {
    "geometric_mean": ("exp(mean of log2|x|)", "Geo_mean", "above 0", "log2|0| counts as 0"),
    "geometric_mean_signed": ("exp(mean of sign(x) log2|x|)", "Geo_mean2", "above 0", "log2|0| counts as 0"),
    "harmonic_mean": ("1 / mean of 1/x, 0 counted as 1", "Har_mean", "any", "0 where the mean of 1/x is 0"),
    "trimean": ("(2 Q1 + 2 median) / 4", "Tri_mean", _WITHIN, _ONE),
    "high_notch": ("Q1 + 1.5 (Q3 - Q1)", "High_notch", "any", _ONE),
}
"""The statistics that RIA works out in another way than their names say."""


def statistics_44(x: Grouped, *, as_ria: bool = False) -> dict[str, np.ndarray]:
    """Each of `STATISTICS` for each group; `as_ria` takes those of `RIA_DIFFERS` as RIA has them."""
    found = _location(x) | _spread(x) | _order(x) | _moments(x) | _shares(x)
    if as_ria:
        found |= _as_ria(x)
    return {name: found[name] for name in STATISTICS}


def _location(x: Grouped) -> dict[str, np.ndarray]:
    logs = _log_magnitude(x.values)
    lowest = x.quantile(0)
    shifted = x.values + np.where(lowest <= 0, 1 - lowest, 0.0)[x.group]
    return {
        "mean": x.mean(),
        "median": x.quantile(0.5),
        "geometric_mean": np.exp(x.mean(logs)),
        "geometric_mean_signed": np.exp(x.mean(np.sign(x.values) * logs)),
        "geometric_mean_shifted": np.exp(x.mean(np.log(shifted))),
        "harmonic_mean": 1 / x.mean(1 / shifted),
        **{f"trimmed_mean_{percent}": x.trimmed_mean(share) for percent, share in _TRIMS.items()},
        "interquartile_mean": x.trimmed_mean(0.25),
        "trimean": (x.quantile(0.25) + 2 * x.quantile(0.5) + x.quantile(0.75)) / 4,
    }


def _log_magnitude(values: np.ndarray) -> np.ndarray:
    return np.log(np.where(values == 0, 1.0, np.abs(values)))


def _spread(x: Grouped) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    for name, middle in {"mean": _flat_safe_mean(x), "median": x.quantile(0.5)}.items():
        away = x.with_(np.abs(x.values - middle[x.group]))
        found |= {
            f"mean_deviation_from_{name}": away.mean(),
            f"median_deviation_from_{name}": away.quantile(0.5),
            f"maximum_deviation_from_{name}": away.quantile(1),
        }
    found["mad"] = 1.4826 * found["median_deviation_from_median"]
    return found | {"root_mean_square": np.sqrt(x.mean(x.values**2))}


def _flat_safe_mean(x: Grouped) -> np.ndarray:
    """The mean; of equal values that value itself, so that rounding makes no spread."""
    low, high = x.quantile(0), x.quantile(1)
    return np.where(low == high, low, x.mean())


def _order(x: Grouped) -> dict[str, np.ndarray]:
    low, q1, q3, high = (x.quantile(share) for share in (0, 0.25, 0.75, 1))
    return {
        "minimum": low,
        "maximum": high,
        "quartile_1": q1,
        "quartile_3": q3,
        "interquartile_range": q3 - q1,
        "low_notch": q1 - 1.5 * (q3 - q1),
        "high_notch": q3 + 1.5 * (q3 - q1),
        "range": high - low,
        **{f"decile_{k}": x.quantile(k / 10) for k in range(1, 10)},
    }


def _moments(x: Grouped) -> dict[str, np.ndarray]:
    centred = x.values - _flat_safe_mean(x)[x.group]
    variance = x.total(centred**2) / np.maximum(x.counts - 1, 1)
    sd = np.sqrt(variance)
    flat = sd == 0
    scale = np.where(flat, 1.0, sd)
    return {
        "variance": variance,
        "sd": sd,
        "skewness": x.mean(centred**3) / scale**3,
        "kurtosis": np.where(flat, 0.0, x.mean(centred**4) / scale**4 - 3),
    }


def _shares(x: Grouped) -> dict[str, np.ndarray]:
    different, shares = x.runs()
    most = np.zeros(x.counts.size)
    np.maximum.at(most, different.group, shares)
    # Values ascend within a group, so the first of the most frequent ones is the smallest.
    top = np.flatnonzero(shares == most[different.group])
    return {
        "mode": different.values[top[np.unique(different.group[top], return_index=True)[1]]],
        "energy": x.total(x.values**2),
        "uniformity": different.total(shares**2),
        # + 0.0 turns the -0 of a flat lesion into 0.
        "entropy": -different.total(shares * np.log2(shares)) + 0.0,
    }


def _as_ria(x: Grouped) -> dict[str, np.ndarray]:
    logs = _log_magnitude(x.values) / np.log(2)
    inverse = x.mean(1 / np.where(x.values == 0, 1.0, x.values))
    q1, median, q3 = (x.quantile(share) for share in (0.25, 0.5, 0.75))
    return {
        "geometric_mean": np.exp(x.mean(logs)),
        "geometric_mean_signed": np.exp(x.mean(np.sign(x.values) * logs)),
        "harmonic_mean": np.divide(1.0, inverse, out=np.zeros_like(inverse), where=inverse != 0),
        "trimean": (2 * q1 + 2 * median) / 4,
        "high_notch": q1 + 1.5 * (q3 - q1),
    }
