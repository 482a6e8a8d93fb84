from __future__ import annotations

import numpy as np
import pytest

from radiorim.errors import DataError
from radiorim.phantom import Params, cohort
from radiorim.prepare._atlas import load_atlas
from radiorim.prepare.brain import (
    both_visits,
    brain_ml,
    deepbet_brain,
    given_brain,
    limited_brain,
    otsu_brain,
)
from radiorim.prepare.resample import resample
from radiorim.volume import Volume


def dice(one, other):
    return 2 * (one & other).sum() / (one.sum() + other.sum())


def test_a_brain_is_found_inside_its_scalp(heads, followup):
    found, true = otsu_brain(followup), heads.brain(followup)
    assert dice(found.data, true.data) > 0.94
    assert brain_ml(true) == pytest.approx(heads.ml, rel=0.03)
    assert found.data.dtype == bool


@pytest.mark.dl
def test_deepbet_finds_about_the_same_brain_as_the_threshold():
    pytest.importorskip("deepbet")
    flair = cohort(1, params=Params().small())[0].image("flair")
    assert dice(deepbet_brain(flair).data, otsu_brain(flair).data) > 0.9


@pytest.mark.dl
def test_a_mask_by_deepbet_that_cannot_be_a_brain_is_refused(followup):
    pytest.importorskip("deepbet")
    half = Volume(followup.data, followup.affine @ np.diag([0.5, 0.5, 0.5, 1]), source="doll.nii.gz")
    with pytest.raises(DataError, match=r"no brain was found in doll.nii.gz: the best guess holds \d+ ml"):
        deepbet_brain(half)


def test_a_small_object_is_refused_with_its_volume(followup):
    half = Volume(followup.data, followup.affine @ np.diag([0.5, 0.5, 0.5, 1]), source="doll.nii.gz")
    with pytest.raises(DataError, match=r"no brain was found in doll.nii.gz: the best guess holds \d+ ml"):
        otsu_brain(half)


def test_noise_is_no_brain(followup):
    noise = np.random.default_rng(1).random(followup.shape, dtype=np.float32)
    with pytest.raises(DataError, match=r"holds 0 ml, outside 600-2200 ml\. Give a brain mask"):
        otsu_brain(followup.like(noise))


def test_a_given_mask_on_the_scans_grid_is_used_as_it_is(heads, followup):
    true = heads.brain(followup)
    mask, notes = given_brain(true.like(true.data.astype(np.uint8) * 3), followup)
    assert (mask.data == true.data).all()
    assert notes == ()


def test_a_given_mask_on_another_grid_is_resampled_and_noted(heads, followup, baseline):
    mask, notes = given_brain(heads.brain(baseline), followup)
    assert mask.same_grid(followup)
    assert "was on another grid and was resampled" in notes[0]
    assert brain_ml(mask) == pytest.approx(heads.ml, rel=0.05)


def test_an_implausible_given_mask_is_used_and_noted(followup):
    small = np.zeros(followup.shape, bool)
    small[20:30, 20:30, 20:30] = True
    _, notes = given_brain(followup.like(small), followup)
    assert "holds 21 ml, outside the 600-2200 ml" in notes[0]


def test_an_empty_mask_and_one_elsewhere_are_refused(heads, followup):
    with pytest.raises(DataError, match=r"is empty\. Give another mask, or none"):
        given_brain(followup.like(np.zeros(followup.shape)), followup)
    true = heads.brain(followup)
    far = true.affine.copy()
    far[:3, 3] += 900
    with pytest.raises(DataError, match="do not overlap"):
        given_brain(Volume(true.data, far), followup)


def test_both_visits_give_the_union_where_both_have_data(heads, followup):
    true = heads.brain(followup)
    left, right = true.data.copy(), true.data.copy()
    left[40:], right[:24] = False, False
    cut = Volume(followup.data[:, :, 14:], followup.affine.copy())
    cut.affine[:3, 3] += 14 * followup.affine[:3, 2]
    eye = np.eye(4)
    scans = [(followup, followup.like(left), eye), (cut, cut.like(right[:, :, 14:]), eye)]
    both = both_visits(scans, followup)
    expected = left | right
    expected[:, :, :14] = False
    assert (both.data == expected).all()


def test_outer_slices_of_zeros_are_padding_and_no_part_of_the_comparison(heads, followup):
    true = heads.brain(followup)
    padded = followup.data.copy()
    padded[:, :, :14] = 0
    both = both_visits([(followup, true, np.eye(4)), (followup.like(padded), None, np.eye(4))], followup)
    assert not both.data[:, :, :14].any()
    assert (both.data[:, :, 14:] == true.data[:, :, 14:]).all()


def test_visits_of_different_halves_share_nothing(followup, heads):
    true = heads.brain(followup)
    low, high = (
        Volume(followup.data[:, :, s], followup.affine.copy()) for s in (slice(0, 20), slice(24, 48))
    )
    high.affine[:3, 3] += 24 * followup.affine[:3, 2]
    with pytest.raises(DataError, match="share no part of the brain"):
        both_visits([(low, None, np.eye(4)), (high, true.like(true.data), np.eye(4))], followup)


@pytest.fixture(scope="module")
def atlas_scan(heads):
    """A FLAIR of the atlas brain with a bright neck below it, and the true brain."""
    atlas = load_atlas()
    shape = (70, 86, 80)
    grid = Volume(np.zeros(shape), heads.affine((2.8, 2.8, 2.8), shape))
    grid.affine[2, 3] -= 20
    flair = resample(atlas.flair, grid).data * 100
    brain = resample(atlas.brain, grid, order=0).data
    return grid.like(flair.astype(np.float32)), brain


def test_what_hangs_below_the_atlas_brain_is_cut_off(atlas_scan):
    flair, brain = atlas_scan
    neck = brain.copy()
    neck[28:42, 18:50, 0:14] = True
    flair = flair.like(np.where(neck & ~brain, np.float32(90), flair.data))
    limited, ncc, notes = limited_brain(flair.like(neck), flair)
    assert dice(limited.data, brain) > dice(neck, brain) + 0.01
    assert (brain & ~limited.data).sum() < 0.03 * brain.sum()
    assert ncc > 0.8
    assert notes == ()


def test_a_mask_that_the_atlas_does_not_fit_is_left_alone_with_the_figure(followup):
    slab = np.zeros(followup.shape, bool)
    slab[10:50, 30:38, 5:45] = True
    noise = np.random.default_rng(1).random(followup.shape, dtype=np.float32)
    mask = followup.like(slab)
    limited, ncc, notes = limited_brain(mask, followup.like(noise))
    assert limited is mask
    assert f"could not be checked against the atlas (correlation {ncc:.2f}" in notes[0]
