"""pyradiomics as its users call it, for benchmarks/features.py; written without radiorim's own engine."""

from __future__ import annotations

import logging

import numpy as np
import SimpleITK as sitk
from radiomics import imageoperations
from radiomics.featureextractor import RadiomicsFeatureExtractor
from scipy import ndimage

logging.getLogger("radiomics").setLevel(logging.ERROR)
sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
SIGMAS = [1.0, 2.0, 3.0]


def best_use(image: np.ndarray, labels: np.ndarray, spacing: tuple, *, full: bool) -> list[dict[str, float]]:
    """Filters once for the volume, then a tight crop for each label and band, made in numpy."""
    extractor = RadiomicsFeatureExtractor(minimumROIDimensions=1, additionalInfo=False)
    texture = RadiomicsFeatureExtractor(minimumROIDimensions=1, additionalInfo=False)
    texture.enableFeatureClassByName("shape", enabled=False)
    bands = {"original": image}
    if full:
        whole = as_sitk(image, spacing)
        for result, name, _ in imageoperations.getLoGImage(whole, None, sigma=SIGMAS):
            bands[name] = sitk.GetArrayFromImage(result).T
        for result, name, _ in imageoperations.getWaveletImage(whole, None):
            bands[name] = sitk.GetArrayFromImage(result).T
    rows = []
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        if box is None:
            continue
        mask = as_sitk((labels[box] == number).astype(np.uint8), spacing)
        row = {}
        for name, values in bands.items():
            measure = extractor if name == "original" else texture
            found = measure.execute(as_sitk(values[box], spacing), mask)
            row |= {key.replace("original", name, 1): float(value) for key, value in found.items()}
        rows.append(row)
    return rows


def default_call(image: sitk.Image, labels: sitk.Image, number: int, *, full: bool) -> dict[str, float]:
    """`execute(image, labels, label=k)` on the whole volume: what users type."""
    extractor = RadiomicsFeatureExtractor(minimumROIDimensions=1, additionalInfo=False)
    if full:
        extractor.enableImageTypeByName("LoG", customArgs={"sigma": SIGMAS})
        extractor.enableImageTypeByName("Wavelet")
    return extractor.execute(image, labels, label=number)


def as_sitk(data: np.ndarray, spacing: tuple) -> sitk.Image:
    """A SimpleITK image of an array with axes as in radiorim."""
    image = sitk.GetImageFromArray(np.ascontiguousarray(data.T))
    image.SetSpacing(spacing)
    return image
