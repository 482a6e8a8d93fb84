"""Other packages on the crops of features_peers.py; runs in an interpreter that need not have radiorim.

    PYTHON benchmarks/features_peers_child.py CROPS.npz

Prints JSON: package -> version, milliseconds of CPU for a lesion, and features by "class_feature" in small
letters (of each crop), or the reason why there are none.
"""

from __future__ import annotations

import importlib.metadata
import json
import logging
import sys
import time
import warnings
from collections.abc import Callable, Iterator

import numpy as np

CLASSES = ("shape", "firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm")
Features = dict[str, float]
Crop = tuple[np.ndarray, np.ndarray]


def sitk_pair(crop: Crop) -> tuple:
    """Image and mask for SimpleITK, 1 mm voxels."""
    import SimpleITK as sitk

    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    return tuple(sitk.GetImageFromArray(np.ascontiguousarray(data.T)) for data in crop)


def like_pyradiomics(extractor: object) -> Callable[[Crop], Features]:
    """A package with pyradiomics' own interface."""

    def measure(crop: Crop) -> Features:
        found = extractor.execute(*sitk_pair(crop))
        return {
            key.split("_", 1)[1].lower(): float(value)
            for key, value in found.items()
            if key.startswith("original_")
        }

    return measure


def pyradiomics_cuda() -> Callable[[Crop], Features]:
    """A fork with pyradiomics' import name; on a CPU here."""
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    return like_pyradiomics(RadiomicsFeatureExtractor(minimumROIDimensions=1, additionalInfo=False))


def flash_radiomics() -> Callable[[Crop], Features]:
    """pyradiomics' interface over its own compiled library."""
    from flash_radiomics import RadiomicsFeatureExtractor

    settings = {"binWidth": 25, "minimumROIDimensions": 1, "additionalInfo": False}
    return like_pyradiomics(RadiomicsFeatureExtractor(backend="cpu", **settings))


def numpyradiomics() -> Callable[[Crop], Features]:
    """Functions of arrays; a lesion must not touch the border of its crop."""
    import numpyradiomics as package

    def measure(crop: Crop) -> Features:
        image, mask = (np.pad(data, 1) for data in crop)
        found = {}
        for kind in CLASSES:
            if kind == "shape":
                values = package.shape(mask, (1.0, 1.0, 1.0), extend=False)
            elif kind == "firstorder":
                values = package.firstorder(image, mask, extend=False)
            else:
                values = getattr(package, kind)(image, mask, binWidth=25)
            found |= {f"{kind}_{name.split('_')[-1].lower()}": float(value) for name, value in values.items()}
        return found

    return measure


PEERS = {
    "pyradiomics-cuda": pyradiomics_cuda,
    "flash-radiomics": flash_radiomics,
    "numpyradiomics": numpyradiomics,
}


def crops(path: str) -> Iterator[Crop]:
    """Image (float64) and mask (uint8) of each lesion."""
    stored = np.load(path)
    for number in range(len(stored.files) // 2):
        yield stored[f"image{number}"], stored[f"mask{number}"]


def measured(make: Callable[[], Callable[[Crop], Features]], given: list[Crop]) -> dict[str, object]:
    """Time and features; the first crop is measured once before, for what is loaded then."""
    measure = make()
    measure(given[0])
    start = time.process_time()
    features = [measure(crop) for crop in given]
    return {"ms": 1000 * (time.process_time() - start) / len(given), "features": features}


def main() -> None:
    """Measure what can be imported."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    given, found = list(crops(sys.argv[1])), {}
    for name, make in PEERS.items():
        try:
            found[name] = measured(make, given) | {"version": importlib.metadata.version(name)}
        except Exception as error:  # whatever a peer raises is its result
            found[name] = {"reason": f"{type(error).__name__}: {error}"[:200]}
    sys.__stdout__.write(json.dumps(found))


if __name__ == "__main__":
    main()
