"""aramis-ohem: the U-Net of its paper, and hard examples ranked by a slow copy of it."""

# ruff: noqa: E402 (what needs torch is imported after it was found)
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from little import cohort
from torch import nn

from radiorim import recipes
from radiorim.dl.channels import Channel
from radiorim.dl.loop import Run, fit
from radiorim.dl.mined import Mined, patch_errors
from radiorim.dl.ohem import HardExamples
from radiorim.dl.patches import Batch
from radiorim.dl.profile import shrunk
from radiorim.dl.registry import Loss, Net, count_parameters
from radiorim.dl.segmenter import Segmenter
from radiorim.dl.supervised import Supervised
from radiorim.dl.training import Optimiser, Schedule, Training
from radiorim.dl.voxelsampling import BalancedVoxels

pytestmark = pytest.mark.dl
RECIPE = recipes.get("aramis-ohem")
FIND = RECIPE.find


def batch_of(count: int, size: int = 8) -> Batch:
    drawn = torch.Generator().manual_seed(3)
    images = torch.randn(count, 2, size, size, size, generator=drawn)
    target = (torch.rand(count, 1, size, size, size, generator=drawn) < 0.1).float()
    target[count // 2 :] = 0
    return Batch(images, target)


def mined(share: float = 0.25, momentum: float = 0.9) -> Mined:
    net = Net("plain-unet", 2, options={"widths": (4, 8), "groups": 2}).build(seed=0)
    return HardExamples(share, momentum).module(Supervised(net, Loss("dice").build()))


def test_the_network_is_the_equation_of_the_paper_with_354353_parameters():
    assert count_parameters(FIND.net) == 354_353
    net = FIND.net.build(seed=0)
    shapes = [tuple(layer.weight.shape) for layer in net.modules() if isinstance(layer, nn.Conv3d)]
    k = (3, 3, 3)
    encoder = [(16, 2, *k), (16, 16, *k), (32, 16, *k), (32, 32, *k), (64, 32, *k), (64, 64, *k)]
    decoder = [(32, 96, *k), (32, 32, *k), (16, 48, *k), (16, 16, *k), (1, 16, 1, 1, 1)]
    assert shapes == encoder + decoder
    norms = [layer for layer in net.modules() if isinstance(layer, nn.GroupNorm)]
    assert len(norms) == 10
    assert {norm.num_groups for norm in norms} == {8}
    assert net(torch.zeros(1, 2, 32, 32, 32)).shape == (1, 1, 32, 32, 32)


def test_the_untrained_network_answers_around_its_prior():
    net = Net("plain-unet", 2, options={"prior": 0.01}).build(seed=0)
    with torch.no_grad():
        said = net(torch.randn(1, 2, 16, 16, 16)).sigmoid()
    assert 0.002 < float(said.median()) < 0.05


def test_a_full_step_picks_32_of_128_patches_and_changes_every_parameter():
    module = FIND.mining.module(Supervised(FIND.net.build(seed=0), FIND.loss.build()))
    assert (FIND.training.batch, FIND.mining.share * FIND.training.batch) == (128, 32)
    assert (FIND.patch, FIND.sampling.positive) == ((32, 32, 32), 0.3)
    # The paper's batch on patches of 4 voxels: 128 of 32 take minutes on a CPU.
    batch = batch_of(128, size=4)
    assert len(module.hardest(batch)) == 32
    optimiser = FIND.training.optimiser.build([p for p in module.parameters() if p.requires_grad])
    before = {name: weight.clone() for name, weight in module.net.named_parameters()}
    module.train()
    module(batch).backward()
    optimiser.step()
    assert [name for name, weight in module.net.named_parameters() if torch.equal(weight, before[name])] == []
    assert all(weight.grad is None for weight in module.teacher.parameters())


def test_the_rate_falls_tenfold_at_half_and_at_four_fifths():
    schedule, epochs = FIND.training.schedule, FIND.training.epochs
    factors = [schedule.at(epoch, epochs) for epoch in (0, 499, 500, 799, 800, 999)]
    assert factors == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01])
    assert FIND.training.optimiser == Optimiser("adam", lr=1e-3)


