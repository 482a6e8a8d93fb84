"""Coefficients of the recursive Gaussian and its second derivative, as in ITK.

Deriche's recursion with the coefficients of Farneback and Westin (2006), as ITK's
RecursiveGaussianImageFilter::SetUp computes them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = ["Recursion", "recursion"]


class Recursion(NamedTuple):
    """A causal and an anticausal moving sum over the same recursion with the coefficients `d` (4,).

    `smooth` and `curve` (2 x 4) hold the taps of the causal sum, from offset 0, and of the anticausal one,
    from offset 1.
    """

    smooth: np.ndarray
    curve: np.ndarray
    d: np.ndarray


def recursion(sigma_mm: float, spacing: float) -> Recursion:
    """A Gaussian and (sigma / spacing)^2 times its second derivative, along an axis of this voxel edge."""
    s = sigma_mm / spacing
    w, decay = np.array([0.6681, 2.0787]) / s, np.exp(np.array([-1.3932, -1.3732]) / s)
    sine, cosine = np.sin(w), np.cos(w)
    d = _denominator(cosine, decay)
    n0 = _numerator((1.3530, 1.8151, -0.3531, 0.0902), sine, cosine, decay)
    n2 = _numerator((-1.3563, 5.2318, 0.3446, -2.2355), sine, cosine, decay)
    k, four, full = np.arange(4), np.arange(5), np.concatenate([[1.0], d])
    sd, dd, ed = full.sum(), (four * full).sum(), (four**2 * full).sum()
    smooth = n0 / (2 * n0.sum() / sd - n0[0])
    curve = n2 - (2 * n2.sum() - sd * n2[0]) / (2 * n0.sum() - sd * n0[0]) * n0
    sn, dn, en = curve.sum(), (k * curve).sum(), (k**2 * curve).sum()
    alpha = (en * sd**2 - ed * sn * sd - 2 * dn * dd * sd + 2 * dd**2 * sn) / sd**3
    curve *= s**2 / alpha
    return Recursion(*(np.stack([n, np.append(n[1:], 0.0) - d * n[0]]) for n in (smooth, curve)), d)


def _denominator(cosine: np.ndarray, decay: np.ndarray) -> np.ndarray:
    c, e = cosine, decay
    return np.array(
        [
            -2 * (e[1] * c[1] + e[0] * c[0]),
            4 * c[1] * c[0] * e[0] * e[1] + e[0] ** 2 + e[1] ** 2,
            -2 * c[0] * e[0] * e[1] ** 2 - 2 * c[1] * e[1] * e[0] ** 2,
            e[0] ** 2 * e[1] ** 2,
        ]
    )


def _numerator(
    fit: tuple[float, float, float, float], sine: np.ndarray, cosine: np.ndarray, decay: np.ndarray
) -> np.ndarray:
    a1, b1, a2, b2 = fit
    s, c, e = sine, cosine, decay
    return np.array(
        [
            a1 + a2,
            e[1] * (b2 * s[1] - (a2 + 2 * a1) * c[1]) + e[0] * (b1 * s[0] - (a1 + 2 * a2) * c[0]),
            2 * e[0] * e[1] * ((a1 + a2) * c[1] * c[0] - b1 * c[1] * s[0] - b2 * c[0] * s[1])
            + a2 * e[0] ** 2
            + a1 * e[1] ** 2,
            e[1] * e[0] ** 2 * (b2 * s[1] - a2 * c[1]) + e[0] * e[1] ** 2 * (b1 * s[0] - a1 * c[0]),
        ]
    )
