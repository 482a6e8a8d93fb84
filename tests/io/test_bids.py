from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from radiorim.errors import DataError, UnknownName
from radiorim.io.bids import load_chi, read_dataset
from radiorim.io.tables import write_table

SHAPE = (6, 6, 6)


def visits(add, person="sub-01", names=("ses-01", "ses-02")):
    for at, name in enumerate(names, start=1):
        add(f"{person}/{name}/anat/{person}_{name}_FLAIR", at)


def test_two_visits_are_one_case_with_the_earlier_flair(add, tmp_path):
    visits(add)
    (case,) = read_dataset(tmp_path / "ds")
    assert (case.id, case.person) == ("sub-01_ses-02", "sub-01")
    assert set(case.images) == {"flair", "flair0"}
    assert case.image("flair").data[0, 0, 0] == 2
    assert case.image("flair0").data[0, 0, 0] == 1
    assert case.sources["flair0"].endswith("ds/sub-01/ses-01/anat/sub-01_ses-01_FLAIR.nii.gz")
    assert case.truth is None
    assert dict(case.masks) == {}


def test_one_visit_without_session_folders_is_a_case(add, tmp_path):
    add("sub-01/anat/sub-01_FLAIR")
    add("sub-01/anat/sub-01_T1w")
    (case,) = read_dataset(tmp_path / "ds")
    assert case.id == "sub-01"
    assert set(case.images) == {"flair", "t1"}


def test_four_visits_are_three_pairs_in_natural_order(add, tmp_path):
    visits(add, names=("ses-1", "ses-2", "ses-10", "ses-9"))
    cases = read_dataset(tmp_path / "ds")
    assert [case.id for case in cases] == ["sub-01_ses-2", "sub-01_ses-9", "sub-01_ses-10"]
    assert [case.image("flair0").data[0, 0, 0] for case in cases] == [1, 2, 4]


@pytest.mark.parametrize(
    ("column", "times"),
    [
        ("acq_time", ["2021-05-01T10:00:00", "2020-05-01T10:00:00Z"]),
        ("days_from_baseline", [365, 0]),
    ],
)
def test_the_sessions_table_overrules_the_names(add, tmp_path, column, times):
    visits(add)
    table = pd.DataFrame({"session_id": ["ses-01", "ses-02"], column: times})
    write_table(table, tmp_path / "ds/sub-01/sub-01_sessions.tsv")
    (case,) = read_dataset(tmp_path / "ds")
    assert case.id == "sub-01_ses-01"
    assert case.image("flair0").data[0, 0, 0] == 2


@pytest.mark.parametrize("value", ["n/a", "spring", "2021-05-01"])
def test_a_time_that_orders_nothing_is_refused(add, tmp_path, value):
    visits(add)
    table = pd.DataFrame({"session_id": ["ses-01", "ses-02"], "acq_time": ["2021-05-01", value]})
    write_table(table, tmp_path / "ds/sub-01/sub-01_sessions.tsv")
    with pytest.raises(DataError, match=r"sub-01_sessions\.tsv: acq_time of ses-02 is .*remove the column"):
        read_dataset(tmp_path / "ds")


def test_a_sessions_table_without_times_leaves_the_names(add, tmp_path):
    visits(add)
    table = pd.DataFrame({"session_id": ["ses-02", "ses-01"], "acq_time": [None, None]})
    write_table(table, tmp_path / "ds/sub-01/sub-01_sessions.tsv")
    assert read_dataset(tmp_path / "ds")[0].id == "sub-01_ses-02"


def test_all_images_are_found_by_their_bids_names(add, tmp_path):
    for name in ("FLAIR", "T1w", "part-mag_T2starw", "part-phase_T2starw", "Chimap"):
        add(f"sub-01/anat/sub-01_{name}")
    (case,) = read_dataset(tmp_path / "ds")
    assert set(case.images) == {"flair", "t1", "t2star", "phase", "chi"}


def test_the_wild_name_gre_is_read_with_a_note(add, tmp_path):
    add("sub-01/anat/sub-01_part-phase_GRE")
    (case,) = read_dataset(tmp_path / "ds")
    assert set(case.images) == {"phase"}
    assert "named GRE, which BIDS does not know" in case.notes[0]


def test_chi_is_ppb_inside(write_nifti, rng):
    ppm = rng.normal(0, 0.05, SHAPE).astype(np.float32)
    ppm[0, 0, 0] = 9.0
    volume = load_chi(write_nifti("a_Chimap.nii", ppm))
    np.testing.assert_allclose(volume.data, ppm * 1000, rtol=1e-6)
    assert volume.notes == ("chi converted from ppm to ppb",)
    already = load_chi(write_nifti("b_Chimap.nii", ppm * 1000))
    np.testing.assert_array_equal(already.data, ppm * 1000)
    assert "taken as ppb" in already.notes[0]


