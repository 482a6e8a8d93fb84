from __future__ import annotations

import numpy as np
import pytest

from radiorim import recipes
from radiorim.case import Case, Placement
from radiorim.lesions import Lesions
from radiorim.model import Examination, Model
from radiorim.runs import detection
from radiorim.volume import Volume

FINE = Volume(np.zeros((24, 24, 24), np.float32), np.diag([1.0, 1.0, 1.0, 1.0]))
COARSE = Volume(np.zeros((6, 6, 6), np.float32), np.diag([4.0, 4.0, 4.0, 1.0]))


@pytest.fixture
def judged() -> Lesions:
    """A wide candidate over the coarse voxel (2, 2, 2), and a called lesion beside it that no voxel meets."""
    labels = np.zeros(FINE.shape, np.int32)
    labels[8, 8, 8:10], labels[9, 8, 8] = 1, 2
    return Lesions.from_labels(FINE.like(labels)).with_columns(score=[0.1, 0.9], found=[False, True])


def test_a_called_lesion_is_not_lost_to_a_candidate_that_was_not(judged, monkeypatch, tmp_path):
    case = Case("a", "a", {"flair": FINE}, placement=Placement(COARSE, np.eye(4)))
    monkeypatch.setattr(detection, "stage_case", lambda *_: None)
    monkeypatch.setattr(detection, "apply_model", lambda *_: Examination(case, judged, ()))
    found = detection.detect(Model.fit(recipes.get("subtract"), []), case, tmp_path).found
    assert found.numbers == [2]
    assert np.argwhere(found.labels.data == 2).tolist() == [[2, 2, 2]]
