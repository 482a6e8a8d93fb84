"""The called lesions on the scan's own grid: those that were found, and all of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from radiorim.case import Case, Placement
from radiorim.lesions import Lesions
from radiorim.model import Examination
from radiorim.runs.masks import called
from radiorim.runs.stage import write_examination
from radiorim.volume import Volume


@pytest.fixture
def two(tmp_path) -> Case:
    """A staged case with candidates 1 and 2, neighbours of a voxel each, that share one of the scan's own."""
    labels = np.zeros((12, 12, 12), np.int32)
    labels[4, 4, 3], labels[5, 4, 3] = 1, 2
    lesions = Lesions.from_labels(Volume(labels, np.eye(4)))
    thick = np.diag([4.0, 4.0, 8.0, 1.0])
    thick[2, 3] = 1
    case = Case("sub-01", "sub-01", {}, placement=Placement(Volume(np.zeros((3, 3, 2)), thick), np.eye(4)))
    write_examination(Examination(case, lesions), tmp_path / case.id, "key")
    return replace(case, placement=None)


def judged(lesions: list[int], found: list[bool]) -> pd.DataFrame:
    return pd.DataFrame({"case": "sub-01", "lesion": lesions, "found": found, "score": 0.5})


def test_a_candidate_that_was_not_found_takes_no_voxel_of_one_that_was(two, tmp_path):
    assert called(two, judged([1, 2], [False, True]), tmp_path).numbers == [2]
    assert called(two, judged([1, 2], [True, False]), tmp_path).numbers == [1]
    lesions = called(two, judged([1, 2], [False, True]), tmp_path)
    assert lesions.labels.shape == (3, 3, 2)
    assert lesions.table.volume_mm3.tolist() == [128.0]
    assert list(lesions.table) == ["lesion", "volume_mm3", "x_mm", "y_mm", "z_mm", "score", "found"]


def test_a_candidate_without_a_row_was_not_found(two, tmp_path):
    assert called(two, judged([1], [True]), tmp_path).numbers == [1]
    assert called(two, judged([2], [True]), tmp_path).numbers == [2]
    assert called(two, judged([], []), tmp_path).numbers == []
