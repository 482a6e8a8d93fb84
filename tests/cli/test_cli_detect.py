"""`detect`, `extract-features`, `prepare`, `demo`: pairs of files, and what can be wrong with them."""

from __future__ import annotations

import builtins
import importlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from radiorim.io import nifti
from radiorim.io.tables import read_table


@pytest.fixture
def detect(radiorim, recipes):
    """Detect with the little recipe, on files that lie on one grid."""

    def call(before: object, after: object, *more: object):
        return radiorim("detect", before, after, "--recipe", recipes["little-new"], "-o", "out", *more)

    return call


@pytest.fixture
def altered(scans, tmp_path):
    """A copy of a scan with other values: `altered("flair", lambda data: ...)`."""

    def make(name: str, change, affine=None) -> Path:
        volume = nifti.load(scans[name])
        data = np.asarray(change(volume.data.copy()))
        return write(tmp_path / f"altered_{name}.nii.gz", data, volume.affine if affine is None else affine)

    return make


def write(path: Path, data: np.ndarray, affine: np.ndarray) -> Path:
    """Exactly these values, also NaN and fractions."""
    import nibabel as nib

    nib.save(nib.Nifti1Image(data.astype(np.float32), affine), path)
    return path


def test_detect_writes_the_lesions_on_the_follow_ups_grid_a_table_and_a_page(detect, scans):
    done = detect(scans["flair0"], scans["flair"], "--brain-mask", scans["brain"])
    assert done.code == 0
    assert done.out.startswith("2 new lesions, ")
    labels = nifti.load_labels("out/new_lesions_dseg.nii.gz")
    assert labels.same_grid(nifti.load(scans["flair"]))
    table = read_table("out/new_lesions.tsv")
    assert sorted(set(np.unique(labels.data)) - {0}) == sorted(table.lesion)
    assert Path("out/report.html").read_text().lstrip().lower().startswith("<!doctype html")
    assert json.loads(Path("out/run.json").read_text())["request"]["command"] == "detect"
    assert done.err.splitlines()[-1] == "Next: look at out/report.html in a browser"


def test_detect_goes_on_in_its_folder_and_refuses_another_pair_there(detect, scans, dataset):
    assert detect(scans["flair0"], scans["flair"], "--brain-mask", scans["brain"]).code == 0
    kept = Path("out/new_lesions.tsv").read_bytes()
    assert detect(scans["flair0"], scans["flair"], "--brain-mask", scans["brain"]).code == 0
    assert Path("out/new_lesions.tsv").read_bytes() == kept
    other = detect(scans["flair"], scans["flair0"], "--brain-mask", scans["brain"])
    assert other.code == 2
    assert "out holds another run (it differs in: inputs)" in other.sentence


def test_a_model_judges_the_candidates(radiorim, dataset, recipes, scans):
    done = radiorim("train", dataset, "--recipe", recipes["little-new-boost"], "-o", "model")
    assert done.code == 0
    pair = (scans["flair0"], scans["flair"], "--brain-mask", scans["brain"])
    done = radiorim("detect", *pair, "--model", "model", "-o", "out")
    assert done.code == 0
    table = read_table("out/candidates.tsv")
    assert table.score.between(0, 1).all()
    assert len(read_table("out/new_lesions.tsv")) == table.found.sum()


def test_one_file_twice_is_refused(detect, scans):
    done = detect(scans["flair"], scans["flair"])
    assert done.code == 2
    assert done.sentence.startswith("radiorim: baseline and follow-up are the same file (")


def test_a_file_that_is_not_there_is_refused_with_how_far_the_path_goes(detect, scans):
    done = detect(scans["flair0"], "no/such/FLAIR.nii.gz")
    assert done.code == 3
    assert done.sentence.startswith("radiorim: no/such/FLAIR.nii.gz does not exist (the nearest folder")
    assert not Path("out").exists()


def test_two_grids_are_refused_with_both_shapes(detect, altered, scans):
    cut = altered("flair0", lambda data: data[:, :, :-4])
    done = detect(cut, scans["flair"], "--brain-mask", scans["brain"])
    assert done.code == 3
    assert "(30, 30, 26)" in done.sentence
    assert "(30, 30, 30)" in done.sentence
    assert "not on one grid" in done.sentence


def test_a_file_that_is_cut_short_is_refused_by_name(detect, scans, tmp_path):
    short = tmp_path / "short_FLAIR.nii.gz"
    short.write_bytes(scans["flair"].read_bytes()[:3000])
    done = detect(scans["flair0"], short)
    assert done.code == 3
    assert f"{short} is damaged or cut short" in done.sentence
    assert done.sentence.endswith("Copy or convert it again.")


