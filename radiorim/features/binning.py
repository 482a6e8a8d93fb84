"""Checks of bins: that they make sense, and that a bin width fits an image."""

from __future__ import annotations

import numpy as np

from radiorim.errors import DataError, UsageError

__all__ = ["MOST_BINS", "check_bins", "require_few_bins", "require_fitting_bins"]

MOST_BINS = 1000
"""A lesion cut into more grey levels than this was cut with a width made for another unit."""


JUDGED_VOXELS = 20
"""A lesion with fewer voxels may lie in one bin by chance and says nothing of the bin width."""


def check_bins(width: float | None, count: int) -> None:
    """Raise `UsageError` unless the width is positive (or None) and the count at least 2."""
    if width is not None and not width > 0:
        raise UsageError(f"bin_width must be positive, not {width!r}.")
    if count < 2:
        raise UsageError(f"bin_count must be at least 2, not {count!r}.")


def require_few_bins(low: float, high: float, width: float) -> None:
    """Raise `DataError` when the width cuts this range into more than `MOST_BINS` levels."""
    if (high - low) / width > MOST_BINS:
        raise DataError(
            f"bins of width {width:g} cut a lesion with values from {low:g} to {high:g} into "
            f"{(high - low) / width:.0f} grey levels. Try bin_width={(high - low) / 32:.2g}."
        )


def require_fitting_bins(
    image: str, width: float, extremes: tuple[np.ndarray, np.ndarray], counts: np.ndarray
) -> None:
    """Raise `DataError` when the width gives some lesion thousands of levels, or one level to every lesion.

    `extremes` are the smallest and the largest value in each lesion and `counts` its voxels. Lesions of fewer
    than `JUDGED_VOXELS` voxels and flat ones do not count as lesions in one bin.
    """
    low, high = extremes
    widest = int(np.argmax(high - low))
    require_few_bins(low[widest], high[widest], width)
    judged = (counts >= JUDGED_VOXELS) & (high > low)
    one_bin = np.floor(low / width) == np.floor(high / width)
    if judged.any() and one_bin[judged].all():
        span = (high - low)[judged]
        raise DataError(
            f"bins of width {width:g} put each of {judged.sum()} lesions into one grey level: values of "
            f"{image!r} span {span.min():.3g} to {span.max():.3g} in a lesion, from {low.min():.3g} to "
            f"{high.max():.3g} in all. Is it in another unit? Try bin_width={np.median(span) / 32:.2g}."
        )
