from __future__ import annotations

import numpy as np
import pytest

from radiorim.errors import DataError, UsageError
from radiorim.features.layers import RimLayers
from radiorim.features.regions import distance_mm


def onion(values, outside=0.0):
    """A 5x5x5 cube in a 15x15x15 grid whose voxel layers hold these values, from the surface inward."""
    labels, image = np.zeros((15,) * 3), np.full((15,) * 3, float(outside))
    for depth, value in enumerate(values):
        part = (slice(5 + depth, 10 - depth),) * 3
        labels[part], image[part] = 1, value
    return labels, image


def layers_of(scene, labels, image, spacing=(1.0, 1.0, 1.0), **settings):
    case, lesions = scene(labels, spacing, chi=image)
    frame = RimLayers(("chi",), **settings)(case, lesions)
    return frame.rename(columns=lambda name: name.removeprefix("chi_layers_"))


def test_each_shell_holds_its_own_voxels(scene):
    row = layers_of(scene, *onion((10, 20, 30))).loc[1]
    shells = [f"shell_in_{a}_{a + 1}_mean" for a in range(3)] + [
        f"shell_out_{a}_{a + 1}_mean" for a in range(3)
    ]
    assert row[shells].tolist() == [10, 20, 30, 0, 0, 0]
    core = (26 * 20 + 30) / 27
    assert row["core_mean"] == pytest.approx(core)
    assert row["rim_minus_core"] == pytest.approx(10 - core)
    assert row["shell_in_2_3_minus_core"] == pytest.approx(30 - core)
    assert row["rim_minus_outside"] == 10
    assert row["surround_mean"] == row["surround_sd"] == 0
    assert row["lesion_minus_surround"] == pytest.approx((98 * 10 + 26 * 20 + 30) / 125)


def test_a_closed_bright_rim_is_complete_and_even(scene):
    row = layers_of(scene, *onion((50, 10, 10))).loc[1]
    assert row[
        ["rim_completeness_bright", "rim_completeness_dark", "rim_unevenness"]
    ].tolist() == pytest.approx([1, 0, 0])


def test_a_dark_rim_is_counted_by_the_other_sign(scene):
    labels, image = onion((50, 10, 10))
    row = layers_of(scene, labels, -image).loc[1]
    assert row[["rim_completeness_bright", "rim_completeness_dark"]].tolist() == [0, 1]


def test_a_rim_that_only_follows_a_gradient_from_core_to_outside_is_no_rim(scene):
    row = layers_of(scene, *onion((50, 90, 90))).loc[1]
    assert row[["rim_completeness_bright", "rim_completeness_dark"]].tolist() == [0, 0]


def test_rounding_makes_no_rim_of_a_constant_image(scene):
    row = layers_of(scene, *onion((0.1, 0.1, 0.1), outside=0.1)).loc[1]
    assert row[["rim_completeness_bright", "rim_completeness_dark"]].tolist() == [0, 0]
    assert row[["rim_minus_core", "rim_unevenness"]].tolist() == pytest.approx([0, 0])


def test_half_a_rim_is_about_half_complete_and_uneven(scene):
    labels, image = onion((50, 10, 10))
    image[7:][image[7:] == 50] = 5
    row = layers_of(scene, labels, image).loc[1]
    # Nine of the 26 directions point to the bright half, eight lie between.
    assert 9 / 26 <= row["rim_completeness_bright"] <= 17 / 26
    assert row["rim_unevenness"] > 10


def test_voxels_of_other_lesions_are_in_no_outward_shell(scene):
    labels = np.zeros((14, 9, 9))
    labels[3:6, 3:6, 3:6], labels[6:9, 3:6, 3:6] = 1, 2
    frame = layers_of(scene, labels, np.where(labels == 2, 1000.0, 0.0))
    assert frame.loc[1, ["shell_out_0_1_mean", "shell_out_2_3_mean", "surround_mean"]].tolist() == [0, 0, 0]
    # The face between the two is a surface of both.
    assert frame["core_sd"].tolist() == [0, 0]
    assert frame.loc[2, "rim_minus_outside"] == 1000


