"""The true susceptibility of a brain without lesions and veins, ppb: tissue and deep nuclei."""

from __future__ import annotations

import numpy as np

from radiorim.phantom.anatomy import Anatomy
from radiorim.phantom.nuclei import NUCLEI, near_nuclei, nearest_nucleus

__all__ = ["tissue_ppb", "tissue_susceptibility"]

_GM, _WM = 15.0, -25.0
"""ppb relative to CSF."""

_WM_TEXTURE = ((3.5, 4.0), (12.0, 4.0))
"""Gaussian scale in mm and sd in ppb: stands for the orientation and the myelin of fibres, whose values over
a brain have an sd of about 11 ppb (Chen 2014).
"""

_FAR_MM = 100.0
"""Said of the depth of what is too far from all nuclei to be of one."""


def tissue_ppb(anatomy: Anatomy) -> np.ndarray:
    """Grey and white matter alone, as means: what holds no iron of its own."""
    return np.float32(_GM) * anatomy.tissues[0] + np.float32(_WM) * anatomy.tissues[1]


def tissue_susceptibility(anatomy: Anatomy, rng: np.random.Generator) -> np.ndarray:
    """Tissue with texture and deep nuclei, float32, 0 outside the brain."""
    gm, wm, csf = anatomy.tissues
    lattice = anatomy.lattice
    chi = tissue_ppb(anatomy)
    chi += wm * lattice.upsample(sum(sd * lattice.noise(rng, scale_mm) for scale_mm, sd in _WM_TEXTURE))
    depth, value = _nuclei(anatomy, rng)
    share = np.clip(depth / lattice.spacing_mm + 0.5, 0, 1) * (1 - csf) * (gm + wm)
    chi += share * (value - chi)
    return chi


def _nuclei(anatomy: Anatomy, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Depth in mm inside the nearest nucleus (negative outside) and its ppb, on the grid."""
    value = np.array([nucleus[-1] for nucleus in NUCLEI]) * np.exp(rng.normal(0, 0.12, len(NUCLEI)))
    lattice = anatomy.lattice
    depth, ppb = np.full(lattice.knots, -_FAR_MM, np.float32), np.zeros(lattice.knots)
    # Further away neither matters: a knot weighs in over four steps of the lattice.
    near = near_nuclei(anatomy.mni_mm, 4 * lattice.step_mm)
    depth[near], which = nearest_nucleus(anatomy.mni_mm[:, near])
    ppb[near] = value[which]
    return lattice.upsample(depth), lattice.upsample(ppb)
