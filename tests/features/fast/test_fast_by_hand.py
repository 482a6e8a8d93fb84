from __future__ import annotations

import numpy as np
import pytest

from radiorim.features.fast import Asked, Bins, measure

ONE_MM = (1.0, 1.0, 1.0)


def features_of(kind, data, labels=None, bins=None, spacing=ONE_MM):
    data = np.asarray(data, dtype=float)
    labels = np.ones(data.shape, dtype=np.int32) if labels is None else labels
    found = measure(data, labels, np.array([1]), spacing, Asked((kind,), bins or Bins(1.0)))
    return {name: column[0] for (_, name), column in found.items()}


def checkerboard(size=4):
    """Grey levels 1 and 2 in turn."""
    return np.indices((size,) * 3).sum(axis=0) % 2 + 0.0


def test_a_constant_region_has_one_level_and_no_contrast():
    glcm = features_of("glcm", np.full((3, 3, 3), 5.0))
    assert [glcm[name] for name in ("contrast", "joint_entropy", "sum_squares", "imc1", "imc2")] == [0] * 5
    assert [glcm[name] for name in ("joint_energy", "correlation", "mcc", "id", "joint_average")] == [1] * 5
    assert features_of("glszm", np.full((3, 3, 3), 5.0))["large_area_emphasis"] == 27**2
    ngtdm = features_of("ngtdm", np.full((3, 3, 3), 5.0))
    assert ngtdm == {"coarseness": 1e6, "contrast": 0, "busyness": 0, "complexity": 0, "strength": 0}


def test_the_glcm_of_a_checkerboard():
    """Steps along one or three axes change the level, steps along two do not: 7 and 6 of 13 directions.

    4 x 4 x 4 is even, so each direction has either 1-2 and 2-1 pairs alone or as many 1-1 as 2-2.
    """
    glcm = features_of("glcm", checkerboard())
    assert glcm["contrast"] == glcm["difference_average"] == pytest.approx(7 / 13)
    assert glcm["correlation"] == pytest.approx((6 - 7) / 13)
    assert glcm["joint_energy"] == glcm["maximum_probability"] == pytest.approx(0.5)
    assert glcm["joint_entropy"] == pytest.approx(1)
    assert glcm["autocorrelation"] == pytest.approx(7 / 13 * 2 + 6 / 13 * 2.5)
    assert glcm["imc1"] == pytest.approx(-1)
    assert glcm["mcc"] == pytest.approx(1)
    assert glcm["cluster_tendency"] == pytest.approx(6 / 13)


def test_runs_zones_and_dependences_of_a_checkerboard():
    # Steps along two axes have runs; the two levels are one zone each, by edges.
    assert features_of("glszm", checkerboard())["large_area_emphasis"] == 32**2
    runs = features_of("glrlm", checkerboard())
    # 24 diagonals of a 4 x 4 slice: two each of 1, 2, 3 and one of 4 voxels, in 4 slices.
    n = 4 * 7
    assert runs["run_percentage"] == pytest.approx((7 * 1 + 6 * n / 64) / 13)
    assert runs["long_run_emphasis"] == pytest.approx((7 * 1 + 6 * 4 * (2 * 14 + 16) / n) / 13)
    gldm = features_of("gldm", checkerboard(2))
    # In 2 x 2 x 2, each voxel has three of its level across the faces' diagonals.
    assert gldm["large_dependence_emphasis"] == 16
    assert gldm["dependence_entropy"] == pytest.approx(1)


