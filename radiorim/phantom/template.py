"""The ICBM152 2009 maps inside nilearn's wheel, made ready: tissues that sum to the brain, and distances."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from radiorim.errors import DataError

__all__ = ["NOTICE", "Template", "load_template"]

NOTICE = (
    "Anatomy derived from the ICBM 152 Nonlinear atlases (2009): Copyright (C) 1993-2009 Louis Collins, "
    "McConnell Brain Imaging Centre, Montreal Neurological Institute, McGill University. Permission to "
    "use, copy, modify, and distribute this software and its documentation for any purpose and without "
    "fee is hereby granted, provided that the above copyright notice appear in all copies. The authors "
    "and McGill University make no representations about the suitability of this software for any "
    "purpose. It is provided 'as is' without express or implied warranty. The authors are not responsible "
    "for any data loss, equipment damage, property loss, or injury to subjects or patients resulting from "
    "the use or misuse of this software package."
)
"""The licence of the maps, to be kept with everything that is made from them."""

_CSF_T1, _GM_T1, _WM_T1 = 0.27, 0.64, 0.87
"""Typical T1 of the template's tissues (0..1)."""


@dataclass(frozen=True, eq=False)
class Template:
    """Tissue fractions at 1 mm and distance maps at 2 mm.

    `tissues` has shape (x, y, z, 3): GM, WM and CSF of a voxel lie together, as they are read. They are
    float32 and add up to 1 in the brain.
    `surface_mm` is the signed distance to the brain's surface (positive outside), `ventricle_mm` the
    distance to the ventricles. `origin_mm` is RAS of voxel (0, 0, 0) of both grids; axes run along R, A,
    S.
    """

    tissues: np.ndarray
    surface_mm: np.ndarray
    ventricle_mm: np.ndarray
    origin_mm: tuple[float, float, float]


@lru_cache(maxsize=1)
def load_template() -> Template:
    """The maps, once for each process. No network: nilearn carries the files in its wheel."""
    from scipy import ndimage

    t1, gm, wm, affine = _maps()
    brain = t1 > 0
    csf = np.where(brain, np.maximum(1 - gm - wm, np.clip((0.56 - t1) / (0.56 - 0.33), 0, 1)), 0)
    coarse = csf[::2, ::2, ::2]
    inside_mm = 2 * ndimage.distance_transform_edt(brain[::2, ::2, ::2])
    outside_mm = 2 * ndimage.distance_transform_edt(~brain[::2, ::2, ::2])
    ventricle_mm = 2 * ndimage.distance_transform_edt(~_ventricles(coarse, inside_mm, affine[:3, 3]))
    tissues = _without_ring(np.stack([gm, wm, csf]), t1, ventricle_mm)
    tissues *= brain / np.maximum(tissues.sum(axis=0), 1e-3)
    surface_mm = outside_mm - inside_mm
    # The skull does not follow the folds of the brain.
    smooth_mm = ndimage.gaussian_filter(np.clip(surface_mm, -8, 40), 4.0)
    surface_mm += (smooth_mm - surface_mm) * np.clip((surface_mm - 1) / 4, 0, 1)
    tissues = np.ascontiguousarray(np.moveaxis(tissues, 0, -1))
    return Template(tissues, surface_mm.astype(np.float32), ventricle_mm, tuple(affine[:3, 3].tolist()))


def _maps() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    from nilearn import datasets

    try:
        images = [
            datasets.load_mni152_template(resolution=1),
            datasets.load_mni152_gm_template(resolution=1),
            datasets.load_mni152_wm_template(resolution=1),
        ]
    except (OSError, ValueError) as error:
        raise DataError(
            f"nilearn's ICBM152 maps cannot be read ({error}). Install nilearn again: pip install nilearn"
        ) from error
    # In the order that they are read in: files keep the other one, and each person would copy the maps.
    t1, gm, wm = (np.ascontiguousarray(image.dataobj, dtype=np.float32) for image in images)
    return t1, gm, wm, images[0].affine


def _ventricles(csf: np.ndarray, inside_mm: np.ndarray, origin_mm: np.ndarray) -> np.ndarray:
    """Lateral and third ventricles on the 2 mm grid: the CSF deep in the middle of the brain."""
    from scipy import ndimage

    x, y, z = (
        o + 2.0 * np.arange(n).reshape([-1 if a == i else 1 for a in range(3)])
        for i, (o, n) in enumerate(zip(origin_mm, csf.shape, strict=True))
    )
    box = (abs(x) < 40) & (y > -60) & (y < 40) & (z > -6) & (z < 36)
    fissures = (abs(x) < 5) & ((y < -36) | (y > 20) | (z > 18))
    labels, count = ndimage.label((csf > 0.5) & (inside_mm > 22) & box & ~fissures)
    sizes = ndimage.sum_labels(np.ones(csf.shape), labels, np.arange(1, count + 1))
    return np.isin(labels, 1 + np.flatnonzero(sizes > 40))


def _without_ring(tissues: np.ndarray, t1: np.ndarray, ventricle_mm: np.ndarray) -> np.ndarray:
    """Give the thin GM ring round the ventricles (a mixture of WM and CSF in truth) back to WM and CSF."""
    from scipy import ndimage

    gm, wm, csf = tissues
    near = ndimage.zoom(ventricle_mm < 6, 2, order=0)
    near = np.pad(near, [(0, max(0, a - b)) for a, b in zip(gm.shape, near.shape, strict=True)])
    block = ndimage.binary_dilation(ndimage.binary_opening(gm > 0.5, iterations=3), iterations=2)
    ring = near[: gm.shape[0], : gm.shape[1], : gm.shape[2]] & ~block
    share = np.clip((t1[ring] - _CSF_T1) / (_WM_T1 - _CSF_T1), 0, 1)
    wm[ring] += gm[ring] * share
    csf[ring] += gm[ring] * (1 - share)
    gm[ring] = 0
    return np.stack([gm, wm, csf])
