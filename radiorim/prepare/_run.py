"""What every step shares: a line in the log, arithmetic that repeats itself, and inputs that can be used."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from radiorim.errors import DataError
from radiorim.volume import Volume

__all__ = ["THREADS", "name_of", "repeatable", "require_finite", "require_no_gap", "step"]

THREADS = 4
"""ITK adds partial sums by work unit: their number, not the machine's cores, fixes the bytes."""

_LEAST_FILLED = 0.1

_LOG = logging.getLogger("radiorim")


@contextmanager
def step(what: str) -> Iterator[None]:
    """Log one INFO line with the seconds that the block took."""
    start = time.perf_counter()
    yield
    _LOG.info("%s: %.1f s", what, time.perf_counter() - start)


class _Threads:
    """How many blocks of `repeatable` are open in this process, and ITK's default before the first."""

    lock = threading.Lock()
    users = 0
    before = 0


@contextmanager
def repeatable() -> Iterator[None]:
    """Run ITK filters on a fixed number of work units, so that every machine gives the same bytes.

    N4 ignores its own `SetNumberOfThreads` inside (measured: log fields differ by 7e-4), so ITK's default is
    set. That is one for the whole process: the last block to end, in whichever thread, puts it back.
    """
    import SimpleITK as sitk

    default = sitk.ProcessObject
    with _Threads.lock:
        if not _Threads.users:
            _Threads.before = default.GetGlobalDefaultNumberOfThreads()
            default.SetGlobalDefaultNumberOfThreads(THREADS)
        _Threads.users += 1
    try:
        yield
    finally:
        with _Threads.lock:
            _Threads.users -= 1
            if not _Threads.users:
                default.SetGlobalDefaultNumberOfThreads(_Threads.before)


def name_of(volume: Volume, otherwise: str) -> str:
    """The file that a volume came from, or what to call it."""
    return volume.source or otherwise


def require_finite(volume: Volume, name: str) -> Volume:
    """The volume, or a `DataError` if it holds NaN or infinite voxels or only one value."""
    low, high = float(volume.data.min()), float(volume.data.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise DataError(
            f"{name_of(volume, name)} holds NaN or infinite voxels. "
            "Set them to 0 first (radiorim.io.nifti.load does)."
        )
    if low == high:
        raise DataError(
            f"{name_of(volume, name)} holds only the value {low:g}: there is no image in it. Export it again."
        )
    return volume


def require_no_gap(volume: Volume, name: str) -> Volume:
    """The volume, or a `DataError` if slices of one value lie between slices of the head, along any axis.

    A slice is of the head if it has at least a tenth as many voxels above the mean as the fullest one, so
    that stray voxels far from a stripped brain do not make a gap.
    """
    bright = volume.data > volume.data.mean(dtype=float)
    for axis, word in enumerate(("first", "second", "third")):
        others = tuple(other for other in range(3) if other != axis)
        filled = bright.sum(axis=others)
        head = np.flatnonzero(filled >= max(1, filled.max() * _LEAST_FILLED))
        inside = slice(head[0], head[-1] + 1)
        flat = (volume.data.min(axis=others) == volume.data.max(axis=others))[inside]
        if flat.any():
            gap = head[0] + np.flatnonzero(flat)
            raise DataError(
                f"{name_of(volume, name)} has {gap.size} empty slices inside the head (the first is number "
                f"{gap[0]}, counted from 0 along the {word} axis): what lies there cannot be compared, and "
                "its edges would look like change. Export the scan again with all its slices."
            )
    return volume
