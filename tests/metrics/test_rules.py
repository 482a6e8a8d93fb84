"""Rules of other fields on hand-worked pairs, and the table of edge cases held against the code."""

from __future__ import annotations

import math

import numpy as np
import pytest

from radiorim.errors import DataError, UnknownName, UsageError
from radiorim.metrics.anima import segmentation_performance
from radiorim.metrics.brats import Brats
from radiorim.metrics.distances import surface_metrics
from radiorim.metrics.edge_cases import EDGE_CASES, SITUATIONS, edge_case_table
from radiorim.metrics.froc import froc_curve, froc_score, sensitivity_at_false
from radiorim.metrics.rules import RULES, AnyVoxel, Iou, known_rules, score_lesions

SHAPE, MM = (24, 12, 12), (1.0, 1.0, 1.0)


def boxes(*corners):
    image = np.zeros(SHAPE, dtype=np.uint8)
    for x0, x1, y0, y1, z0, z1 in corners:
        image[x0:x1, y0:y1, z0:z1] = 1
    return image


CUBE, VOXEL, NOTHING = boxes((3, 6, 3, 6, 3, 6)), boxes((3, 4, 3, 4, 3, 4)), boxes()
PAIRS = {  # test, reference
    "no_truth": (CUBE, NOTHING),
    "no_prediction": (NOTHING, CUBE),
    "neither": (NOTHING, NOTHING),
    "all_too_small": (VOXEL, VOXEL),
}


@pytest.mark.parametrize("case", EDGE_CASES, ids=lambda case: f"{case.rule}-{case.metric}")
def test_the_edge_case_table_is_what_the_code_does(case):
    for situation in SITUATIONS:
        test, reference = PAIRS[situation]
        if case.rule == "analyzer":
            out = segmentation_performance(test, reference, MM)
        elif case.rule == "surface":
            out = surface_metrics(test, reference, MM)
        else:
            out = score_lesions(test, reference, MM, rule=case.rule).scores
        expected = getattr(case, situation)
        assert out.get(case.metric) == (None if expected is None else pytest.approx(expected, nan_ok=True)), (
            situation
        )


def test_the_table_knows_every_score_of_every_rule():
    listed = {(case.rule, case.metric) for case in EDGE_CASES}
    for rule in RULES:
        assert {(rule, metric) for metric in score_lesions(CUBE, CUBE, MM, rule=rule).scores} <= listed
    assert len(edge_case_table()) == len(EDGE_CASES)
    assert tuple(sorted(known_rules())) == RULES


def test_every_number_carries_its_rule_connectivity_and_minimum():
    table = score_lesions(CUBE, CUBE, MM, rule=AnyVoxel(connectivity=26, min_mm3=3)).table()
    assert table.to_dict("list") == {
        "metric": ["LTPR", "LFPR"],
        "value": [1.0, 0.0],
        "rule": ["any", "any"],
        "connectivity": [26, 26],
        "min_mm3": [3, 3],
        "truths": [1, 1],
        "finds": [1, 1],
    }
    with pytest.raises(UnknownName, match=r"'iou'"):
        score_lesions(CUBE, CUBE, MM, rule="ious")


def test_rules_disagree_as_the_rule_book_measured():
    one_over_three = boxes((2, 20, 4, 6, 4, 6))
    three = boxes((2, 7, 4, 6, 4, 6), (8, 13, 4, 6, 4, 6), (14, 20, 4, 6, 4, 6))
    iou, touch = (score_lesions(one_over_three, three, MM, rule=rule) for rule in (Iou(0.1), "any"))
    assert (iou.finds_true, iou.finds - iou.finds_true, iou.truths - iou.truths_found) == (1, 0, 2)
    assert touch.scores == {"LTPR": 1.0, "LFPR": 0.0}
    assert score_lesions(one_over_three, three, MM).scores["F1_score"] == 1.0
    small, large = boxes((4, 6, 4, 6, 4, 6)), boxes((3, 7, 3, 7, 3, 7))
    assert score_lesions(small, large, MM).scores["F1_score"] == 0.0
    assert score_lesions(small, large, MM, rule=Iou(0.1)).scores["RQ"] == 1.0
    assert score_lesions(small, large, MM, rule=Iou(0.5)).scores["RQ"] == 0.0


def test_touching_by_a_corner_is_one_lesion_only_for_26():
    corner = boxes((2, 5, 2, 5, 2, 5), (5, 8, 5, 8, 5, 8))
    counts = {c: score_lesions(corner, corner, MM, rule=AnyVoxel(c)).truths for c in (6, 18, 26)}
    assert counts == {6: 2, 18: 2, 26: 1}
    edge = boxes((2, 5, 2, 5, 2, 5), (5, 8, 5, 8, 2, 5))
    assert score_lesions(edge, edge, MM, rule=AnyVoxel(18)).truths == 1


