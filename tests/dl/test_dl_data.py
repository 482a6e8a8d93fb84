"""What a network is shown: scales, patches, samples under seeds of their own, draws that can be replayed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from little import cohort

from radiorim.dl.augment import Augment, apply
from radiorim.dl.channels import Channel, stacked
from radiorim.dl.focus import AdaptiveDilation, LesionPatch
from radiorim.dl.lesionsampling import EachOnce, InverseFrequency, PositivesInEachBatch
from radiorim.dl.patches import Patch, Place, batches, crop, in_batches
from radiorim.dl.people import held_out_people
from radiorim.dl.store import Store
from radiorim.dl.voxelsampling import BalancedVoxels, ExhaustiveNegatives, VoxelPool, WeightedVoxels
from radiorim.errors import DataError, UnknownName

TRUTH = (np.arange(40) < 5).astype(float)


def test_channels_are_put_on_their_scales():
    case = cohort(1)[0]
    brain = case.masks["brain"].data != 0
    images = stacked(
        case,
        (
            Channel("flair"),
            Channel("chi", "window", low=-30, high=30),
            Channel("flair", "percentile", low=1, high=99),
            Channel("flair", outside=False),
        ),
    )
    assert images.dtype == np.float32
    assert images[0][brain].mean() == pytest.approx(0, abs=1e-4)
    assert images[0][brain].std() == pytest.approx(1, abs=1e-4)
    chi = case.image("chi").data
    np.testing.assert_allclose(images[1], np.clip((chi + 30) / 60, 0, 1), atol=1e-6)
    assert (images[2].min(), images[2].max()) == (0, 1)
    assert not images[3][~brain].any()


def test_a_channel_without_contrast_or_of_an_unknown_scale_is_named():
    case = cohort(1)[0]
    flat = case.with_(images={"chi": case.image("chi").like(np.ones(case.image("chi").shape, np.float32))})
    with pytest.raises(DataError, match="chi of sub-01_ses-02 has no contrast in the mask"):
        Channel("chi")(flat)
    with pytest.raises(UnknownName, match=r"no scale named 'zscores'. Did you mean 'zscore'"):
        Channel("chi", "zscores")(case)


def test_a_wide_window_is_narrowed_for_the_small_version_and_a_narrow_one_kept():
    assert Channel("chi", "window", low=-300, high=300).smoke() == Channel("chi", "window", -75.0, 75.0)
    for kept in (Channel("chi", "window", low=-30, high=60), Channel("flair", "percentile", 0.5, 99.5)):
        assert kept.smoke() == kept


def test_a_patch_at_the_border_is_filled_and_a_copy(rng):
    array = rng.normal(size=(2, 6, 7, 8)).astype(np.float32)
    padded = np.pad(array, ((0, 0), (5, 5), (5, 5), (5, 5)), constant_values=-1)
    for centre in ((0, 0, 0), (5, 6, 7), (3, 3, 3), (-3, 2, 2), (20, 2, 2)):
        patch = crop(array, centre, (4, 4, 5), fill=-1)
        inner = [
            slice(max(c + 5 - s // 2, 0), c + 5 - s // 2 + s) for c, s in zip(centre, (4, 4, 5), strict=True)
        ]
        expected = padded[(slice(None), *inner)]
        if expected.shape == patch.shape:
            np.testing.assert_array_equal(patch, expected)
        else:
            assert (patch == -1).all()
    patch = crop(array, (3, 3, 3), (2, 2, 2))
    patch[:] = 99
    assert array.max() < 99


def test_a_store_over_its_budget_lies_on_disk_and_gives_the_same_arrays(rng):
    arrays = [rng.normal(size=(1, 32, 32, 32)).astype(np.float32) for _ in range(4)]
    store = Store(budget_mib=0.3)
    for array in arrays:
        store.add(array.copy())
    assert store.held_mib <= 0.3
    assert isinstance(store[3], np.memmap)
    for number, array in enumerate(arrays):
        np.testing.assert_array_equal(store[number], array)
    with pytest.raises(ValueError, match="read-only"):
        store[0][:] = 0


def test_a_draw_applied_again_gives_the_same_patch_and_moves_the_target_with_the_images(rng):
    target = (rng.random((1, 8, 8, 8)) < 0.3).astype(np.float32)
    patch = Patch(target.copy(), target)
    how = Augment(flip=0.5, turn=0.7)
    drawn = how.draw(np.random.default_rng(1), channels=1)
    one, again = apply(patch, drawn), apply(patch, drawn)
    np.testing.assert_array_equal(one.images, again.images)
    np.testing.assert_array_equal(one.images, one.target)
    assert not np.array_equal(one.images, patch.images)
    full = Augment(0.5, 0.5, affine=1, degrees=15, zoom=0.1, scale=0.2, shift=0.2, gamma=0.3, noise=0.1)
    drawn = full.draw(np.random.default_rng(2), channels=1)
    assert np.array_equal(apply(patch, drawn).images, apply(patch, drawn).images)
    nothing = Augment(flip=0)(patch, rng)
    np.testing.assert_array_equal(nothing.images, patch.images)


def sample(index: int) -> Patch:
    rng = np.random.default_rng([7, 0, index])
    return Patch(rng.normal(size=(1, 4, 4, 4)).astype(np.float32), np.array([index], np.float32))


@pytest.mark.dl
def test_samples_do_not_depend_on_the_number_of_workers():
    torch = pytest.importorskip("torch")
    order = [[0, 1, 2], [3, 4], [5]]
    alone, shared = (list(batches(sample, order, workers=workers)) for workers in (0, 1))
    assert [len(batch.images) for batch in alone] == [3, 2, 1]
    for one, other in zip(alone, shared, strict=True):
        assert torch.equal(one.images, other.images)
        assert torch.equal(one.target, other.target)


def test_no_batch_holds_a_single_patch():
    assert in_batches(9, 4) == [[0, 1, 2, 3], [4, 5, 6, 7, 8]]
    assert in_batches(6, 4) == [[0, 1, 2, 3], [4, 5]]
    assert in_batches(1, 4) == [[0]]


def test_every_batch_holds_its_positives():
    rows = PositivesInEachBatch(positives=3).rows(TRUTH, batch=10, rng=np.random.default_rng(0))
    for at in range(0, len(rows), 10):
        assert TRUTH[rows[at : at + 10]].sum() == 3
    assert set(rows) == set(range(40))


def test_inverse_frequency_makes_both_classes_equal():
    rows = InverseFrequency(rounds=100).rows(TRUTH, batch=8, rng=np.random.default_rng(0))
    assert TRUTH[rows].mean() == pytest.approx(0.5, abs=0.03)
    assert sorted(EachOnce().rows(TRUTH, batch=8, rng=np.random.default_rng(0))) == list(range(40))


def test_one_kind_of_lesion_is_refused_in_words():
    with pytest.raises(DataError, match="both kinds of lesion, but got 0 positive and 4 negative"):
        InverseFrequency().rows(np.zeros(4), batch=2, rng=np.random.default_rng(0))


@pytest.fixture
def pool() -> VoxelPool:
    """Two cases of 24 voxels an edge with a brain in the middle; the second has no lesion."""
    inside = Store()
    brain = np.zeros((24, 24, 24), np.uint8)
    brain[4:20, 4:20, 4:20] = 1
    inside.add(brain)
    inside.add(brain.copy())
    return VoxelPool((np.argwhere(np.ones((3, 3, 3))) + 8, np.zeros((0, 3), int)), inside)


def test_balanced_and_weighted_voxels_lie_where_they_should(pool):
    lesion = {tuple(voxel) for voxel in pool.positives[0].tolist()}
    for block in (BalancedVoxels(per_case=200, positive=0.5), WeightedVoxels(per_case=200, lesion=151.7)):
        places = block.places(pool, size=(8, 8, 8), seed=0, epoch=0)
        assert all(pool.inside[place.case][place.centre] for place in places)
        share = np.mean([place.centre in lesion for place in places if place.case == 0])
        assert share == pytest.approx(0.5, abs=0.1)
        assert block.places(pool, size=(8, 8, 8), seed=0, epoch=0) == places
        assert block.places(pool, size=(8, 8, 8), seed=0, epoch=1) != places


def test_exhaustive_negatives_come_back_only_after_all_were_shown(pool):
    block, size, seen = ExhaustiveNegatives(), (8, 8, 8), []
    held = {place for place in block.places(pool, size=size, seed=0, epoch=0) if _holds(pool, place, size)}
    assert held
    for epoch in range(3):
        places = block.places(pool, size=size, seed=0, epoch=epoch)
        assert held <= set(places)
        seen += [place for place in places if place not in held]
    assert len(seen) == len(set(seen)) == 3 * len(held)


def _holds(pool, place, size) -> bool:
    low = np.array(place.centre) - np.array(size) // 2
    voxels = pool.positives[place.case]
    return bool(len(voxels) and ((voxels >= low) & (voxels < low + size)).all(1).any())


def test_focus_keeps_the_lesion_and_a_margin_that_grows_with_it():
    labels = np.zeros((40, 40, 40), np.int32)
    labels[18:22, 18:22, 18:22], labels[0:3, 0:3, 0:3] = 1, 2
    images = np.ones((1, 40, 40, 40), np.float32)
    look = LesionPatch((40, 40, 40), focus=AdaptiveDilation(low=2.0), own_mask=True)
    patch = look.cut(images, labels, Place(0, (20, 20, 20), 1, voxels=64))
    assert patch.shape == (2, 40, 40, 40)
    np.testing.assert_array_equal(patch[1], labels == 1)
    kept = patch[0] != 0
    assert kept[labels == 1].all()
    assert kept[16, 20, 20]
    assert not kept[15, 20, 20]
    assert not kept[labels == 2].any()
    shifted = replace(look, shift=3).cut(
        images, labels, Place(0, (20, 20, 20), 1, 64), np.random.default_rng(0)
    )
    assert not np.array_equal(shifted, patch)


def test_people_are_held_out_whole_with_a_positive_on_both_sides():
    counts = {f"p{n}": n % 3 for n in range(20)}
    held = held_out_people(counts, share=0.2, seed=0)
    assert len(held) == 4
    assert any(counts[p] for p in held)
    assert any(counts[p] for p in set(counts) - held)
    assert held == held_out_people(dict(reversed(counts.items())), share=0.2, seed=0)
    assert not held_out_people({"a": 2, "b": 0}, share=0.5, seed=0)
