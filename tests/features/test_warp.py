from __future__ import annotations

import numpy as np
import pytest

from radiorim.errors import DataError
from radiorim.features.sets import feature_set
from radiorim.features.warp import Warp


def test_growth_is_the_mean_of_the_determinant(scene):
    labels = np.zeros((6, 4, 4))
    labels[:2], labels[4:] = 1, 2
    jacobian = np.where(labels == 1, 1.25, 0.5)
    jacobian[0, 0, 0] = 2.0
    row = Warp()(*scene(labels, jacobian=jacobian)).rename(columns=lambda name: name.split("change_")[1])
    assert row.loc[1, "mean"] == pytest.approx((31 * 1.25 + 2) / 32)
    assert row.loc[1, ["min", "max"]].tolist() == [1.25, 2]
    assert row.loc[2].tolist() == pytest.approx([0.5, 0, 0.5, 0.5, np.log(0.5)])


def test_a_logarithm_of_the_determinant_is_found_out(scene):
    labels = np.ones((3, 3, 3))
    with pytest.raises(DataError, match=r"-0.2 at lesion 1.*Is it a logarithm"):
        Warp()(*scene(labels, jacobian=np.full((3, 3, 3), -0.2)))


def test_the_set_of_change_measures_the_warp_only_where_all_cases_have_it():
    without = feature_set("change", ("flair0", "flair"))
    with_it = feature_set("change", ("flair0", "flair", "jacobian"))
    assert not any(isinstance(block, Warp) for block in without)
    assert sum(isinstance(block, Warp) for block in with_it) == 1
