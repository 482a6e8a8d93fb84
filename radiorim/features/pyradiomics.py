"""One lesion's crop through pyradiomics; nothing else in radiorim imports it."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from radiorim.errors import require
from radiorim.features.naming import snake_case
from radiorim.features.texturenames import band_name

__all__ = ["Crop", "Settings", "extract"]


@dataclass(frozen=True)
class Settings:
    """What pyradiomics is asked for; `bin_count` counts where `bin_width` is None."""

    classes: tuple[str, ...]
    filters: tuple[str, ...]
    bin_width: float | None
    bin_count: int


@dataclass(frozen=True, eq=False)
class Crop:
    """One lesion with a margin of a voxel or more: images of float64, its mask, voxel edges in mm."""

    images: Mapping[str, np.ndarray]
    inside: np.ndarray
    spacing: tuple[float, float, float]


def extract(crop: Crop, settings: Settings) -> dict[str, float]:
    """Column name to value; nothing for a lesion of one voxel, which pyradiomics refuses."""
    if crop.inside.sum() < 2:
        return {}
    mask = _image(crop.inside.astype(np.uint8), crop.spacing)
    row: dict[str, float] = {}
    with _quiet():
        for number, (name, data) in enumerate(crop.images.items()):
            extractor = _extractor(settings, shape=number == 0)
            found = extractor.execute(_image(data, crop.spacing), mask)
            row |= {_column(name, key): float(value) for key, value in found.items()}
    return row


@lru_cache(maxsize=8)
def _extractor(settings: Settings, *, shape: bool) -> Any:
    """Making one takes longer than measuring a small lesion, so a process keeps it."""
    width, count = settings.bin_width, settings.bin_count
    bins = {"binCount": count} if width is None else {"binWidth": width}
    extractor = require("radiomics.featureextractor", "pyradiomics").RadiomicsFeatureExtractor(
        minimumROIDimensions=1, additionalInfo=False, **bins
    )
    extractor.disableAllFeatures()
    extractor.disableAllImageTypes()
    for kind in settings.classes:
        if kind != "shape" or shape:
            extractor.enableFeatureClassByName(kind)
    for name in settings.filters:
        extractor.enableImageTypeByName(name.capitalize())
    return extractor


def _image(data: np.ndarray, spacing: tuple[float, float, float]) -> Any:
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(np.ascontiguousarray(data.T))
    image.SetSpacing(spacing)
    return image


def _column(image: str, key: str) -> str:
    band, kind, name = key.split("_")
    return f"{'mask' if kind == 'shape' else image}_{band_name(band)}_{kind}_{snake_case(name)}"


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
