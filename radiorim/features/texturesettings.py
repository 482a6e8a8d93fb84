"""The settings of texture that are seldom changed, in three groups: filters, preprocessing, neighbours."""

from __future__ import annotations

from dataclasses import dataclass

from radiorim.errors import UnknownName, UsageError

__all__ = ["WAVELETS", "Filtering", "Neighbours", "Preprocessing"]

WAVELETS = ("coif1", "haar")
"""Wavelets that the engine `fast` knows; the engine `pyradiomics` takes every name of PyWavelets."""

INTERPOLATORS = ("bspline", "linear", "nearest")
WEIGHTINGS = ("manhattan", "euclidean", "infinity", "no_weighting")


@dataclass(frozen=True)
class Filtering:
    """How images are filtered; filters see the whole volume, as in pyradiomics' default call.

    `sigmas_mm` are the widths of the filter `log`, `wavelet` the name (as in PyWavelets) of the filter
    `wavelet`, `gradient_per_mm` whether the filter `gradient` is per mm or per voxel. `padding_voxels` cuts
    each lesion out with so many voxels around it before filtering (pyradiomics' preCrop and padDistance):
    the border of the crop then changes the values; None filters the whole volume.
    """

    sigmas_mm: tuple[float, ...] = (1.0, 2.0, 3.0)
    wavelet: str = "coif1"
    gradient_per_mm: bool = True
    padding_voxels: int | None = None

    def __post_init__(self) -> None:
        if not all(sigma > 0 for sigma in self.sigmas_mm):
            raise UsageError(f"sigmas_mm must be positive, not {self.sigmas_mm!r}.")
        if self.padding_voxels is not None and self.padding_voxels < 0:
            raise UsageError(f"padding_voxels must be None or not negative, not {self.padding_voxels!r}.")


@dataclass(frozen=True)
class Preprocessing:
    """What happens to an image before filters and bins.

    `normalise` subtracts the mean of the whole volume, divides by its SD (n - 1) and multiplies by
    `normalise_scale`; `outliers_sd` then clips at so many SD. `resample_mm` are new voxel edges along the
    array's axes (0 keeps one), image by `interpolator`, mask by nearest neighbour.
    """

    normalise: bool = False
    normalise_scale: float = 1.0
    outliers_sd: float | None = None
    resample_mm: tuple[float, float, float] | None = None
    interpolator: str = "bspline"

    def __post_init__(self) -> None:
        if self.interpolator not in INTERPOLATORS:
            raise UnknownName("interpolator", self.interpolator, INTERPOLATORS)
        if not self.normalise_scale > 0:
            raise UsageError(f"normalise_scale must be positive, not {self.normalise_scale!r}.")
        if self.outliers_sd is not None and not (self.normalise and self.outliers_sd > 0):
            raise UsageError("outliers_sd must be positive, and needs normalise=True.")


@dataclass(frozen=True)
class Neighbours:
    """Which voxels count as neighbours in GLCM, GLDM and NGTDM, and with what weight.

    `distances` in voxels (largest step along an axis); `weighting` is None (each direction a matrix of its
    own, features averaged) or a norm by which the directions' matrices are weighted and summed (GLCM, GLRLM);
    `symmetric` counts each pair both ways (GLCM); `alpha` is the largest difference of levels that counts
    as dependent (GLDM).
    """

    distances: tuple[int, ...] = (1,)
    weighting: str | None = None
    symmetric: bool = True
    alpha: int = 0

    def __post_init__(self) -> None:
        if not self.distances or not all(distance >= 1 for distance in self.distances):
            raise UsageError(f"distances must be whole numbers from 1, not {self.distances!r}.")
        if self.weighting is not None and self.weighting not in WEIGHTINGS:
            raise UnknownName("weighting", self.weighting, WEIGHTINGS)
        if self.alpha < 0:
            raise UsageError(f"alpha must not be negative, not {self.alpha!r}.")
