"""The true susceptibility of a person's brain in ppb: tissue, deep nuclei, veins and lesions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from radiorim.phantom.anatomy import Anatomy
from radiorim.phantom.lesions import Lesion
from radiorim.phantom.nuclei import NUCLEI, nearest_nucleus
from radiorim.phantom.parameters import Params

__all__ = ["tissue_susceptibility"]

_GM, _WM, _WM_TEXTURE = 15.0, -25.0, 4.0
"""ppb relative to CSF; the texture stands for fibre orientation."""


def tissue_susceptibility(
    anatomy: Anatomy, lesions: Sequence[Lesion], params: Params, rng: np.random.Generator
) -> np.ndarray:
    """The map without what the lesions add, float32, 0 outside the brain."""
    gm, wm, csf = anatomy.tissues
    texture = anatomy.lattice.upsample(anatomy.lattice.noise(rng, 3.5))
    chi = _GM * gm + wm * (_WM + _WM_TEXTURE * texture)
    depth, value = _nuclei(anatomy, rng)
    share = np.clip(depth / anatomy.lattice.spacing_mm + 0.5, 0, 1) * (1 - csf) * (gm + wm)
    chi += share * (value - chi)
    chi += _veins(anatomy, lesions, params, rng) * (gm + wm)
    return chi


def _nuclei(anatomy: Anatomy, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Depth in mm inside the nearest nucleus (negative outside) and its ppb, on the grid."""
    depth, which = nearest_nucleus(anatomy.mni_mm)
    ppb = np.array([nucleus[-1] for nucleus in NUCLEI]) * np.exp(rng.normal(0, 0.12, len(NUCLEI)))
    return anatomy.lattice.upsample(depth), anatomy.lattice.upsample(ppb[which])


def _veins(
    anatomy: Anatomy, lesions: Sequence[Lesion], params: Params, rng: np.random.Generator
) -> np.ndarray:
    """Medullary veins that run from the ventricles outward, and the central veins of lesions, ppb."""
    paths = [_central(lesion) for lesion in lesions if lesion.vein] + _medullary(anatomy, rng)
    chi = np.zeros(anatomy.grid.shape, np.float32)
    voxel_mm3 = anatomy.grid.voxel_mm3
    for path in paths:
        area_mm2 = np.pi * rng.uniform(0.25, 0.6) ** 2
        _splat(chi, anatomy.grid.to_voxels(path), params.vein_ppb * area_mm2 * _STEP_MM / voxel_mm3)
    return chi


_STEP_MM = 0.4


def _central(lesion: Lesion) -> np.ndarray:
    reach = np.arange(-1.5, 1.5, _STEP_MM / lesion.axes[0]) * lesion.axes[0]
    return np.array(lesion.centre) + reach[:, None] * np.array(lesion.rotation[:3])


def _medullary(anatomy: Anatomy, rng: np.random.Generator, count: int = 70) -> list[np.ndarray]:
    """Gently bent lines outward from the ventricle walls, RAS mm."""
    distance = anatomy.ventricle_mm
    slope = np.stack(np.gradient(distance))
    start = np.argwhere((distance > 3) & (distance < 9) & (anatomy.mni_mm[2] > -5))
    knots_mm = anatomy.lattice.coordinates_mm()
    paths = []
    for knot in start[rng.integers(len(start), size=count)]:
        outward = slope[(slice(None), *knot)] + rng.normal(0, 0.25, 3)
        outward /= max(np.linalg.norm(outward), 1e-6)
        along = np.arange(0, rng.uniform(6, 22), _STEP_MM)[:, None]
        paths.append(knots_mm[(slice(None), *knot)] + along * outward + along**2 * rng.normal(0, 0.006, 3))
    return paths


def _splat(chi: np.ndarray, voxels: np.ndarray, amount: float) -> None:
    """Share `amount` for each point among its eight neighbours by trilinear weights, in place."""
    low = np.floor(voxels).astype(int)
    inside = np.all((low >= 0) & (low < np.array(chi.shape) - 1), axis=1)
    low, part = low[inside], (voxels - low)[inside]
    for corner in np.ndindex(2, 2, 2):
        weight = np.prod(np.where(corner, part, 1 - part), axis=1)
        np.add.at(chi, tuple((low + corner).T), (amount * weight).astype(np.float32))
