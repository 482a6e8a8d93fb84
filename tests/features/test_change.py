from __future__ import annotations

import numpy as np
import pytest

from radiorim.errors import DataError, UsageError
from radiorim.features.change import Change

SHAPE = (21, 21, 21)


def visits():
    """Differences of -1, 0 and 1 in equal numbers (median 0, MAD 1), and a lesion that gained 10 on top."""
    labels = np.zeros(SHAPE)
    labels[9:12, 9:12, 9:12] = 1
    before = np.full(SHAPE, 100.0)
    after = before + np.indices(SHAPE)[0] % 3 - 1 + 10 * labels
    return labels, before, after


def change_of(scene, labels, before, after, brain=None):
    brain = np.ones(SHAPE) if brain is None else brain
    case, lesions = scene(labels, brain=brain, flair0=before, flair=after)
    frame = Change()(case, lesions)
    return frame.rename(columns=lambda name: name.removeprefix("flair_change_"))


def test_a_lesion_that_brightened_has_the_hand_worked_values(scene):
    row = change_of(scene, *visits()).loc[1]
    assert row[["before_mean", "after_mean", "difference_mean"]].tolist() == [100, 110, 10]
    assert row[["difference_max", "difference_min"]].tolist() == [11, 9]
    assert row["difference_sd"] == pytest.approx(np.sqrt(2 / 3))
    assert row["ratio"] == pytest.approx(1.1)
    assert row["z"] == pytest.approx(10 / 1.4826)
    assert row["z_max"] == pytest.approx(11 / 1.4826)
    assert row["surround_difference"] == pytest.approx(0, abs=0.2)
    assert row["difference_minus_surround"] == pytest.approx(10 - row["surround_difference"])


def test_the_difference_is_judged_against_the_brain_and_not_the_air(scene):
    labels, before, after = visits()
    brain = np.zeros(SHAPE)
    brain[6:15] = 1
    after[:6] += 500
    after[15:] -= 500
    assert change_of(scene, labels, before, after, brain).loc[1, "z"] == pytest.approx(10 / 1.4826)


def test_other_lesions_are_not_the_surround(scene):
    labels, before, after = visits()
    labels[12:15, 9:12, 9:12] = 2
    after[labels == 2] += 1000
    assert abs(change_of(scene, labels, before, after).loc[1, "surround_difference"]) < 1


def test_one_file_given_twice_is_found_out(scene):
    labels, before, _ = visits()
    with pytest.raises(DataError, match=r"two visits of sub-01 differ by the same value.*given twice"):
        change_of(scene, labels, before, before)


def test_change_needs_a_brain_mask(scene):
    labels, before, after = visits()
    case, lesions = scene(labels, flair0=before, flair=after)
    with pytest.raises(DataError, match="no mask 'brain'"):
        Change()(case, lesions)


def test_a_surround_of_no_width_is_refused():
    with pytest.raises(UsageError, match="surround_mm must be positive"):
        Change(surround_mm=0)