def test_the_best_pairs_are_matched_first_and_once():
    truth = boxes((2, 6, 2, 4, 2, 8), (10, 14, 2, 4, 2, 8))
    # The first find is half of one truth (IoU 24 / 48); the second runs over both (16 / 80 each).
    found = boxes((2, 6, 2, 4, 2, 5), (2, 14, 2, 4, 6, 8))
    loose, strict = (score_lesions(found, truth, MM, rule=Iou(threshold)).scores for threshold in (0.2, 0.3))
    assert (loose["RQ"], loose["SQ"], loose["PQ"]) == (1.0, pytest.approx(0.35), pytest.approx(0.35))
    assert (strict["RQ"], strict["SQ"], strict["sensitivity"]) == (0.5, 0.5, 0.5)
    assert strict["SQ_dice"] == pytest.approx(2 / 3)


def test_brats_joins_near_truths_and_charges_false_lesions():
    truth = boxes((2, 5, 2, 5, 2, 5), (6, 9, 2, 5, 2, 5))
    found = boxes((2, 5, 2, 5, 2, 5), (18, 20, 8, 10, 8, 10))
    out = score_lesions(found, truth, MM, rule=Brats(dilations=1, min_mm3=0))
    assert (out.truths, out.scores["false_lesions"]) == (1, 1.0)
    assert out.scores["lesion_dice"] == (2 * 27 / (54 + 27) + 0) / 2
    assert out.scores["lesion_hd95_mm"] == pytest.approx((4.0 + 374) / 2, abs=0.2)
    apart = score_lesions(found, truth, MM, rule=Brats(dilations=0, min_mm3=0))
    assert (apart.truths, apart.truths_found) == (2, 1)
    assert apart.scores["lesion_dice"] == pytest.approx(1 / 3)


def test_brats_forgives_small_truths_but_no_false_lesion():
    out = score_lesions(VOXEL, boxes((12, 13, 3, 4, 3, 4)), MM, rule=Brats(min_mm3=2))
    assert (out.truths, out.scores["false_lesions"], out.scores["lesion_dice"]) == (0, 1.0, 0.0)
    on_small = score_lesions(VOXEL, VOXEL, MM, rule="brats")
    assert on_small.scores["false_lesions"] == 0.0


def test_the_froc_curve_by_hand():
    curve = froc_curve([0.8, 0.2, 0.2], [0.9, 0.5, math.nan, 0.2], scans=4)
    assert curve.threshold.tolist() == [math.inf, 0.9, 0.8, 0.5, 0.2]
    assert curve.sensitivity.tolist() == [0, 0.25, 0.25, 0.5, 0.75]
    assert curve.false_per_scan.tolist() == [0, 0, 0.25, 0.25, 0.75]
    assert sensitivity_at_false(curve, 0.25) == 0.5
    assert froc_score(curve, at=(0.125, 0.25, 1)) == pytest.approx((0.25 + 0.5 + 0.75) / 3)
    assert math.isnan(froc_score(froc_curve([0.1], [], scans=1)))
    assert froc_curve([], [], scans=1).false_per_scan.tolist() == [0]
    with pytest.raises(DataError, match="scan"):
        froc_curve([], [], scans=0)


def test_true_surface_metrics_by_hand():
    test, reference = boxes((2, 3, 2, 3, 2, 3)), boxes((5, 6, 2, 3, 2, 3), (15, 16, 2, 3, 2, 3))
    out = surface_metrics(test, reference, (2, 1, 1), tolerance_mm=6)
    # To the reference 6; back 6 and 26.
    assert out["assd_mm"] == pytest.approx((6 + 6 + 26) / 3)
    assert out["hd95_mm"] == pytest.approx(25.0)
    assert out["nsd"] == pytest.approx(2 / 3)
    with pytest.raises(UsageError, match="tolerance_mm"):
        surface_metrics(test, reference, MM, tolerance_mm=-1)


@pytest.mark.dl
@pytest.mark.filterwarnings("ignore::FutureWarning")  # MONAI's own
def test_surface_metrics_agree_with_monai():
    torch = pytest.importorskip("torch")
    metrics = pytest.importorskip("monai.metrics")
    rng = np.random.default_rng(0)
    from scipy.ndimage import gaussian_filter

    for spacing in ((1.0, 1.0, 1.0), (0.5, 0.75, 3.0)):
        masks = [gaussian_filter(rng.standard_normal((24, 26, 20)), 2) > 0.05 for _ in range(2)]
        for mask in masks:
            mask[[0, -1]], mask[:, [0, -1]], mask[:, :, [0, -1]] = False, False, False
        ours = surface_metrics(*masks, spacing, tolerance_mm=1.5)
        pair = [torch.tensor(mask)[None, None] for mask in masks]
        kw = {"include_background": True, "spacing": spacing}
        hd95 = metrics.compute_hausdorff_distance(*pair, percentile=95, **kw).item()
        nsd = metrics.compute_surface_dice(*pair, class_thresholds=[1.5], **kw).item()
        directed = [metrics.compute_average_surface_distance(*p, **kw).item() for p in (pair, pair[::-1])]
        assert ours["hd95_mm"] == pytest.approx(hd95, rel=1e-5)
        assert ours["nsd"] == pytest.approx(nsd, rel=1e-5)
        assert min(directed) <= ours["assd_mm"] <= max(directed)
