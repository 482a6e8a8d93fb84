"""FRODO: FiLM that starts as nothing, encoders pretrained on each other, and a watch over their collapse."""

# ruff: noqa: E402 (what needs torch is imported after it was found)
from __future__ import annotations

import copy
from dataclasses import replace
from math import exp, log

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from little import cohort

from radiorim import recipes
from radiorim.dl.channels import Channel
from radiorim.dl.film import SpatialFilm
from radiorim.dl.focus import AdaptiveDilation, LesionPatch
from radiorim.dl.lesionjob import LesionData, gather
from radiorim.dl.loop import Run, fit
from radiorim.dl.losses.bce_supcon import supcon
from radiorim.dl.patches import Batch
from radiorim.dl.pretrain import CrossModal, TwoViews
from radiorim.dl.profile import shrunk
from radiorim.dl.registry import Net, count_parameters
from radiorim.dl.selfsupervised import CrossModalRegression, TwoViewContrast
from radiorim.dl.supervised import Supervised
from radiorim.dl.training import Optimiser, Training
from radiorim.errors import DataError, UsageError
from radiorim.model import Model, examine, with_truth

pytestmark = pytest.mark.dl
RECIPE = recipes.get("frodo")
SMALL = Net("frodo", 2).smoke()
QUICK = Training(epochs=2, batch=4, optimiser=Optimiser("adamw", lr=3e-3), clip=1.0)
CHANNELS = (Channel("chi", "window", low=-30, high=60), Channel("flair", "zscore"))
LOOK = LesionPatch((8, 8, 8), focus=AdaptiveDilation(low=2.0))


