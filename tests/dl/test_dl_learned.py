"""Networks as blocks of a recipe: what they learn, what they say, what of them reaches the disk."""

# ruff: noqa: E402 (what needs torch is imported after it was found)
from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from little import PAPER, cohort
from torch import nn

from radiorim import recipes
from radiorim.blocks import Given, Recipe, recipe_from_json
from radiorim.dl.channels import Channel
from radiorim.dl.classifier import PatchClassifier
from radiorim.dl.focus import LesionPatch
from radiorim.dl.inference import Inference, predict_patches, predict_volume, with_dropout
from radiorim.dl.losses.bce_supcon import supcon
from radiorim.dl.profile import shrunk
from radiorim.dl.registry import Loss, Net, count_parameters, loss_names, net_names
from radiorim.dl.segmenter import Segmenter
from radiorim.dl.supervised import Supervised
from radiorim.dl.training import Optimiser, Schedule, Training
from radiorim.dl.views import views
from radiorim.dl.voxeljob import overlap_score, target_maps
from radiorim.errors import DataError, UnknownName, UsageError
from radiorim.model import Model

pytestmark = pytest.mark.dl
QUICK = Training(
    epochs=10, batch=8, optimiser=Optimiser("adamw", lr=1e-2), schedule=Schedule("cosine"), check=5
)
JUDGE = PatchClassifier(
    channels=(Channel("chi", "window", low=-30, high=60),),
    net=Net("patch-cnn", 1, options={"widths": (8, 16), "dropout": 0.1}),
    patch=LesionPatch((8, 8, 8)),
    training=QUICK,
)
RIM = Recipe("little-net", "rim", ("chi", "lesions", "brain"), PAPER, find=Given(), judge=JUDGE)
FIND = Segmenter(
    channels=(Channel("flair0"), Channel("flair")),
    net=Net("patch-seg", 2),
    patch=(16, 16, 16),
    training=replace(QUICK, epochs=40, check=20, batch=4),
    inference=Inference(overlap=0.25),
    min_mm3=60.0,
)


