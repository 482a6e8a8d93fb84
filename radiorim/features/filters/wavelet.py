"""One level of the undecimated wavelet transform (pywt.swtn) at the voxels of lesions.

Sums run in the order of PyWavelets, so away from the volume's border the values are its own to the last bit:
bands of a flat region are rounding errors, and bins have an edge at 0. The kernels are in this one file:
numba's cache does not see edits elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from radiorim.features.fast.threads import in_threads, thread_count

if TYPE_CHECKING:
    from radiorim.features.filters.neighbourhood import Neighbourhood

__all__ = ["BANDS", "LOW_PASS", "wavelet_bands"]

BANDS = tuple(f"{x}{y}{z}" for x in "LH" for y in "LH" for z in "LH")
"""Low or high pass along each axis of the array."""

LOW_PASS = {
    "coif1": (
        -0.015655728135791993,
        -0.07273261951252645,
        0.3848648468648578,
        0.8525720202116004,
        0.3378976624574818,
        -0.07273261951252645,
    ),
    "haar": (0.7071067811865476, 0.7071067811865476),
}
"""Decomposition taps by PyWavelets' names; the high pass is their mirror image with alternating signs."""


def wavelet_bands(data: np.ndarray, place: Neighbourhood, name: str, *, n_jobs: int = 1) -> np.ndarray:
    """The eight bands of `BANDS` at the lesions' voxels, shape (8, v).

    The volume is periodic, an axis of odd length after its first value was repeated at its end: as
    pyradiomics does, and exactly so at every border.
    """
    low = np.array(LOW_PASS[name])
    taps = np.stack([low, low[::-1] * np.where(np.arange(low.size) % 2, 1.0, -1.0)])
    out = np.empty((8, len(place.voxels.index)))

    def one(lesion: int) -> None:
        box, mine = place.box(lesion), slice(*place.voxels.first[lesion : lesion + 2])
        index = place.voxels.index[mine] - [side.start for side in box]
        _bands(_surrounded(data, box, low.size), taps, index, out[:, mine])

    def some(share: int) -> None:
        for lesion in range(share, len(place.corners), shares):
            one(lesion)

    shares = thread_count(n_jobs)
    in_threads(some, range(shares), n_jobs=n_jobs)
    return out


def _surrounded(data: np.ndarray, box: tuple[slice, slice, slice], length: int) -> np.ndarray:
    """The box with the voxels that the taps reach: length // 2 above it, the others below."""
    above, below = length // 2, length - 1 - length // 2
    first = [side.start - below for side in box]
    last = [side.stop + above for side in box]
    if min(first) >= 0 and all(end <= edge for end, edge in zip(last, data.shape, strict=True)):
        inner = data[tuple(slice(*ends) for ends in zip(first, last, strict=True))]
        return np.ascontiguousarray(inner, dtype=np.float64)
    axes = []
    for low, high, edge in zip(first, last, data.shape, strict=True):
        index = np.arange(low, high) % (edge + edge % 2)
        axes.append(np.where(index == edge, 0, index))
    return data[np.ix_(*axes)].astype(np.float64)


@njit(cache=True, error_model="numpy", nogil=True)
def _bands(x: np.ndarray, taps: np.ndarray, index: np.ndarray, out: np.ndarray) -> None:
    """Fill out (8, v): axes 0 and 1 for all of the box, axis 2 at the voxels only."""
    reach = taps.shape[1] - 1
    flat = np.zeros((2, x.shape[0] - reach, x.shape[1] * x.shape[2]))
    _along_first(x.reshape(x.shape[0], -1), taps, flat)
    planes = np.zeros((4, x.shape[0] - reach, x.shape[1] - reach, x.shape[2]))
    for first in range(2):
        for i in range(planes.shape[1]):
            rows = flat[first, i].reshape(x.shape[1], x.shape[2])
            _along_first(rows, taps, planes[2 * first : 2 * first + 2, i])
    for v in range(len(index)):
        i, j, k = index[v]
        for band in range(8):
            row, total = planes[band // 2, i, j], 0.0
            for tap in range(reach + 1):
                total += taps[band % 2, tap] * row[k + reach - tap]
            out[band, v] = total


@njit(cache=True, error_model="numpy", nogil=True)
def _along_first(x: np.ndarray, taps: np.ndarray, out: np.ndarray) -> None:
    """Add low and high pass of the rows of x to `out` (2, rows - taps + 1, columns)."""
    for kind in range(2):
        for i in range(out.shape[1]):
            row = out[kind, i]
            for tap in range(taps.shape[1]):
                weight, source = taps[kind, tap], x[i + taps.shape[1] - 1 - tap]
                for w in range(row.size):
                    row[w] += weight * source[w]
