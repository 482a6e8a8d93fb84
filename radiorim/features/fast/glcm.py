"""Compiled: which grey levels are neighbours (GLCM, symmetric, distance 1), direction by direction.

P is symmetric, so its entries are kept once for each unordered pair of levels: `a <= b` (places among the
levels that are present) and `c`, the sum of P(a, b) and P(b, a) as a count. Most features follow from the
distributions of i + j and |i - j|.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

__all__ = ["NAMES", "measure_rows"]

_OF_SUMS = ("sum_average", "sum_entropy", "cluster_tendency", "cluster_shade", "cluster_prominence")
_SPREAD = ("contrast", "difference_average", "difference_entropy", "difference_variance")
_OF_DIFFERENCES = (*_SPREAD, "id", "idm", "idn", "idmn", "inverse_variance")
_OF_PAIRS = ("joint_energy", "joint_entropy", "maximum_probability", "imc1", "imc2", "mcc")
_OF_BOTH = ("joint_average", "sum_squares", "autocorrelation", "correlation")
NAMES = (*_OF_SUMS, *_OF_DIFFERENCES, *_OF_PAIRS, *_OF_BOTH)

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_DIRECT = 4096
"""Up to this many pairs of levels, each has its own place in the table; beyond it is hashed."""

_MOST_STEPS = 300
"""Of Lanczos; it needs about ten."""


@njit(cache=True, error_model="numpy", nogil=True)
def _table(levels: int, voxels: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Empty keys and counts, room for the places in use, and the hash's shift (0: key is place)."""
    pairs = levels * levels
    if pairs <= _DIRECT:
        return np.full(pairs, -1, np.int64), np.zeros(pairs, np.int64), np.empty(pairs, np.int64), 0
    bits = math.ceil(math.log2(2 * voxels))
    return np.full(2**bits, -1, np.int64), np.zeros(2**bits, np.int64), np.empty(voxels, np.int64), 64 - bits


@njit(cache=True, error_model="numpy", nogil=True)
def _count(rank: np.ndarray, at: np.ndarray, box: np.ndarray, setting: tuple[int, int], table: tuple) -> int:
    """Count the pairs one step apart; returns how many places of the table are in use."""
    step, levels = setting
    keys, counts, used, shift = table
    n = 0
    for v in range(rank.size):
        there = box[at[v] + step] - 1
        if there < 0:
            continue
        key = min(rank[v], there) * levels + max(rank[v], there)
        place = key if shift == 0 else np.int64((np.uint64(key) * _MULTIPLIER) >> np.uint64(shift))
        while keys[place] != key:
            if keys[place] < 0:
                keys[place] = key
                used[n] = place
                n += 1
            else:
                place = (place + 1) % keys.size
        counts[place] += 2
    return n


