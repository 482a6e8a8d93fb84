"""QSMRim-Net: its sizes, oversampling in the latent space, radiomics beside the patches."""

# ruff: noqa: E402 (what needs torch is imported after it was found)
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from little import PAPER, cohort

from radiorim import recipes
from radiorim.blocks import FirstOrder, Given, RadiomicClassifier, Recipe, Shape
from radiorim.dl.channels import Channel
from radiorim.dl.deepsmote import DeepSmote
from radiorim.dl.focus import LesionPatch
from radiorim.dl.lesionjob import gather
from radiorim.dl.oversampled import Oversampled
from radiorim.dl.radiomicjob import RadiomicBatch
from radiorim.dl.radiomicjudge import _measured
from radiorim.dl.registry import Net, count_parameters
from radiorim.dl.training import Optimiser, Training
from radiorim.errors import DataError, UnknownName, UsageError
from radiorim.features.table import feature_columns
from radiorim.model import Model, examine, with_truth

pytestmark = pytest.mark.dl
MEASURES = (Shape(), FirstOrder(images=("chi",)))
JUDGE = RadiomicClassifier(
    channels=(Channel("chi", "window", low=-30, high=60),),
    net=Net("qsmrim-net", 1, options={"features": 29, "width": 4}),
    measures=MEASURES,
    patch=LesionPatch((12, 12, 12)),
    training=Training(epochs=8, batch=8, optimiser=Optimiser("adamw", lr=3e-3), check=8),
)
RECIPE = Recipe("little-qsmrim", "rim", ("chi", "lesions", "brain"), PAPER, find=Given(), judge=JUDGE)


def examples(count: int):
    looked = [with_truth(examine(RECIPE, RECIPE.find, case), "rim") for case in cohort(count)]
    return [(one.case, JUDGE.measure(one.case, one.lesions)) for one in looked]


@pytest.fixture(scope="module")
def model() -> Model:
    features = len(feature_columns(examples(1)[0][1].table))
    judge = replace(JUDGE, net=Net("qsmrim-net", 1, options={"features": features, "width": 4}))
    return Model.fit(replace(RECIPE, judge=judge), cohort(5), seed=0)


def batch_of(count: int, features: int, positives: int, channels: int = 2) -> RadiomicBatch:
    rng = torch.Generator().manual_seed(1)
    target = (torch.arange(count) < positives).float()[:, None]
    images = torch.randn(count, channels, 16, 16, 16, generator=rng) + target[:, :, None, None, None]
    return RadiomicBatch(images, torch.randn(count, features, generator=rng), target)


def test_the_network_has_the_sizes_of_the_authors_code():
    judge = recipes.get("qsmrim-net").judge
    with torch.device("meta"):
        net = judge.net.build(seed=0)
        maps = net.images.maxpool(net.images.conv1(torch.zeros(2, 2, 32, 32, 32)))
        assert maps.shape == (2, 64, 8, 8, 8)
        for stage, edge in (("layer1", 8), ("layer2", 4), ("layer3", 2), ("layer4", 2)):
            maps = getattr(net.images, stage)(maps)
            assert maps.shape[2:] == (edge,) * 3
        assert net.images(torch.zeros(2, 2, 32, 32, 32)).shape == (2, 512)
    linear = [layer for layer in net.modules() if isinstance(layer, torch.nn.Linear)]
    shapes = [(layer.in_features, layer.out_features) for layer in linear]
    assert shapes == [(527, 1024), (1024, 512), (512, 512), (512, 512), (512, 128), (128, 1)]
    # The catalogue derives about 34 M; the convolutions alone are 33.18 M.
    assert count_parameters(judge.net) == 34_843_649


def test_the_recipes_measures_give_the_527_features_that_the_network_takes():
    judge = recipes.get("qsmrim-net").judge
    names = judge.measures[0](cohort(1)[0], Given()(cohort(1)[0])).columns
    assert len(names) == dict(judge.net.options)["features"] == 527
    kinds = [sum(f"_{kind}_" in name for name in names) for kind in ("shape", "firstorder", "glcm", "glrlm")]
    assert kinds == [14, 9 * 18, 9 * 23, 9 * 16]


