"""The one contract that every recipe meets: a file of data, and a system that fits, predicts and is saved."""

from __future__ import annotations

import ast
import importlib
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from shrinking import brief, changed, shrink

from radiorim import recipes
from radiorim.blocks import HalfWayPair, Peaks, recipe_from_json
from radiorim.case import Case
from radiorim.errors import DataError
from radiorim.lesions import Lesions
from radiorim.model import Examination, Model, examine, native, with_truth
from radiorim.phantom import Params, make_person
from radiorim.phantom.bids import person_name
from radiorim.prepare._atlas import Atlas, load_atlas
from radiorim.prepare.resample import resample
from radiorim.recipe import Paper, Recipe

NAMES = recipes.names()
LEARNED = [name for name in NAMES if recipes.get(name).judge is not None]
FINDERS = [name for name in NAMES if hasattr(recipes.get(name).find, "load")]
CONTROLS = [name for name in NAMES if recipes.get(name).summary.startswith("Control")]
TRAIN, TEST = 4, 3
SEED = 18
"""All seven people of this seed have new lesions and rims, so that seven are enough to learn and to test."""
SHOWN = TRAIN
"""The first of the people who are not learned from."""


@cache
def people() -> tuple[Case, ...]:
    """Easy people of the small phantom, the earlier visit moved onto the grid of the later one."""
    params = Params(spacing_mm=1.5).at("easy").small()
    cases = []
    for number in range(1, TRAIN + TEST + 1):
        person, name = make_person(number, SEED, params), person_name(number, 9)
        back = np.linalg.inv(person.to_visit1)
        moved = resample(person.images["flair0"], person.images["flair"], back)
        cases.append(
            Case(
                id=f"{name}_ses-02",
                person=name,
                images={**person.images, "flair0": moved},
                masks={"brain": person.brain, "lesions": person.given},
                truth=lambda truth=person.truth: truth,
            )
        )
    return tuple(cases)


