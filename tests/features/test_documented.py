"""Every column of every named set says its formula, unit, range, degenerate case and reference."""

from __future__ import annotations

import re

import numpy as np
import pytest

from radiorim.features.limits import limits
from radiorim.features.sets import FEATURE_SETS, feature_set
from radiorim.features.table import dictionary, feature_columns, measure
from radiorim.features.texturenames import FEATURES
from radiorim.volume import Volume

IMAGES = ("flair", "flair0", "chi", "phase", "jacobian")
MASKS = ("brain", "ventricles", "csf", "gm")
UNITS = re.compile(r"1|bit|1/mm|mm[23]?|image(\^2)?( mm3)?|level(\^2)?")
BOUNDS = re.compile(
    r"(?P<low>-?\d+) (to (?P<high>-?\d+)|or more)|above (?P<above>0)|any|\D.*|1 / n to 1|0 to log2 n"
)


@pytest.fixture(scope="module")
def visit():
    """A tiny case with every image and mask, and four lesions: two large ones, a flat one and one voxel."""
    from radiorim.case import Case
    from radiorim.lesions import Lesions

    labels = np.zeros((24, 22, 20), dtype=np.int32)
    labels[3:10, 3:10, 3:10], labels[13:20, 3:8, 3:8] = 1, 2
    labels[3:6, 14:17, 3:6], labels[20, 18, 16] = 3, 4
    rng = np.random.default_rng(3)
    affine = np.diag([1.0, 1.0, 1.2, 1.0])
    affine[:3, 3] = (-12, -20, 10)
    images = {
        name: Volume(
            rng.normal(100 if name.startswith("flair") else 0, 40, labels.shape).astype("f4"), affine
        )
        for name in IMAGES
    }
    images["jacobian"] = images["flair"].like(np.exp(rng.normal(0, 0.1, labels.shape)).astype("f4"))
    for volume in images.values():
        volume.data[labels == 3] = 7
    images["flair0"] = images["flair"].like(
        images["flair"].data + rng.normal(0, 9, labels.shape).astype("f4")
    )
    whole, part = np.ones(labels.shape, bool), np.indices(labels.shape)[0] == 11
    masks = {name: Volume(whole if name == "brain" else part, affine) for name in MASKS}
    sources = {"flair": "sub-01_space-MNI152NLin2009cAsym_FLAIR.nii.gz"}
    return Case("sub-01", "01", images, masks, sources=sources), Lesions.from_labels(Volume(labels, affine))


@pytest.fixture(scope="module", params=FEATURE_SETS)
def described(request, visit):
    """The name of a set, its table of the tiny case, and what its columns mean."""
    images = ("flair", "flair0", "jacobian") if request.param == "change" else ("chi", "phase")
    if request.param in ("pyradiomics-full", "qsmrim"):
        images = ("chi",)
    blocks = feature_set(request.param, images, masks=MASKS)
    table = measure(*visit, blocks).table
    return request.param, table, dictionary(blocks, table)


def test_every_column_says_its_formula_unit_range_and_degenerate_case(described):
    _, table, meanings = described
    assert list(meanings) == feature_columns(table)
    for column, meaning in meanings.items():
        assert set(meaning) == {"description", "unit", "range", "degenerate", "reference"}, column
        assert len(meaning["description"]) > 3, column
        assert UNITS.fullmatch(meaning["unit"]), (column, meaning["unit"])
        assert BOUNDS.fullmatch(meaning["range"]), (column, meaning["range"])
        assert meaning["degenerate"], column


def test_columns_named_as_in_the_reference_say_so(described):
    name, _, meanings = described
    named = [meaning["reference"] for column, meaning in meanings.items() if "_layers_" not in column]
    if name.startswith(("pyradiomics", "qsmrim", "aprl")):
        assert all(named)


def test_every_value_lies_in_the_range_that_its_column_claims(described):
    _, table, meanings = described
    for column, meaning in meanings.items():
        bounds = BOUNDS.fullmatch(meaning["range"]).groupdict()
        values = table[column].dropna()
        # Entropies of a flat lesion are -2e-16 in the reference.
        slack = 1e-9
        if bounds["low"]:
            assert (values >= float(bounds["low"]) - slack).all(), (column, values.tolist())
        if bounds["high"]:
            assert (values <= float(bounds["high"]) + slack).all(), (column, values.tolist())
        if bounds["above"]:
            assert (values > 0).all(), (column, values.tolist())


def test_what_is_undefined_for_one_voxel_or_anything_else_says_nan(described):
    _, table, meanings = described
    for column, meaning in meanings.items():
        if table[column].isna().any():
            assert "NaN" in meaning["degenerate"], (column, table[column].tolist())


def test_a_flat_lesion_has_the_values_that_its_columns_claim(described):
    _, table, meanings = described
    flat = table.set_index("lesion").loc[3]
    checked = 0
    for column, meaning in meanings.items():
        claim = re.search(r"(-?\d+) (?:if flat|where all values are equal)(?:;|$)", meaning["degenerate"])
        if claim and "_original_" in column:
            checked += 1
            assert flat[column] == pytest.approx(float(claim[1]), abs=1e-9), column
    assert checked or not any("glcm" in column for column in meanings)


def test_the_limits_know_each_feature_of_the_reference():
    for kind, names in FEATURES.items():
        for name in names:
            assert all(limits(kind, name).values()), (kind, name)
    assert limits("glcm", "SumAverage", one_voxel="NaN for one voxel")["degenerate"].startswith("NaN for one")
