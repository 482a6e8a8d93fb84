from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from radiorim.errors import DataError, UsageError
from radiorim.features.aprl import AprlFirstOrder
from radiorim.features.grouped import Grouped


def aprl_of(scene, labels, image, **settings):
    case, lesions = scene(labels, phase=image)
    frame = AprlFirstOrder(**{"bins": (), **settings})(case, lesions)
    return frame.rename(columns=lambda name: name.removeprefix("phase_aprl_firstorder_"))


def expected(x):
    """Each statistic of one lesion by numpy's, scipy's and pencil's formula."""
    q1, median, q3 = np.percentile(x, (25, 50, 75))
    mean, sd = x.mean(), x.std(ddof=1)
    positive = x - x.min() + 1 if x.min() <= 0 else x
    logs = np.log(np.abs(np.where(x == 0, 1, x)))
    shares = np.unique(x, return_counts=True)[1] / x.size
    return {
        "mean": mean,
        "median": np.median(x),
        "mode": stats.mode(x).mode,
        "geometric_mean": np.exp(logs.mean()),
        "geometric_mean_signed": np.exp((np.sign(x) * logs).mean()),
        "geometric_mean_shifted": stats.gmean(positive),
        "harmonic_mean": stats.hmean(positive),
        "trimmed_mean_5": stats.trim_mean(x, 0.025),
        "trimmed_mean_10": stats.trim_mean(x, 0.05),
        "trimmed_mean_20": stats.trim_mean(x, 0.1),
        "interquartile_mean": stats.trim_mean(x, 0.25),
        "trimean": (q1 + 2 * median + q3) / 4,
        "mean_deviation_from_mean": np.mean(np.abs(x - mean)),
        "mean_deviation_from_median": np.mean(np.abs(x - median)),
        "median_deviation_from_mean": np.median(np.abs(x - mean)),
        "median_deviation_from_median": stats.median_abs_deviation(x),
        "mad": 1.4826 * stats.median_abs_deviation(x),
        "maximum_deviation_from_mean": np.abs(x - mean).max(),
        "maximum_deviation_from_median": np.abs(x - median).max(),
        "root_mean_square": np.linalg.norm(x) / np.sqrt(x.size),
        "minimum": x.min(),
        "maximum": x.max(),
        "quartile_1": q1,
        "quartile_3": q3,
        "interquartile_range": stats.iqr(x),
        "low_notch": q1 - 1.5 * stats.iqr(x),
        "high_notch": q3 + 1.5 * stats.iqr(x),
        "range": np.ptp(x),
        **{f"decile_{k}": np.percentile(x, 10 * k) for k in range(1, 10)},
        "variance": np.var(x, ddof=1),
        "sd": sd,
        "skewness": stats.moment(x, 3) / sd**3,
        "kurtosis": stats.moment(x, 4) / sd**4 - 3,
        "energy": np.dot(x, x),
        "uniformity": np.dot(shares, shares),
        "entropy": stats.entropy(shares, base=2),
    }


@pytest.fixture
def phase(blobs):
    """Phase in thousandths of a radian, signed, in steps that make some values frequent."""
    return np.round(np.random.default_rng(5).normal(0, 40, blobs.shape) / 8) * 8


@pytest.mark.parametrize("offset", [0, 500])
def test_each_of_the_44_is_the_statistic_of_its_name_in_every_lesion(scene, blobs, phase, offset):
    frame = aprl_of(scene, blobs, phase + offset)
    assert frame.shape == (6, 44)
    for lesion in (1, 2, 3, 4):
        wanted = expected((phase + offset)[blobs == lesion].astype(float))
        assert list(frame) == list(wanted)
        assert frame.loc[lesion].to_dict() == pytest.approx(wanted, rel=1e-9, abs=1e-9), lesion


def test_with_8_and_64_bins_there_are_132_and_each_third_is_of_its_own_values(scene, blobs, phase):
    case, lesions = scene(blobs, phase=phase)
    frame = AprlFirstOrder()(case, lesions)
    assert frame.shape == (6, 132)
    x = phase[blobs == 1]
    inner = np.percentile(x, np.arange(1, 8) / 8 * 100)
    wanted = expected(np.searchsorted(inner, x, side="right") + 1.0)
    assert {name: frame.loc[1, f"phase_aprl8_firstorder_{name}"] for name in wanted} == pytest.approx(wanted)
    assert frame["phase_aprl64_firstorder_maximum"].max() == 64


