"""Figures of scored lesions and of masks, against scikit-learn and by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from radiorim.errors import DataError
from radiorim.runs.evaluation import MaskPair, evaluate_groups, evaluate_masks, evaluate_scores
from radiorim.volume import Volume


@pytest.fixture(scope="module")
def judged() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    truth = (rng.random(90) < 0.3).astype(float)
    score = np.clip(0.3 * truth + 0.6 * rng.random(90), 0, 1).round(2)
    table = pd.DataFrame({"truth": truth, "score": score, "found": score >= 0.5})
    return table.assign(person=[f"p{row % 12}" for row in range(90)])


def values(evaluation: pd.DataFrame) -> dict[str, float]:
    return evaluation.set_index("metric")["value"].to_dict()


def test_scores_give_the_figures_of_scikit_learn(judged):
    ours = values(evaluate_scores(judged, resamples=20))
    y, score, found = judged.truth, judged.score, judged.found
    expected = {
        "roc_auc": metrics.roc_auc_score(y, score),
        "pr_auc": metrics.average_precision_score(y, score),
        "brier": metrics.brier_score_loss(y, score),
        "prevalence": y.mean(),
        "f1": metrics.f1_score(y, found),
        "sensitivity": metrics.recall_score(y, found),
        "specificity": metrics.recall_score(y, found, pos_label=0),
        "ppv": metrics.precision_score(y, found),
        "npv": metrics.precision_score(y, found, pos_label=0),
        "mcc": metrics.matthews_corrcoef(y, found),
        "accuracy": metrics.accuracy_score(y, found),
    }
    assert ours == pytest.approx(expected, abs=1e-12)


def test_intervals_hold_the_value_name_the_group_and_repeat_with_the_seed(judged):
    first = evaluate_scores(judged, resamples=50, seed=3)
    assert (first.low <= first.value).all()
    assert (first.value <= first.high).all()
    assert first.group.unique().tolist() == [f"lesions (90, {int(judged.truth.sum())} positive, 12 people)"]
    assert first.equals(evaluate_scores(judged, resamples=50, seed=3))


def test_lesions_of_unknown_truth_are_left_out(judged):
    more = pd.concat([judged, judged.assign(truth=np.nan, score=0.99)], ignore_index=True)
    with_unknown, without = evaluate_scores(more, resamples=20), evaluate_scores(judged, resamples=20)
    assert with_unknown.drop(columns="group").equals(without.drop(columns="group"))
    assert with_unknown["group"].str.endswith("; 90 of unknown truth left out").all()


def test_calls_are_used_as_they_were_made_by_each_fold(judged):
    mixed = judged.assign(found=judged.score >= np.where(judged.person < "p5", 0.2, 0.8))
    assert values(evaluate_scores(mixed, resamples=5))["accuracy"] == pytest.approx(
        (mixed.found == mixed.truth).mean()
    )


def test_what_is_undefined_is_nan_with_the_reason(judged):
    negatives = evaluate_scores(judged[judged.truth == 0], resamples=5).set_index("metric")
    assert np.isnan(negatives.value["roc_auc"])
    assert "no positive among" in negatives.note["roc_auc"]
    assert negatives.value["specificity"] >= 0
    nothing = evaluate_scores(judged.assign(truth=np.nan), resamples=5)
    assert nothing.value.isna().all()
    assert (nothing.note == "no lesion with known truth").all()


@pytest.mark.parametrize(("called", "score"), [(False, 0.9), (True, 0.1)])
def test_what_calls_leave_undefined_says_why_wherever_the_thresholds_lay(judged, called, score):
    same = evaluate_scores(judged.assign(found=called, score=score), resamples=5).set_index("metric")
    none, kind = ("npv", "negative") if called else ("ppv", "positive")
    reasons = {none: f"nothing was called {kind}", "mcc": "everything was called one class"}
    assert same.note[same.value.isna()].to_dict() == reasons


def masks(name: str, truth: list[int], found: list[int]) -> MaskPair:
    """Bars of 4 x 4 voxels along the first axis at the given places."""

    def bars(places: list[int]) -> Volume:
        data = np.zeros((20, 10, 10), np.uint8)
        for place in places:
            data[place : place + 2, 2:6, 2:6] = 1
        return Volume(data, np.eye(4))

    return MaskPair(name, name, bars(truth), bars(found))


def test_cases_without_true_lesions_are_their_own_group_and_never_pooled():
    pairs = [
        masks("a", [1, 6], [1, 6]),
        masks("b", [1, 6], [1]),
        masks("clean", [], []),
        masks("false", [], [1, 6, 12]),
    ]
    table = evaluate_masks(pairs)
    assert table.case.tolist() == ["a", "b", "clean", "false"]
    groups = evaluate_groups(table, resamples=20).set_index(["group", "metric"]).value
    having, free = "cases with true lesions (2)", "cases without true lesions (2)"
    assert groups[having, "SensL"] == pytest.approx((1 + 0.5) / 2)
    assert groups[having, "PPVL"] == 1
    assert groups[having, "Dice"] == pytest.approx((1 + 2 / 3) / 2)
    assert groups[free, "NbTestedLesions"] == pytest.approx(1.5)
    assert groups[free, "VolTestedLesions"] == pytest.approx(3 * 32 / 2)


def test_a_group_without_a_case_says_so():
    groups = evaluate_groups(evaluate_masks([masks("a", [1], [1])]), resamples=5)
    free = groups[groups.group == "cases without true lesions (0)"]
    assert free.value.isna().all()
    assert free.note.tolist() == ["no such case"] * 2


def test_two_grids_are_refused_with_the_case_and_both_shapes():
    one = masks("sub-01", [1], [1])
    other = Volume(np.zeros((20, 10, 9), np.uint8), np.eye(4))
    with pytest.raises(DataError, match=r"sub-01: truth \(20, 10, 10\) and sub-01: found \(20, 10, 9\)"):
        evaluate_masks([MaskPair("sub-01", "sub-01", one.truth, other)])
