from __future__ import annotations

import numpy as np
import pytest

from radiorim.errors import DataError, UnknownName, UsageError
from radiorim.features.fast import Asked, Bins, locate, measure, measure_values, values_at
from radiorim.features.naming import snake_case
from radiorim.features.texturenames import FEATURES

ONE_MM = (1.0, 1.0, 1.0)


@pytest.fixture
def scan():
    """Data and labels: lesions 7 (a block), 2 (a plate), 4 (one voxel) and 9 (a block of other values)."""
    labels = np.zeros((16, 12, 10), dtype=np.int32)
    labels[1:5, 1:5, 1:5], labels[7:11, 2:6, 3], labels[8, 9, 8] = 7, 2, 4
    labels[11:15, 6:11, 2:7] = 9
    return np.random.default_rng(0).normal(100, 50, labels.shape), labels


def test_every_feature_of_every_class_is_there(scan, asked):
    found = measure(*scan, np.array([7, 2]), ONE_MM, asked())
    assert set(found) == {(kind, snake_case(name)) for kind, names in FEATURES.items() for name in names}
    assert all(column.shape == (2,) and np.isfinite(column).all() for column in found.values())


def test_a_lesion_is_measured_as_if_it_were_alone(scan, asked):
    data, labels = scan
    together = measure(data, labels, np.array([9, 2, 7]), ONE_MM, asked())
    for place, number in enumerate((9, 2, 7)):
        alone = measure(data, np.where(labels == number, 1, 0), np.array([1]), ONE_MM, asked())
        for key, column in alone.items():
            assert together[key][place] == column[0], key


def test_one_voxel_and_numbers_without_voxels_are_not_measured(scan, asked):
    found = measure(*scan, np.array([4, 7, 55]), ONE_MM, asked())
    for key, column in found.items():
        assert np.isnan(column).tolist() == [True, False, True], key


def test_no_lesions_give_empty_columns(scan, asked):
    found = measure(*scan, np.array([], dtype=int), ONE_MM, asked())
    assert {column.shape for column in found.values()} == {(0,)}


def test_threads_change_nothing(scan):
    once, twice = (
        measure(*scan, np.array([2, 4, 7, 9]), ONE_MM, Asked(bins=Bins(25.0), n_jobs=n)) for n in (1, 2)
    )
    for key, column in once.items():
        np.testing.assert_array_equal(column, twice[key])


def test_the_order_of_memory_and_the_type_of_labels_change_nothing(scan, asked):
    data, labels = scan
    numbers = np.array([2, 7, 9])
    usual = measure(data, labels, numbers, ONE_MM, asked())
    other = measure(np.asfortranarray(data), np.asfortranarray(labels, np.uint8), numbers, ONE_MM, asked())
    for key, column in usual.items():
        np.testing.assert_array_equal(column, other[key])


def test_shape_needs_no_image(scan, asked):
    found = measure(None, scan[1], np.array([7]), ONE_MM, Asked(("shape",)))
    assert found["shape", "voxel_volume"].tolist() == [64]
    with pytest.raises(UsageError, match="'glcm' needs an image"):
        measure(None, scan[1], np.array([7]), ONE_MM, Asked(("shape", "glcm")))


def test_the_steps_may_be_taken_one_by_one(scan, asked):
    data, labels = scan
    voxels = locate(labels, np.array([9, 7]))
    assert voxels.sizes.tolist() == [100, 64]
    found = measure_values(2 * values_at(data, voxels), voxels, ONE_MM, Asked(("firstorder",)))
    assert found["firstorder", "maximum"].tolist() == [2 * data[labels == n].max() for n in (9, 7)]


@pytest.mark.parametrize("width", [25.0, 0.1, 1 / 3, 7e-5])
def test_levels_are_those_of_the_references_edges(width):
    rng = np.random.default_rng(1)
    values = np.concatenate([rng.normal(0, 20 * width, 200), np.arange(-30, 30) * width])
    found = measure(
        values.reshape(-1, 1, 1), np.ones((260, 1, 1)), np.array([1]), ONE_MM, Asked(bins=Bins(width))
    )
    edges = np.arange(values.min() - values.min() % width, values.max() + 2 * width, width)
    levels = np.digitize(values, edges)
    assert found["gldm", "high_gray_level_emphasis"][0] == pytest.approx(np.mean(levels**2.0), rel=1e-12)
    assert found["gldm", "low_gray_level_emphasis"][0] == pytest.approx(np.mean(levels**-2.0), rel=1e-12)


def test_equal_bins_are_those_of_numpys_histogram():
    values = np.linspace(-1, 2.7, 38)
    what = Asked(("firstorder", "gldm"), Bins(None, 7))
    found = measure(values.reshape(-1, 1, 1), np.ones((38, 1, 1)), np.array([1]), ONE_MM, what)
    shares = np.histogram(values, 7)[0] / 38
    assert found["firstorder", "uniformity"][0] == pytest.approx((shares**2).sum())
    assert found["gldm", "gray_level_variance"][0] == pytest.approx(
        (shares * (np.arange(7) - shares @ np.arange(7)) ** 2).sum()
    )


def test_a_flat_lesion_lies_in_the_middle_of_equal_bins():
    what = Asked(("gldm",), Bins(None, 32))
    found = measure(np.full((2, 2, 2), 3.0), np.ones((2, 2, 2)), np.array([1]), ONE_MM, what)
    assert found["gldm", "high_gray_level_emphasis"][0] == 17**2


def test_a_value_that_is_not_finite_is_refused_with_the_lesion(scan, asked):
    data, labels = scan
    data[2, 2, 2] = np.inf
    with pytest.raises(DataError, match="NaN or infinite values at lesion 7"):
        measure(data, labels, np.array([2, 7]), ONE_MM, asked())


def test_bins_for_another_unit_are_refused_with_a_better_width(scan, asked):
    with pytest.raises(DataError, match=r"lesion \d, with values from .* grey levels\. Try a bin width of"):
        measure(*scan, np.array([2, 7]), ONE_MM, asked(1e-4))


def test_an_unknown_class_is_refused():
    with pytest.raises(UnknownName, match="glcn"):
        Asked(("glcn",))