def test_a_sparse_map_in_ppb_is_recognised_by_its_voxels_that_are_not_zero(write_nifti):
    chi = np.zeros((20, 20, 20), dtype=np.float32)
    chi[:3, :3, :3] = 40
    assert load_chi(write_nifti("a.nii", chi)).data.max() == 40
    assert load_chi(write_nifti("b.nii", chi * 0)).data.max() == 0


def test_chi_and_phase_come_from_derivatives_where_the_data_set_has_none(add, tmp_path):
    add("sub-01/anat/sub-01_FLAIR")
    add("sub-01/anat/sub-01_part-phase_T2starw", 1)
    add("derivatives/qsm/sub-01/anat/sub-01_Chimap", 0.01)
    add("derivatives/qsm/sub-01/anat/sub-01_space-MNI152NLin6Asym_Chimap", 0.02)
    add("derivatives/qsm/sub-01/anat/sub-01_part-phase_desc-homodyne_T2starw", 2)
    (case,) = read_dataset(tmp_path / "ds")
    assert case.image("chi").data.max() == pytest.approx(10)
    assert case.image("phase").data.max() == 1
    (case,) = read_dataset(tmp_path / "ds", choose={"phase": "desc-homodyne"})
    assert case.image("phase").data.max() == 2


def test_an_earlier_visit_without_flair_is_passed_over_with_a_note(add, tmp_path):
    visits(add, names=("ses-01", "ses-03"))
    add("sub-01/ses-02/anat/sub-01_ses-02_T1w")
    second, third = read_dataset(tmp_path / "ds")
    assert set(second.images) == {"t1", "flair0"}
    assert third.image("flair0").data.max() == 1
    assert "flair0 is from sub-01_ses-01: sub-01_ses-02 has no FLAIR" in third.notes


def test_a_session_without_images_is_left_out_with_a_note(add, tmp_path):
    visits(add)
    add("sub-01/ses-03/anat/sub-01_ses-03_PDw")
    (case,) = read_dataset(tmp_path / "ds")
    assert case.id == "sub-01_ses-02"
    assert case.notes == ("sub-01_ses-03 has no usable image and was left out",)


def test_a_person_without_images_stays_so_that_the_failure_is_seen(add, tmp_path):
    visits(add)
    (tmp_path / "ds/sub-02").mkdir()
    cases = read_dataset(tmp_path / "ds")
    assert [case.id for case in cases] == ["sub-01_ses-02", "sub-02"]
    with pytest.raises(DataError, match=r"sub-02 has no image 'flair' \(it has: no image\)"):
        cases[1].image("flair")


def test_participants_are_chosen_with_or_without_sub(add, tmp_path):
    for person in ("sub-01", "sub-02", "sub-10"):
        visits(add, person)
    assert [case.person for case in read_dataset(tmp_path / "ds", participants=["10", "sub-01"])] == [
        "sub-01",
        "sub-10",
    ]
    with pytest.raises(UnknownName, match=r"no participant named 'sub-11'\. Did you mean 'sub-10'"):
        read_dataset(tmp_path / "ds", participants=["11"])


def test_nothing_is_read_before_it_is_asked_for(add, tmp_path):
    path = add("sub-01/anat/sub-01_FLAIR")
    path.write_bytes(b"damaged")
    (case,) = read_dataset(tmp_path / "ds")
    with pytest.raises(DataError, match="sub-01_FLAIR"):
        case.image("flair")


def test_a_case_can_be_sent_to_another_process(add, tmp_path):
    import pickle  # noqa: TID251 - joblib does so between processes; nothing is stored

    visits(add)
    (case,) = read_dataset(tmp_path / "ds")
    assert pickle.loads(pickle.dumps(case)).image("flair").data[0, 0, 0] == 2


def test_a_folder_that_is_no_data_set_says_what_is_expected(tmp_path):
    with pytest.raises(DataError, match=r"holds no sub-\* folder, so it is not a BIDS data set") as error:
        read_dataset(tmp_path)
    assert str(error.value).count("\n") == 3
    assert "sub-01_ses-02_FLAIR.nii.gz" in str(error.value)
    with pytest.raises(DataError, match="does not exist"):
        read_dataset(tmp_path / "nowhere")


def test_a_data_set_without_any_image_says_what_was_looked_for(tmp_path):
    (tmp_path / "sub-01/anat").mkdir(parents=True)
    (tmp_path / "dataset_description.json").write_text(json.dumps({"Name": "x"}))
    with pytest.raises(DataError, match="has no usable image: none of FLAIR, T1w"):
        read_dataset(tmp_path)
