"""The distribution of an image's values inside each lesion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radiorim.features.binning import check_bins, require_few_bins
from radiorim.features.limits import limits
from radiorim.features.naming import Dictionary, chosen, entry
from radiorim.features.regions import aligned_image

if TYPE_CHECKING:
    import pandas as pd

    from radiorim.case import Case
    from radiorim.features.fast import Voxels
    from radiorim.lesions import Lesions

__all__ = ["FirstOrder"]


def _same(name: str, description: str, unit: str = "image") -> dict[str, str]:
    return entry(description, unit, f"original_firstorder_{name}", **limits("firstorder", name))


_ENTRIES = {
    "10percentile": _same("10Percentile", "10th percentile, linear between values"),
    "90percentile": _same("90Percentile", "90th percentile, linear between values"),
    "energy": _same("Energy", "sum of x^2", "image^2"),
    "total_energy": _same("TotalEnergy", "voxel volume x sum of x^2", "image^2 mm3"),
    "entropy": _same("Entropy", "-sum of p log2(p), p the share of each bin", "bit"),
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


@dataclass(frozen=True)
class FirstOrder:
    """pyradiomics' 19 first-order features of each image, by the same definitions, from the engine `fast`.

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
        import pandas as pd

        from radiorim.features.fast import locate, values_at

        voxels = locate(lesions.labels.data, np.array(lesions.numbers, dtype=int))
        columns: dict[str, np.ndarray] = {}
        for name in self.images:
            image = aligned_image(case, name, lesions)
            values = values_at(image.data, voxels, image=image.source or f"image {name!r}")
            for key, column in self._measure(values, voxels, lesions.labels.spacing).items():
                columns[f"{name}_original_firstorder_{key}"] = column
        index = pd.Index(lesions.numbers, name="lesion", dtype=int)
        return pd.DataFrame(columns, index=index, columns=list(self._known()), dtype=float)

    def dictionary(self, names: Sequence[str]) -> Dictionary:
        """What each of these columns means; the unit `image` is that of the image (chi: ppb)."""
        return chosen(self._known(), names)

    def _known(self) -> Dictionary:
        return {
            f"{image}_original_firstorder_{name}": meaning
            for image in self.images
            for name, meaning in _ENTRIES.items()
        }

    def _measure(self, values: np.ndarray, voxels: Voxels, spacing: Sequence[float]) -> dict[str, np.ndarray]:
        from radiorim.features.fast import Asked, Bins, measure_values

        bins = Bins(self.bin_width, self.bin_count)
        asked = Asked(("firstorder",), bins, fewest_voxels=1)
        found = {name: column for (_, name), column in measure_values(values, voxels, spacing, asked).items()}
        if self.bin_width is not None and len(found["range"]):
            widest = int(found["range"].argmax())
            require_few_bins(found["minimum"][widest], found["maximum"][widest], self.bin_width)
        return found | {"standard_deviation": np.sqrt(found["variance"])}