@pytest.mark.parametrize(("neighbours", "itself"), [(2, False), (3, True)])
def test_new_rows_lie_between_positives_and_as_code_makes_copies(neighbours, itself):
    smote = DeepSmote(neighbours, itself=itself)
    latent, target = torch.randn(9, 5), torch.tensor([1, 0, 1, 0, 1, 1, 0, 0, 1.0])[:, None]
    rows, kinds = smote(latent, target)
    assert len(rows) == len(kinds) == 9 + 5 * neighbours
    assert torch.equal(rows[:9], latent)
    assert torch.equal(kinds, torch.cat([target, torch.ones(5 * neighbours, 1)]))
    positives = latent[target[:, 0] == 1]
    copies = 0
    for index, new in enumerate(rows[9:]):
        p = positives[index // neighbours]
        nearest = positives[(positives - p).norm(dim=1).argsort()][1:3]
        if torch.allclose(new, p):
            copies += 1
            continue
        shares = [((new - p) @ (q - p) / (q - p).square().sum()).item() for q in nearest]
        misses = [(p + u * (q - p) - new).norm().item() for u, q in zip(shares, nearest, strict=True)]
        best = int(np.argmin(misses))
        assert misses[best] < 1e-5
        assert 0 <= shares[best] <= 1
    assert copies == (5 if itself else 0)


@pytest.mark.parametrize("positives", [0, 1, 2])
def test_too_few_positives_and_eval_change_nothing(positives):
    smote, latent = DeepSmote(), torch.randn(6, 4)
    target = (torch.arange(6) < positives).float()[:, None]
    for rows, kinds in (smote(latent, target), smote.eval()(latent, torch.ones(6, 1))):
        assert torch.equal(rows, latent)
        assert len(kinds) == 6


def test_equal_positives_are_oversampled_and_the_gradient_reaches_both_ends():
    latent = torch.zeros(4, 3, requires_grad=True)
    rows, _ = DeepSmote()(latent, torch.ones(4, 1))
    assert rows.shape == (12, 3)
    assert rows.isfinite().all()
    # Two far pairs and a third: the neighbours of row 0 are rows 1 and 2.
    latent = torch.tensor([[0.0], [1.0], [3.0]], requires_grad=True)
    rows, _ = DeepSmote()(latent, torch.ones(3, 1))
    rows[3:5].sum().backward()
    assert (latent.grad != 0).all()
    assert float(latent.grad.sum()) == pytest.approx(2)


def test_a_batch_with_two_new_rows_for_each_positive_reaches_every_parameter():
    net = Net("qsmrim-net", 2, options={"features": 6, "width": 4}).build(seed=0)
    batch = batch_of(8, 6, positives=3)
    logits, target = net(batch.images, batch.radiomics, batch.target)
    assert logits.shape == target.shape == (8 + 2 * 3, 1)
    module = Oversampled(net, torch.nn.BCEWithLogitsLoss())
    module(batch).backward()
    assert [key for key, weight in net.named_parameters() if not weight.grad.abs().sum()] == []
    assert net.eval()(batch.images, batch.radiomics).shape == (8, 1)
    with pytest.raises(UnknownName, match=r"no oversampling named 'code'. Did you mean 'as-code'"):
        Net("qsmrim-net", 2, options={"oversampling": "code"}).build(seed=0)


def test_radiomics_are_put_on_the_scale_of_the_training_lesions_and_nan_counts_as_average():
    net = Net("qsmrim-net", 1, options={"features": 3, "width": 4}).build(seed=0).eval()
    rows = torch.tensor([[1e9, 5, 2], [3e9, 5, np.nan], [np.nan, 5, 4]])
    net.scale_to(rows)
    np.testing.assert_allclose(net.centre, [2e9, 5, 3], rtol=1e-6)
    np.testing.assert_allclose(net.width, [1e9, 1, 1], rtol=1e-6)
    images, average = torch.randn(1, 1, 16, 16, 16), torch.tensor([[2e9, 5, 3]])
    said = net(images, torch.full((1, 3), np.nan))
    torch.testing.assert_close(said, net(images, average))
    torch.testing.assert_close(said, net(images))
    assert not torch.allclose(said, net(images, average * 1.2))


def test_the_full_network_takes_a_training_step():
    judge = recipes.get("qsmrim-net").judge
    net = judge.net.build(seed=0)
    batch = batch_of(6, 527, positives=3)
    module = Oversampled(net, judge.loss.build())
    module(batch).backward()
    optimiser = judge.training.optimiser.build(list(net.parameters()))
    before = [weight.detach().clone() for weight in net.parameters()]
    optimiser.step()
    assert all(not torch.equal(old, new) for old, new in zip(before, net.parameters(), strict=True))


def test_two_people_are_learned_by_heart():
    net = Net("qsmrim-net", 2, options={"features": 6}).smoke().build(seed=0)
    module, batch = Oversampled(net, torch.nn.BCEWithLogitsLoss()), batch_of(12, 6, positives=4)
    optimiser, losses = torch.optim.AdamW(module.parameters(), lr=3e-3), []
    for _ in range(25):
        loss = module(batch)
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 3


def test_each_patch_comes_with_the_radiomics_of_its_own_lesion():
    shown = examples(3)
    data = gather(shown, JUDGE.channels, JUDGE.patch)
    names, rows = _measured(shown)
    volume = names.index("mask_original_shape_voxel_volume")
    sizes = np.array([place.voxels for place in data.places])
    # An order that depends on the lesion alone: the larger, the larger.
    np.testing.assert_array_equal(
        np.argsort(rows[:, volume], kind="stable"), np.argsort(sizes, kind="stable")
    )
    job = JUDGE._job(data, rows, seed=0)
    batches = list(job.batches(0))
    order = job.patches.rows(0)
    seen = np.concatenate([batch.radiomics.numpy() for batch in batches])
    np.testing.assert_array_equal(seen, job.rows[order])
    kinds = np.concatenate([batch.target.numpy()[:, 0] for batch in batches])
    np.testing.assert_array_equal(kinds, job.patches.data.truth[order])


def test_rims_of_people_it_has_not_seen_are_told(model):
    from sklearn.metrics import roc_auc_score

    truth, score = [], []
    for case in cohort(8)[5:]:
        looked = with_truth(model.examine(case), "rim").lesions.table
        truth, score = truth + looked.truth.tolist(), score + looked.score.tolist()
    assert roc_auc_score(truth, score) > 0.8
    assert "held-out people" in model.scorer.note


def test_a_saved_model_knows_scale_and_names_of_its_features(model, tmp_path):
    case = cohort(6)[5]
    loaded = Model.load(model.save(tmp_path / "m"))
    assert loaded.predict(case).table.equals(model.predict(case).table)
    assert loaded.scorer.features == model.scorer.features
    assert torch.equal(loaded.scorer.net.centre, model.scorer.net.centre)
    (tmp_path / "m" / "judge.json").write_text('{"threshold": 0.5}')
    with pytest.raises(DataError, match=r"judge.json is damaged .*features"):
        Model.load(tmp_path / "m")


def test_another_number_of_features_is_refused():
    other = replace(JUDGE, net=Net("qsmrim-net", 1, options={"features": 7, "width": 4}))
    with pytest.raises(UsageError, match=r"qsmrim-net takes 7 features, but the measures give \d+"):
        other.fit(examples(2), seed=0)
