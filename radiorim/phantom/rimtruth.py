"""Which lesions show a rim: judged on the noise-free susceptibility, in planes, as a careful reader would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from radiorim.phantom.lesions import Lesion
from radiorim.phantom.parameters import Params

__all__ = ["Evidence", "as_rim", "evidence", "judge_rims"]

_SHOWN = 2 / 3
"""Share of the edge that has to carry the rim, in two orthogonal planes (consensus: Bagnato 2024)."""

_DOUBTFUL = 1 / 2
"""From this share of the edge on, what was not made as a rim is no clear case either."""

_SECTORS = 12


@dataclass(frozen=True)
class Evidence:
    """`edge_share`: in the second best of three orthogonal planes through the lesion, the share of twelve
    sectors of the edge that stand above the core by what was asked. `contrast_ppb`: how far the edge (highest
    value of each sector) stands above the core (median), median over sectors and planes.
    """

    edge_share: float
    contrast_ppb: float


def evidence(mask: np.ndarray, chi: np.ndarray, spacing_mm: Sequence[float], *, ppb: float) -> Evidence:
    """What a map shows of a rim in one lesion. `mask` needs at least one voxel.

    The edge is the first 1.5 mm (at least one voxel) below the surface, the core what lies deeper (or the
    deepest voxels, where nothing does).
    """
    from scipy import ndimage

    depth = ndimage.distance_transform_edt(np.pad(mask, 1), spacing_mm)[1:-1, 1:-1, 1:-1]
    limit = max(1.5, 1.01 * max(spacing_mm))
    edge, core = mask & (depth <= limit), mask & (depth > limit)
    above = chi - float(np.median(chi[core if core.any() else depth >= depth.max()]))
    shares, heights = [], []
    for axis in range(3):
        at = int(np.argmax(mask.sum(axis=tuple(a for a in range(3) if a != axis))))
        highest = _sectors(np.take(edge, at, axis), np.take(above, at, axis))
        shares.append(np.mean(highest >= ppb))
        heights.append(highest)
    return Evidence(float(np.sort(shares)[1]), float(np.median(np.concatenate(heights))))


def judge_rims(
    lesions: Sequence[Lesion],
    shown: Mapping[int, Evidence],
    *,
    could: Mapping[int, Evidence] | None,
    params: Params,
    rng: np.random.Generator,
) -> dict[int, dict[str, float]]:
    """Columns rim, ambiguous, rim_reader, rim_contrast_ppb, rim_edge_share of each lesion in `shown`.

    A lesion is a rim where one was made and shows, ambiguous in between; a reader errs now and then. `shown`
    is what the susceptibility of each lesion (1..n in the order of `lesions`) shows. `could`, for
    size-matched cohorts, is what it would show if each lesion had a rim: there a lesion without one is
    ambiguous where a rim would not have shown, as small and cut ones with a rim are; else the rule itself
    would tell large from small.
    """
    rows = {}
    for number, (lesion, chance) in enumerate(zip(lesions, rng.random(len(lesions)), strict=True), start=1):
        if number not in shown:
            continue
        rim = lesion.kind == "rim" and shown[number].edge_share >= _SHOWN
        ambiguous = not rim and _doubtful(lesion, shown[number], could[number] if could else None)
        rows[number] = {
            "rim": int(rim),
            "ambiguous": int(ambiguous),
            "rim_reader": int(chance < _says_rim(rim, ambiguous, params)),
            "rim_contrast_ppb": round(shown[number].contrast_ppb, 2),
            "rim_edge_share": round(shown[number].edge_share, 3),
        }
    return rows


def as_rim(lesion: Lesion, params: Params) -> Lesion:
    """The lesion as it would be with a rim: drawn as rims are, from its own seed."""
    if lesion.kind == "rim":
        return lesion
    rng = np.random.default_rng([lesion.seed, 1])
    height = params.draw_rim_ppb(rng)
    core = min(rng.uniform(0, 25), max(0.0, height - 27))
    return replace(
        lesion, kind="rim", rim_ppb=height, core_ppb=core, coverage=rng.uniform(*params.rim_completeness)
    )


def _doubtful(lesion: Lesion, shown: Evidence, could: Evidence | None) -> bool:
    if lesion.kind == "rim":
        return True
    return shown.edge_share >= _DOUBTFUL or (could is not None and could.edge_share < _SHOWN)


def _says_rim(rim: bool, ambiguous: bool, params: Params) -> float:
    """How likely a reader calls it a rim."""
    if ambiguous:
        return 0.5
    return 1 - params.reader_misses if rim else params.reader_invents


def _sectors(edge: np.ndarray, above: np.ndarray) -> np.ndarray:
    """The highest value of each sector of a plane's edge, seen from its middle; sectors without one are
    left out."""
    place = np.argwhere(edge)
    away = place - place.mean(axis=0)
    sector = np.floor((np.arctan2(away[:, 0], away[:, 1]) / (2 * np.pi) + 0.5) * _SECTORS).astype(int)
    highest = np.full(_SECTORS + 1, -np.inf)
    np.maximum.at(highest, sector, above[edge])
    return highest[np.isfinite(highest)]
