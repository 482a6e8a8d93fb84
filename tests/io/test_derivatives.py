from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from radiorim.errors import UsageError
from radiorim.io.bids import read_dataset
from radiorim.io.derivatives import Derivative, write_derivative
from radiorim.io.entities import entity_value, natural
from radiorim.io.nifti import load_labels, load_mask
from radiorim.recipe import Paper, Recipe

RECIPE = Recipe(name="subtract-boost", task="new-lesion", needs=("flair",), paper=Paper("t"), find=None)


@pytest.fixture
def derivative(write_nifti, tmp_path, tiny_labels):
    for session in ("ses-01", "ses-02"):
        path = f"ds/sub-01/{session}/anat/sub-01_{session}_FLAIR.nii.gz"
        write_nifti(path, np.ones(tiny_labels.shape, dtype=np.float32), tiny_labels.affine)
    return Derivative(tmp_path / "ds/derivatives/radiorim-subtract-boost", RECIPE, tmp_path / "ds")


def test_the_lesions_are_where_bids_says(derivative, tiny_lesions):
    (case,) = read_dataset(derivative.dataset)
    lesions = tiny_lesions.with_columns(score=[0.1, 0.2, 0.3])
    written = write_derivative(derivative, case, lesions, provenance={"seed": 1})
    stem = derivative.root / "sub-01/ses-02/anat/sub-01_ses-02_"
    assert {key: path.name.removeprefix(stem.name) for key, path in written.items()} == {
        "labels": "seg-subtractboost_desc-lesions_dseg.nii.gz",
        "table": "seg-subtractboost_desc-lesions_dseg.tsv",
        "sidecar": "seg-subtractboost_desc-lesions_dseg.json",
        "mask": "label-L_desc-new_mask.nii.gz",
        "mask_sidecar": "label-L_desc-new_mask.json",
    }
    assert all(path.parent == stem.parent and path.exists() for path in written.values())
    np.testing.assert_array_equal(load_labels(written["labels"]).data, tiny_lesions.labels.data)
    np.testing.assert_array_equal(load_mask(written["mask"]).data, tiny_lesions.labels.data > 0)
    table = pd.read_csv(written["table"], sep="\t")
    assert list(table.columns[:3]) == ["index", "name", "volume_mm3"]
    assert table["index"].tolist() == [1, 2, 5]
    assert table["score"].tolist() == [0.1, 0.2, 0.3]


def test_the_sidecar_names_both_visits_and_how_it_was_made(derivative, tiny_lesions):
    (case,) = read_dataset(derivative.dataset)
    columns = {"score": {"Description": "how sure"}}
    written = write_derivative(derivative, case, tiny_lesions, provenance={"seed": 1}, columns=columns)
    sidecar = json.loads(written["sidecar"].read_text())
    assert sidecar["Type"] == "Lesion"
    assert sidecar["Sources"] == [
        f"bids:raw:sub-01/{session}/anat/sub-01_{session}_FLAIR.nii.gz" for session in ("ses-01", "ses-02")
    ]
    assert sidecar["radiorim"] == {"seed": 1}
    assert sidecar["score"] == {"Description": "how sure"}
    assert sidecar["volume_mm3"]["Units"] == "mm3"
    mask = json.loads(written["mask_sidecar"].read_text())
    assert set(mask) == {"Type", "Sources", "radiorim"}


def test_the_description_links_the_data_set_it_came_from(derivative, tiny_lesions):
    (case,) = read_dataset(derivative.dataset)
    write_derivative(derivative, case, tiny_lesions, provenance={})
    description = json.loads((derivative.root / "dataset_description.json").read_text())
    assert description["DatasetType"] == "derivative"
    assert description["DatasetLinks"] == {"raw": "../.."}
    assert description["GeneratedBy"][0]["Name"] == "radiorim"
    assert RECIPE.digest in description["GeneratedBy"][0]["Description"]


def test_what_was_written_is_read_back_when_chosen(derivative, tiny_lesions):
    (case,) = read_dataset(derivative.dataset)
    write_derivative(derivative, case, tiny_lesions, provenance={})
    assert "lesions" not in read_dataset(derivative.dataset)[0].masks
    (again,) = read_dataset(derivative.dataset, choose={"lesions": "radiorim-subtract-boost"})
    np.testing.assert_array_equal(again.mask("lesions").data, tiny_lesions.labels.data)


def test_no_lesions_are_written_too(derivative, tiny_lesions):
    (case,) = read_dataset(derivative.dataset)
    empty = tiny_lesions.keep(lambda table: table.volume_mm3 > 1e9)
    written = write_derivative(derivative, case, empty, provenance={})
    assert not load_mask(written["mask"]).data.any()
    assert written["table"].read_text() == "index\tname\tvolume_mm3\tx_mm\ty_mm\tz_mm\n"


def test_writing_twice_gives_the_same_bytes(derivative, tiny_lesions):
    (case,) = read_dataset(derivative.dataset)

    def written():
        files = write_derivative(derivative, case, tiny_lesions, provenance={"seed": 1})
        return {key: path.read_bytes() for key, path in files.items()}

    assert written() == written()


def test_a_rim_recipe_writes_no_mask_of_new_lesions(derivative, tiny_lesions):
    (case,) = read_dataset(derivative.dataset)
    rim = Derivative(
        derivative.root,
        Recipe(name="r", task="rim", needs=(), paper=Paper("t"), find=None),
        derivative.dataset,
    )
    assert set(write_derivative(rim, case, tiny_lesions, provenance={})) == {"labels", "table", "sidecar"}


@pytest.mark.parametrize("name", ["patient01", "sub-02_ses-01", "sub-01_run-1", "sub-01/../x"])
def test_a_case_that_is_not_from_bids_is_refused(derivative, tiny_lesions, name):
    (case,) = read_dataset(derivative.dataset)
    with pytest.raises(UsageError, match=r"is not sub-XX or sub-XX_ses-YY"):
        write_derivative(derivative, case.with_(id=name), tiny_lesions, provenance={})


def test_names_become_what_bids_allows():
    assert entity_value("rim-radiomics_boost 2") == "rimradiomicsboost2"


def test_numbers_in_names_sort_as_numbers():
    assert natural(["ses-10", "ses-2", "ses-m6", "ses-1"]) == ["ses-1", "ses-2", "ses-10", "ses-m6"]
