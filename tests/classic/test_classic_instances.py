"""Peaks grown to a share of their own height, voxel by voxel."""

from __future__ import annotations

import numpy as np
import pytest

from radiorim.classic.instances import grow_peaks, joined
from radiorim.volume import Volume


def line(*values: float) -> Volume:
    """Values along the first axis in the middle of an empty box."""
    data = np.zeros((len(values) + 2, 5, 5), np.float32)
    data[1:-1, 2, 2] = values
    return Volume(data, np.eye(4))


def along(labels: Volume) -> list[int]:
    return labels.data[1:-1, 2, 2].tolist()


def test_a_strong_and_a_faint_blob_each_keep_their_own_half_height():
    grown = grow_peaks(line(2, 6, 10, 6, 2, 0, 0, 1.5, 3, 4, 3, 1.5), floor=3.5, height=0.5)
    assert along(grown) == [0, 1, 1, 1, 0, 0, 0, 0, 2, 2, 2, 0]


def test_blobs_that_touch_are_divided_and_every_voxel_has_one_owner():
    grown = grow_peaks(line(10, 8, 6, 5, 3, 4, 6, 8, 6, 4), floor=3, height=0.3)
    owners = along(grown)
    assert owners[:4] == [1, 1, 1, 1]
    assert owners[5:] == [2, 2, 2, 2, 2]
    assert owners[4] in (1, 2)


def test_what_is_cut_off_from_its_peak_by_a_valley_is_removed():
    assert along(grow_peaks(line(10, 4, 6, 0), floor=7, height=0.5)) == [1, 0, 0, 0]
    assert along(grow_peaks(line(10, 5, 6, 0), floor=7, height=0.5)) == [1, 1, 1, 0]


def test_a_plateau_is_one_peak():
    assert along(grow_peaks(line(0, 9, 9, 9, 0), floor=3, height=0.5)) == [0, 1, 1, 1, 0]


@pytest.mark.parametrize("values", [(1, 2, 1), (0, 0, 0), (-5, -9, -5)])
def test_nothing_above_the_floor_gives_no_label(values):
    assert not grow_peaks(line(*values), floor=3, height=0.5).data.any()


def test_a_blob_at_the_edge_of_the_grid_is_kept():
    data = np.zeros((6, 6, 6), np.float32)
    data[0, 0, 0], data[1, 0, 0] = 10, 6
    grown = grow_peaks(Volume(data, np.eye(4)), floor=3, height=0.5)
    assert np.argwhere(grown.data).tolist() == [[0, 0, 0], [1, 0, 0]]


@pytest.mark.parametrize(
    ("share", "owners"),
    [
        (2.0, [1, 1, 2, 2, 3, 3, 0, 4]),
        (0.8, [1, 1, 2, 2, 2, 2, 0, 4]),
        (0.5, [1, 1, 1, 1, 1, 1, 0, 4]),
    ],
)
def test_peaks_are_one_where_the_pass_between_them_is_high(share, owners):
    # The passes: 4 of 8 between the first two, 7 of 8 between the second and the third.
    image = line(10, 4, 5, 8, 7, 9, 1, 6)
    labels = line(1, 1, 2, 2, 3, 3, 0, 4).data.astype(np.int32)
    assert along(image.like(joined(image, labels, share))) == owners


def test_joining_goes_on_from_neighbour_to_neighbour_and_the_highest_pass_of_a_border_counts():
    image = np.zeros((4, 4, 3), np.float32)
    labels = np.zeros((4, 4, 3), np.int32)
    for number in range(4):
        labels[number, :, 1] = number + 1
        image[number, :, 1] = [10, 2, 9, 1]
    one = joined(Volume(image, np.eye(4)), labels, 0.85)
    assert np.unique(one).tolist() == [0, 1]
    labels[2] = 0
    one = joined(Volume(image, np.eye(4)), labels, 0.85)
    assert np.unique(one).tolist() == [0, 1, 4]
    assert not joined(Volume(image, np.eye(4)), np.zeros_like(labels), 0.85).any()
