"""Linear registration of two scans of one person, and the space half way between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from radiorim.errors import DataError, UsageError
from radiorim.prepare._level import LEAST_OVERLAP, Level, middle_mm, ncc, optimised
from radiorim.prepare._orientation import require_right_axes
from radiorim.prepare._run import name_of, repeatable, require_finite
from radiorim.volume import Volume, require_same_grid

__all__ = ["Register", "Registration", "half_way", "ncc"]

_GOOD_NCC = 0.8
"""A first result this good is not tried again from rotated starts."""

_SURE_NCC = 0.9
"""A result below this may be a head with its axes misread: a mirrored one can pass for a poor fit."""

_MOST_SCALE = 0.1
"""The same head does not change its size by more than this between scanners."""


@dataclass(frozen=True)
class Registration:
    """What a registration found: `matrix` takes RAS mm of the fixed scan to RAS mm of the moving scan.

    `ncc_before` and `ncc_after` are the normalised correlations inside the fixed scan's mask on the fine
    voxels (-1 where the scans share less than a third of it); `centre_mm` is the middle of that mask, and
    `overlap` the share of it that the moving scan covers.
    """

    matrix: np.ndarray
    ncc_before: float
    ncc_after: float
    centre_mm: np.ndarray
    overlap: float = 1.0

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
    the most promising one ends poorly, all of them and rotations by 30 and 60 degrees about each axis. All
    voxels are used, so there is no seed: the same input gives the same bytes on any number of cores. Works
    best after N4. Measured: two visits of one head .95-.97, other people .42-.51, a mirrored head .50-.68,
    T1 to FLAIR .69, noise .03; hence `min_ncc`. Below .9 other readings of the axes are tried.
    """

    transform: str = "affine"
    coarse_mm: float = 4.0
    fine_mm: float = 1.5
    min_ncc: float = 0.7

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
        moving_middle = middle_mm(_bright(moving) if moving_mask is None else moving_mask)
        with repeatable():
            rigid = _rigid(self, (fixed, moving, fixed_mask), moving_middle)
            fine = Level.of(fixed, moving, fixed_mask, self.fine_mm)
            matrix = optimised(fine, rigid, affine=self.transform == "affine", refine=True)
        found = Registration(
            np.eye(4) if matrix is None else matrix,
            fine.ncc(np.eye(4)),
            -1.0 if matrix is None else fine.ncc(matrix),
            fine.centre_mm,
            0.0 if matrix is None else fine.overlap(matrix),
        )
        if found.ncc_after < _SURE_NCC:
            with repeatable():
                scans = (fixed, moving, fixed_mask)
                require_right_axes(scans, found.matrix, edge_mm=self.coarse_mm, middle_mm=moving_middle)
        self._require_converged(found, name_of(fixed, "the follow-up"), name_of(moving, "the baseline"))
        return found

    def _require_converged(self, found: Registration, fixed: str, moving: str) -> None:
        scale = found.scale_percent
        if found.ncc_after >= self.min_ncc and scale <= 100 * _MOST_SCALE:
            return
        what = f"correlation in the brain {found.ncc_after:.2f}, {self.min_ncc:.2f} is needed"
        if found.overlap < LEAST_OVERLAP:
            what = f"they share {100 * found.overlap:.0f} % of the brain, a third is needed"
        elif found.ncc_after >= self.min_ncc:
            what = f"it would change the size of the head by {scale:.0f} %"
        raise DataError(
            f"{moving} and {fixed} could not be registered ({what}). Check that both are FLAIR scans of "
            "one head and that the orientation in both headers is right; if so, register them elsewhere and "
            "pass them as registered (--registered)."
        )


def half_way(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The matrix square root of a 4x4 affine and its inverse.

    For `Registration.matrix` the first takes half-way points to the moving scan, the second to the fixed one.
    Raises `DataError` if there is no real root (a reflection, or half a turn).
    """
    from scipy.linalg import sqrtm

    root = np.asarray(sqrtm(matrix))
    if np.abs(root.imag).max() > 1e-6 or np.abs(root.real @ root.real - matrix).max() > 1e-6:
        raise DataError(
            "the transform between the scans has no half: it turns the head round. Check the orientation in "
            "both headers, and correct the wrong one."
        )
    return root.real, np.linalg.inv(root.real)


def _rigid(register: Register, scans: tuple[Volume, Volume, Volume], moving_middle: np.ndarray) -> np.ndarray:
    """The rigid matrix from the most promising start; only if that ends poorly, from all of them."""
    coarse = Level.of(*scans, register.coarse_mm)
    starts = _starts(coarse, moving_middle)
    first = optimised(coarse, max(starts, key=coarse.ncc))
    if first is not None and coarse.ncc(first) >= _GOOD_NCC:
        return first
    # Voxels twice as large make each of the many descents about six times cheaper.
    search = Level.of(*scans, 2 * register.coarse_mm)
    tried = [optimised(search, s) for s in (*starts, *_rotated(search, moving_middle))]
    best = max((m for m in tried if m is not None), key=search.ncc, default=np.eye(4))
    again = optimised(coarse, best)
    return max((m for m in (first, again) if m is not None), key=coarse.ncc, default=np.eye(4))


def _starts(level: Level, moving_middle: np.ndarray) -> list[np.ndarray]:
    grids = level.moving.corners_mm().mean(axis=0) - level.fixed.corners_mm().mean(axis=0)
    return [np.eye(4), _shift(moving_middle - level.centre_mm), _shift(grids)]


def _rotated(level: Level, moving_middle: np.ndarray) -> Iterator[np.ndarray]:
    from scipy.spatial.transform import Rotation

    for axis in np.eye(3):
        for degrees in (30, -30, 60, -60):
            turn = np.eye(4)
            turn[:3, :3] = Rotation.from_rotvec(np.radians(degrees) * axis).as_matrix()
            yield _shift(moving_middle) @ turn @ _shift(-level.centre_mm)


def _shift(mm: np.ndarray) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, 3] = mm
    return matrix


def _bright(volume: Volume) -> Volume:
    return volume.like(volume.data > volume.data.mean())


def _require_usable(fixed: Volume, moving: Volume, fixed_mask: Volume, moving_mask: Volume | None) -> None:
    for scan, mask, what in ((fixed, fixed_mask, "the follow-up"), (moving, moving_mask, "the baseline")):
        require_finite(scan, what)
        if mask is None:
            continue
        require_same_grid({name_of(scan, what): scan, f"the mask of {name_of(scan, what)}": mask})
        if not mask.data.any():
            raise DataError(f"the mask of {name_of(scan, what)} is empty: there is nothing to register.")
