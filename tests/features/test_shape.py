from __future__ import annotations

import numpy as np
import pytest

from radiorim.features.shape import Shape


def shape_of(scene, labels, spacing=(1.0, 1.0, 1.0)):
    case, lesions = scene(labels, spacing)
    frame = Shape()(case, lesions)
    return frame.rename(columns=lambda name: name.removeprefix("mask_original_shape_"))


def test_a_cube_has_the_hand_worked_values(scene):
    labels = np.zeros((7, 7, 7))
    labels[2:5, 2:5, 2:5] = 1
    cube = shape_of(scene, labels).loc[1]
    assert cube["voxel_volume"] == 27
    assert cube["surface_voxel_mm2"] == 54
    assert cube["surface_voxel_per_volume"] == 2
    assert cube["sphericity_voxel"] == pytest.approx((np.pi / 6) ** (1 / 3))
    # From the centre of a corner voxel's outer face to the one across: 3, 2 and 2 mm.
    assert cube["maximum_3d_diameter"] == pytest.approx(np.sqrt(17))
    assert cube[["major_axis_length", "least_axis_length"]].tolist() == pytest.approx(
        [4 * np.sqrt(2 / 3)] * 2
    )
    assert cube[["elongation", "flatness", "solidity", "box_fill"]].tolist() == pytest.approx([1] * 4)


def test_a_plate_of_thick_slices_is_flat_and_its_sides_count_in_mm2(scene):
    labels = np.zeros((8, 8, 4))
    labels[1:5, 1:6, 2] = 1
    plate = shape_of(scene, labels, (1.0, 2.0, 3.0)).loc[1]
    assert plate["voxel_volume"] == 4 * 10 * 3
    assert plate["surface_voxel_mm2"] == 2 * (4 * 10 + 4 * 3 + 10 * 3)
    assert plate["flatness"] == plate["least_axis_length"] == 0
    assert plate["elongation"] == pytest.approx(np.sqrt(1.25 / 8))
    assert plate["solidity"] == pytest.approx(1)
    assert plate.notna().all()


def test_one_voxel_has_a_size_but_no_elongation(scene):
    labels = np.zeros((3, 3, 3))
    labels[1, 1, 1] = 1
    voxel = shape_of(scene, labels).loc[1]
    assert voxel[["voxel_volume", "maximum_3d_diameter", "major_axis_length"]].tolist() == [1, 1, 0]
    assert voxel.index[voxel.isna()].tolist() == ["elongation", "flatness"]


def test_the_edge_of_the_grid_is_a_surface(scene):
    whole = shape_of(scene, np.ones((3, 4, 5))).loc[1]
    assert whole["surface_voxel_mm2"] == 2 * (12 + 15 + 20)


def test_touching_lesions_keep_their_own_surfaces(scene):
    labels = np.zeros((6, 4, 4))
    labels[1:3, 1:3, 1:3], labels[3:5, 1:3, 1:3] = 1, 2
    assert shape_of(scene, labels)["surface_voxel_mm2"].tolist() == [24, 24]


def test_a_hollow_lesion_has_less_solidity_and_more_surface(scene):
    labels = np.zeros((7, 7, 7))
    labels[1:6, 1:6, 1:6] = 1
    labels[3, 3, 3] = 0
    hollow = shape_of(scene, labels).loc[1]
    assert hollow["surface_voxel_mm2"] == 150 + 6
    assert hollow["solidity"] == pytest.approx(124 / 125)


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.6, 0.9, 2.5)])
def test_shared_names_mean_the_same_number_as_pyradiomics(scene, blobs, noise, spacing):
    pytest.importorskip("radiomics")
    from radiorim.features.texture import Texture

    case, lesions = scene(blobs, spacing, chi=noise["chi"])
    ours = Shape()(case, lesions)
    theirs = Texture(("chi",), classes=("shape",))(case, lesions)
    shared = [name for name in ours if name in theirs]
    assert len(shared) == 7
    several = theirs.index[theirs["mask_original_shape_voxel_volume"].notna()]
    np.testing.assert_allclose(ours.loc[several, shared], theirs.loc[several, shared], rtol=1e-9, atol=1e-9)
