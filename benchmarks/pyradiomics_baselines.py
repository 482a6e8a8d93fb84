"""Cut pyradiomics' own test images and baselines to what tests/features/test_baselines.py needs.

    pip download --no-deps --no-binary pyradiomics-bhklab pyradiomics-bhklab==3.1.4
    tar xzf pyradiomics_bhklab-3.1.4.tar.gz
    python benchmarks/pyradiomics_baselines.py pyradiomics_bhklab-3.1.4

Writes tests/data/pyradiomics: `crops.npz` (each image and its mask, cut to the mask's box, with voxel edges
in mm) and `baselines.tsv` (the values that need no preprocessing). Licence of both: BSD, see README.md there.
"""

from __future__ import annotations

import ast
import csv
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import SimpleITK as sitk

IMAGES = ("brain1", "brain2", "breast1", "lung1", "lung2")
CLASSES = ("shape", "firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm")
SHIFTED = ("Energy", "TotalEnergy", "RootMeanSquared")
TARGET = Path(__file__).resolve().parents[1] / "tests" / "data" / "pyradiomics"


def crops(data: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Name and array: `<image>_image`, `<image>_mask`, `<image>_spacing`, axes as in radiorim."""
    for name in IMAGES:
        # radiorim reads NIfTI only, and these are NRRD.
        image, mask = (
            sitk.ReadImage(str(data / f"{name}_{kind}.nrrd"))  # noqa: TID251
            for kind in ("image", "label")
        )
        inside = sitk.GetArrayFromImage(mask).T == 1
        box = tuple(slice(axis.min(), axis.max() + 1) for axis in np.nonzero(inside))
        yield f"{name}_image", sitk.GetArrayFromImage(image).T[box]
        yield f"{name}_mask", inside[box].astype(np.uint8)
        yield f"{name}_spacing", np.array(image.GetSpacing())


def baselines(data: Path) -> Iterator[tuple[str, str, str, float, int, float, float]]:
    """Image, class, feature, bin width (NaN if a count), bin count, what was added to the image, value."""
    for kind in CLASSES:
        with (data / "baseline" / f"baseline_{kind}.csv").open(newline="") as file:
            rows = {row[0]: row[1:] for row in csv.reader(file)}
        settings = rows["diagnostics_Configuration_Settings"]
        for column, case in enumerate(rows["featureName"]):
            if case not in IMAGES and case.removesuffix("_FBN") not in IMAGES:
                continue
            used = ast.literal_eval(settings[column])
            bins = (used.get("binWidth", np.nan), used.get("binCount", 0))
            for key in (key for key in rows if key.startswith("original_")):
                feature = key.split("_")[2]
                shift = used.get("voxelArrayShift", 0) if feature in SHIFTED else 0
                yield case.removesuffix("_FBN"), kind, feature, *bins, shift, float(rows[key][column])


def main() -> None:
    """Write both files, from the unpacked sdist named on the command line."""
    data = Path(sys.argv[1]) / "data"
    TARGET.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(TARGET / "crops.npz", **dict(crops(data)))
    with (TARGET / "baselines.tsv").open("w", newline="") as file:
        table = csv.writer(file, delimiter="\t", lineterminator="\n")
        table.writerow(["image", "class", "feature", "bin_width", "bin_count", "shift", "value"])
        table.writerows(baselines(data))
    print(f"{TARGET}: {sum(1 for _ in (TARGET / 'baselines.tsv').open()) - 1} values")


if __name__ == "__main__":
    main()