@njit(cache=True, error_model="numpy", nogil=True)
def _empty(table: tuple, n: int, levels: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The pairs a, b, c of the table, which is left empty."""
    keys, counts, used, _ = table
    a, b, c = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    for e in range(n):
        place = used[e]
        a[e], b[e], c[e] = keys[place] // levels, keys[place] % levels, counts[place]
        keys[place], counts[place] = -1, 0
    return a, b, c


@njit(cache=True, error_model="numpy", nogil=True)
def _of_sums(s: np.ndarray, total: float, clogc: np.ndarray, out: np.ndarray) -> None:
    """From the counts `s[k]` of i + j = k."""
    mean = entropy = m2 = m3 = m4 = 0.0
    for k in range(2, s.size):
        mean += k * s[k]
    mean /= total
    for k in range(2, s.size):
        if s[k]:
            gap = k - mean
            entropy += clogc[s[k]]
            m2 += s[k] * gap * gap
            m3 += s[k] * gap * gap * gap
            m4 += s[k] * gap * gap * gap * gap
    out[0], out[1] = mean, math.log2(total) - entropy / total
    out[2], out[3], out[4] = m2 / total, m3 / total, m4 / total


@njit(cache=True, error_model="numpy", nogil=True)
def _of_differences(d: np.ndarray, total: float, clogc: np.ndarray, out: np.ndarray) -> None:
    """From the counts `d[k]` of |i - j| = k; there are as many k as the largest level; `out` holds 0."""
    for k in range(d.size):
        if d[k]:
            out[0] += k * k * d[k]
            out[1] += k * d[k]
            out[2] += clogc[d[k]]
            out[4] += d[k] / (1 + k)
            out[5] += d[k] / (1 + k * k)
            out[6] += d[k] / (1 + k / d.size)
            out[7] += d[k] / (1 + (k / d.size) ** 2)
            out[8] += d[k] / (k * k) if k else 0.0
    out /= total
    for k in range(d.size):
        out[3] += d[k] * (k - out[1]) ** 2 / total
    out[2] = math.log2(total) - out[2]


@njit(cache=True, error_model="numpy", nogil=True)
def _of_pairs(pairs: tuple, px: np.ndarray, total: float, clogc: np.ndarray, out: np.ndarray) -> None:
    """Energy, entropies and information; HXY1 = HXY2 = 2 HX as P is symmetric."""
    a, b, c = pairs
    energy = largest = clog = margin = 0.0
    for e in range(c.size):
        ways = 1 if a[e] == b[e] else 2
        share = c[e] / ways
        energy += ways * share * share
        clog += clogc[c[e]] - (ways - 1) * c[e]
        largest = max(largest, share)
    for n in px:
        margin += clogc[n]
    hxy, hx = math.log2(total) - clog / total, math.log2(total) - margin / total
    shared = 2 * hx - hxy
    out[0], out[1], out[2] = energy / (total * total), hxy, largest / total
    out[3] = -shared / hx if hx > 1e-12 else 0.0
    out[4] = math.sqrt(1 - math.exp(-2 * shared)) if shared > 1e-13 else 0.0


@njit(cache=True, error_model="numpy", nogil=True)
def _largest(alpha: np.ndarray, beta: np.ndarray) -> tuple[float, float]:
    """Largest |eigenvalue| of a tridiagonal matrix and the last entry of its eigenvector, by implicit QL."""
    n = alpha.size
    d, e, last = alpha.copy(), beta.copy(), np.zeros(n)
    e[n - 1], last[n - 1] = 0.0, 1.0
    for low in range(n):
        for _ in range(60):
            m = low
            while m < n - 1 and abs(e[m]) > 1e-15 * (abs(d[m]) + abs(d[m + 1])):
                m += 1
            if m == low:
                break
            g = (d[low + 1] - d[low]) / (2 * e[low])
            r = math.sqrt(g * g + 1.0)
            g = d[m] - d[low] + e[low] / (g + math.copysign(r, g))
            s, c, p = 1.0, 1.0, 0.0
            i = m - 1
            while i >= low:
                f, b = s * e[i], c * e[i]
                r = math.sqrt(f * f + g * g)
                e[i + 1] = r
                if r == 0.0:
                    d[i + 1] -= p
                    break
                s, c = f / r, g / r
                g = d[i + 1] - p
                r = (d[i] - g) * s + 2 * c * b
                p = s * r
                d[i + 1] = g + p
                g = c * r - b
                last[i], last[i + 1] = c * last[i] - s * last[i + 1], s * last[i] + c * last[i + 1]
                i -= 1
            if r == 0.0 and i >= low:
                e[m] = 0.0
                continue
            d[low] -= p
            e[low], e[m] = g, 0.0
    k = np.argmax(np.abs(d))
    return abs(d[k]), abs(last[k])


@njit(cache=True, error_model="numpy", nogil=True)
def _start(px: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Level by level, which is near the answer, with a scatter that leaves no eigenvector out."""
    q = np.zeros(px.size)
    mean = (px * levels).sum() / px.sum()
    spread = math.sqrt((px * (levels - mean) ** 2).sum() / px.sum())
    for i in range(px.size):
        # A plain progression would be blind to patterns that repeat every few levels.
        scatter = (math.sin((i + 1) * 12.9898) * 43758.5453) % 1.0 - 0.5
        q[i] = math.sqrt(px[i]) * ((levels[i] - mean) / spread + 0.3 * scatter)
    return q


@njit(cache=True, error_model="numpy", nogil=True)
def _free_of(q: np.ndarray, basis: np.ndarray) -> float:
    """Take the part along each row of the basis out of q; returns the length of what is left."""
    before = 0.0
    for value in q:
        before += value * value
    while True:
        for row in range(len(basis)):
            part = 0.0
            for i in range(q.size):
                part += basis[row, i] * q[i]
            for i in range(q.size):
                q[i] -= part * basis[row, i]
        after = 0.0
        for value in q:
            after += value * value
        # Where little is left, rounding is a large part of it: once more.
        if after > 0.01 * before or after < 1e-28:
            return math.sqrt(after)
        before = after


@njit(cache=True, error_model="numpy", nogil=True)
def _mcc(pairs: tuple, px: np.ndarray, levels: np.ndarray) -> float:
    """The second largest |eigenvalue| of P(i, j) / sqrt(p(i) p(j)), by Lanczos across the first.

    The first eigenvector is sqrt(p), with value 1. Stops when no eigenvalue can be further away than 1e-7.
    """
    a, b, c = pairs
    present = (px > 0).sum()
    if present < 2:
        return 0.0
    root = np.sqrt(px)
    weight = np.empty(c.size)
    for e in range(c.size):
        weight[e] = c[e] / (root[a[e]] * root[b[e]]) / (1 if a[e] == b[e] else 2)
    steps = min(present, _MOST_STEPS)
    basis = np.zeros((steps, px.size))
    alpha, beta, first = np.zeros(steps), np.zeros(steps), math.sqrt(px.sum())
    q = _start(px, levels)
    for i in range(q.size):
        basis[0, i] = root[i] / first
    norm = _free_of(q, basis[:1])
    found = 0.0
    for k in range(1, steps):
        for i in range(q.size):
            basis[k, i], q[i] = q[i] / norm, 0.0
        for e in range(c.size):
            q[a[e]] += weight[e] * basis[k, b[e]]
            if a[e] != b[e]:
                q[b[e]] += weight[e] * basis[k, a[e]]
        alpha[k - 1] = (q * basis[k]).sum()
        norm = beta[k - 1] = _free_of(q, basis[: k + 1])
        if k == steps - 1 or norm < 1e-10 or (k >= 8 and k % 4 == 0 and k < steps - 4):
            found, last = _largest(alpha[:k], beta[:k])
            if norm * last < 1e-7 * found or norm < 1e-10:
                break
    return found


@njit(cache=True, error_model="numpy", nogil=True)
def _direction(pairs: tuple, levels: np.ndarray, clogc: np.ndarray, total: float, out: np.ndarray) -> None:
    """Add the features of one direction to `out`; `total` is the sum of P."""
    a, b, c = pairs
    largest = levels[-1]
    own, px = np.zeros(24), np.zeros(levels.size, np.int64)
    s, d = np.zeros(2 * largest + 1, np.int64), np.zeros(largest, np.int64)
    for e in range(c.size):
        px[a[e]] += c[e] // 2
        px[b[e]] += c[e] // 2
        s[levels[a[e]] + levels[b[e]]] += c[e]
        d[levels[b[e]] - levels[a[e]]] += c[e]
    _of_sums(s, total, clogc, own[0:5])
    _of_differences(d, total, clogc, own[5:14])
    _of_pairs(pairs, px, total, clogc, own[14:20])
    own[19] = _mcc(pairs, px, levels) if levels.size > 1 else 1.0
    mean, variance, contrast = own[0], own[2], own[5]
    own[20], own[21] = mean / 2, (variance + contrast) / 4
    own[22] = (variance + mean * mean - contrast) / 4
    own[23] = (variance - contrast) / (variance + contrast) if variance + contrast > 0 else 1.0
    out += own


@njit(cache=True, error_model="numpy", nogil=True)
def measure_rows(
    rows: np.ndarray, voxels: tuple, grey: tuple, given: tuple[np.ndarray, np.ndarray], out: np.ndarray
) -> None:
    """Means over the directions with pairs, in the order of NAMES; without any only a flat MCC is.

    `given`: the directions and n log2 n for n up to twice the largest lesion.
    """
    first, at, box_first, dims = voxels
    levels, present, rank, boxes = grey
    ways, clogc = given
    for k in rows:
        own_levels = levels[first[k] : first[k] + present[k]]
        own_at, own_rank = at[first[k] : first[k + 1]], rank[first[k] : first[k + 1]]
        box = boxes[box_first[k] : box_first[k + 1]]
        table = _table(own_levels.size, own_at.size)
        mean, n = out[k], 0
        mean[:] = 0.0
        for way in ways:
            step = (way[0] * dims[k, 1] + way[1]) * dims[k, 2] + way[2]
            used = _count(own_rank, own_at, box, (step, own_levels.size), table)
            if used:
                pairs = _empty(table, used, own_levels.size)
                _direction(pairs, own_levels, clogc, float(pairs[2].sum()), mean)
                n += 1
        mean /= n  # no direction: 0 / 0, NaN
        if own_levels.size == 1:
            out[k, 19] = 1.0
