"""Pairs as no one would want them: each ends in the right transform, or in a refusal that says why."""

from __future__ import annotations

import numpy as np
import pytest

from radiorim.case import Case
from radiorim.errors import DataError
from radiorim.prepare._remarks import remarks
from radiorim.prepare._run import require_no_gap
from radiorim.prepare.bias import n4
from radiorim.prepare.pair import HalfWayPair
from radiorim.prepare.register import Register, Registration
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


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda data: data[::-1], "with left and right exchanged"),
        (lambda data: data[::-1, ::-1], "with left and right, and front and back exchanged"),
        (lambda data: data[:, :, ::-1], "with top and bottom exchanged"),
    ],
)
def test_a_header_with_wrong_axes_is_refused_and_says_which(followup, baseline, brain, spoil, words):
    spoiled = Volume(spoil(baseline.data), baseline.affine, source="first.nii.gz")
    with pytest.raises(DataError, match=f"first.nii.gz fits the follow-up far better {words}"):
        registered(followup, spoiled, brain)


def test_axes_in_another_order_are_named_too(followup, brain):
    turned = Volume(followup.data.transpose(1, 0, 2), followup.affine)
    with pytest.raises(DataError, match="far better with the axes in another order and mirrored"):
        registered(followup, turned, brain)


def test_right_axes_are_not_blamed_for_a_poor_fit(followup, brain):
    noisy = followup.data + np.random.default_rng(5).normal(0, 25, followup.shape)
    found = registered(followup, followup.like(noisy.astype(np.float32)), brain)
    assert found.ncc_after < 0.9
    assert far_mm(brain, found.matrix, np.eye(4)) < 1


def test_a_pair_with_empty_slices_is_refused_before_any_work_with_their_number(followup, brain):
    data = followup.data.copy()
    data[:, :, 20:23] = 0
    case = Case("a", "a", {"flair0": followup.like(data), "flair": followup}, {"brain": brain})
    with pytest.raises(
        DataError, match=r"flair0 has 3 empty slices inside the head .* number 20, .* third axis"
    ):
        HalfWayPair()(case)


def test_empty_slices_round_a_stripped_brain_are_no_gap_even_with_stray_voxels(followup, brain):
    data = np.where(brain.data, followup.data, 0)
    data[2, 2, 1] = data.max()
    stripped = followup.like(data)
    assert require_no_gap(stripped, "flair") is stripped


@pytest.mark.parametrize(("ncc", "told"), [(0.85, True), (0.95, False)])
def test_a_pair_that_agrees_less_than_visits_do_is_told_with_the_figure(followup, ncc, told):
    raw = {"flair0": followup, "flair": followup}
    notes = remarks(raw, dict.fromkeys(raw), Registration(np.eye(4), ncc, ncc, np.zeros(3)))
    assert any(f"correlate with {ncc:.2f}" in note for note in notes) is told


def test_what_only_one_visit_covers_is_told_whichever_it_is(followup, brain):
    low = part(followup, 2, slice(0, 26))
    masks = {"flair0": brain, "flair": part(brain, 2, slice(0, 26))}
    found = Registration(np.eye(4), 0.9, 0.9, np.zeros(3), 1.0)
    (note,) = (n for n in remarks({"flair0": followup, "flair": low}, masks, found) if "covers" in n)
    assert note.startswith("The follow-up covers 5")
    half = Registration(np.eye(4), 0.9, 0.9, np.zeros(3), 0.55)
    notes = remarks({"flair0": low, "flair": followup}, {"flair0": None, "flair": brain}, half)
    assert any(note.startswith("The baseline covers 55 % of the follow-up's brain") for note in notes)


def test_the_same_scan_twice_leaves_no_difference_in_the_prepared_pair(followup, brain):
    case = Case("a", "a", {"flair0": followup, "flair": followup}, {"brain": brain})
    done = HalfWayPair(n4=False, spacing_mm=3.0)(case)
    change = done.image("flair").data - done.image("flair0").data
    assert np.abs(change[done.mask("brain").data]).max() < 1e-4
    assert any("one scan was given twice" in note for note in done.notes)
