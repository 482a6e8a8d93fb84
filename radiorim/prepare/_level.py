"""Two scans on voxels of one size, how well they agree there, and the descent that improves it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radiorim.io.sitk import affine_to_transform, to_sitk, transform_to_affine
from radiorim.prepare.resample import field_of_view, resample
from radiorim.volume import Volume

if TYPE_CHECKING:
    import SimpleITK

__all__ = ["LEAST_OVERLAP", "Level", "middle_mm", "ncc", "optimised"]

LEAST_OVERLAP = 1 / 3
"""Scans that share less of the brain are not compared: half a head still can be."""


def ncc(one: np.ndarray, other: np.ndarray) -> float:
    """Normalised (Pearson) correlation of two arrays, in float64; 0 if one of them is constant or empty."""
    if one.size < 2:
        return 0.0
    a, b = one.astype(float).ravel() - one.mean(dtype=float), other.astype(float).ravel()
    b -= b.mean()
    length = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / length if length > 0 else 0.0


@dataclass(frozen=True)
class Level:
    """Both scans on isotropic voxels, smoothed where they were finer, and the fixed scan's mask."""

    fixed: Volume
    moving: Volume
    mask: Volume
    edge_mm: float

    @classmethod
    def of(cls, fixed: Volume, moving: Volume, mask: Volume, edge_mm: float) -> Level:
        grid = _isotropic(fixed, edge_mm)
        inside = resample(mask.like((mask.data != 0).astype(np.float32)), grid).data > 0.5
        return cls(grid, _isotropic(moving, edge_mm), grid.like(inside), edge_mm)

    @property
    def centre_mm(self) -> np.ndarray:
        return middle_mm(self.mask)

    def overlap(self, matrix: np.ndarray) -> float:
        """Share of the mask that the moving scan covers after `matrix`."""
        return float(self._seen(np.linalg.inv(matrix)).sum() / max(1, self.mask.data.sum()))

    def ncc(self, matrix: np.ndarray) -> float:
        """Correlation inside the mask after `matrix`; -1 if the moving scan sees less than a third of it."""
        back = np.linalg.inv(matrix)
        seen = self._seen(back)
        if seen.sum() < self.mask.data.sum() * LEAST_OVERLAP:
            return -1.0
        return ncc(self.fixed.data[seen], resample(self.moving, self.fixed, back).data[seen])

    def _seen(self, back: np.ndarray) -> np.ndarray:
        return self.mask.data & field_of_view(self.moving, self.fixed, back)


def optimised(
    level: Level, start: np.ndarray, *, affine: bool = False, refine: bool = False
) -> np.ndarray | None:
    """The matrix after gradient descent, or None if the scans do not overlap from this start.

    Steps begin at one voxel and shrink slowly (by .9: with .5 a round head stops 3 mm short); to `refine` a
    good start they begin at a third of a voxel and shrink by .7. Both end at a hundredth of a mm.
    """
    import SimpleITK as sitk

    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsCorrelation()
    method.SetMetricFixedMask(to_sitk(level.mask))
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(
        learningRate=level.edge_mm / 3 if refine else level.edge_mm,
        minStep=1e-2,
        numberOfIterations=150,
        relaxationFactor=0.7 if refine else 0.9,
        gradientMagnitudeTolerance=1e-6,
    )
    method.SetOptimizerScalesFromPhysicalShift()
    transform = _transform(start, level.centre_mm, affine=affine)
    method.SetInitialTransform(transform, True)
    try:
        method.Execute(to_sitk(level.fixed), to_sitk(level.moving))
    except RuntimeError:  # ITK's word for no sample of the mask inside the moving scan
        return None
    return transform_to_affine(transform)


def _transform(matrix: np.ndarray, centre_mm: np.ndarray, *, affine: bool) -> SimpleITK.Transform:
    """The matrix as an ITK transform about the middle of the brain, for independent parameters."""
    import SimpleITK as sitk

    whole = affine_to_transform(matrix)
    transform = sitk.AffineTransform(3) if affine else sitk.Euler3DTransform()
    centre = np.array([-centre_mm[0], -centre_mm[1], centre_mm[2]])
    transform.SetCenter(centre.tolist())
    transform.SetMatrix(whole.GetMatrix())
    transform.SetTranslation((np.array(whole.TransformPoint(centre.tolist())) - centre).tolist())
    return transform


def middle_mm(mask: Volume) -> np.ndarray:
    from scipy import ndimage

    return mask.to_mm(np.array([ndimage.center_of_mass(mask.data != 0)]))[0]


def _isotropic(volume: Volume, edge_mm: float) -> Volume:
    """Voxels of `edge_mm` along the volume's own axes; finer axes are smoothed first."""
    from scipy import ndimage

    sizes = np.array(volume.spacing)
    sigmas = 0.5 * np.sqrt(np.maximum(edge_mm**2 - sizes**2, 0)) / sizes
    smooth = ndimage.gaussian_filter(volume.data.astype(np.float32), sigmas, mode="nearest", truncate=3)
    affine = volume.affine.copy()
    affine[:3, :3] *= edge_mm / sizes
    # The first voxel's outer edge stays where it was, so that no half voxel is lost.
    affine[:3, 3] += (affine[:3, :3] - volume.affine[:3, :3]).sum(axis=1) / 2
    shape = tuple(int(n) for n in np.maximum(1, np.floor(np.array(volume.shape) * sizes / edge_mm)))
    return resample(volume.like(smooth), Volume(np.broadcast_to(np.float32(0), shape), affine))
