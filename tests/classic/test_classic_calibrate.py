"""Calibrated scores, features left out, and new told from enlarging."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from radiorim.blocks import Boost, Change, NewOrEnlarging, Tabular
from radiorim.case import Case
from radiorim.classic.calibrate import Platt
from radiorim.lesions import Lesions
from radiorim.volume import Volume


def rows(seed: int = 0, n: int = 600) -> pd.DataFrame:
    """One lesion in ten is positive; one feature tells them apart, not well, and one is the scanner's."""
    rng = np.random.default_rng(seed)
    truth = (rng.random(n) < 0.1).astype(float)
    return pd.DataFrame(
        {
            "person": [f"p{k % 6}" for k in range(n)],
            "truth": truth,
            "flair_change_z": truth * 1.5 + rng.normal(size=n),
            "flair_change_ratio": rng.normal(size=n),
            "mask_location_right_mm": truth * 9,
        }
    )


TABULAR = Tabular((Change(),), Boost(trees=20), calibrate=True, leave_out=("mask_location_right_mm",))


def test_platt_finds_the_line_that_made_the_labels():
    rng = np.random.default_rng(1)
    log_odds = rng.normal(0, 2, 40_000)
    truth = rng.random(log_odds.size) < 1 / (1 + np.exp(-(0.7 * log_odds - 1.5)))
    platt = Platt.fit(1 / (1 + np.exp(-log_odds)), truth.astype(int))
    assert (platt.slope, platt.intercept) == pytest.approx((0.7, -1.5), abs=0.06)


def test_scores_that_point_the_wrong_way_are_left_as_they_are():
    assert Platt.fit(np.linspace(0.1, 0.9, 50), (np.arange(50) < 20).astype(int)) == Platt()


def test_calibration_takes_back_what_oversampling_added():
    learned, other = TABULAR.fit_table(rows(0), seed=0), rows(1)
    raw = learned.chain.predict_proba(other[list(learned.features)].to_numpy(float))[:, 1]
    score = learned.score_table(other)["score"]
    assert raw.mean() > 0.25
    assert score.mean() == pytest.approx(other["truth"].mean(), abs=0.04)
    assert (np.argsort(raw) == np.argsort(score.to_numpy())).all()


def test_contributions_add_up_to_the_log_odds_of_the_calibrated_score():
    learned, other = TABULAR.fit_table(rows(0), seed=0), rows(1)
    score = learned.score_table(other)["score"].to_numpy()
    total = learned.contributions(other).sum(axis=1).to_numpy()
    np.testing.assert_allclose(total, np.log(score / (1 - score)), atol=1e-6)


def test_a_feature_that_is_left_out_is_not_learned_from():
    assert TABULAR.fit_table(rows(), seed=0).features == ("flair_change_z", "flair_change_ratio")


def test_a_saved_scorer_keeps_its_calibration(tmp_path):
    learned = TABULAR.fit_table(rows(0), seed=0)
    learned.save(tmp_path)
    again = TABULAR.load(tmp_path)
    assert again.platt == learned.platt
    pd.testing.assert_frame_equal(again.score_table(rows(1)), learned.score_table(rows(1)))


def test_a_lesion_beside_an_old_one_is_enlarging_and_one_in_normal_tissue_is_new():
    before = np.zeros((40, 20, 20), np.float32)
    before[8:12, 8:12, 8:12] = 3
    after, labels = before.copy(), np.zeros(before.shape, np.int32)
    for number, start in ((1, 12), (2, 28)):
        labels[start : start + 3, 8:12, 8:12] = number
    after[labels > 0] = 3
    grid = Volume(before, np.eye(4))
    case = Case("a", "a", {"flair0": grid, "flair": grid.like(after)}, {"brain": grid.like(before > -1)})
    told = NewOrEnlarging()(case, Lesions.from_labels(grid.like(labels)))
    assert told.table["change"].tolist() == ["enlarging", "new"]


def test_no_lesion_is_neither_new_nor_enlarging():
    grid = Volume(np.ones((9, 9, 9), np.float32), np.eye(4))
    case = Case("a", "a", {"flair0": grid, "flair": grid}, {"brain": grid})
    none = Lesions.from_labels(grid.like(np.zeros(grid.shape, np.int32)))
    assert NewOrEnlarging()(case, none).table["change"].tolist() == []
