"""The protocol that all recipes share: folds, leaks that cannot happen, and a board of recipes."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from radiorim.blocks import Boost, FirstOrder, Given, Paper, Recipe, Shape, Tabular
from radiorim.case import Case
from radiorim.errors import DataError, UsageError
from radiorim.lesions import Lesions
from radiorim.runs import benchwork
from radiorim.runs.benchmark import Benchmark, Outcome, Profile, run_recipes, write_outcomes
from radiorim.runs.cost import watched
from radiorim.runs.crossvalidation import score_fold
from radiorim.runs.folds import balanced_folds, make_folds, save_folds
from radiorim.runs.leaderboard import make_board, write_board
from radiorim.runs.newfigures import mask_tests
from radiorim.runs.protocol import common_lesions, folds_of, matched, shared_folds, true_lesions
from radiorim.volume import Volume


def people(*counts: int, load: int = 10) -> pd.DataFrame:
    names = [f"p{i:02d}" for i in range(len(counts))]
    return pd.DataFrame(
        {"person": names, "positives": counts, "lesions": [load + i for i in range(len(counts))]}
    )


# ---------------------------------------------------------------- folds


def test_every_bin_of_rim_counts_is_spread_over_the_folds():
    counts = [0] * 10 + [1, 2, 3, 2, 1] + [4, 5, 6, 7, 4] + [8, 9, 10, 12, 20]
    table = people(*counts)
    fold = balanced_folds(table, n=5, seed=3)
    level = np.digitize(counts, (1, 4, 8))
    for number in range(5):
        own = [lev for person, lev in zip(table.person, level, strict=True) if fold[person] == number]
        assert sorted(own) == [0, 0, 1, 2, 3]


def test_lesion_load_is_balanced_within_a_bin():
    table = people(*[1] * 12).assign(lesions=[3, 4, 5, 6, 20, 21, 22, 23, 80, 90, 95, 99])
    fold = balanced_folds(table, n=4, seed=0)
    heavy = [fold[person] for person in table.person[8:]]
    assert sorted(heavy) == [0, 1, 2, 3]


def test_every_fold_holds_a_positive_lesion_as_soon_as_there_are_enough_people_with_one():
    for seed in range(30):
        random = np.random.default_rng(seed)
        counts = random.permutation([1, 2, 4, 7, 30] + [0] * 8)
        fold = balanced_folds(people(*counts), n=5, seed=seed)
        bearing = {fold[f"p{i:02d}"] for i, count in enumerate(counts) if count}
        assert bearing == set(range(5))


def test_folds_depend_on_the_seed_and_not_on_the_order_of_the_rows():
    table = people(*[0, 1, 5, 9, 2, 0, 3, 1, 4, 8])
    first = balanced_folds(table, n=3, seed=1)
    assert balanced_folds(table.sample(frac=1, random_state=4), n=3, seed=1) == first
    assert any(balanced_folds(table, n=3, seed=seed) != first for seed in range(2, 8))


def test_too_few_people_with_a_positive_lesion_are_refused_with_what_to_do():
    with pytest.raises(DataError, match=r"only 2 of 4 have one.*nothing could be said of it. Use 2 folds"):
        balanced_folds(people(0, 1, 3, 0), n=3, seed=0)
    with pytest.raises(DataError, match=r"only 0 of 2 have one.*Add people who have one"):
        balanced_folds(people(0, 0), n=2, seed=0)
    with pytest.raises(UsageError, match="at least 2 folds, not 1"):
        balanced_folds(people(1, 1), n=1, seed=0)


def test_lesions_of_unknown_truth_do_not_count_for_the_folds():
    table = pd.DataFrame({"person": ["a", "a", "b", "c"], "truth": [1, np.nan, 1, np.nan]})
    assert set(make_folds(table, n=2, seed=0)) == {"a", "b"}


def test_people_without_any_lesion_have_a_fold_too():
    true = pd.DataFrame({"person": ["a", "b", "b"], "truth": [1.0, 1.0, np.nan]})
    assert set(shared_folds(true, ["a", "b", "c"], "new-lesion", n=2, seed=0)) == {"a", "b", "c"}


def test_a_fold_file_must_hold_everyone_and_a_positive_lesion_in_every_fold(tmp_path):
    true = pd.DataFrame({"person": ["a", "b", "c"], "truth": [1, 1, 0]})
    good = save_folds({"a": 0, "b": 1, "c": 1, "elsewhere": 0}, tmp_path / "good.json")
    assert folds_of(good, true, ["a", "b", "c"]) == {"a": 0, "b": 1, "c": 1}
    with pytest.raises(DataError, match=r"1 of 4 people are in no fold of .*good.json, like d"):
        folds_of(good, true, ["a", "b", "c", "d"])
    poor = save_folds({"a": 0, "b": 0, "c": 1}, tmp_path / "poor.json")
    with pytest.raises(DataError, match=r"fold 1 of .*poor.json holds no positive lesion"):
        folds_of(poor, true, ["a", "b", "c"])
    good.write_text(good.read_text().replace('"c": 1', '"c": 0'))
    with pytest.raises(DataError, match="was edited"):
        folds_of(good, true, ["a", "b", "c"])


# ---------------------------------------------------------------- leaks


@pytest.fixture
def table() -> pd.DataFrame:
    """Measured lesions of 9 people in 3 folds: one feature that tells a little, one that does not."""
    random = np.random.default_rng(5)
    truth = np.tile([0, 0, 0, 0, 1, 1], 9)
    person = np.repeat([f"p{i}" for i in range(9)], 6)
    return pd.DataFrame(
        {
            "case": person,
            "person": person,
            "lesion": np.tile(range(1, 7), 9),
            "chi_original_firstorder_mean": random.normal(truth, 1.0),
            "chi_original_firstorder_range": random.normal(0, 1.0, truth.size),
            "truth": truth.astype(float),
            "fold": np.repeat(np.arange(9) % 3, 6),
        }
    )


JUDGE = Tabular(measures=(), model=Boost(trees=15))


def test_a_person_on_both_sides_of_a_fold_is_refused(table):
    table.loc[0, "fold"] = 1
    with pytest.raises(DataError, match=r"people are in both parts of fold 1, like p0. Folds are by person"):
        score_fold(JUDGE, table, 1, seed=0)


def test_the_truth_of_held_out_people_moves_neither_scores_nor_threshold(table):
    held_out = table["fold"] == 1
    turned = table.assign(truth=np.where(held_out, 1 - table["truth"], table["truth"]))
    before, after = score_fold(JUDGE, table, 1, seed=0), score_fold(JUDGE, turned, 1, seed=0)
    assert (before["truth"] != after["truth"]).all()
    assert before["score"].tolist() == after["score"].tolist()
    assert before["threshold"].tolist() == after["threshold"].tolist()


def test_features_of_held_out_people_do_not_move_how_others_are_scaled(table):
    changed = table.copy()
    other = (table["fold"] == 1) & (table["person"] != "p1")
    changed.loc[other, "chi_original_firstorder_mean"] *= 1e6
    before, after = (score_fold(JUDGE, t, 1, seed=0) for t in (table, changed))
    mine = (before["person"] == "p1").to_numpy()
    assert before.loc[mine, "score"].tolist() == after.loc[mine, "score"].tolist()
    assert before.loc[~mine, "score"].tolist() != after.loc[~mine, "score"].tolist()


def test_oversampling_sees_training_rows_only(table, monkeypatch):
    from imblearn.over_sampling import SMOTE

    seen, real = [], SMOTE.fit_resample

    def watching(self, X, y, **more):
        seen.append(len(X))
        return real(self, X, y, **more)

    monkeypatch.setattr(SMOTE, "fit_resample", watching)
    score_fold(JUDGE, table, 1, seed=0)
    training = int((table["fold"] != 1).sum())
    # The last fit is the judge's, those before are on two thirds of its rows, to choose the threshold.
    assert seen[-1] == training
    assert all(rows < training for rows in seen[:-1])
    assert len(seen) == 1 + JUDGE.inner_folds


# ---------------------------------------------------------------- matching


def test_a_true_lesion_takes_the_score_of_the_find_that_shares_most_voxels_with_it():
    true = pd.DataFrame(
        {"case": "c", "person": "p", "true_lesion": [1, 2, 3], "truth": [1.0, 0.0, np.nan], "true_mm3": 9.0}
    )
    judged = pd.DataFrame({"case": "c", "lesion": [4, 5], "score": [0.9, 0.2], "found": [True, False]})
    matches = pd.DataFrame(
        {"case": "c", "lesion": [4, 5, 5], "partner": [1, 1, 3], "overlap_voxels": [3, 8, 9]}
    )
    rows = matched(true, judged, matches)
    assert rows[["true_lesion", "lesion", "score"]].to_numpy().tolist() == [[1, 5, 0.2]]


def test_only_lesions_that_every_recipe_scored_are_compared():
    one = pd.DataFrame({"case": ["a", "a", "b"], "true_lesion": [1, 2, 1], "score": [0.1, 0.2, 0.3]})
    two = one.iloc[[2, 0]].sort_values(["case", "true_lesion"])
    boards = common_lesions({"one": one, "two": two})
    assert boards["one"]["score"].tolist() == boards["two"]["score"].tolist() == [0.1, 0.3]


def test_a_case_without_truth_cannot_be_compared_on(tiny_case):
    with pytest.raises(DataError, match="1 of 1 cases have no truth, like sub-01_ses-02"):
        true_lesions([tiny_case], "rim")


# ---------------------------------------------------------------- the board


def head(person: int) -> Case:
    """A case of 8 lesions of 27 voxels; two have a rim, which is brighter on chi; flair knows nothing."""
    random = np.random.default_rng(person)
    labels = np.zeros((24, 12, 12), dtype=np.int32)
    for number in range(8):
        i, j = divmod(number, 2)
        labels[6 * i + 1 : 6 * i + 4, 6 * j + 1 : 6 * j + 4, 4:7] = number + 1
    grid = Volume(labels, np.eye(4))
    rims = np.isin(np.arange(9), (1 + person % 4, 6)).astype(int)
    noise = [random.normal(0, 1, labels.shape).astype(np.float32) for _ in range(2)]
    name = f"sub-{person:02d}"
    truth = Lesions.from_labels(grid).with_columns(rim=rims[1:])
    return Case(
        id=f"{name}_ses-02",
        person=name,
        images={"chi": grid.like(noise[0] + rims[labels]), "flair": grid.like(noise[1])},
        masks={"lesions": grid},
        truth=lambda: truth,
    )


def recipe(name: str, *measures: object, needs: tuple[str, ...] = ("chi",)) -> Recipe:
    paper = Paper("A paper", reported="AUC .9", differs="Ours is small.")
    judge = Tabular(measures=measures, model=Boost(trees=15))
    return Recipe(name, "rim", (*needs, "lesions"), paper, find=Given(), judge=judge)


GOOD = recipe("good", FirstOrder(images=("chi",)))
BLIND = recipe("blind", FirstOrder(images=("flair",)))
FAILS = recipe("needs-t1", FirstOrder(images=("t1",)), needs=("t1",))


def bench(out, *recipes: Recipe, **changes) -> Benchmark:
    cases = [head(person) for person in range(6)]
    true = true_lesions(cases, "rim")
    folds = shared_folds(true, [case.person for case in cases], "rim", n=3, seed=0)
    return replace(Benchmark("rim", recipes, cases, folds, out, profile=Profile(50, 99)), **changes)


def board_of(one: Benchmark) -> pd.DataFrame:
    outcomes = run_recipes(one)
    board = make_board(one, outcomes, true_lesions(one.cases, one.task))
    write_outcomes(one, outcomes)
    write_board(one, board)
    return board.table


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Benchmark:
    one = bench(tmp_path_factory.mktemp("board"), BLIND, FAILS, GOOD)
    board_of(one)
    return one


def test_the_board_is_sorted_by_its_primary_figure_and_a_failed_recipe_keeps_its_row(finished):
    from radiorim.io.tables import read_table

    table = read_table(finished.out / "leaderboard.tsv")
    assert table["recipe"].tolist() == ["good", "blind", "needs-t1"]
    assert table["status"].tolist() == ["done", "done", "failed"]
    assert "no case could be used. sub-00_ses-02: sub-00_ses-02 has no 't1'" in table["reason"].iloc[2]
    assert table["roc_auc"].iloc[0] > 0.9
    assert table["roc_auc_low"].iloc[0] < table["roc_auc"].iloc[0] <= table["roc_auc_high"].iloc[0]
    assert not any("seconds" in name or "mib" in name for name in table)


def test_every_recipe_is_judged_on_the_same_lesions(finished):
    from radiorim.io.tables import read_table

    rows = read_table(finished.out / "matched.tsv")
    keys = [part[["case", "true_lesion", "truth"]].to_numpy().tolist() for _, part in rows.groupby("recipe")]
    assert keys[0] == keys[1]
    assert len(keys[0]) == 48
    counts = json.loads((finished.out / "board.json").read_text())
    assert (counts["lesions_known"], counts["lesions_common"], counts["people"]) == (48, 48, 6)


def test_costs_stand_in_their_own_table(finished):
    from radiorim.io.tables import read_table

    cost = read_table(finished.out / "cost.tsv").set_index("recipe")
    assert set(cost.index) == {"blind", "good"}
    assert (cost[["prepare_seconds_per_case", "train_seconds_per_fold"]] > 0).all(axis=None)


def test_a_repeated_run_does_nothing_twice_and_gives_the_same_bytes(finished, tmp_path, monkeypatch):
    shutil.copytree(finished.out / "work", tmp_path / "work")

    def never(*arguments, **more):
        raise AssertionError("this was done before")

    monkeypatch.setattr(benchwork, "fit_fold", never)
    monkeypatch.setattr("radiorim.runs.stage.find_and_tidy", never)
    board_of(replace(finished, out=tmp_path, recipes=(BLIND, GOOD)))
    before, again = ((out / "leaderboard.tsv").read_bytes() for out in (finished.out, tmp_path))
    assert again.splitlines() == before.splitlines()[:3]


def test_a_run_that_was_cut_off_goes_on_with_what_is_missing(finished, tmp_path, monkeypatch):
    shutil.copytree(finished.out / "work", tmp_path / "work")
    lost = next((tmp_path / "work" / "good").glob("fold-1-*.tsv"))
    lost.unlink()
    done, real = [], benchwork.fit_fold

    def counting(judge, table, fold, *, seed):
        done.append(fold)
        return real(judge, table, fold, seed=seed)

    monkeypatch.setattr(benchwork, "fit_fold", counting)
    board_of(replace(finished, out=tmp_path, recipes=(BLIND, GOOD)))
    assert done == [1]
    assert lost.exists()


def test_one_recipe_that_breaks_does_not_take_the_others_with_it(tmp_path, monkeypatch):
    real = benchwork.fit_fold

    def breaking(judge, table, fold, *, seed):
        if "flair_original_firstorder_mean" in table:
            raise ZeroDivisionError("float division by zero")
        return real(judge, table, fold, seed=seed)

    monkeypatch.setattr(benchwork, "fit_fold", breaking)
    table = board_of(bench(tmp_path, GOOD, BLIND)).set_index("recipe")
    assert table.loc["good", "status"] == "done"
    assert table.loc["blind", "reason"].startswith("ZeroDivisionError: float division by zero")


def test_a_board_of_failed_recipes_alone_is_still_a_board(tmp_path):
    table = board_of(bench(tmp_path, FAILS))
    assert table["status"].tolist() == ["failed"]
    assert (tmp_path / "leaderboard.tsv").exists()


def test_size_alone_is_one_column(tiny_case, tiny_lesions):
    frame = Shape(only=("voxel_volume",))(tiny_case, tiny_lesions)
    assert frame.columns.tolist() == ["mask_original_shape_voxel_volume"]
    with pytest.raises(UsageError, match="no shape feature named 'volume'"):
        Shape(only=("volume",))


def test_two_recipes_with_one_answer_do_not_differ_and_a_clear_difference_is_found():
    cases = pd.DataFrame(
        {"case": list("abcdefgh"), "person": list("abcdefgh"), "F1_score": [0.5] * 7 + [np.nan]}
    )
    better = cases.assign(F1_score=cases["F1_score"] + 0.3)
    tests = mask_tests({"one": cases, "same": cases, "better": better}, n=999, seed=0).set_index(
        ["first", "second"]
    )
    assert tests.loc[("one", "same"), "p_swap"] == 1
    # Seven people, all in one direction: 2 of 2^7 sign patterns are as extreme.
    assert tests.loc[("one", "better"), "p_swap"] == pytest.approx(2 / 128, abs=0.015)
    assert tests.loc[("one", "better"), "difference"] == pytest.approx(-0.3)


def test_what_a_block_cost_is_seconds_and_a_peak_that_forgets_what_was_before():
    big = np.ones(30_000_000)
    del big
    with watched() as cost:
        small = np.ones(1000)
    assert small.size
    assert cost.seconds < 1
    if cost.peak_mib is not None:
        with watched() as large:
            np.ones(30_000_000)
        assert large.peak_mib - cost.peak_mib > 150


def test_an_outcome_without_scores_is_not_comparable(tmp_path):
    one = bench(tmp_path, GOOD)
    true = true_lesions(one.cases, "rim")
    judged = pd.DataFrame(
        {"case": true["case"], "lesion": true["true_lesion"], "score": np.nan, "found": True}
    )
    matches = pd.DataFrame(
        {
            "case": true["case"],
            "lesion": true["true_lesion"],
            "partner": true["true_lesion"],
            "overlap_voxels": 9,
        }
    )
    board = make_board(one, [Outcome(GOOD, "", judged, matches)], true)
    assert board.table["reason"].tolist() == ["not comparable: it gives no score to some lesions"]


@pytest.mark.slow
def test_a_dask_cluster_gives_the_same_bytes_as_a_local_run(finished, tmp_path):
    distributed = pytest.importorskip("distributed")
    from joblib import parallel_config

    one = replace(finished, out=tmp_path, n_jobs=None, recipes=(BLIND, GOOD, FAILS))
    local = distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    with local as cluster, distributed.Client(cluster), parallel_config("dask"):
        board_of(one)
    assert (tmp_path / "leaderboard.tsv").read_bytes() == (finished.out / "leaderboard.tsv").read_bytes()
