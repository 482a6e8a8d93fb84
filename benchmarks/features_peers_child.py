"""Other packages on the crops of features_peers.py; runs in an interpreter that need not have radiorim.

    PYTHON benchmarks/features_peers_child.py CROPS.npz

Prints JSON: package -> version, milliseconds of CPU for a lesion, and features by "class_feature" in small
letters (of each crop; none for a lesion that the package refuses), or the reason why there are none.
features_peers_names.tsv has the names of the packages that have their own.
"""

from __future__ import annotations

import csv
import importlib.metadata
import json
import logging
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

CLASSES = ("shape", "firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm")
BIN_WIDTH = 25.0
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

    settings = {"binWidth": BIN_WIDTH, "minimumROIDimensions": 1, "additionalInfo": False}
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
                values = getattr(package, kind)(image, mask, binWidth=BIN_WIDTH)
            found |= {f"{kind}_{name.split('_')[-1].lower()}": float(value) for name, value in values.items()}
        return found

    return measure


def names_of(package: str) -> dict[str, str]:
    """The package's own name of a feature -> pyradiomics' name; without those it does not have."""
    with Path(__file__).with_name("features_peers_names.tsv").open(newline="") as file:
        return {
            line[package]: line["pyradiomics"]
            for line in csv.DictReader(file, delimiter="\t")
            if line[package]
        }


def lowest_edge(crop: Crop) -> float:
    """Where pyradiomics' first bin begins: the multiple of the width at or below the least value."""
    image, mask = crop
    return float(np.floor(image[mask > 0].min() / BIN_WIDTH) * BIN_WIDTH)


def z_rad() -> Callable[[Crop], Features]:
    """Arrays of (z, y, x), its own names; its bins begin where it is told. No part of its GUI is imported."""
    from zrad.exceptions import DataStructureError
    from zrad.image import Image
    from zrad.preprocessing import IntensityMaskBuilder, RoiData, TextureDiscretizer
    from zrad.radiomics import Radiomics

    names, extractor = names_of("z-rad"), Radiomics(aggr_dim="3D", aggr_method="AVER")

    def measure(crop: Crop) -> Features:
        image, mask = (
            Image(np.ascontiguousarray(data.T, float), np.zeros(3), np.ones(3), np.eye(3).ravel(), data.shape)
            for data in crop
        )
        region = IntensityMaskBuilder().apply(RoiData(image, morphological_mask=mask))
        region.intensity_range = (lowest_edge(crop), np.inf)
        region = TextureDiscretizer(bin_size=BIN_WIDTH).apply(region)
        try:
            found = extractor.extract_features(region, features=list(names))
        except DataStructureError:  # fewer than 27 voxels, or a side of fewer than 3
            return {}
        return {ours: float(found[theirs]) for theirs, ours in names.items()}

    return measure


def nyxus() -> Callable[[Crop], Features]:
    """3-D from files alone, whole numbers alone; textures of a file of ready-made bins, not binned again."""
    import SimpleITK as sitk
    from nyxus import Nyxus3D

    names = names_of("nyxus")
    binned = [
        name for name in names if name.startswith(("3GL", "3NG")) or name in ("3ENTROPY", "3UNIFORMITY")
    ]
    plain = Nyxus3D([name for name in names if name not in binned], n_feature_calc_threads=1)
    texture = Nyxus3D(binned, n_feature_calc_threads=1, ibsi=True)

    def measure(crop: Crop) -> Features:
        image, mask = crop
        bins = ((image - lowest_edge(crop)) // BIN_WIDTH + 1) * mask
        with tempfile.TemporaryDirectory() as folder:
            files = [f"{folder}/{name}.nii" for name in ("image", "bins", "mask")]
            kinds = (np.float32, np.uint16, np.uint8)
            for path, data, kind in zip(files, (image, bins, mask), kinds, strict=True):
                sitk.WriteImage(sitk.GetImageFromArray(np.ascontiguousarray(data.T, kind)), path)
            tables = [plain.featurize_files(files[:1], files[2:], False)]
            tables.append(texture.featurize_files(files[1:2], files[2:], False))
        return {names[name]: float(table[name][0]) for table in tables for name in table if name in names}

    return measure


PEERS = {
    "pyradiomics-cuda": pyradiomics_cuda,
    "flash-radiomics": flash_radiomics,
    "numpyradiomics": numpyradiomics,
    "z-rad": z_rad,
    "nyxus": nyxus,
}


def crops(path: str) -> Iterator[Crop]:
    """Image (float64) and mask (uint8) of each lesion."""
    stored = np.load(path)
    for number in range(len(stored.files) // 2):
        yield stored[f"image{number}"], stored[f"mask{number}"]


def measured(make: Callable[[], Callable[[Crop], Features]], given: list[Crop]) -> dict[str, object]:
    """Time (of lesions not refused) and features; one crop is measured before, for what is loaded then."""
    measure = make()
    measure(given[0])
    features, milliseconds = [], []
    for crop in given:
        start = time.process_time()
        features.append(measure(crop))
        if features[-1]:
            milliseconds.append(1000 * (time.process_time() - start))
    return {"ms": float(np.mean(milliseconds)), "features": features}


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
