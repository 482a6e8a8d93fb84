"""Intensities of two scans made comparable, and put on the scale of the brain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from radiorim.case import Case
from radiorim.errors import DataError, UnknownName
from radiorim.prepare._matchings import LANDMARKS, local_moments, through_landmarks
from radiorim.volume import Volume, require_same_grid

__all__ = [
    "MATCHINGS",
    "SCALES",
    "ZScore",
    "brain_scale",
    "line_rma",
    "location_and_scale",
    "match",
    "zscore",
]


def location_and_scale(volume: Volume, mask: Volume, *, robust: bool = False) -> tuple[float, float]:
    """Mean and standard deviation inside the mask, or with `robust` the median and 1.4826 MAD, in float64.

    Raises `DataError` for an empty mask or a region without contrast.
    """
    values = _inside(volume, mask)
    if robust:
        centre = float(np.median(values))
        scale = 1.4826 * float(np.median(np.abs(values - centre)))
    else:
        centre, scale = float(values.mean()), float(values.std())
    if not scale > 0:
        raise DataError(f"{volume.source or 'the image'} has no contrast inside the mask. Check both files.")
    return centre, scale


SCALES = ("zscore", "median")
"""The unit of a prepared image: one SD of the brain around its mean, or the median of the brain (ratios)."""


def brain_scale(volume: Volume, mask: Volume, scale: str) -> tuple[float, float]:
    """The number to subtract and the number to divide by, so that the mask's voxels are on the named scale.

    "median" subtracts nothing, so ratios of two visits keep their meaning. Raises `DataError` unless the
    median is positive, `UnknownName` for another scale.
    """
    if scale not in SCALES:
        raise UnknownName("scale", scale, SCALES)
    if scale == "zscore":
        return location_and_scale(volume, mask)
    median = float(np.median(_inside(volume, mask)))
    if not median > 0:
        raise DataError(
            f"{volume.source or 'the image'} has a median of {median:.3g} in the brain, not above 0."
        )
    return 0.0, median


def zscore(volume: Volume, mask: Volume, *, robust: bool = False) -> Volume:
    """(x - centre) / scale of the mask's voxels, applied everywhere; float32."""
    centre, scale = location_and_scale(volume, mask, robust=robust)
    return volume.like(((volume.data - centre) / scale).astype(np.float32))


def line_rma(image: Volume, reference: Volume, mask: Volume, *, trims: int = 3) -> tuple[float, float]:
    """Slope and intercept that take the image to the reference: the reduced major axis, in float64.

    slope = sd(reference) / sd(image), the line through both means: swapping the two gives the inverse line,
    so neither visit's lesions shrink, as they do with least squares. `trims` times, voxels further than 3
    robust SDs from the line (lesions, edges) are left out and it is fitted again.
    """
    x, y = _inside(image, mask), _inside(reference, mask)
    kept = np.ones(x.size, dtype=bool)
    slope, intercept = _line(x, y)
    for _ in range(trims):
        # Distance in units that both axes share, so that the choice of voxels is symmetric as well.
        residual = (y - slope * x - intercept) / np.sqrt(slope)
        spread = 1.4826 * np.median(np.abs(residual - np.median(residual)))
        kept = np.abs(residual - np.median(residual)) <= 3 * spread
        slope, intercept = _line(x[kept], y[kept])
    return slope, intercept


def match(image: Volume, reference: Volume, mask: Volume, *, method: str = "rma") -> Volume:
    """The image on the intensity scale of the reference.

    `rma` (reduced major axis) and `median` (one factor) are invertible numbers that cannot bend a lesion;
    `histogram` maps 101 quantiles of the mask onto each other, `nyul` the deciles and percentiles 1 and 99
    with straight ends (bright lesions keep their contrast), `local` mean and SD in a window of 15 mm; `none`
    leaves the image. Raises `UnknownName`.
    """
    if method not in MATCHINGS:
        raise UnknownName("intensity matching", method, MATCHINGS)
    require_same_grid({"the image": image, "the reference": reference, "the mask": mask})
    return image.like(MATCHINGS[method](image, reference, mask).astype(np.float32))


@dataclass(frozen=True)
class ZScore:
    """Images on the scale of their own brain: mean 0 and SD 1 (`robust`: median 0 and 1.4826 MAD 1) inside
    it.

    `images` empty means all that the case has. All must be on the grid of the mask.
    """

    images: tuple[str, ...] = ()
    robust: bool = False
    mask: str = "brain"

    def __call__(self, case: Case) -> Case:
        """The case with these images replaced."""
        mask = case.mask(self.mask)
        scaled = {
            name: zscore(case.image(name), mask, robust=self.robust) for name in self.images or case.images
        }
        return case.with_(images={**case.images, **scaled})


def _rma(image: Volume, reference: Volume, mask: Volume) -> np.ndarray:
    slope, intercept = line_rma(image, reference, mask)
    return slope * image.data + intercept


def _median(image: Volume, reference: Volume, mask: Volume) -> np.ndarray:
    one, other = np.median(_inside(image, mask)), np.median(_inside(reference, mask))
    if not (one > 0 and other > 0):
        raise DataError("median matching needs positive medians: use it before z-scoring, or match='rma'.")
    return image.data * (other / one)


def _histogram(image: Volume, reference: Volume, mask: Volume) -> np.ndarray:
    shares = np.linspace(0, 1, 101)
    one, other = (np.quantile(_inside(volume, mask), shares) for volume in (image, reference))
    one, first = np.unique(one, return_index=True)
    inner = np.interp(image.data, one, other[first])
    # Beyond the brain's own range the outer pieces are continued by shifts, so that nothing is cut off.
    above, below = image.data > one[-1], image.data < one[0]
    inner[above] = image.data[above] - one[-1] + other[first][-1]
    inner[below] = image.data[below] - one[0] + other[first][0]
    return inner


def _nyul(image: Volume, reference: Volume, mask: Volume) -> np.ndarray:
    own, target = (np.percentile(_inside(volume, mask), LANDMARKS) for volume in (image, reference))
    return through_landmarks(image.data, own, target)


def _local(image: Volume, reference: Volume, mask: Volume) -> np.ndarray:
    if not all(_inside(volume, mask).std() > 0 for volume in (image, reference)):
        raise DataError("one of the two scans has no contrast inside the brain mask. Check scans and mask.")
    return local_moments(image.data, reference.data, mask.data != 0, image.spacing)


def _none(image: Volume, _reference: Volume, _mask: Volume) -> np.ndarray:
    return image.data


MATCHINGS: dict[str, Callable[[Volume, Volume, Volume], np.ndarray]] = {
    "rma": _rma,
    "median": _median,
    "histogram": _histogram,
    "nyul": _nyul,
    "local": _local,
    "none": _none,
}
"""Name of an intensity matching to what does it."""


def _line(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    if not (x.size > 1 and x.std() > 0 and y.std() > 0):
        raise DataError("one of the two scans has no contrast inside the brain mask. Check scans and mask.")
    slope = float(y.std() / x.std())
    return slope, float(y.mean() - slope * x.mean())


def _inside(volume: Volume, mask: Volume) -> np.ndarray:
    if volume.shape != mask.shape:
        require_same_grid({volume.source or "the image": volume, mask.source or "the mask": mask})
    values = volume.data[mask.data != 0].astype(np.float64)
    if not values.size:
        raise DataError(f"{mask.source or 'the mask'} is empty: there is nothing to measure inside it.")
    if not np.isfinite(values).all():
        raise DataError(
            f"{volume.source or 'the image'} holds NaN or infinite voxels inside the mask. Set them to 0."
        )
    return values
