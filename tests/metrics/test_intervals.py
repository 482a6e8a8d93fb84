from __future__ import annotations

import math
import time

import numpy as np
import pandas as pd
import pytest

from radiorim.errors import DataError
from radiorim.metrics.classification import roc_auc
from radiorim.metrics.intervals import person_bootstrap, rows_of_people


def cohort(people=60, rows=500, seed=0):
    rng = np.random.default_rng(seed)
    person = rng.integers(0, people, rows)
    y = rng.random(rows) < 0.15
    return y, rng.random(rows) + 0.4 * y, person


def test_a_thousand_resamples_of_500_lesions_take_about_a_second():
    y, score, person = cohort()
    start = time.perf_counter()
    interval = person_bootstrap([y, score], roc_auc, person, n=1000, seed=3)
    assert time.perf_counter() - start < 5
    assert interval.low < interval.value < interval.high
    assert interval.value == roc_auc(y, score)
    assert interval == person_bootstrap([y, score], roc_auc, person, n=1000, seed=3)


def test_a_table_and_arrays_give_the_same_interval():
    y, score, person = cohort(rows=100)
    table = pd.DataFrame({"y": y, "score": score})
    from_table = person_bootstrap(table, lambda t: roc_auc(t.y, t.score), person, n=50, seed=1)
    assert from_table == person_bootstrap([y, score], roc_auc, person, n=50, seed=1)


def test_people_are_resampled_not_lesions():
    values, person = np.repeat([0.0, 1.0], 500), np.repeat(["a", "b"], 500)
    interval = person_bootstrap([values], np.mean, person, n=200, seed=0)
    assert (interval.low, interval.high) == (0.0, 1.0), "1000 lesions, but only two people"


def test_rows_of_one_person_stay_together():
    assert [rows.tolist() for rows in rows_of_people(["b", "a", "b"])] == [[1], [0, 2]]


def test_undefined_resamples_are_counted():
    y, score, person = np.array([1, 0, 0]), np.array([0.9, 0.1, 0.2]), ["a", "b", "c"]
    interval = person_bootstrap([y, score], roc_auc, person, n=300, seed=0)
    # Without a (8 of 27 draws) there is no positive, with a alone (1 of 27) no negative.
    assert interval.undefined / 300 == pytest.approx(9 / 27, abs=0.08)
    assert interval.reason == f"undefined in {interval.undefined} of 300 resamples"
    nothing = person_bootstrap([np.zeros(2), np.ones(2)], roc_auc, ["a", "b"], n=5)
    assert math.isnan(nothing.low)
    assert nothing.undefined == 5


def test_rows_without_a_person_are_refused():
    with pytest.raises(DataError, match="one person for each row"):
        person_bootstrap([[1.0, 2.0]], np.mean, ["a"])
    with pytest.raises(DataError, match="empty"):
        person_bootstrap([[]], np.mean, [])