class Tiny(nn.Module):
    """A segmenter of two convolutions, so that tests need no U-Net."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv3d(2, 8, 1), nn.ReLU(), nn.Conv3d(8, 1, 3, padding=1))

    def forward(self, images):
        return self.layers(images)


@pytest.fixture
def tiny(monkeypatch):
    """The architecture "patch-seg" exists while the test runs."""

    def build(self, *, seed):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return Tiny()

    monkeypatch.setattr(Net, "build", build)


@pytest.fixture(scope="module")
def model() -> Model:
    return Model.fit(RIM, cohort(5), seed=0)


def test_a_patch_network_tells_rims_of_people_it_has_not_seen(model):
    from sklearn.metrics import roc_auc_score

    truth, score = [], []
    for case in cohort(9)[5:]:
        found = model.predict(case).table
        by_number = case.truth().table.set_index("lesion").rim
        truth += [by_number[18 - number] for number in found.lesion]
        score += found.score.tolist()
        assert found.found.equals(found.score >= model.scorer.threshold)
    assert roc_auc_score(truth, score) > 0.8
    assert "held-out people" in model.scorer.note


def test_the_same_seed_gives_the_same_judge(model):
    again = Model.fit(RIM, cohort(5), seed=0)
    assert again.predict(cohort(6)[5]).table.equals(model.predict(cohort(6)[5]).table)


def test_a_saved_network_gives_the_same_scores(model, tmp_path):
    loaded = Model.load(model.save(tmp_path / "m"))
    assert loaded.predict(cohort(6)[5]).table.equals(model.predict(cohort(6)[5]).table)
    assert {path.name for path in (tmp_path / "m").iterdir()} >= {"judge.safetensors", "judge.json"}


@pytest.mark.parametrize(
    "content", [b"", b"\x80\x04\x95 a pickle", None], ids=["empty", "foreign", "cut off"]
)
def test_a_damaged_or_foreign_file_gives_one_sentence(model, tmp_path, content):
    path = model.save(tmp_path / "m") / "judge.safetensors"
    path.write_bytes(path.read_bytes()[:-9] if content is None else content)
    with pytest.raises(
        DataError, match=r"judge.safetensors is damaged or holds no patch-cnn .*Train it again"
    ):
        Model.load(tmp_path / "m")


def test_weights_of_another_architecture_are_refused(model, tmp_path):
    model.scorer.save(tmp_path)
    other = replace(JUDGE, net=Net("patch-cnn", 1, options={"widths": (8, 32)}))
    with pytest.raises(DataError, match="holds no patch-cnn of this recipe"):
        other.load(tmp_path)


def test_one_kind_of_lesion_is_refused():
    alike = [case.with_(truth=lambda case=case: case.truth().with_columns(rim=0)) for case in cohort(2)]
    with pytest.raises(
        DataError, match=r"little-net, 2 training cases: a network learns from both .* 0 positive"
    ):
        Model.fit(RIM, alike, seed=0)


def test_a_segmenter_finds_what_is_new(tiny, tmp_path):
    recipe = Recipe("little-seg", "new-lesion", ("flair0", "flair"), PAPER, find=FIND)
    model = Model.fit(recipe, cohort(4), seed=0)
    case = cohort(5)[4]
    found = model.predict(case)
    true = target_maps(case.truth(), "new")[0] != 0
    assert overlap_score([(true, found.labels.data > 0)]) > 0.7
    assert found.table.score.between(0.5, 1).all()
    assert Model.load(model.save(tmp_path / "m")).predict(case).table.equals(found.table)


def test_the_target_of_rims_has_two_maps_and_no_lesion_is_refused(tiny):
    truth = cohort(1)[0].truth()
    with_rim, without = target_maps(truth, "rim")
    assert ((with_rim + without) == (truth.labels.data > 0)).all()
    assert set(np.unique(truth.labels.data[with_rim > 0])) == set(truth.table.lesion[truth.table.rim == 1])
    stable = [
        case.with_(truth=lambda case=case: case.truth().with_columns(status="stable")) for case in cohort(2)
    ]
    with pytest.raises(
        DataError, match="none of the 2 training cases with truth has a lesion of the kind 'new'"
    ):
        FIND.fit(stable, seed=0)


def test_probabilities_do_not_depend_on_the_batch(rng):
    net = Net("patch-cnn", 2, options={"widths": (8, 16)}).build(seed=0)
    patches = rng.normal(size=(5, 2, 8, 8, 8)).astype(np.float32)
    volume = rng.normal(size=(2, 20, 18, 22)).astype(np.float32)
    alone, together = (Inference(batch=batch, overlap=0.5) for batch in (1, 4))
    one, _ = predict_patches([net], patches, alone)
    np.testing.assert_allclose(one, predict_patches([net], patches, together)[0], atol=1e-6)
    whole = predict_volume([Tiny()], volume, (8, 8, 8), alone)
    torch.manual_seed(0)
    seg = Tiny()
    whole = [predict_volume([seg], volume, (8, 8, 8), how) for how in (alone, together)]
    assert whole[0].shape == (1, 20, 18, 22)
    np.testing.assert_allclose(whole[0], whole[1], atol=1e-6)


def test_windows_outside_the_mask_are_not_computed_and_inside_nothing_changes(rng):
    volume, inside = rng.normal(size=(2, 24, 18, 22)).astype(np.float32), np.zeros((24, 18, 22), bool)
    inside[2:9, 3:12, 4:10] = True
    net, how, asked = Tiny().eval(), Inference(batch=4, overlap=0.5, views="flips"), []
    net.register_forward_hook(lambda _net, _shown, answer: asked.append(len(answer)))
    whole = predict_volume([net], volume, (8, 8, 8), how)
    windows, asked[:] = sum(asked), []
    near = predict_volume([net], volume, (8, 8, 8), how, inside=inside)
    assert 0 < sum(asked) < windows
    np.testing.assert_allclose(near[:, inside], whole[:, inside], atol=1e-6)
    assert near[:, 20:].max() == 0


def test_a_cube_has_48_views_24_of_them_rotations_and_each_is_undone():
    cube = torch.arange(27.0).reshape(1, 3, 3, 3)
    for kind, count in (("none", 1), ("flips", 8), ("rotations", 24), ("symmetries", 48)):
        every = views(kind, (3, 3, 3))
        assert len({tuple(view.apply(cube).flatten().tolist()) for view in every}) == count
        assert all(torch.equal(view.undo(view.apply(cube)), cube) for view in every)
    with pytest.raises(UsageError, match="need a cubic patch"):
        views("rotations", (3, 3, 4))


def test_a_network_that_sees_no_direction_has_no_spread_over_views(rng):
    class Mean(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(1))

        def forward(self, images):
            return self.weight * images.double().mean((2, 3, 4)).float()

    patches = rng.normal(size=(2, 1, 6, 6, 6)).astype(np.float32)
    _, sd = predict_patches([Mean()], patches, Inference(views="symmetries"))
    assert sd.max() < 1e-6


def test_dropout_passes_have_a_spread_that_the_seed_repeats(rng):
    net = Net("patch-cnn", 1, options={"widths": (8, 16), "dropout": 0.5}).build(seed=0)
    patches = rng.normal(size=(3, 1, 8, 8, 8)).astype(np.float32)
    one, again = (predict_patches([net], patches, Inference(dropout_passes=8), seed=4) for _ in range(2))
    assert one[1].min() > 0
    np.testing.assert_array_equal(one[0], again[0])
    with pytest.raises(UsageError, match="a network without dropout"), with_dropout(Tiny()):
        pass


def test_supervised_contrast_is_its_formula():
    z, y, t = (
        torch.randn(9, 4, generator=torch.Generator().manual_seed(0)),
        torch.tensor([1, 0, 0, 1, 1, 0, 0, 2, 0]),
        0.2,
    )
    unit, losses = z / z.norm(dim=1, keepdim=True), []
    for i in range(9):
        others = [a for a in range(9) if a != i]
        logs = torch.logsumexp(torch.stack([unit[i] @ unit[a] / t for a in others]), 0)
        positive = [p for p in others if y[p] == y[i]]
        if positive:
            losses.append(-sum(unit[i] @ unit[p] / t - logs for p in positive) / len(positive))
    expected = torch.stack(losses).mean()
    torch.testing.assert_close(supcon(z, y, temperature=t), expected)
    torch.testing.assert_close(supcon(3 * z, y, temperature=t), expected)
    same = supcon(torch.ones(6, 3), torch.zeros(6), temperature=t)
    assert float(same) == pytest.approx(math.log(5))
    lonely = torch.randn(2, 3, requires_grad=True)
    supcon(lonely, torch.tensor([0, 1]), temperature=t).backward()
    assert torch.equal(lonely.grad, torch.zeros(2, 3))


def test_topk_takes_the_hardest_voxels_and_all_of_them_are_plain_cross_entropy():
    logits, target = torch.randn(2, 1, 5, 5, 4), (torch.rand(2, 1, 5, 5, 4) < 0.3).float()
    each = nn.functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    hardest = torch.stack([row.flatten().sort(descending=True).values[:20].mean() for row in each]).mean()
    torch.testing.assert_close(Loss("topk-ce", {"share": 0.2}).build()(logits, target), hardest)
    torch.testing.assert_close(Loss("topk-ce", {"share": 1.0}).build()(logits, target), each.mean())


@pytest.mark.parametrize("name", [name for name in loss_names() if name != "bce-supcon"])
def test_a_loss_is_smaller_for_the_truth_and_has_a_gradient(name):
    target = (torch.rand(2, 1, 4, 4, 4) < 0.4).float()
    right, wrong = 8 * (2 * target - 1), torch.zeros_like(target, requires_grad=True)
    loss = Loss(name).build()
    assert loss(right, target) < loss(wrong, target)
    loss(wrong, target).backward()
    assert wrong.grad.abs().sum() > 0


@pytest.mark.parametrize("name", net_names())
def test_every_network_builds_small_and_its_gradient_reaches_every_parameter(name):
    small, edge = Net(name, channels=2).smoke(), Net(name, channels=2).small_edge()
    net = small.build(seed=0)
    output = net(torch.randn(2, 2, edge, edge, edge))
    heads = output if isinstance(output, (list, tuple)) else [output]
    assert heads[0].shape[:2] == (2, 1)
    sum(head.square().mean() for head in heads).backward()
    assert [key for key, weight in net.named_parameters() if weight.grad is None] == []


def test_deep_supervision_weighs_the_heads():
    net = Net("dyn-unet", 1, options={"widths": (4, 8, 8), "deep_heads": 1}).build(seed=0)
    module = Supervised(net, nn.BCEWithLogitsLoss(), (1.0, 0.5))
    from radiorim.dl.patches import Batch

    batch = Batch(torch.randn(1, 1, 16, 16, 16), torch.zeros(1, 1, 16, 16, 16))
    module.train()
    fine, coarse = net(batch.images)
    expected = module.loss(fine, batch.target) + 0.5 * module.loss(coarse, batch.target)
    torch.testing.assert_close(module(batch), expected, rtol=1e-4, atol=1e-5)
    assert net.eval()(batch.images).shape == (1, 1, 16, 16, 16)


def test_resnet_has_the_catalogues_parameters_and_names_are_checked():
    assert count_parameters(recipes.get("resnet18-3d").judge.net) == 33_183_361
    with pytest.raises(UnknownName, match=r"no network named 'resnet18'. Did you mean 'resnet18-3d'"):
        Net("resnet18", 1).build(seed=0)
    with pytest.raises(UnknownName, match=r"no option of patch-cnn named 'width'. Did you mean 'widths'"):
        Net("patch-cnn", 1, options={"width": 3}).build(seed=0)


@pytest.mark.parametrize("name", ["refine", "resnet18-3d"])
def test_a_recipe_shrinks_to_one_that_survives_json(name):
    small = shrunk(recipes.get(name))
    assert recipe_from_json(small.to_json()) == small
    assert count_parameters(small.judge.net) < count_parameters(recipes.get(name).judge.net) / 3
    assert shrunk(small) == small
    assert shrunk(recipes.get("subtract")) == recipes.get("subtract")
