from __future__ import annotations

import numpy as np
import pytest

from radiorim.errors import UnknownName, UsageError
from radiorim.features.naming import is_feature
from radiorim.features.sets import FEATURE_SETS, feature_set
from radiorim.features.table import dictionary, feature_columns, measure

IMAGES = ("flair", "flair0", "chi")
FILTERED = ("pyradiomics-full", "qsmrim")
SOURCES = {"chi": "sub-01_space-MNI152NLin6Asym_Chimap.nii.gz"}


@pytest.fixture
def visit(scene, blobs, noise):
    """A case with two visits and a brain mask, and its lesions; none of them with `empty=True`."""

    def build(*, empty=False):
        rng = np.random.default_rng(11)
        before = noise["flair"] + rng.normal(0, 20, blobs.shape)
        case, lesions = scene(blobs * (not empty), brain=np.ones(blobs.shape), flair0=before, **noise)
        return case.with_(sources=SOURCES), lesions

    return build


def images_of(name):
    return ("chi",) if name in FILTERED else IMAGES


@pytest.mark.parametrize("name", FEATURE_SETS)
def test_undefined_values_stand_only_in_rows_that_say_so(visit, name):
    table = measure(*visit(), feature_set(name, images_of(name), masks=("brain",))).table
    features = table[feature_columns(table)]
    assert features[~table["too_small"]].notna().all(axis=None)
    assert (features[table["too_small"]].isna().any(axis=1)).all()
    assert table["lesion"].tolist() == [1, 2, 3, 4, 5, 6]
    assert not np.isinf(features).any(axis=None)


@pytest.mark.parametrize("name", FEATURE_SETS)
def test_no_lesions_give_an_empty_table_with_the_columns_that_are_explained(visit, name):
    blocks = feature_set(name, images_of(name), masks=("brain",))
    empty = measure(*visit(empty=True), blocks).table
    assert len(empty) == 0
    columns = [column for column in empty if is_feature(column)]
    assert list(dictionary(blocks, empty)) == columns == feature_columns(empty)
    assert empty.dtypes[columns].eq(float).all()
    assert empty["too_small"].dtype == bool


@pytest.mark.parametrize(
    ("name", "images", "masks", "columns"),
    [
        ("basic", ("chi",), (), 13 + 5 + 40),
        ("basic", ("chi", "flair"), ("brain",), 13 + 11 + 2 * 40),
        ("rim-layers", ("chi",), (), 34),
        ("rim-layers", ("chi", "phase"), (), 2 * 34 + 5),
        ("change", ("flair0", "flair"), (), 13 + 5 + 11),
        ("change", ("flair0", "flair", "jacobian"), ("brain",), 13 + 11 + 11 + 5),
        ("location", ("chi",), (), 5),
        ("location", ("chi",), ("brain", "ventricles", "gm"), 11 + 2 * 3),
        ("location-mni", ("chi",), (), 6),
        ("pyradiomics-original", ("chi",), (), 107),
        ("pyradiomics-original", ("chi", "flair"), (), 14 + 2 * 93),
        ("pyradiomics-full", ("chi",), (), 14 + 93 * (1 + 3 + 8)),
        ("qsmrim", ("chi",), (), 14 + 9 * (18 + 23 + 16)),
        ("aprl-44", ("phase",), (), 44),
        ("aprl", ("phase",), (), 132),
    ],
)
def test_each_set_has_as_many_columns_as_it_says(visit, name, images, masks, columns):
    case, lesions = visit(empty=True)
    everything = {image: case.image("chi") for image in images}
    case = case.with_(images=everything, masks={mask: case.mask("brain") for mask in masks} | case.masks)
    table = measure(case, lesions, feature_set(name, images, masks=masks)).table
    assert len(feature_columns(table)) == columns


def test_published_sets_have_the_size_of_the_paper_and_cite_it():
    for name, size in {"qsmrim": "527 of one", "aprl-44": "44 of", "pyradiomics-original": "107"}.items():
        assert size in FEATURE_SETS[name].columns
        assert FEATURE_SETS[name].paper.doi.startswith("10."), name
    assert all(one.summary and one.name == name for name, one in FEATURE_SETS.items())


def test_the_engine_is_passed_to_texture_and_changes_nothing_else():
    for name in FEATURE_SETS:
        fast, reference = (feature_set(name, IMAGES, engine=engine) for engine in ("fast", "pyradiomics"))
        assert [type(block) for block in fast] == [type(block) for block in reference]
        for block in reference:
            assert getattr(block, "engine", "pyradiomics") == "pyradiomics"
    assert feature_set("qsmrim", IMAGES)[0].engine == "fast"


def test_the_reference_gives_qsmrims_527_the_same_values(visit):
    pytest.importorskip("radiomics")
    case, lesions = visit()
    few = lesions.keep(lambda table: table.lesion.isin([2, 3]))
    ours, theirs = (
        measure(case, few, feature_set("qsmrim", ("chi",), engine=engine)).table.set_index("lesion")
        for engine in ("fast", "pyradiomics")
    )
    assert list(ours) == list(theirs)
    columns = feature_columns(ours)
    close = np.isclose(ours[columns], theirs[columns], rtol=1e-4, atol=1e-9, equal_nan=True)
    assert close.mean() > 0.995


def test_a_mask_that_some_cases_lack_gives_no_columns():
    names = [block.mask for block in feature_set("location", ("chi",), masks=("gm",))[1:]]
    assert names == ["gm"]
    assert len(feature_set("location", ("chi",))) == 1


def test_the_default_set_finds_a_ball_large_enough(visit):
    table = measure(*visit(), feature_set("basic", IMAGES)).table
    assert table["too_small"].tolist() == [False, False, True, True, True, True]


def test_a_misspelt_set_is_answered_with_the_nearest_name():
    with pytest.raises(UnknownName, match=r"no feature set named 'rim-layer'. Did you mean 'rim-layers'"):
        feature_set("rim-layer", ["chi"])


def test_change_without_two_visits_is_refused():
    with pytest.raises(UsageError, match=r"needs an image of two visits.*not chi, flair"):
        feature_set("change", ["chi", "flair"])
