from __future__ import annotations

import logging
import warnings

import numpy as np
import pytest

from radiorim.features.fast import Asked, Bins
from radiorim.features.naming import snake_case

ALL = ("shape", "firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm")


@pytest.fixture
def reference():
    """A function of data, labels, spacing and bins that gives pyradiomics' features of each label."""
    radiomics = pytest.importorskip("radiomics")
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    sitk = pytest.importorskip("SimpleITK")
    radiomics.logger.setLevel(logging.CRITICAL)

    def image(data, spacing):
        made = sitk.GetImageFromArray(np.ascontiguousarray(data.T))
        made.SetSpacing([float(edge) for edge in spacing])
        return made

    def measure_one(extractor, data, inside, spacing):
        where = np.argwhere(inside)
        box = tuple(slice(a, b) for a, b in zip(where.min(axis=0), where.max(axis=0) + 1, strict=True))
        data, inside = (np.pad(array[box], 1) for array in (data.astype(float), inside.astype(np.uint8)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = extractor.execute(image(data, spacing), image(inside, spacing))
        parts = ((key.split("_"), value) for key, value in found.items())
        return {(kind, snake_case(name)): float(value) for (_, kind, name), value in parts}

    def build(data, labels, spacing, bins):
        width = {"binCount": bins.count} if bins.width is None else {"binWidth": bins.width}
        extractor = RadiomicsFeatureExtractor(minimumROIDimensions=1, additionalInfo=False, **width)
        extractor.disableAllFeatures()
        for kind in ALL:
            extractor.enableFeatureClassByName(kind)
        rows = [measure_one(extractor, data, labels == n, spacing) for n in np.unique(labels)[1:]]
        return {key: np.array([row[key] for row in rows]) for key in rows[0]}

    return build


@pytest.fixture
def asked():
    """A function of a bin width (or None and a count) that asks for all classes."""
    return lambda width=25.0, count=32: Asked(ALL, Bins(width, count))
