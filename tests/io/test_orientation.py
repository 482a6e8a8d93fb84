from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest

from radiorim.errors import DataError
from radiorim.io import nifti

SHAPE = (5, 6, 7)


@pytest.fixture
def image(rng):
    return rng.normal(100, 20, SHAPE).astype(np.float32)


@pytest.fixture
def place(tmp_path):
    """Write an array with given forms: `place(array, sform=(matrix, code), qform=(matrix, code))`."""

    def put(array, *, sform=(None, 0), qform=(None, 0), zooms=None):
        made = nib.Nifti1Image(array, None)
        if zooms is not None:
            made.header.set_zooms(zooms)
        for setter, (matrix, code) in ((made.set_qform, qform), (made.set_sform, sform)):
            if matrix is not None:
                setter(matrix, code=code)
        path = tmp_path / "placed.nii.gz"
        nib.save(made, path)
        return path

    return put


def sheared(cosine):
    affine = np.diag([1.0, 2.0, 3.0, 1.0])
    affine[:3, 1] = np.array([cosine, np.sqrt(1 - cosine**2), 0]) * 2.0
    return affine


def test_an_oblique_flipped_grid_is_kept_as_it_is(write_nifti, image, oblique):
    volume = nifti.load(write_nifti("a.nii.gz", image, oblique))
    np.testing.assert_array_equal(volume.data, image)
    np.testing.assert_allclose(volume.affine, oblique, atol=1e-5)
    np.testing.assert_allclose(volume.spacing, (1.0, 0.5, 3.0), rtol=1e-6)
    assert volume.notes == ()


def test_the_sform_comes_before_the_qform(place, image, oblique):
    other = np.diag([1.0, 0.5, 3.0, 1.0])
    both = nifti.load(place(image, sform=(oblique, 1), qform=(other, 1)))
    np.testing.assert_allclose(both.affine, oblique, atol=1e-5)


def test_each_form_is_enough_alone(place, image, oblique):
    for forms in ({"sform": (oblique, 2)}, {"qform": (oblique, 1)}):
        volume = nifti.load(place(image, **forms))
        np.testing.assert_allclose(volume.affine, oblique, atol=1e-4)
        assert volume.notes == ()


def test_a_qform_is_used_although_an_sform_is_stored_with_code_0(place, image, oblique):
    volume = nifti.load(place(image, sform=(np.diag([9.0, 9, 9, 1]), 0), qform=(oblique, 1)))
    np.testing.assert_allclose(volume.affine, oblique, atol=1e-4)


def test_without_codes_the_stored_sform_places_the_image_and_that_is_noted(place, image, oblique):
    volume = nifti.load(place(image, sform=(oblique, 0)))
    np.testing.assert_allclose(volume.affine, oblique, atol=1e-5)
    assert "neither sform nor qform is set: the stored sform was used" in volume.notes[0]


def test_without_any_form_the_voxel_sizes_place_the_image_and_that_is_noted(place, image):
    volume = nifti.load(place(image, zooms=(1.0, 2.0, 3.0)))
    assert volume.spacing == (1.0, 2.0, 3.0)
    assert "voxel sizes alone place it" in volume.notes[0]


def test_a_small_shear_is_repaired_and_noted(write_nifti, image):
    volume = nifti.load(write_nifti("a.nii.gz", image, sheared(9e-4)))
    directions = volume.affine[:3, :3] / np.linalg.norm(volume.affine[:3, :3], axis=0)
    np.testing.assert_allclose(directions.T @ directions, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(volume.spacing, (1.0, 2.0, 3.0), rtol=1e-6)
    assert volume.notes == ("axes were 0.0516 degrees off right angles; repaired",)
    assert np.abs(volume.affine - sheared(9e-4)).max() < 2e-3


def test_a_larger_shear_is_refused_with_its_angle(write_nifti, image):
    path = write_nifti("a.nii.gz", image, sheared(0.05))
    with pytest.raises(
        DataError, match=r"2\.87 degrees away from right angles, more than the 0\.06.*Resample"
    ):
        nifti.load(path)


def test_a_flat_orientation_is_refused(place, image):
    flat = np.diag([1.0, 2.0, 0.0, 1.0])
    with pytest.raises(DataError, match=r"no usable orientation .*dcm2niix"):
        nifti.load(place(image, sform=(flat, 1)))


def test_an_image_of_another_unit_of_time_is_still_in_mm(tmp_path, image):
    made = nib.Nifti1Image(image, np.eye(4))
    made.header.set_xyzt_units(None, "sec")
    made.to_filename(tmp_path / "a.nii")
    assert nifti.load(tmp_path / "a.nii").notes == ()
