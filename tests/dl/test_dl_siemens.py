"""siemens-siamese-mpunet: its network is the paper's as far as the paper says, and it learns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")
import torch
from little import cohort
from torch import nn

from radiorim import recipes
from radiorim.dl.loop import Run
from radiorim.dl.patches import Batch
from radiorim.dl.profile import shrunk
from radiorim.dl.registry import Net, count_parameters
from radiorim.dl.supervised import Supervised
from radiorim.dl.voxeljob import overlap_score, target_maps

pytestmark = pytest.mark.dl
FIND = recipes.get("siemens-siamese-mpunet").find
SMALL = shrunk(FIND)


def test_the_shared_network_has_about_30000_parameters_and_the_catalogues_count():
    net = FIND.net.build(seed=0)
    assert sum(weight.numel() for weight in net.branch.parameters()) == 28_731
    assert count_parameters(FIND.net) == 28_731 + 13_299
    assert count_parameters(replace(FIND.net, outputs=5)) == 28_731 + 14_175


def test_every_node_is_two_convolutions_of_what_the_nested_skips_bring():
    branch = FIND.net.build(seed=0).branch
    assert len(branch.nodes) == 10
    for name, node in branch.nodes.items():
        level, column = (int(part) for part in name.split("-"))
        found = [layer.in_channels for layer in node if isinstance(layer, nn.Conv3d)]
        assert found == [6 * (column + 1) if column or level else 1, 6]
        assert sum(isinstance(layer, nn.BatchNorm3d) for layer in node) == 2
        assert sum(isinstance(layer, nn.Dropout3d) for layer in node) == 1
    refinement = FIND.net.build(seed=0).refinement
    steps = [layer for layer in refinement if isinstance(layer, nn.Conv3d)]
    assert [(step.in_channels, step.out_channels) for step in steps] == [
        (6, 16),
        (16, 16),
        (16, 8),
        (8, 1),
    ]
    assert isinstance(refinement[0], nn.Dropout3d)


def test_three_decoders_draw_a_map_of_the_patchs_size_and_edges_of_56_can_be_halved_thrice():
    with torch.device("meta"):
        branch = FIND.net.build(seed=0).branch.eval()
        assert branch(torch.zeros(1, 1, 56, 56, 56)).shape == (1, 3, 56, 56, 56)


def test_either_visit_is_seen_by_the_same_weights():
    net = FIND.net.build(seed=0).eval()
    seen = []
    net.branch.register_forward_hook(lambda _module, _given, maps: seen.append(maps))
    scan = torch.randn(1, 1, 8, 8, 8)
    net(torch.cat([scan, scan], dim=1))
    torch.testing.assert_close(seen[0][0], seen[0][1])
    exchanged = torch.randn(1, 2, 8, 8, 8)
    assert not torch.allclose(net(exchanged), net(exchanged.flip(1)))


def test_one_step_of_the_full_profile_reaches_every_parameter():
    net = FIND.net.build(seed=0)
    module = Supervised(net, FIND.loss.build()).train()
    images, target = torch.randn(1, 2, 56, 56, 56), torch.zeros(1, 1, 56, 56, 56)
    target[:, :, 20:30, 20:30, 20:30] = 1
    optimiser = FIND.training.optimiser.build(list(module.parameters()))
    loss = module(Batch(images, target))
    loss.backward()
    assert [name for name, weight in net.named_parameters() if weight.grad is None] == []
    before = net.branch.heads[0].weight.clone()
    optimiser.step()
    assert not torch.equal(net.branch.heads[0].weight, before)


def test_the_full_profile_trains_and_asks_as_the_paper_says():
    training = FIND.training
    assert (training.epochs, training.batch, training.optimiser.lr) == (40, 40, 0.004)
    assert training.schedule.at(3, 40) == pytest.approx(0.9**3)
    assert FIND.patch == (56, 56, 56)
    assert (FIND.sampling.per_case, FIND.sampling.positive) == (872, 0.8)
    assert round(FIND.patch[0] * FIND.inference.overlap) == 28
    assert FIND.inference.stitch == "constant"


def test_the_small_version_learns_two_people_by_heart():
    cases, losses = cohort(2), []
    finder = SMALL.fit(cases, seed=0, run=Run(progress=lambda row: losses.append(row["loss"])))
    assert losses[-1] < losses[0] / 2
    pairs = [(target_maps(case.truth(), "new")[0] != 0, finder(case).labels.data > 0) for case in cases]
    assert overlap_score(pairs) > 0.7
    assert finder.probability(cases[0]).shape == (1, *cases[0].image("flair").shape)
    assert np.isfinite(finder.probability(cases[0])).all()


def test_five_outputs_are_the_consensus_and_four_experts():
    net = Net("siamese-mpunet", 2, 5).build(seed=0)
    assert net(torch.randn(2, 2, 8, 8, 8)).shape == (2, 5, 8, 8, 8)
