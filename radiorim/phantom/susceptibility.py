"""The true susceptibility of a brain without lesions and veins, ppb: tissue and deep nuclei."""

from __future__ import annotations

import numpy as np

from radiorim.phantom.anatomy import Anatomy
from radiorim.phantom.nuclei import NUCLEI, nearest_nucleus

__all__ = ["tissue_ppb", "tissue_susceptibility"]

_GM, _WM = 15.0, -25.0
"""ppb relative to CSF."""

_WM_TEXTURE = ((3.5, 4.0), (12.0, 4.0))
"""Gaussian scale in mm and sd in ppb: stands for the orientation and the myelin of fibres, whose values over
a brain have an sd of about 11 ppb (Chen 2014).
"""


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
    depth, which = nearest_nucleus(anatomy.mni_mm)
    ppb = np.array([nucleus[-1] for nucleus in NUCLEI]) * np.exp(rng.normal(0, 0.12, len(NUCLEI)))
    return anatomy.lattice.upsample(depth), anatomy.lattice.upsample(ppb[which])
