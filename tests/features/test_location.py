from __future__ import annotations

import numpy as np
import pytest

from radiorim.case import Case
from radiorim.errors import DataError, UsageError
from radiorim.features.location import Location
from radiorim.lesions import Lesions
from radiorim.volume import Volume


def location_of(scene, labels, brain=None, spacing=(1.0, 1.0, 1.0), **settings):
    case, lesions = scene(labels, spacing, brain)
    frame = Location(brain=brain is not None, **settings)(case, lesions)
    return frame.rename(columns=lambda name: name.removeprefix("mask_location_"))


def test_position_is_ras_whatever_the_order_of_the_axes():
    labels = np.zeros((5, 5, 5), dtype=np.int32)
    labels[1, 2, 3] = 1
    # The array's axes run posterior, superior and right, from (10, 20, 30) mm.
    affine = np.array([[0, 0, 2, 10], [-1, 0, 0, 20], [0, 3, 0, 30], [0, 0, 0, 1]], dtype=float)
    frame = Location()(Case("c", "p", {}), Lesions.from_labels(Volume(labels, affine)))
    ras = frame.loc[1, [f"mask_location_{axis}_mm" for axis in ("right", "anterior", "superior")]]
    assert ras.tolist() == [16, 19, 36]


def test_the_nearest_other_lesion_is_found_in_mm(scene):
    labels = np.zeros((30, 10, 10))
    labels[2:4, 5, 5], labels[9, 5, 5], labels[20:22, 5, 8] = 1, 2, 3
    frame = location_of(scene, labels, spacing=(1.0, 1.0, 2.0))
    assert frame["nearest_lesion_mm"].tolist() == pytest.approx([6, 6, np.hypot(11, 6)])
    assert frame["lesion_count"].tolist() == [3, 3, 3]


def test_many_lesions_have_the_distances_of_a_search_over_all_pairs(scene):
    rng = np.random.default_rng(1)
    labels = np.zeros((24, 24, 24), dtype=int)
    voxels = rng.permutation(24**3)[:120]
    labels.ravel()[voxels] = np.arange(120) // 4 + 1
    found = location_of(scene, labels)["nearest_lesion_mm"]
    points = {k: np.argwhere(labels == k) for k in range(1, 31)}
    for k, mine in points.items():
        others = np.concatenate([theirs for other, theirs in points.items() if other != k])
        nearest = np.linalg.norm(mine[:, None] - others, axis=2).min()
        assert found[k] == pytest.approx(nearest)


def test_a_lonely_lesion_is_as_far_from_others_as_the_cap_says(scene):
    labels = np.zeros((5, 5, 5))
    labels[2, 2, 2] = 1
    assert location_of(scene, labels, far_mm=40.0).loc[1, "nearest_lesion_mm"] == 40


def test_depth_and_place_in_a_box_of_brain(scene):
    labels, brain = np.zeros((20, 20, 20)), np.zeros((20, 20, 20), dtype=bool)
    brain[4:15, 4:15, 4:15] = True
    labels[6, 9, 9], labels[9, 9, 9:11], labels[1, 1, 1] = 1, 2, 3
    frame = location_of(scene, labels, brain, (1.0, 1.0, 2.0))
    # Voxel 6 is the third from the edge: 3 mm from the first voxel outside.
    assert frame["depth_min_mm"].tolist() == [3, 6, 0]
    assert frame.loc[2, "depth_mm"] == 6
    assert frame["relative_right"].tolist() == pytest.approx([0.2, 0.5, 0])
    assert frame["relative_lateral"].tolist() == pytest.approx([0.6, 0, 1])
    assert frame.loc[2, "relative_superior"] == pytest.approx(0.55)


def test_the_edge_of_the_grid_is_an_edge_of_the_brain(scene):
    labels = np.zeros((7, 7, 7))
    labels[1, 3, 3] = 1
    assert location_of(scene, labels, np.ones((7, 7, 7))).loc[1, "depth_mm"] == 2


def test_depth_without_a_brain_mask_is_an_error_that_names_the_mask(scene):
    case, lesions = scene(np.ones((3, 3, 3)))
    with pytest.raises(DataError, match="sub-01 has no mask 'brain'"):
        Location(brain=True)(case, lesions)
    assert not any("depth" in column for column in Location()(case, lesions))


def test_an_empty_brain_mask_is_refused(scene):
    case, lesions = scene(np.ones((3, 3, 3)), brain=np.zeros((3, 3, 3)))
    with pytest.raises(DataError, match="brain mask of sub-01 is empty"):
        Location(brain=True)(case, lesions)


def test_a_cap_of_zero_is_refused():
    with pytest.raises(UsageError, match="far_mm must be positive"):
        Location(far_mm=0)
