from __future__ import annotations

import numpy as np
import pytest

from radiorim.errors import DataError
from radiorim.metrics.matching import match_labels, partner


def test_the_overlap_of_every_pair_is_listed():
    truth = np.array([[1, 1, 1, 1, 0, 2], [0, 0, 3, 3, 3, 3]])
    found = np.array([[0, 9, 9, 9, 9, 4], [0, 0, 9, 0, 5, 5]])
    table = match_labels(truth, found)
    assert table[["lesion", "partner", "overlap_voxels"]].to_numpy().tolist() == [
        [4, 2, 1],
        [5, 3, 2],
        [9, 1, 3],
        [9, 3, 1],
    ]
    row = table[(table.lesion == 9) & (table.partner == 1)].iloc[0]
    assert (row.share_of_found, row.share_of_truth, row.iou) == (3 / 5, 3 / 4, 3 / 6)


def test_truth_is_carried_by_overlap_and_never_by_number():
    truth, found = np.array([1, 1, 2, 2, 0]), np.array([2, 2, 1, 0, 3])
    assert partner(truth, found).to_dict() == {1: 2, 2: 1, 3: 0}


def test_ties_go_to_the_smaller_label():
    assert partner([5, 3], [1, 1]).to_dict() == {1: 3}


def test_empty_sides_give_empty_tables():
    nothing = np.zeros((3, 3, 3), dtype=int)
    assert match_labels(nothing, nothing).empty
    assert partner(nothing, nothing).empty
    assert partner(nothing, nothing + 1).to_dict() == {1: 0}
    assert match_labels(nothing + 1, nothing).empty


def test_label_images_are_whole_numbers_on_one_grid():
    with pytest.raises(DataError, match="one grid"):
        match_labels([1], [1, 2])
    with pytest.raises(DataError, match="whole numbers"):
        match_labels([0.5], [1])
