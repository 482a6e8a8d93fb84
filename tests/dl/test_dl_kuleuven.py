"""kuleuven-preunet: pre-activation blocks, 26.3 M parameters, losses at three resolutions."""

# ruff: noqa: E402 (what needs torch is imported after it was found)
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from little import cohort
from torch import nn
from torch.nn import functional

from radiorim import recipes
from radiorim.dl.augment import Augment, Drawn, apply
from radiorim.dl.channels import Channel
from radiorim.dl.loop import Run
from radiorim.dl.nets.pre_unet import PreActivation
from radiorim.dl.patches import Batch, Patch
from radiorim.dl.profile import shrunk
from radiorim.dl.registry import Net, count_parameters
from radiorim.dl.segmenter import Segmenter
from radiorim.dl.supervised import Supervised
from radiorim.dl.training import Optimiser, Schedule, Training
from radiorim.dl.voxelsampling import BalancedVoxels

pytestmark = pytest.mark.dl
RECIPE = recipes.get("kuleuven-preunet")
FIND = RECIPE.find
SMALL = Net("pre-unet", 2).smoke()


def test_it_has_the_26_3_million_parameters_of_the_paper_with_samplers_of_kernel_2():
    assert round(count_parameters(FIND.net) / 1e6, 2) == 26.35
    text = replace(FIND.net, options={**dict(FIND.net.options), "sampler_kernel": 3})
    assert round(count_parameters(text) / 1e6, 1) == 33.0


def normed_by_loop(maps: torch.Tensor) -> torch.Tensor:
    """Each sample's eight channels to mean 0 and variance 1."""
    out = maps.clone()
    for sample in out:
        for group in sample.split(8):
            group.copy_((group - group.mean()) / (group.var(correction=0) + 1e-5).sqrt())
    return out


@torch.no_grad()
def test_a_block_is_its_formula_with_groups_of_eight_channels():
    block = PreActivation(8, 16)
    maps = torch.randn(2, 8, 5, 5, 5)
    first, second = block.residual[2], block.residual[5]
    inner = first(functional.leaky_relu(normed_by_loop(maps), 0.01))
    expected = block.shortcut(maps) + second(functional.leaky_relu(normed_by_loop(inner), 0.01))
    torch.testing.assert_close(block(maps), expected, rtol=1e-4, atol=1e-5)
    assert isinstance(PreActivation(16, 16).shortcut, nn.Identity)
    assert block.residual[3].num_groups == 2


def test_the_full_network_halves_four_times_and_a_step_reaches_every_parameter():
    """The full widths on a patch of 16 voxels, a 512th of the paper's."""
    module = Supervised(FIND.net.build(seed=0), FIND.loss.build(), FIND.deep_weights).train()
    seen, heads = [], []
    for block in module.net.encoder:
        block.register_forward_hook(lambda _block, _given, maps: seen.append((maps.shape[1], maps.shape[-1])))
    for head in module.net.heads:
        head.register_forward_hook(lambda _head, _given, maps: heads.append(maps.shape[-1]))
    drawn = torch.Generator().manual_seed(0)
    target = (torch.rand(1, 1, 16, 16, 16, generator=drawn) < 0.1).float()
    module(Batch(torch.randn(1, 2, 16, 16, 16, generator=drawn), target)).backward()
    assert seen == [(64, 8), (128, 4), (256, 2), (512, 1)]
    assert heads == [16, 8, 4]
    assert [name for name, weight in module.named_parameters() if weight.grad is None] == []
    before = [weight.detach().clone() for weight in module.parameters()]
    FIND.training.optimiser.build(list(module.parameters())).step()
    assert not any(torch.equal(old, new) for old, new in zip(before, module.parameters(), strict=True))


