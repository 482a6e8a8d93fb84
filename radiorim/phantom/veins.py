"""Veins as paths: from the ventricles outward, through lesions, along their edges, in the sulci."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from radiorim.phantom.anatomy import Anatomy
from radiorim.phantom.lesions import Lesion
from radiorim.phantom.parameters import Params
from radiorim.volume import Volume

__all__ = ["draw_veins", "paint_veins"]

_STEP_MM = 0.4

_MEDULLARY, _SULCAL = 70, 60
"""How many of each a head has."""

Vein = tuple[np.ndarray, float]
"""A path in RAS mm, shape (n, 3), and the radius in mm."""


def draw_veins(
    anatomy: Anatomy, lesions: Sequence[Lesion], params: Params, rng: np.random.Generator
) -> list[Vein]:
    """All veins of a head. Those beside lesions imitate a piece of a rim, central ones a bright core."""
    central = [_central(lesion, rng) for lesion in lesions if lesion.vein]
    beside = [_tangent(lesion, rng) for lesion in lesions if rng.random() < params.vein_beside]
    small = [(path, rng.uniform(0.25, 0.6)) for path in [*central, *beside, *_medullary(anatomy, rng)]]
    return small + [(path, rng.uniform(0.35, 0.9)) for path in _sulcal(anatomy, rng)]


def paint_veins(veins: Sequence[Vein], grid: Volume, ppb: float) -> np.ndarray:
    """What veins add to the susceptibility, each `ppb` strong where it fills a voxel."""
    chi = np.zeros(grid.shape, np.float32)
    for path, radius_mm in veins:
        _splat(chi, grid.to_voxels(path), ppb * np.pi * radius_mm**2 * _STEP_MM / grid.voxel_mm3)
    return np.minimum(chi, np.float32(1.5 * ppb))


def _central(lesion: Lesion, rng: np.random.Generator) -> np.ndarray:
    """Along the long axis and a little beyond, slightly bent."""
    along = np.arange(-1.6, 1.6, _STEP_MM / lesion.axes[0])[:, None]
    rows = lesion.axes[0] * np.reshape(lesion.rotation, (3, 3))
    return np.array(lesion.centre) + along * rows[0] + along**2 * rng.normal(0, 0.1) * rows[1]


def _tangent(lesion: Lesion, rng: np.random.Generator) -> np.ndarray:
    """Touches the surface at one place and bends a little with it."""
    rows, axes = np.reshape(lesion.rotation, (3, 3)), np.array(lesion.axes)
    unit = _unit(rng.normal(size=3))
    normal = _unit((unit / axes) @ rows)
    tangent = _unit(np.cross(normal, rng.normal(size=3)))
    half = rng.uniform(0.7, 1.8) * axes.mean()
    along = np.arange(-half, half, _STEP_MM)[:, None]
    bend = rng.uniform(0.1, 0.8) / (2 * axes.mean())
    touch = np.array(lesion.centre) + (axes * unit) @ rows + rng.uniform(-0.5, 0.8) * normal
    return touch + along * tangent - bend * along**2 * normal


def _medullary(anatomy: Anatomy, rng: np.random.Generator) -> list[np.ndarray]:
    """From the ventricles outward through white matter."""
    away = np.stack(np.gradient(anatomy.ventricle_mm))
    wall = (anatomy.ventricle_mm > 2) & (anatomy.ventricle_mm < 8) & (anatomy.mni_mm[2] > -5)
    return _wander(anatomy, away, wall, _MEDULLARY, rng)


def _sulcal(anatomy: Anatomy, rng: np.random.Generator) -> list[np.ndarray]:
    """Near the surface of the brain, in any direction along it."""
    surface_mm = anatomy.surface_at_knots_mm
    near = (surface_mm > -9) & (surface_mm < -1) & (anatomy.mni_mm[2] > -25)
    across = np.stack(np.gradient(surface_mm))
    paths = _wander(anatomy, np.cross(across, rng.normal(size=3), axisa=0, axisc=0), near, _SULCAL, rng)
    return paths


def _wander(
    anatomy: Anatomy, way: np.ndarray, start: np.ndarray, count: int, rng: np.random.Generator
) -> list[np.ndarray]:
    """Paths that begin at random knots of `start` and follow the field `way` with a drift of their own."""
    lattice = anatomy.lattice
    knots, length = np.argwhere(start), rng.uniform(6, 24, count) / _STEP_MM
    place = knots[rng.integers(len(knots), size=count)] + rng.uniform(-0.5, 0.5, (count, 3))
    heading, steps = np.zeros((count, 3)), []
    for _ in range(int(length.max()) + 1):
        steps.append(place)
        knot = np.clip(np.rint(place).astype(int), 0, np.array(lattice.knots) - 1)
        pull = _unit(way[(slice(None), *knot.T)].T) + rng.normal(0, 0.6, (count, 3))
        heading = _unit(0.9 * heading + 0.1 * pull)
        place = place + _STEP_MM / lattice.step_mm * heading
    origin = np.array(lattice.origin_mm) - lattice.step_mm
    whole = origin + lattice.step_mm * np.stack(steps, axis=1)
    return [path[: int(n)] for path, n in zip(whole, length, strict=True)]


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-6)


def _splat(chi: np.ndarray, voxels: np.ndarray, amount: float) -> None:
    """Share `amount` for each point among its eight neighbours by trilinear weights, in place."""
    low = np.floor(voxels).astype(int)
    inside = np.all((low >= 0) & (low < np.array(chi.shape) - 1), axis=1)
    low, part = low[inside], (voxels - low)[inside]
    corners = np.indices((2, 2, 2)).reshape(3, 8).T[:, None]
    weights = np.prod(np.where(corners, part, 1 - part), axis=-1)
    np.add.at(chi, tuple(np.moveaxis(low + corners, -1, 0)), (amount * weights).astype(np.float32))
