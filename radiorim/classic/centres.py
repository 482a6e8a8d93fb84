"""Where the centres of lesions are that have grown together, and to which of them a voxel belongs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from radiorim.volume import Volume

__all__ = ["hessian_centres", "nearest_centre", "watershed_markers"]

_PLATEAU = 1e-6
"""A curvature below this share of the map's highest value is rounding on a plateau, not a valley."""

Box = tuple[slice, ...]


def hessian_centres(surface: Volume, inside: np.ndarray, *, smooth_mm: float) -> np.ndarray:
    """Voxels of `inside` where the smoothed surface curves down, or is flat, in every direction (boolean).

    That is: no eigenvalue of its Hessian (two central differences) is above 0. Voxel units: their signs do
    not depend on the spacing (Sylvester's law of inertia).
    """
    from scipy import ndimage

    sigmas = smooth_mm / np.array(surface.spacing)
    # As far as the Gaussian (4 sigma) and the two differences reach: boxes give what the whole grid would.
    margin = [int(np.ceil(4 * sigma)) + 3 for sigma in sigmas]
    centres = np.zeros(surface.shape, dtype=bool)
    for box, own in _islands(inside, margin):
        part = surface.data[box].astype(np.float64)
        if smooth_mm > 0:
            part = ndimage.gaussian_filter(part, sigmas)
        highest = _largest_eigenvalue(part, own)
        centres[box][own] = highest <= _PLATEAU * max(np.abs(part).max(), 1e-12)
    return centres & inside


def nearest_centre(islands: np.ndarray, centres: np.ndarray, spacing: Sequence[float]) -> np.ndarray:
    """Each voxel of an island (label map) gets the nearest centre of that island, by distance in mm.

    An island without a centre stays one. New numbers 1..n, int32.
    """
    from scipy import ndimage

    labels, last = np.zeros(islands.shape, np.int32), 0
    for number, box in enumerate(ndimage.find_objects(islands), start=1):
        if box is None:
            continue
        own = islands[box] == number
        seeds = np.where(own, centres[box], 0)
        numbers = np.unique(seeds[seeds > 0])
        if numbers.size > 1:
            nearest = ndimage.distance_transform_edt(
                seeds == 0, spacing, return_distances=False, return_indices=True
            )
            labels[box][own] = last + 1 + np.searchsorted(numbers, seeds[tuple(nearest)][own])
        else:
            labels[box][own] = last + 1
        last += max(numbers.size, 1)
    return labels


def watershed_markers(mask: Volume, *, apart_mm: float) -> tuple[Volume, np.ndarray]:
    """Depth in mm below the mask's surface, and its maxima as markers 1..n, none nearer than `apart_mm`.

    The deepest maximum comes first and keeps nearer ones of its own 26-connected component away.
    """
    from scipy import ndimage

    depth = np.zeros(mask.shape, np.float32)
    markers = np.zeros(mask.shape, np.int32)
    count = 0
    for box, own in _islands(mask.data, [1, 1, 1]):
        inner = np.pad(own, 1)
        deep = ndimage.distance_transform_edt(inner, mask.spacing)[1:-1, 1:-1, 1:-1].astype(np.float32)
        depth[box][own] = deep[own]
        tops = np.argwhere((deep == ndimage.maximum_filter(deep, size=3)) & own)
        for top in _far_apart(tops, deep[tuple(tops.T)], np.array(mask.spacing), apart_mm):
            count += 1
            markers[box][tuple(top)] = count
    return mask.like(depth), markers


def _far_apart(
    voxels: np.ndarray, heights: np.ndarray, spacing: np.ndarray, apart_mm: float
) -> list[np.ndarray]:
    chosen: list[np.ndarray] = []
    for at in np.argsort(-heights, kind="stable"):
        if all(np.linalg.norm((voxels[at] - other) * spacing) >= apart_mm for other in chosen):
            chosen.append(voxels[at])
    return chosen


def _islands(mask: np.ndarray, margin: Sequence[int]) -> Iterator[tuple[Box, np.ndarray]]:
    """Each 26-connected component: its box, grown by the margin within the grid, and its voxels there."""
    from scipy import ndimage

    islands, _ = ndimage.label(mask, np.ones((3, 3, 3)))
    for number, box in enumerate(ndimage.find_objects(islands), start=1):
        grown = tuple(
            slice(max(0, side.start - more), min(length, side.stop + more))
            for side, more, length in zip(box, margin, islands.shape, strict=True)
        )
        yield grown, islands[grown] == number


def _largest_eigenvalue(values: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Of the Hessian in the chosen voxels; an axis of one voxel counts as flat."""
    matrices = np.zeros((int(where.sum()), 3, 3))
    for row, slope in enumerate(_differences(values)):
        for column, curve in enumerate(_differences(slope)):
            if column >= row:
                matrices[:, row, column] = matrices[:, column, row] = curve[where]
    return np.linalg.eigvalsh(matrices)[:, -1]


def _differences(values: np.ndarray) -> list[np.ndarray]:
    return [
        np.gradient(values, axis=axis) if values.shape[axis] > 1 else np.zeros_like(values)
        for axis in range(values.ndim)
    ]
