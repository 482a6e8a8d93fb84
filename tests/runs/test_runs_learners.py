"""Recipes that learn from images, here by averaging intensities: cross-validated, kept, applied."""

from __future__ import annotations

from dataclasses import dataclass, replace

import little
import numpy as np
import pytest

from radiorim.blocks import AboveMean, VoxelBoost
from radiorim.errors import UsageError
from radiorim.io.files import read_json, write_json
from radiorim.lesions import Lesions
from radiorim.model import Model
from radiorim.recipe import Recipe
from radiorim.runs.benchmark import Benchmark, Profile, run_recipes
from radiorim.runs.classification import Fitting
from radiorim.runs.imagefolds import crossvalidate_images, image_folds
from radiorim.runs.learners import (
    apply_model,
    fit_on_cases,
    front,
    learns_from_images,
    require_learns,
    staged_root,
)
from radiorim.runs.protocol import case_matches
from radiorim.runs.stage import stage


@dataclass(frozen=True)
class Brightness:
    """Judges a lesion by its mean chi, against the mean of the rims that it was shown."""

    def measure(self, case, lesions):
        return lesions

    def fit(self, examples, *, seed, run):
        means = [
            case.image("chi").data[lesions.labels.data == row.lesion].mean()
            for case, lesions in examples
            for row in lesions.table.itertuples()
            if row.truth == 1
        ]
        return BrightnessScorer(float(np.mean(means)) - 5.0)

    def load(self, folder):
        return BrightnessScorer(read_json(folder / "judge.json")["level"])


@dataclass(frozen=True)
class BrightnessScorer:
    level: float
    threshold: float = 0.5
    parameters: int = 1

    def __call__(self, case, lesions):
        chi, labels = case.image("chi").data, lesions.labels.data
        mean = np.array([chi[labels == number].mean() for number in lesions.numbers])
        score = 1 / (1 + np.exp(-(mean - self.level)))
        return lesions.with_columns(score=score, found=score >= 0.5)

    def save(self, folder):
        write_json(folder / "judge.json", {"level": self.level})


@dataclass(frozen=True)
class Level:
    """Finds what is brighter than half of what new lesions gained."""

    def fit(self, cases, *, seed, run):
        gains = []
        for case in cases:
            new = case.truth().keep(lambda table: table["status"] == "new").labels.data > 0
            gain = case.image("flair").data - case.image("flair0").data
            gains.append(gain[new].mean())
        return LevelFinder(float(np.mean(gains)) / 2)

    def load(self, folder):
        return LevelFinder(read_json(folder / "finder.json")["level"])


@dataclass(frozen=True)
class LevelFinder:
    level: float
    threshold: float = 0.5
    parameters: int = 1

    def __call__(self, case):
        gain = case.image("flair").data - case.image("flair0").data
        found = Lesions.from_mask(case.image("flair").like(gain > self.level), connectivity=26, min_mm3=100)
        return found.with_columns(score=np.full(len(found), 0.9))

    def save(self, folder):
        write_json(folder / "finder.json", {"level": self.level})


JUDGES = replace(little.RIM, name="judges", judge=Brightness())
FINDS = replace(little.NEW, name="finds", find=Level())
SMALL = Profile(resamples=20, swaps=19)


def folds_of(cases) -> dict[str, int]:
    return {case.person: number % 3 for number, case in enumerate(cases)}


def staged(recipe: Recipe, cases, work):
    assert not len(stage(front(recipe), cases, staged_root(recipe, work)).failed)
    return work


def test_what_learns_is_told_by_what_can_be_loaded():
    assert [recipe.learns_to_find for recipe in (FINDS, JUDGES, little.RIM, little.NEW)] == [True] + [
        False
    ] * 3
    assert [learns_from_images(recipe) for recipe in (FINDS, JUDGES, little.RIM)] == [True, True, False]
    with pytest.raises(UsageError, match="little-new learns nothing"):
        require_learns(little.NEW)
    with pytest.raises(UsageError, match="judge behind a finder that learns"):
        front(replace(FINDS, judge=Brightness()))


def test_every_lesion_is_judged_by_a_model_that_has_not_seen_its_person(cases, tmp_path, monkeypatch):
    fitted_on, real = [], Brightness.fit

    def watching(self, examples, *, seed, run):
        fitted_on.append({case.person for case, _ in examples})
        return real(self, examples, seed=seed, run=run)

    monkeypatch.setattr(Brightness, "fit", watching)
    pieces = image_folds(JUDGES, cases, folds_of(cases), staged(JUDGES, cases, tmp_path), seed=0)
    judged = crossvalidate_images(pieces)
    assert fitted_on == [{case.person for case in cases} - {cases[fold].person} for fold in range(3)]
    assert judged.groupby("person").fold.unique().str[0].to_dict() == folds_of(cases)
    assert judged.loc[judged.truth == 1, "score"].min() > judged.loc[judged.truth == 0, "score"].max()
    again = crossvalidate_images(pieces)
    assert again.equals(judged)
    assert len(fitted_on) == 3, "finished folds are read back"


