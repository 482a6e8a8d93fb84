"""Where lesions may lie: the white matter, zone by zone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from radiorim.phantom.anatomy import Anatomy
from radiorim.phantom.lesions import ZONES
from radiorim.phantom.nuclei import nearest_nucleus

__all__ = ["Places"]


@dataclass(frozen=True, eq=False)
class Places:
    """Lattice knots in white matter: RAS mm, index of the zone, unit vector away from the ventricles and
    distance to them.
    """

    mm: np.ndarray
    zone: np.ndarray
    outward: np.ndarray
    ventricle_mm: np.ndarray

    @classmethod
    def of(cls, anatomy: Anatomy) -> Places:
        """White matter outside the deep nuclei, never at the surface of the brain."""
        from radiorim.phantom.sampling import linear

        mm = anatomy.lattice.coordinates_mm()
        voxels = (mm - np.reshape(anatomy.lattice.origin_mm, (3, 1, 1, 1))) / anatomy.lattice.spacing_mm
        gm, wm, csf = (linear(t, voxels, outside=0.0) for t in anatomy.tissues)
        depth = -linear(anatomy.surface_mm, voxels, outside=0.0)
        use = (wm > 0.5) & (csf < 0.15) & (depth > 3)
        use[use] = nearest_nucleus(anatomy.mni_mm[:, use])[0] < -3
        distance = anatomy.ventricle_mm
        zone = np.full(distance.shape, ZONES.index("deep"))
        zone[(gm > 0.12) & (depth < 16)] = ZONES.index("juxtacortical")
        zone[distance < 6] = ZONES.index("periventricular")
        zone[_below_tentorium(anatomy.mni_mm)] = ZONES.index("infratentorial")
        outward = np.stack(np.gradient(distance))[:, use].T + 1e-6
        outward /= np.linalg.norm(outward, axis=1, keepdims=True)
        return cls(mm[:, use].T, zone[use], outward, distance[use])

    def draw(self, zone: str, rng: np.random.Generator) -> int:
        """A knot of the zone, each as likely as the next; of all white matter if the zone has none."""
        inside = np.flatnonzero(self.zone == ZONES.index(zone))
        return int(rng.choice(inside if inside.size else np.arange(len(self.mm))))

    def beside(self, mm: tuple[float, ...], distance_mm: float, rng: np.random.Generator) -> int:
        """A knot about that far from a place: among the twelve that fit best."""
        misfit = abs(np.linalg.norm(self.mm - np.array(mm), axis=1) - distance_mm)
        return int(rng.choice(np.argsort(misfit, kind="stable")[:12]))


def _below_tentorium(mni_mm: np.ndarray) -> np.ndarray:
    """Brain stem and cerebellum, roughly: below a roof that falls to the sides, behind the temporal lobes."""
    x, y, z = mni_mm
    stem = (abs(x) < 16) & (y < -12) & (y > -42) & (z < -10)
    return stem | ((y < -38) & (z < -14 - 0.25 * abs(x)))
