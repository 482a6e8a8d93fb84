from __future__ import annotations

import numpy as np
import pytest

from radiorim.errors import DataError, UsageError
from radiorim.prepare.register import Register, half_way, ncc
from radiorim.volume import Volume

QUICK = Register("rigid", coarse_mm=4.0, fine_mm=3.0)


def distance_mm(mask, one, other):
    points = mask.to_mm(np.argwhere(mask.data)[::97])
    ends = [points @ m[:3, :3].T + m[:3, 3] for m in (one, other)]
    return float(np.linalg.norm(ends[0] - ends[1], axis=1).mean())


@pytest.fixture(scope="module")
def brain(heads, followup):
    return heads.brain(followup)


@pytest.fixture(scope="module")
def found(followup, baseline, brain):
    return QUICK(followup, baseline, fixed_mask=brain)


def test_a_known_motion_between_two_grids_is_recovered_to_a_fraction_of_a_voxel(found, brain, motion):
    assert distance_mm(brain, found.matrix, motion) < 0.5
    assert found.ncc_after > 0.97 > found.ncc_before
    assert found.rotation_deg == pytest.approx(7.9, abs=0.5)
    assert found.shift_mm == pytest.approx(float(np.linalg.norm([5, -3, 7])), abs=0.6)
    assert found.scale_percent == pytest.approx(0, abs=1e-6)


def test_the_same_input_gives_the_same_bytes_whatever_itk_was_set_to(found, followup, baseline, brain):
    import SimpleITK as sitk

    before = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    try:
        again = QUICK(followup, baseline, fixed_mask=brain)
        assert sitk.ProcessObject.GetGlobalDefaultNumberOfThreads() == 1
    finally:
        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(before)
    assert again.matrix.tobytes() == found.matrix.tobytes()


def test_a_scan_registered_to_itself_stays_where_it_is(followup, brain):
    same = Register(coarse_mm=4.0, fine_mm=3.0)(followup, followup, fixed_mask=brain)
    assert np.abs(same.matrix - np.eye(4)).max() < 1e-6
    assert same.ncc_after == pytest.approx(1)


def test_affine_finds_a_stretch_that_rigid_cannot(heads, followup, brain):
    stretch = np.diag([1.0, 1.0, 1.04, 1.0])
    scan = heads.scan(followup.affine, followup.shape, np.linalg.inv(stretch))
    affine = Register(coarse_mm=4.0, fine_mm=3.0)(followup, scan, fixed_mask=brain)
    assert affine.scale_percent == pytest.approx(4, abs=0.8)
    assert affine.ncc_after > QUICK(followup, scan, fixed_mask=brain).ncc_after


def test_flipped_array_axes_do_not_matter_when_the_affine_says_so(followup, baseline, brain, motion):
    flip = np.diag([-1.0, 1.0, -1.0, 1.0])
    flip[[0, 2], 3] = np.array(baseline.shape)[[0, 2]] - 1
    turned = Volume(baseline.data[::-1, :, ::-1].copy(), baseline.affine @ flip)
    assert distance_mm(brain, QUICK(followup, turned, fixed_mask=brain).matrix, motion) < 0.5


def test_a_header_half_a_metre_off_is_overcome_by_the_other_starts(followup, baseline, brain, motion):
    far = np.eye(4)
    far[0, 3] = 500
    moved = Volume(baseline.data, far @ baseline.affine)
    assert distance_mm(brain, QUICK(followup, moved, fixed_mask=brain).matrix, far @ motion) < 0.5


def test_a_large_rotation_is_found_from_the_spare_starts(heads, followup, brain):
    turn = heads.motion((0, 0, 70.0), (0, 0, 0))
    scan = Volume(followup.data, turn @ followup.affine)
    found = Register("rigid", coarse_mm=6.0, fine_mm=4.0)(followup, scan, fixed_mask=brain)
    assert distance_mm(brain, found.matrix, turn) < 2  # a third of the voxels used


def test_what_is_not_the_same_head_is_refused_by_name_and_figure(followup, brain):
    noise = np.random.default_rng(0).normal(100, 20, followup.shape).astype(np.float32)
    other = Volume(noise, followup.affine, source="first.nii.gz")
    with pytest.raises(
        DataError, match=r"first.nii.gz and the follow-up could not .* 0\.\d\d, 0\.70 is needed"
    ):
        Register("rigid", coarse_mm=8.0, fine_mm=6.0)(followup, other, fixed_mask=brain)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda data: np.full_like(data, np.nan), "holds NaN or infinite voxels"),
        (np.zeros_like, "holds only the value 0"),
    ],
)
def test_a_scan_without_an_image_is_refused_in_words(followup, brain, spoil, words):
    with pytest.raises(DataError, match=words):
        QUICK(followup, followup.like(spoil(followup.data)), fixed_mask=brain)


def test_an_empty_mask_and_a_mask_on_another_grid_are_refused(followup, baseline, brain):
    with pytest.raises(DataError, match="the mask of the follow-up is empty"):
        QUICK(followup, baseline, fixed_mask=brain.like(np.zeros(brain.shape, bool)))
    with pytest.raises(DataError, match="not on one grid"):
        QUICK(followup, baseline, fixed_mask=baseline.like(baseline.data > 50))


def test_an_unknown_transform_is_a_usage_error():
    with pytest.raises(UsageError, match="'rigid' or 'affine', not 'syn'"):
        Register("syn")


def test_the_half_applied_twice_is_the_whole(motion):
    matrix = motion @ np.diag([1.01, 0.99, 1.02, 1.0])
    half, back = half_way(matrix)
    assert half @ half == pytest.approx(matrix, abs=1e-9)
    assert half @ back == pytest.approx(np.eye(4), abs=1e-12)


def test_a_mirrored_transform_has_no_half():
    with pytest.raises(DataError, match="has no half"):
        half_way(np.diag([-1.0, 1.0, 1.0, 1.0]))


def test_ncc_is_pearsons_and_zero_without_contrast():
    one = np.array([1.0, 2.0, 4.0])
    assert ncc(one, 3 - 2 * one) == pytest.approx(-1)
    assert ncc(one, np.ones(3)) == 0
    assert ncc(np.array([]), np.array([])) == 0
