"""Rims and what looks like them: iron on the edge of lesions, in their core or at one side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from radiorim.phantom.lesions import Lesion
from radiorim.phantom.paint import FINE, SOFT_MM, Canvas, along, boxes, offsets, pool
from radiorim.phantom.qsm import box_of

__all__ = ["close_ups", "paint_susceptibility"]


def paint_susceptibility(lesions: Sequence[Lesion], canvas: Canvas) -> np.ndarray:
    """What the lesions add to the susceptibility of white matter, ppb."""
    chi = np.zeros(canvas.grid.shape, np.float32)
    for _, lesion, box, depth in boxes(lesions, canvas):
        new = pool(_added(lesion, depth, offsets(lesion, canvas.grid, box))) * canvas.room[box]
        chi[box] = np.where(abs(new) > abs(chi[box]), new, chi[box])
    return chi


def close_ups(
    lesions: Sequence[Lesion], canvas: Canvas, labels: np.ndarray
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Number, mask and what the lesion itself adds to the susceptibility, at the fine points round its mask.

    Voxels blur thin rims and small lesions; here is what the scan is made from, without veins and
    neighbours. `labels` are 1..n in the order of `lesions`; those without a voxel are left out.
    """
    for number, lesion, box, depth in boxes(lesions, canvas):
        own = labels[box] == number
        if not own.any():
            continue
        free = own | ((labels[box] == 0) & (canvas.room[box] > 0.5))
        inside = _finer(free) & (depth > 0)
        mask = inside if inside.any() else _finer(own)
        # The rest of the box is for what fades around a lesion; nothing there is judged.
        tight, (x, y, z) = box_of(mask), offsets(lesion, canvas.grid, box)
        a, b, c = tight
        yield number, mask[tight], _added(lesion, depth[tight], [x[a], y[:, b], z[:, :, c]])


def _finer(mask: np.ndarray) -> np.ndarray:
    for axis in range(3):
        mask = mask.repeat(FINE, axis)
    return mask


def _added(lesion: Lesion, depth: np.ndarray, place: list[np.ndarray]) -> np.ndarray:
    """Susceptibility of core and rim by the depth below the surface, ppb."""
    added = lesion.core_ppb * np.clip(depth / SOFT_MM + 0.5, 0, 1)
    if not lesion.rim_ppb:
        return added
    # Full width at half maximum = thickness, its outer foot on the lesion's edge.
    profile = np.exp(-4 * np.log(2) * ((depth - lesion.thickness / 2) / lesion.thickness) ** 2)
    share = profile * _coverage(lesion, place)
    return added * (1 - share) + lesion.rim_ppb * share


def _coverage(lesion: Lesion, place: list[np.ndarray]) -> np.ndarray:
    """Where on its surface the rim is, and how strong there (0, or 0.5 to 1.5)."""
    rng = np.random.default_rng(lesion.seed)
    length = np.maximum(np.sqrt(sum(part * part for part in place)), 1e-3)
    poles, other, sphere = rng.normal(size=(5, 3)), rng.normal(size=(5, 3)), rng.normal(size=(400, 3))
    poles[0] *= 1.5
    sphere /= np.linalg.norm(sphere, axis=1, keepdims=True)
    limit = np.quantile(_lobes(list(sphere.T), poles), 1 - lesion.coverage) if lesion.coverage < 1 else -9.0
    here = _lobes(place, poles, length)
    present = 1 / (1 + np.exp(-np.clip(6 * (here - limit), -30, 30)))
    return (present * (1 + 0.5 * np.tanh(0.8 * _lobes(place, other, length)))).astype(np.float32)


def _lobes(place: list[np.ndarray], poles: np.ndarray, length: np.ndarray | float = 1.0) -> np.ndarray:
    """A smooth function on the sphere: one dipole and products of pairs (quadrupoles)."""
    a, b, c, d, e = (along(place, pole) / length for pole in poles)
    return a + 0.6 * (b * c + d * e)
