"""Tests of two recipes: against brute force, against a published example, and against each other."""

from __future__ import annotations

import math

import numpy as np
import pytest

from radiorim.errors import DataError
from radiorim.metrics.classification import roc_auc
from radiorim.metrics.compare import Paired, delong_test, holm, obuchowski_test
from radiorim.metrics.permutation import swap_test

# 43 complete patients of DeLong, DeLong and Clarke-Pearson (1988): albumin, protein, K-G score, benefit.
# Documented results for K-G as 10 - score: AUC .7366, .6478, .7258; differences to K-G .0108
# (standard error .0953, chi-square .0127, p .9102) and -.0780 (.1046, .5554, .4561).
OVARIAN = np.fromstring(
    """3.0 5.8 10 0  3.2 6.3 5 1  3.9 6.8 3 1  2.8 4.8 6 0  3.2 5.8 3 1  0.9 4.0 5 0  2.5 5.7 8 0  1.6 5.6 5 1
    3.8 5.7 5 1  3.7 6.7 6 1  3.2 5.4 4 1  3.8 6.6 6 1  4.1 6.6 5 1  3.6 5.7 5 1  4.3 7.0 4 1  3.6 6.7 4 0
    2.3 4.4 6 1  4.2 7.6 4 0  4.0 6.6 6 0  3.5 5.8 6 1  3.8 6.8 7 1  3.0 4.7 8 0  4.5 7.4 5 1  3.7 7.4 5 1
    3.1 6.6 6 1  4.1 8.2 6 1  4.3 7.0 5 1  4.3 6.5 4 1  3.2 5.1 5 1  2.6 4.7 6 1  3.3 6.8 6 0  1.7 4.0 7 0
    3.7 6.1 5 1  3.3 6.3 7 1  4.2 7.7 6 1  3.5 6.2 5 1  2.9 5.7 9 0  2.1 4.8 7 1  2.8 6.2 8 0  4.0 7.0 7 1
    3.3 5.7 6 1  3.7 6.9 5 1  3.6 6.6 5 1""",
    sep=" ",
).reshape(-1, 4)


def cohort(people=12, lesions=90, seed=0):
    rng = np.random.default_rng(seed)
    person = rng.integers(0, people, lesions)
    y = rng.random(lesions) < 0.3
    y[:2] = True, False
    first, second = (rng.random(lesions).round(1) + shift * y for shift in (0.3, 0.1))
    return y, first, second, person


@pytest.mark.parametrize(
    ("column", "documented"),
    [
        (0, (0.7366, 0.7258, 0.0108, 0.0953, 0.0127, 0.9102)),
        (1, (0.6478, 0.7258, -0.0780, 0.1046, 0.5554, 0.4561)),
    ],
)
def test_the_published_example_of_delong(column, documented):
    out = delong_test(Paired.of(OVARIAN[:, 3], OVARIAN[:, column], 10 - OVARIAN[:, 2], np.arange(43)))
    chi_square = (out.difference / out.standard_error) ** 2
    ours = (out.first, out.second, out.difference, out.standard_error, chi_square, out.p)
    assert ours == pytest.approx(documented, abs=5e-5)


@pytest.mark.parametrize("seed", range(5))
def test_delong_agrees_with_brute_force(seed):
    y, first, second, person = cohort(seed=seed)
    kernels = [(np.sign(s[y][:, None] - s[~y][None, :]) + 1) / 2 for s in (first, second)]
    gap = kernels[0] - kernels[1]
    variance = np.var(gap.mean(axis=1), ddof=1) / y.sum() + np.var(gap.mean(axis=0), ddof=1) / (~y).sum()
    out = delong_test(Paired.of(y, first, second, person))
    assert out.difference == pytest.approx(gap.mean(), abs=1e-12)
    assert out.standard_error == pytest.approx(math.sqrt(variance), abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_obuchowski_agrees_with_sums_written_out(seed):
    y, first, second, person = cohort(seed=seed)
    kernels = [(np.sign(s[y][:, None] - s[~y][None, :]) + 1) / 2 for s in (first, second)]
    gap = kernels[0] - kernels[1]
    areas, s10, s01, s11 = gap.mean(), 0.0, 0.0, 0.0
    people = np.unique(person)
    with_positive = [i for i in people if y[person == i].any()]
    with_negative = [i for i in people if (~y)[person == i].any()]
    for i in people:
        mine, others = person[y] == i, person[~y] == i
        d10 = gap[mine].mean(axis=1).sum() - mine.sum() * areas
        d01 = gap[:, others].mean(axis=0).sum() - others.sum() * areas
        s10, s01, s11 = s10 + d10**2, s01 + d01**2, s11 + d10 * d01
    m, n = y.sum(), (~y).sum()
    variance = (
        s10 * len(with_positive) / (len(with_positive) - 1) / m**2
        + s01 * len(with_negative) / (len(with_negative) - 1) / n**2
        + 2 * s11 * len(people) / (len(people) - 1) / (m * n)
    )
    out = obuchowski_test(Paired.of(y, first, second, person))
    assert out.standard_error == pytest.approx(math.sqrt(variance), abs=1e-12)


def test_one_lesion_each_makes_obuchowski_plain_delong():
    y, first, second, _ = cohort()
    paired = Paired.of(y, first, second, np.arange(y.size))
    assert obuchowski_test(paired).standard_error == pytest.approx(delong_test(paired).standard_error)


def test_the_permutation_agrees_with_every_swap_written_out():
    from itertools import product

    from scipy.stats import rankdata

    y, first, second, person = cohort(people=8)
    ranks, swapped = (rankdata(first), rankdata(second)), []
    for signs in product((False, True), repeat=8):
        turn = np.array(signs)[person]
        a, b = np.where(turn, ranks[1], ranks[0]), np.where(turn, ranks[0], ranks[1])
        swapped.append(roc_auc(y, a) - roc_auc(y, b))
    exact = np.mean(np.abs(swapped) >= abs(swapped[0]) - 1e-12)
    out = swap_test(Paired.of(y, first, second, person), n=40_000, seed=1)
    assert out.p == pytest.approx(exact, abs=0.01)
    assert out.difference == pytest.approx(roc_auc(y, first) - roc_auc(y, second))


def test_scales_do_not_matter_to_any_test():
    y, first, second, person = cohort()
    paired, scaled = (Paired.of(y, first, s, person) for s in (second, 4 * second))
    for test in (delong_test, obuchowski_test, swap_test):
        assert test(paired) == test(scaled)


def test_what_cannot_be_compared_is_nan_with_a_reason():
    y, first, _, person = cohort()
    same = Paired.of(y, first, first, person)
    assert delong_test(same).reason == "the variance is not above 0"
    assert math.isnan(obuchowski_test(same).p)
    assert swap_test(same).p == 1.0
    one_class = Paired.of(np.zeros(4), np.arange(4), np.arange(4)[::-1], [1, 1, 2, 2])
    for test in (delong_test, obuchowski_test, swap_test):
        out = test(one_class)
        assert math.isnan(out.p)
        assert "positive" in out.reason
    one_person = Paired.of(y, first, first[::-1], np.zeros(y.size))
    assert "fewer than two people" in obuchowski_test(one_person).reason
    with pytest.raises(DataError, match="persons"):
        Paired.of([0, 1], [0, 1], [1, 0], [1])


def test_holm_keeps_order_and_leaves_out_the_undefined():
    assert holm([0.01, math.nan, 0.5, 0.02]) == pytest.approx([0.03, math.nan, 0.5, 0.04], nan_ok=True)
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