def test_errors_are_dice_and_cross_entropy_patch_by_patch():
    batch = batch_of(6, size=4)
    logits = torch.randn(6, 1, 4, 4, 4, generator=torch.Generator().manual_seed(1))
    expected = []
    for patch in range(6):
        said, true = logits[patch].sigmoid().numpy().ravel(), batch.target[patch].numpy().ravel()
        entropy = overlap = 0.0
        for p, y in zip(said, true, strict=True):
            entropy -= np.log(p if y else 1 - p) / 64
            overlap += p * y
        expected.append(entropy + 1 - (2 * overlap + 1) / (said.sum() + true.sum() + 1))
    np.testing.assert_allclose(patch_errors(logits, batch.target).numpy(), expected, rtol=1e-5)


def test_the_loss_is_that_of_the_patches_with_the_largest_errors_of_the_copy():
    module, batch = mined(), batch_of(12)
    with torch.no_grad():
        module.net.head.bias += 2.0
        errors = patch_errors(module.teacher(batch.images), batch.target)
    rows = errors.argsort(descending=True)[:3]
    assert module.hardest(batch).tolist() == rows.tolist()
    again = mined(momentum=1.0)
    again.load_state_dict(module.state_dict())
    expected = module.supervised(Batch(batch.images[rows], batch.target[rows]))
    torch.testing.assert_close(again(batch), expected)


def test_the_copy_follows_the_network_by_its_momentum_and_plain_mining_has_none():
    module, plain, batch = mined(momentum=0.9), mined(momentum=0.0), batch_of(4)
    slow = [weight.clone() for weight in module.teacher.parameters()]
    for each in (module, plain):
        with torch.no_grad():
            for weight in each.net.parameters():
                weight.add_(0.5)
        each(batch)
    for old, new, quick in zip(slow, module.teacher.parameters(), module.net.parameters(), strict=True):
        torch.testing.assert_close(new, 0.9 * old + 0.1 * quick)
    for new, quick in zip(plain.teacher.parameters(), plain.net.parameters(), strict=True):
        torch.testing.assert_close(new, quick.detach())


class Fixed:
    """A job with the same batches in each epoch and nobody held out."""

    def batches(self, epoch):
        return [batch_of(8), batch_of(6)]

    def score(self, module):
        return float("nan")


def test_mining_that_was_killed_goes_on_to_the_same_weights(tmp_path):
    def stop(row):
        if row["epoch"] == 1:
            raise InterruptedError

    training = Training(epochs=4, optimiser=Optimiser("adam", lr=1e-2), amp=False)
    whole, broken, resumed = mined(), mined(), mined()
    fit(Fixed(), whole, training, seed=0)
    with pytest.raises(InterruptedError):
        fit(Fixed(), broken, training, seed=0, run=Run(tmp_path, "k", stop))
    fit(Fixed(), resumed, training, seed=0, run=Run(tmp_path, "k"))
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


def test_it_learns_two_people_by_heart():
    small = Segmenter(
        channels=(Channel("flair0"), Channel("flair")),
        net=Net("plain-unet", 2, options={"widths": (8, 16), "groups": 2, "prior": 0.01}),
        patch=(16, 16, 16),
        loss=FIND.loss,
        sampling=BalancedVoxels(per_case=8, positive=0.5),
        augment=FIND.augment,
        training=Training(
            epochs=25,
            batch=8,
            optimiser=Optimiser("adam", lr=1e-2),
            schedule=Schedule("cosine"),
            held_out=0.0,
        ),
        inference=replace(FIND.inference, overlap=0.25),
        mining=HardExamples(0.5, 0.9),
    )
    losses: list[float] = []
    people = cohort(2)
    finder = small.fit(people, seed=0, run=Run(progress=lambda row: losses.append(row["loss"])))
    assert losses[-1] < 0.5 * losses[0]
    for case in people:
        truth = case.truth().keep(lambda table: table.status == "new").labels.data > 0
        found = finder(case).labels.data > 0
        assert 2 * (truth & found).sum() > 0.5 * (truth.sum() + found.sum())


def test_the_small_version_keeps_what_makes_it_itself():
    small = shrunk(RECIPE)
    assert shrunk(small) == small
    assert small.find.mining.momentum > 0
    assert small.find.mining.share < 1
    assert small.find.loss == FIND.loss
    assert small.prepare[0].spacing_mm == 1.0
