"""The lesion test of Anima: overlap enough, leak little, explain most of the overlap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radiorim.errors import UsageError
from radiorim.metrics.components import Components, overlaps
from radiorim.metrics.voxel import ratio

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["AnimaOptions", "LesionFlags", "detected", "detection_scores", "flag_lesions"]


@dataclass(frozen=True)
class AnimaOptions:
    """Thresholds of the lesion test, with the analyzer's defaults.

    alpha (`-x`): a lesion needs more than this share of its voxels covered. beta (`-y`): a covering
    lesion may have at most this share outside. gamma (`-z`): share of the overlap to be explained.
    min_mm3 (`-v`): lesions of this volume or less are background.
    """

    alpha: float = 0.1
    beta: float = 0.7
    gamma: float = 0.65
    min_mm3: float = 3.0

    def __post_init__(self) -> None:
        for name in ("alpha", "beta", "gamma"):
            if not 0 < getattr(self, name) <= 1:
                raise UsageError(f"{name} must be above 0 and at most 1. Got {getattr(self, name)}.")
        if not self.min_mm3 >= 0:
            raise UsageError(f"min_mm3 must be 0 or more. Got {self.min_mm3}.")


@dataclass(frozen=True)
class LesionFlags:
    """Lesions of both sides above the minimal volume: which truths were found, which finds are true."""

    truth: Components
    found: Components
    truth_found: NDArray[np.bool_]
    found_true: NDArray[np.bool_]


def flag_lesions(truth: Components, found: Components, options: AnimaOptions) -> LesionFlags:
    """Test each side against the other with the same thresholds; the two answers may disagree."""
    return LesionFlags(truth, found, detected(truth, found, options), detected(found, truth, options))


def detected(side: Components, other: Components, options: AnimaOptions) -> NDArray[np.bool_]:
    """Which lesions of `side` are detected by those of `other` (rule book, section 4.3).

    Ties in overlap are walked by lesion number: a stable sort. The tool's own sort is unstable above 16
    lesions, where single lesions can differ at thresholds other than the default.
    """
    flags = np.zeros(side.count, dtype=bool)
    if not side.count or not other.count:
        return flags
    table = overlaps(side, other)
    back = overlaps(other, side)
    outside = np.zeros(other.count + 1)
    in_background = back[back[:, 1] == 0]
    outside[in_background[:, 0]] = in_background[:, 2]
    leak = outside[1:] / other.sizes
    pairs = table[table[:, 1] > 0]
    starts = np.searchsorted(pairs[:, 0], np.arange(1, side.count + 2))
    for lesion in np.unique(pairs[:, 0]):
        partners = pairs[starts[lesion - 1] : starts[lesion], 1:]
        flags[lesion - 1] = _passes(partners, int(side.sizes[lesion - 1]), leak, options)
    return flags


def _passes(partners: NDArray, size: int, leak: NDArray[np.float64], options: AnimaOptions) -> bool:
    """Walk the partners (number, shared voxels) by falling overlap until gamma of it is explained."""
    covered = int(partners[:, 1].sum())
    if not covered / size > options.alpha:
        return False
    weight = 0.0
    for partner, voxels in partners[np.argsort(-partners[:, 1], kind="stable")].tolist():
        if leak[partner - 1] > options.beta:
            return False
        weight += voxels / covered
        if weight >= options.gamma:
            return True
    # Rounding may leave the weight short of gamma = 1; the tool then walks on to lesions without overlap.
    rest = np.setdiff1d(np.arange(leak.size), partners[:, 0] - 1)
    return not np.any(leak[rest] > options.beta)


def detection_scores(flags: LesionFlags) -> dict[str, float]:
    """PPVL, SensL and F1_score of Anima's `-l`.

    SensL = found truths / truths (NaN without truth), PPVL = true finds / finds (0 without finds),
    F1_score = 2 PPVL SensL / (PPVL + SensL), 0 where that is undefined. Not 2TP / (2TP + FP + FN).
    """
    sensitivity = ratio(int(flags.truth_found.sum()), flags.truth.count)
    precision = int(flags.found_true.sum()) / flags.found.count if flags.found.count else 0.0
    both = precision + sensitivity
    f1 = 2 * precision * sensitivity / both if both > 0 else 0.0
    return {"PPVL": precision, "SensL": sensitivity, "F1_score": f1}
