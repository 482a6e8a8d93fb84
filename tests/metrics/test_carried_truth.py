from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from radiorim.errors import DataError
from radiorim.lesions import Lesions
from radiorim.metrics.truth import answers, new_truth, rim_truth
from radiorim.volume import Volume


def lesions(*rows: tuple[int, int, int]) -> Lesions:
    """Lesions along a line of 20 voxels: (number, first voxel, last voxel)."""
    line = np.zeros((20, 1, 1), np.int32)
    for number, first, last in rows:
        line[first : last + 1] = number
    return Lesions.from_labels(Volume(line, np.eye(4)))


def with_(found: Lesions, **columns: list) -> Lesions:
    return found.with_columns(pd.DataFrame(columns, index=found.numbers))


def test_a_lesion_takes_the_rim_of_the_true_lesion_it_shares_most_voxels_with_whatever_their_numbers():
    truth = with_(lesions((1, 0, 5), (2, 6, 9)), rim=[0, 1])
    assert rim_truth(truth, lesions((7, 5, 9))).tolist() == [1.0]


def test_a_lesion_without_a_true_partner_or_with_an_ambiguous_one_is_unknown():
    truth = with_(lesions((1, 0, 3), (2, 6, 9)), rim=[1, 0], ambiguous=[0, 1])
    carried = rim_truth(truth, lesions((1, 0, 3), (2, 6, 9), (3, 15, 17)))
    assert carried[0] == 1
    assert np.isnan(carried[1:]).all()


def test_without_a_rim_column_every_rim_is_unknown():
    assert np.isnan(rim_truth(lesions((1, 0, 3)), lesions((1, 0, 3)))).all()


@pytest.mark.parametrize(("last", "expected"), [(0, 1.0), (9, 1.0)])
def test_a_tenth_of_either_is_enough_to_be_new(last: int, expected: float):
    truth = with_(lesions((1, 0, 9)), status=["new"])
    assert new_truth(truth, lesions((4, 0, last))).tolist() == [expected]


def test_a_brush_of_less_than_a_tenth_of_both_is_not_new():
    line = np.zeros((40, 1, 1), np.int32)
    line[:19] = 1
    truth = with_(Lesions.from_labels(Volume(line, np.eye(4))), status=["new"])
    other = np.zeros_like(line)
    other[18:38] = 3
    assert new_truth(truth, Lesions.from_labels(Volume(other, np.eye(4)))).tolist() == [0.0]


def test_stable_lesions_are_not_new():
    truth = with_(lesions((1, 0, 9)), status=["stable"])
    assert new_truth(truth, lesions((1, 0, 9))).tolist() == [0.0]


@pytest.mark.parametrize(
    ("rim", "wrong"), [(["yes", "no"], "yes"), ([1, 0.8], "0.8"), ([0, 2], "2"), ([None, "maybe"], "maybe")]
)
def test_a_rim_that_is_neither_1_nor_0_nor_missing_is_refused_by_name(rim, wrong):
    truth = with_(lesions((1, 0, 5), (2, 6, 9)), rim=rim)
    with pytest.raises(
        DataError, match=rf"the column 'rim' holds '{wrong}'; only 1 \(yes\), 0 \(no\) and n/a"
    ):
        rim_truth(truth, truth)


@pytest.mark.parametrize(
    "values",
    [
        [1.0, 0.0, np.nan],
        pd.array([True, False, None], dtype="boolean"),
        pd.array(["1", "0", None], dtype="str"),
        np.array([True, False, None], dtype=object),
    ],
)
def test_an_answer_is_1_or_0_or_missing_whatever_its_type(values):
    np.testing.assert_array_equal(answers(pd.DataFrame({"rim": values}), "rim"), [1, 0, np.nan])
