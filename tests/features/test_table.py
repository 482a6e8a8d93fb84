from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from radiorim.errors import DataError, UsageError
from radiorim.features.firstorder import FirstOrder
from radiorim.features.shape import Shape
from radiorim.features.table import dictionary, feature_columns, measure
from radiorim.volume import Volume


@dataclass(frozen=True)
class One:
    """A block with one column."""

    name: str
    value: float = 1.0

    def __call__(self, case, lesions):
        return pd.DataFrame({self.name: self.value}, index=lesions.numbers, dtype=float)

    def dictionary(self, names):
        return {}


def test_the_table_keeps_its_first_columns_and_gains_features(scene, blobs, noise):
    case, lesions = scene(blobs, **noise)
    table = measure(case, lesions, (Shape(), FirstOrder(("chi",)))).table
    assert list(table)[:6] == ["lesion", "volume_mm3", "x_mm", "y_mm", "z_mm", "too_small"]
    assert feature_columns(table) == list(table)[6:]
    assert len(feature_columns(table)) == 13 + 19


def test_rows_belong_to_their_lesion_whatever_the_order_of_the_table(scene, blobs, noise):
    case, lesions = scene(blobs, **noise)
    kept = measure(case, lesions.keep(lambda table: table.lesion.isin([5, 2])), (Shape(),)).table
    whole = measure(case, lesions, (Shape(),)).table.set_index("lesion")
    assert kept["lesion"].tolist() == [2, 5]
    assert (
        kept["mask_original_shape_voxel_count"].tolist()
        == whole.loc[[2, 5], "mask_original_shape_voxel_count"].tolist()
    )


def test_truth_scores_and_sizes_are_no_features():
    columns = [
        "lesion",
        "volume_mm3",
        "x_mm",
        "too_small",
        "truth",
        "score",
        "rim",
        "status",
        "case",
        "found",
    ]
    table = pd.DataFrame(columns=[*columns, "chi_original_glcm_contrast"])
    assert feature_columns(table) == ["chi_original_glcm_contrast"]


def test_a_lesion_with_an_undefined_feature_is_too_small(scene):
    case, lesions = scene(np.ones((3, 3, 3)))
    table = measure(case, lesions, (One("chi_own_shape_x", np.nan), One("chi_own_shape_y"))).table
    assert table["too_small"].tolist() == [True]


@pytest.mark.parametrize("name", ["chi_own_shape_Mean", "chi_own_mean", "shape_mean", "chi own_shape_mean"])
def test_a_badly_named_column_is_refused_with_the_rule(scene, name):
    case, lesions = scene(np.ones((3, 3, 3)))
    with pytest.raises(UsageError, match=r"One made a column .*<image>_<filter>_<class>_<feature>"):
        measure(case, lesions, (One(name),))


def test_a_column_made_twice_is_refused(scene):
    case, lesions = scene(np.ones((3, 3, 3)))
    with pytest.raises(UsageError, match="Shape measures 'mask_original_shape_voxel_volume' a second time"):
        measure(case, lesions, (Shape(), Shape()))


def test_an_image_on_another_grid_is_refused_by_name_before_anything_is_measured(scene):
    case, lesions = scene(np.ones((3, 3, 3)), chi=np.zeros((3, 3, 3)))
    images = {**case.images, "flair": Volume(np.zeros((3, 3, 4)), np.eye(4))}
    with pytest.raises(DataError, match=r"the labels of sub-01 \(3, 3, 3\) and image 'flair' \(3, 3, 4\)"):
        measure(case.with_(images=images), lesions, (One("bad name"), FirstOrder(("chi", "flair"))))


def test_a_missing_image_is_named(scene):
    case, lesions = scene(np.ones((3, 3, 3)), chi=np.zeros((3, 3, 3)))
    with pytest.raises(DataError, match=r"sub-01 has no image 't1' \(it has: chi\)"):
        measure(case, lesions, (FirstOrder(("t1",)),))


def test_a_column_that_no_block_explains_is_refused(scene):
    block = One("chi_own_shape_x")
    table = measure(*scene(np.ones((3, 3, 3))), (block,)).table
    with pytest.raises(UsageError, match="no block explains the column 'chi_own_shape_x'"):
        dictionary((block, Shape()), table)