def test_the_ngtdm_of_three_voxels_in_a_row():
    # Levels 1 3 1: the ends differ from their neighbour by 2, the middle from its mean by 2.
    ngtdm = features_of("ngtdm", np.array([1.0, 3.0, 1.0]).reshape(3, 1, 1))
    p, s = (2 / 3, 1 / 3), (4, 2)
    rough = p[0] * s[0] + p[1] * s[1]
    assert ngtdm["coarseness"] == pytest.approx(1 / rough)
    assert ngtdm["contrast"] == pytest.approx(2 * p[0] * p[1] * 4 / 2 * 6 / 3)
    assert ngtdm["busyness"] == pytest.approx(rough / (2 * abs(1 * p[0] - 3 * p[1])))
    assert ngtdm["complexity"] == pytest.approx(2 * 2 * rough / 3)
    assert ngtdm["strength"] == pytest.approx(2 * 4 / 6)


def test_a_plate_has_no_directions_across():
    # Levels 1 2 in a 1 x 2 plate: one direction only, and it has the one pair.
    glcm = features_of("glcm", np.array([0.0, 1.0]).reshape(1, 2, 1))
    assert glcm["contrast"] == 1
    assert glcm["correlation"] == -1
    runs = features_of("glrlm", np.array([0.0, 0.0, 1.0]).reshape(1, 3, 1))
    assert runs["run_percentage"] == pytest.approx(2 / 3)


def test_shape_of_a_block_of_voxels_in_mm():
    shape = features_of("shape", np.ones((3, 4, 2)), spacing=(1.0, 2.0, 3.0))
    assert shape["voxel_volume"] == 24 * 6
    assert shape["maximum_3d_diameter"] == pytest.approx(np.sqrt(2**2 + 8**2 + 3**2))
    # In the plane of the slices the furthest are a side's outer faces; the column is across the second axis.
    assert shape["maximum_2d_diameter_slice"] == pytest.approx(np.sqrt(2**2 + 8**2))
    assert shape["maximum_2d_diameter_column"] == pytest.approx(np.sqrt(2**2 + 6**2))
    assert shape["major_axis_length"] == pytest.approx(4 * np.sqrt(1.25) * 2)
    assert shape["minor_axis_length"] == pytest.approx(4 * 0.5 * 3)
    assert shape["least_axis_length"] == pytest.approx(4 * np.sqrt(2 / 3))


def test_the_mesh_of_one_voxel_is_an_octahedron():
    labels = np.zeros((5, 3, 3), dtype=np.int32)
    labels[1, 1, 1] = labels[3, 1, 1] = 1
    shape = features_of("shape", np.zeros(labels.shape), labels, spacing=(2.0, 2.0, 2.0))
    assert shape["mesh_volume"] == pytest.approx(2 * 4 / 3)
    assert shape["surface_area"] == pytest.approx(2 * 8 * np.sqrt(3) / 2)


def test_a_plate_has_no_least_axis():
    shape = features_of("shape", np.ones((5, 4, 1)))
    assert shape["least_axis_length"] == shape["flatness"] == 0


def test_two_voxels_have_no_robust_deviation():
    first = features_of("firstorder", np.array([0.0, 4.0]).reshape(2, 1, 1))
    assert [name for name, value in first.items() if np.isnan(value)] == ["robust_mean_absolute_deviation"]
    assert first["10percentile"] == pytest.approx(0.4)


@pytest.mark.parametrize("bins", [Bins(25.0), Bins(None, 32)])
def test_a_flat_lesion_has_no_skewness_whatever_its_value(bins):
    """Here the reference has the rounding of its mean: 7.3 in 22 voxels gives it a skewness of 1 or -1."""
    first = features_of("firstorder", np.full((2, 11, 1), 7.3), bins=bins)
    assert [first[name] for name in ("variance", "skewness", "kurtosis", "range")] == [0] * 4


def test_voxels_that_do_not_touch_have_no_pairs():
    labels = np.zeros((5, 4, 3), dtype=np.int32)
    labels[0, 0, 0] = labels[2, 3, 1] = 1
    data = np.arange(60.0).reshape(labels.shape)
    assert np.isnan(list(features_of("glcm", data, labels).values())).all()
    assert np.isnan(list(features_of("glrlm", data, labels).values())).all()
    assert features_of("glszm", data, labels)["zone_percentage"] == 1