def test_some_nan_voxels_are_set_to_zero_and_noted_in_the_report(detect, altered, scans):
    def holes(data):
        data[:2, :2, :2] = np.nan
        return data

    done = detect(scans["flair0"], altered("flair", holes), "--brain-mask", scans["brain"])
    assert done.code == 0
    assert "8 voxels that were NaN or infinite were set to 0" in Path("out/report.html").read_text()


def test_an_image_of_nan_only_is_refused(detect, altered, scans):
    done = detect(scans["flair0"], altered("flair", lambda data: data * np.nan))
    assert done.code == 3
    assert done.sentence.endswith("altered_flair.nii.gz holds no finite value. Was it written correctly?")


def test_a_float_brain_mask_is_refused(detect, altered, scans):
    done = detect(scans["flair0"], scans["flair"], "--brain-mask", altered("brain", lambda data: data * 0.5))
    assert done.code == 3
    assert "holds values between whole numbers (such as 0.5)" in done.sentence


def test_an_empty_brain_mask_is_refused(detect, altered, scans):
    done = detect(scans["flair0"], scans["flair"], "--brain-mask", altered("brain", lambda data: data * 0))
    assert done.code == 3
    assert "empty" in done.sentence


def test_a_recipe_of_the_other_task_is_refused(radiorim, scans):
    done = radiorim("detect", scans["flair0"], scans["flair"], "--recipe", "rim-radiomics-boost", "-o", "out")
    assert done.code == 2
    assert "rim-radiomics-boost is for the task rim, not new-lesion" in done.sentence


def features(radiorim, scans, *more: object, labels: object = None):
    images = [word for name in ("chi", "flair") for word in ("--image", f"{name}={scans[name]}")]
    return radiorim("extract-features", *images, "--labels", labels or scans["lesions"], "-o", "f.tsv", *more)


def test_extract_features_writes_a_row_for_each_lesion_and_what_the_columns_mean(radiorim, scans):
    done = features(radiorim, scans)
    assert done.code == 0
    table = read_table("f.tsv")
    assert len(table) == 8
    assert table.columns[:4].tolist() == ["case", "person", "lesion", "volume_mm3"]
    meanings = json.loads(Path("f.json").read_text())
    assert {name for name in table if name.startswith(("chi_", "flair_", "shape_"))} <= set(meanings)
    assert not Path("f.parts").exists()


def test_extract_features_of_a_data_set_with_truth_can_be_learned_from(radiorim, dataset):
    done = radiorim(
        "extract-features", dataset, "--with-truth", "rim", "-o", "f.tsv", "--features", "rim-layers"
    )
    assert done.code == 0
    table = read_table("f.tsv")
    assert len(table) == 40
    assert table.truth.isin([0, 1]).all()


def test_an_empty_lesion_mask_gives_a_table_with_a_header_and_no_rows(radiorim, scans, altered):
    done = features(radiorim, scans, labels=altered("lesions", lambda data: data * 0))
    assert done.code == 0
    assert "0 lesions" in done.out
    table = read_table("f.tsv")
    assert len(table) == 0
    assert table.columns[:4].tolist() == ["case", "person", "lesion", "volume_mm3"]


def test_a_float_lesion_mask_is_refused(radiorim, scans, altered):
    done = features(radiorim, scans, labels=altered("lesions", lambda data: data * 0.013))
    assert done.code == 3
    assert "is not a label map or mask. If it is a probability map, threshold it first." in done.sentence


def test_labels_on_another_grid_are_refused_with_both_shapes(radiorim, scans, altered):
    done = features(radiorim, scans, labels=altered("lesions", lambda data: data[:-2]))
    assert done.code == 3
    assert "(28, 30, 30)" in done.sentence
    assert "(30, 30, 30)" in done.sentence


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["-o", "f.tsv"], "give a BIDS data set, or --image NAME=PATH"),
        (["--image", "x.nii.gz", "--labels", "y", "-o", "f.tsv"], "--image 'x.nii.gz' is not NAME=PATH"),
        (["data", "-o", "f.csv"], "--out must end in .tsv or .parquet, not 'f.csv'."),
    ],
)
def test_extract_features_says_what_it_wants(radiorim, words, sentence):
    done = radiorim("extract-features", *words)
    assert done.code == 2
    assert done.sentence.startswith(f"radiorim: {sentence}")


