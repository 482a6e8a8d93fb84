from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radiorim.io.sitk import affine_to_transform, from_sitk, to_sitk, transform_to_affine
from radiorim.volume import Volume


def rotation(axis, angle):
    axis = np.array(axis) / np.linalg.norm(axis)
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


@st.composite
def affines(draw):
    """Any orthogonal axes: turned, permuted, flipped, with any voxel sizes and origin."""
    axis = draw(st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda a: np.linalg.norm(a) > 0.1))
    turn = rotation(axis, draw(st.floats(-np.pi, np.pi)))[:, draw(st.permutations(range(3)))]
    sizes = np.array(draw(st.tuples(*[st.floats(0.2, 6)] * 3)))
    flips = np.array(draw(st.tuples(*[st.sampled_from([-1.0, 1.0])] * 3)))
    affine = np.eye(4)
    affine[:3, :3] = turn * sizes * flips
    affine[:3, 3] = draw(st.tuples(*[st.floats(-300, 300)] * 3))
    return affine


DATA = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


@settings(max_examples=80, deadline=None)
@given(affines())
def test_a_volume_comes_back_from_simpleitk_as_it_went(affine):
    back = from_sitk(to_sitk(Volume(DATA, affine)))
    np.testing.assert_array_equal(back.data, DATA)
    np.testing.assert_allclose(back.affine, affine, atol=1e-9 * np.abs(affine).max() + 1e-9)


@settings(max_examples=40, deadline=None)
@given(affines())
def test_a_voxel_is_at_the_same_place_in_both_but_for_the_sign_of_x_and_y(affine):
    volume = Volume(DATA, affine)
    lps = to_sitk(volume).TransformIndexToPhysicalPoint((1, 2, 3))
    np.testing.assert_allclose(np.array(lps) * (-1, -1, 1), volume.to_mm(np.array([[1, 2, 3]]))[0], atol=1e-6)


def test_the_index_order_of_array_and_image_is_one():
    assert to_sitk(Volume(DATA, np.eye(4))).GetPixel(1, 2, 3) == DATA[1, 2, 3]


def test_what_nibabel_and_simpleitk_read_from_one_file_agrees(tmp_path, oblique):
    import SimpleITK as sitk

    from radiorim.io import nifti

    path = nifti.save(Volume(DATA, oblique), tmp_path / "a.nii.gz")
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    theirs = from_sitk(reader.Execute())
    assert theirs.same_grid(nifti.load(path))
    np.testing.assert_array_equal(theirs.data, DATA)


@pytest.mark.parametrize("kind", [bool, np.uint8, np.int16, np.int32, np.int64, np.float32, np.float64])
def test_each_type_of_voxel_survives(kind):
    data = (np.arange(24) % 2).reshape(2, 3, 4).astype(kind)
    back = from_sitk(to_sitk(Volume(data, np.eye(4))))
    assert back.data.dtype == (np.uint8 if kind is bool else kind)
    np.testing.assert_array_equal(back.data, data)


def test_the_axis_order_of_memory_does_not_matter():
    image = to_sitk(Volume(np.asfortranarray(DATA), np.eye(4)))
    np.testing.assert_array_equal(from_sitk(image).data, DATA)


@settings(max_examples=40, deadline=None)
@given(affines())
def test_a_matrix_comes_back_from_a_transform_and_moves_points_as_it_did(matrix):
    transform = affine_to_transform(matrix)
    np.testing.assert_allclose(transform_to_affine(transform), matrix, atol=1e-9)
    point = np.array([10.0, -20.0, 30.0])
    moved = np.array(transform.TransformPoint((point * (-1, -1, 1)).tolist())) * (-1, -1, 1)
    np.testing.assert_allclose(moved, matrix[:3, :3] @ point + matrix[:3, 3], atol=1e-6)


def test_a_rigid_transform_about_a_centre_is_one_matrix():
    import SimpleITK as sitk

    transform = sitk.Euler3DTransform((10.0, 20.0, 30.0), 0.1, 0.2, 0.3, (1.0, 2.0, 3.0))
    matrix = transform_to_affine(transform)
    lps = np.array(transform.TransformPoint((5.0, 6.0, 7.0)))
    ras = matrix @ (-5.0, -6.0, 7.0, 1.0)
    np.testing.assert_allclose(ras[:3] * (-1, -1, 1), lps, atol=1e-9)
