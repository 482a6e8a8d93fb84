"""A recipe and what it learned: one path to candidates, truth by overlap, folders that can be read back."""

from __future__ import annotations

from dataclasses import replace

import little
import numpy as np
import pytest

from radiorim.blocks import MinVolume
from radiorim.case import Placement
from radiorim.errors import DataError
from radiorim.lesions import Lesions
from radiorim.model import Model, card, examine, native, with_truth
from radiorim.volume import Volume


@pytest.fixture(scope="module")
def cases() -> list:
    return little.cohort(4)


@pytest.fixture(scope="module")
def model(cases) -> Model:
    return Model.fit(little.RIM, cases[:3], seed=0)


def test_what_is_left_out_is_counted_under_the_rule_that_did_it(cases):
    sizes = examine(little.RIM, little.RIM.find, cases[0]).lesions.table.volume_mm3
    rule = MinVolume(mm3=sizes.median())
    small = int((sizes <= rule.mm3).sum())
    looked = examine(replace(little.RIM, tidy=(rule,)), little.RIM.find, cases[0])
    assert len(looked.lesions) == 8 - small
    assert looked.skipped == (f"{small} of 8 candidates dropped by {rule}",)


def test_a_missing_image_is_named_with_what_is_needed_and_what_is_there(cases):
    poor = cases[0].with_(images={"flair": cases[0].images["flair"]}, masks={})
    with pytest.raises(DataError) as error:
        examine(little.RIM, little.RIM.find, poor)
    assert str(error.value) == (
        "sub-01_ses-02 has no 'chi'. little-rim needs chi, flair, lesions; it has flair."
    )


def test_truth_comes_by_overlap_and_never_by_number(cases):
    looked = with_truth(examine(little.RIM, little.RIM.find, cases[0]), "rim")
    table = looked.lesions.table.set_index("lesion").truth
    rims = cases[0].truth().table.set_index("lesion").rim
    assert {18 - lesion: truth for lesion, truth in table.items()} == rims.to_dict()
    new = with_truth(looked, "new-lesion").lesions.table.set_index("lesion").truth
    assert sorted(new[new == 1].index) == [16, 17], "the true lesions 2 and 1"


def test_a_case_without_truth_gets_no_column(cases):
    looked = with_truth(examine(little.RIM, little.RIM.find, cases[0].with_(truth=None)), "rim")
    assert "truth" not in looked.lesions.table


def test_cases_without_truth_cannot_teach_and_the_recipe_says_so(cases):
    with pytest.raises(
        DataError, match=r"little-rim, 2 training cases: no training lesion has a known truth"
    ):
        Model.fit(little.RIM, [case.with_(truth=None) for case in cases[:2]])


def test_predicting_is_examining_judging_and_going_home(model, cases):
    looked = examine(model.recipe, model.finder, cases[3])
    by_hand = native(looked.case, model.judge(looked))
    predicted = model.predict(cases[3])
    assert predicted.table.equals(by_hand.table)
    assert predicted.numbers == list(range(10, 18))
    assert (predicted.table.found == (predicted.table.score >= model.scorer.threshold)).all()


def test_without_a_judge_every_candidate_is_found_and_has_no_score(cases):
    model = Model.fit(little.NEW, cases[:1])
    table = model.predict(cases[0]).table
    assert len(table) == 2
    assert table.found.all()
    assert table.score.isna().all()


def test_lesions_go_home_to_the_grid_of_their_scan(tiny_lesions, tiny_case):
    shift = np.eye(4)
    shift[0, 3] = 2.0  # the working grid lies 2 mm to the left of the scan
    scan = Volume(np.zeros((16, 12, 12)), tiny_lesions.labels.affine)
    home = native(tiny_case.with_(placement=Placement(scan, shift)), tiny_lesions)
    assert home.labels.shape == (16, 12, 12)
    assert (home.labels.data[2:14] == tiny_lesions.labels.data).all()
    assert native(tiny_case, tiny_lesions) is tiny_lesions


def test_a_saved_model_is_the_same_model(model, cases, tmp_path):
    told = replace(
        model, provenance={"cases": 3, "people": 3, "lesions": 24, "positive": 11, "data": "little"}
    )
    loaded = Model.load(told.save(tmp_path / "model"))
    assert loaded.recipe == model.recipe
    assert loaded.provenance == told.provenance
    assert loaded.predict(cases[3]).table.equals(model.predict(cases[3]).table)
    assert {path.name for path in (tmp_path / "model").iterdir()} == {
        *("recipe.json", "provenance.json", "card.md", "judge.skops", "judge.json")
    }


def test_a_model_that_learned_nothing_is_saved_without_a_judge(cases, tmp_path):
    folder = Model.fit(little.NEW, cases[:1]).save(tmp_path / "model")
    assert not list(folder.glob("judge.*"))
    assert len(Model.load(folder).predict(cases[0])) == 2


def test_a_folder_that_is_no_model_or_a_damaged_one_is_refused(model, tmp_path):
    with pytest.raises(DataError, match=r"is not a model folder \(it holds no recipe.json\)"):
        Model.load(tmp_path)
    with pytest.raises(DataError, match="nowhere does not exist"):
        Model.load(tmp_path / "nowhere")
    folder = model.save(tmp_path / "model")
    (folder / "judge.skops").unlink()
    with pytest.raises(DataError, match=r"judge\.skops does not exist"):
        Model.load(folder)
    (folder / "recipe.json").write_text('{"block": "Recipe", "name": "x"}')
    with pytest.raises(DataError, match="this is not a recipe in JSON"):
        Model.load(folder)


def test_the_card_says_what_it_learned_from_and_what_it_is_not_for(model):
    text = card(replace(model, provenance={"cases": 3, "people": 2, "lesions": 24, "positive": 11}))
    assert text.startswith(f"# little-rim ({model.recipe.digest})")
    assert "3 cases of 2 people, 24 lesions, 11 positive" in text
    assert model.scorer.note in text
    assert "Not a medical device" in text


def test_a_case_without_lesions_takes_part_in_fitting_and_predicting(model, cases):
    empty = cases[0].masks["lesions"]
    bare = cases[0].with_(masks={**cases[0].masks, "lesions": empty.like(np.zeros_like(empty.data))})
    again = Model.fit(little.RIM, [*cases[:3], bare], seed=0)
    assert isinstance(again.predict(bare), Lesions)
    assert len(again.predict(bare)) == 0
    assert again.predict(cases[3]).table.equals(model.predict(cases[3]).table)