@pytest.fixture(autouse=True, scope="module")
def one_atlas():
    """Read the atlas once and lay it once over each brain: the fit is tested with TissuePriors."""
    fit, fits = Atlas.fitted_to, {}

    def remembered(atlas, flair, brain):
        key = brain.data.tobytes()
        if key not in fits:
            fits[key] = fit(atlas, flair, brain)
        return fits[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("radiorim.prepare.priors.load_atlas", cache(load_atlas))
        patch.setattr(Atlas, "fitted_to", remembered)
        yield


@cache
def fitted(name: str) -> Model:
    return Model.fit(shrink(recipes.get(name)), people()[:TRAIN], seed=0)


@cache
def looked_at(name: str, number: int) -> Examination:
    """One of the people as the fitted model sees them, with the truth; looked at once for all tests."""
    model = fitted(name)
    return with_truth(model.examine(people()[number]), model.recipe.task)


def predicted(name: str) -> Lesions:
    """What the fitted model predicts of a person that it has not seen."""
    looked = looked_at(name, SHOWN)
    return native(looked.case, looked.lesions)


def with_mask(case: Case, mask: np.ndarray) -> Case:
    """The case with other given lesions; its later visit is the earlier one but for those (and noise)."""
    before = case.images["flair0"]
    noise = np.random.default_rng(0).normal(0, 1, mask.shape) * mask.any()
    after = np.where(mask > 0, before.data * 2 + 100, before.data + noise)
    after = before.like(after.astype(np.float32))
    return case.with_(
        images={**case.images, "flair": after},
        masks={**case.masks, "lesions": case.masks["lesions"].like(mask)},
        truth=None,
    )


def source(name: str) -> Path:
    recipe = recipes.get(name)
    module = f"radiorim.recipes.{recipe.task.replace('-', '_')}.{name.replace('-', '_')}"
    return Path(importlib.import_module(module).__file__)


@pytest.mark.parametrize("name", NAMES)
def test_the_file_is_named_like_the_recipe_and_holds_imports_and_recipe_only(name):
    body = ast.parse(source(name).read_text()).body
    assert isinstance(body[0], ast.Expr), "a docstring comes first"
    assert all(isinstance(node, (ast.Import, ast.ImportFrom)) for node in body[1:-1])
    assert isinstance(body[-1], ast.Assign)
    assert [target.id for target in body[-1].targets] == ["RECIPE"]
    kinds = (ast.FunctionDef, ast.ClassDef, ast.Lambda, ast.For, ast.ListComp)
    assert not [node for part in body for node in ast.walk(part) if isinstance(node, kinds)]


def test_every_file_in_the_folders_is_a_recipe_under_its_own_name():
    folders = [Path(recipes.__file__).parent / task for task in ("new_lesion", "rim")]
    files = {path.stem.replace("_", "-") for folder in folders for path in folder.glob("[a-z]*.py")}
    assert files == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_survives_json(name):
    recipe = recipes.get(name)
    again = recipe_from_json(recipe.to_json())
    assert again == recipe
    assert again.digest == recipe.digest
    assert hash(again) == hash(recipe)


@pytest.mark.parametrize("name", NAMES)
def test_the_digest_is_of_what_the_recipe_does_and_not_of_what_it_is_called(name):
    recipe = recipes.get(name)
    cited = replace(recipe, name="x", summary="y", paper=Paper(title="another", doi="10.1/2"))
    assert cited.digest == recipe.digest
    assert shrink(recipe).digest != recipe.digest or not (recipe.judge or recipe.prepare)
    assert replace(recipe, needs=(*recipe.needs, "t1")).digest != recipe.digest


def test_no_two_recipes_do_the_same():
    assert len({recipes.get(name).digest for name in NAMES}) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_says_where_it_is_from_and_how_it_differs(name):
    recipe = recipes.get(name)
    assert recipe.summary.endswith(".")
    assert recipe.paper.title
    # The proceedings of MSSEG-2 have no DOI; they are in the HAL archive.
    assert recipe.paper.doi or "hal-" in recipe.paper.title or recipe.paper.differs.startswith("No paper")
    assert recipe.paper.reported or recipe.paper.differs.startswith("No paper")
    assert recipe.paper.differs
    assert recipe.needs


@pytest.mark.parametrize("name", NAMES)
def test_an_image_that_is_missing_is_named_with_what_the_recipe_needs(name):
    recipe, case = recipes.get(name), people()[0]
    for lacking in recipe.needs:
        poor = case.with_(
            images={key: image for key, image in case.images.items() if key != lacking},
            masks={key: mask for key, mask in case.masks.items() if key != lacking},
        )
        with pytest.raises(DataError, match=rf"sub-01_ses-02 has no '{lacking}'\. {name} needs .*{lacking}"):
            examine(recipe, recipe.find, poor)


@pytest.mark.parametrize("name", NAMES)
def test_it_predicts_lesions_on_the_grid_of_the_case(name):
    case = people()[SHOWN]
    found = predicted(name)
    assert found.labels.same_grid(case.images["flair"])
    assert len(found) > 0
    assert set(np.unique(found.labels.data)) - {0} == set(found.numbers)
    assert found.table.found.dtype == bool
    if name in LEARNED or name in FINDERS:
        assert found.table.score.between(0, 1).all()
    else:
        assert found.table.score.isna().all()


@pytest.mark.parametrize("name", [name for name in LEARNED if name not in CONTROLS])
def test_it_beats_chance_on_people_it_has_not_seen(name):
    from sklearn.metrics import roc_auc_score

    truth, score = [], []
    for number in range(TRAIN, TRAIN + TEST):
        known = looked_at(name, number).lesions.table.dropna(subset="truth")
        truth += known.truth.tolist()
        score += known.score.tolist()
    assert 0 < sum(truth) < len(truth)
    assert roc_auc_score(truth, score) > 0.7


@pytest.mark.parametrize("name", FINDERS)
def test_a_finder_that_learned_marks_new_lesions_far_more_than_the_rest_of_unseen_brains(name):
    """Chance marks new lesions as densely as everything else; a few seconds of training must not."""
    inside = outside = new_voxels = other_voxels = hits = lesions = 0
    for number in range(TRAIN, TRAIN + TEST):
        marked, case = looked_at(name, number).lesions.labels.data > 0, people()[number]
        new = case.truth().keep(lambda table: table.status == "new").labels.data
        brain = case.masks["brain"].data != 0
        hits += len(np.unique(new[marked & (new > 0)]))
        lesions += len(np.unique(new)) - 1
        inside, new_voxels = inside + (marked & (new > 0)).sum(), new_voxels + (new > 0).sum()
        rest = brain & (new == 0)
        outside, other_voxels = outside + (marked & rest).sum(), other_voxels + rest.sum()
    assert hits > lesions / 2
    assert inside / new_voxels > 5 * outside / other_voxels


@pytest.mark.parametrize("name", LEARNED + FINDERS)
def test_the_same_seed_gives_the_same_scores(name):
    recipe, shown, case = shrink(recipes.get(name)), people()[:TRAIN], people()[SHOWN]
    again = Model.fit(changed(recipe, brief), shown, seed=0)
    one = fitted(name) if again.recipe == recipe else Model.fit(again.recipe, shown, seed=0)
    assert again.predict(case).table.equals(one.predict(case).table)
    for learned, known in ((again.scorer, one.scorer), (again.finder, one.finder)):
        assert getattr(learned, "threshold", None) == getattr(known, "threshold", None)


@pytest.mark.parametrize("name", NAMES)
def test_a_saved_model_gives_the_same_scores_and_no_pickle_is_read(name, tmp_path, monkeypatch):
    def refuse(*_args, **_options):
        raise AssertionError("pickle was read")

    saved = fitted(name).save(tmp_path / "model")
    for function in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(f"pickle.{function}", refuse)
    loaded = Model.load(saved)
    case = people()[SHOWN]
    assert loaded.recipe == shrink(recipes.get(name))
    expected = predicted(name).table
    assert loaded.predict(case).table.equals(expected.drop(columns="truth"))
    assert {path.suffix for path in saved.iterdir()} <= {".json", ".skops", ".md", ".safetensors"}


@pytest.mark.parametrize("name", NAMES)
def test_a_case_without_lesions_gives_an_empty_table_and_not_an_exception(name):
    case = people()[-1]
    found = fitted(name).predict(with_mask(case, np.zeros(case.images["flair"].shape, np.int32)))
    assert {"lesion", "volume_mm3", "score", "found"} <= set(found.table)
    assert set(np.unique(found.labels.data)) - {0} == set(found.numbers)
    if name not in FINDERS:  # a network trained for seconds may see a lesion where none is
        assert len(found) == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_lesion_of_one_voxel_gives_a_table_and_not_an_exception(name):
    case = people()[-1]
    mask = np.zeros(case.images["flair"].shape, np.int32)
    inside = np.argwhere(case.masks["brain"].data)
    mask[tuple(inside[len(inside) // 2])] = 1
    found = fitted(name).predict(with_mask(case, mask))
    assert {"lesion", "volume_mm3", "score", "found"} <= set(found.table)
    if recipes.get(name).task == "rim":
        assert len(found) == 1


def test_an_unknown_recipe_is_answered_with_the_nearest():
    from radiorim.errors import UnknownName

    with pytest.raises(UnknownName, match=r"no recipe named 'subtrakt'. Did you mean 'subtract'"):
        recipes.get("subtrakt")


def test_shrinking_changes_numbers_only():
    recipe = Recipe("x", "rim", ("chi",), Paper("t"), find=Peaks(), prepare=(HalfWayPair(),))
    small = shrink(recipe)
    assert small.find == Peaks(sigmas=4.0)
    assert small.prepare[0].registered
    assert small.paper == recipe.paper