def test_a_learned_finder_is_fitted_on_the_others_and_its_candidates_are_kept(cases, tmp_path):
    work = staged(FINDS, cases, tmp_path)
    judged = crossvalidate_images(image_folds(FINDS, cases, folds_of(cases), work, seed=0))
    assert judged.groupby("case").truth.sum().tolist() == [2, 2, 2]
    assert (judged.score == 0.9).all()
    assert judged.found.all()
    for case in cases:
        assert (work / case.id / "native.nii.gz").exists()
        assert (work / "prepared" / case.id / "truth.nii.gz").exists()


def test_candidates_of_other_folds_are_not_taken_for_those_that_were_scored(cases, tmp_path):
    work = staged(FINDS, cases, tmp_path)
    pieces = image_folds(FINDS, cases, folds_of(cases), work, seed=0)
    judged = crossvalidate_images(pieces)
    assert all(piece.done for piece in pieces)
    table = work / cases[0].id / "lesions.tsv"
    first = table.read_text()
    apply_model(Model(FINDS, LevelFinder(-1e9)), cases[0], work)
    assert table.read_text() != first
    assert [piece.done for piece in pieces] == [False, True, True]
    assert crossvalidate_images(pieces).equals(judged)
    assert table.read_text() == first


def test_matches_follow_the_truth_where_the_candidates_stayed_the_same(cases, tmp_path):
    case, work = cases[0], staged(FINDS, cases, tmp_path)
    model, truth = fit_on_cases(FINDS, cases, work, seed=0), case.truth()
    swap = np.array([0, 2, 1, *range(3, truth.labels.data.max() + 1)])
    other = Lesions(
        truth.labels.like(swap[truth.labels.data]), truth.table.assign(lesion=swap[truth.numbers])
    )
    partners = []
    for one in (case, case.with_(truth=lambda: other)):
        apply_model(model, one, work)
        partners.append(case_matches(one, work / case.id).partner)
    assert swap[partners[0]].tolist() == partners[1].tolist() != partners[0].tolist()


def test_networks_of_other_truths_or_people_do_not_share_checkpoints(cases, tmp_path):
    def folder_for(cases, name):
        work = staged(JUDGES, cases, tmp_path / name)
        return Fitting(work, 0, "data").run(JUDGES, cases).folder.relative_to(work)

    flipped = cases[0].truth()
    flipped = flipped.with_columns(rim=1 - flipped.table["rim"])
    others = [cases[0].with_(truth=lambda: flipped), *cases[1:]]
    assert folder_for(cases, "a") == folder_for(cases, "b")
    assert len({folder_for(some, f"c{n}") for n, some in enumerate((cases, others, cases[:2]))}) == 3


def test_trees_that_find_voxel_by_voxel_are_fitted_like_networks(cases, tmp_path):
    few = VoxelBoost(AboveMean(sds=2.0, connectivity=6), trees=10, patience=5, folds=2, background=500)
    recipe = replace(FINDS, name="trees", find=few)
    judged = crossvalidate_images(
        image_folds(recipe, cases, folds_of(cases), staged(recipe, cases, tmp_path), seed=0)
    )
    assert judged[judged.truth == 1].groupby("case").size().tolist() == [2, 2, 2]


def test_a_benchmark_puts_them_beside_the_others(cases, tmp_path):
    for task, recipes in (("new-lesion", (little.NEW, FINDS)), ("rim", (little.RIM, JUDGES))):
        bench = Benchmark(task, recipes, cases, folds_of(cases), tmp_path / task, profile=SMALL)
        plain, images = run_recipes(bench)
        assert (plain.reason, images.reason) == ("", "")
        assert set(images.judged.fold) == {0, 1, 2}
        assert len(images.matches) >= 6
        assert images.cost["parameters"] == 1
        assert images.cost["train_seconds_per_fold"] > 0


def test_a_person_without_a_fold_is_named(cases, tmp_path):
    with pytest.raises(Exception, match="1 people are in no fold, such as sub-03"):
        image_folds(JUDGES, cases, {"sub-01": 0, "sub-02": 1}, tmp_path, seed=0)


@pytest.mark.parametrize("recipe", [JUDGES, FINDS], ids=lambda recipe: recipe.name)
def test_a_saved_model_gives_the_same_lesions(recipe, cases, tmp_path, monkeypatch):
    for block in (Brightness, Level):
        monkeypatch.setitem(__import__("radiorim.blocks").blocks.BLOCKS, block.__name__, block)
    work = staged(recipe, cases, tmp_path / "work")
    model = fit_on_cases(recipe, cases, work, seed=0)
    loaded = Model.load(model.save(tmp_path / "model"))
    first, second = (apply_model(each, cases[0], work).lesions for each in (model, loaded))
    assert first.table.equals(second.table)
    assert model.parameters == 1
