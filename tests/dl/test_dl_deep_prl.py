"""Deep-PRL: three branches of the published size, a mask that they share, and a recipe that learns."""

# ruff: noqa: E402 (what needs torch is imported after it was found)
from __future__ import annotations

from dataclasses import replace
from math import log

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from little import cohort
from scipy import ndimage

from radiorim import recipes
from radiorim.dl.channels import Channel
from radiorim.dl.copies import ShiftedPositives
from radiorim.dl.focus import LesionPatch
from radiorim.dl.lesionjob import gather
from radiorim.dl.losses.uniform_focal import build as uniform_focal
from radiorim.dl.patches import Batch
from radiorim.dl.profile import shrunk
from radiorim.dl.registry import Net, count_parameters
from radiorim.dl.supervised import Supervised
from radiorim.errors import UnknownName, UsageError
from radiorim.model import Model, with_truth

pytestmark = pytest.mark.dl
RECIPE = recipes.get("deep-prl")
LITTLE = Net("deep-prl", 3, options={"widths": (4, 6, 8), "size": 12})


def shown(size: int, *, patches: int = 4, seed: int = 0) -> Batch:
    """Random patches of two images and a mask, half of them positive."""
    images = torch.rand((patches, 3, size, size, size), generator=torch.Generator().manual_seed(seed))
    images[:, 2] = (images[:, 2] > 0.5).float()
    return Batch(images, torch.tensor([[0.0], [1.0]] * (patches // 2)))


def test_it_has_the_published_number_of_parameters():
    # Two branches of 914,721, the mask's block of 28,704, dense layers of 4,128 and 66.
    assert count_parameters(RECIPE.judge.net) == 2 * 914_721 + 28_704 + 4_128 + 66 == 1_862_340


def test_the_layers_have_the_published_shapes():
    net = RECIPE.judge.net.build(seed=0).eval()
    images = shown(28, patches=2).images
    with torch.no_grad():
        assert net.mask(images[:, 2:]).shape == (2, 32, 14, 14, 14)
        assert net.high[0](torch.zeros(2, 64, 14, 14, 14)).shape == (2, 1, 4, 4, 4)
        assert net(images).shape == (2, 1)
    assert net.dense[0].in_features == 128


def test_every_image_sees_the_mask_by_concatenation_or_by_a_gate():
    for gate, inside in (("concat", 8), ("multiply", 4)):
        net = replace(LITTLE, options={**dict(LITTLE.options), "gate": gate}).build(seed=0).eval()
        assert {high[0][0].in_channels for high in net.high} == {inside}
        images = shown(12).images
        other = torch.cat([images[:, :2], 1 - images[:, 2:]], dim=1)
        with torch.no_grad():
            assert not torch.equal(net(images), net(other))
    with pytest.raises(UnknownName, match="no gate named 'add'"):
        replace(LITTLE, options={"gate": "add"}).build(seed=0)


def test_a_patch_of_another_size_or_without_a_mask_is_answered_with_a_sentence():
    with pytest.raises(UsageError, match=r"cubes of 12 voxels, not \(16, 16, 16\).*option `size`"):
        LITTLE.build(seed=0)(shown(16).images)
    with pytest.raises(UsageError, match="images and a mask, not 1 channel"):
        Net("deep-prl", 1).build(seed=0)


def test_the_sigmoid_of_the_output_is_the_softmax_of_the_two_numbers():
    net, images = LITTLE.build(seed=0).eval(), shown(12).images
    taken = {}
    net.dense.register_forward_hook(lambda _net, _inputs, output: taken.update(two=output))
    with torch.no_grad():
        said = net(images).sigmoid()[:, 0]
    torch.testing.assert_close(said, taken["two"].softmax(dim=1)[:, 1])


def test_the_gradient_reaches_every_parameter():
    module = Supervised(LITTLE.build(seed=0), RECIPE.judge.loss.build())
    module(shown(12)).backward()
    assert all(weight.grad is not None for weight in module.parameters())
    still = [name for name, weight in module.named_parameters() if not weight.grad.abs().sum() > 0]
    assert not still


def test_the_full_network_makes_a_step():
    module = Supervised(RECIPE.judge.net.build(seed=0), RECIPE.judge.loss.build())
    optimiser = RECIPE.judge.training.optimiser.build(list(module.parameters()))
    before = module(shown(28)).item()
    for _ in range(2):
        optimiser.zero_grad()
        module(shown(28)).backward()
        optimiser.step()
    assert module(shown(28)).item() < before


def test_the_focal_loss_weighs_both_classes_by_alpha():
    logits, target = torch.tensor([[0.3], [-1.2], [2.0]]), torch.tensor([[1.0], [0.0], [0.0]])
    by_hand = []
    for logit, kind in zip(logits.flatten().tolist(), target.flatten().tolist(), strict=True):
        p = 1 / (1 + np.exp(-logit))
        p_true = p if kind else 1 - p
        by_hand.append(-0.2 * (1 - p_true) ** 2 * log(p_true))
    assert uniform_focal(gamma=2.0, alpha=0.2)(logits, target).item() == pytest.approx(np.mean(by_hand))


def test_positives_stand_eight_times_around_their_centre_and_negatives_once():
    cases = [(case, with_truth_of(case)) for case in cohort(2)]
    data = gather(cases, (Channel("chi", "window", low=-30, high=60),), LesionPatch((8, 8, 8)))
    more = ShiftedPositives(voxels=5)(data)
    positive = int(data.truth.sum())
    assert (more.truth == 1).sum() == 8 * positive
    assert (more.truth == 0).sum() == len(data.truth) - positive
    first = int(np.flatnonzero(data.truth == 1)[0])
    centre = np.array(data.places[first].centre)
    moved = {tuple((np.array(place.centre) - centre).tolist()) for place in more.places[first : first + 8]}
    assert moved == {(x, y, z) for x in (0, 5) for y in (0, 5) for z in (0, 5)}
    assert set(more.persons[first : first + 8]) == {data.persons[first]}


def test_the_mask_in_the_patch_is_dilated_once_with_six_neighbours():
    case = cohort(1)[0]
    plain, wider = LesionPatch((16,) * 3, own_mask=True), RECIPE.judge.patch
    assert wider.mask_dilation == 1
    data = gather([(case, with_truth_of(case))], (Channel("chi", "none"),), plain)
    place, images, labels = data.places[0], data.images[0], data.labels[0]
    own = plain.cut(images, labels, place)[-1]
    grown = replace(plain, mask_dilation=1).cut(images, labels, place)[-1]
    assert np.array_equal(grown > 0, ndimage.binary_dilation(own > 0))
    assert grown.sum() > own.sum()


def test_it_overfits_the_lesions_of_two_people():
    from sklearn.metrics import roc_auc_score

    small = shrunk(RECIPE.judge)
    training = replace(small.training, held_out=0.0, epochs=12)
    judge = replace(
        small,
        channels=(Channel("flair", "zscore"), Channel("chi", "window", low=-30, high=60)),
        net=replace(small.net, options={"widths": (8, 12, 16), "size": 12}),
        patch=replace(small.patch, size=(12,) * 3, shift=0),
        copies=ShiftedPositives(voxels=1),
        training=training,
    )
    recipe = replace(RECIPE, needs=("chi", "flair"), prepare=(), judge=judge)
    model = Model.fit(recipe, cohort(2), seed=0)
    tables = [with_truth(model.examine(case), "rim").lesions.table for case in cohort(2)]
    truth = [kind for table in tables for kind in table.truth]
    score = [value for table in tables for value in table.score]
    assert roc_auc_score(truth, score) > 0.9
    assert model.scorer.threshold == 0.5


def with_truth_of(case):
    """The given lesions with their truth."""
    from radiorim.model import examine

    return with_truth(examine(replace(RECIPE, needs=("chi",), prepare=()), RECIPE.find, case), "rim").lesions
