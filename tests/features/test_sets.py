from __future__ import annotations

import numpy as np
import pytest

from radiorim.errors import UnknownName, UsageError
from radiorim.features.naming import is_feature
from radiorim.features.sets import FEATURE_SETS, feature_set
from radiorim.features.table import dictionary, feature_columns, measure

IMAGES = ("flair", "flair0", "chi")


@pytest.fixture
def visit(scene, blobs, noise):
    """A case with two visits and a brain mask, and its lesions; none of them with `empty=True`."""

    def build(*, empty=False):
        rng = np.random.default_rng(11)
        before = noise["flair"] + rng.normal(0, 20, blobs.shape)
        return scene(blobs * (not empty), brain=np.ones(blobs.shape), flair0=before, **noise)

    return build


def needs_the_extra(name):
    if name.startswith("pyradiomics"):
        pytest.importorskip("radiomics")


@pytest.mark.parametrize("brain", [False, True])
@pytest.mark.parametrize("name", FEATURE_SETS)
def test_every_set_names_and_explains_each_of_its_columns(visit, name, brain):
    needs_the_extra(name)
    blocks = feature_set(name, IMAGES, brain=brain)
    table = measure(*visit(), blocks).table
    columns = [column for column in table if is_feature(column)]
    meanings = dictionary(blocks, table)
    assert list(meanings) == columns == feature_columns(table)
    for column, meaning in meanings.items():
        assert set(meaning) == {"description", "unit", "range", "degenerate", "reference"}, column
        assert meaning["description"], column
        assert meaning["unit"], column


@pytest.mark.parametrize("name", FEATURE_SETS)
def test_undefined_values_stand_only_in_rows_that_say_so(visit, name):
    needs_the_extra(name)
    table = measure(*visit(), feature_set(name, IMAGES, brain=True)).table
    features = table[feature_columns(table)]
    assert features[~table["too_small"]].notna().all(axis=None)
    assert (features[table["too_small"]].isna().any(axis=1)).all()
    assert table["lesion"].tolist() == [1, 2, 3, 4, 5, 6]
    assert not np.isinf(features).any(axis=None)


@pytest.mark.parametrize("name", FEATURE_SETS)
def test_no_lesions_give_an_empty_table_with_the_same_columns(visit, name):
    needs_the_extra(name)
    blocks = feature_set(name, IMAGES, brain=True)
    empty, full = measure(*visit(empty=True), blocks).table, measure(*visit(), blocks).table
    assert len(empty) == 0
    assert list(empty) == list(full)
    assert empty.dtypes[feature_columns(full)].eq(float).all()
    assert empty["too_small"].dtype == bool


def test_the_default_set_finds_a_ball_large_enough(visit):
    table = measure(*visit(), feature_set("basic", IMAGES)).table
    assert table["too_small"].tolist() == [False, False, True, True, True, True]


def test_the_reference_set_has_107_features_of_one_image():
    blocks = feature_set("pyradiomics-original", ["flair"])
    assert len(blocks[0].dictionary([*blocks[0]._known()])) == 107


def test_a_misspelt_set_is_answered_with_the_nearest_name():
    with pytest.raises(UnknownName, match=r"no feature set named 'rim-layer'. Did you mean 'rim-layers'"):
        feature_set("rim-layer", ["chi"])


def test_change_without_two_visits_is_refused():
    with pytest.raises(UsageError, match=r"needs an image of two visits.*not chi, flair"):
        feature_set("change", ["chi", "flair"])
