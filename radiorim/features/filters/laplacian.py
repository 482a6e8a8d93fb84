"""Laplacian of Gaussian as ITK's LaplacianRecursiveGaussianImageFilter computes it, where lesions are.

Smoothing and second derivative are moving sums over one recursion, so three passes (one for each axis) take
the place of ITK's nine. The kernels are in this one file: numba's cache does not see edits elsewhere.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from radiorim.features.fast.threads import in_threads, thread_count
from radiorim.features.filters.gaussian import Recursion, recursion

if TYPE_CHECKING:
    from radiorim.features.filters.neighbourhood import Neighbourhood

__all__ = ["REACH_SIGMAS", "laplacian_of_gaussian"]

REACH_SIGMAS = 10
"""The filter sees so many sigmas around the lesions' common box; beyond, the border value goes on."""

WIDTH = 32
"""Lines filtered side by side."""


def laplacian_of_gaussian(
    data: np.ndarray, place: Neighbourhood, sigma_mm: float, *, n_jobs: int = 1
) -> np.ndarray:
    """sigma^2 x the Laplacian of the smoothed volume (1/mm^2) at the lesions' voxels, rounded to float32.

    Differs from ITK's filter on the whole volume by about 1e-5 of the response's RMS.
    """
    reach = np.ceil(REACH_SIGMAS * sigma_mm / np.asarray(place.spacing)).astype(int)
    box = place.union(reach)
    crop, index, spacing = data[box], place.voxels.index - [side.start for side in box], place.spacing
    if crop.flags.f_contiguous or crop.strides[0] < crop.strides[2]:
        crop, index, spacing = crop.T, index[:, ::-1], spacing[::-1]
    axes = tuple(recursion(sigma_mm, edge) for edge in spacing)
    return _Passes(np.ascontiguousarray(crop, dtype=np.float64), np.ascontiguousarray(index), axes).run(
        n_jobs
    )


class _Passes:
    """The crop through the three axes: the first for all lines, the others slab by slab where lesions are."""

    def __init__(
        self, crop: np.ndarray, index: np.ndarray, axes: tuple[Recursion, Recursion, Recursion]
    ) -> None:
        self.crop, self.axes = crop, axes
        # Voxels come row after row of each lesion, which a stable sort of one key makes use of.
        self.order = np.argsort(index[:, 0] * crop.shape[1] + index[:, 1], kind="stable")
        self.index = index[self.order]
        counts = np.bincount(index[:, 0])
        self.slabs = np.flatnonzero(counts)
        self.first = np.concatenate([[0], np.cumsum(counts[self.slabs])])

    def run(self, n_jobs: int) -> np.ndarray:
        """The response at the voxels, in the order in which they came."""
        n0, n1, n2 = self.crop.shape
        parts = 4 * thread_count(n_jobs) if n_jobs != 1 else 1
        smooth, curved = (np.empty((self.slabs.size, n1 * n2), np.float32) for _ in range(2))
        response = np.empty(len(self.index), np.float32)
        first = partial(
            _first_axis, self.crop.reshape(n0, n1 * n2), self.slabs, self.axes[0], (smooth, curved)
        )
        in_threads(first, _split(n1 * n2, parts), n_jobs=n_jobs)
        planes = tuple(values.reshape(-1, n1, n2) for values in (smooth, curved))
        others = partial(_other_axes, planes, self.axes[1:], (self.first, self.index), response)
        in_threads(others, _split(self.slabs.size, parts), n_jobs=n_jobs)
        back = np.empty(response.size)
        back[self.order] = response
        return back


def _split(length: int, parts: int) -> list[tuple[int, int]]:
    edges = np.linspace(0, length, min(parts, length) + 1).astype(int).tolist()
    return list(pairwise(edges))


@njit(cache=True, error_model="numpy", nogil=True, fastmath={"contract"})
def _sum_along(x: np.ndarray, taps: np.ndarray, back: int, y: np.ndarray) -> None:
    """Add the moving sum of the rows of x to y; backwards, from the next row on, if `back` is 1."""
    last = x.shape[0] - 1
    for row in range(last + 1):
        if back:
            a, b, c, e = min(row + 1, last), min(row + 2, last), min(row + 3, last), min(row + 4, last)
        else:
            a, b, c, e = row, max(row - 1, 0), max(row - 2, 0), max(row - 3, 0)
        x0, x1, x2, x3, out = x[a], x[b], x[c], x[e], y[row]
        for w in range(out.size):
            out[w] += taps[0] * x0[w] + taps[1] * x1[w] + taps[2] * x2[w] + taps[3] * x3[w]


