"""A wrong header, found and said in words: two scans fit better when the axes of one are read otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from radiorim.errors import DataError
from radiorim.prepare._level import Level, optimised
from radiorim.prepare._run import name_of
from radiorim.volume import Volume

__all__ = ["Reading", "better_reading", "require_right_axes"]

_SIDES = ("left and right", "front and back", "top and bottom")

_TRIED = 3
"""So many starts of each handedness are improved; the others are only looked at where they begin."""

_LEAST_NCC, _LEAST_GAIN = 0.8, 0.05
"""A reading counts when it fits like one head (on coarse voxels) and so much better than the header's own."""


@dataclass(frozen=True)
class Reading:
    """`axes` (3x3, signed permutation) takes RAS directions of the fixed scan to those of the moving one.

    `ncc` is the correlation that a rigid registration reaches with it, `ncc_as_it_is` without, both on the
    coarse voxels.
    """

    axes: np.ndarray
    ncc: float
    ncc_as_it_is: float

    @property
    def words(self) -> str:
        """What is wrong with the axes, to stand behind 'with'."""
        signs = np.diag(self.axes)
        if not signs.all():
            return "the axes in another order" + (" and mirrored" if np.linalg.det(self.axes) < 0 else "")
        names = [side for side, sign in zip(_SIDES, signs, strict=True) if sign < 0]
        return f"{', and '.join(names)} exchanged"


@dataclass(frozen=True)
class _Try:
    """One reading after a descent on large voxels: the moving scan seen that way, and where it then lies."""

    axes: np.ndarray
    seen: Volume
    matrix: np.ndarray
    ncc: float


def require_right_axes(
    scans: tuple[Volume, Volume, Volume], matrix: np.ndarray, *, edge_mm: float, middle_mm: np.ndarray
) -> None:
    """Raise `DataError` if there is a `better_reading`."""
    better = better_reading(scans, matrix, edge_mm=edge_mm, middle_mm=middle_mm)
    if better is None:
        return
    raise DataError(
        f"{name_of(scans[1], 'the baseline')} fits {name_of(scans[0], 'the follow-up')} far better with "
        f"{better.words} (correlation {better.ncc:.2f} instead of {max(0, better.ncc_as_it_is):.2f}): the "
        "orientation in one of the two headers is wrong. Look at both beside a scan you trust, and convert "
        "the wrong one from DICOM again or correct its header."
    )


def better_reading(
    scans: tuple[Volume, Volume, Volume], matrix: np.ndarray, *, edge_mm: float, middle_mm: np.ndarray
) -> Reading | None:
    """Another reading of the moving scan's axes that fits clearly better than `matrix` does, if there is one.

    `scans` are fixed, moving and the fixed scan's mask; `middle_mm` is the middle of the moving head. The 23
    other turns by right angles, and all 24 of the mirrored head, are tried on voxels of twice `edge_mm`; the
    best one is improved and judged on `edge_mm`.
    """
    fixed, moving, mask = scans
    tries = [one for mirror in (1.0, -1.0) for one in _tries(scans, middle_mm, mirror, 2 * edge_mm)]
    if not tries:
        return None
    best = max(tries, key=lambda one: one.ncc)
    level = Level.of(fixed, best.seen, mask, edge_mm)
    found = optimised(level, best.matrix)
    reached = -1.0 if found is None else level.ncc(found)
    own = Level.of(fixed, moving, mask, edge_mm).ncc(matrix)
    if reached < max(_LEAST_NCC, own + _LEAST_GAIN):
        return None
    return Reading(best.axes, reached, own)


def _tries(
    scans: tuple[Volume, Volume, Volume], middle: np.ndarray, mirror: float, edge_mm: float
) -> Iterator[_Try]:
    """The most promising turns by right angles of the head or (-1) of its mirror image."""
    from scipy.spatial.transform import Rotation

    fixed, moving, mask = scans
    mirrored = np.diag([mirror, 1.0, 1.0])
    seen = Volume(moving.data, _about(middle, middle, mirrored) @ moving.affine)
    level = Level.of(fixed, seen, mask, edge_mm)
    turns = np.rint(Rotation.create_group("O").as_matrix())
    others = [turn for turn in turns if not np.array_equal(mirrored @ turn, np.eye(3))]
    starts = [(turn, _about(middle, level.centre_mm, turn)) for turn in others]
    for turn, start in sorted(starts, key=lambda pair: level.ncc(pair[1]), reverse=True)[:_TRIED]:
        found = optimised(level, start)
        if found is not None:
            yield _Try(mirrored @ turn, seen, found, level.ncc(found))


def _about(to_mm: np.ndarray, from_mm: np.ndarray, linear: np.ndarray) -> np.ndarray:
    """The 4x4 matrix with this linear part that takes one point to the other."""
    matrix = np.eye(4)
    matrix[:3, :3] = linear
    matrix[:3, 3] = to_mm - linear @ from_mm
    return matrix
