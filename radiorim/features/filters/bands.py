"""Every filter of the engine `fast`: names of bands and their values at the voxels of lesions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from radiorim.errors import DataError
from radiorim.features.binning import require_few_bins, require_fitting_bins
from radiorim.features.filters.pointwise import POINTWISE, gradient
from radiorim.features.texturenames import bands

if TYPE_CHECKING:
    from radiorim.features.filters.neighbourhood import Neighbourhood
    from radiorim.features.texture import Texture

__all__ = ["band_values", "require_measurable"]


def band_values(
    data: np.ndarray, place: Neighbourhood, block: Texture, *, n_jobs: int
) -> Iterator[tuple[str, np.ndarray]]:
    """Each band of pyradiomics' name with its values, float64, in the order of the voxels of `place`.

    Raises `DataError` where the volume is too small for a filter.
    """
    for name in block.filters:
        names = bands((name,), block.filtering.sigmas_mm)
        if name == "log":
            yield from zip(names, _log(data, place, block, n_jobs), strict=True)
        elif name == "wavelet":
            from radiorim.features.filters.wavelet import wavelet_bands

            yield from zip(
                names, wavelet_bands(data, place, block.filtering.wavelet, n_jobs=n_jobs), strict=True
            )
        elif name == "gradient":
            yield name, gradient(data, place, per_mm=block.filtering.gradient_per_mm)
        else:
            yield name, _pointwise(name, data, place)


def require_measurable(
    values: np.ndarray, place: Neighbourhood, where: tuple[str, str], bin_width: float | None
) -> None:
    """Raise `DataError` for values that are not finite, or that the bin width does not fit.

    `where` names image and band. Only the unfiltered image must have more than one bin: some bands of a
    wavelet have a tenth of its range.
    """
    image, band = where
    if not np.isfinite(values).all():
        wrong = int(np.flatnonzero(~np.isfinite(values))[0])
        lesion = place.voxels.numbers[np.searchsorted(place.voxels.first, wrong, side="right") - 1]
        filtered = "" if band == "original" else f" after the filter {band!r}"
        raise DataError(
            f"image {image!r} holds NaN or infinite values at lesion {lesion}{filtered}. "
            "Replace them before measuring."
        )
    if bin_width is None:
        return
    low, high = place.extremes(values)
    if band == "original":
        require_fitting_bins(image, bin_width, (low, high), place.voxels.sizes)
    else:
        widest = int(np.argmax(high - low))
        require_few_bins(low[widest], high[widest], bin_width)


def _log(data: np.ndarray, place: Neighbourhood, block: Texture, n_jobs: int) -> Iterator[np.ndarray]:
    from radiorim.features.filters.laplacian import laplacian_of_gaussian

    for sigma in block.filtering.sigmas_mm:
        needed = np.maximum(np.ceil(sigma / np.asarray(place.spacing)) + 1, 4)
        if (np.asarray(data.shape) < needed).any():
            raise DataError(
                f"an image of {data.shape} voxels is too small for the filter 'log' with sigma {sigma:g} mm, "
                f"which needs {tuple(needed.astype(int).tolist())}. Leave it out, or give more of the scan."
            )
        yield laplacian_of_gaussian(data, place, sigma, n_jobs=n_jobs)


def _pointwise(name: str, data: np.ndarray, place: Neighbourhood) -> np.ndarray:
    values = data[tuple(place.voxels.index.T)].astype(np.float64)
    if name == "original":
        return values
    largest = max(float(data.max()), -float(data.min()))
    if not largest > 0:
        raise DataError(f"an image of nothing but zeros cannot be filtered by {name!r}.")
    return POINTWISE[name](values, largest)
