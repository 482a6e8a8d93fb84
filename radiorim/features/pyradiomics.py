"""The engine `pyradiomics`, lesion by lesion; nothing else in radiorim imports it."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from radiorim.errors import require
from radiorim.features.filters.bands import require_measurable
from radiorim.features.filters.neighbourhood import Neighbourhood, preprocessed
from radiorim.features.filters.reference import filtered, image_types, require_every_band, sitk_image
from radiorim.features.naming import snake_case
from radiorim.features.texturenames import band_name, bands

if TYPE_CHECKING:
    import pandas as pd

    from radiorim.features.texture import Texture
    from radiorim.lesions import Lesions
    from radiorim.volume import Volume

__all__ = ["measure_texture"]

CHUNK = 16
"""Lesions measured by one extractor: making one takes longer than measuring a small lesion."""


@dataclass(frozen=True, eq=False)
class Crop:
    """One lesion cut out: an image of float64, the lesion in it, voxel edges in mm."""

    image: np.ndarray
    inside: np.ndarray
    spacing: tuple[float, float, float]


@dataclass(frozen=True)
class Call:
    """One kind of call: these classes, as `band` of `image`, or by the extractor's own filters (None)."""

    block: Texture
    classes: tuple[str, ...]
    image: str
    band: str | None


def measure_texture(
    block: Texture, volumes: Mapping[str, Volume], lesions: Lesions, *, n_jobs: int
) -> pd.DataFrame:
    """Every feature of every lesion, indexed by lesion number; a lesion of one voxel, refused there, is NaN.

    Each filter is computed once for the whole volume, and pyradiomics measures its result on each lesion's
    own box: what its default call gives. With `padding_voxels` or resampling it filters lesion by lesion.
    Raises `MissingExtra` without the library.
    """
    import pandas as pd
    from joblib import Parallel, delayed

    require("radiomics", "pyradiomics")
    place = Neighbourhood.of(lesions)
    rows: list[dict[str, float]] = [{} for _ in place.voxels.numbers]
    measurable = np.flatnonzero(place.voxels.sizes > 1)
    parallel = Parallel(n_jobs=n_jobs)
    for call, crops in _calls(block, volumes, place):
        chunks = [measurable[start : start + CHUNK] for start in range(0, measurable.size, CHUNK)]
        jobs = (delayed(_extract)([crops(lesion) for lesion in chunk], call) for chunk in chunks)
        found = (row for chunk in parallel(jobs) for row in chunk)
        for lesion, row in zip(measurable, found, strict=True):
            rows[lesion] |= row
    return pd.DataFrame(rows, index=pd.Index(place.voxels.numbers, name="lesion"), dtype=float)


def _calls(block: Texture, volumes: Mapping[str, Volume], place: Neighbourhood) -> Iterator[tuple[Call, Any]]:
    """Each call and the function that cuts a lesion (by its place in the table) out for it."""
    own_filters = block.preprocessing.resample_mm is not None or block.filtering.padding_voxels is not None
    margin = None if block.preprocessing.resample_mm is not None else block.filtering.padding_voxels or 0
    classes = tuple(kind for kind in block.classes if kind != "shape")
    for number, (name, volume) in enumerate(volumes.items()):
        data = preprocessed(volume, block.preprocessing)
        if number == 0 and "shape" in block.classes:
            band = None if own_filters else "original"
            yield Call(block, ("shape",), name, band), _cutter(data, place, margin)
        if classes and own_filters:
            at_lesions = data[tuple(place.voxels.index.T)]
            require_measurable(at_lesions, place, (name, "original"), block.bin_width)
            yield Call(block, classes, name, None), _cutter(data, place, margin)
        elif classes:
            for band, values in filtered(data, place, block):
                at_lesions = values[tuple(place.voxels.index.T)]
                require_measurable(at_lesions, place, (name, band), block.bin_width)
                yield Call(block, classes, name, band), _cutter(values, place, 0)


def _cutter(data: np.ndarray, place: Neighbourhood, margin: int | None) -> Any:
    """A function from a lesion's place to its crop: its box and a margin, or all of the volume for None."""

    def cut(lesion: int) -> Crop:
        box = (slice(None),) * 3 if margin is None else place.box(lesion, margin)
        inside = place.labels[box] == place.voxels.numbers[lesion]
        return Crop(data[box].astype(np.float64), inside, place.spacing)

    return cut


def _extract(crops: Sequence[Crop], call: Call) -> list[dict[str, float]]:
    """Column name to value for each crop."""
    with _quiet():
        extractor = _extractor(call)
        return [_row(extractor, crop, call) for crop in crops]


def _row(extractor: Any, crop: Crop, call: Call) -> dict[str, float]:
    mask = sitk_image(crop.inside.astype(np.uint8), crop.spacing)
    found = extractor.execute(sitk_image(crop.image, crop.spacing), mask)
    keys = [key.split("_") for key in found]
    if call.band is None and call.classes != ("shape",):
        known = bands(call.block.filters, call.block.filtering.sigmas_mm)
        require_every_band(known, {band for band, _, _ in keys}, crop.image.shape)
    return {
        _column(call, band, kind, name): float(value)
        for (band, kind, name), value in zip(keys, found.values(), strict=True)
    }


def _column(call: Call, band: str, kind: str, name: str) -> str:
    if kind == "shape":
        return f"mask_original_shape_{snake_case(name)}"
    return f"{call.image}_{band_name(call.band or band)}_{kind}_{snake_case(name)}"


def _extractor(call: Call) -> Any:
    block = call.block
    extractor = require("radiomics.featureextractor", "pyradiomics").RadiomicsFeatureExtractor(
        minimumROIDimensions=1, additionalInfo=False, **_settings(block)
    )
    extractor.disableAllFeatures()
    extractor.disableAllImageTypes()
    for kind in call.classes:
        extractor.enableFeatureClassByName(kind)
    for name, arguments in image_types(block) if call.band is None else (("Original", {}),):
        extractor.enableImageTypeByName(name, customArgs=arguments)
    return extractor


def _settings(block: Texture) -> dict[str, Any]:
    """The block's settings in pyradiomics' words."""
    neighbours, preprocessing = block.neighbours, block.preprocessing
    bins = {"binCount": block.bin_count} if block.bin_width is None else {"binWidth": block.bin_width}
    words = bins | {
        "distances": list(neighbours.distances),
        "weightingNorm": neighbours.weighting,
        "symmetricalGLCM": neighbours.symmetric,
        "gldm_a": neighbours.alpha,
    }
    if block.filtering.padding_voxels is not None:
        words["padDistance"] = block.filtering.padding_voxels
    if preprocessing.resample_mm is not None:
        names = {"bspline": "sitkBSpline", "linear": "sitkLinear", "nearest": "sitkNearestNeighbor"}
        words["resampledPixelSpacing"] = list(preprocessing.resample_mm)
        words["interpolator"] = names[preprocessing.interpolator]
    return words


@contextmanager
def _quiet() -> Iterator[None]:
    """pyradiomics warns, lesion by lesion, of conventions that our dictionary states and of small sizes."""
    logger = logging.getLogger("radiomics")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=RuntimeWarning, module="radiomics")
            yield
    finally:
        logger.setLevel(before)
