from __future__ import annotations

import numpy as np

from radiorim import phantom
from radiorim.phantom import memory


def test_a_cohort_costs_nothing_until_it_is_looked_at(monkeypatch):
    def refuse(*_):
        raise AssertionError("a person was made")

    monkeypatch.setattr(memory, "make_person", refuse)
    assert [case.person for case in phantom.cohort(3, small=True)] == ["sub-01", "sub-02", "sub-03"]


def test_a_case_has_everything_that_recipes_ask_for():
    case = phantom.cohort(2, small=True)[0]
    flair = case.image("flair")
    assert set(case.images) == {"flair0", "flair", "t1", "chi"}
    assert all(case.image(name).same_grid(flair) for name in ("t1", "chi"))
    assert not case.image("flair0").same_grid(flair)
    assert case.mask("brain").data.dtype == bool
    truth = case.truth()
    assert truth.labels.same_grid(flair)
    assert {"status", "rim"} <= set(truth.table.columns)
    assert case.mask("lesions").data.max() > 1


def test_a_released_case_is_made_again_the_same():
    case = phantom.cohort(1, small=True, seed=3)[0]
    before = case.image("chi").data.copy()
    case.release()
    assert "chi" in case.images
    np.testing.assert_array_equal(case.image("chi").data, before)
