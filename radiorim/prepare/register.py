"""Linear registration of two scans of one person, and the space half way between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radiorim.errors import DataError, UsageError
from radiorim.io.sitk import affine_to_transform, to_sitk, transform_to_affine
from radiorim.prepare._run import name_of, repeatable, require_finite
from radiorim.prepare.resample import field_of_view, resample
from radiorim.volume import Volume, require_same_grid

if TYPE_CHECKING:
    import SimpleITK

__all__ = ["Register", "Registration", "half_way", "ncc"]

_GOOD_NCC = 0.8
"""A first result this good is not tried again from rotated starts."""

_MOST_SCALE = 0.1
"""The same head does not change its size by more than this between scanners."""


@dataclass(frozen=True)
class Registration:
    """What a registration found: `matrix` takes RAS mm of the fixed scan to RAS mm of the moving scan.

    `ncc_before` and `ncc_after` are the normalised correlations inside the fixed scan's mask at the fine
    level;
    `centre_mm` is the middle of that mask.
    """

    matrix: np.ndarray
    ncc_before: float
    ncc_after: float
    centre_mm: np.ndarray

    @property
    def shift_mm(self) -> float:
        """How far the middle of the brain moves."""
        moved = self.matrix[:3, :3] @ self.centre_mm + self.matrix[:3, 3]
        return float(np.linalg.norm(moved - self.centre_mm))

    @property
    def rotation_deg(self) -> float:
        """Angle of the rotation part (polar decomposition)."""
        u, _, vt = np.linalg.svd(self.matrix[:3, :3])
        return float(np.degrees(np.arccos(np.clip((np.trace(u @ vt) - 1) / 2, -1, 1))))

    @property
    def scale_percent(self) -> float:
        """Largest stretch or squeeze along any direction, in percent; 0 for a rigid transform."""
        return float(100 * np.abs(np.linalg.svd(self.matrix[:3, :3])[1] - 1).max())


@dataclass(frozen=True)
class Register:
    """Rigid on coarse voxels, then rigid or affine on fine ones; correlation inside the fixed scan's mask.

    Starts: the headers as they are, middle of mask on middle of mask, middle of grid on middle of grid; if
    the best ends poorly, rotations by 30 degrees about each axis as well. All voxels are used, so there is
    no seed: the same input gives the same bytes on any number of cores. Works best after N4.
    """

    transform: str = "affine"
    coarse_mm: float = 3.0
    fine_mm: float = 1.5
    min_ncc: float = 0.65

    def __post_init__(self) -> None:
        if self.transform not in ("rigid", "affine"):
            raise UsageError(f"transform must be 'rigid' or 'affine', not {self.transform!r}.")

    def __call__(
        self, fixed: Volume, moving: Volume, *, fixed_mask: Volume, moving_mask: Volume | None = None
    ) -> Registration:
        """Find where the fixed scan's points lie in the moving scan; masks are on the grids of their scans.

        Raises `DataError` that names both scans when the result is no registration of one head to itself.
        """
        _require_usable(fixed, moving, fixed_mask, moving_mask)
        coarse = _Level.of(fixed, moving, fixed_mask, self.coarse_mm)
        moving_middle = _middle_mm(_bright(moving) if moving_mask is None else moving_mask)
        starts = _starts(coarse, moving_middle)
        with repeatable():
            _, rigid = _best(coarse, starts, _rotated(coarse, moving_middle))
            fine = _Level.of(fixed, moving, fixed_mask, self.fine_mm)
            matrix = _optimised(fine, rigid, affine=self.transform == "affine")
        found = Registration(
            np.eye(4) if matrix is None else matrix,
            fine.ncc(np.eye(4)),
            -1.0 if matrix is None else fine.ncc(matrix),
            fine.centre_mm,
        )
        self._require_converged(found, name_of(fixed, "the follow-up"), name_of(moving, "the baseline"))
        return found

    def _require_converged(self, found: Registration, fixed: str, moving: str) -> None:
        scale = found.scale_percent
        if found.ncc_after >= self.min_ncc and scale <= 100 * _MOST_SCALE:
            return
        what = f"correlation in the brain {found.ncc_after:.2f}, {self.min_ncc:.2f} is needed"
        if found.ncc_after >= self.min_ncc:
            what = f"it would change the size of the head by {scale:.0f} %"
        raise DataError(
            f"{moving} and {fixed} could not be registered ({what}). Check that both are FLAIR scans of "
            "one head; if they are, register them elsewhere and pass them as registered (--registered)."
        )


def half_way(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The matrix square root of a 4x4 affine and its inverse.

    For `Registration.matrix` the first takes half-way points to the moving scan, the second to the fixed one.
    Raises `DataError` if there is no real root (a reflection, or half a turn).
    """
    from scipy.linalg import sqrtm

    root = np.asarray(sqrtm(matrix))
    if np.abs(root.imag).max() > 1e-6 or np.abs(root.real @ root.real - matrix).max() > 1e-6:
        raise DataError("the transform between the scans has no half: it turns the head upside down.")
    return root.real, np.linalg.inv(root.real)


