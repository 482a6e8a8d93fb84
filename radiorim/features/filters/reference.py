"""Filters by pyradiomics itself, on the whole volume: what the engine `fast` is compared with."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from radiorim.errors import DataError, require
from radiorim.features.texturenames import bands

if TYPE_CHECKING:
    from radiorim.features.filters.neighbourhood import Neighbourhood
    from radiorim.features.texture import Texture

__all__ = ["filtered", "image_types", "require_every_band", "sitk_image"]

IMAGE_TYPES = {"log": "LoG", "squareroot": "SquareRoot", "lbp3d": "LBP3D"}
"""pyradiomics' words for filters where they are not ours with a capital."""


def filtered(data: np.ndarray, place: Neighbourhood, block: Texture) -> Iterator[tuple[str, np.ndarray]]:
    """Each band's name and values, float64, of the whole volume.

    Raises `DataError` where the volume is too small for a filter, `MissingExtra` for what `lbp3d` needs.
    """
    operations = require("radiomics.imageoperations", "pyradiomics")
    image = sitk_image(data.astype(np.float64), place.spacing)
    mask = sitk_image((place.labels != 0).astype(np.uint8), place.spacing)
    made = set()
    for name, arguments in image_types(block):
        for result, band, _ in getattr(operations, f"get{name}Image")(image, mask, label=1, **arguments):
            made.add(band)
            yield band, _array(result)
    require_every_band(bands(block.filters, block.filtering.sigmas_mm), made, data.shape)


def image_types(block: Texture) -> list[tuple[str, dict[str, Any]]]:
    """pyradiomics' name of each filter, and its arguments."""
    if "lbp3d" in block.filters:
        require("trimesh")
    filtering = block.filtering
    arguments: dict[str, dict[str, Any]] = {
        "log": {"sigma": [float(sigma) for sigma in filtering.sigmas_mm]},
        "wavelet": {"wavelet": filtering.wavelet},
        "gradient": {"gradientUseSpacing": filtering.gradient_per_mm},
    }
    return [(IMAGE_TYPES.get(name, name.capitalize()), arguments.get(name, {})) for name in block.filters]


def require_every_band(wanted: Sequence[str], made: Collection[str], shape: tuple[int, int, int]) -> None:
    """Raise `DataError` if pyradiomics left a band out, which it only says in its log."""
    missing = [band for band in wanted if band not in made]
    if missing:
        raise DataError(
            f"pyradiomics makes no {missing[0]!r} of an image of {shape} voxels: it is too small for that "
            "filter, or a library that the filter needs is missing. Leave the filter out, or give more of "
            "the scan."
        )


def sitk_image(data: np.ndarray, spacing: tuple[float, float, float]) -> Any:
    """A SimpleITK image at the origin, without directions: features know none."""
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(np.ascontiguousarray(data.T))
    image.SetSpacing(spacing)
    return image


def _array(image: Any) -> np.ndarray:
    import SimpleITK as sitk

    return sitk.GetArrayFromImage(image).T.astype(np.float64)
