"""Folds by person, and scores that no lesion's own person had a part in."""

from __future__ import annotations

import json
from dataclasses import replace

import little
import numpy as np
import pandas as pd
import pytest

from radiorim.errors import DataError, UsageError
from radiorim.runs import crossvalidation
from radiorim.runs.crossvalidation import (
    Plan,
    contributions,
    crossvalidate,
    crossvalidate_cases,
    fold_key,
    score_fold,
    scores,
    tabular_judge,
)
from radiorim.runs.folds import load_folds, make_folds, save_folds


@pytest.fixture(scope="module")
def folds(measured):
    return make_folds(measured, n=3, seed=0)


@pytest.fixture(scope="module")
def judged(recipe, measured, folds):
    return crossvalidate(recipe, measured, folds, Plan(seed=0))


def people_table(*positive: int) -> pd.DataFrame:
    """One person for each number: so many positives among four lesions."""
    rows = [(f"p{n}", float(k < many)) for n, many in enumerate(positive) for k in range(4)]
    return pd.DataFrame(rows, columns=["person", "truth"])


def test_every_person_is_in_one_fold_and_every_fold_has_a_positive(measured, folds):
    assert sorted(folds) == sorted(set(measured.person))
    assert set(folds.values()) == {0, 1, 2}
    assert (measured.groupby(measured.person.map(folds)).truth.sum() > 0).all()


def test_folds_depend_on_the_seed_and_not_on_the_order_of_rows(measured, folds):
    assert make_folds(measured.sample(frac=1, random_state=3), n=3, seed=0) == folds
    assert any(make_folds(measured, n=3, seed=seed) != folds for seed in range(1, 5))


def test_too_few_people_with_a_positive_are_refused_with_the_number_that_works():
    with pytest.raises(
        DataError, match=r"3 folds need at least 3 people.*only 2 of 4 have one.* Use 2 folds or add people"
    ):
        make_folds(people_table(1, 2, 0, 0), n=3, seed=0)
    with pytest.raises(UsageError, match="at least 2 folds, not 1"):
        make_folds(people_table(1, 1), n=1, seed=0)


def test_no_fold_is_without_a_positive_whatever_the_seed():
    table = people_table(4, 1, 1, 0, 0, 0)
    for seed in range(10):
        try:
            made = make_folds(table, n=3, seed=seed)
        except DataError as error:
            assert "holds no positive lesion. Use fewer folds or another --seed" in str(error)  # noqa: PT017
        else:
            assert (table.groupby(table.person.map(made)).truth.sum() > 0).all()


def test_a_fold_file_is_read_back_and_refused_once_it_was_edited(folds, tmp_path):
    path = save_folds(folds, tmp_path / "folds.json")
    assert load_folds(path) == folds
    content = json.loads(path.read_text())
    content["folds"]["sub-01"] = 1 - content["folds"]["sub-01"] % 2
    path.write_text(json.dumps(content))
    with pytest.raises(DataError, match=r"folds.json is not a fold file of radiorim, or was edited"):
        load_folds(path)
    path.write_text("[1, 2]")
    with pytest.raises(DataError, match="is not a fold file"):
        load_folds(path)


def test_scores_come_in_the_order_of_the_table_with_what_is_needed_to_judge_them(measured, judged, folds):
    assert judged[["case", "lesion"]].equals(measured[["case", "lesion"]])
    assert judged.fold.tolist() == measured.person.map(folds).tolist()
    assert judged.score.between(0, 1).all()
    assert (judged.found == (judged.score >= judged.threshold)).all()
    assert judged.groupby("fold").threshold.nunique().tolist() == [1, 1, 1]
    assert not any(name.startswith("chi_") for name in scores(judged))
    shares = contributions(judged).drop(columns=["case", "lesion"]).sum(axis=1)
    np.testing.assert_allclose(shares, np.log(judged.score / (1 - judged.score)), atol=1e-9)


def test_the_same_seed_gives_the_same_frame_and_two_jobs_too(recipe, measured, judged, folds):
    pd.testing.assert_frame_equal(
        judged, crossvalidate(recipe, measured, folds, Plan(seed=0)), check_exact=True
    )
    two = crossvalidate(recipe, measured, folds, Plan(seed=0, n_jobs=2))
    pd.testing.assert_frame_equal(judged, two, check_exact=True)


def test_the_truth_of_held_out_people_moves_neither_their_scores_nor_their_threshold(
    recipe, measured, judged, folds
):
    poisoned = measured.copy()
    held_out = measured.person.map(folds) == 0
    poisoned.loc[held_out, "truth"] = 1 - poisoned.loc[held_out, "truth"]
    again = crossvalidate(recipe, poisoned, folds, Plan(seed=0))
    for name in ("score", "threshold", "found"):
        assert again[name][held_out].equals(judged[name][held_out])
    assert not again.score[~held_out].equals(judged.score[~held_out]), "the poison must be able to show"


