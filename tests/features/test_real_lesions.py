"""The two real patients beside the checkout: every lesion has its row, and nothing is undefined unsaid."""

from __future__ import annotations

import numpy as np
import pytest

from radiorim.case import Case
from radiorim.errors import DataError
from radiorim.features.firstorder import FirstOrder
from radiorim.features.place import MniPlace
from radiorim.features.sets import feature_set
from radiorim.features.table import feature_columns, measure
from radiorim.features.texture import Texture
from radiorim.io.nifti import load, load_mask
from radiorim.lesions import Lesions, components


@pytest.fixture(scope="module")
def patient(shared):
    folder = shared / "data" / "ljubljana" / "cross_sectional_mni" / "patient26"
    case = Case(
        "patient26", "26", {name.lower(): load(folder / f"{name}.nii.gz") for name in ("FLAIR", "T1")}
    )
    mask = load_mask(folder / "lesions.nii.gz")
    return case, mask, Lesions.from_mask(mask, connectivity=26)


def test_every_lesion_of_a_real_scan_has_a_row_without_silent_gaps(patient):
    case, mask, lesions = patient
    table = measure(case, lesions, feature_set("basic", ("flair", "t1"))).table
    features = table[feature_columns(table)]
    assert len(table) == components(mask.data != 0, 26).max()
    assert features[~table["too_small"]].notna().all(axis=None)
    assert not np.isinf(features).any(axis=None)
    assert 0 < table["too_small"].sum() < len(table)


def test_first_order_agrees_with_pyradiomics_on_real_lesions(patient):
    pytest.importorskip("radiomics")
    case, _, lesions = patient
    theirs = Texture(("flair",), engine="pyradiomics", classes=("firstorder",))(case, lesions)
    ours = FirstOrder(("flair",), bin_width=25.0)(case, lesions)
    several = theirs.index[theirs.notna().any(axis=1)]
    np.testing.assert_allclose(ours.loc[several, theirs.columns], theirs.loc[several], rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("name", ["rim-layers", "aprl", "location"])
def test_the_larger_sets_leave_no_silent_gap_in_a_real_scan(patient, name):
    case, _, lesions = patient
    table = measure(case, lesions, feature_set(name, ("flair", "t1"))).table
    features = table[feature_columns(table)]
    assert features[~table["too_small"]].notna().all(axis=None)
    assert not np.isinf(features).any(axis=None)
    assert table["too_small"].sum() < len(table)


def test_lesions_of_a_scan_in_mni_space_lie_where_ms_lesions_lie(patient):
    case, _, lesions = patient
    with pytest.raises(DataError, match="does not say that it lies in MNI space"):
        MniPlace()(case, lesions)
    place = MniPlace(declared=True)(case, lesions)
    volume = lesions.table["volume_mm3"].to_numpy()
    # Periventricular white matter holds most of the lesion load.
    near = place["mask_location_mni_ventricles_mm"].to_numpy() < 20
    assert volume[near].sum() > volume.sum() / 2
    assert place["mask_location_mni_lateral_mm"].max() < 75
