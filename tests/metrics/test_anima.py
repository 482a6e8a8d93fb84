"""Hand-worked cases; each wrong variant of the rules that is easy to write fails at least one of them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from radiorim.errors import DataError, UsageError
from radiorim.metrics.anima import AnimaOptions, class_performance, lesion_flags, segmentation_performance
from radiorim.metrics.components import fewest_voxels, find_components
from radiorim.metrics.pair import ranked_pair

SHAPE = (24, 12, 12)
MM = (1.0, 1.0, 1.0)


def boxes(*corners, shape=SHAPE):
    """Ones in boxes given as (x0, x1, y0, y1, z0, z1), ends excluded."""
    image = np.zeros(shape, dtype=np.uint8)
    for x0, x1, y0, y1, z0, z1 in corners:
        image[x0:x1, y0:y1, z0:z1] = 1
    return image


def line(*spans):
    """Boxes with a face of 2 x 5 = 10 voxels along x, so that lengths are tenths of voxels."""
    return boxes(*[(a, b, 2, 4, 2, 7) for a, b in spans])


def lesions(test, reference, **options):
    return segmentation_performance(test, reference, MM, AnimaOptions(**options), groups=("detection",))


def test_the_voxel_metrics_of_a_hand_worked_pair():
    out = segmentation_performance(line((2, 6)), line((4, 10)), MM, groups=("voxel",))
    grid = 24 * 12 * 12
    assert out == {
        "Jaccard": 20 / 80,
        "Dice": 0.4,
        "Sensitivity": 20 / 60,
        "Specificity": (grid - 80) / (grid - 60),
        "PPV": 0.5,
        "NPV": (grid - 80) / (grid - 40),
        "RelativeVolumeError": 100 * (-20 / 60),
    }


def test_the_distances_of_a_hand_worked_pair():
    test, reference = boxes((2, 3, 2, 3, 2, 3)), boxes((5, 6, 2, 3, 2, 3), (15, 16, 2, 3, 2, 3))
    out = segmentation_performance(test, reference, (2, 1, 1), groups=("surface",))
    assert out["HausdorffDistance"] == 26.0
    # The larger directed mean (6 + 26) / 2, not the average of 16 and 6.
    assert out["ContourMeanDistance"] == 16.0
    # Running minimum: 6, then min(6, 26) = 6, then 6 the other way; with a reset (6 + 26 + 6) / 3.
    assert out["SurfaceDistance"] == 6.0


def test_surface_distance_is_zero_after_the_first_shared_point_in_raster_order():
    test, reference = boxes((2, 3, 2, 3, 2, 3)), boxes((2, 3, 2, 3, 2, 3), (15, 16, 2, 3, 2, 3))
    assert segmentation_performance(test, reference, MM, groups=("surface",))["SurfaceDistance"] == 0.0
    flipped = segmentation_performance(test[::-1], reference[::-1], MM, groups=("surface",))
    assert flipped["SurfaceDistance"] == 13 / 3


def test_the_edge_of_the_grid_is_no_contour():
    slabs = boxes((0, 5, 0, 12, 0, 12)), boxes((0, 8, 0, 12, 0, 12))
    out = segmentation_performance(*slabs, MM, groups=("surface",))
    # Each slab has one contour plane, x = 4 and x = 7; with the grid's edge as contour the mean is smaller.
    assert (out["ContourMeanDistance"], out["HausdorffDistance"]) == (3.0, 3.0)


def test_lesions_touching_by_a_corner_are_two():
    reference = boxes((2, 5, 2, 5, 2, 5), (5, 8, 5, 8, 5, 8))
    assert lesions(boxes((2, 5, 2, 5, 2, 5)), reference)["SensL"] == 0.5


@pytest.mark.parametrize(("length", "found"), [(3, math.nan), (4, 1.0)])
def test_a_lesion_of_exactly_the_minimal_volume_is_dropped(length, found):
    image = boxes((2, 2 + length, 2, 3, 2, 3))
    assert lesions(image, image)["SensL"] == pytest.approx(found, nan_ok=True)


def test_the_header_spacing_is_float32():
    assert fewest_voxels(3.0, (0.5, 0.5, 1.2)) == 10
    assert fewest_voxels(0.0, MM) == 1
    assert fewest_voxels(3.0, MM, keep_equal=True) == 3


def test_a_dropped_truth_lesion_counts_as_outside():
    small = (2, 5, 2, 3, 2, 3)
    # 20 voxels found: 4 on a true lesion, 3 on a dropped one. Outside 16 / 20 > .7; 13 / 20 would pass.
    reference, test = boxes(small, (7, 11, 2, 3, 2, 3)), boxes((2, 12, 2, 3, 2, 4))
    assert lesions(test, reference)["SensL"] == 0.0
    assert lesions(test, reference, min_mm3=2.0)["SensL"] == 1.0


@pytest.mark.parametrize(("covered", "found"), [(1, 0.0), (2, 1.0)])
def test_alpha_is_strict(covered, found):
    assert lesions(line((2, 2 + covered)), line((2, 12)))["SensL"] == found


@pytest.mark.parametrize(("inside", "found"), [(3, 1.0), (2, 0.0)])
def test_beta_fails_above_and_passes_at_the_limit(inside, found):
    assert lesions(line((12 - inside, 22 - inside)), line((2, 12)))["SensL"] == found


def test_gamma_stops_the_walk_before_the_leaking_lesion():
    # A truth of 100 voxels: 60 tightly covered, 20 by a lesion of 200; the first explains .75 of the overlap.
    reference = boxes((2, 12, 0, 10, 0, 1))
    test = boxes((2, 12, 0, 6, 0, 1), (2, 12, 8, 10, 0, 10))
    assert lesions(test, reference, gamma=0.65)["SensL"] == 1.0
    assert lesions(test, reference, gamma=0.75)["SensL"] == 1.0, "gamma stops at >="
    assert lesions(test, reference, gamma=0.76)["SensL"] == 0.0, "the first leaking lesion fails it at once"


def test_a_leaking_lesion_met_first_fails_it_although_others_explain_enough():
    reference = line((2, 12))
    test = boxes((2, 7, 2, 4, 2, 7), (2, 7, 2, 12, 2, 12), (8, 12, 2, 4, 2, 7))
    # The bigger overlap (50 of 500 inside) leaks; were it skipped, 40 / 90 >= .4 would do.
    assert lesions(test, reference, gamma=0.4)["SensL"] == 0.0


def test_lying_in_another_lesion_is_not_outside():
    reference = boxes((2, 12, 2, 4, 2, 7), (12, 22, 2, 4, 2, 7))
    reference[12] = 0
    out = lesions(line((10, 22)), reference)
    # Of 120 found voxels 10 lie outside, 90 in the other lesion.
    assert out["SensL"] == 1.0


def test_both_sides_can_disagree_completely():
    small, large = boxes((4, 6, 4, 6, 4, 6)), boxes((3, 7, 3, 7, 3, 7))
    assert lesions(small, large) == {"SensL": 1.0, "PPVL": 0.0, "F1_score": 0.0}
    assert lesions(large, small) == {"SensL": 0.0, "PPVL": 1.0, "F1_score": 0.0}


def test_gamma_one_walks_on_when_rounding_leaves_a_remainder():
    pieces = boxes(*[(2 * i, 2 * i + 1, 2, 4, 2, 7) for i in range(10)])
    reference = boxes((0, 19, 2, 4, 2, 7))
    far = boxes((22, 24, 8, 12, 8, 12))
    assert lesions(pieces, reference, gamma=1.0)["SensL"] == 1.0
    assert lesions(np.maximum(pieces, far), reference, gamma=1.0)["SensL"] == 0.0
    assert lesions(np.maximum(pieces, far), reference, gamma=0.99)["SensL"] == 1.0


def test_an_empty_truth_gives_only_the_false_lesions_and_a_fixed_minimum():
    test, nothing = boxes((2, 5, 2, 3, 2, 3), (7, 9, 2, 4, 2, 4)), boxes()
    out = segmentation_performance(test, nothing, (1, 1, 1.5), AnimaOptions(min_mm3=1000))
    assert out == {"NbTestedLesions": 2.0, "VolTestedLesions": 16.5}
    assert segmentation_performance(nothing, nothing, MM) == {"NbTestedLesions": 0.0, "VolTestedLesions": 0.0}
    assert segmentation_performance(nothing + 1, nothing, MM)["NbTestedLesions"] == 0.0
    assert class_performance(test, nothing, MM) == []


def test_an_empty_prediction_gives_zeros_and_undefined_distances():
    out = segmentation_performance(boxes(), line((2, 6)), MM)
    undefined = {name for name, value in out.items() if math.isnan(value)}
    assert undefined == {"PPV", "HausdorffDistance", "ContourMeanDistance", "SurfaceDistance"}
    assert (out["Dice"], out["Specificity"], out["RelativeVolumeError"], out["F1_score"]) == (0, 1, -100, 0)


def test_lesions_all_below_the_minimum_give_nan_and_zero():
    one = boxes((2, 3, 2, 3, 2, 3))
    out = segmentation_performance(one, one, MM)
    assert math.isnan(out["SensL"])
    assert (out["PPVL"], out["F1_score"], out["Dice"]) == (0.0, 0.0, 1.0)


def test_values_are_truncated_and_ranked():
    test = line((2, 6)) * 0.999
    assert segmentation_performance(test, line((2, 6)), MM, groups=("voxel",))["Sensitivity"] == 0.0
    assert (
        segmentation_performance(-line((2, 6)).astype(int), line((2, 6)), MM, groups=("voxel",))["Dice"]
        == 1.0
    )
    fives = segmentation_performance(line((2, 6)) * 5 + 2, line((2, 6)), MM, groups=("voxel",))
    assert fives["Dice"] == 1.0, "the smallest value present is background"


def test_classes_are_compared_by_rank_when_their_number_agrees():
    two = line((2, 6)) + 2 * line((8, 12))
    assert segmentation_performance(two * 3, two, MM, groups=("voxel",))["Dice"] == 1.0
    swapped = line((8, 12)) + 2 * line((2, 6))
    assert segmentation_performance(swapped, two, MM, groups=("voxel",))["Dice"] == 0.0
    assert segmentation_performance(line((2, 6), (8, 12)), swapped, MM, groups=("voxel",))["Dice"] == 1.0
    assert [out["Dice"] for out in class_performance(swapped, two, MM)] == [0.0, 0.0]
    assert ranked_pair(two, two, MM).classes == 3


def test_flags_lie_on_the_whole_grid():
    truth, found = line((2, 6), (10, 13)), line((2, 6), (18, 23))
    flags = lesion_flags(found, truth, MM)
    assert flags.truth.labels.shape == SHAPE
    assert flags.truth.labels[[2, 10], 2, 2].tolist() == [1, 2]
    assert flags.truth_found.tolist() == [True, False]
    assert flags.found.labels[[2, 18], 2, 2].tolist() == [2, 1], "numbered by falling size"
    assert flags.found_true.tolist() == [False, True]


def test_equal_sizes_are_numbered_with_x_fastest():
    image = boxes((2, 4, 8, 9, 2, 3), (8, 10, 2, 3, 2, 3))
    assert find_components(image).labels[[8, 2], [2, 8], [2, 2]].tolist() == [1, 2]


def test_words_of_the_errors():
    with pytest.raises(DataError, match="on one grid"):
        segmentation_performance(boxes(), np.zeros((3, 3, 3)), MM)
    with pytest.raises(DataError, match="NaN"):
        segmentation_performance(boxes() * np.nan, boxes(), MM)
    with pytest.raises(DataError, match="spacing"):
        segmentation_performance(boxes(), boxes(), (1, 1, 0))
    with pytest.raises(UsageError, match="alpha"):
        AnimaOptions(alpha=0)
    with pytest.raises(UsageError, match="min_mm3"):
        AnimaOptions(min_mm3=-1)
    with pytest.raises(UsageError, match="groups"):
        segmentation_performance(boxes(), boxes(), MM, groups=("lesion",))
    with pytest.raises(UsageError, match="connectivity"):
        find_components(boxes(), connectivity=8)
