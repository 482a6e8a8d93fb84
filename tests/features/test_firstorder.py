from __future__ import annotations

import numpy as np
import pytest

from radiorim.errors import DataError, UsageError
from radiorim.features.firstorder import FirstOrder


def first_order(scene, labels, image, spacing=(1.0, 1.0, 1.0), **settings):
    case, lesions = scene(labels, spacing, chi=image)
    frame = FirstOrder(("chi",), **settings)(case, lesions)
    return frame.rename(columns=lambda name: name.removeprefix("chi_original_firstorder_"))


def checkerboard(low, high, size=4):
    return np.where(np.indices((size,) * 3).sum(axis=0) % 2, high, low).astype(float)


def test_a_two_level_checkerboard_has_the_hand_worked_values(scene):
    row = first_order(scene, np.ones((4, 4, 4)), checkerboard(0, 10), (1.0, 1.0, 2.0)).loc[1]
    expected = {
        "mean": 5,
        "median": 5,
        "minimum": 0,
        "maximum": 10,
        "range": 10,
        "10percentile": 0,
        "90percentile": 10,
        "interquartile_range": 10,
        "variance": 25,
        "standard_deviation": 5,
        "mean_absolute_deviation": 5,
        "robust_mean_absolute_deviation": 5,
        "skewness": 0,
        "kurtosis": 1,
        "energy": 3200,
        "total_energy": 6400,
        "root_mean_squared": np.sqrt(50),
        "entropy": 1,
        "uniformity": 0.5,
    }
    assert row.to_dict() == pytest.approx(expected)


def test_a_constant_region_has_no_spread_and_no_undefined_value(scene):
    row = first_order(scene, np.ones((3, 3, 3)), np.full((3, 3, 3), 7.0)).loc[1]
    assert row[["mean", "variance", "skewness", "kurtosis", "uniformity"]].tolist() == [7, 0, 0, 0, 1]
    assert row["entropy"] == pytest.approx(0, abs=1e-12)
    assert row.notna().all()


def test_one_voxel_is_fully_described(scene):
    labels = np.zeros((3, 3, 3))
    labels[1, 1, 1] = 1
    assert first_order(scene, labels, np.arange(27.0).reshape(3, 3, 3)).loc[1].notna().all()


def test_two_voxels_have_no_value_between_their_percentiles(scene):
    labels = np.zeros((3, 3, 3))
    labels[1, 1, :2] = 1
    row = first_order(scene, labels, np.arange(27.0).reshape(3, 3, 3)).loc[1]
    assert row.index[row.isna()].tolist() == ["robust_mean_absolute_deviation"]


def test_bins_of_a_width_start_at_its_multiples(scene):
    # 24 | 25 49 | 50: three bins of 25, though the range is 26.
    image = np.array([24.0, 25.0, 49.0, 50.0]).reshape(4, 1, 1)
    row = first_order(scene, np.ones((4, 1, 1)), image, bin_width=25.0).loc[1]
    assert row["uniformity"] == pytest.approx(0.25**2 + 0.5**2 + 0.25**2)


@pytest.mark.parametrize("settings", [{"bin_width": 25.0}, {"bin_width": 0.7}, {"bin_count": 16}])
def test_it_agrees_with_pyradiomics(scene, blobs, noise, settings):
    pytest.importorskip("radiomics")
    from radiorim.features.texture import Texture

    case, lesions = scene(blobs, (0.8, 0.8, 3.0), **noise)
    images = ("chi", "flair")
    ours = FirstOrder(images, **settings)(case, lesions)
    reference = Texture(images, classes=("firstorder",), **{"bin_width": None, **settings})
    theirs = reference(case, lesions).loc[1:5]
    assert theirs.shape[1] == 36
    np.testing.assert_allclose(ours.loc[1:5, theirs.columns], theirs, rtol=1e-6, atol=1e-9)


def test_a_width_made_for_another_unit_is_refused_with_a_better_one(scene):
    with pytest.raises(DataError, match=r"bins of width 0\.001 .* 10000 grey levels\. Try bin_width=0\.31"):
        first_order(scene, np.ones((4, 4, 4)), checkerboard(0, 10), bin_width=0.001)


@pytest.mark.parametrize(
    ("settings", "words"), [({"bin_width": 0.0}, "positive"), ({"bin_count": 1}, "at least 2")]
)
def test_bins_that_make_no_sense_are_refused(settings, words):
    with pytest.raises(UsageError, match=words):
        FirstOrder(("chi",), **settings)


def test_a_value_that_is_not_finite_is_refused_with_the_lesion(scene):
    image = checkerboard(0, 10)
    image[0, 0, 0] = np.nan
    with pytest.raises(DataError, match="NaN or infinite values at lesion 1"):
        first_order(scene, np.ones((4, 4, 4)), image)
