from __future__ import annotations

import numpy as np
import pytest

from radiorim.errors import DataError
from radiorim.volume import GRID_TOLERANCE_MM, Volume, require_same_grid


@pytest.fixture
def volume(oblique):
    return Volume(np.zeros((4, 5, 6), dtype=np.float32), oblique, ("note",), "a.nii")


def shifted(volume, mm):
    affine = volume.affine.copy()
    affine[0, 3] += mm
    return Volume(volume.data, affine)


def test_spacing_is_the_length_of_the_axes_as_a_header_holds_it(volume):
    np.testing.assert_allclose(volume.spacing, (1.0, 0.5, 3.0), rtol=1e-6)
    assert Volume(np.zeros((1, 1, 1)), np.diag([0.5, 0.5, 1.2, 1])).spacing[2] == float(np.float32(1.2))
    assert volume.voxel_mm3 == pytest.approx(1.5, rel=1e-6)


def test_other_values_keep_grid_notes_and_source(volume):
    other = volume.like(np.ones((4, 5, 6), dtype=bool))
    assert other.same_grid(volume)
    assert (other.notes, other.source) == (("note",), "a.nii")


def test_other_values_of_another_shape_are_refused(volume):
    with pytest.raises(DataError, match=r"shape \(4, 5\) does not fit a grid of shape \(4, 5, 6\)"):
        volume.like(np.zeros((4, 5)))


def test_a_volume_has_three_dimensions():
    with pytest.raises(DataError, match=r"a\.nii has 4 dimensions; 3 are needed"):
        Volume(np.zeros((2, 2, 2, 2)), np.eye(4), source="a.nii")


def test_voxels_and_millimetres_are_each_others_inverse(volume, rng):
    voxels = rng.uniform(-5, 10, (20, 3))
    np.testing.assert_allclose(volume.to_voxels(volume.to_mm(voxels)), voxels, atol=1e-9)
    np.testing.assert_allclose(volume.to_mm(np.zeros((1, 3)))[0], volume.affine[:3, 3])


def test_the_corners_are_the_eight_outer_voxels(volume):
    voxels = np.rint(volume.to_voxels(volume.corners_mm())).astype(int)
    assert {tuple(v) for v in voxels.tolist()} == {(i, j, k) for i in (0, 3) for j in (0, 4) for k in (0, 5)}


def test_grids_are_one_within_the_tolerance_only(volume):
    assert volume.same_grid(shifted(volume, 0.9 * GRID_TOLERANCE_MM))
    assert not volume.same_grid(shifted(volume, 1.1 * GRID_TOLERANCE_MM))


def test_the_distance_of_grids_is_that_of_their_furthest_corners(volume):
    assert volume.grid_distance_mm(shifted(volume, 3.0)) == pytest.approx(3.0)
    diagonal = volume.affine.copy()
    diagonal[:3, 3] += (2.0, 3.0, 6.0)
    assert volume.grid_distance_mm(Volume(volume.data, diagonal)) == pytest.approx(7.0)
    assert volume.grid_distance_mm(Volume(np.zeros((4, 5, 7)), volume.affine)) == float("inf")


def test_a_flip_of_an_axis_is_another_grid(volume):
    flipped = volume.affine.copy()
    flipped[:3, 3] += 3 * flipped[:3, 0]
    flipped[:3, 0] *= -1
    assert not volume.same_grid(Volume(volume.data, flipped))


def test_one_grid_passes(volume):
    require_same_grid({"flair": volume, "chi": volume.like(volume.data + 1)})


def test_grids_of_other_places_are_named_with_their_distance(volume):
    words = r"flair \(4, 5, 6\) and chi \(4, 5, 6\) .* one grid \(corners lie up to 2 mm apart\)\. Do that\."
    with pytest.raises(DataError, match=words):
        require_same_grid({"flair": volume, "t1": volume, "chi": shifted(volume, 2.0)}, fix="Do that.")


def test_grids_of_other_sizes_are_named_with_their_voxels(volume):
    other = Volume(np.zeros((8, 5, 6)), volume.affine)
    words = r"flair \(4, 5, 6\) and chi \(8, 5, 6\) .*\(voxels of 1 x 0\.5 x 3 mm and .* mm\)\. Resample one"
    with pytest.raises(DataError, match=words):
        require_same_grid({"flair": volume, "chi": other})


@pytest.mark.parametrize("edges", [(1, 1, 1), (0.5, 0.5, 1.2), (0.7, 1, 3), (0.9375, 0.65, 2.2)])
def test_an_oblique_grid_has_the_spacing_of_its_header(edges, rng):
    from scipy.spatial.transform import Rotation

    held = tuple(float(np.float32(edge)) for edge in edges)
    for turn in Rotation.from_rotvec(rng.normal(0, 0.2, (50, 3))):
        affine = np.eye(4)
        # What nibabel gives back from a file: the entries are float32.
        affine[:3, :3] = (turn.as_matrix() * np.array(edges)).astype(np.float32)
        assert Volume(np.zeros((1, 1, 1)), affine).spacing == held


@pytest.mark.parametrize("edge", [0.5, 0.7, 0.9375, 0.4296875, 0.48828125, 0.7291667, 1.1999999, 1.2, 3.0])
def test_the_spacing_along_the_axes_is_not_rounded(edge):
    edge = float(np.float32(edge))
    assert Volume(np.zeros((1, 1, 1)), np.diag([edge, -edge, edge, 1])).spacing == (edge,) * 3
