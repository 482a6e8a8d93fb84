from __future__ import annotations

import gzip
import hashlib

import nibabel as nib
import numpy as np
import pytest

from radiorim.errors import DataError, UsageError
from radiorim.io import nifti
from radiorim.lesions import Lesions
from radiorim.volume import Volume

SHAPE = (5, 6, 7)


@pytest.fixture
def image(rng):
    return rng.normal(100, 20, SHAPE).astype(np.float32)


def test_nan_and_infinite_voxels_become_zero_and_are_counted(write_nifti, image):
    image[0, 0, 0], image[1, 1, 1], image[2, 2, 2] = np.nan, np.inf, -np.inf
    volume = nifti.load(write_nifti("a.nii.gz", image))
    assert volume.data[0, 0, 0] == volume.data[1, 1, 1] == volume.data[2, 2, 2] == 0
    assert volume.notes == ("3 voxels that were NaN or infinite were set to 0",)
    assert volume.data[3, 3, 3] == image[3, 3, 3]


def test_an_image_of_nan_alone_is_refused(write_nifti, image):
    path = write_nifti("a.nii.gz", image * np.nan)
    with pytest.raises(DataError, match=r"a\.nii\.gz holds no finite value"):
        nifti.load(path)


@pytest.mark.parametrize("shape", [(*SHAPE, 1), (*SHAPE, 1, 1)])
def test_one_frame_is_read_as_a_volume_and_noted(write_nifti, image, shape):
    volume = nifti.load(write_nifti("a.nii.gz", image.reshape(shape)))
    np.testing.assert_array_equal(volume.data, image)
    assert volume.notes == (f"read as 3-D: its shape was {shape}",)


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((5, 6, 7, 3), r"has shape \(5, 6, 7, 3\); one 3-D volume is needed\. Split it into its frames"),
        ((5, 6, 7, 1, 3), "Split it into its frames"),
        ((5, 6), r"has shape \(5, 6\).*A single slice is not enough"),
    ],
)
def test_other_numbers_of_dimensions_are_refused_with_a_way_out(write_nifti, shape, words):
    path = write_nifti("a.nii.gz", np.ones(shape, dtype=np.float32))
    with pytest.raises(DataError, match=words):
        nifti.load(path)


def test_integers_with_slope_and_intercept_are_scaled(tmp_path):
    stored = np.arange(210, dtype=np.int16).reshape(SHAPE)
    made = nib.Nifti1Image(stored, np.eye(4))
    made.header.set_slope_inter(0.5, -20)
    path = tmp_path / "a.nii.gz"
    made.to_filename(path)
    raw = bytearray(gzip.decompress(path.read_bytes()))
    raw[352:] = stored.tobytes(order="F")  # nibabel scales while writing; put the plain integers back
    raw[112:120] = np.array([0.5, -20], dtype="<f4").tobytes()
    path.write_bytes(gzip.compress(bytes(raw)))
    np.testing.assert_array_equal(nifti.load(path).data, stored * 0.5 - 20)


@pytest.mark.parametrize("unit", ["meter", "micron"])
def test_other_units_of_length_become_millimetres(tmp_path, image, unit):
    factor = {"meter": 1000.0, "micron": 0.001}[unit]
    made = nib.Nifti1Image(image, np.diag([1 / factor, 2 / factor, 3 / factor, 1]))
    made.header.set_xyzt_units(unit)
    made.to_filename(tmp_path / "a.nii")
    volume = nifti.load(tmp_path / "a.nii")
    np.testing.assert_allclose(volume.spacing, (1.0, 2.0, 3.0), rtol=1e-6)
    assert f"its lengths were in {unit}" in volume.notes[0]


def test_a_truncated_file_is_called_damaged(write_nifti, rng):
    path = write_nifti("a.nii.gz", rng.normal(size=(20, 20, 20)).astype(np.float32))
    whole = path.read_bytes()
    for part in (len(whole) // 2, len(whole) - 60, 100):
        path.write_bytes(whole[:part])
        with pytest.raises(DataError, match=r"a\.nii\.gz (is damaged or cut short|cannot be read as NIfTI)"):
            nifti.load(path)


def test_a_truncated_uncompressed_file_is_called_damaged(write_nifti, image):
    path = write_nifti("a.nii", image)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DataError, match="damaged or cut short"):
        nifti.load(path)


@pytest.mark.parametrize("content", [b"", b"no image at all", b"\x1f\x8b\x08\x00garbage", b"\x00" * 400])
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.mha", "a"])
def test_what_is_not_nifti_is_refused_by_name(tmp_path, content, name):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"{name} .*"):
        nifti.load(path)


def test_a_folder_is_not_an_image(tmp_path):
    with pytest.raises(DataError, match="cannot be read as NIfTI"):
        nifti.load(tmp_path)


