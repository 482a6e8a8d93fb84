"""FLAIR at two visits and T1w: what lies between the visits, and on which grid each scan is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from radiorim.phantom.anatomy import Anatomy
from radiorim.phantom.lattice import Lattice
from radiorim.phantom.paint import Painted
from radiorim.phantom.parameters import Params
from radiorim.phantom.render import Ground, Scanner, blurred, clean_flair, clean_t1, measured, move, shaded
from radiorim.phantom.stages import generator
from radiorim.volume import Volume

__all__ = ["SLICE_MM", "Journey", "Visits"]

SLICE_MM, _IN_PLANE_MM = 3.0, 0.7
"""Voxels of a 2-D acquisition."""


@dataclass(frozen=True, eq=False)
class Journey:
    """What lies between the visits: motion of the head and atrophy.

    `to_visit1` (4x4, rigid) takes RAS mm at visit 2 to RAS mm at visit 1. `drift_mm` (3, *knots) is on the
    lattice, in RAS mm of visit 1: the tissue at place y of visit 1 is found at
    `inverse(to_visit1) y + drift(y)` of visit 2.
    """

    lattice: Lattice
    to_visit1: np.ndarray
    drift_mm: np.ndarray

    @classmethod
    def draw(cls, anatomy: Anatomy, params: Params, years: float, rng: np.random.Generator) -> Journey:
        """Rigid motion, and ventricles and sulci that widen with the years."""
        to_visit1 = _motion(params, rng)
        lattice, step = anatomy.lattice, anatomy.lattice.step_mm
        surface_mm = anatomy.surface_at_knots_mm
        walls = np.stack(np.gradient(anatomy.ventricle_mm, step)) * np.exp(-anatomy.ventricle_mm / 12)
        cortex = np.stack(np.gradient(surface_mm, step)) * np.exp(-abs(surface_mm) / 8)
        amount = params.atrophy_mm * years * rng.uniform(0.1, 1.9)
        drift = amount * (walls - 0.3 * cortex)
        back = np.linalg.inv(to_visit1)
        here = np.einsum("ij,jabc->iabc", back[:3, :3], lattice.coordinates_mm())
        knots = (here + (back[:3, 3] - lattice.origin_mm)[:, None, None, None]) / step + 1
        return cls(lattice, to_visit1, np.stack([_smooth(part, knots) for part in drift]))

    def carry(self, image: np.ndarray, source: Volume, target: Volume) -> np.ndarray:
        """What was seen at visit 2 (on `source`) as it was at visit 1 (on `target`)."""
        from radiorim.phantom.sampling import linear

        return linear(image, self.places(source, target))

    def places(self, source: Volume, target: Volume) -> np.ndarray:
        """Where on `source` (visit 2) the tissue of each voxel of `target` (visit 1) lies.

        Voxels as reals, float32, shape (3, *target.shape).
        """
        matrix = np.linalg.inv(source.affine) @ np.linalg.inv(self.to_visit1) @ target.affine
        axes = [np.arange(n, dtype=np.float32) for n in target.shape]
        x, y, z = np.ix_(*axes)
        places = np.empty((3, *target.shape), np.float32)
        for axis, (a, b, c, d) in enumerate(matrix[:3].astype(np.float32)):
            places[axis] = self.lattice.on(self.drift_mm[axis] / source.spacing[axis], target)
            places[axis] += a * x + (b * y + (c * z + d))
        return places


class Visits:
    """The scans of one person; each has random numbers and a machine of its own."""

    def __init__(self, anatomy: Anatomy, params: Params, who: tuple[int, int]) -> None:
        self._anatomy, self._params, self._who = anatomy, params, who
        self._ground = Ground.of(anatomy, generator(*who, "person"))

    def flair(self, painted: Painted) -> Volume:
        """Visit 2, on the grid that the truth is on."""
        rng, scanner = self._machine("flair", self._params.flair_snr)
        image = clean_flair(self._anatomy, painted, scanner, self._ground)
        shaded(image, self._anatomy.lattice, scanner, rng)
        image, target = self._resolved(image, scanner), self.grid
        if target is not self._anatomy.grid:
            image = move(image, self._anatomy.grid, target, np.eye(4))
        return target.like(measured(image, scanner, rng))

    def t1(self, painted: Painted) -> Volume:
        """Visit 2, always isotropic."""
        rng, scanner = self._machine("t1", self._params.t1_snr)
        image = clean_t1(self._anatomy, painted, scanner, self._ground)
        shaded(image, self._anatomy.lattice, scanner, rng)
        grid = self._anatomy.grid
        return grid.like(measured(blurred(image, scanner.blur_mm, grid.spacing), scanner, rng))

    def first(self, painted: Painted, journey: Journey) -> tuple[Volume, Volume]:
        """FLAIR of visit 1 and the labels of its lesions, on a grid of their own."""
        from radiorim.phantom.sampling import linear, nearest

        rng, scanner = self._machine("flair0", self._params.flair_snr)
        anatomy = self._anatomy
        grid = Volume(self.grid.data, _other_origin(self.grid.affine, rng))
        image = clean_flair(anatomy, painted, scanner, self._ground)
        shaded(image, anatomy.lattice, scanner, rng)
        places = journey.places(anatomy.grid, grid)
        moved = linear(self._resolved(image, scanner), places)
        labels = painted.labels.astype(np.int32)
        if self._params.thick_slices:
            labels = _sliced(labels, self._params.spacing_mm)
        return grid.like(measured(moved, scanner, rng)), grid.like(nearest(labels, places))

    def seen(self, labels: np.ndarray) -> Volume:
        """A label map of the anatomy's grid on the grid of FLAIR at visit 2."""
        source, target = self._anatomy.grid, self.grid
        if target is source:
            return source.like(labels)
        return target.like(move(_sliced(labels, source.spacing[0]), source, target, np.eye(4), order=0))

    @property
    def grid(self) -> Volume:
        """Of FLAIR at visit 2: the anatomy's, or thick slices over the same box."""
        grid = self._anatomy.grid
        if not self._params.thick_slices:
            return grid
        edges = np.array([_IN_PLANE_MM, _IN_PLANE_MM, SLICE_MM])
        shape = ((np.array(grid.shape) - 1) * grid.spacing[0] // edges).astype(int) + 1
        affine = grid.affine.copy()
        affine[:3, :3] = np.diag(edges)
        return Volume(np.broadcast_to(np.float32(0), tuple(shape.tolist())), affine)

    def _resolved(self, image: np.ndarray, scanner: Scanner) -> np.ndarray:
        """Seen with the scanner's resolution: in thick slices each voxel is a mean over the slice."""
        from scipy import ndimage

        grid = self._anatomy.grid
        if not self._params.thick_slices:
            return blurred(image, scanner.blur_mm, grid.spacing)
        image = blurred(image, scanner.blur_mm, (grid.spacing[0], grid.spacing[1], np.inf))
        return ndimage.uniform_filter1d(image, max(1, round(SLICE_MM / grid.spacing[2])), axis=2)

    def _machine(self, stage: str, snr: float) -> tuple[np.random.Generator, Scanner]:
        rng = generator(*self._who, stage)
        return rng, Scanner.draw(self._params, snr, rng)


def _sliced(labels: np.ndarray, spacing_mm: float) -> np.ndarray:
    """Labels as thick slices show them: where they fill two fifths of the slice."""
    from scipy import ndimage

    count = max(1, round(SLICE_MM / spacing_mm))
    filled = ndimage.uniform_filter1d((labels > 0).astype(np.float32), count, axis=2)
    return np.where(filled > 0.4, ndimage.maximum_filter1d(labels, count, axis=2), 0).astype(labels.dtype)


def _smooth(part: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """One component of the drift, without the kinks at walls, where the head lies at visit 1."""
    from scipy import ndimage

    from radiorim.phantom.sampling import linear

    return linear(ndimage.gaussian_filter(part, 1.0), knots)


def _motion(params: Params, rng: np.random.Generator) -> np.ndarray:
    """A rigid motion about the middle of the head, 4x4, RAS mm."""
    from scipy.spatial.transform import Rotation

    limit = params.motion_degrees
    angles = np.clip(rng.normal(0, limit / 2, 3), -limit, limit)
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    shift = np.clip(rng.normal(0, params.motion_mm / 2, 3), -params.motion_mm, params.motion_mm)
    centre = np.array([0.0, -18.0, 5.0])
    matrix[:3, 3] = centre - matrix[:3, :3] @ centre + shift
    return matrix


def _other_origin(affine: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The scan box of another day: a few mm away."""
    moved = affine.copy()
    moved[:3, 3] += np.round(rng.uniform(-2, 2, 3), 2)
    return moved
