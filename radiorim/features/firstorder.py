"""The distribution of an image's values inside each lesion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radiorim.features.binning import check_bins, grey_levels
from radiorim.features.limits import limits
from radiorim.features.naming import Dictionary, chosen, entry
from radiorim.features.regions import aligned_image, feature_frame, regions

if TYPE_CHECKING:
    import pandas as pd

    from radiorim.case import Case
    from radiorim.lesions import Lesions

__all__ = ["FirstOrder"]


def _same(name: str, description: str, unit: str = "image") -> dict[str, str]:
    return entry(description, unit, f"original_firstorder_{name}", **limits("firstorder", name))


_ENTRIES = {
    "10percentile": _same("10Percentile", "10th percentile, linear between values"),
    "90percentile": _same("90Percentile", "90th percentile, linear between values"),
    "energy": _same("Energy", "sum of x^2", "image^2"),
    "total_energy": _same("TotalEnergy", "voxel volume x sum of x^2", "image^2 mm3"),
    "entropy": _same("Entropy", "-sum of p log2(p + 2.2e-16), p the share of each bin", "bit"),
    "uniformity": _same("Uniformity", "sum of p^2, p the share of each bin", "1"),
    "interquartile_range": _same("InterquartileRange", "75th - 25th percentile"),
    "kurtosis": _same("Kurtosis", "m4 / m2^2, 3 for a normal distribution (IBSI: minus 3); 0 if flat", "1"),
    "skewness": _same("Skewness", "m3 / m2^1.5; 0 if flat", "1"),
    "maximum": _same("Maximum", "largest value"),
    "minimum": _same("Minimum", "smallest value"),
    "range": _same("Range", "largest - smallest value"),
    "mean": _same("Mean", "mean"),
    "median": _same("Median", "median"),
    "mean_absolute_deviation": _same("MeanAbsoluteDeviation", "mean of |x - mean|"),
    "robust_mean_absolute_deviation": _same(
        "RobustMeanAbsoluteDeviation",
        "mean_absolute_deviation of the values between the 10th and 90th percentile",
    ),
    "root_mean_squared": _same("RootMeanSquared", "sqrt(mean of x^2)"),
    "variance": _same("Variance", "mean of (x - mean)^2", "image^2"),
    "standard_deviation": _same("StandardDeviation", "sqrt(variance)"),
}
_TINY = float(np.spacing(1))


@dataclass(frozen=True)
class FirstOrder:
    """pyradiomics' 19 first-order features of each image, by the same definitions.

    Entropy and uniformity count bins: of `bin_width` image units (edges at its multiples), or, where that is
    None, `bin_count` equal bins between the lesion's own extremes. chi is in ppb.
    """

    images: tuple[str, ...] = ("chi", "flair")
    bin_width: float | None = None
    bin_count: int = 32

    def __post_init__(self) -> None:
        check_bins(self.bin_width, self.bin_count)

    @property
    def needs(self) -> tuple[str, ...]:
        """The images that a case must have."""
        return tuple(self.images)

    def __call__(self, case: Case, lesions: Lesions) -> pd.DataFrame:
        """One row for each lesion; defined down to one voxel."""
        volumes = {name: aligned_image(case, name, lesions) for name in self.images}
        voxel_mm3 = lesions.labels.voxel_mm3
        rows: list[dict[str, float]] = []
        for region in regions(lesions):
            row: dict[str, float] = {}
            for name, volume in volumes.items():
                features = self._measure(region.values(volume))
                features["total_energy"] = voxel_mm3 * features["energy"]
                row |= {f"{name}_original_firstorder_{key}": value for key, value in features.items()}
            rows.append(row)
        return feature_frame(lesions.numbers, list(self._known()), rows)

    def dictionary(self, names: Sequence[str]) -> Dictionary:
        """What each of these columns means; the unit `image` is that of the image (chi: ppb)."""
        return chosen(self._known(), names)

    def _known(self) -> Dictionary:
        return {
            f"{image}_original_firstorder_{name}": meaning
            for image in self.images
            for name, meaning in _ENTRIES.items()
        }

    def _measure(self, x: np.ndarray) -> dict[str, float]:
        shares = np.unique(grey_levels(x, self.bin_width, self.bin_count), return_counts=True)[1] / x.size
        return {
            **_order_statistics(x),
            **_moments(x),
            "entropy": float(-(shares * np.log2(shares + _TINY)).sum()),
            "uniformity": float((shares**2).sum()),
        }


def _order_statistics(x: np.ndarray) -> dict[str, float]:
    low, q1, median, q3, high = np.percentile(x, (10, 25, 50, 75, 90))
    within = x[(x >= low) & (x <= high)]
    # Interpolation between two values leaves none in between when the lesion has two voxels.
    robust = float(np.abs(within - within.mean()).mean()) if within.size else np.nan
    return {
        "10percentile": low,
        "90percentile": high,
        "interquartile_range": q3 - q1,
        "median": median,
        "minimum": x.min(),
        "maximum": x.max(),
        "range": np.ptp(x),
        "robust_mean_absolute_deviation": robust,
    }


def _moments(x: np.ndarray) -> dict[str, float]:
    mean = x.mean()
    centred = x - mean
    square = centred**2
    m2, m3, m4 = square.mean(), (square * centred).mean(), (square**2).mean()
    scale = m2 if m2 > 0 else 1.0
    energy = float((x**2).sum())
    return {
        "mean": mean,
        "energy": energy,
        "root_mean_squared": np.sqrt(energy / x.size),
        "mean_absolute_deviation": np.abs(centred).mean(),
        "variance": m2,
        "standard_deviation": np.sqrt(m2),
        "skewness": m3 / scale**1.5,
        "kurtosis": m4 / scale**2,
    }