def ncc(one: np.ndarray, other: np.ndarray) -> float:
    """Normalised (Pearson) correlation of two arrays, in float64; 0 if one of them is constant or empty."""
    if one.size < 2:
        return 0.0
    a, b = one.astype(float).ravel() - one.mean(dtype=float), other.astype(float).ravel()
    b -= b.mean()
    length = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / length if length > 0 else 0.0


@dataclass(frozen=True)
class _Level:
    """Both scans on isotropic voxels, smoothed where they were finer, and the fixed scan's mask."""

    fixed: Volume
    moving: Volume
    mask: Volume
    edge_mm: float

    @classmethod
    def of(cls, fixed: Volume, moving: Volume, mask: Volume, edge_mm: float) -> _Level:
        grid = _isotropic(fixed, edge_mm)
        inside = resample(mask.like((mask.data != 0).astype(np.float32)), grid).data > 0.5
        return cls(grid, _isotropic(moving, edge_mm), grid.like(inside), edge_mm)

    @property
    def centre_mm(self) -> np.ndarray:
        return _middle_mm(self.mask)

    def ncc(self, matrix: np.ndarray) -> float:
        """Correlation inside the mask after `matrix`; -1 if the moving scan sees less than half of it."""
        back = np.linalg.inv(matrix)
        seen = self.mask.data & field_of_view(self.moving, self.fixed, back)
        if seen.sum() < self.mask.data.sum() / 2:
            return -1.0
        return ncc(self.fixed.data[seen], resample(self.moving, self.fixed, back).data[seen])


def _best(level: _Level, starts: list[np.ndarray], spares: Iterator[np.ndarray]) -> tuple[float, np.ndarray]:
    """The rigid result with the highest correlation; spare starts only as long as none is good."""
    ranked = sorted(starts, key=level.ncc, reverse=True)
    best = (-1.0, ranked[0])
    for start in (*ranked, *spares):
        matrix = _optimised(level, start, affine=False)
        if matrix is not None:
            best = max(best, (level.ncc(matrix), matrix), key=lambda pair: pair[0])
        if best[0] >= _GOOD_NCC:
            break
    return best


def _optimised(level: _Level, start: np.ndarray, *, affine: bool) -> np.ndarray | None:
    """The matrix after gradient descent, or None if the scans do not overlap from this start."""
    import SimpleITK as sitk

    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsCorrelation()
    method.SetMetricFixedMask(to_sitk(level.mask))
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(
        learningRate=level.edge_mm / 3, minStep=1e-3, numberOfIterations=150, gradientMagnitudeTolerance=1e-6
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


def _starts(level: _Level, moving_middle: np.ndarray) -> list[np.ndarray]:
    grids = level.moving.corners_mm().mean(axis=0) - level.fixed.corners_mm().mean(axis=0)
    return [np.eye(4), _shift(moving_middle - level.centre_mm), _shift(grids)]


def _rotated(level: _Level, moving_middle: np.ndarray, degrees: float = 30.0) -> Iterator[np.ndarray]:
    from scipy.spatial.transform import Rotation

    for axis in np.eye(3):
        for sign in (1, -1):
            turn = np.eye(4)
            turn[:3, :3] = Rotation.from_rotvec(sign * np.radians(degrees) * axis).as_matrix()
            yield _shift(moving_middle) @ turn @ _shift(-level.centre_mm)


def _shift(mm: np.ndarray) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, 3] = mm
    return matrix


def _middle_mm(mask: Volume) -> np.ndarray:
    from scipy import ndimage

    return mask.to_mm(np.array([ndimage.center_of_mass(mask.data != 0)]))[0]


def _bright(volume: Volume) -> Volume:
    return volume.like(volume.data > volume.data.mean())


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


def _require_usable(fixed: Volume, moving: Volume, fixed_mask: Volume, moving_mask: Volume | None) -> None:
    for scan, mask, what in ((fixed, fixed_mask, "the follow-up"), (moving, moving_mask, "the baseline")):
        require_finite(scan, what)
        if mask is None:
            continue
        require_same_grid({name_of(scan, what): scan, f"the mask of {name_of(scan, what)}": mask})
        if not mask.data.any():
            raise DataError(f"the mask of {name_of(scan, what)} is empty: there is nothing to register.")
