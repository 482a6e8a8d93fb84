from __future__ import annotations

import math

import numpy as np
import pytest

from radiorim.errors import DataError, UsageError
from radiorim.metrics.areas import (
    partial_auc,
    partial_auc_mcclish,
    partial_auc_raw,
    roc_curve,
    sensitivity_at,
)
from radiorim.metrics.calibration import calibration_error, decision_curve, reliability_curve
from radiorim.metrics.classification import roc_auc


@pytest.fixture(params=[(0, 1), (1, 2), (2, 6)])
def scored(request):
    seed, decimals = request.param
    rng = np.random.default_rng(seed)
    y = rng.random(300) < 0.2
    return y, np.clip(rng.random(300) * 0.7 + 0.3 * y, 0, 1).round(decimals)


def test_partial_areas_agree_with_scikit_learn(scored):
    from sklearn.metrics import roc_auc_score

    y, score = scored
    for limit in (0.05, 0.1, 0.5):
        expected = roc_auc_score(y, score, max_fpr=limit)
        assert partial_auc_mcclish(y, score, limit) == pytest.approx(expected, abs=1e-12)
        assert partial_auc_raw(y, score, limit) == pytest.approx(partial_auc(y, score, limit) / limit)
    assert partial_auc(y, score, 1.0) == pytest.approx(roc_auc(y, score), abs=1e-12)


def test_the_partial_area_of_a_hand_worked_curve():
    # Up to (0, .5), along to (.5, .5): area .1 * .5.
    assert partial_auc([0, 0, 1, 1], [0.1, 0.6, 0.5, 0.9], 0.1) == pytest.approx(0.05)
    assert math.isnan(partial_auc([0, 0], [0.1, 0.2]))
    with pytest.raises(UsageError, match="limit"):
        partial_auc([0, 1], [0, 1], 0)


def test_the_roc_curve_runs_through_every_distinct_score(scored):
    from sklearn import metrics

    y, score = scored
    for ours, theirs in zip(
        roc_curve(y, score), metrics.roc_curve(y, score, drop_intermediate=False), strict=True
    ):
        np.testing.assert_allclose(ours, theirs)


def test_sensitivity_at_a_specificity_is_not_interpolated(scored):
    from sklearn.metrics import roc_curve as theirs

    y, score = scored
    false, true, _ = theirs(y, score, drop_intermediate=False)
    for specificity in (0.8, 0.9, 0.95):
        assert sensitivity_at(y, score, specificity) == true[1 - false >= specificity].max()
    assert math.isnan(sensitivity_at([1], [0.5]))


@pytest.mark.parametrize(("binning", "strategy"), [("width", "uniform"), ("count", "quantile")])
def test_the_reliability_curve_agrees_with_scikit_learn(binning, strategy):
    from sklearn.calibration import calibration_curve

    rng = np.random.default_rng(5)
    score = rng.random(400)
    y = rng.random(400) < score
    curve = reliability_curve(y, score, bins=8, binning=binning)
    observed, mean_score = calibration_curve(y, score, n_bins=8, strategy=strategy)
    np.testing.assert_allclose(curve.observed, observed)
    np.testing.assert_allclose(curve.mean_score, mean_score)
    assert curve.lesions.sum() == 400


def test_calibration_of_few_or_equal_scores():
    assert calibration_error([0, 1], [0.0, 1.0]) == 0.0
    assert calibration_error([0, 0, 1, 1], [0.5] * 4, binning="count") == 0.0
    assert math.isnan(calibration_error([], []))
    assert reliability_curve([], []).empty
    with pytest.raises(DataError, match="no probabilities"):
        calibration_error([0, 1], [-1.0, 3.0])
    with pytest.raises(UsageError, match="binning"):
        reliability_curve([0], [0.5], binning="size")


def test_the_decision_curve_of_a_hand_worked_case():
    curve = decision_curve([1, 0, 0, 1], [0.9, 0.6, 0.1, 0.4], thresholds=[0.5, 0.2])
    # At .5: TP 1, FP 1, odds 1; at .2: TP 2, FP 1, odds 1 / 4.
    assert curve.net_benefit.tolist() == [0.0, 0.5 - 0.25 / 4]
    assert curve.treat_all.tolist() == [0.0, 0.5 - 0.5 / 4]
    assert curve.treat_none.tolist() == [0.0, 0.0]
    with pytest.raises(UsageError, match="between 0 and 1"):
        decision_curve([1], [0.5], thresholds=[1.0])
