from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from radiorim.errors import DataError, UsageError
from radiorim.io import nifti
from radiorim.io.bids import read_dataset
from radiorim.io.files import read_json, sha256
from radiorim.phantom import CohortOptions, write_cohort
from radiorim.phantom.bids import person_name

OPTIONS = CohortOptions(people=2, spacing_mm=3.0, seed=4)


@pytest.fixture(scope="module")
def cohort(tmp_path_factory) -> Path:
    return write_cohort(tmp_path_factory.mktemp("cohort") / "demo", OPTIONS)


def hashes(root: Path, pattern: str) -> dict[str, str]:
    return {str(p.relative_to(root)): sha256(p) for p in sorted(root.rglob(pattern)) if p.is_file()}


def test_file_names_are_bids(cohort):
    entities = (
        r"(_from-ses02_to-ses01_mode-points)?(_desc-[a-z0-9]+)?(_label-(L|rim))?"
        r"_(FLAIR|T1w|Chimap|dseg|mask|xfm)\.(nii\.gz|json|tsv)"
    )
    for path in cohort.rglob("sub-*/**/anat/*"):
        person, session = path.parts[-4], path.parts[-3]
        assert re.fullmatch(rf"{person}_{session}{entities}", path.name), path.name


def test_each_person_has_raw_scans_truth_and_given_masks(cohort):
    stem = "ses-02/anat/sub-01_ses-02"
    for name in (
        "sub-01/ses-01/anat/sub-01_ses-01_FLAIR.nii.gz",
        *(f"sub-01/{stem}_{suffix}.nii.gz" for suffix in ("FLAIR", "T1w", "Chimap")),
        "sub-01/sub-01_sessions.tsv",
        f"derivatives/lesions/sub-01/{stem}_label-L_dseg.nii.gz",
        f"derivatives/truth/sub-01/{stem}_label-L_dseg.tsv",
        f"derivatives/truth/sub-01/{stem}_desc-new_label-L_mask.nii.gz",
        f"derivatives/truth/sub-01/{stem}_desc-rater4_label-L_mask.nii.gz",
        f"derivatives/truth/sub-01/{stem}_desc-brain_mask.nii.gz",
    ):
        assert (cohort / name).exists(), name


def test_descriptions_say_what_this_is_and_whose_anatomy_it_uses(cohort):
    raw = read_json(cohort / "dataset_description.json")
    assert raw["DatasetType"] == "raw"
    assert "McGill University" in raw["HowToAcknowledge"]
    assert raw["GeneratedBy"][0]["Parameters"]["seed"] == 4
    truth = read_json(cohort / "derivatives/truth/dataset_description.json")
    assert truth["DatasetType"] == "derivative"
    people = pd.read_csv(cohort / "participants.tsv", sep="\t")
    assert people.participant_id.tolist() == ["sub-01", "sub-02"]
    assert people.age.between(18, 70).all()
    assert people.site.tolist() == ["site-01", "site-01"]


def test_every_image_has_a_sidecar_that_says_that_it_is_synthetic_and_what_its_units_are(cohort):
    images = list(cohort.rglob("*.nii.gz"))
    assert len(images) > 20
    for image in images:
        sidecar = read_json(Path(str(image).replace(".nii.gz", ".json")))
        assert sidecar["Synthetic"] is True, image.name
        if "Chimap" in image.name:
            assert sidecar["Units"] == "ppm"
            assert sidecar["SkullStripped"] is True
        if "mask" in image.name:
            assert sidecar["Type"] in ("Lesion", "Brain")
        if "derivatives" in image.parts:
            assert sidecar["Sources"][0].startswith("bids:raw:sub-")


def test_no_sidecar_and_no_table_stands_alone(cohort):
    """What bids-validator calls SIDECAR_WITHOUT_DATAFILE; transforms are JSON by themselves."""
    known = {"dataset_description", "participants", "sessions"}
    for path in [*cohort.rglob("*.json"), *cohort.rglob("*_dseg.tsv")]:
        stem = path.name.split(".")[0]
        if stem not in known and not stem.endswith("_xfm"):
            assert path.with_name(f"{stem}.nii.gz").exists(), path.name


def test_both_visits_have_their_own_lesions_with_the_same_numbers(cohort):
    stem = "derivatives/truth/sub-02/{0}/anat/sub-02_{0}_label-L_dseg"
    tables = [pd.read_csv(cohort / f"{stem.format(ses)}.tsv", sep="\t") for ses in ("ses-01", "ses-02")]
    labels0 = nifti.load_labels(cohort / f"{stem.format('ses-01')}.nii.gz")
    flair0 = nifti.load(cohort / "sub-02/ses-01/anat/sub-02_ses-01_FLAIR.nii.gz")
    assert labels0.same_grid(flair0)
    assert set(tables[0].lesion) == set(np.unique(labels0.data)) - {0}
    old = set(tables[1].lesion[tables[1].status != "new"])
    assert len(old & set(tables[0].lesion)) > 0.8 * len(old)
    assert not set(tables[1].lesion[tables[1].status == "new"]) & set(tables[0].lesion)


