from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from radiorim.errors import DataError
from radiorim.io.bids import read_dataset
from radiorim.io.tables import write_table

STEM = "ds/derivatives/truth/sub-01/anat/sub-01_"


@pytest.fixture
def labels():
    array = np.zeros((8, 8, 8), dtype=np.uint8)
    array[0, 0, 0:2] = 1
    array[4:6, 4:6, 4] = 3
    return array


@pytest.fixture
def dataset(write_nifti, tmp_path):
    write_nifti("ds/sub-01/anat/sub-01_FLAIR.nii.gz", np.ones((8, 8, 8), dtype=np.float32))
    return tmp_path / "ds"


def truth_table(tmp_path, **columns):
    return write_table(pd.DataFrame(columns), tmp_path / f"{STEM}label-L_dseg.tsv")


def test_the_columns_of_the_truth_come_with_the_lesions(write_nifti, dataset, labels, tmp_path):
    write_nifti(f"{STEM}label-L_dseg.nii.gz", labels)
    truth_table(
        tmp_path,
        lesion=[3, 1, 9],
        status=["new", "stable", "gone"],
        rim=[True, False, False],
        volume_mm3=[0.0] * 3,
    )
    lesions = read_dataset(dataset)[0].truth()
    assert lesions.numbers == [1, 3]
    assert lesions.table["status"].tolist() == ["stable", "new"]
    assert lesions.table["rim"].tolist() == [False, True]
    assert lesions.table["volume_mm3"].tolist() == [2.0, 4.0]


def test_index_is_understood_as_the_lesion(write_nifti, dataset, labels, tmp_path):
    write_nifti(f"{STEM}desc-lesions_dseg.nii.gz", labels)
    table = pd.DataFrame({"index": [1, 3], "name": ["a", "b"], "rim": [1, 0]})
    write_table(table, tmp_path / f"{STEM}desc-lesions_dseg.tsv")
    lesions = read_dataset(dataset)[0].truth()
    assert lesions.table["rim"].tolist() == [1, 0]
    assert "index" not in lesions.table


def test_a_mask_of_new_lesions_is_split_by_faces(write_nifti, dataset, tmp_path):
    mask = np.zeros((8, 8, 8), dtype=np.uint8)
    mask[1, 1, 1] = mask[2, 2, 1] = mask[2, 2, 2] = 1
    write_nifti(f"{STEM}desc-new_label-L_mask.nii.gz", mask)
    write_nifti(f"{STEM}desc-rater1_label-L_mask.nii.gz", mask)
    lesions = read_dataset(dataset)[0].truth()
    assert lesions.table["volume_mm3"].tolist() == [2.0, 1.0]
    assert lesions.table["status"].tolist() == ["new", "new"]


def test_an_empty_mask_of_new_lesions_is_a_truth_without_lesions(write_nifti, dataset, tmp_path):
    write_nifti(f"{STEM}label-L_desc-new_mask.nii.gz", np.zeros((8, 8, 8), dtype=np.uint8))
    lesions = read_dataset(dataset)[0].truth()
    assert len(lesions) == 0
    assert "status" in lesions.table


def test_rater_masks_alone_are_no_truth(write_nifti, dataset):
    write_nifti(f"{STEM}desc-rater1_label-L_mask.nii.gz", np.ones((8, 8, 8), dtype=np.uint8))
    assert read_dataset(dataset)[0].truth is None


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"lesion": [1], "status": ["new"]}, r"no row for lesion 3 of sub-01_label-L_dseg\.nii\.gz"),
        ({"lesion": [1, 3], "volume_mm3": [1.0, 2.0]}, "needs a column lesion .* and status or rim"),
        ({"status": ["new", "new"]}, "needs a column lesion"),
        ({"lesion": [1, 1, 3], "rim": [1, 0, 1]}, "each lesion's whole number once"),
        ({"lesion": [1.5, 3.0], "rim": [1, 0]}, "each lesion's whole number once"),
    ],
)
def test_a_truth_table_that_does_not_fit_says_so(write_nifti, dataset, labels, columns, words):
    truth_table(write_nifti(f"{STEM}label-L_dseg.nii.gz", labels).parents[5], **columns)
    with pytest.raises(DataError, match=words):
        read_dataset(dataset)[0].truth()


def test_a_truth_without_its_table_names_the_table(write_nifti, dataset, labels):
    write_nifti(f"{STEM}label-L_dseg.nii.gz", labels)
    with pytest.raises(DataError, match=r"sub-01_label-L_dseg\.tsv does not exist"):
        read_dataset(dataset)[0].truth()


def test_two_truths_are_refused_when_asked(write_nifti, dataset, labels):
    write_nifti(f"{STEM}label-L_dseg.nii.gz", labels)
    write_nifti(f"{STEM}desc-lesions_dseg.nii.gz", labels)
    (case,) = read_dataset(dataset)
    with pytest.raises(DataError, match=r"more than one truth.*Keep one"):
        case.truth()
