"""`animaSegPerfAnalyzer`, the judge of MSSEG-2: every output, its names, its rules, its oddities.

Written from a description of its behaviour and checked against its outputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from radiorim.errors import UsageError
from radiorim.metrics.components import fewest_voxels, find_components
from radiorim.metrics.detection import AnimaOptions, LesionFlags, detection_scores, flag_lesions
from radiorim.metrics.pair import Pair, ranked_pair, voxel_volume_mm3
from radiorim.metrics.surface import contour_mean_distance, hausdorff_distance, running_minimum_distance
from radiorim.metrics.voxel import voxel_counts, voxel_metrics

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = [
    "GROUPS",
    "OUTPUTS",
    "AnimaOptions",
    "class_performance",
    "lesion_flags",
    "segmentation_performance",
]

GROUPS = ("voxel", "surface", "detection")
OUTPUTS = (
    *("Jaccard", "Dice", "Sensitivity", "Specificity", "PPV", "NPV", "RelativeVolumeError"),
    *("HausdorffDistance", "ContourMeanDistance", "SurfaceDistance"),
    *("PPVL", "SensL", "F1_score", "NbTestedLesions", "VolTestedLesions"),
)
EMPTY_TRUTH_MM3 = 3.0  # fixed in the tool for an empty truth, whatever `-v` says


def segmentation_performance(
    test: ArrayLike,
    reference: ArrayLike,
    spacing: Sequence[float],
    options: AnimaOptions | None = None,
    *,
    groups: Sequence[str] = GROUPS,
) -> dict[str, float]:
    """Give what animaSegPerfAnalyzer prints for two label images, under its own names.

    `groups` chooses among "voxel" (`-s`), "surface" (`-d`) and "detection" (`-l`); lesion rules alone do
    not pay for surfaces. NaN is the tool's NaN; what it does not print is absent (`dict.get` gives None).
    An empty reference, also one of a single value, gives NbTestedLesions and VolTestedLesions only; an
    empty test gives 0 for overlaps, NaN for distances. `spacing` is that of the reference's header.

    >>> import numpy as np
    >>> truth = np.zeros((9, 9, 9), np.uint8); truth[2:5, 2:5, 2:5] = 1
    >>> segmentation_performance(truth, truth, (1, 1, 1), groups=("detection",))
    {'PPVL': 1.0, 'SensL': 1.0, 'F1_score': 1.0}
    """
    _check(groups)
    pair = ranked_pair(test, reference, spacing)
    if pair.reference_is_empty:
        return _empty_truth(pair)
    return _performance(pair, options or AnimaOptions(), groups)


def class_performance(
    test: ArrayLike, reference: ArrayLike, spacing: Sequence[float], options: AnimaOptions | None = None
) -> list[dict[str, float]]:
    """Give what `-a` prints for classes 1, 2, ...: the same metrics on label = k, by rank.

    Two defects are kept: the contours are those of the whole image, so ContourMeanDistance repeats the
    global value, and SurfaceDistance is that of class 1 for every class. An empty reference gives no class.
    """
    pair = ranked_pair(test, reference, spacing)
    if pair.reference_is_empty:
        return []
    shared = {
        "ContourMeanDistance": contour_mean_distance(pair),
        "SurfaceDistance": running_minimum_distance(pair, classes=(1,)),
    }
    options = options or AnimaOptions()
    singles = [pair.only(label) for label in range(1, max(2, pair.classes))]
    return [_ordered({**_performance(single, options, GROUPS), **shared}) for single in singles]


def lesion_flags(
    test: ArrayLike, reference: ArrayLike, spacing: Sequence[float], options: AnimaOptions | None = None
) -> LesionFlags:
    """Tell which truth lesions were found and which found lesions are true.

    Lesions are 6-connected, strictly larger than `min_mm3`, numbered by falling size, ties by raster order;
    `truth_found[i]` belongs to lesion i + 1 of `truth.labels`. No lesion gives an empty array.
    """
    pair = ranked_pair(test, reference, spacing)
    flags = _flags(pair, options or AnimaOptions())
    truth, found = (side.placed(pair.shape, pair.box) for side in (flags.truth, flags.found))
    return replace(flags, truth=truth, found=found)


def _check(groups: Sequence[str]) -> None:
    unknown = sorted(set(groups) - set(GROUPS))
    if isinstance(groups, str) or unknown or not groups:
        raise UsageError(f"groups must be among {', '.join(GROUPS)}. Got {groups!r}.")


def _flags(pair: Pair, options: AnimaOptions) -> LesionFlags:
    fewest = fewest_voxels(options.min_mm3, pair.spacing)
    truth, found = (find_components(side, fewest=fewest) for side in (pair.reference, pair.test))
    return flag_lesions(truth, found, options)


def _performance(pair: Pair, options: AnimaOptions, groups: Sequence[str]) -> dict[str, float]:
    out: dict[str, float] = {}
    if "voxel" in groups:
        out |= voxel_metrics(voxel_counts(pair))
    if "surface" in groups:
        out["HausdorffDistance"] = hausdorff_distance(pair)
        out["ContourMeanDistance"] = contour_mean_distance(pair)
        out["SurfaceDistance"] = running_minimum_distance(pair)
    if "detection" in groups:
        out |= detection_scores(_flags(pair, options))
    return out


def _empty_truth(pair: Pair) -> dict[str, float]:
    found = find_components(pair.test, fewest=fewest_voxels(EMPTY_TRUTH_MM3, pair.spacing))
    volume = float(found.sizes.sum()) * voxel_volume_mm3(pair.spacing)
    return {"NbTestedLesions": float(found.count), "VolTestedLesions": volume}


def _ordered(values: dict[str, float]) -> dict[str, float]:
    return {name: values[name] for name in OUTPUTS if name in values}
