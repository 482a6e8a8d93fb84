from __future__ import annotations

import numpy as np
import pytest

from radiorim.blocks import build
from radiorim.case import Case
from radiorim.errors import UnknownName, UsageError
from radiorim.prepare.bias import N4, n4
from radiorim.prepare.presets import PRESETS, preset
from radiorim.recipe import describe


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_preset_is_data_that_json_can_carry(name):
    assert build(describe(PRESETS[name])) == PRESETS[name]


def test_each_preset_corrects_bias_once_and_by_its_tools_numbers():
    assert all(isinstance(steps[0], N4) and not steps[1].n4 for steps in PRESETS.values())
    assert preset("anima")[0].iterations == (50, 40, 30)
    assert preset("anima")[0].fwhm == 0.3
    assert preset("ucl")[0].fwhm == 0.05
    assert preset("ucl")[1].differential_bias
    assert sum(preset("snac")[0].iterations) == 1200


def test_an_unknown_preset_offers_the_nearest():
    with pytest.raises(UnknownName, match="Did you mean 'anima'"):
        preset("animal")


def test_the_step_corrects_each_image_as_the_function_does(followup):
    quick = N4(iterations=(5, 5), tolerance=1e-2)
    done = quick(Case("a", "a", {"flair0": followup, "flair": followup}))
    alone = n4(followup, settings=quick)
    assert np.array_equal(done.image("flair0").data, alone.data)
    assert not np.array_equal(alone.data, n4(followup, settings=N4(iterations=(5,), fwhm=0.5)).data)


def test_n4_without_iterations_is_a_usage_error():
    with pytest.raises(UsageError, match="iterations must hold a number above 0"):
        N4(iterations=())
