"""icm-roi-cnn: regions of any size, a network that pools nothing, sampling, stitching, learning."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")
import torch
from little import cohort
from torch import nn

from radiorim import recipes
from radiorim.dl.augment import Augment
from radiorim.dl.loop import Run
from radiorim.dl.losses.masked_dice_ce import MaskedDiceCE
from radiorim.dl.nets.roi_cnn import MaskedBatchNorm
from radiorim.dl.patches import Batch
from radiorim.dl.profile import shrunk
from radiorim.dl.registry import Net, count_parameters
from radiorim.dl.rois import Roi, grey_levels, placing_maps, rois_of, stacked_rois, stitched
from radiorim.dl.roisampling import InfratentorialExtra
from radiorim.dl.supervised import Supervised
from radiorim.dl.training import Training
from radiorim.dl.voxeljob import overlap_score, target_maps
from radiorim.errors import DataError, UsageError
from radiorim.lesions import Lesions
from radiorim.volume import Volume

pytestmark = pytest.mark.dl
FIND = recipes.get("icm-roi-cnn").find
SMALL = shrunk(FIND)


def test_the_network_has_the_catalogues_widths_and_stays_below_its_bound():
    net = FIND.net.build(seed=0)
    ins = [layer.in_channels for layer in net.modules() if isinstance(layer, nn.Conv3d)]
    outs = [layer.out_channels for layer in net.modules() if isinstance(layer, nn.Conv3d)]
    assert outs == [16, 32, 32, 32, 32, 16, 1]
    assert ins == [2, 16, 32, 32 + 3, 32 + 32, 32, 16 + 1]
    assert count_parameters(FIND.net) == 142_636
    assert not any("pool" in type(layer).__name__.lower() for layer in net.modules())


def test_a_region_is_judged_alone_as_it_is_beside_larger_ones(rng):
    net = FIND.net.build(seed=0).eval()
    regions = [rng.normal(size=(5, *size)).astype(np.float32) for size in ((5, 6, 7), (9, 4, 8), (5, 5, 5))]
    together = net(torch.from_numpy(stacked_rois(regions)))
    assert together.shape == (3, 1, 9, 6, 8)
    for region, answer in zip(regions, together, strict=True):
        alone = net(torch.from_numpy(region)[None])[0]
        here = tuple(slice(edge) for edge in region.shape[1:])
        torch.testing.assert_close(answer[(slice(None), *here)], alone, rtol=1e-4, atol=1e-5)


def test_masked_normalisation_is_torchs_own_of_the_voxels_inside():
    torch.manual_seed(0)
    maps, inside = torch.randn(2, 3, 4, 4, 4, requires_grad=True), torch.ones(2, 1, 4, 4, 4)
    ours, theirs = MaskedBatchNorm(3).train(), nn.BatchNorm3d(3).train()
    torch.testing.assert_close(ours(maps, inside), theirs(maps), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(ours.running_var, theirs.running_var)
    torch.testing.assert_close(ours.running_mean, theirs.running_mean)
    weight = torch.randn(2, 3, 4, 4, 4)
    wanted = torch.autograd.grad((theirs(maps) * weight).sum(), maps)[0]
    torch.testing.assert_close(
        torch.autograd.grad((ours(maps, inside) * weight).sum(), maps)[0], wanted, rtol=1e-3, atol=1e-5
    )
    inside[:, :, 2:] = 0
    half = MaskedBatchNorm(3).train()(maps, inside)[:, :, :2]
    torch.testing.assert_close(half, nn.BatchNorm3d(3).train()(maps[:, :, :2]), rtol=1e-4, atol=1e-5)


def test_the_loss_counts_known_voxels_only_and_is_its_formula():
    torch.manual_seed(0)
    logits, target = torch.randn(2, 1, 3, 3, 3), (torch.rand(2, 1, 3, 3, 3) < 0.3).float()
    target[1, :, 2] = torch.nan
    p, t, n, entropy = 0.0, 0.0, 0, 0.0
    both = 0.0
    for said, true in zip(logits.sigmoid().flatten().tolist(), target.flatten().tolist(), strict=True):
        if not np.isnan(true):
            p, t, both, n = p + said, t + true, both + said * true, n + 1
            entropy -= np.log(said if true else 1 - said)
    expected = 1 - (2 * both + 1e-5) / (p + t + 1e-5) + entropy / n
    assert float(MaskedDiceCE(1e-5)(logits, target)) == pytest.approx(expected, rel=1e-5)


def test_one_step_of_the_full_profile_reaches_every_parameter(rng):
    net = FIND.net.build(seed=0)
    module = Supervised(net, FIND.loss.build()).train()
    regions = [rng.normal(size=(5, *size)).astype(np.float32) for size in ((12, 9, 9), (7, 11, 8))]
    targets = [(region[:1] > 1).astype(np.float32) for region in regions]
    batch = Batch(torch.from_numpy(stacked_rois(regions)), torch.from_numpy(stacked_rois(targets)))
    optimiser = FIND.training.optimiser.build(list(module.parameters()))
    loss = module(batch)
    loss.backward()
    assert [name for name, weight in net.named_parameters() if weight.grad is None] == []
    optimiser.step()
    assert module(batch) != loss
    assert FIND.training.schedule.at(9, 20) == pytest.approx(0.01)


def test_boxes_hold_their_lesion_with_a_margin_and_long_ones_are_cut():
    labels = np.zeros((20, 20, 20), np.int32)
    labels[1:3, 5, 5], labels[8:10, 10, 2:19] = 1, 2
    lesions = Lesions.from_labels(Volume(labels, np.eye(4)))
    assert rois_of(lesions, margin=2, longest=32) == [Roi((0, 3, 3), (5, 8, 8)), Roi((6, 8, 0), (12, 13, 20))]
    cut = rois_of(lesions, margin=2, longest=8)
    assert [(roi.start[2], roi.stop[2]) for roi in cut[1:]] == [(0, 7), (7, 13), (13, 20)]


def test_six_grey_levels_are_shared_and_equally_large(rng):
    images = [rng.gamma(2.0, size=(12, 12, 12)), 1.5 * rng.gamma(2.0, size=(12, 12, 12))]
    inside = np.ones((12, 12, 12), bool)
    levels = grey_levels(images, inside, 6)
    counts = np.bincount(levels.astype(int).ravel(), minlength=6)
    assert counts.max() - counts.min() <= 2
    order = np.argsort(np.concatenate([image.ravel() for image in images]))
    assert (np.diff(levels.ravel()[order]) >= 0).all()
    assert levels[1].mean() > levels[0].mean()


def test_maps_say_how_deep_how_far_down_and_how_far_forward_a_voxel_lies():
    inside = np.zeros((11, 13, 15), bool)
    inside[1:10, 1:12, 1:14] = True
    depth, neck, nose = placing_maps(Volume(inside, np.eye(4)))
    assert depth[5, 6, 7] == depth.max() == 1
    assert depth[1, 6, 7] == pytest.approx(1 / 5)
    assert (neck[5, 6, 13], neck[5, 6, 1]) == (0, 1)
    assert (nose[5, 1, 7], nose[5, 11, 7]) == (0, 1)


def test_where_regions_overlap_the_nearest_centre_speaks():
    rois = [Roi((0, 0, 0), (5, 5, 5)), Roi((3, 0, 0), (9, 5, 5))]
    answers = [np.full((1, 5, 5, 5), 0.25, np.float32), np.full((1, 6, 5, 5), 0.75, np.float32)]
    whole = stitched(answers, rois, (10, 5, 5))
    for x, y, z in np.ndindex(10, 5, 5):
        holding = [
            (np.sum((np.array([x, y, z]) - roi.centre) ** 2), index)
            for index, roi in enumerate(rois)
            if all(a <= at < b for a, at, b in zip(roi.start, (x, y, z), roi.stop, strict=True))
        ]
        assert whole[0, x, y, z] == (answers[min(holding)[1]][0, 0, 0, 0] if holding else 0)
    assert not stitched([], [], (4, 4, 4)).any()


def test_an_epoch_is_balanced_and_its_extra_regions_lie_low(rng):
    truth = np.repeat([1.0, 0.0], [400, 4000])
    down = rng.random(4400)
    rows = np.array(InfratentorialExtra().rows(truth, down, rng))
    assert len(rows) == round(1.3 * 800)
    assert set(range(400)) <= set(rows.tolist())
    found = InfratentorialExtra(extra=10.0).rows(truth, down, rng)
    extra = np.array(found)[np.array(found) >= 0]
    low, yes = down[extra] >= 0.7, truth[extra] == 1
    # Of 8,800 regions 800 are the balanced ones, three in ten of them low.
    assert (low & yes).mean() == pytest.approx((8000 * 0.85 * 0.33 + 120) / 8800, abs=0.02)
    assert (low & ~yes).mean() == pytest.approx((8000 * 0.85 * 0.67 + 120) / 8800, abs=0.02)
    assert (~low & ~yes).mean() == pytest.approx((8000 * 0.15 + 280) / 8800, abs=0.02)


def test_kinds_that_do_not_occur_leave_their_share_to_the_others(rng):
    sampling = InfratentorialExtra()
    assert sorted(sampling.rows(np.ones(5), np.zeros(5), rng)) == [0, 1, 2, 3, 4]
    rows = sampling.rows(np.array([1.0] * 10 + [0.0] * 10), np.zeros(20), rng)
    assert len(rows) == 26
    assert sum(row >= 10 for row in rows) == 16


def test_visits_must_not_move_and_nobody_is_held_out():
    with pytest.raises(UsageError, match="set flip, turn and affine of augment to 0"):
        replace(FIND, augment=Augment(flip=0.5))
    with pytest.raises(UsageError, match="set held_out of training to 0"):
        replace(FIND, training=Training(held_out=0.2))


def test_candidates_without_a_new_voxel_teach_nothing():
    stable = [
        case.with_(truth=lambda case=case: case.truth().with_columns(status="stable")) for case in cohort(1)
    ]
    with pytest.raises(DataError, match=r"none of the \d+ candidates .* has a voxel of a new lesion"):
        SMALL.fit(stable, seed=0)


def test_the_small_version_learns_two_people_by_heart(tmp_path):
    cases, losses = cohort(2), []
    by_heart = replace(SMALL, training=replace(SMALL.training, epochs=16))
    finder = by_heart.fit(cases, seed=0, run=Run(progress=lambda row: losses.append(row["loss"])))
    assert losses[-1] < losses[0] / 3
    pairs = [(target_maps(case.truth(), "new")[0] != 0, finder(case).labels.data > 0) for case in cases]
    assert overlap_score(pairs) > 0.7
    finder.save(tmp_path)
    assert by_heart.load(tmp_path)(cases[0]).table.equals(finder(cases[0]).table)


def test_without_maps_the_two_visits_are_enough():
    assert Net("roi-cnn", 2).build(seed=0)(torch.randn(1, 2, 4, 5, 6)).shape == (1, 1, 4, 5, 6)
