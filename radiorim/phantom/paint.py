"""Lesions to voxels: fractions, instance labels and susceptibility, each lesion in its own small box."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from radiorim.phantom.lesions import Lesion
from radiorim.volume import Volume

__all__ = ["Painted", "paint", "paint_labels", "paint_susceptibility"]

FINE = 2
"""Each voxel is evaluated at 2 x 2 x 2 points, so that thin rims and small lesions keep their partial
volume.
"""

Box = tuple[slice, slice, slice]


@dataclass(frozen=True, eq=False)
class Painted:
    """Lesions on a grid: instance `labels` (1..n in the order given) and two intensity changes.

    `flair` and `t1` are what the lesions add to the intensity of white matter (fraction x contrast).
    """

    labels: np.ndarray
    flair: np.ndarray
    t1: np.ndarray


def paint(lesions: Sequence[Lesion], grid: Volume, room: np.ndarray, wobble: np.ndarray) -> Painted:
    """Labels and intensities. `room` is the share of each voxel that can hold a lesion, `wobble` mm of
    edge noise.
    """
    painted = Painted(
        np.zeros(grid.shape, np.uint16), np.zeros(grid.shape, np.float32), np.zeros(grid.shape, np.float32)
    )
    for number, lesion, box, depth in _boxes(lesions, grid, wobble):
        share = _pool(np.clip(depth / _softness(grid) + 0.5, 0, 1)) * room[box]
        labels = painted.labels[box]
        labels[(share > 0.5) & (labels == 0)] = number
        np.maximum(painted.flair[box], share * lesion.flair, out=painted.flair[box])
        np.minimum(painted.t1[box], share * lesion.t1, out=painted.t1[box])
    return painted


def paint_labels(lesions: Sequence[Lesion], grid: Volume, room: np.ndarray, wobble: np.ndarray) -> np.ndarray:
    """Instance labels alone, 1..n in the order given."""
    labels = np.zeros(grid.shape, np.uint16)
    for number, _, box, depth in _boxes(lesions, grid, wobble):
        share = _pool(np.clip(depth / _softness(grid) + 0.5, 0, 1)) * room[box]
        labels[box][(share > 0.5) & (labels[box] == 0)] = number
    return labels


def paint_susceptibility(
    lesions: Sequence[Lesion], grid: Volume, room: np.ndarray, wobble: np.ndarray
) -> np.ndarray:
    """What the lesions add to the susceptibility of white matter, ppb."""
    chi = np.zeros(grid.shape, np.float32)
    for _, lesion, box, depth in _boxes(lesions, grid, wobble):
        inside = np.clip(depth / _softness(grid) + 0.5, 0, 1)
        added = lesion.core_ppb * inside
        if lesion.rim_ppb:
            # Full width at half maximum = thickness, its outer foot on the lesion's edge.
            profile = np.exp(-4 * np.log(2) * ((depth - lesion.thickness / 2) / lesion.thickness) ** 2)
            share = profile * _coverage(lesion, _points(grid, box) - lesion.centre)
            added = added * (1 - share) + lesion.rim_ppb * share
        new = _pool(added) * room[box]
        chi[box] = np.where(abs(new) > abs(chi[box]), new, chi[box])
    return chi


def _boxes(
    lesions: Sequence[Lesion], grid: Volume, wobble: np.ndarray
) -> Iterator[tuple[int, Lesion, Box, np.ndarray]]:
    """Number, lesion, box and the depth below its surface in mm at the fine points of the box."""
    for number, lesion in enumerate(lesions, start=1):
        box = _box(lesion, grid)
        if any(part.stop <= part.start for part in box):
            continue
        depth = _depth(lesion, _points(grid, box) - lesion.centre)
        edge = np.kron(wobble[box], np.ones((FINE, FINE, FINE), np.float32))
        yield number, lesion, box, depth + edge * min(lesion.axes) * 0.16


def _box(lesion: Lesion, grid: Volume) -> Box:
    reach = max(lesion.axes) * 1.4 + 1.5 * grid.spacing[0]
    centre = grid.to_voxels(np.array([lesion.centre]))[0]
    low = np.maximum(np.floor(centre - reach / grid.spacing[0]), 0).astype(int)
    high = np.minimum(np.ceil(centre + reach / grid.spacing[0]) + 1, grid.shape).astype(int)
    return tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))


def _points(grid: Volume, box: Box) -> np.ndarray:
    """RAS mm of the fine points of a box, shape (..., 3). The grid's axes are parallel to R, A, S."""
    axes = []
    for axis, part in enumerate(box):
        fine = (np.arange(part.start * FINE, part.stop * FINE) + 0.5) / FINE - 0.5
        axes.append((grid.affine[axis, 3] + fine * grid.affine[axis, axis]).astype(np.float32))
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)


def _depth(lesion: Lesion, offsets: np.ndarray) -> np.ndarray:
    """Distance below the ellipsoid's surface (first order), negative outside."""
    axes = np.array(lesion.axes, dtype=np.float32)
    local = offsets @ np.array(lesion.rotation, dtype=np.float32).reshape(3, 3).T / axes
    radius = np.linalg.norm(local, axis=-1)
    slope = np.linalg.norm(local / axes, axis=-1)
    return np.where(slope > 1e-6, radius * (1 - radius) / np.maximum(slope, 1e-6), axes.min())


def _coverage(lesion: Lesion, offsets: np.ndarray) -> np.ndarray:
    """Where on its surface the rim is, and how strong there (0, or 0.6 to 1.3)."""
    rng = np.random.default_rng(lesion.seed)
    direction = offsets / np.maximum(np.linalg.norm(offsets, axis=-1, keepdims=True), 1e-3)
    poles, sphere = rng.normal(size=(5, 3)), rng.normal(size=(400, 3))
    poles[0] *= 1.5
    sphere /= np.linalg.norm(sphere, axis=1, keepdims=True)
    limit = np.quantile(_lobes(sphere, poles), 1 - lesion.coverage) if lesion.coverage < 1 else -np.inf
    present = 1 / (1 + np.exp(-np.clip(6 * (_lobes(direction, poles) - limit), -30, 30)))
    uneven = 0.95 + 0.35 * np.tanh(_lobes(direction, rng.normal(size=(5, 3))))
    return (present * uneven).astype(np.float32)


def _lobes(direction: np.ndarray, poles: np.ndarray) -> np.ndarray:
    """A smooth function on the sphere: one dipole and products of pairs (quadrupoles)."""
    along = direction @ poles.T
    return along[..., 0] + 0.6 * (along[..., 1] * along[..., 2] + along[..., 3] * along[..., 4])


def _pool(fine: np.ndarray) -> np.ndarray:
    """Mean over the fine points of each voxel."""
    a, b, c = (n // FINE for n in fine.shape)
    return fine.reshape(a, FINE, b, FINE, c, FINE).mean(axis=(1, 3, 5), dtype=np.float32)


def _softness(grid: Volume) -> float:
    return grid.spacing[0] / FINE


def scaled(lesion: Lesion, factor: float) -> Lesion:
    """The lesion with its axes multiplied."""
    return replace(lesion, axes=tuple(axis * factor for axis in lesion.axes))