def test_a_missing_file_names_the_nearest_folder(tmp_path):
    with pytest.raises(
        DataError, match=rf"b\.nii does not exist \(the nearest folder that does is {tmp_path}\)"
    ):
        nifti.load(tmp_path / "a" / "b.nii")


@pytest.mark.parametrize("kind", [np.complex64, [("R", "u1"), ("G", "u1"), ("B", "u1")]])
def test_colours_and_complex_numbers_are_refused(tmp_path, kind):
    path = tmp_path / "a.nii"
    nib.save(nib.Nifti1Image(np.zeros(SHAPE, dtype=kind), np.eye(4)), path)
    with pytest.raises(DataError, match="one real number in each voxel is needed"):
        nifti.load(path)


def test_what_was_loaded_does_not_change_with_the_file(write_nifti, image):
    path = write_nifti("a.nii", image)
    volume = nifti.load(path)
    with path.open("r+b") as stream:
        stream.seek(352)
        stream.write(b"\x00" * image.nbytes)
    np.testing.assert_array_equal(volume.data, image)


def test_labels_are_whole_numbers_however_they_are_stored(write_nifti):
    labels = np.zeros(SHAPE, dtype=np.float64)
    labels[0, 0, 0], labels[1, 1, 1] = 2.00001, 7
    volume = nifti.load_labels(write_nifti("a.nii.gz", labels))
    assert volume.data.dtype == np.int32
    assert set(np.unique(volume.data)) == {0, 2, 7}
    mask = nifti.load_mask(write_nifti("a.nii.gz", labels))
    assert mask.data.dtype == bool
    assert mask.data.sum() == 2


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.5, r"between whole numbers \(such as 0\.5\).*probability map, threshold it"),
        (-1, r"holds negative labels \(-1\)"),
        (1e10, r"holds labels up to 1e\+10"),
    ],
)
def test_what_is_no_label_map_is_refused(write_nifti, value, words):
    labels = np.zeros(SHAPE, dtype=np.float32)
    labels[0, 0, 0] = value
    path = write_nifti("m.nii.gz", labels)
    for load in (nifti.load_labels, nifti.load_mask):
        with pytest.raises(DataError, match=words) as error:
            load(path)
        assert str(path) in str(error.value)


def test_an_empty_mask_is_a_mask(write_nifti):
    assert not nifti.load_mask(write_nifti("a.nii.gz", np.zeros(SHAPE, dtype=np.uint8))).data.any()


@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
def test_equal_volumes_give_equal_bytes(tmp_path, image, oblique, ending):
    paths = [
        nifti.save(Volume(image, oblique), tmp_path / f"{name}{ending}") for name in ("a", "longer-name")
    ]
    first, second = (hashlib.sha256(path.read_bytes()).hexdigest() for path in paths)
    assert first == second


def test_a_volume_comes_back_as_it_went(tmp_path, image, oblique):
    back = nifti.load(nifti.save(Volume(image, oblique), tmp_path / "a.nii.gz"))
    np.testing.assert_array_equal(back.data, image)
    assert back.same_grid(Volume(image, oblique))
    header = nib.load(tmp_path / "a.nii.gz").header
    assert (int(header["sform_code"]), int(header["qform_code"])) == (1, 1)
    assert header.get_xyzt_units()[0] == "mm"
    np.testing.assert_allclose(header.get_qform(), oblique, atol=1e-4)


@pytest.mark.parametrize(
    ("values", "stored"),
    [
        ([True, False], "uint8"),
        ([0, 255], "uint8"),
        ([0, 256], "uint16"),
        ([0, 70000], "int32"),
        ([-1, 5], "int32"),
        ([0.5, 1], "float32"),
    ],
)
def test_the_smallest_type_that_holds_the_values_is_written(tmp_path, values, stored):
    data = np.array(values).reshape(2, 1, 1)
    path = nifti.save(Volume(data, np.eye(4)), tmp_path / "a.nii")
    assert nib.load(path).get_data_dtype() == np.dtype(stored)
    np.testing.assert_array_equal(nib.load(path).get_fdata(), data)


def test_another_ending_is_not_written(tmp_path, image):
    with pytest.raises(UsageError, match=r"a\.mha: images are written as \.nii\.gz or \.nii"):
        nifti.save(Volume(image, np.eye(4)), tmp_path / "a.mha")


def test_real_masks_hold_the_lesions_that_are_in_them(shared):
    patient = shared / "data/ljubljana/cross_sectional_mni/patient07"
    mask = nifti.load_mask(patient / "lesions.nii.gz")
    flair = nifti.load(patient / "FLAIR.nii.gz")
    assert mask.same_grid(flair)
    assert len(Lesions.from_mask(mask, connectivity=26)) > 0
    np.testing.assert_allclose(flair.affine[:3, 3], (90, -126, -72))  # sform code 0: the qform places it
