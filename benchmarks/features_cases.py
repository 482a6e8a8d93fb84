"""Volumes with lesions for benchmarks/features.py: a synthetic one, and two real patients."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy import ndimage

from radiorim.case import Case
from radiorim.io.nifti import load, load_mask
from radiorim.lesions import Lesions
from radiorim.phantom.memory import cohort
from radiorim.volume import Volume

SHAPE = (182, 218, 182)
REAL = Path(__file__).resolve().parents[2] / "shared" / "data" / "ljubljana" / "cross_sectional_mni"


def synthetic(lesions: int, seed: int = 0) -> tuple[Case, Lesions]:
    """1 mm voxels; ellipsoids of 20 to 3,000 voxels (log-uniform) that do not overlap; smooth noise."""
    rng = np.random.default_rng(seed)
    labels = np.zeros(SHAPE, dtype=np.int32)
    number = 0
    while number < lesions:
        radii = rng.uniform(0.7, 1.4, 3)
        voxels = np.exp(rng.uniform(np.log(24), np.log(2700)))
        radii *= (voxels / (4 / 3 * np.pi * radii.prod())) ** (1 / 3)
        centre = rng.uniform(12, np.array(SHAPE) - 12)
        low = np.floor(centre - radii).astype(int)
        high = np.ceil(centre + radii).astype(int) + 1
        grid = np.ogrid[tuple(slice(*ends) for ends in zip(low, high, strict=True))]
        inside = sum(((x - c) / r) ** 2 for x, c, r in zip(grid, centre, radii, strict=True)) <= 1
        box = tuple(slice(*ends) for ends in zip(low, high, strict=True))
        if 20 <= inside.sum() <= 3000 and not labels[box][inside].any():
            number += 1
            labels[box][inside] = number
    noise = ndimage.gaussian_filter(rng.standard_normal(SHAPE), 1.0)
    flair = (200 + 60 * noise / noise.std()).astype(np.float32)
    affine = np.eye(4)
    case = Case("synthetic", "synthetic", {"flair": Volume(np.asfortranarray(flair), affine)})
    return case, Lesions.from_labels(Volume(np.asfortranarray(labels), affine))


def real() -> list[tuple[Case, Lesions]]:
    """FLAIR and T1 of the two cross-sectional patients, lesions by 6-connectivity; empty without them."""
    found = []
    for folder in sorted(REAL.glob("patient*")):
        images = {name.lower(): load(folder / f"{name}.nii.gz") for name in ("FLAIR", "T1")}
        lesions = Lesions.from_mask(load_mask(folder / "lesions.nii.gz"), connectivity=6)
        # Voxels are 1 mm3, and the reference refuses a single one.
        lesions = lesions.keep(lambda table: table.volume_mm3 > 1.5)
        found.append((Case(folder.name, folder.name, images), lesions))
    return found


def demo() -> tuple[Case, Lesions]:
    """The first person of the embedded cohort, whose susceptibility map (ppb) is on the lesions' grid."""
    (case,) = cohort(1)
    lesions = Lesions.from_labels(case.mask("lesions"))
    return case, lesions.keep(lambda table: table.volume_mm3 > 1.5 * lesions.labels.voxel_mm3)
