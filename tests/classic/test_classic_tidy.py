"""Each tidy rule on a case worked by hand, without lesions, with one voxel, with uneven voxels."""

from __future__ import annotations

import numpy as np
import pytest

from radiorim.case import Case
from radiorim.classic.tidy import (
    AwayFromBrainEdge,
    BrighterThanSurround,
    MinThickness,
    MinVolume,
    PeakAbove,
    surround_contrast,
    thickness_mm,
)
from radiorim.errors import UsageError
from radiorim.lesions import Lesions
from radiorim.volume import Volume

SHAPE = (20, 20, 20)
RULES = (
    MinVolume(1.5),
    PeakAbove("peak_sd", 4),
    AwayFromBrainEdge(),
    BrighterThanSurround(),
    MinThickness(1.5),
)


def lesions_of(*boxes: tuple[slice, ...], spacing: tuple[float, ...] = (1, 1, 1)) -> Lesions:
    labels = np.zeros(SHAPE, np.int32)
    for number, box in enumerate(boxes, start=1):
        labels[box] = number
    return Lesions.from_labels(Volume(labels, np.diag([*spacing, 1.0])))


def case_of(lesions: Lesions, flair: np.ndarray | None = None) -> Case:
    brain = np.zeros(SHAPE, bool)
    brain[2:18, 2:18, 2:18] = True
    data = np.zeros(SHAPE, np.float32) if flair is None else flair
    grid = lesions.labels
    return Case("sub-01", "sub-01", {"flair": grid.like(data)}, {"brain": grid.like(brain)})


BLOCK, VOXEL = np.s_[8:12, 8:12, 8:12], np.s_[5:6, 5:6, 5:6]


def test_min_volume_asks_for_strictly_more():
    lesions = lesions_of(BLOCK, VOXEL, spacing=(1, 1, 3))
    assert lesions.table.volume_mm3.tolist() == [192, 3]
    assert MinVolume(3.0)(case_of(lesions), lesions).numbers == [1]
    assert MinVolume(2.9)(case_of(lesions), lesions).numbers == [1, 2]


def test_peak_above_reads_the_column_of_the_finder():
    lesions = lesions_of(BLOCK, VOXEL).with_columns(peak_sd=[3.9, 4.0])
    assert PeakAbove("peak_sd", 4.0)(case_of(lesions), lesions).numbers == [2]
    with pytest.raises(UsageError, match="asks for the column 'height', which `find` does not write"):
        PeakAbove("height")(case_of(lesions), lesions)


def test_away_from_brain_edge_counts_the_share_of_the_lesion_near_it():
    # The brain starts at index 2: indices 2 and 3 lie within 2 mm of the first voxel outside, 4 does not.
    lesions = lesions_of(np.s_[2:6, 5, 5], np.s_[2:7, 10, 10], np.s_[9:11, 9:11, 9:11])
    assert AwayFromBrainEdge(mm=2, share=0.5)(case_of(lesions), lesions).numbers == [1, 2, 3]
    assert AwayFromBrainEdge(mm=2, share=0.45)(case_of(lesions), lesions).numbers == [2, 3]
    assert AwayFromBrainEdge(mm=2, share=0.0)(case_of(lesions), lesions).numbers == [3]


def test_away_from_brain_edge_measures_in_mm():
    lesions = lesions_of(np.s_[10, 10, 3:4], spacing=(1, 1, 3))
    # The second slice inside: 6 mm from the first outside.
    assert AwayFromBrainEdge(mm=5.9)(case_of(lesions), lesions).numbers == [1]
    assert AwayFromBrainEdge(mm=6.1)(case_of(lesions), lesions).numbers == []


def test_contrast_is_inside_minus_shell_and_leaves_other_lesions_out():
    lesions = lesions_of(BLOCK, np.s_[8:12, 8:12, 12:14])
    flair = np.full(SHAPE, 10, np.float32)
    flair[lesions.labels.data == 1] = 13
    flair[lesions.labels.data == 2] = 500
    assert surround_contrast(flair, lesions, 2.0).tolist() == [3, 490]
    kept = BrighterThanSurround(mm=2.0, least=3.1)(case_of(lesions, flair), lesions)
    assert kept.numbers == [2]
    assert kept.table.contrast.tolist() == [490]


