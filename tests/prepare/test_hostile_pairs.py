"""Pairs as no one would want them: each ends in the right transform, or in a refusal that says why."""

from __future__ import annotations

import numpy as np
import pytest

from radiorim.case import Case
from radiorim.errors import DataError
from radiorim.prepare.bias import n4
from radiorim.prepare.pair import HalfWayPair
from radiorim.prepare.register import Register
from radiorim.volume import Volume

QUICK = Register("rigid", coarse_mm=6.0, fine_mm=4.0)


@pytest.fixture(scope="module")
def brain(heads, followup):
    return heads.brain(followup)


@pytest.fixture
def pair(followup, baseline, motion):
    return followup, baseline, motion


def far_mm(brain, found, right):
    """Mean distance in the brain between two transforms."""
    points = brain.to_mm(np.argwhere(brain.data)[::97])
    ends = [points @ m[:3, :3].T + m[:3, 3] for m in (found, right)]
    return float(np.linalg.norm(ends[0] - ends[1], axis=1).mean())


def registered(followup, baseline, brain):
    return QUICK(followup, baseline, fixed_mask=brain)


def placed(scan, matrix):
    return Volume(scan.data, matrix @ scan.affine)


def part(scan, axis, keep):
    box = tuple(keep if a == axis else slice(None) for a in range(3))
    affine = scan.affine.copy()
    affine[:3, 3] += affine[:3, axis] * (keep.start or 0)
    return Volume(scan.data[box], affine)


@pytest.mark.parametrize("degrees", [(30.0, 0, 0), (0, 0, 30.0)])
def test_a_head_turned_by_30_degrees_is_found(heads, pair, brain, degrees):
    followup, baseline, motion = pair
    turn = heads.motion(degrees, (0, 0, 0))
    found = registered(followup, placed(baseline, turn), brain)
    assert far_mm(brain, found.matrix, turn @ motion) < 1


def test_a_head_shifted_by_40_mm_on_every_axis_is_found(heads, followup, baseline, brain, motion):
    shift = heads.motion((0, 0, 0), (40, -40, 40))
    found = registered(followup, placed(baseline, shift), brain)
    assert far_mm(brain, found.matrix, shift @ motion) < 1


@pytest.mark.parametrize(("axis", "keep"), [(0, slice(0, 34)), (2, slice(16, None))])
def test_a_cropped_head_is_registered_by_what_is_left_and_says_how_much(pair, brain, axis, keep):
    followup, baseline, motion = pair
    found = registered(followup, part(baseline, axis, keep), brain)
    assert far_mm(brain, found.matrix, motion) < 1
    assert 0.4 < found.overlap < 0.85


def test_another_gain_does_not_move_the_result(followup, baseline, brain, motion):
    bent = baseline.like((20 * np.sqrt(np.maximum(baseline.data, 0)) + 300).astype(np.float32))
    assert far_mm(brain, registered(followup, bent, brain).matrix, motion) < 1.5


def test_empty_slices_in_the_middle_of_the_brain_are_refused_with_the_figure(followup, baseline, brain):
    data = baseline.data.copy()
    data[:, :, 18:21] = 0
    with pytest.raises(DataError, match=r"correlation in the brain 0\.\d\d, 0\.70 is needed"):
        registered(followup, baseline.like(data), brain)


def test_a_strong_bias_is_no_trouble_after_n4(followup, baseline, brain, motion):
    slope = np.exp(0.5 * np.linspace(-1, 1, baseline.shape[0]))[:, None, None]
    biased = n4(baseline.like((baseline.data * slope).astype(np.float32)))
    assert far_mm(brain, registered(n4(followup), biased, brain).matrix, motion) < 1


def test_thin_and_thick_slices_are_registered(heads, brain, followup, motion):
    shape = (70, 84, 24)
    thick = heads.scan(heads.affine((2.2, 2.2, 7.0), shape), shape, np.linalg.inv(motion))
    assert far_mm(brain, registered(followup, thick, brain).matrix, motion) < 1


def test_the_same_scan_twice_stays_where_it_is(followup, brain):
    found = registered(followup, followup, brain)
    assert np.abs(found.matrix - np.eye(4)).max() < 1e-6
    assert found.overlap > 0.98


def test_scans_that_share_too_little_of_the_brain_are_refused_with_the_share(followup, baseline, brain):
    with pytest.raises(DataError, match=r"share \d+ % of the brain|could not be registered"):
        registered(followup, part(baseline, 2, slice(33, None)), brain)


def test_a_mirrored_header_is_refused_and_the_orientation_is_named(followup, baseline, brain):
    mirrored = Volume(baseline.data[::-1], baseline.affine)
    with pytest.raises(DataError, match="orientation in both headers is right"):
        Register("rigid", coarse_mm=6.0, fine_mm=4.0, min_ncc=0.97)(followup, mirrored, fixed_mask=brain)


def test_the_same_scan_twice_leaves_no_difference_in_the_prepared_pair(followup, brain):
    case = Case("a", "a", {"flair0": followup, "flair": followup}, {"brain": brain})
    done = HalfWayPair(n4=False, spacing_mm=3.0)(case)
    change = done.image("flair").data - done.image("flair0").data
    assert np.abs(change[done.mask("brain").data]).max() < 1e-4
