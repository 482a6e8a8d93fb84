"""The difference of two prepared visits, in robust standard deviations of the brain."""

from __future__ import annotations

import numpy as np

from radiorim.case import Case
from radiorim.errors import DataError
from radiorim.volume import Volume, require_same_grid

__all__ = ["MAD_TO_SD", "brain_inside", "robust_difference", "robust_z"]

MAD_TO_SD = 1.4826
"""Median absolute deviation to standard deviation, for a normal distribution."""


def robust_z(values: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """`(values - median) / (1.4826 MAD)`, both taken inside the mask; raises `DataError` if the MAD is 0."""
    sample = values[inside]
    centre = np.median(sample)
    spread = MAD_TO_SD * np.median(np.abs(sample - centre))
    if not spread > 0:
        raise DataError(
            "the two visits differ by one constant inside the brain: is one scan given twice, or one blank?"
        )
    return (values - centre) / spread


def robust_difference(case: Case, *, smooth_mm: float) -> Volume:
    """Follow-up minus baseline FLAIR, smoothed with a Gaussian, in robust SDs of the brain.

    `smooth_mm` is the sd of the Gaussian. Positive where the follow-up is brighter, 0 outside the brain.
    """
    from scipy import ndimage

    after, before, inside = case.image("flair"), case.image("flair0"), brain_inside(case)
    require_same_grid(
        {"flair": after, "flair0": before, "brain mask": inside}, fix="Add HalfWayPair() to `prepare`."
    )
    change = np.where(inside.data, after.data - before.data, np.float32(0)).astype(np.float32)
    if not change.any():
        return after.like(change)
    if smooth_mm > 0:
        sigmas = smooth_mm / np.array(after.spacing)
        weight = ndimage.gaussian_filter(inside.data.astype(np.float32), sigmas)
        change = ndimage.gaussian_filter(change, sigmas) / np.maximum(weight, np.float32(1e-3))
    z = robust_z(change, inside.data)
    return after.like(np.where(inside.data, z, 0).astype(np.float32))


def brain_inside(case: Case) -> Volume:
    """The brain mask of a case as booleans; raises `DataError` if it is missing or empty."""
    mask = case.mask("brain")
    inside = mask.like(mask.data > 0)
    if not inside.data.any():
        raise DataError(
            f"{case.id}: the brain mask is empty. Give another one, or leave it out so that one is made."
        )
    return inside
