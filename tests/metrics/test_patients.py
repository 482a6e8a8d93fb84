from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from radiorim.errors import DataError
from radiorim.metrics.intervals import bca_bootstrap, person_bootstrap
from radiorim.metrics.patients import at_least, count_agreement, icc, person_counts


def test_people_without_lesions_stay_in():
    counts = person_counts(["a", "a", "b"], [1, 0, 0], [1, 1, 0], everyone=["a", "b", "c"])
    assert counts.to_dict("list") == {
        "person": ["a", "b", "c"],
        "lesions": [2, 1, 0],
        "true": [1, 0, 0],
        "predicted": [2, 0, 0],
    }
    assert at_least(counts)["specificity"] == 1.0
    assert count_agreement(counts)["people"] == 3


def test_a_person_is_positive_from_k_lesions_on():
    counts = pd.DataFrame({"true": [0, 1, 4, 5], "predicted": [1, 0, 4, 3]})
    one, four = at_least(counts, 1), at_least(counts, 4)
    assert (one["TP"], one["FP"], one["FN"], one["TN"]) == (2, 1, 1, 0)
    assert (four["TP"], four["FP"], four["FN"], four["TN"]) == (1, 0, 1, 2)
    assert (one["k"], four["f1"]) == (1.0, 2 / 3)
    assert math.isnan(at_least(counts, 9)["sensitivity"])


def test_agreement_of_counts_by_hand():
    out = count_agreement(pd.DataFrame({"true": [0, 2, 4], "predicted": [1, 2, 6]}))
    assert (out["mae"], out["bias"]) == (1.0, 1.0)
    assert (out["limit_low"], out["limit_high"]) == (pytest.approx(1 - 1.96), pytest.approx(1 + 1.96))
    assert out["pearson_r"] == pytest.approx(np.corrcoef([0, 2, 4], [1, 2, 6])[0, 1])


def test_agreement_without_spread_is_nan():
    flat = count_agreement(pd.DataFrame({"true": [0, 0], "predicted": [0, 0]}))
    assert math.isnan(flat["icc"])
    assert math.isnan(flat["pearson_r"])
    assert flat["mae"] == 0.0
    none = count_agreement(pd.DataFrame({"true": [], "predicted": []}))
    assert all(math.isnan(value) for name, value in none.items() if name != "people")
    with pytest.raises(DataError, match="raters"):
        icc([1, 2, 3])


def test_bca_is_the_percentile_interval_moved_for_skew():
    rng = np.random.default_rng(0)
    values = [rng.exponential(size=60)]
    plain, moved = (
        f(values, np.mean, np.arange(60), n=2000, seed=1) for f in (person_bootstrap, bca_bootstrap)
    )
    assert plain.value == moved.value
    assert moved.high > plain.high, "a right skew moves the interval to the right"
    assert moved.low > plain.low
    assert moved.method.startswith("BCa")


def test_bca_agrees_with_scipy():
    from scipy.stats import bootstrap

    values = np.random.default_rng(3).exponential(size=40)
    theirs = bootstrap((values,), np.mean, n_resamples=20_000, rng=1, method="BCa").confidence_interval
    ours = bca_bootstrap([values], np.mean, np.arange(40), n=20_000, seed=2)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.02)


def test_bca_is_nan_where_one_person_holds_everything():
    from radiorim.metrics.classification import roc_auc

    interval = bca_bootstrap([[1, 0, 0], [0.9, 0.2, 0.1]], roc_auc, ["a", "b", "c"], n=50)
    assert math.isnan(interval.low)
    assert math.isnan(interval.high)
    assert math.isnan(bca_bootstrap([[1.0, 2.0]], np.mean, ["a", "a"], n=5).low)
