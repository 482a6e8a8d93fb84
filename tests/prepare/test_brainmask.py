from __future__ import annotations

import numpy as np
import pytest

from radiorim.case import Case
from radiorim.errors import DataError
from radiorim.prepare.brainmask import BrainMask


def test_a_case_without_a_brain_mask_gets_one_made_of_its_flair_and_says_so(heads, followup):
    lesions = followup.like(np.ones(followup.shape, np.uint8))
    case = BrainMask()(Case("a", "a", {"flair": followup}, {"lesions": lesions}))
    made, true = case.mask("brain").data, heads.brain(followup).data
    assert 2 * (made & true).sum() / (made.sum() + true.sum()) > 0.9
    assert case.mask("lesions").data is lesions.data
    assert "no brain mask was given: one was made from flair." in case.notes


def test_a_given_brain_mask_is_kept(heads, followup):
    case = Case("a", "a", {"flair": followup}, {"brain": heads.brain(followup)})
    assert BrainMask()(case) is case


def test_a_missing_image_is_named():
    with pytest.raises(DataError, match="a has no image 't1'"):
        BrainMask(image="t1")(Case("a", "a", {}))
