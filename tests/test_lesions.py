from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from radiorim.errors import DataError, UsageError
from radiorim.lesions import GEOMETRY, Lesions, components
from radiorim.volume import Volume


def volume(shape=(8, 8, 8), spacing=(1.0, 1.0, 1.0)):
    return Volume(np.zeros(shape, dtype=np.uint8), np.diag([*spacing, 1.0]))


@pytest.fixture
def touching():
    """Voxels of which 0-1 share a face, 1-2 an edge, 2-3 a corner, and 4 nothing."""
    mask = np.zeros((8, 8, 8), dtype=bool)
    for voxel in ((1, 1, 1), (1, 1, 2), (1, 2, 3), (2, 3, 4), (6, 6, 6)):
        mask[voxel] = True
    return mask


@pytest.mark.parametrize(("connectivity", "count"), [(6, 4), (18, 3), (26, 2)])
def test_connectivity_is_by_faces_edges_or_corners(touching, connectivity, count):
    labels = components(touching, connectivity)
    assert labels.max() == count
    assert labels.dtype == np.int32
    assert len(Lesions.from_mask(volume().like(touching), connectivity=connectivity)) == count


def test_another_connectivity_is_refused(touching):
    with pytest.raises(UsageError, match=r"connectivity must be one of \(6, 18, 26\), not 8"):
        components(touching, 8)


def test_the_largest_lesion_is_the_first_and_ties_go_by_place():
    mask = np.zeros((8, 8, 8), dtype=np.uint8)
    mask[0, 0, 0] = mask[2, 2, 2] = 1
    mask[4:6, 4:6, 4:6] = 9
    lesions = Lesions.from_mask(volume(spacing=(1, 1, 2)).like(mask), connectivity=26)
    assert lesions.numbers == [1, 2, 3]
    assert lesions.table["volume_mm3"].tolist() == [16.0, 2.0, 2.0]
    assert lesions.labels.data[4, 4, 4] == 1
    assert lesions.labels.data[0, 0, 0] == 2
    assert lesions.labels.data[2, 2, 2] == 3


def test_small_lesions_are_dropped_before_they_get_a_number():
    mask = np.zeros((8, 8, 8), dtype=np.uint8)
    mask[0, 0, 0] = 1
    mask[4, 4, 4:7] = 1
    lesions = Lesions.from_mask(volume().like(mask), connectivity=6, min_mm3=3.0)
    assert lesions.numbers == [1]
    assert lesions.labels.data.sum() == 3


def test_the_centre_is_in_millimetres_of_the_scanner(oblique):
    labels = np.zeros((8, 8, 8), dtype=np.int32)
    labels[2:4, 3, 5] = 4
    lesions = Lesions.from_labels(Volume(labels, oblique))
    expected = oblique @ (2.5, 3, 5, 1)
    np.testing.assert_allclose(lesions.table[["x_mm", "y_mm", "z_mm"]].to_numpy()[0], expected[:3])
    assert lesions.numbers == [4]


def test_a_lesion_of_one_voxel_has_a_row():
    labels = volume().like(np.zeros((8, 8, 8), dtype=np.int32))
    labels.data[1, 2, 3] = 1
    row = Lesions.from_labels(labels).table.iloc[0]
    assert (row.x_mm, row.y_mm, row.z_mm, row.volume_mm3) == (1, 2, 3, 1)


def test_no_lesions_are_an_empty_table_with_its_columns():
    for lesions in (
        Lesions.from_labels(volume()),
        Lesions.from_mask(volume(), connectivity=26, min_mm3=3),
        Lesions.from_mask(volume(), connectivity=6).keep(lambda t: t.volume_mm3 > 1).renumbered(),
        Lesions.from_mask(volume(), connectivity=6).with_columns(score=[]),
    ):
        assert len(lesions) == 0
        assert tuple(lesions.table.columns[:5]) == GEOMETRY
        assert lesions.table["lesion"].dtype.kind == "i"
        assert not lesions.labels.data.any()


def test_negative_labels_are_refused_by_name():
    labels = Volume(np.full((2, 2, 2), -1), np.eye(4), source="a.nii")
    with pytest.raises(DataError, match=r"a\.nii holds negative labels; 0 is background"):
        Lesions.from_labels(labels)


@pytest.mark.parametrize("value", [0.5, np.nan])
def test_labels_between_whole_numbers_are_refused(value):
    labels = Volume(np.full((2, 2, 2), value, dtype=np.float32), np.eye(4), source="a.nii")
    with pytest.raises(DataError, match=r"a\.nii holds values between whole numbers"):
        Lesions.from_labels(labels)


def test_keeping_some_leaves_their_numbers_and_clears_the_others(tiny_lesions):
    kept = tiny_lesions.keep(lambda table: table.volume_mm3 < 20)
    assert kept.numbers == [2, 5]
    assert set(np.unique(kept.labels.data)) == {0, 2, 5}
    assert tiny_lesions.numbers == [1, 2, 5]
    again = kept.keep(lambda table: table.lesion == 5)
    assert again.numbers == [5]
    assert list(again.table.index) == [0]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (lambda table: True, "one boolean for each of the 3 rows"),
        (lambda table: [True, False], "one boolean for each of the 3 rows"),
        (lambda table: table.volume_mm3.where(table.lesion > 1), "one boolean for each of the 3 rows"),
        (lambda table: pd.array([True, None, False], dtype="boolean"), "one boolean for each of the 3 rows"),
    ],
)
def test_a_rule_that_is_not_one_boolean_a_row_is_refused(tiny_lesions, rule, words):
    with pytest.raises(UsageError, match=words):
        tiny_lesions.keep(rule)


def test_columns_come_by_lesion_number_or_in_table_order(tiny_lesions):
    by_number = pd.DataFrame({"score": [0.5, 0.1]}, index=[5, 1])
    lesions = tiny_lesions.with_columns(by_number, found=[True, False, True])
    assert lesions.table["score"].iloc[[0, 2]].tolist() == [0.1, 0.5]
    assert np.isnan(lesions.table["score"].iloc[1])
    assert lesions.table["found"].tolist() == [True, False, True]
    assert "score" not in tiny_lesions.table


def test_a_column_given_again_replaces_the_old_one(tiny_lesions):
    first = tiny_lesions.with_columns(pd.DataFrame({"score": [1.0, 2.0, 3.0]}, index=[1, 2, 5]))
    second = first.with_columns(pd.DataFrame({"score": [4.0, 5.0, 6.0]}, index=[1, 2, 5]))
    assert second.table["score"].tolist() == [4.0, 5.0, 6.0]
    assert list(second.table.columns).count("score") == 1


def test_a_lesion_named_twice_in_new_columns_is_refused(tiny_lesions):
    with pytest.raises(UsageError, match="names lesion 2 twice"):
        tiny_lesions.with_columns(pd.DataFrame({"score": [1.0, 2.0]}, index=[2, 2]))


def test_renumbering_is_by_falling_volume(tiny_lesions):
    renumbered = tiny_lesions.keep(lambda table: table.lesion != 1).renumbered()
    assert renumbered.numbers == [1, 2]
    assert renumbered.labels.data[7, 7, 7] == 1
    assert renumbered.labels.data[10, 2, 2] == 2


def test_a_table_without_rows_whose_columns_have_no_type_can_be_asked_for_lesions():
    none = Lesions.from_labels(Volume(np.zeros((4, 4, 4), np.int32), np.eye(4)))
    untyped = Lesions(none.labels, none.table.astype(object)).with_columns(found=np.array([], object))
    assert untyped.keep(lambda table: table["found"]).numbers == []