def test_the_shell_of_the_surround_is_in_mm():
    lesions = lesions_of(np.s_[8:12, 8:12, 8:12], spacing=(1, 1, 3))
    flair = np.zeros(SHAPE, np.float32)
    flair[:, :, 12] = flair[:, :, 7] = 100  # neighbouring slices, 3 mm away: not within 2 mm
    assert surround_contrast(flair, lesions, 2.0).tolist() == [0]
    assert surround_contrast(flair, lesions, 3.0)[0] < 0


def test_a_lesion_that_fills_the_image_has_no_surround():
    full = lesions_of(np.s_[:, :, :])
    assert np.isnan(surround_contrast(np.zeros(SHAPE, np.float32), full, 2.0)).all()
    assert BrighterThanSurround()(case_of(full), full).numbers == []


@pytest.mark.parametrize(
    ("box", "spacing", "expected"),
    [
        (VOXEL, (1, 1, 1), 1.0),
        (VOXEL, (1, 1, 3), 1.0),
        (np.s_[4:16, 4:16, 9:10], (1, 1, 3), 3.0),
        (np.s_[9:10, 4:16, 4:16], (1, 1, 3), 1.0),
        (np.s_[4:16, 4:16, 9:12], (1, 1, 1), 3.0),
        (np.s_[5:14, 5:14, 5:14], (1, 1, 1), 9.0),
        (np.s_[5:10, 5:10, 9:10], (1, 1, 4), 4.0),
        (np.s_[5:14, 5:14, 9:10], (0.5, 0.5, 3), 3.0),
    ],
)
def test_thickness_is_that_of_the_largest_ball(box, spacing, expected):
    assert thickness_mm(lesions_of(box, spacing=spacing)).tolist() == pytest.approx([expected])


@pytest.mark.parametrize("spacing", [(1, 1, 1), (0.5, 0.5, 3), (0.7, 1.2, 2)])
def test_thickness_is_the_distance_to_the_nearest_face_of_all(spacing, rng):
    labels = np.zeros((9, 9, 9), np.int32)
    labels[1:8, 1:8, 1:8] = rng.random((7, 7, 7)) < 0.97
    inside, outside = np.argwhere(labels == 1), np.argwhere(labels == 0)
    steps = np.maximum(np.abs(inside[:, None] - outside[None]) - 0.5, 0) * spacing
    expected = 2 * np.linalg.norm(steps, axis=2).min(axis=1).max()
    lesions = Lesions.from_labels(Volume(labels, np.diag([*spacing, 1.0])))
    assert thickness_mm(lesions).tolist() == pytest.approx([expected])


def test_min_thickness_rejects_sheets():
    lesions = lesions_of(BLOCK, np.s_[4:16, 4:16, 3:4])
    assert MinThickness(2.0)(case_of(lesions), lesions).numbers == [1]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
def test_every_rule_takes_a_case_without_lesions(rule):
    none = lesions_of().with_columns(peak_sd=[])
    left = rule(case_of(none), none)
    assert len(left) == 0
    assert not left.labels.data.any()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
def test_every_rule_takes_a_lesion_of_one_voxel_on_uneven_voxels(rule):
    one = lesions_of(VOXEL, spacing=(0.5, 1, 3)).with_columns(peak_sd=[5.0])
    assert len(rule(case_of(one), one)) in (0, 1)


def test_rules_keep_the_numbers_of_the_lesions():
    lesions = lesions_of(VOXEL, BLOCK)
    left = MinVolume(3)(case_of(lesions), lesions)
    assert left.numbers == [2]
    assert np.unique(left.labels.data).tolist() == [0, 2]


def test_the_table_of_an_empty_case_has_the_same_columns():
    none, some = lesions_of(), lesions_of(BLOCK)
    rule = BrighterThanSurround(least=-9)
    assert list(rule(case_of(none), none).table) == list(rule(case_of(some), some).table)
