"""Oversampling by percentages, the forest that APRL trains on it, and what leaking does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from radiorim.blocks import DmwrSmote, Forest, Shape, Smote, Tabular
from radiorim.classic.explain import log_odds_shares
from radiorim.classic.persist import load_scorer, save_scorer
from radiorim.classic.sampling import dmwr_smote, smote_before_split
from radiorim.errors import DataError, UsageError

NAMES = [f"chi_original_firstorder_f{index}" for index in range(5)]
FOREST = Forest(trees=30, features_per_split=2, sampler=DmwrSmote())


def rows_of(positive: int, negative: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = np.repeat([1, 0], [positive, negative])
    rows = rng.normal(size=(len(truth), 5))
    rows[:, 0] += 2 * truth
    return rows, truth


@pytest.mark.parametrize(
    ("positives", "over", "kept", "drawn"), [(90, 1000, 990, 900), (78, 900, 780, 702)], ids=["1890", "1482"]
)
def test_the_published_models_have_these_many_rows(positives, over, kept, drawn):
    rows, truth = rows_of(positives, 600)
    made, labels = dmwr_smote(rows, truth, sampler=DmwrSmote(over, 100), seed=1)
    assert np.bincount(labels).tolist() == [drawn, kept]
    assert len(made) == kept + drawn
    assert (made[:positives] == rows[truth == 1]).all()


def test_new_rows_lie_between_a_positive_and_one_of_its_neighbours_and_negatives_are_drawn():
    rows, truth = rows_of(7, 20)
    made, labels = dmwr_smote(rows, truth, sampler=DmwrSmote(300, 100, neighbours=2), seed=4)
    old = rows[truth == 1]
    for row in made[7 : 7 + 21]:
        on_a_line = False
        for start in old:
            near = np.argsort(np.linalg.norm(old - start, axis=1))[1:3]
            for end in old[near]:
                along, way = row - start, end - start
                share = along @ way / (way @ way)
                on_a_line |= bool(0 <= share <= 1 and np.allclose(along, share * way))
        assert on_a_line
    negatives = {tuple(row) for row in rows[truth == 0]}
    assert all(tuple(row) in negatives for row in made[labels == 0])


@pytest.mark.parametrize("positives", [1, 2, 3])
def test_fewer_positives_than_neighbours_do_no_harm(positives):
    rows, truth = rows_of(positives, 10)
    made, labels = dmwr_smote(rows, truth, sampler=DmwrSmote(200, 100), seed=0)
    assert np.bincount(labels).tolist() == [2 * positives, 3 * positives]
    assert np.isfinite(made).all()


def test_percentages_that_mean_nothing_are_refused():
    for wrong in ({"over_percent": 150}, {"over_percent": 50}, {"under_percent": 0}):
        with pytest.raises(UsageError, match="multiple of 100 from 100 up"):
            DmwrSmote(**wrong)


def test_oversampling_before_the_split_flatters_a_classifier_of_noise():
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(2)
    rows, truth = rng.normal(size=(90, 5)), np.repeat([1, 0], [15, 75])
    made, labels, folds = smote_before_split(rows, truth, sampler=DmwrSmote(900, 100), seed=0)
    scores = np.zeros(len(labels))
    for fold in (0, 1):
        forest = RandomForestClassifier(40, random_state=0).fit(made[folds != fold], labels[folds != fold])
        scores[folds == fold] = forest.predict_proba(made[folds == fold])[:, 1]
    asked = folds < 2
    assert roc_auc_score(labels[asked], scores[asked]) > 0.9


def table(people: int = 8, lesions: int = 8) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    n = people * lesions
    frame = pd.DataFrame(rng.normal(size=(n, 5)), columns=NAMES)
    frame["truth"] = (rng.random(n) < 0.25).astype(float)
    frame[NAMES[0]] += 3 * frame["truth"]
    return frame.assign(person=[f"p{row // lesions}" for row in range(n)])


def test_a_forest_judges_is_saved_without_rows_and_gives_the_same_scores(tmp_path: Path):
    judge = Tabular(measures=(Shape(),), model=FOREST)
    scorer = judge.fit_table(table(), seed=0)
    scores = scorer.score_table(table())["score"]
    assert scores[table().truth == 1].mean() > scores[table().truth == 0].mean() + 0.5
    assert [name for name, _ in scorer.chain.steps] == ["impute", "vary", "scale", "classify"]
    assert scorer.parameters > 30
    save_scorer(scorer, tmp_path)
    again = load_scorer(judge, tmp_path)
    assert again.score_table(table())["score"].tolist() == scores.tolist()
    same = judge.fit_table(table(), seed=0)
    assert same.score_table(table())["score"].tolist() == scores.tolist()


def test_what_the_features_add_in_a_forest_sums_to_the_log_odds():
    scorer = Tabular(measures=(), model=FOREST).fit_table(table(), seed=0)
    shares = scorer.contributions(table())
    assert list(shares) == [*NAMES, "base"]
    score = scorer.score_table(table())["score"].clip(0.5 / 30, 1 - 0.5 / 30)
    assert shares.sum(axis=1).to_numpy() == pytest.approx(np.log(score / (1 - score)).to_numpy())
    useful = shares[NAMES].abs().mean()
    assert useful.idxmax() == NAMES[0]
    assert len(scorer.contributions(table()[:0])) == 0


def test_a_row_that_no_split_moves_gets_nothing_from_any_feature():
    from sklearn.ensemble import RandomForestClassifier

    rows, truth = np.zeros((8, 2)), np.arange(8) % 2
    forest = RandomForestClassifier(5, random_state=0, bootstrap=False).fit(rows, truth)
    assert log_odds_shares(forest, rows).tolist() == [[0.0, 0.0, 0.0]] * 8


def test_a_forest_without_sampler_and_with_plain_smote_both_fit_and_one_class_is_refused():
    rows, truth = rows_of(6, 30)
    for sampler in (None, Smote()):
        chain = replace(FOREST, sampler=sampler).fit(rows, truth, seed=0)
        assert chain.predict_proba(rows).shape == (36, 2)
    with pytest.raises(DataError, match="at least two of each, but got 0 positive and 30 negative"):
        FOREST.fit(rows[truth == 0], truth[truth == 0], seed=0)
