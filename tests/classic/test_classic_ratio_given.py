"""Candidates from a ratio, and lesions that somebody else has outlined."""

from __future__ import annotations

import numpy as np
import pytest

from radiorim.case import Case
from radiorim.classic.given import Given
from radiorim.classic.ratio import Ratio, ball
from radiorim.errors import DataError, UsageError
from radiorim.volume import Volume

SHAPE = (14, 14, 14)


def pair(after: np.ndarray, before: np.ndarray) -> Case:
    volume = Volume(np.ones(SHAPE, bool), np.eye(4))
    images = {
        "flair": volume.like(after.astype(np.float32)),
        "flair0": volume.like(before.astype(np.float32)),
    }
    return Case(id="sub-01", person="sub-01", images=images, masks={"brain": volume})


def outlined(data: np.ndarray) -> Case:
    return Case(id="sub-01", person="sub-01", images={}, masks={"lesions": Volume(data, np.eye(4))})


def test_opening_removes_a_sheet_of_one_voxel_and_keeps_a_block():
    after = np.full(SHAPE, 100.0)
    after[2] = 150
    after[6:11, 6:11, 6:11] = 130
    found = Ratio(opening_mm=1.0)(pair(after, np.full(SHAPE, 100.0)))
    assert len(found) == 1
    assert not found.labels.data[2].any()
    assert found.labels.data[8, 8, 8] == 1
    assert found.table.peak_ratio.tolist() == pytest.approx([1.3])
    assert len(Ratio(opening_mm=0)(pair(after, np.full(SHAPE, 100.0)))) == 2


def test_the_threshold_is_a_ratio_and_vanished_is_its_inverse():
    after, before = np.full(SHAPE, 100.0), np.full(SHAPE, 100.0)
    after[3, 3, 3], after[9, 9, 9], before[6, 6, 6] = 116, 114, 116
    new = Ratio(threshold=1.15, opening_mm=0)(pair(after, before))
    gone = Ratio(threshold=1.15, opening_mm=0, sign="vanished")(pair(after, before))
    assert np.argwhere(new.labels.data).tolist() == [[3, 3, 3]]
    assert np.argwhere(gone.labels.data).tolist() == [[6, 6, 6]]
    with pytest.raises(UsageError, match="sign must be one of"):
        Ratio(sign="both")(pair(after, before))


@pytest.mark.parametrize("shift", [0.0, 0.3], ids=["median zero", "dark tail, so the median is above zero"])
def test_z_scored_images_are_refused_in_words(rng, shift):
    after, before = rng.normal(shift, 1, (2, *SHAPE))
    with pytest.raises(DataError, match=r"a ratio needs positive intensities.*z-score"):
        Ratio()(pair(after, before))


def test_a_ball_has_a_radius_in_mm_on_any_spacing():
    assert ball(1.0, (1, 1, 1)).sum() == 7
    assert ball(1.0, (0.5, 1, 3)).shape == (5, 3, 1)


def test_a_label_map_keeps_its_numbers_and_a_mask_is_split():
    labels = np.zeros(SHAPE, np.int32)
    labels[1:3, 1:3, 1:3], labels[8:11, 8:11, 8:11] = 7, 4
    assert Given()(outlined(labels)).numbers == [4, 7]
    for one in (1, 255):
        assert Given()(outlined(np.where(labels > 0, one, 0).astype(np.uint8))).numbers == [1, 2]
    assert Given()(outlined(labels > 0)).table.volume_mm3.tolist() == [27, 8]


def test_the_only_lesion_of_a_label_map_keeps_its_number():
    labels = np.zeros(SHAPE, np.int32)
    labels[1:3, 1:3, 1:3] = 7
    assert Given()(outlined(labels)).numbers == [7]


def test_the_connectivity_decides_what_a_mask_falls_into():
    mask = np.zeros(SHAPE, bool)
    mask[2, 2, 2] = mask[3, 3, 3] = True
    assert len(Given(connectivity=26)(outlined(mask))) == 1
    assert len(Given(connectivity=18)(outlined(mask))) == 2


def test_an_empty_mask_gives_an_empty_table_and_no_mask_an_error():
    assert len(Given()(outlined(np.zeros(SHAPE, np.uint8)))) == 0
    with pytest.raises(DataError, match=r"sub-01 has no mask 'lesions' \(it has: no mask\)"):
        Given()(Case(id="sub-01", person="sub-01", images={}))
