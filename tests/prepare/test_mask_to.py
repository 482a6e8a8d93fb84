"""Masks of lesions on a coarser grid: none gets lost between its voxels, and nothing else changes."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from radiorim.case import Case, Lazy
from radiorim.classic.given import Given
from radiorim.prepare.pair import HalfWayPair
from radiorim.prepare.resample import Resample, mask_to, resample
from radiorim.volume import Volume

CHI = Volume(np.zeros((24, 24, 8), np.float32), np.diag([1.0, 1.0, 3.0, 1.0]))


def marked(values: tuple[int, ...], dtype: type = np.int32) -> Volume:
    """A block of 5 mm, then blocks of one slice that lies between two slices of 3 mm."""
    data = np.zeros((24, 24, 24), dtype)
    data[2:7, 2:7, 4:9] = values[0]
    for at, value in enumerate(values[1:]):
        data[10 + 4 * at : 12 + 4 * at, 12:14, 10] = value
    return Volume(data, np.eye(4), ("a note",), "lesions.nii")


def brought(mask: Volume) -> Volume:
    return Resample("chi")(Case("a", "a", {"chi": CHI}, {"lesions": mask})).mask("lesions")


def test_a_given_lesion_between_slices_is_kept_under_its_number():
    lesions = marked((4, 9, 2))
    moved = brought(lesions)
    assert np.unique(resample(lesions, CHI, order=0).data).tolist() == [0, 4], "nearest neighbour loses two"
    assert np.unique(moved.data).tolist() == [0, 2, 4, 9]
    assert [(moved.data == value).sum() for value in (2, 9)] == [1, 1]
    assert (moved.data.dtype, moved.notes, moved.source) == (np.int32, ("a note",), "lesions.nii")


@pytest.mark.parametrize(("value", "dtype"), [(True, bool), (255, np.uint8), (1, np.int32), (1, np.float32)])
def test_a_mask_of_one_value_keeps_its_parts_and_its_value(value, dtype):
    mask = marked((value,) * 3, dtype)
    moved, nearest = brought(mask), resample(mask, CHI, order=0)
    assert moved.data.dtype == dtype
    assert np.unique(moved.data).tolist() == [0, value]
    assert (moved.data != nearest.data).sum() == 2, "one voxel for each part that was lost"
    assert len(Given()(Case("a", "a", {}, {"lesions": moved}))) == 3


def test_an_empty_mask_and_one_that_is_there_already_stay_as_they_are():
    mask = marked((4, 9, 2))
    assert mask_to(mask, mask) is mask
    assert mask_to(mask, mask, np.eye(4)) is mask
    assert not brought(mask.like(np.zeros_like(mask.data))).data.any()


def test_a_lesion_whose_place_is_taken_is_left_out_with_a_warning(caplog):
    mask = marked((4, 9, 2))
    mask.data[:, :, 9] = 4
    with caplog.at_level(logging.WARNING, logger="radiorim"):
        moved = brought(mask)
    assert np.unique(moved.data).tolist() == [0, 4]
    assert caplog.text.rstrip().endswith("are left out: 2, 9")


def test_other_masks_go_by_nearest_neighbour_and_none_is_read_early():
    brain, read = marked((True, True, True), bool), []

    def lesions() -> Volume:
        read.append("lesions")
        return marked((4, 9, 2))

    case = Resample("chi")(Case("a", "a", {"chi": CHI}, Lazy({"brain": lambda: brain, "lesions": lesions})))
    assert read == []
    assert (case.mask("brain").data == resample(brain, CHI, order=0).data).all()


def test_the_half_way_grid_keeps_small_given_lesions_too(followup, baseline):
    data = np.zeros(followup.shape, np.int32)
    data[22:25, 40:43, 24:27] = 3
    for number in range(4, 12):  # one voxel at each corner of a cube: at most one can be hit
        i, j, k = ((number >> bit) & 1 for bit in range(3))
        data[30 + 5 * i, 40 + 5 * j, 24 + 5 * k] = number
    case = Case("a", "a", {"flair0": baseline, "flair": followup}, {"lesions": followup.like(data)})
    moved = HalfWayPair(spacing_mm=4.0, transform="rigid")(case).mask("lesions")
    assert np.unique(moved.data).tolist() == [0, 3, 4, 5, 6, 7, 8, 9, 10, 11]
