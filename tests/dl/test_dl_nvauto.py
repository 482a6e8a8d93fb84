"""nvauto-segresnet: MONAI's SegResNet in two shapes, and different segmenters that answer as one."""

# ruff: noqa: E402 (what needs torch is imported after it was found)
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from little import PAPER, cohort
from torch import nn

from radiorim import recipes
from radiorim.blocks import Recipe
from radiorim.dl.augment import Augment
from radiorim.dl.channels import Channel
from radiorim.dl.joint import JointSegmenter
from radiorim.dl.loop import Run
from radiorim.dl.patches import Batch
from radiorim.dl.profile import shrunk
from radiorim.dl.registry import Loss, Net, count_parameters
from radiorim.dl.segmenter import Segmenter
from radiorim.dl.supervised import Supervised
from radiorim.dl.training import Optimiser, Schedule, Training
from radiorim.dl.voxelsampling import BalancedVoxels
from radiorim.errors import DataError, UsageError
from radiorim.model import Model

pytestmark = pytest.mark.dl
RECIPE = recipes.get("nvauto-segresnet")
SHALLOW, DEEP = RECIPE.find.parts


def part(blocks_down: tuple[int, ...], patch: int) -> Segmenter:
    return Segmenter(
        channels=(Channel("flair0"), Channel("flair")),
        net=Net("segresnet", 2, options={"init_filters": 8, "blocks_down": blocks_down}),
        patch=(patch,) * 3,
        loss=SHALLOW.loss,
        sampling=BalancedVoxels(per_case=8, positive=0.5),
        augment=Augment(flip=0.0),
        training=Training(
            epochs=30,
            batch=8,
            optimiser=Optimiser("adamw", lr=1e-2),
            schedule=Schedule("cosine"),
            held_out=0.0,
        ),
        inference=replace(SHALLOW.inference, overlap=0.25),
    )


JOINT = JointSegmenter((part((1, 1), 16), replace(part((1, 1, 1), 16), members=2)))


@pytest.fixture(scope="module")
def learned():
    losses: list[float] = []
    recipe = Recipe("little-joint", "new-lesion", ("flair0", "flair"), PAPER, find=JOINT)
    finder = JOINT.fit(cohort(2), seed=0, run=Run(progress=lambda row: losses.append(row["loss"])))
    return Model(recipe, finder), losses


def test_two_levels_of_64_filters_and_four_of_32_have_the_catalogues_parameters():
    assert round(count_parameters(SHALLOW.net) / 1e6, 2) == 4.91
    assert round(count_parameters(DEEP.net) / 1e6, 2) == 18.97
    assert (SHALLOW.patch, DEEP.patch) == ((16, 16, 16), (128, 128, 128))
    assert (SHALLOW.members, DEEP.members) == (5, 5)


@pytest.mark.parametrize(("block", "halvings"), [(SHALLOW, 1), (DEEP, 3)])
def test_stages_halve_by_strided_convolutions_and_come_back_by_transposed_ones(block, halvings):
    with torch.device("meta"):
        net = block.net.build(seed=0)
    layers = list(net.modules())
    strided = [each for each in layers if isinstance(each, nn.Conv3d) and each.stride == (2, 2, 2)]
    back = [each for each in layers if isinstance(each, nn.ConvTranspose3d)]
    assert (len(strided), len(back)) == (halvings, halvings)
    assert any(isinstance(each, nn.BatchNorm3d) for each in layers)


def test_the_sigmoid_of_the_answer_is_the_softmax_of_the_two_classes():
    net = Net("segresnet", 2).smoke().build(seed=0).eval()
    images = torch.randn(1, 2, 16, 16, 16)
    with torch.no_grad():
        torch.testing.assert_close(net(images).sigmoid(), net.net(images).softmax(1)[:, 1:])


def test_the_loss_is_squared_dice_over_the_batch_against_a_loop():
    logits = torch.randn(3, 1, 4, 4, 4, generator=torch.Generator().manual_seed(0))
    target = (torch.rand(3, 1, 4, 4, 4, generator=torch.Generator().manual_seed(1)) < 0.3).float()
    above = below = 0.0
    for p, y in zip(logits.sigmoid().flatten().tolist(), target.flatten().tolist(), strict=True):
        above, below = above + 2 * p * y, below + p**2 + y**2
    assert float(DEEP.loss.build()(logits, target)) == pytest.approx(1 - above / below, rel=1e-4)
    assert SHALLOW.loss == DEEP.loss == Loss("dice", {"squared": True})


@pytest.mark.parametrize("block", [SHALLOW, DEEP], ids=["shallow", "deep"])
def test_both_full_networks_take_a_training_step_that_reaches_every_parameter(block):
    """Full widths on two patches of 8 voxels."""
    module = Supervised(block.net.build(seed=0), block.loss.build()).train()
    drawn = torch.Generator().manual_seed(0)
    target = (torch.rand(2, 1, 8, 8, 8, generator=drawn) < 0.1).float()
    module(Batch(torch.randn(2, 2, 8, 8, 8, generator=drawn), target)).backward()
    assert [name for name, weight in module.named_parameters() if weight.grad is None] == []
    before = [weight.detach().clone() for weight in module.parameters()]
    block.training.optimiser.build(list(module.parameters())).step()
    assert not all(torch.equal(old, new) for old, new in zip(before, module.parameters(), strict=True))


def test_together_they_learn_two_people_by_heart(learned):
    model, losses = learned
    assert len(losses) == 3 * 30
    for start in (0, 30, 60):
        assert losses[start + 29] < 0.5 * losses[start]
    for case in cohort(2):
        truth = case.truth().keep(lambda table: table.status == "new").labels.data > 0
        found = model.finder(case).labels.data > 0
        assert 2 * (truth & found).sum() > 0.5 * (truth.sum() + found.sum())


def test_the_answer_is_the_mean_of_all_networks_and_not_of_the_parts(learned):
    finder, case = learned[0].finder, cohort(1)[0]
    one, two = finder.finders
    assert (len(one.nets), len(two.nets)) == (1, 2)
    each = [replace(two, nets=(net,)).probability(case) for net in two.nets]
    expected = (one.probability(case) + each[0] + each[1]) / 3
    np.testing.assert_allclose(finder.probability(case), expected, atol=1e-5)
    assert finder.parameters == one.parameters + two.parameters


def test_what_was_saved_answers_the_same_and_a_part_that_lacks_is_named(learned, tmp_path):
    model, case = learned[0], cohort(3)[2]
    folder = model.save(tmp_path / "m")
    again = Model.load(folder)
    assert again.predict(case).table.equals(model.predict(case).table)
    (folder / "find-1.safetensors").unlink()
    with pytest.raises(DataError, match=r"find-1\.safetensors"):
        Model.load(folder)


def test_no_parts_are_refused():
    with pytest.raises(UsageError, match="at least one Segmenter"):
        JointSegmenter(())


def test_the_small_version_has_one_network_of_either_kind():
    small = shrunk(RECIPE)
    assert shrunk(small) == small
    assert [each.members for each in small.find.parts] == [1, 1]
    assert count_parameters(small.find.parts[0].net) < count_parameters(SHALLOW.net) / 30