def test_a_lesion_without_a_core_keeps_its_rim(scene):
    labels = np.zeros((9, 9, 9))
    labels[3:6, 3:6, 4] = 1
    row = layers_of(scene, labels, labels * 8.0, inward=1).loc[1]
    assert row[["shell_in_0_1_mean", "rim_minus_outside", "rim_unevenness"]].tolist() == [8, 8, 0]
    undefined = set(row.index[row.isna()])
    assert {"core_mean", "rim_minus_core", "rim_completeness_bright"} <= undefined
    assert all("core" in name or "completeness" in name for name in undefined)


def test_a_lesion_at_the_edge_of_the_grid_has_a_surface_there(scene):
    labels = np.zeros((12, 12, 12))
    labels[:5, 3:8, 3:8] = 1
    row = layers_of(scene, labels, labels, inward=1).loc[1]
    at_the_edge = layers_of(scene, np.pad(labels, 4), np.pad(labels, 4), inward=1).loc[1]
    assert row.notna().all()
    assert row["core_mean"] == at_the_edge["core_mean"]


def test_distances_are_from_faces_in_mm_on_any_grid():
    mask = np.zeros((9, 9, 5), dtype=bool)
    mask[4, 4, 2] = True
    distance = distance_mm(mask, (0.5, 0.5, 3.0), 2.0)
    assert distance[4, 4, 2] == 0
    assert distance[5, 4, 2] == pytest.approx(0.25)
    assert distance[4, 6, 2] == pytest.approx(0.75)
    assert distance[4, 4, 3] == pytest.approx(1.5)
    assert distance[5, 5, 2] == pytest.approx(np.hypot(0.25, 0.25))
    assert distance[6, 4, 1] == pytest.approx(np.hypot(0.75, 1.5))
    assert np.isinf(distance[4, 4, 4])


def test_distances_equal_a_search_over_all_pairs():
    rng = np.random.default_rng(3)
    mask = rng.random((9, 8, 7)) < 0.03
    spacing = np.array([0.7, 1.0, 1.9])
    there, here = np.argwhere(mask), np.indices(mask.shape).reshape(3, -1).T
    gaps = np.maximum(np.abs(here[:, None] - there) - 0.5, 0) * spacing
    expected = np.sqrt((gaps**2).sum(axis=2)).min(axis=1).reshape(mask.shape)
    found = distance_mm(mask, spacing, 3.0)
    np.testing.assert_allclose(found, np.where(expected <= 3, expected, np.inf), atol=1e-6)


def test_thick_slices_give_shells_in_the_plane(scene):
    labels = np.zeros((20, 20, 5))
    labels[6:14, 6:14, 2] = 1
    row = layers_of(scene, labels, labels, (0.5, 0.5, 3.0)).loc[1]
    # Half a slice is 1.5 mm: the plate is nowhere deeper.
    assert np.isnan(row["shell_in_2_3_mean"])
    assert row["shell_in_1_2_mean"] == 1


def test_shells_thinner_than_half_a_voxel_are_refused_with_a_better_width(scene):
    labels, image = onion((1, 1, 1))
    with pytest.raises(DataError, match=r"layers of 1 mm are thinner than half a voxel of 3 mm.*width_mm=3"):
        layers_of(scene, labels, image, (3.0, 3.0, 3.0))


def test_names_of_fractional_shells_stay_within_the_name_rule(scene):
    frame = layers_of(scene, *onion((1, 2, 3)), width_mm=0.5, inward=1, outward=1)
    assert "shell_in_0_0p5_mean" in frame
    meaning = RimLayers(("chi",), width_mm=0.5).dictionary(["chi_layers_shell_out_0p5_1_mean"])
    assert "0.5-1 mm outward" in meaning["chi_layers_shell_out_0p5_1_mean"]["description"]


def test_layers_without_a_shell_are_refused():
    with pytest.raises(UsageError, match="at least one shell"):
        RimLayers(("chi",), inward=0)
