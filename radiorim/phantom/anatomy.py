"""One person's head: the template warped, sharpened and folded in a way of its own, on the scan's grid."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from radiorim.phantom.lattice import Lattice
from radiorim.phantom.template import Template
from radiorim.volume import Volume

__all__ = ["HEAD_MM", "Anatomy", "head_lattice", "make_anatomy", "tissue_labels"]

HEAD_MM = 13.0
"""Distance from the brain's surface to the air."""

_BOX_MM = ((-91.0, 91.0), (-127.0, 94.0), (-77.0, 100.0))
"""What a scan covers, RAS mm of the template."""

_WARPS_MM = ((40.0, 2.2), (13.0, 1.3), (6.0, 0.4))
"""Smooth displacements: Gaussian scale and sd, mm."""


@dataclass(frozen=True, eq=False)
class Anatomy:
    """Tissue fractions on the grid of visit 2 and smooth maps on the lattice.

    `tissues` is (gm, wm, csf), float32, sum 1 in the brain and 0 outside. `surface_mm` (signed, positive
    outside the brain) is on the grid; `ventricle_mm` and `mni_mm` (the place in the template) are on the
    lattice.
    """

    lattice: Lattice
    grid: Volume
    tissues: np.ndarray
    surface_mm: np.ndarray
    ventricle_mm: np.ndarray
    mni_mm: np.ndarray

    @cached_property
    def brain(self) -> np.ndarray:
        """Where there is brain, CSF between its folds and in its ventricles included."""
        return self.outside < 0.5

    @cached_property
    def outside(self) -> np.ndarray:
        """Share of each voxel that is neither tissue nor CSF."""
        return np.clip(1 - self.tissues.sum(axis=0), 0, 1)

    @cached_property
    def surface_at_knots_mm(self) -> np.ndarray:
        """`surface_mm` on the lattice."""
        return self.lattice.at_knots(self.surface_mm)


def head_lattice(spacing_mm: float, cropped_mm: float = 0.0) -> Lattice:
    """The grid that covers a head with cubic voxels, but for so much on every side, and its lattice."""
    box = [(low + cropped_mm, high - cropped_mm) for low, high in _BOX_MM]
    shape = tuple(int((high - low) // spacing_mm) + 1 for low, high in box)
    return Lattice(shape, spacing_mm, tuple(low for low, _ in box))


def make_anatomy(
    template: Template, lattice: Lattice, rng: np.random.Generator, age: float = 40.0
) -> Anatomy:
    """A person: affine and smooth warp of the template, own folds, ventricles that are wider with age."""
    affine = np.diag([lattice.spacing_mm] * 3 + [1.0])
    affine[:3, 3] = lattice.origin_mm
    mni_mm = _warp(template, lattice, age, rng)
    surface_mm = lattice.upsample(_sample(template.surface_mm, template, 2.0, mni_mm))
    tissues = _tissues(template, lattice, mni_mm, surface_mm < 5)
    _fold(tissues, surface_mm, lattice, rng)
    grid = Volume(np.broadcast_to(np.float32(0), lattice.shape), affine)
    ventricle_mm = _sample(template.ventricle_mm, template, 2.0, mni_mm)
    return Anatomy(lattice, grid, tissues, surface_mm, ventricle_mm, mni_mm)


def tissue_labels(anatomy: Anatomy) -> np.ndarray:
    """The tissue that most of each voxel is: 1 GM, 2 WM, 3 CSF, 0 outside the brain (uint8)."""
    gm, wm, csf = anatomy.tissues
    most = np.where(wm > gm, np.uint8(2), np.uint8(1))
    most[csf > np.maximum(gm, wm)] = 3
    return most * anatomy.brain


def _warp(template: Template, lattice: Lattice, age: float, rng: np.random.Generator) -> np.ndarray:
    """Where in the template each knot lies, RAS mm, shape (3, *knots)."""
    place = lattice.coordinates_mm()
    angles, scales = np.radians(rng.normal(0, 2.0, 3)), np.exp(np.clip(rng.normal(0, 0.03, 3), -0.06, 0.06))
    centre = np.array([0.0, -18.0, 5.0])
    linear = _rotation(angles) @ np.diag(1 / scales)
    mni_mm = np.einsum("ij,jabc->iabc", linear, place - centre[:, None, None, None])
    mni_mm += centre[:, None, None, None]
    for scale_mm, sd_mm in _WARPS_MM:
        mni_mm += sd_mm * np.stack([lattice.noise(rng, scale_mm) for _ in range(3)])
    distance = _sample(template.ventricle_mm, template, 2.0, mni_mm)
    wider = np.clip(rng.normal(0.06 + 0.003 * (age - 40), 0.12), -0.15, 0.35) * np.exp(-distance / 12.0)
    return mni_mm + wider * (np.array([0.0, -12.0, 12.0])[:, None, None, None] - mni_mm)


def _tissues(template: Template, lattice: Lattice, mni_mm: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Template tissues at the warped places, inside `where` only (the rest of the head costs nothing)."""
    from radiorim.phantom.sampling import linear

    voxels = np.stack(
        [lattice.upsample(mni_mm[i] - template.origin_mm[i])[where] for i in range(3)], dtype=np.float32
    )
    tissues = np.zeros((3, *where.shape), dtype=np.float32)
    for tissue, values in zip(tissues, linear(template.tissues, voxels, outside=0.0).T, strict=True):
        tissue[where] = values
    return tissues


def _fold(tissues: np.ndarray, surface_mm: np.ndarray, lattice: Lattice, rng: np.random.Generator) -> None:
    """Turn the average's blurred cortex into one person's, in place.

    Zero sets of smooth random fields are sheets: CSF along a sheet is a sulcus, GM on both sides its
    banks. The posteriors are then sharpened, because an average of people is blurred and a person is not.
    """
    inside = tissues.sum(axis=0) > 0.02
    gm, wm, csf = (tissue[inside] for tissue in tissues)
    depth_mm = -surface_mm[inside]
    brain = np.minimum(gm + wm + csf, 1)
    cortex = np.clip(depth_mm + 1, 0, 1) * np.clip((26 - depth_mm) / 10, 0, 1)
    sheet = abs(lattice.upsample(lattice.noise(rng, 4.2))[inside])
    open_, thick = (np.exp(s * lattice.upsample(lattice.noise(rng, 7.0))[inside]) for s in (0.6, 0.25))
    sulcus = cortex * open_ * np.clip(2.5 * gm, 0, 1)
    csf_odds = (csf * (1 + 0.9 * sulcus)) ** 2 + 1.3 * sulcus * np.exp(-((sheet / 0.13) ** 2)) * (0.19 + csf)
    gm_odds = (gm**2.5 + 0.7 * cortex * wm * (gm + 0.08) * np.exp(-((sheet / 0.3) ** 2))) * thick
    total = np.maximum(csf_odds + gm_odds + wm**2.5, 1e-6)
    for tissue, odds in zip(tissues, (gm_odds, wm**2.5, csf_odds), strict=True):
        tissue[inside] = brain * odds / total
    tissues *= inside


def _sample(values: np.ndarray, template: Template, step_mm: float, mni_mm: np.ndarray) -> np.ndarray:
    from radiorim.phantom.sampling import linear

    voxels = (mni_mm - np.reshape(template.origin_mm, (3, 1, 1, 1))) / step_mm
    return linear(values, voxels)


def _rotation(angles: np.ndarray) -> np.ndarray:
    from scipy.spatial.transform import Rotation

    return Rotation.from_euler("xyz", angles).as_matrix()
