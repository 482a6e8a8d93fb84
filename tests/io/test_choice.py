from __future__ import annotations

import numpy as np
import pytest

from radiorim.errors import DataError
from radiorim.io.bids import read_dataset

SHAPE = (6, 6, 6)


def test_two_flairs_stop_only_what_asks_for_them_and_can_be_chosen(add, tmp_path):
    add("sub-01/anat/sub-01_run-1_FLAIR", 1)
    add("sub-01/anat/sub-01_run-2_FLAIR", 2)
    add("sub-01/anat/sub-01_T1w")
    (case,) = read_dataset(tmp_path / "ds")
    assert case.image("t1").shape == SHAPE
    words = (
        r"sub-01: 2 files could be 'flair': sub-01_run-1_FLAIR\.nii\.gz and sub-01_run-2_FLAIR\.nii\.gz\. "
        r"Choose one by a part of its name: flair=run-1\."
    )
    with pytest.raises(DataError, match=words):
        case.image("flair")
    assert "2 files could be 'flair'" in case.notes[0]
    assert "flair" not in case.sources
    (case,) = read_dataset(tmp_path / "ds", choose={"flair": "run-2"})
    assert case.image("flair").data.max() == 2


def test_a_choice_that_fits_nothing_lists_what_there_is(add, tmp_path):
    add("sub-01/anat/sub-01_echo-1_part-phase_MEGRE")
    add("sub-01/anat/sub-01_echo-2_part-phase_MEGRE")
    (case,) = read_dataset(tmp_path / "ds", choose={"phase": "echo-7"})
    with pytest.raises(DataError, match=r"is called 'echo-7' \(there are: sub-01_echo-1_part-phase_MEGRE"):
        case.image("phase")


def test_a_choice_is_not_needed_where_there_is_one_file_and_that_is_noted(add, tmp_path):
    add("sub-01/anat/sub-01_FLAIR")
    (case,) = read_dataset(tmp_path / "ds", choose={"flair": "run-1"})
    assert case.image("flair").shape == SHAPE
    assert "the only one, though it is not called 'run-1'" in case.notes[0]


def test_files_that_nothing_tells_apart_are_not_offered_as_a_choice(add, tmp_path, write_nifti):
    add("sub-01/anat/sub-01_FLAIR")
    write_nifti("ds/sub-01/anat/sub-01_FLAIR.nii", np.ones(SHAPE, dtype=np.float32))
    (case,) = read_dataset(tmp_path / "ds")
    with pytest.raises(DataError, match="remove or rename one"):
        case.image("flair")


def test_the_choice_for_flair_holds_for_the_earlier_visit_too(add, tmp_path):
    for session in ("ses-01", "ses-02"):
        for run in ("run-1", "run-2"):
            add(f"sub-01/{session}/anat/sub-01_{session}_{run}_FLAIR", int(session[-1]) * 10 + int(run[-1]))
    (case,) = read_dataset(tmp_path / "ds", choose={"flair": "run-2"})
    assert case.image("flair").data.max() == 22
    assert case.image("flair0").data.max() == 12


def test_lesions_prefer_the_derivative_of_that_name(add, tmp_path):
    add("sub-01/anat/sub-01_FLAIR")
    add("derivatives/lesions/sub-01/anat/sub-01_label-L_mask", 1)
    add("derivatives/lst-ai/sub-01/anat/sub-01_desc-lesions_dseg", 2)
    add("derivatives/radiorim-aprl/sub-01/anat/sub-01_seg-aprl_desc-lesions_dseg", 3)
    add("derivatives/truth/sub-01/anat/sub-01_label-L_dseg", 4)
    add("derivatives/deepbet/sub-01/anat/sub-01_desc-brain_mask", 1)
    (case,) = read_dataset(tmp_path / "ds")
    assert case.mask("lesions").data.max() == 1
    assert case.mask("lesions").data.dtype == np.int32
    assert case.mask("brain").data.dtype == bool
    assert {name for name in case.sources} == {"flair", "lesions", "brain"}
    for word, label in (("lst-ai", 2), ("radiorim-aprl", 3)):
        (case,) = read_dataset(tmp_path / "ds", choose={"lesions": word})
        assert case.mask("lesions").data.max() == label


@pytest.mark.parametrize(
    "name",
    [
        *("label-L_dseg", "label-lesion_dseg", "desc-lesions_dseg", "label-L_desc-lesions_dseg"),
        *("label-L_mask", "label-lesion_mask", "label-lesions_mask", "space-flair_seg-lst"),
    ],
)
def test_lesions_are_read_under_each_name_in_use(add, tmp_path, name):
    add("sub-01/anat/sub-01_FLAIR")
    add(f"derivatives/any/sub-01/anat/sub-01_{name}", 1)
    assert read_dataset(tmp_path / "ds")[0].mask("lesions").data.max() == 1


@pytest.mark.parametrize(
    "path",
    [
        "derivatives/truth/sub-01/anat/sub-01_label-L_mask",
        "derivatives/any/sub-01/anat/sub-01_label-L_desc-new_mask",
        "derivatives/any/sub-01/anat/sub-01_desc-rater1_label-L_mask",
        "derivatives/any/sub-01/anat/sub-01_space-MNI152NLin2009cAsym_label-L_mask",
        "derivatives/any/sub-01/anat/sub-01_label-WM_dseg",
        "derivatives/any/sub-01/anat/._sub-01_label-L_mask",
        "derivatives/radiorim-x/sub-01/anat/sub-01_label-L_mask",
    ],
)
def test_what_is_not_the_lesions_is_not_taken_for_them(add, tmp_path, path):
    add("sub-01/anat/sub-01_FLAIR")
    add(path, 1)
    case = read_dataset(tmp_path / "ds")[0]
    assert "lesions" not in case.masks
    with pytest.raises(DataError, match="sub-01 has no mask 'lesions'"):
        case.mask("lesions")


def test_numbered_lesions_come_before_a_mask_of_them(add, tmp_path):
    add("sub-01/anat/sub-01_FLAIR")
    add("derivatives/lesions/sub-01/anat/sub-01_label-L_mask", 1)
    add("derivatives/lesions/sub-01/anat/sub-01_label-L_dseg", 7)
    assert read_dataset(tmp_path / "ds")[0].mask("lesions").data.max() == 7


def test_two_tools_lesions_are_ambiguous_and_named_by_their_folders(add, tmp_path):
    add("sub-01/anat/sub-01_FLAIR")
    for tool in ("lst-ai", "samseg"):
        add(f"derivatives/{tool}/sub-01/anat/sub-01_label-L_mask", 1)
    (case,) = read_dataset(tmp_path / "ds")
    with pytest.raises(DataError, match=r"lst-ai/sub-01_label-L_mask.*samseg/.*lesions=lst-ai"):
        case.mask("lesions")