def test_the_loss_is_squared_dice_plus_focal_at_each_scale_against_a_loop():
    module = Supervised(nn.Identity(), FIND.loss.build(), FIND.deep_weights)
    drawn = torch.Generator().manual_seed(2)
    heads = [torch.randn(2, 1, n, n, n, generator=drawn) for n in (8, 4, 2)]
    target = (torch.rand(2, 1, 8, 8, 8, generator=drawn) < 0.3).float()
    expected = 0.0
    for weight, step, logits in zip((1.0, 0.5, 0.25), (1, 2, 4), heads, strict=True):
        # nearest-exact: the voxel at the middle of each cube of step^3
        small = target[:, :, step // 2 :: step, step // 2 :: step, step // 2 :: step].numpy()
        p = logits.sigmoid().numpy().astype(np.float64)
        dice = [1 - 2 * (p[n] * small[n]).sum() / ((p[n] ** 2).sum() + small[n].sum()) for n in range(2)]
        right = np.where(small == 1, p, 1 - p)
        expected += weight * (np.mean(dice) + np.mean(-((1 - right) ** 2) * np.log(right)))

    class Heads(nn.Module):
        def forward(self, images):
            return heads

    module.net = Heads()
    assert float(module(Batch(torch.zeros(2, 2, 8, 8, 8), target))) == pytest.approx(expected, rel=1e-4)


def test_blur_and_bias_are_drawn_recorded_and_the_same_again():
    patch = Patch(np.random.default_rng(0).normal(5, 1, (2, 12, 12, 12)).astype(np.float32), np.ones(1))
    block = Augment(flip=0.0, blur=(0.5, 1.5), bias=0.1, chance=1.0)
    drawn = block.draw(np.random.default_rng(1), channels=2)
    assert 0.5 <= drawn.blur_sd <= 1.5
    one, again = apply(patch, drawn), apply(patch, drawn)
    np.testing.assert_array_equal(one.images, again.images)
    blurred = apply(patch, replace(drawn, bias=0.0)).images
    assert np.diff(blurred).std() < 0.7 * np.diff(patch.images).std()
    field = apply(patch, replace(drawn, blur_sd=0.0)).images / patch.images
    np.testing.assert_allclose(field[0], field[1], rtol=1e-5)
    assert np.abs(np.diff(field, axis=1)).max() < 0.5 * np.ptp(field)
    assert np.ptp(field) > 0
    assert apply(patch, Drawn()).images.tolist() == patch.images.tolist()


def test_each_change_of_intensity_comes_as_often_as_its_chance():
    draws = [FIND.augment.draw(np.random.default_rng(seed), channels=2) for seed in range(2000)]
    for often in (
        np.mean([drawn.blur_sd > 0 for drawn in draws]),
        np.mean([drawn.bias > 0 for drawn in draws]),
        np.mean([drawn.gamma != 1 for drawn in draws]),
        np.mean([drawn.noise_sd > 0 for drawn in draws]),
        np.mean([any(drawn.degrees) for drawn in draws]),
    ):
        assert 0.12 < often < 0.18
    assert max(max(np.abs(drawn.degrees)) for drawn in draws) <= 30
    assert max(abs(drawn.zoom - 1) for drawn in draws) <= 0.3


def test_100_000_steps_are_made_of_32_cases():
    steps = FIND.training.epochs * FIND.sampling.per_case * 32 / FIND.training.batch
    assert steps == 100_000


def test_it_learns_two_people_by_heart():
    small = Segmenter(
        channels=(Channel("flair0"), Channel("flair")),
        net=Net("pre-unet", 2, options={"widths": (8, 16, 16)}),
        patch=(16, 16, 16),
        loss=FIND.loss,
        deep_weights=FIND.deep_weights,
        sampling=BalancedVoxels(per_case=4, positive=0.5),
        augment=Augment(flip=0.0),
        training=Training(
            epochs=20, batch=4, optimiser=Optimiser("adamw", lr=1e-2), schedule=Schedule("cosine"), held_out=0
        ),
        inference=replace(FIND.inference, overlap=0.25),
    )
    losses: list[float] = []
    people = cohort(2)
    finder = small.fit(people, seed=0, run=Run(progress=lambda row: losses.append(row["loss"])))
    assert losses[-1] < 0.6 * losses[0]
    for case in people:
        truth = case.truth().keep(lambda table: table.status == "new").labels.data > 0
        found = finder(case).labels.data > 0
        assert 2 * (truth & found).sum() > 0.5 * (truth.sum() + found.sum())


def test_the_small_version_keeps_what_makes_it_itself():
    small = shrunk(RECIPE)
    assert shrunk(small) == small
    assert small.find.deep_weights == (1.0, 0.5, 0.25)
    with torch.no_grad():
        heads = small.find.net.build(seed=0).train()(torch.zeros(1, 2, *small.find.patch))
    assert [head.shape[-1] for head in heads] == [16, 8, 4]
