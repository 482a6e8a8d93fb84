"""PRLseg: two maps on given lesions, their loss, the networks' sizes, windows that are not computed."""

# ruff: noqa: E402 (what needs torch is imported after it was found)
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from little import PAPER, cohort

from radiorim import recipes
from radiorim.blocks import Given, MapJudge, Recipe
from radiorim.dl.channels import Channel
from radiorim.dl.inference import Inference, predict_volume
from radiorim.dl.mapjob import UNKNOWN, gather_maps, lesion_scores, map_near
from radiorim.dl.patches import Batch
from radiorim.dl.registry import Loss, Net, count_parameters
from radiorim.dl.supervised import Supervised
from radiorim.dl.training import Optimiser, Training
from radiorim.dl.voxelsampling import BalancedVoxels
from radiorim.errors import DataError, UnknownName, UsageError
from radiorim.model import Model, examine, with_truth

pytestmark = pytest.mark.dl
JUDGE = MapJudge(
    channels=(Channel("chi", "window", low=-30, high=60), Channel("flair", "zscore")),
    net=Net("residual-unet", 2, 2, options={"widths": (4, 8), "units": 1}),
    patch=(12, 12, 12),
    sampling=BalancedVoxels(per_case=8, positive=1.0),
    training=Training(epochs=12, batch=8, optimiser=Optimiser("adamw", lr=2e-2), check=12),
    inference=Inference(overlap=0.25),
)
RECIPE = Recipe("little-map", "rim", ("chi", "flair", "lesions", "brain"), PAPER, find=Given(), judge=JUDGE)
SIZES = {
    "prlseg-unet": 4_807_345,
    "prlseg-unet-lesion": 4_808_209,
    "prlseg-unetr": 95_770_274,
    "prlseg-unetr-lesion": 98_916_450,
}


def examples(count: int):
    looked = [with_truth(examine(RECIPE, RECIPE.find, case), "rim") for case in cohort(count)]
    return [(one.case, one.lesions) for one in looked]


@pytest.fixture(scope="module")
def model() -> Model:
    return Model.fit(RECIPE, cohort(5), seed=0)


@pytest.mark.parametrize("name", SIZES)
def test_networks_have_the_catalogues_parameters_less_what_never_learns(name):
    """The catalogue counts 4.81 M and 95.8 M; MONAI's UNETR holds 12 x 2 x 768 numbers without a gradient."""
    judge = recipes.get(name).judge
    assert count_parameters(judge.net) == SIZES[name]
    assert judge.net.channels == len(judge.channels) + judge.lesion_channel
    assert (judge.training.epochs, judge.training.optimiser.lr) == (3000, 1e-4)
    assert (judge.patch, judge.sampling.per_case, judge.sampling.positive) == ((32, 32, 32), 3, 1.0)


def test_the_full_unet_takes_a_training_step():
    judge = recipes.get("prlseg-unet").judge
    net = judge.net.build(seed=0)
    module = Supervised(net, judge.loss.build())
    module(Batch(torch.randn(1, 2, 32, 32, 32), torch.zeros(1, 2, 32, 32, 32))).backward()
    assert [key for key, weight in net.named_parameters() if weight.grad is None] == []
    before = [weight.detach().clone() for weight in net.parameters()]
    judge.training.optimiser.build(list(net.parameters())).step()
    assert all(not torch.equal(old, new) for old, new in zip(before, net.parameters(), strict=True))


def test_the_full_transformer_maps_a_patch_to_two_maps_of_its_size():
    judge = recipes.get("prlseg-unetr-lesion").judge
    with torch.device("meta"):
        net = judge.net.build(seed=0)
        assert net(torch.zeros(2, 3, 32, 32, 32)).shape == (2, 2, 32, 32, 32)
    # Eight cubes of 16 voxels in a patch of 32.
    assert net.vit.patch_embedding.position_embeddings.shape == (1, 8, 768)
    with pytest.raises(UsageError, match="must be a multiple, not 28"):
        Net("unetr", 2, 2, options={"edge": 28}).build(seed=0)


def test_the_loss_is_its_formula_and_leaves_the_unknown_out():
    rng = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 2, 3, 4, 5, generator=rng)
    target = (torch.rand(2, 2, 3, 4, 5, generator=rng) < 0.3).float()
    target[:, :, 0, 0] = UNKNOWN
    parts = []
    for one in range(2):
        pairs = [
            (p, t)
            for p, t in zip(
                logits[:, one].sigmoid().flatten().tolist(), target[:, one].flatten().tolist(), strict=True
            )
            if t <= 1
        ]
        overlap = 2 * sum(p * t for p, t in pairs) + 1e-5
        dice = 1 - overlap / (sum(p + t for p, t in pairs) + 1e-5)
        entropy = -sum(np.log(p if t else 1 - p) for p, t in pairs) / len(pairs)
        parts.append(0.25 * dice + 0.75 * entropy)
    loss = Loss("dice-bce", {"dice": 0.25}).build()
    assert float(loss(logits, target)) == pytest.approx(np.mean(parts), rel=1e-5)
    other = logits.clone()
    other[:, :, 0, 0] += 7
    assert float(loss(other, target)) == float(loss(logits, target))


def test_of_one_map_the_loss_is_monais_and_of_two_monais_says_nothing_of_healthy_voxels():
    from monai.losses import DiceCELoss

    logits, target = torch.randn(2, 1, 4, 4, 4), (torch.rand(2, 1, 4, 4, 4) < 0.3).float()
    monai, ours = DiceCELoss(sigmoid=True, batch=True), Loss("dice-bce").build()
    torch.testing.assert_close(ours(logits, target), monai(logits, target) / 2)
    healthy, alarm = torch.zeros(1, 2, 4, 4, 4), torch.full((1, 2, 4, 4, 4), 3.0)
    assert float(monai.ce(alarm, healthy)) == 0
    assert float(Loss("dice-bce", {"dice": 0.0}).build()(alarm, healthy)) > 3