def test_the_features_of_held_out_people_do_not_move_the_scores_of_others_in_their_fold(
    recipe, measured, judged, folds
):
    person = next(name for name, fold in folds.items() if fold == 0)
    other = (measured.person.map(folds) == 0) & (measured.person != person)
    moved = measured.copy()
    features = [name for name in measured if name.startswith(("chi_", "flair_"))]
    moved.loc[measured.person == person, features] *= 100
    again = crossvalidate(recipe, moved, folds, Plan(seed=0))
    assert other.any()
    assert again.score[other].equals(judged.score[other])


def test_a_lost_fold_is_made_again_and_the_others_are_read(recipe, measured, folds, tmp_path, monkeypatch):
    plan = Plan(seed=0, folder=tmp_path)
    whole = crossvalidate(recipe, measured, folds, plan)
    kept = sorted(tmp_path.glob("fold-*.tsv"))
    assert len(kept) == 3
    kept[1].unlink()
    made = []

    def counted(judge, table, fold, *, seed):
        made.append(fold)
        return score_fold(judge, table, fold, seed=seed)

    monkeypatch.setattr(crossvalidation, "score_fold", counted)
    pd.testing.assert_frame_equal(whole, crossvalidate(recipe, measured, folds, plan), check_exact=True)
    assert made == [1]


def test_scores_that_were_kept_in_files_are_those_that_were_not(recipe, measured, judged, folds, tmp_path):
    kept = crossvalidate(recipe, measured, folds, Plan(seed=0, folder=tmp_path))
    np.testing.assert_array_equal(kept.score, judged.score)
    np.testing.assert_array_equal(kept.threshold, judged.threshold)


def test_kept_folds_of_another_seed_table_or_recipe_are_not_used(recipe, measured, folds, tmp_path):
    crossvalidate(recipe, measured, folds, Plan(seed=0, folder=tmp_path))
    crossvalidate(recipe, measured, folds, Plan(seed=1, folder=tmp_path))
    moved = measured.assign(shape_original_volume_mm3=1.0)
    crossvalidate(recipe, moved, folds, Plan(seed=0, folder=tmp_path))
    fewer = replace(recipe, judge=replace(recipe.judge, model=little.Boost(trees=5)))
    crossvalidate(fewer, measured, folds, Plan(seed=0, folder=tmp_path))
    assert len(list(tmp_path.glob("fold-*.tsv"))) == 12


def test_folds_of_another_version_are_not_used(recipe, measured, monkeypatch):
    key = fold_key(recipe, measured, 0)
    monkeypatch.setattr("radiorim.runs.crossvalidation.__version__", "99")
    assert fold_key(recipe, measured, 0) != key


def test_a_person_on_both_sides_is_refused(recipe, measured):
    table = measured.assign(fold=np.arange(len(measured)) % 2)
    with pytest.raises(
        DataError, match=r"6 people are in both parts of fold 0, like sub-01\. Folds are by person"
    ):
        score_fold(tabular_judge(recipe), table, 0, seed=0)


def test_a_lesion_that_is_listed_twice_is_refused_by_name(recipe, measured, folds):
    twice = pd.concat([measured, measured.iloc[[3]]], ignore_index=True)
    with pytest.raises(DataError, match=r"lesion 13 of sub-01_ses-02 has more than one row"):
        crossvalidate(recipe, twice, folds, Plan())


def test_people_without_known_truth_are_judged_too(recipe, measured):
    unknown = measured.copy()
    unknown.loc[unknown.person == "sub-06", "truth"] = np.nan
    folds = make_folds(unknown, n=2, seed=0)
    assert "sub-06" not in folds
    judged = crossvalidate(recipe, unknown, folds, Plan())
    assert judged.score.notna().all()
    assert judged.truth[judged.person == "sub-06"].isna().all()


def test_cases_in_memory_give_scores_better_than_chance():
    from sklearn.metrics import roc_auc_score

    judged = crossvalidate_cases(little.RIM, little.cohort(4), n=2)
    assert len(judged) == 32
    assert roc_auc_score(judged.truth, judged.score) > 0.8


def test_people_may_be_numbers(recipe, measured, judged, folds):
    numbers = {name: number for number, name in enumerate(sorted(set(measured.person)), start=1)}
    table = measured.assign(person=measured.person.map(numbers))
    found = crossvalidate(recipe, table, {str(numbers[name]): fold for name, fold in folds.items()}, Plan())
    assert found.score.equals(judged.score)


def test_a_recipe_that_learns_nothing_is_refused():
    with pytest.raises(UsageError, match="little-new does not learn from a lesion table"):
        tabular_judge(little.NEW)


def test_people_with_known_truth_outside_the_folds_are_refused(recipe, measured, folds):
    folds = dict(folds)
    folds.pop(sorted(folds)[0])
    with pytest.raises(DataError, match=r"1 people with known truth are in no fold"):
        crossvalidate(recipe, measured, folds, Plan())


def test_an_answer_that_is_no_answer_is_refused_by_name(measured):
    with pytest.raises(DataError, match=r"the column 'truth' holds '2\.0'; only 1 \(yes\), 0 \(no\)"):
        make_folds(measured.assign(truth=measured.truth * 2), n=3, seed=0)