def test_bins_of_different_values_are_equally_probable(scene):
    labels = np.ones((8, 4, 4))
    image = np.random.default_rng(1).permutation(128).reshape(labels.shape)
    row = aprl_of(scene, labels, image, bins=(8,)).loc[1]
    assert row["phase_aprl8_firstorder_entropy"] == pytest.approx(3)
    assert row["phase_aprl8_firstorder_uniformity"] == pytest.approx(1 / 8)
    assert row["phase_aprl8_firstorder_minimum"] == 1


@pytest.mark.parametrize("value", [0.1, -0.3, 0.0])
def test_a_constant_lesion_and_one_voxel_have_no_spread_and_no_undefined_value(scene, value):
    labels = np.zeros((5, 5, 5))
    labels[:2], labels[4, 4, 4] = 1, 2
    frame = aprl_of(scene, labels, np.full(labels.shape, value))
    assert np.isfinite(frame).all(axis=None)
    still = ["sd", "skewness", "kurtosis", "mad", "mean_deviation_from_mean", "range", "entropy"]
    assert (frame[still] == 0).all(axis=None)
    assert (frame["uniformity"] == 1).all()
    assert frame["mode"].tolist() == pytest.approx([value] * 2)


def test_ria_takes_the_first_quartile_where_the_third_is_meant(scene):
    image = np.array([1.0, 2, 4, 8, 16]).reshape(5, 1, 1)
    ours = aprl_of(scene, np.ones((5, 1, 1)), image).loc[1]
    theirs = aprl_of(scene, np.ones((5, 1, 1)), image, as_ria=True).loc[1]
    assert (ours["trimean"], theirs["trimean"]) == ((2 + 8 + 8) / 4, (2 + 8 + 2) / 4)
    assert (ours["high_notch"], theirs["high_notch"]) == (8 + 9, 2 + 9)
    assert (ours["geometric_mean"], theirs["geometric_mean"]) == pytest.approx((4, np.exp(2)))
    assert (ours.drop(index="trimean") != theirs.drop(index="trimean")).sum() == 3


def test_rias_harmonic_mean_of_signed_values_is_not_shifted(scene):
    image = np.array([-2.0, 0, 4]).reshape(3, 1, 1)
    assert aprl_of(scene, np.ones((3, 1, 1)), image, as_ria=True).loc[1, "harmonic_mean"] == pytest.approx(4)
    opposite = np.array([-2.0, 2]).reshape(2, 1, 1)
    assert aprl_of(scene, np.ones((2, 1, 1)), opposite, as_ria=True).loc[1, "harmonic_mean"] == 0
    assert aprl_of(scene, np.ones((2, 1, 1)), opposite).loc[1, "harmonic_mean"] == pytest.approx(
        2 / (1 + 1 / 5)
    )


def test_energy_by_voxel_does_not_grow_with_the_lesion(scene):
    labels = np.zeros((6, 6, 6))
    labels[:1], labels[3:] = 1, 2
    frame = aprl_of(scene, labels, np.full(labels.shape, 3.0), energy_per_voxel=True)
    assert frame["energy"].tolist() == [9, 9]


def test_rows_belong_to_their_lesion_when_some_were_dropped(scene, blobs, phase):
    case, lesions = scene(blobs, phase=phase)
    whole = AprlFirstOrder()(case, lesions)
    few = AprlFirstOrder()(case, lesions.keep(lambda table: table.lesion.isin([2, 5])))
    assert few.equals(whole.loc[[2, 5]])


def test_no_lesion_gives_no_row_and_all_columns(scene, blobs, phase):
    frame = AprlFirstOrder()(*scene(blobs * 0, phase=phase))
    assert frame.shape == (0, 132)


def test_a_value_that_is_not_finite_is_refused_with_the_lesion(scene, blobs, phase):
    phase[blobs == 3] = np.nan
    with pytest.raises(DataError, match="NaN or infinite values at lesion 3"):
        aprl_of(scene, blobs, phase)


@pytest.mark.parametrize("bins", [(1,), (8, 8)])
def test_bins_that_are_none_or_double_are_refused(bins):
    with pytest.raises(UsageError, match="different numbers of 2 or more"):
        AprlFirstOrder(bins=bins)


def test_groups_of_any_order_are_sorted_into_their_own_places():
    grouped = Grouped.of(np.array([5.0, 1, 4, 2, 3]), np.array([1, 0, 0, 1, 1]), 2)
    assert grouped.values.tolist() == [1, 4, 2, 3, 5]
    assert grouped.quantile(0.5).tolist() == [2.5, 3]
    assert grouped.rank.tolist() == [0, 1, 0, 1, 2]