def test_maps_hold_both_kinds_and_lesions_of_unknown_kind_are_left_out():
    (case, lesions), *_ = examples(1)
    truth = lesions.table.truth.to_numpy().copy()
    truth[0] = np.nan
    data = gather_maps([(case, lesions.with_columns(truth=truth))], JUDGE.channels, lesion_channel=True)
    rims, others = data.voxels.targets[0]
    labels = lesions.labels.data
    for number, kind in zip(lesions.numbers, truth, strict=True):
        values = set(rims[labels == number]), set(others[labels == number])
        assert values == (({UNKNOWN}, {UNKNOWN}) if np.isnan(kind) else ({int(kind)}, {1 - int(kind)}))
    assert lesions.numbers[0] not in data.numbers[0]
    np.testing.assert_array_equal(data.voxels.images[0][-1], labels > 0)


def test_patches_lie_on_lesions_and_the_share_on_rims_can_be_raised():
    shown, shares = examples(3), []
    for share in (0.0, 0.8):
        data = gather_maps(shown, JUDGE.channels, lesion_channel=False, rim_share=share).voxels
        places = BalancedVoxels(per_case=200, positive=1.0).places(
            data.pool(range(3)), size=(8, 8, 8), seed=0, epoch=0
        )
        assert all(data.inside[place.case][place.centre] > 0 for place in places)
        shares.append(np.mean([data.targets[place.case][0][place.centre] for place in places]))
    assert shares[0] < 0.6
    assert 0.7 < shares[1] < 0.9
    with pytest.raises(UsageError, match="rim_share must be from 0 to below 1"):
        replace(JUDGE, rim_share=1.0)


def test_windows_without_a_lesion_are_not_computed_and_lesions_get_what_they_would(rng):
    images = rng.normal(size=(2, 40, 30, 34)).astype(np.float32)
    labels = np.zeros((40, 30, 34), np.int32)
    labels[4:8, 5:9, 6:9], labels[18:20, 12:15, 16:19] = 3, 7
    net, how, asked = JUDGE.net.build(seed=0).eval(), Inference(overlap=0.5, batch=4), []
    net.register_forward_hook(lambda _net, _shown, answer: asked.append(len(answer)))
    whole = predict_volume([net], images, (12, 12, 12), how)
    windows, asked[:] = sum(asked), []
    near = map_near(net, images, labels, (12, 12, 12), how)
    assert 0 < sum(asked) < windows / 2
    np.testing.assert_allclose(near[:, labels > 0], whole[:, labels > 0], atol=1e-5)


def test_a_lesions_score_is_the_statistic_of_its_voxels():
    labels = np.array([[[0, 2, 2, 5]]])
    rims = np.array([[[0.9, 0.2, 0.6, 0.1]]], np.float32)
    maps = np.stack([rims, np.full_like(rims, 0.1)])
    for statistic, expected in (("mean", 0.4), ("max", 0.6), ("p95", 0.58), ("share", 0.8)):
        small = 0.5 if statistic == "share" else 0.1
        scores = lesion_scores(maps, labels, [5, 2], statistic)
        np.testing.assert_allclose(scores, [small, expected], atol=1e-6)
    assert len(lesion_scores(maps, labels, [], "mean")) == 0
    with pytest.raises(UnknownName, match="no statistic named 'median'"):
        lesion_scores(maps, labels, [2], "median")


@pytest.mark.parametrize(("name", "steps", "share"), [("residual-unet", 50, 0.5), ("unetr", 15, 0.9)])
def test_two_people_are_learned_by_heart(name, steps, share):
    net = Net(name, 2, 2).smoke()
    judge = replace(JUDGE, net=net, patch=(16, 16, 16), training=replace(JUDGE.training, batch=4))
    data = gather_maps(examples(2), judge.channels, lesion_channel=False)
    job = judge._job(data, 0)
    module = Supervised(net.build(seed=0), judge.loss.build())
    optimiser = Optimiser("adamw", lr=1e-2).build(list(module.parameters()))
    shown, losses = next(iter(job.batches(0))), []
    for _ in range(steps):
        loss = module(shown)
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        losses.append(loss.item())
    assert losses[-1] < share * losses[0]


def test_rims_of_people_it_has_not_seen_are_told(model):
    from sklearn.metrics import roc_auc_score

    truth, score = [], []
    for case in cohort(8)[5:]:
        looked = with_truth(model.examine(case), "rim").lesions.table
        truth, score = truth + looked.truth.tolist(), score + looked.score.tolist()
        assert looked.found.equals(looked.score >= model.scorer.threshold)
    assert roc_auc_score(truth, score) > 0.8
    assert "held-out people" in model.scorer.note


def test_a_saved_map_judge_gives_the_same_scores(model, tmp_path):
    case = cohort(6)[5]
    loaded = Model.load(model.save(tmp_path / "m"))
    assert loaded.predict(case).table.equals(model.predict(case).table)


def test_one_kind_of_lesion_teaches_no_maps():
    alike = [(case, lesions.with_columns(truth=0.0)) for case, lesions in examples(2)]
    with pytest.raises(
        DataError, match="learns from both kinds of lesion, but got 0 positive and 16 negative"
    ):
        JUDGE.fit(alike, seed=0)


def test_nobody_is_asked_in_an_empty_case(model):
    case = cohort(1)[0]
    empty = case.masks["lesions"].like(np.zeros_like(case.masks["lesions"].data))
    found = model.predict(case.with_(masks={**case.masks, "lesions": empty}, truth=None))
    assert len(found) == 0
    assert {"score", "found"} <= set(found.table)
