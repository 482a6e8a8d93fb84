"""Feature tables, case by case."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from radiorim.errors import DataError, MissingExtra
from radiorim.io import nifti
from radiorim.runs import extraction
from radiorim.runs.extraction import Extraction, common_images, extract, files_case

FIRST = ["case", "person", "lesion", "volume_mm3", "x_mm", "y_mm", "z_mm", "too_small"]
PLAN = Extraction(images=("chi", "flair"), features="rim-layers")


@pytest.fixture(autouse=True)
def coarse_layers(monkeypatch):
    """Rim layers as wide as the voxels of the little cohort."""
    from radiorim.features.layers import RimLayers

    monkeypatch.setattr(
        extraction, "feature_set", lambda name, images, **more: (RimLayers(tuple(images), 2.0, 1, 1),)
    )


def test_there_is_one_row_for_each_lesion_in_the_columns_of_the_contract(cases, tmp_path):
    made = extract(PLAN, cases, tmp_path / "parts")
    table, meanings = made.table, made.dictionary
    assert len(table) == 24
    assert len(made.failed) == 0
    assert made.notes == ()
    assert table.columns[:8].tolist() == FIRST
    assert set(meanings) == set(table.columns[8:])
    assert table.lesion[:8].tolist() == list(range(10, 18))
    assert not table.loc[~table.too_small].isna().any(axis=None)


def test_truth_is_added_only_when_it_is_asked_for(cases, tmp_path):
    made = extract(PLAN, cases, tmp_path / "parts")
    plain, meanings = made.table, made.dictionary
    assert "truth" not in plain
    told = extract(replace(PLAN, truth="rim"), cases, tmp_path / "parts").table
    assert told.truth.isin([0, 1]).all()
    assert told.drop(columns="truth").equals(plain)
    assert "truth" not in meanings
    new = extract(replace(PLAN, truth="new-lesion"), cases, tmp_path / "parts").table
    assert new.groupby("case").truth.sum().tolist() == [2, 2, 2]


def test_truth_that_was_asked_for_and_is_not_there_is_said_for_each_case(cases, tmp_path):
    cases[1] = cases[1].with_(truth=None)
    made = extract(replace(PLAN, truth="rim"), cases, tmp_path / "parts")
    table, failed = made.table, made.failed
    assert failed.case.tolist() == ["sub-02_ses-02"]
    assert "has no truth (derivatives/truth)" in failed.reason[0]
    assert set(table.case) == {"sub-01_ses-02", "sub-03_ses-02"}


def test_a_second_run_measures_nothing_again_but_what_has_changed(cases, tmp_path, monkeypatch):
    first = extract(PLAN, cases, tmp_path / "parts").table
    measured = []

    def counted(plan, case, n_jobs):
        measured.append(case.id)
        return original(plan, case, n_jobs)

    original = extraction._measured
    monkeypatch.setattr(extraction, "_measured", counted)
    again = extract(PLAN, cases, tmp_path / "parts").table
    assert again.equals(first)
    assert measured == []
    path = Path(cases[2].sources["chi"])
    image = nifti.load(path)
    nifti.save(image.like(image.data + 50), path)
    cases[2].release()
    changed = extract(PLAN, cases, tmp_path / "parts").table
    assert measured == ["sub-03_ses-02"]
    column = "chi_layers_shell_in_0_2_mean"
    moved = changed[column] - first[column]
    np.testing.assert_allclose(moved, np.where(first.person == "sub-03", 50, 0), atol=1e-3)


def test_every_case_failing_is_an_error_with_the_first_reason(cases, tmp_path):
    for case in cases:
        Path(case.sources["chi"]).write_bytes(b"")
    with pytest.raises(DataError, match=r"no case could be used; sub-01_ses-02: .*chi.nii.gz"):
        extract(PLAN, cases, tmp_path / "parts")


def test_a_missing_extra_stops_the_run_with_its_own_exit_code(cases, tmp_path, monkeypatch):
    def lacking(*_args):
        raise MissingExtra("radiomics", "pyradiomics")

    monkeypatch.setattr(extraction, "measure", lacking)
    with pytest.raises(MissingExtra, match=r"pip install 'radiorim\[pyradiomics\]'"):
        extract(PLAN, cases, tmp_path / "parts")


def test_an_empty_mask_gives_a_table_without_rows(cases, tmp_path):
    sources = {name: Path(path) for name, path in cases[0].sources.items()}
    empty = nifti.load_labels(sources["lesions"])
    nifti.save(empty.like(np.zeros_like(empty.data)), sources["lesions"])
    case = files_case({"chi": sources["chi"], "flair": sources["flair"]}, sources["lesions"])
    table = extract(PLAN, [case], tmp_path / "parts").table
    assert len(table) == 0
    assert table.columns[:8].tolist() == FIRST


def test_what_was_repaired_in_an_image_is_noted_and_still_known_when_the_run_goes_on(cases, tmp_path):
    path = Path(cases[1].sources["flair"])
    image = nifti.load(path)
    data = image.data.copy()
    data[:2, 0, 0] = np.nan
    nifti.save(image.like(data), path)
    cases[1].release()
    for _ in range(2):
        made = extract(PLAN, cases, tmp_path / "parts")
        assert made.notes == ("sub-02_ses-02, flair: 2 voxels that were NaN or infinite were set to 0",)
    assert np.isfinite(made.table[list(made.dictionary)].to_numpy(float)).any()


def test_a_dask_cluster_measures_the_same_bytes(cases, tmp_path):
    pytest.importorskip("distributed")
    from dask.distributed import Client, LocalCluster
    from joblib import parallel_config

    local = extract(PLAN, cases, tmp_path / "local")
    cluster = LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None)
    with cluster, Client(cluster), parallel_config("dask"):
        there = extract(PLAN, cases, tmp_path / "dask", n_jobs=None)
    assert there.table.equals(local.table)
    kept = [sorted((tmp_path / name).glob("*.tsv")) for name in ("local", "dask")]
    assert [path.read_bytes() for path in kept[0]] == [path.read_bytes() for path in kept[1]]


def test_a_cohort_is_measured_on_the_images_that_all_have(cases):
    assert common_images(cases) == ("chi", "flair")
    only = cases[0].with_(images={"chi": cases[0].images["chi"]})
    assert common_images([only, *cases]) == ("chi",)
    with pytest.raises(DataError, match="the 2 cases have no image in common"):
        common_images([only, only.with_(images={"flair": cases[0].images["flair"]})])