@njit(cache=True, error_model="numpy", nogil=True, fastmath={"contract"})
def _recurse(y: np.ndarray, d: np.ndarray, back: int, before: np.ndarray) -> None:
    """Take d[0] y[-1] + ... + d[3] y[-4] from each row, in place; `before` stands for rows outside."""
    n = y.shape[0]
    for i in range(n):
        row, step = (n - 1 - i, 1) if back else (i, -1)
        y1 = y[row + step] if i > 0 else before
        y2 = y[row + 2 * step] if i > 1 else before
        y3 = y[row + 3 * step] if i > 2 else before
        y4 = y[row + 4 * step] if i > 3 else before
        out = y[row]
        for w in range(out.size):
            out[w] -= d[0] * y1[w] + d[1] * y2[w] + d[2] * y3[w] + d[3] * y4[w]


@njit(cache=True, error_model="numpy", nogil=True)
def _filtered(inputs: tuple, d: np.ndarray) -> np.ndarray:
    """The sum of inputs ((rows, lines), taps 2 x 4), each filtered along the rows; borders go on for ever."""
    out = np.zeros_like(inputs[0][0])
    for back in range(2):
        y = np.zeros_like(out)
        before = np.zeros(out.shape[1])
        for x, taps in inputs:
            _sum_along(x, taps[back], back, y)
            before += x[-1 if back else 0] * (taps[back].sum() / (1 + d.sum()))
        _recurse(y, d, back, before)
        out += y
    return out


@njit(cache=True, error_model="numpy", nogil=True)
def _first_axis(
    lines: np.ndarray, slabs: np.ndarray, axis: tuple, out: tuple, bounds: tuple[int, int]
) -> None:
    """Smooth and curve the lines of `bounds` along axis 0; only the slabs with lesions are kept."""
    smooth, curve, d = axis
    for start in range(bounds[0], bounds[1], WIDTH):
        stop = min(start + WIDTH, bounds[1])
        x = lines[:, start:stop].copy()
        for taps, kept in ((smooth, out[0]), (curve, out[1])):
            y = _filtered(((x, taps),), d)
            for slab in range(slabs.size):
                for w in range(start, stop):
                    kept[slab, w] = y[slabs[slab], w - start]


@njit(cache=True, error_model="numpy", nogil=True)
def _other_axes(
    planes: tuple, axes: tuple, voxels: tuple, response: np.ndarray, bounds: tuple[int, int]
) -> None:
    """Axes 1 and 2 of the slabs of `bounds`, the last one only for lines that hold a voxel of a lesion."""
    first, index = voxels
    for slab in range(bounds[0], bounds[1]):
        mine = index[first[slab] : first[slab + 1]]
        lines, line_of = _lines(mine[:, 1])
        both, curved = _second_axis(planes[0][slab], planes[1][slab], axes[0], lines)
        smooth, curve, d = axes[1]
        for start in range(0, lines.size, WIDTH):
            block = slice(start, min(start + WIDTH, lines.size))
            p, q = both[block].T.copy(), curved[block].T.copy()
            y = _filtered(((p, curve), (q, smooth)), d)
            for v in range(len(mine)):
                if block.start <= line_of[v] < block.stop:
                    response[first[slab] + v] = y[mine[v, 2], line_of[v] - start]


@njit(cache=True, error_model="numpy", nogil=True)
def _second_axis(
    smoothed: np.ndarray, curved: np.ndarray, axis: tuple, lines: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Smoothed twice, and the sum of both curved once and smoothed once; only `lines` of axis 1 are kept."""
    smooth, curve, d = axis
    n = smoothed.shape[1]
    both, either = np.empty((lines.size, n)), np.empty((lines.size, n))
    for start in range(0, n, WIDTH):
        stop = min(start + WIDTH, n)
        p, q = smoothed[:, start:stop].astype(np.float64), curved[:, start:stop].astype(np.float64)
        y, z = _filtered(((p, smooth),), d), _filtered(((p, curve), (q, smooth)), d)
        for k in range(lines.size):
            for w in range(start, stop):
                both[k, w], either[k, w] = y[lines[k], w - start], z[lines[k], w - start]
    return both, either


@njit(cache=True, error_model="numpy", nogil=True)
def _lines(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different values of sorted `rows`, and the place of each row's value among them."""
    lines = np.empty(rows.size, np.int64)
    place = np.empty(rows.size, np.int64)
    n = 0
    for v in range(rows.size):
        if v == 0 or rows[v] != rows[v - 1]:
            lines[n] = rows[v]
            n += 1
        place[v] = n - 1
    return lines[:n].copy(), place
