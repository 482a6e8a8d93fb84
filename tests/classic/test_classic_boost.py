"""The learned judge: what it does with few, constant and missing values, and what of it reaches the disk."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from radiorim.case import Case
from radiorim.classic.boost import Boost
from radiorim.classic.persist import load_scorer, save_scorer
from radiorim.classic.tabular import Tabular, TabularScorer
from radiorim.errors import DataError
from radiorim.features.shape import Shape
from radiorim.lesions import Lesions
from radiorim.volume import Volume

NAMES = [f"chi_original_firstorder_f{index}" for index in range(6)]
JUDGE = Tabular(measures=(Shape(),), model=Boost(trees=15, features=4))


def table_of(people: int = 8, lesions: int = 7, seed: int = 1) -> pd.DataFrame:
    """Feature 0 tells the positives; every third row of feature 5 is missing."""
    rng = np.random.default_rng(seed)
    n = people * lesions
    table = pd.DataFrame(rng.normal(size=(n, 6)), columns=NAMES)
    table["truth"] = (rng.random(n) < 0.3).astype(float)
    table[NAMES[0]] += 3 * table["truth"]
    table.loc[::3, NAMES[5]] = np.nan
    table["person"] = [f"p{row // lesions}" for row in range(n)]
    return table.assign(case=table["person"], lesion=[row % lesions + 1 for row in range(n)])


@pytest.fixture(scope="module")
def scorer() -> TabularScorer:
    return JUDGE.fit_table(table_of(), seed=0)


@pytest.mark.parametrize("wrong", [0.8, 2, "yes"])
def test_a_truth_that_is_neither_1_nor_0_is_refused_and_not_cut(wrong):
    table = table_of().astype({"truth": object})
    table.loc[3, "truth"] = wrong
    with pytest.raises(DataError, match=f"the column 'truth' holds '{wrong}'; only 1"):
        JUDGE.fit_table(table, seed=0)


def test_two_positives_are_enough_because_smote_takes_fewer_neighbours(rng):
    rows, truth = rng.normal(size=(30, 4)), np.zeros(30, int)
    truth[:2] = 1
    chain = Boost(trees=5).fit(rows, truth, seed=0)
    assert chain.predict_proba(rows).shape == (30, 2)


@pytest.mark.parametrize(
    ("positive", "words"), [(0, "0 positive and 10"), (1, "1 positive and 9"), (10, "10 positive and 0")]
)
def test_one_kind_of_lesion_is_refused_with_the_counts_and_what_to_do(rng, positive, words):
    truth = (np.arange(10) < positive).astype(int)
    with pytest.raises(DataError, match=f"at least two of each, but got {words}.*Add cases, use fewer folds"):
        Boost().fit(rng.normal(size=(10, 3)), truth, seed=0)


def test_columns_that_are_constant_or_missing_everywhere_do_no_harm(rng):
    rows, truth = rng.normal(size=(40, 3)), np.arange(40) % 2
    useless = np.column_stack([np.full(40, 0.1), np.full(40, np.nan), np.zeros(40)])
    chain = Boost(trees=5, features=9).fit(np.hstack([useless, rows]), truth, seed=0)
    assert chain[1].get_support().tolist() == [False, False, False, True, True, True]
    assert np.isfinite(chain.predict_proba(np.full((1, 6), np.nan))).all()


def test_features_that_are_all_constant_are_refused_in_words():
    with pytest.raises(DataError, match="no feature differs between the training lesions"):
        Boost().fit(np.full((10, 2), 0.1), np.arange(10) % 2, seed=0)


def test_without_smote_nothing_is_oversampled(rng):
    rows, truth = rng.normal(size=(40, 3)), (np.arange(40) < 6).astype(int)
    plain = Boost(trees=5, smote=False).fit(rows, truth, seed=0).predict_proba(rows)[:, 1].mean()
    assert plain < Boost(trees=5).fit(rows, truth, seed=0).predict_proba(rows)[:, 1].mean()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path):
    kept = {}
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        save_scorer(JUDGE.fit_table(table_of(), seed=seed), tmp_path / name)
        kept[name] = parts(tmp_path / name)
    assert kept["a"] == kept["b"]
    assert kept["a"] != kept["c"]


def parts(folder) -> dict[str, bytes]:
    with zipfile.ZipFile(folder / "judge.skops") as archive:
        content = {name: archive.read(name) for name in archive.namelist() if name.endswith(".npy")}
    # The order of the arrays, not their names (ids of this process), is part of the model.
    return {str(at): value for at, value in enumerate(sorted(content.values()))} | {
        "facts": (folder / "judge.json").read_bytes()
    }


def test_the_saved_judge_holds_no_sampler_and_no_training_row(scorer, tmp_path):
    save_scorer(scorer, tmp_path)
    rows = table_of()[NAMES].to_numpy()
    with zipfile.ZipFile(tmp_path / "judge.skops") as archive:
        for name in archive.namelist():
            content = archive.read(name)
            for word in (b"SMOTE", b"_fit_X", b"imblearn.over_sampling", b"NearestNeighbors"):
                assert word not in content
            if name.endswith(".npy"):
                array = np.load(io.BytesIO(content))
                assert array.size < len(rows)
                assert not (array.ndim == 2 and array.shape[1] == rows.shape[1])


def test_contributions_of_a_lesion_sum_to_its_log_odds(scorer):
    table = table_of(seed=5)
    shares, score = scorer.contributions(table), scorer.score_table(table)["score"]
    np.testing.assert_allclose(shares.sum(axis=1), np.log(score / (1 - score)), atol=1e-9)
    assert set(shares) - {"base"} <= set(NAMES)
    assert shares.abs().mean().drop("base").idxmax() == NAMES[0]


def test_scores_and_contributions_of_no_lesion_are_empty_tables(scorer):
    none = table_of().iloc[:0]
    assert len(scorer.score_table(none)) == 0
    assert scorer.contributions(none).columns[-1] == "base"


def test_rows_of_unknown_truth_teach_nothing():
    table = table_of()
    more = pd.concat([table, table.assign(truth=np.nan, **{NAMES[0]: 1e6})], ignore_index=True)
    ours, theirs = JUDGE.fit_table(table, seed=0), JUDGE.fit_table(more, seed=0)
    assert ours.threshold == theirs.threshold
    assert ours.score_table(table).equals(theirs.score_table(table))


def test_the_threshold_comes_from_held_out_people_not_from_scores_of_the_training_rows(scorer):
    assert "on 3 inner folds by person" in scorer.note
    noise = table_of().assign(**{name: np.random.default_rng(7).normal(size=56) for name in NAMES})
    learned = JUDGE.fit_table(noise, seed=0)
    scored = learned.score_table(noise)
    in_sample = scored.score[scored.truth == 1].min()
    assert learned.threshold < in_sample, "a threshold chosen in sample would part the training rows cleanly"


def test_positives_of_one_person_give_the_plain_threshold_and_say_so():
    table = table_of().assign(truth=0.0)
    table.loc[table.person == "p0", "truth"] = 1.0
    learned = JUDGE.fit_table(table, seed=0)
    assert learned.threshold == 0.5
    assert "all of one person" in learned.note


def test_a_rule_that_calls_nothing_can_be_saved(tmp_path):
    table = table_of()
    table[NAMES] = 0.0
    table[NAMES[1]] = table["truth"] == 0
    table[NAMES[1]] = np.random.default_rng(3).permutation(table[NAMES[1]]).astype(float)
    learned = replace(JUDGE, threshold_rule="spec99").fit_table(table, seed=0)
    save_scorer(learned, tmp_path)
    assert load_scorer(JUDGE, tmp_path).threshold == learned.threshold


def test_examples_and_their_table_teach_the_same():
    examples = [example(number) for number in range(4)]
    tables = [lesions.table.assign(person=case.person) for case, lesions in examples]
    ours, theirs = JUDGE.fit(examples, seed=0), JUDGE.fit_table(pd.concat(tables, ignore_index=True), seed=0)
    case, lesions = examples[0]
    assert ours(case, lesions).table.equals(theirs(case, lesions).table)
    bare = Lesions(lesions.labels, lesions.table.drop(columns=list(ours.features)))
    assert ours(case, bare).table.score.tolist() == ours(case, lesions).table.score.tolist()


def example(number: int) -> tuple[Case, Lesions]:
    rng = np.random.default_rng(number)
    labels = np.zeros((30, 12, 12), np.int32)
    for index in range(5):
        side = 2 + int(rng.integers(0, 4))
        labels[6 * index : 6 * index + side, 2 : 2 + side, 3:5] = index + 1
    grid = Volume(labels, np.eye(4))
    case = Case(f"c{number}", f"p{number}", {"chi": grid.like(rng.normal(size=labels.shape))})
    lesions = JUDGE.measure(case, Lesions.from_labels(grid))
    return case, lesions.with_columns(truth=[1.0, 0, 0, 1, np.nan])


def test_examples_without_truth_are_refused_in_words():
    case, lesions = example(0)
    unknown = Lesions(lesions.labels, lesions.table.drop(columns="truth"))
    with pytest.raises(DataError, match="no training lesion has a known truth"):
        JUDGE.fit([(case, unknown)], seed=0)


def test_a_missing_feature_is_named(scorer):
    with pytest.raises(DataError, match=f"1 features.*the first is '{NAMES[2]}'.*same recipe"):
        scorer.score_table(table_of().drop(columns=NAMES[2]))


def test_a_table_without_features_is_refused_with_the_command_that_makes_one():
    with pytest.raises(DataError, match=r"no feature columns.*extract-features"):
        JUDGE.fit_table(table_of()[["case", "person", "truth"]], seed=0)


def test_a_saved_judge_scores_the_same_and_no_pickle_is_read(scorer, tmp_path, monkeypatch):
    save_scorer(scorer, tmp_path)

    def refuse(*_args, **_options):
        raise AssertionError("pickle was read")

    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(f"pickle.{name}", refuse)
    loaded = load_scorer(JUDGE, tmp_path)
    table = table_of(seed=9)
    assert loaded.score_table(table).equals(scorer.score_table(table))
    assert loaded.contributions(table).equals(scorer.contributions(table))
    assert (loaded.features, loaded.threshold, loaded.note) == (
        scorer.features,
        scorer.threshold,
        scorer.note,
    )


@pytest.mark.parametrize("damage", [b"", b"not a zip", None])
def test_a_damaged_judge_is_refused_in_a_sentence(scorer, tmp_path, damage):
    save_scorer(scorer, tmp_path)
    path = tmp_path / "judge.skops"
    path.write_bytes(path.read_bytes()[:-400] if damage is None else damage)
    with pytest.raises(DataError, match=r"judge\.skops is damaged or not a radiorim model.*Train it again"):
        load_scorer(JUDGE, tmp_path)


def test_a_judge_without_its_facts_or_with_others_is_refused(scorer, tmp_path):
    save_scorer(scorer, tmp_path)
    (tmp_path / "judge.json").write_text('{"features": [], "danger": 1}')
    with pytest.raises(DataError, match="damaged or not a radiorim model"):
        load_scorer(JUDGE, tmp_path)
    (tmp_path / "judge.json").unlink()
    with pytest.raises(DataError, match=r"judge\.json does not exist"):
        load_scorer(JUDGE, tmp_path)


def test_a_type_that_no_model_of_ours_has_is_not_loaded(scorer, tmp_path):
    from fractions import Fraction

    from skops import io as skops

    save_scorer(scorer, tmp_path)
    skops.dump(Fraction(1, 2), tmp_path / "judge.skops")
    with pytest.raises(
        DataError, match=r"holds types that no radiorim model has \(fractions.Fraction\): not loaded"
    ):
        load_scorer(JUDGE, tmp_path)


def test_another_estimator_in_the_place_of_the_chain_is_refused(scorer, tmp_path):
    from sklearn.linear_model import LogisticRegression
    from skops import io as skops

    save_scorer(scorer, tmp_path)
    skops.dump(LogisticRegression(), tmp_path / "judge.skops")
    with pytest.raises(DataError, match="damaged or not a radiorim model"):
        load_scorer(JUDGE, tmp_path)


def test_parameters_are_the_splits_and_leaves_of_the_trees(rng):
    rows = rng.normal(size=(60, 3))
    table = pd.DataFrame(rows, columns=[f"chi_original_firstorder_f{n}" for n in range(3)])
    truth = (rows[:, 0] > 0).astype(float)
    table = table.assign(person=[f"p{n % 6}" for n in range(60)], truth=truth)
    scorer = Tabular(measures=(), model=Boost(trees=1, leaves=2, smote=False)).fit_table(table, seed=0)
    assert scorer.parameters == 3