def test_a_cohort_with_sites_thick_slices_and_flair_alone_is_read_as_cases(tmp_path):
    options = CohortOptions(people=1, spacing_mm=3.0, sites=2, thick_slices=True, contrasts=("flair",))
    case = read_dataset(write_cohort(tmp_path / "thick", options))[0]
    assert set(case.images) == {"flair", "flair0"}
    assert case.image("flair").spacing == pytest.approx((0.7, 0.7, 3.0))
    assert case.truth().labels.same_grid(case.image("flair"))
    assert case.mask("lesions").same_grid(case.image("flair"))


def test_options_that_are_none_are_refused():
    with pytest.raises(UsageError, match="at least 1 site, not 0"):
        CohortOptions(sites=0)
    with pytest.raises(UsageError, match="Did you mean 'flair'"):
        CohortOptions(contrasts=("flar",))


def test_the_truth_table_matches_the_label_map_on_disk(cohort):
    for name in ("sub-01", "sub-02"):
        stem = cohort / "derivatives/truth" / name / "ses-02/anat" / f"{name}_ses-02"
        labels = nifti.load_labels(f"{stem}_label-L_dseg.nii.gz")
        table = pd.read_csv(f"{stem}_label-L_dseg.tsv", sep="\t")
        new = nifti.load_mask(f"{stem}_desc-new_label-L_mask.nii.gz")
        counts = np.bincount(labels.data.ravel())
        np.testing.assert_allclose(table.volume_mm3, counts[table.lesion] * labels.voxel_mm3, rtol=1e-4)
        np.testing.assert_array_equal(new.data, np.isin(labels.data, table.lesion[table.status == "new"]))
        flair = nifti.load(cohort / name / "ses-02/anat" / f"{name}_ses-02_FLAIR.nii.gz")
        assert flair.same_grid(labels)


def test_chimap_is_in_ppm(cohort):
    chi = nifti.load(cohort / "sub-01/ses-02/anat/sub-01_ses-02_Chimap.nii.gz").data
    assert 0.005 < chi[chi != 0].std() < 0.08


def test_same_seed_same_bytes_and_a_person_does_not_depend_on_the_others(cohort, tmp_path):
    other = write_cohort(tmp_path / "one", CohortOptions(people=1, spacing_mm=3.0, seed=4))
    assert hashes(other, "sub-01*/**/*")
    for root in ("", "derivatives/truth/", "derivatives/lesions/"):
        mine, theirs = hashes(other / f"{root}sub-01", "*"), hashes(cohort / f"{root}sub-01", "*")
        assert mine == theirs


def test_a_cohort_goes_on_where_it_stopped(cohort, tmp_path):
    out, seen = tmp_path / "demo", []
    write_cohort(out, CohortOptions(people=1, spacing_mm=3.0, seed=4))
    flair = out / "sub-01/ses-02/anat/sub-01_ses-02_FLAIR.nii.gz"
    before = flair.stat().st_mtime_ns
    write_cohort(out, OPTIONS, on_person=lambda done, total: seen.append((done, total)))
    assert seen == [(2, 2)]
    assert flair.stat().st_mtime_ns == before
    assert hashes(out, "*") == hashes(cohort, "*")


def test_a_folder_with_something_else_in_it_is_refused(cohort, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match="holds no phantom cohort"):
        write_cohort(tmp_path, OPTIONS)
    with pytest.raises(DataError, match="Choose another folder"):
        write_cohort(cohort, CohortOptions(people=2, spacing_mm=3.0, seed=5))


def test_a_smaller_cohort_is_refused_and_leaves_the_table_of_people_alone(cohort):
    before = (cohort / "participants.tsv").read_bytes()
    with pytest.raises(UsageError, match=r"holds 2 people.* Ask for 2 or more, or choose another folder"):
        write_cohort(cohort, CohortOptions(people=1, spacing_mm=3.0, seed=4))
    assert (cohort / "participants.tsv").read_bytes() == before


def test_numbers_are_as_wide_as_the_cohort_needs():
    assert person_name(7, 12) == "sub-07"
    assert person_name(7, 100) == "sub-007"


@pytest.mark.slow
def test_two_jobs_write_the_same_bytes(cohort, tmp_path):
    out = write_cohort(tmp_path / "two", CohortOptions(people=2, spacing_mm=3.0, seed=4, n_jobs=2))
    assert hashes(out, "*") == hashes(cohort, "*")
