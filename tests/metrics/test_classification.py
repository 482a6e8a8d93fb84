from __future__ import annotations

import math

import numpy as np
import pytest

from radiorim.errors import DataError, UsageError
from radiorim.metrics.classification import (
    at_threshold,
    brier,
    confusion,
    pr_auc,
    roc_auc,
    summary,
    why_undefined,
)
from radiorim.metrics.thresholds import choose_threshold, operating_points


@pytest.fixture(params=[0, 1, 2])
def tied(request):
    rng = np.random.default_rng(request.param)
    y = rng.random(200) < 0.1
    return y, np.round(rng.random(200) * 0.7 + 0.3 * y, 1)


def test_areas_and_figures_agree_with_scikit_learn(tied):
    from sklearn import metrics

    y, score = tied
    assert roc_auc(y, score) == pytest.approx(metrics.roc_auc_score(y, score), abs=1e-12)
    assert pr_auc(y, score) == pytest.approx(metrics.average_precision_score(y, score), abs=1e-12)
    assert brier(y, score) == pytest.approx(metrics.brier_score_loss(y, score), abs=1e-12)
    said, out = score >= 0.6, at_threshold(y, score, 0.6)
    assert out["f1"] == pytest.approx(metrics.f1_score(y, said))
    assert out["mcc"] == pytest.approx(metrics.matthews_corrcoef(y, said))
    assert out["ppv"] == pytest.approx(metrics.precision_score(y, said))
    assert out["sensitivity"] == pytest.approx(metrics.recall_score(y, said))
    assert out["specificity"] == pytest.approx(metrics.recall_score(~y, ~said))
    assert out["npv"] == pytest.approx(metrics.precision_score(~y, ~said))
    assert out["accuracy"] == pytest.approx(metrics.accuracy_score(y, said))


def test_the_area_is_the_share_of_pairs_with_ties_half(tied):
    y, score = tied
    pairs = np.sign(score[y][:, None] - score[~y][None, :])
    assert roc_auc(y, score) == pytest.approx(np.mean((pairs + 1) / 2))


def test_one_class_is_nan_with_a_reason_and_never_a_half():
    table = summary([0, 0, 0], [0.1, 0.2, 0.3], 0.5).set_index("metric")
    assert math.isnan(table.value["roc_auc"])
    assert table.reason["roc_auc"] == "no positive among 3"
    assert table.reason["f1"] == "no positive, and none was called"
    assert table.reason["ppv"] == "nothing was called positive"
    assert table.reason["specificity"] == ""
    assert why_undefined([]) == "no lesion"
    assert why_undefined([1, 1]) == "no negative among 2"
    assert summary([], [], 0.5).reason.eq("no lesion").all()
    assert summary([1, 0], [3.0, 2.0], 1.0).set_index("metric").reason["brier"].startswith("scores outside")
    assert math.isnan(roc_auc([1, 1], [0.1, 0.2]))
    assert pr_auc([1, 1], [0.1, 0.2]) == 1.0, "precision needs no negative"


def test_a_score_at_the_threshold_is_positive():
    assert confusion([1, 0], [0.5, 0.49], 0.5) == {"TP": 1, "FP": 0, "FN": 0, "TN": 1}


def test_rules_choose_the_point_that_they_name(tied):
    y, score = tied
    thresholds = operating_points(y, score)[0]
    tables = [at_threshold(y, score, t) for t in thresholds]
    f1 = at_threshold(y, score, choose_threshold(y, score, "f1max"))["f1"]
    assert f1 == max(t["f1"] for t in tables if not math.isnan(t["f1"]))
    youden = at_threshold(y, score, choose_threshold(y, score, "youden"))
    assert youden["sensitivity"] + youden["specificity"] == pytest.approx(
        max(t["sensitivity"] + t["specificity"] for t in tables)
    )
    at95 = at_threshold(y, score, choose_threshold(y, score, "spec95"))
    allowed = [t["sensitivity"] for t in tables if t["specificity"] >= 0.95]
    assert at95["specificity"] >= 0.95
    assert at95["sensitivity"] == max(allowed)


def test_a_specificity_of_exactly_the_limit_is_reached():
    y = np.array([0] * 20 + [1])
    score = np.array([*range(20), 18.5])
    assert choose_threshold(y, score, "spec95") == 18.5
    assert at_threshold(y, score, 18.5)["specificity"] == 0.95


def test_a_rule_without_its_class_says_so():
    assert choose_threshold([0, 0], [0.1, 0.2], "fixed") == 0.5
    assert choose_threshold([0, 0], [0.1, 0.2], "fixed:0.3") == 0.3
    assert choose_threshold([0, 0], [0.1, 0.2], "spec95") == math.inf
    with pytest.raises(DataError, match="no positive among 2"):
        choose_threshold([0, 0], [0.1, 0.2], "f1max")
    with pytest.raises(DataError, match="no negative among 1"):
        choose_threshold([1], [0.1], "spec95")
    with pytest.raises(UsageError, match="f1max"):
        choose_threshold([0, 1], [0.1, 0.2], "best")


def test_bad_input_is_refused_with_words():
    with pytest.raises(DataError, match="one length"):
        roc_auc([0, 1], [0.1])
    with pytest.raises(DataError, match="0 or 1"):
        roc_auc([0, 2], [0.1, 0.2])
    with pytest.raises(DataError, match="1 of 2 scores"):
        roc_auc([0, 1], [0.1, np.nan])
