"""snac-dual-path: the parameters of the authors' code, temporal attention, pretraining, learning."""

from __future__ import annotations

from dataclasses import replace

import pytest

pytest.importorskip("torch")
import torch
from little import cohort
from torch.nn import functional

from radiorim import recipes
from radiorim.dl.consistency import PairsAlone, pair_losses
from radiorim.dl.loop import Run
from radiorim.dl.nets.dual_path import Difference
from radiorim.dl.patches import Batch
from radiorim.dl.profile import shrunk
from radiorim.dl.registry import count_parameters
from radiorim.dl.supervised import Supervised
from radiorim.dl.voxeljob import gather_voxels, overlap_score, target_maps

pytestmark = pytest.mark.dl
FIND = recipes.get("snac-dual-path").find
SMALL = shrunk(FIND)


def test_both_networks_have_the_parameters_of_the_authors_code():
    assert count_parameters(FIND.segmenter.net) == 8_930_833
    assert count_parameters(FIND.autoencoder) == 12_241_858
    assert round(8_930_833 / 1e6, 2) == 8.93
    assert round(12_241_858 / 1e6, 1) == 12.2


def test_temporal_attention_is_its_formula():
    torch.manual_seed(0)
    block = Difference(8, 8, 4)
    first, second = torch.randn(2, 2, 8, 3, 4, 5)
    query, key = block.query(first), block.key(second)
    expected = torch.zeros(2, 1, 3, 4, 5)
    for n in range(2):
        for c in range(4):
            z = [(x - x.mean()) / (x.var(correction=0) + 1e-5).sqrt() for x in (query[n, c], key[n, c])]
            expected[n, 0] += z[0] * z[1] / 4
    alpha = expected.abs().clamp(0, 1)
    torch.testing.assert_close(block.agreement(first, second), alpha, rtol=1e-4, atol=1e-5)
    value = functional.conv3d(second - first, block.value.weight, block.value.bias)
    answer = functional.group_norm(functional.relu((1 - alpha) * value), 2)
    torch.testing.assert_close(block(first, second), answer, rtol=1e-4, atol=1e-4)


def test_a_map_of_one_voxel_agrees_in_nothing_and_raises_no_error():
    block = Difference(8, 16, 4)
    first, second = torch.randn(2, 3, 8, 1, 1, 1)
    assert torch.equal(block.agreement(first, second), torch.zeros(3, 1, 1, 1, 1))
    assert block(first, second).isfinite().all()


def test_two_equal_visits_leave_nothing_but_the_biases():
    block = Difference(8, 8, 4)
    block.value.bias.data.zero_()
    scan = torch.randn(1, 8, 4, 4, 4)
    assert torch.equal(block(scan, scan), torch.zeros(1, 8, 4, 4, 4))


def test_features_halve_and_double_as_in_the_scheme():
    net = FIND.segmenter.net.build(seed=0)
    shapes = [tuple(level.shape[1:3]) for level in net.encoder(torch.zeros(1, 1, 32, 32, 32))]
    assert shapes == [(16, 32), (32, 16), (64, 8), (128, 4), (256, 2)]
    assert [block.convolution.in_channels for block in net.decoder] == [768, 384, 192, 96, 48]
    assert [block.convolution.out_channels for block in net.decoder] == [256, 128, 64, 32, 16]
    assert all(block.norm.num_groups == block.norm.num_channels // 4 for block in net.encoder.blocks)


def test_one_step_of_the_full_profile_reaches_every_parameter_of_both_networks():
    images = torch.randn(2, 2, 32, 32, 32)
    target = (torch.rand(2, 1, 32, 32, 32) < 0.01).float()
    alone = PairsAlone(FIND.autoencoder.build(seed=0))
    supervised = Supervised(FIND.segmenter.net.build(seed=0), FIND.segmenter.loss.build())
    for module, training in ((alone, FIND.pretraining), (supervised, FIND.segmenter.training)):
        optimiser = training.optimiser.build(list(module.parameters()))
        loss = module(Batch(images, target))
        loss.backward()
        assert [name for name, weight in module.named_parameters() if weight.grad is None] == []
        optimiser.step()
        with torch.no_grad():
            assert module(Batch(images, target)) != loss


def test_the_losses_without_labels_are_their_formulas():
    torch.manual_seed(0)
    images = torch.randn(2, 2, 4, 4, 4)
    drawn = torch.randn(2, 2, 1, 4, 4, 4)
    features = [torch.randn(2, c, e, e, e) for c, e in ((3, 4), (3, 4), (5, 2), (5, 2))]
    consistency, reconstruction = pair_losses([*drawn, *features], images)
    by_hand = sum(
        float(((one - other) ** 2).sum()) / one.numel()
        for one, other in ((features[0], features[1]), (features[2], features[3]))
    )
    assert float(consistency) == pytest.approx(by_hand, rel=1e-5)
    by_hand = sum(float(((drawn[visit][:, 0] - images[:, visit]) ** 2).mean()) for visit in (0, 1))
    assert float(reconstruction) == pytest.approx(by_hand, rel=1e-5)


def test_the_encoder_starts_from_the_autoencoders_and_learns_on(monkeypatch):
    started = []

    def noted(block, data, *, seed, run, net):
        started.append({name: value.clone() for name, value in net.encoder.state_dict().items()})
        return net

    monkeypatch.setattr("radiorim.dl.pretrained.train_segmenter", noted)
    few = replace(SMALL, pretraining=replace(SMALL.pretraining, epochs=1))
    twice = replace(few, segmenter=replace(few.segmenter, members=2))
    finder = twice.fit(cohort(1), seed=0)
    fresh = few.segmenter.net.build(seed=0).encoder.state_dict()
    assert all(torch.equal(started[0][name], started[1][name]) for name in fresh)
    assert not any(
        torch.equal(started[0][name], fresh[name]) for name in fresh if name.endswith("convolution.weight")
    )
    first, second = finder.nets
    assert not torch.equal(first.bottleneck.value.weight, second.bottleneck.value.weight)
    assert all(weight.requires_grad for weight in first.encoder.parameters())


def test_cases_without_a_new_lesion_are_left_out():
    cases = cohort(3)
    bare = cases[1].with_(truth=lambda: cohort(2)[1].truth().with_columns(status="stable"))
    data = gather_voxels([cases[0], bare, cases[2]], SMALL.segmenter.channels, "new")
    kept = data.only([0, 2])
    assert kept.persons == ("sub-01", "sub-03")
    assert kept.images[1] is data.images[2]
    assert len(kept.positives[1]) == len(data.positives[2]) > 0


def test_the_small_version_learns_two_people_by_heart(tmp_path):
    cases, losses = cohort(2), []
    by_heart = replace(
        SMALL,
        segmenter=replace(
            SMALL.segmenter, training=replace(SMALL.segmenter.training, epochs=40, held_out=0.0, check=40)
        ),
    )
    finder = by_heart.fit(cases, seed=0, run=Run(progress=lambda row: losses.append(row["loss"])))
    few = by_heart.pretraining.epochs
    assert losses[few - 1] < losses[0]
    assert losses[-1] < losses[few] / 2
    pairs = [(target_maps(case.truth(), "new")[0] != 0, finder(case).labels.data > 0) for case in cases]
    assert overlap_score(pairs) > 0.7
    finder.save(tmp_path)
    assert by_heart.load(tmp_path)(cases[0]).table.equals(finder(cases[0]).table)