def shown(size: int = 8, *, patches: int = 6, seed: int = 0) -> Batch:
    """Random patches, every second one positive."""
    images = torch.rand((patches, 2, size, size, size), generator=torch.Generator().manual_seed(seed))
    return Batch(images, torch.tensor([[0.0], [1.0]] * (patches // 2)))


def lesions_of(case):
    """The given lesions with their truth."""
    return with_truth(examine(replace(RECIPE, prepare=()), RECIPE.find, case), "rim").lesions


@pytest.fixture(scope="module")
def lesions() -> LesionData:
    """The lesions of two people."""
    return gather([(case, lesions_of(case)) for case in cohort(2)], CHANNELS, LOOK)


@pytest.mark.parametrize("hidden", [0, 4])
def test_film_leaves_the_maps_alone_at_the_start(hidden):
    film = SpatialFilm(8, hidden)
    maps, context = torch.randn(2, 2, 8, 4, 4, 4)
    assert torch.equal(film(maps, context), maps)


@pytest.mark.parametrize("hidden", [0, 4])
def test_film_lets_the_context_learn_after_one_step(hidden):
    film = SpatialFilm(8, hidden)
    maps, context = torch.randn(2, 2, 8, 4, 4, 4)
    context.requires_grad_()
    (film(maps, context) ** 2).sum().backward()
    assert not context.grad.any()
    torch.optim.SGD(film.parameters(), lr=0.01).step()
    (film(maps, context) ** 2).sum().backward()
    assert context.grad.abs().sum() > 0


def test_the_context_acts_through_scale_and_shift_alone():
    film = SpatialFilm(3)
    torch.nn.init.normal_(film.conditions[-1].weight)
    context, swapped = torch.randn(2, 1, 3, 4, 4, 4)
    maps, other = torch.randn(2, 1, 3, 4, 4, 4)
    nothing = torch.zeros_like(maps)
    for seen in (context, swapped):
        shift = film(nothing, seen)
        scale = film(torch.ones_like(maps), seen) - shift
        torch.testing.assert_close(film(maps, seen), scale * maps + shift)
        torch.testing.assert_close(film(other, seen), scale * other + shift)
    assert not torch.allclose(film(maps, context), film(maps, swapped))


def test_parameters_are_those_of_the_released_layers():
    def residual(before, width):
        skip = before * width if before != width else 0
        return 27 * width * (before + width) + 2 * (before + width) + skip

    def squeeze(width):
        return 2 * width * (width // 16) + width // 16 + width

    encoder = 27 * 16 + 2 * residual(16, 16) + residual(16, 32) + residual(32, 32)
    film_and_mix = 2 * (32 * 32 + 32) + 64 * 32 + 32
    deep = residual(32, 64) + squeeze(64) + residual(64, 128) + squeeze(128)
    head = 128 * 64 + 64 + 64 + 1
    # The catalogue's "about 1.12 M" is the count with one block in each deep stage; the code has two.
    one_block = 2 * encoder + film_and_mix + deep + head
    assert count_parameters(Net("frodo", 2, options={"blocks": 1})) == one_block == 1_106_957
    full = one_block + residual(64, 64) + residual(128, 128)
    for name in ("frodo", "frodo-no-pretrain", "frodo-contrastive-ssl"):
        assert count_parameters(recipes.get(name).judge.net) == full == 2_213_645


def test_the_layers_have_the_published_shapes():
    net = RECIPE.judge.net.build(seed=0).eval()
    images = torch.rand(1, 2, 32, 32, 32)
    with torch.no_grad():
        main, context = net.encode(images)
        assert main.shape == context.shape == (1, 32, 16, 16, 16)
        assert net.deep(main).shape == (1, 128, 4, 4, 4)
        assert net.pooled(images).shape == (1, 128)
        logits, embeddings = net(images)
    assert logits.shape == (1, 1)
    assert embeddings.shape == (1, 64)


def test_another_number_of_channels_is_answered_with_a_sentence():
    with pytest.raises(UsageError, match="2 channels and 4 widths, not 3 and 4"):
        Net("frodo", 3).build(seed=0)


def test_the_gradient_reaches_every_parameter_after_one_step():
    # Wide at the end: squeeze-and-excitation of a narrow map has one hidden number, which may be cut to 0.
    net = Net("frodo", 2, options={"widths": (4, 8, 64, 128), "blocks": 1, "dropout": 0.1})
    module = Supervised(net.build(seed=0), RECIPE.judge.loss.build())
    optimiser = torch.optim.SGD(module.parameters(), lr=0.1)
    module(shown()).backward()
    optimiser.step()
    optimiser.zero_grad()
    module(shown(seed=1)).backward()
    assert not [name for name, weight in module.named_parameters() if not weight.grad.abs().sum() > 0]


def test_the_full_network_makes_a_step_and_says_the_weight_of_the_contrast():
    module = Supervised(RECIPE.judge.net.build(seed=0), RECIPE.judge.loss.build())
    assert module.told()["contrast_weight"] == pytest.approx(log(1 + exp(-2.5)))
    optimiser = RECIPE.judge.training.optimiser.build(list(module.parameters()))
    module(shown(16, patches=4)).backward()
    optimiser.step()
    # Nothing but a positive term depends on it, so it falls.
    assert module.told()["contrast_weight"] < log(1 + exp(-2.5))


@pytest.mark.parametrize("kinds", [[0, 0, 1, 1, 0], [0, 1, 0, 0, 0], [1, 1, 1, 1, 1]])
def test_the_contrast_is_the_published_formula_whatever_the_length_of_the_vectors(kinds):
    z = np.random.default_rng(0).normal(size=(5, 3))
    unit = z / np.linalg.norm(z, axis=1, keepdims=True)
    terms = []
    for i in range(5):
        others = [a for a in range(5) if a != i]
        same = [p for p in others if kinds[p] == kinds[i]]
        if same:
            total = sum(exp(unit[i] @ unit[a] / 0.1) for a in others)
            terms.append(-np.mean([log(exp(unit[i] @ unit[p] / 0.1) / total) for p in same]))
    for scale in (1.0, 7.0):
        ours = supcon(torch.tensor(scale * z), torch.tensor(kinds), temperature=0.1)
        assert ours.item() == pytest.approx(np.mean(terms))
    assert len(set(kinds)) > 1 or ours.item() >= log(4)


def test_the_regression_is_the_mean_square_of_what_the_context_did_not_foretell():
    net = SMALL.build(seed=0)
    module = CrossModalRegression(net, width=8, stop_gradient=False, collapse=1e-3).eval()
    batch = shown()
    main, context = net.encode(batch.images)
    by_hand = (module.phi(context.mean((2, 3, 4))) - main.mean((2, 3, 4))) ** 2
    assert module(batch).item() == pytest.approx(by_hand.mean().item())


@pytest.mark.parametrize("stop_gradient", [True, False])
def test_the_target_learns_only_where_the_gradient_is_not_stopped(stop_gradient):
    module = CrossModalRegression(SMALL.build(seed=0), width=8, stop_gradient=stop_gradient, collapse=1e-3)
    module(shown()).backward()
    assert all(weight.grad is not None for weight in module.context.parameters())
    learns = [weight.grad is not None for weight in module.main.parameters()]
    assert not any(learns) if stop_gradient else all(learns)


def test_a_collapse_of_the_target_ends_the_training(lesions):
    module = CrossModalRegression(SMALL.build(seed=0), width=8, stop_gradient=False, collapse=1e-3)
    module(shown())
    assert module.told()["target_sd_mean"] > 0
    with torch.no_grad():
        for weight in module.main.parameters():
            weight.mul_(1e-4)
    with pytest.raises(DataError, match=r"collapsed: the features .* vary by .* stop_gradient=True"):
        module(shown(seed=1))
    # While it is only asked, as for the held-out loss, nothing is watched.
    assert np.isfinite(module.eval()(shown(seed=1)).item())


def test_the_block_hands_the_collapse_on(lesions):
    # No features vary a thousand times more than at the start.
    block = CrossModal(training=QUICK, collapse=1e3)
    with pytest.raises(DataError, match="the pretraining collapsed"):
        block(SMALL.build(seed=0), lesions, held=lesions.only(lesions.truth > 1), seed=0)


def test_a_training_taken_up_again_remembers_how_varied_the_target_was():
    module = CrossModalRegression(SMALL.build(seed=0), width=8, stop_gradient=False, collapse=1e-3)
    module(shown())
    again = CrossModalRegression(SMALL.build(seed=1), width=8, stop_gradient=False, collapse=1e-3)
    again.load_state_dict(module.state_dict())
    assert torch.equal(again.start_sd, module.start_sd)
    assert not again.start_sd.isnan().any()


def test_cross_modal_pretraining_changes_the_encoders_alone_and_is_the_same_again(lesions, tmp_path):
    nets = [SMALL.build(seed=0) for _ in range(2)]
    before = copy.deepcopy(nets[0].state_dict())
    block = CrossModal(training=replace(QUICK, held_out=0.5))
    first, second = (lesions.only(lesions.persons == person) for person in sorted(set(lesions.persons)))
    for net in nets:
        block(net, first, held=second, seed=3)
    after = nets[0].state_dict()
    changed = {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"main", "context"}
    assert all(torch.equal(value, nets[1].state_dict()[name]) for name, value in after.items())
    block(SMALL.build(seed=0), first, held=second, seed=3, run=Run(folder=tmp_path))
    header = (tmp_path / "pretraining" / "metrics.tsv").read_text().splitlines()[0].split("\t")
    assert {"target_sd_mean", "target_sd_min", "score"} <= set(header)


def test_contrastive_pretraining_changes_all_but_the_classifier(lesions):
    net = SMALL.build(seed=0)
    before = copy.deepcopy(net.state_dict())
    TwoViews(training=replace(QUICK, epochs=3))(net, lesions, held=lesions.only(lesions.truth > 1), seed=0)
    after = net.state_dict()
    changed = {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"main", "context", "film", "mix", "deep"}


def test_the_two_views_are_compared_by_nt_xent():
    module = TwoViewContrast(SMALL.build(seed=0), features=32, width=5, temperature=0.1).eval()
    batch = shown()
    with torch.no_grad():
        z = torch.nn.functional.normalize(module.project(module.net.pooled(batch.images)), dim=1).double()
        terms = []
        for i in range(6):
            partner = i + 1 if i % 2 == 0 else i - 1
            total = sum(exp(float(z[i] @ z[a]) / 0.1) for a in range(6) if a != i)
            terms.append(-log(exp(float(z[i] @ z[partner]) / 0.1) / total))
        assert module(batch).item() == pytest.approx(np.mean(terms), rel=1e-4)


def test_pretraining_sees_the_people_of_the_training_fold_and_not_their_kind(monkeypatch):
    seen = []

    def look(self, net, learn, *, held, seed, run):
        seen.append((set(learn.persons), set(held.persons)))

    monkeypatch.setattr(CrossModal, "__call__", look)
    judge = replace(shrunk(RECIPE.judge), channels=CHANNELS, patch=LOOK, training=replace(QUICK, epochs=1))
    people = cohort(5)
    judge.fit([(case, lesions_of(case)) for case in people[:4]], seed=0)
    ((learned, held),) = seen
    assert learned | held == {case.person for case in people[:4]}
    assert learned
    assert held
    assert not learned & held


def test_a_kind_that_is_exchanged_changes_nothing_of_the_pretraining(lesions):
    nets = [SMALL.build(seed=0) for _ in range(2)]
    nobody = lesions.only(lesions.truth > 1)
    for net, data in zip(nets, (lesions, replace(lesions, truth=1 - lesions.truth)), strict=True):
        CrossModal(training=QUICK)(net, data, held=nobody, seed=0)
    one, other = (net.state_dict() for net in nets)
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_pretraining_learns_to_foretell(lesions):
    from radiorim.dl.augment import Augment
    from radiorim.dl.lesionjob import LesionJob
    from radiorim.dl.lesionsampling import EachOnce

    module = CrossModalRegression(SMALL.build(seed=0), width=8, stop_gradient=True, collapse=1e-3)
    job = LesionJob(lesions, lesions.only(lesions.truth > 1), EachOnce(), Augment(flip=0.0), 0, 8)
    state = fit(job, module, replace(QUICK, epochs=15), seed=0)
    assert state.history[-1]["loss"] < state.history[0]["loss"] / 3


@pytest.mark.parametrize("name", ["frodo", "frodo-no-pretrain", "frodo-contrastive-ssl"])
def test_it_overfits_the_lesions_of_two_people(name):
    from sklearn.metrics import roc_auc_score

    small = shrunk(recipes.get(name))
    training = replace(small.judge.training, epochs=25, held_out=0.0)
    judge = replace(small.judge, channels=CHANNELS, patch=LOOK, training=training)
    model = Model.fit(replace(small, prepare=(), judge=judge), cohort(2), seed=0)
    tables = [with_truth(model.examine(case), "rim").lesions.table for case in cohort(2)]
    truth = [kind for table in tables for kind in table.truth]
    score = [value for table in tables for value in table.score]
    assert roc_auc_score(truth, score) > 0.9
