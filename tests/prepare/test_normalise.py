from __future__ import annotations

import numpy as np
import pytest

from radiorim.case import Case
from radiorim.errors import DataError, UnknownName
from radiorim.prepare.normalise import MATCHINGS, ZScore, line_rma, location_and_scale, match, zscore
from radiorim.volume import Volume

SHAPE = (20, 20, 20)


@pytest.fixture
def mask():
    inside = np.zeros(SHAPE, bool)
    inside[3:17, 3:17, 3:17] = True
    return Volume(inside, np.eye(4))


@pytest.fixture
def image():
    values = np.random.default_rng(0).gamma(9, 12, SHAPE)
    return Volume(values.astype(np.float32), np.eye(4))


def test_a_zscore_has_mean_0_and_sd_1_inside_the_mask(image, mask):
    inside = zscore(image, mask).data[mask.data]
    assert inside.mean() == pytest.approx(0, abs=1e-5)
    assert inside.std() == pytest.approx(1, abs=1e-5)


def test_the_robust_zscore_does_not_see_a_few_bright_voxels(image, mask):
    spoiled = image.data.copy()
    spoiled[5:8, 5:8, 5:8] = 1e5
    clean = location_and_scale(image, mask, robust=True)
    assert location_and_scale(image.like(spoiled), mask, robust=True) == pytest.approx(clean, rel=0.03)
    assert location_and_scale(image.like(spoiled), mask)[1] > 50 * clean[1]


def test_rma_recovers_a_linear_change_of_scale_whatever_the_noise_and_the_lesion(image, mask):
    rng = np.random.default_rng(1)
    one = image.data + rng.normal(0, 4, SHAPE)
    other = 2.5 * image.data - 30 + rng.normal(0, 10, SHAPE)
    other[8:11, 8:11, 8:11] += 400
    slope, intercept = line_rma(image.like(one), image.like(other), mask)
    assert slope == pytest.approx(2.5, rel=0.02)
    assert intercept == pytest.approx(-30, abs=5)


def test_rma_is_symmetric_and_least_squares_is_not(image, mask):
    noisy = image.like(0.7 * image.data + 9 + np.random.default_rng(2).normal(0, 15, SHAPE))
    slope, intercept = line_rma(image, noisy, mask)
    back, back_intercept = line_rma(noisy, image, mask)
    assert slope * back == pytest.approx(1, abs=1e-6)
    assert back_intercept == pytest.approx(-intercept / slope, abs=1e-3)


def test_float32_input_is_fitted_in_float64(image, mask):
    offset = image.like((image.data + np.float32(1e6)).astype(np.float32))
    slope, intercept = line_rma(offset, image, mask)
    assert slope * (offset.data[mask.data].astype(float).mean()) + intercept == pytest.approx(
        image.data[mask.data].mean(), abs=0.05
    )


@pytest.mark.parametrize("method", ["rma", "median", "histogram"])
def test_each_matching_undoes_a_factor(image, mask, method):
    matched = match(image.like(image.data * 3), image, mask, method=method)
    assert matched.data[mask.data] == pytest.approx(image.data[mask.data], rel=0.02, abs=1.5)


def test_histogram_matching_undoes_a_bend_and_keeps_the_order_beyond_the_brain(image, mask):
    bent = image.like(image.data**1.4)
    bent.data[0, 0, :2] = (1e4, 2e4)
    matched = match(bent, image, mask, method="histogram")
    assert matched.data[mask.data] == pytest.approx(image.data[mask.data], rel=0.05, abs=2)
    assert matched.data[0, 0, 1] > matched.data[0, 0, 0] > image.data[mask.data].max()


def test_none_leaves_the_values(image, mask):
    assert np.array_equal(match(image, image.like(image.data * 2), mask, method="none").data, image.data)


def test_unknown_methods_offer_the_nearest(image, mask):
    with pytest.raises(UnknownName, match="Did you mean 'histogram'"):
        match(image, image, mask, method="histogramm")
    assert set(MATCHINGS) == {"rma", "median", "histogram", "nyul", "local", "none"}


def test_empty_masks_flat_images_and_nan_are_refused_in_words(image, mask):
    empty = mask.like(np.zeros(SHAPE, bool))
    with pytest.raises(DataError, match="is empty: there is nothing to measure"):
        zscore(image, empty)
    with pytest.raises(DataError, match="no contrast inside the mask"):
        zscore(image.like(np.ones(SHAPE)), mask)
    with pytest.raises(DataError, match="NaN or infinite voxels inside the mask"):
        zscore(image.like(np.full(SHAPE, np.nan)), mask)
    with pytest.raises(DataError, match="not on one grid"):
        match(image, Volume(image.data, 2 * np.eye(4)), mask)


def test_the_block_scales_the_named_images_and_leaves_the_others(image, mask):
    case = Case("a", "a", {"flair": image, "t1": image}, {"brain": mask})
    done = ZScore(("t1",))(case)
    assert done.image("flair") is image
    assert done.image("t1").data[mask.data].std() == pytest.approx(1, abs=1e-5)
    assert ZScore()(case).image("flair").data[mask.data].mean() == pytest.approx(0, abs=1e-5)
