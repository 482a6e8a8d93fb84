"""The difference of two visits and the candidates that are cut out of it."""

from __future__ import annotations

import numpy as np
import pytest

from radiorim.case import Case
from radiorim.classic.difference import MAD_TO_SD, robust_difference, robust_z
from radiorim.classic.subtraction import Peaks, Subtraction
from radiorim.errors import DataError, UsageError
from radiorim.volume import Volume

SHAPE = (16, 16, 16)


def pair(after: np.ndarray, before: np.ndarray, brain: np.ndarray | None = None) -> Case:
    grid = np.eye(4)
    inside = np.ones(SHAPE, bool) if brain is None else brain
    return Case(
        id="sub-01",
        person="sub-01",
        images={
            "flair": Volume(after.astype(np.float32), grid),
            "flair0": Volume(before.astype(np.float32), grid),
        },
        masks={"brain": Volume(inside, grid)},
    )


def checkered() -> np.ndarray:
    """Half of the voxels -1, half +1: median 0, MAD 1."""
    return np.where(np.indices(SHAPE).sum(axis=0) % 2, 1.0, -1.0)


def test_robust_z_is_the_hand_worked_value_and_outliers_do_not_move_it():
    values = np.array([1.0, 2.0, 3.0, 4.0, 100.0])
    z = robust_z(values, np.ones(5, bool))
    np.testing.assert_allclose(z, (values - 3) / 1.4826)


def test_robust_z_is_taken_inside_the_mask_and_applied_everywhere():
    values = np.array([1.0, 2.0, 3.0, 50.0])
    np.testing.assert_allclose(robust_z(values, np.array([1, 1, 1, 0], bool))[3], 48 / 1.4826)


def test_a_constant_difference_is_refused_in_words():
    with pytest.raises(DataError, match="differ by one constant inside the brain"):
        robust_difference(pair(np.full(SHAPE, 7.0), np.full(SHAPE, 5.0)), smooth_mm=0)


def test_identical_visits_have_no_candidate():
    image = checkered()
    assert len(Subtraction(min_flair_z=-9)(pair(image, image))) == 0
    assert len(Peaks(min_flair_z=-9)(pair(image, image))) == 0


def test_an_empty_brain_mask_is_refused_with_the_name_of_the_case():
    with pytest.raises(DataError, match=r"sub-01: the brain mask is empty\. Give another"):
        Subtraction()(pair(checkered(), -checkered(), np.zeros(SHAPE, bool)))


def test_two_grids_are_refused_with_both_shapes_and_the_block_that_helps():
    case = pair(checkered(), -checkered())
    case.images["flair0"] = Volume(np.zeros((16, 16, 12), np.float32), np.eye(4))
    with pytest.raises(DataError, match=r"\(16, 16, 16\).*\(16, 16, 12\).*HalfWayPair"):
        Subtraction()(case)


def test_the_threshold_is_in_robust_sds():
    change = checkered()
    change[3, 3, 3] = 4.01 * MAD_TO_SD
    change[9, 9, 9] = 3.99 * MAD_TO_SD
    found = Subtraction(sigmas=4, smooth_mm=0, min_flair_z=-99)(pair(change, np.zeros(SHAPE)))
    assert found.labels.data[3, 3, 3] == 1
    assert found.labels.data[9, 9, 9] == 0
    assert len(found) == 1
    assert found.table.peak_sd.tolist() == pytest.approx([4.01], rel=1e-5)


def test_vanished_lesions_are_new_ones_with_the_visits_exchanged(rng):
    before, after = rng.normal(0, 1, (2, *SHAPE))
    after[2:5, 2:5, 2:5] += 20
    before[10:14, 10:14, 10:14] += 20
    for find in (Subtraction, Peaks):
        new = find(sign="new")(pair(after, before))
        mirrored = find(sign="vanished")(pair(before, after))
        assert (new.labels.data == mirrored.labels.data).all()
        assert new.labels.data[3, 3, 3] > 0
        assert new.labels.data[12, 12, 12] == 0
        gone = find(sign="vanished")(pair(after, before))
        assert gone.labels.data[12, 12, 12] > 0
        assert gone.labels.data[3, 3, 3] == 0


def test_an_unknown_sign_is_refused_with_the_known_ones():
    with pytest.raises(UsageError, match="'new', 'vanished'"):
        Subtraction(sign="old")(pair(checkered(), -checkered()))


def test_brightness_is_asked_of_the_visit_that_shows_the_lesion(rng):
    before, after = rng.normal(0, 0.1, (2, *SHAPE))
    before[2:6, 2:6, 2:6] -= 5  # a dark hole that fills up: brighter, yet not bright
    case = pair(after, before)
    assert len(Subtraction(min_flair_z=-9)(case)) == 1
    assert len(Subtraction(min_flair_z=1.0)(case)) == 0


def test_edge_mm_leaves_out_what_lies_near_the_edge_of_the_brain(rng):
    brain = np.zeros(SHAPE, bool)
    brain[2:14, 2:14, 2:14] = True
    change = rng.normal(0, 0.1, SHAPE)
    change[2, 8, 8] = change[8, 8, 8] = 5
    case = pair(change, np.zeros(SHAPE), brain)
    assert len(Subtraction(smooth_mm=0, min_flair_z=-9, sigmas=9)(case)) == 2
    inner = Subtraction(smooth_mm=0, min_flair_z=-9, sigmas=9, edge_mm=1.5)(case)
    assert inner.table[["x_mm", "y_mm", "z_mm"]].to_numpy().tolist() == [[8, 8, 8]]


def test_nothing_outside_the_brain_is_a_candidate_and_smoothing_does_not_fade_its_edge(rng):
    brain = np.zeros(SHAPE, bool)
    brain[4:12, 4:12, 4:12] = True
    noise = rng.normal(0, 1, SHAPE)
    noise[0:3] += 100
    z = robust_difference(pair(noise, np.zeros(SHAPE), brain), smooth_mm=1.0)
    assert (z.data[~brain] == 0).all()
    flat = robust_difference(pair(noise + 50, np.zeros(SHAPE), brain), smooth_mm=1.0)
    np.testing.assert_allclose(flat.data[brain], z.data[brain], atol=1e-3)