def test_a_missing_extra_is_exit_code_4_with_the_pip_line(radiorim, scans, monkeypatch):
    real_module, real_import = importlib.import_module, builtins.__import__

    def module(name, *more):
        if name.split(".")[0] == "radiomics":
            raise ModuleNotFoundError("No module named 'radiomics'", name="radiomics")
        return real_module(name, *more)

    def statement(name, *more, **others):
        if name.split(".")[0] == "radiomics":
            raise ModuleNotFoundError("No module named 'radiomics'", name="radiomics")
        return real_import(name, *more, **others)

    for name in [name for name in sys.modules if name.split(".")[0] == "radiomics"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(importlib, "import_module", module)
    monkeypatch.setattr(builtins, "__import__", statement)
    done = features(radiorim, scans, "--engine", "pyradiomics")
    assert done.code == 4
    assert done.sentence.endswith("is not installed. Run: pip install 'radiorim[pyradiomics]'")


def test_demo_prepare_and_the_table_of_a_phantom(radiorim, monkeypatch, tmp_path):
    done = radiorim("demo", "demo", "--people", 1, "--spacing", 3, "--difficulty", "easy")
    assert done.code == 0
    assert "Not real anatomy." in done.out
    before = "demo/sub-01/ses-01/anat/sub-01_ses-01_FLAIR.nii.gz"
    after = "demo/sub-01/ses-02/anat/sub-01_ses-02_FLAIR.nii.gz"
    brain = "demo/derivatives/truth/sub-01/ses-02/anat/sub-01_ses-02_desc-brain_mask.nii.gz"
    done = radiorim("prepare", before, after, "--brain-mask", brain, "--spacing", 3, "-o", "prepared")
    assert done.code == 0
    assert {path.name for path in Path("prepared").iterdir()} >= {
        *("flair0.nii.gz", "flair.nii.gz", "brain.nii.gz", "quality.json", "run.json"),
        *("from-halfway_to-flair0.tfm", "from-halfway_to-flair.tfm"),
    }
    assert json.loads(Path("prepared/quality.json").read_text())["quality"]["ncc_after"] > 0.8


def test_prepare_of_a_data_set_without_pairs_is_refused(radiorim, dataset, tmp_path):
    import shutil

    single = tmp_path / "single"
    shutil.copytree(dataset / "sub-01" / "ses-02", single / "sub-01" / "ses-02")
    done = radiorim("prepare", single, "-o", "prepared")
    assert done.code == 3
    assert "has no pair of visits" in done.sentence


def test_without_a_recipe_the_model_that_comes_with_radiorim_judges_and_says_so(radiorim, scans):
    pair = (scans["flair0"], scans["flair"], "--brain-mask", scans["brain"], "--registered")
    done = radiorim("detect", *pair, "-o", "out")
    assert done.code == 0, done.err
    assert "Judged by the model that comes with radiorim" in done.err
    assert "Judged by the model that comes with radiorim" in Path("out/report.html").read_text()
    assert "enlarging)" in done.out
    table = read_table("out/candidates.tsv")
    assert set(table.change) <= {"new", "enlarging"}
    assert table.score.between(0, 1).all()
    assert len(read_table("out/new_lesions.tsv")) == table.found.sum()


def test_a_lower_threshold_calls_more_of_the_same_candidates(radiorim, scans):
    pair = (scans["flair0"], scans["flair"], "--brain-mask", scans["brain"], "--registered")
    for value, folder in ((0.9, "few"), (0.05, "many")):
        assert radiorim("detect", *pair, "--threshold", value, "-o", folder).code == 0
    few, many = (read_table(f"{folder}/candidates.tsv") for folder in ("few", "many"))
    assert few.score.equals(many.score)
    assert few.found.equals(few.score >= 0.9)
    assert many.found.equals(many.score >= 0.05)
    assert many.found.sum() > few.found.sum()


def test_a_threshold_for_rules_is_refused(radiorim, scans):
    pair = (scans["flair0"], scans["flair"])
    done = radiorim("detect", *pair, "--recipe", "subtract", "--threshold", 0.5, "-o", "out")
    assert done.code == 2
    assert "subtract has rules only" in done.sentence


def test_a_scan_against_a_copy_of_itself_has_no_new_lesion(radiorim, scans, tmp_path):
    import shutil

    copy = tmp_path / "copy_FLAIR.nii.gz"
    shutil.copy(scans["flair"], copy)
    pair = (scans["flair"], copy, "--brain-mask", scans["brain"], "--registered")
    done = radiorim("detect", *pair, "-o", "out")
    assert done.code == 0, done.err
    assert done.out.startswith("0 new lesions, 0.00 ml")


def test_what_is_new_in_one_order_of_the_visits_has_vanished_in_the_other(detect, scans):
    new = detect(scans["flair0"], scans["flair"], "--brain-mask", scans["brain"])
    assert new.out.startswith("2 new lesions")
    gone = detect(
        scans["flair"], scans["flair0"], "--brain-mask", scans["brain"], "--vanished", "--overwrite"
    )
    assert gone.code == 0, gone.err
    assert gone.out.startswith("0 new lesions")
    assert "2 lesions vanished or shrank" in gone.out
    labels = nifti.load_labels("out/vanished_lesions_dseg.nii.gz")
    table = read_table("out/vanished_lesions.tsv")
    assert sorted(set(np.unique(labels.data)) - {0}) == sorted(table.lesion)
